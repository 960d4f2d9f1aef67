/* SPDX-License-Identifier: MIT */
/* connection_string.c — one table from keys to members; a pair either has its row or is ignored. */
#include "wire/connection_string.h"

static const struct {
    const char *key;
    size_t member; /* offset in struct connection_string */
} keys[] = {
    {"Endpoint", offsetof(struct connection_string, endpoint)},
    {"TaskHub", offsetof(struct connection_string, task_hub)},
    {"Authentication", offsetof(struct connection_string, authentication)},
    {"ClientID", offsetof(struct connection_string, client_id)},
    {"TenantId", offsetof(struct connection_string, tenant_id)},
    {"TokenFilePath", offsetof(struct connection_string, token_file)},
};

static STATUS_RESULT set_part(struct bytes *part, struct bytes value, const char *name, struct err *err)
{
    if (part->data)
        return err_set(err, STATUS_INVALID_ARGUMENT, "connection string: %s is given twice", name);
    if (!value.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "connection string: %s is empty", name);
    *part = value;
    return STATUS_OK;
}

static STATUS_RESULT set_pair(struct connection_string *parts, struct bytes key, struct bytes value,
                              struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (bytes_equal_nocase(key, bytes_of_cstr(keys[i].key)))
            return set_part((struct bytes *)((char *)parts + keys[i].member), value, keys[i].key, err);
    return STATUS_OK;
}

static STATUS_RESULT parse_pair(struct connection_string *parts, struct bytes pair, bool first,
                                struct err *err)
{
    size_t equals = bytes_find(pair, BYTES_LITERAL("="));
    bool has_equals = equals < pair.size;
    /* `https://host/?a=b` as the first part is a URL, not a key: a key holds no "://". */
    bool bare = !has_equals || bytes_find(bytes_slice(pair, 0, equals), BYTES_LITERAL("://")) < equals;
    if (bare && first)
        return set_part(&parts->endpoint, pair, "Endpoint", err);
    if (bare)
        return err_set(err, STATUS_INVALID_ARGUMENT, "connection string: a part without '='");

    struct bytes key = bytes_trim(bytes_slice(pair, 0, equals));
    if (!key.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "connection string: a part without a key");
    return set_pair(parts, key, bytes_trim(bytes_slice(pair, equals + 1, SIZE_MAX)), err);
}

enum status connection_string_parse(struct bytes text, struct connection_string *ret_parts, struct err *err)
{
    if (text.size > CONNECTION_STRING_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "connection string: more than %d bytes",
                       CONNECTION_STRING_SIZE_MAX);
    struct connection_string parts = {0};
    bool first = true;
    while (text.size) {
        struct bytes pair = bytes_trim(bytes_split(&text, ';'));
        if (!pair.size)
            continue;
        enum status status = parse_pair(&parts, pair, first, err);
        if (status != STATUS_OK)
            return status;
        first = false;
    }
    *ret_parts = parts;
    return STATUS_OK;
}
