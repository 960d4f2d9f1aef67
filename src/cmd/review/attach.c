/* SPDX-License-Identifier: MIT */
/* attach.c — a file is named in the session as it was typed, as long as that stays in a folder. */
#include "cmd/review/attach.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "cmd/cli/cli.h"
#include "cmd/limit_values.h"
#include "cmd/review/review.h"
#include "wire/json/json.h"

/* --- one file --- */

/* What was typed: FILE, or NAME=FILE where no file has the whole of it as its name. */
struct typed_file {
    const char *path;  /* on this machine */
    struct bytes name; /* in the session */
};

static bool leaves_folder(const char *path)
{
    struct bytes rest = bytes_of_cstr(path);
    while (rest.data)
        if (bytes_equal_cstr(bytes_split(&rest, '/'), ".."))
            return true;
    return path[0] == '/';
}

static struct typed_file read_typed(const char *text)
{
    const char *mark = strchr(text, '='), *slash = strrchr(text, '/');
    if (mark && mark > text && access(text, F_OK) != 0)
        return (struct typed_file){mark + 1, bytes_of(text, (size_t)(mark - text))};
    const char *name = text;
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    if (leaves_folder(name))
        name = slash ? slash + 1 : text;
    return (struct typed_file){text, bytes_of_cstr(name)};
}

/* NULL: it was said what is wrong, and `*ret_code` is the exit code. */
static json_t *file_json(const struct review_call *call, const struct typed_file *file, int *ret_code)
{
    CLEANUP(buf_fini) struct buf content = {.limit = REVIEW_FILE_SIZE_MAX + 1}, text = {0};
    char refusal[400];
    if (!server_read_file(file->path, REVIEW_FILE_SIZE_MAX, &content)) {
        (void)snprintf(refusal, sizeof refusal, "%.300s cannot be read, or has more than 64 MiB", file->path);
        *ret_code = server_failed(call->command, EXIT_FAILED, refusal, NULL);
        return NULL;
    }
    text.limit = content.size / 3 * 4 + 5;
    base64_encode(&text, buf_peek(&content));
    json_t *item = buf_status(&text) == STATUS_OK
                       ? json_pack("{s:s%, s:s%}", "path", (const char *)file->name.data, file->name.size,
                                   "content", text.size ? (const char *)text.data : "", text.size)
                       : NULL;
    if (!item)
        *ret_code = server_failed(call->command, EXIT_FAILED,
                                  "a file's name is not in UTF-8, or there is no memory", NULL);
    return item;
}

static int append_typed(const struct review_call *call, json_t *files)
{
    const char *text;
    int code = EXIT_GOOD;
    for (size_t i = 0; code == EXIT_GOOD && (text = setting_each(call->values, "file", i)); i++) {
        const struct typed_file file = read_typed(text);
        json_t *item = file_json(call, &file, &code);
        if (item && json_array_append_new(files, item) != 0)
            code = review_no_memory(call);
    }
    return code;
}

int attach_files(const struct review_call *call, json_t *body)
{
    if (!setting_each(call->values, "file", 0))
        return EXIT_GOOD;
    json_t *files = json_array();
    if (!files || json_object_set_new(body, "files", files) != 0)
        return review_no_memory(call);
    return append_typed(call, files);
}

/* --- a revision --- */

static bool is_typed(const struct review_call *call, const char *path)
{
    const char *text;
    for (size_t i = 0; (text = setting_each(call->values, "without", i)); i++)
        if (strcmp(text, path) == 0)
            return true;
    for (size_t i = 0; (text = setting_each(call->values, "file", i)); i++)
        if (bytes_equal_cstr(read_typed(text).name, path))
            return true;
    return false;
}

/* A name that is not there is a typing error, and the file that was meant would stay. */
static int check_without(const struct review_call *call, const json_t *inputs)
{
    const char *text;
    char refusal[400];
    for (size_t i = 0; (text = setting_each(call->values, "without", i)); i++) {
        bool found = false;
        for (size_t j = 0; !found && j < json_array_size(inputs); j++) {
            const char *path = json_member_text(json_array_get(inputs, j), "path");
            found = path && strcmp(path, text) == 0;
        }
        if (found)
            continue;
        (void)snprintf(refusal, sizeof refusal, "the request has no input file \"%.300s\"", text);
        return server_failed(call->command, EXIT_NOT_FOUND, refusal, "look with: sallyport files ID");
    }
    return EXIT_GOOD;
}

/* Those that stay, by their hash. */
static int append_kept(const struct review_call *call, const json_t *inputs, json_t *files)
{
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *input = json_array_get(inputs, i);
        const char *path = json_member_text(input, "path");
        if (!path || is_typed(call, path))
            continue;
        json_t *kept = json_pack("{s:s, s:O}", "path", path, "sha256", json_object_get(input, "sha256"));
        if (json_array_append_new(files, kept) != 0)
            return review_no_memory(call);
    }
    return EXIT_GOOD;
}

int attach_to_revision(const struct review_call *call, const char *id, json_t *body)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *answer = NULL;
    if (!setting_each(call->values, "file", 0) && !setting_each(call->values, "without", 0))
        return EXIT_GOOD;
    if (!review_path(call, id, "/inputs", &path))
        return EXIT_FAILED;
    int code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &answer);
    if (code != EXIT_GOOD)
        return code;

    const json_t *inputs = json_object_get(answer, "inputs");
    json_t *files = json_array();
    if (!files || json_object_set_new(body, "files", files) != 0)
        return review_no_memory(call);
    code = check_without(call, inputs);
    if (code == EXIT_GOOD)
        code = append_kept(call, inputs, files);
    return code == EXIT_GOOD ? append_typed(call, files) : code;
}
