/* SPDX-License-Identifier: MIT */
/* file_path.c — one pass over the segments. */
#include "core/pool/file_path.h"

#include "base/buf.h"

#define ROOT "/mnt/data"

static enum status check_name(struct bytes name, struct err *err)
{
    if (name.size > FILE_NAME_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "a name in it is longer than %d bytes (limit file-name-size-max)", FILE_NAME_SIZE_MAX);
    if (bytes_equal_cstr(name, ".") || bytes_equal_cstr(name, ".."))
        return err_set(err, STATUS_INVALID_ARGUMENT, "it must not contain '.' or '..'");
    if (bytes_starts_with(name, BYTES_LITERAL(FILE_TEMPORARY_PREFIX)))
        return err_set(err, STATUS_INVALID_ARGUMENT, "names that begin with '%s' are reserved",
                       FILE_TEMPORARY_PREFIX);
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 0x20 || name.data[i] == 0x7f)
            return err_set(err, STATUS_INVALID_ARGUMENT, "it must not contain control characters");
    return STATUS_OK;
}

/* Without "/mnt/data" in front, if it stands there as whole names. */
static struct bytes without_root(struct bytes path)
{
    struct bytes root = BYTES_LITERAL(ROOT);
    if (!bytes_starts_with(path, root) || (path.size > root.size && path.data[root.size] != '/'))
        return path;
    return bytes_slice(path, root.size, path.size);
}

static enum status append_names(struct buf *out, size_t *depth, struct bytes path, struct err *err)
{
    struct bytes rest = without_root(path);
    while (rest.data) {
        struct bytes name = bytes_split(&rest, '/');
        if (!name.size)
            continue;
        enum status status = check_name(name, err);
        if (status)
            return status;
        if (++*depth > FILE_PATH_DEPTH_MAX || out->size + name.size + 1 > FILE_PATH_SIZE_MAX)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "it is too long or too deep (limits file-path-size-max, file-path-depth-max)");
        if (out->size)
            buf_append_byte(out, '/');
        buf_append_bytes(out, name);
    }
    return STATUS_OK;
}

enum status file_path_join(struct arena *arena, struct bytes directory, struct bytes name,
                           const char **ret_path, struct err *err)
{
    CLEANUP(buf_fini) struct buf joined = {.limit = FILE_PATH_SIZE_MAX + 1};
    size_t depth = 0;
    if (!bytes_utf8_valid(directory) || !bytes_utf8_valid(name))
        return err_set(err, STATUS_INVALID_ARGUMENT, "it is not UTF-8");
    enum status status = append_names(&joined, &depth, directory, err);
    if (status == STATUS_OK)
        status = append_names(&joined, &depth, name, err);
    if (status)
        return status;
    const char *path = arena_cstr(arena, buf_peek(&joined));
    if (joined.failed || !path)
        return err_no_memory(err);
    *ret_path = path;
    return STATUS_OK;
}

bool file_name_reachable(struct bytes name)
{
    struct err error;
    return bytes_utf8_valid(name) && check_name(name, &error) == STATUS_OK;
}

bool file_path_foreign(struct bytes name)
{
    struct bytes rest = without_root(name);
    if (rest.data != name.data || !bytes_starts_with(name, BYTES_LITERAL("/")))
        return false;
    size_t names = 0;
    while (rest.data)
        names += bytes_split(&rest, '/').size > 0;
    return names > 1;
}

const char *file_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *file_content_type(const char *path)
{
    static const struct {
        const char *extension;
        const char *type;
    } types[] = {
        {"csv", "text/csv; charset=utf-8"},
        {"tsv", "text/tab-separated-values; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"},
        {"log", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"html", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"py", "text/x-python; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"xml", "application/xml"},
        {"yaml", "application/yaml"},
        {"yml", "application/yaml"},
        {"pdf", "application/pdf"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"svg", "image/svg+xml"},
        {"webp", "image/webp"},
        {"mp3", "audio/mpeg"},
        {"wav", "audio/wav"},
        {"mp4", "video/mp4"},
        {"zip", "application/zip"},
        {"gz", "application/gzip"},
        {"tar", "application/x-tar"},
        {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
        {"parquet", "application/vnd.apache.parquet"},
    };
    const char *dot = strrchr(file_path_base(path), '.');
    for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
        if (bytes_equal_nocase(bytes_of_cstr(dot + 1), bytes_of_cstr(types[i].extension)))
            return types[i].type;
    return "application/octet-stream";
}
