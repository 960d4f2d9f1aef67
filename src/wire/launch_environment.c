/* SPDX-License-Identifier: MIT */
/* launch_environment.c — a name counts as far as its row says: a whole name, or everything that begins with it. */
#include "wire/launch_environment.h"

/* ORDER: as launch_variables_list tells them. Whatever names a file is left out: AZURE_CLIENT_CERTIFICATE_PATH,
 * AZURE_FEDERATED_TOKEN_FILE, SALLYPORT_CA_FILE, SALLYPORT_DATA, SALLYPORT_READY_FILE. */
static const struct {
    const char *name;
    bool whole;     /* not only a beginning */
    bool by_people; /* or the server alone sets it */
} rows[] = {
    {"DURABLE_TASK_SCHEDULER_", false, true},
    {"SESSION_POOL_", false, true},
    {"AZURE_TENANT_ID", true, true},
    {"AZURE_CLIENT_ID", true, true},
    {"AZURE_CLIENT_SECRET", true, true},
    {"AZURE_AUTHORITY_HOST", true, true},
    {"SALLYPORT_LOG_LEVEL", true, true},
    {"SALLYPORT_LOG_FORMAT", true, true},
    {"ASPNETCORE_", false, true}, /* the sample's own program reads these; ours does not */
    {"DOTNET_", false, true},
    {"IDENTITY_ENDPOINT", true, false},
    {"IDENTITY_HEADER", true, false},
    {"SALLYPORT_HOST_NAMES", true, false},
};

static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool fits = (c >= 'A' && c <= 'Z') || c == '_' || (i > 0 && c >= '0' && c <= '9');
        if (!fits)
            return false;
    }
    return name.size > 0;
}

bool launch_variable_known(struct bytes name, bool by_people)
{
    for (size_t i = 0; is_name(name) && i < ARRAY_SIZE(rows); i++) {
        struct bytes row = bytes_of_cstr(rows[i].name);
        bool fits = rows[i].whole ? bytes_equal(name, row) : bytes_starts_with(name, row);
        if (fits)
            return rows[i].by_people || !by_people;
    }
    return false;
}

void launch_variables_list(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].by_people)
            buf_append_fmt(out, "%s%s%s", i ? " " : "", rows[i].name, rows[i].whole ? "" : "*");
}

/* A connection string can name a file, too: that of the token of a workload identity. Wherever the key stands: who reads the
 * value may put something in front of it, so its parts are not for us to find. */
static bool names_file(struct bytes value)
{
    static const struct bytes key = BYTES_LITERAL("TokenFilePath");
    for (size_t at = 0; at + key.size <= value.size; at++)
        if (bytes_starts_with_nocase(bytes_slice(value, at, key.size), key))
            return true;
    return false;
}

enum status launch_environment_add(struct buf *block, struct bytes name, struct bytes value, struct err *err)
{
    bool sound = launch_variable_known(name, false) && !(value.size && memchr(value.data, '\0', value.size));
    if (!sound)
        return err_set(err, STATUS_INVALID_ARGUMENT, "\"%.*s\" is no variable that an app can have",
                       BYTES_FMT(bytes_slice(name, 0, 80)));
    if (names_file(value))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "\"%.*s\" names a file (TokenFilePath), which an app cannot read", BYTES_FMT(name));
    if (block->size + name.size + value.size + 2 > LAUNCH_BLOCK_MAX)
        return err_set(err, STATUS_TOO_LARGE, "the variables of an app are over %zu bytes", LAUNCH_BLOCK_MAX);
    buf_append_bytes(block, name);
    buf_append_byte(block, '=');
    buf_append_bytes(block, value);
    buf_append_byte(block, '\0');
    return buf_status(block);
}

enum status launch_environment_read(struct bytes block, const char *ret_variables[LAUNCH_VARIABLES_MAX + 1],
                                    struct err *err)
{
    size_t count = 0;
    while (block.size > 0) {
        const uint8_t *end = memchr(block.data, '\0', block.size);
        if (!end || count == LAUNCH_VARIABLES_MAX)
            return err_set(err, STATUS_MALFORMED, "an environment is cut off, or has over %d variables",
                           LAUNCH_VARIABLES_MAX);
        struct bytes one = bytes_of(block.data, (size_t)(end - block.data));
        size_t equals = bytes_find(one, BYTES_LITERAL("="));
        if (equals == one.size)
            return err_set(err, STATUS_MALFORMED, "a variable has no '='");
        if (!launch_variable_known(bytes_slice(one, 0, equals), false))
            return err_set(err, STATUS_PERMISSION_DENIED, "a variable is not in the table");
        if (names_file(bytes_slice(one, equals + 1, one.size)))
            return err_set(err, STATUS_PERMISSION_DENIED, "a variable names a file");
        ret_variables[count++] = (const char *)one.data;
        block = bytes_slice(block, one.size + 1, block.size);
    }
    ret_variables[count] = NULL;
    return STATUS_OK;
}
