/* SPDX-License-Identifier: MIT */
/* inputs.c — one file after the other; the first fault ends it. */
#include "svc/app/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "core/pool/file_path.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define PATH_ARENA_SIZE ((size_t)64 << 10)

PRINTF_LIKE(3, 4)
static bool refuse(struct inputs *inputs, int http_status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    inputs->http_status = http_status;
    (void)vsnprintf(inputs->refusal, sizeof inputs->refusal, format, arguments);
    va_end(arguments);
    return false;
}

static bool refuse_memory(struct inputs *inputs)
{
    return refuse(inputs, 503, ERR_NO_MEMORY);
}

void inputs_fini(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->files[i].path);
        buf_fini(&inputs->files[i].content);
    }
    free(inputs->files);
    *inputs = (struct inputs){0};
}

/* --- names --- */

/* True if the one is the other, or a folder of it: both cannot be there. */
static bool in_the_way(const char *one, const char *other)
{
    size_t size = strlen(one);
    return strncmp(one, other, size) == 0 && (other[size] == '\0' || other[size] == '/');
}

/* What the pool takes; and no other absolute name than below its root, nothing that does not show, nothing twice. */
static bool check_path(struct inputs *inputs, struct bytes said, char **ret_path)
{
    static const struct bytes root = BYTES_LITERAL("/mnt/data/");
    struct arena arena;
    struct err err = {0};
    const char *path = NULL;
    arena_init(&arena, PATH_ARENA_SIZE);
    enum status status = file_path_join(&arena, (struct bytes){0}, said, &path, &err);
    *ret_path = status == STATUS_OK ? strdup(path) : NULL;
    arena_fini(&arena);

    size_t number = inputs->count + 1;
    if (status == STATUS_INVALID_ARGUMENT)
        return refuse(inputs, 400, "The path of file %zu cannot be taken: %s.", number, err.text);
    if (!*ret_path)
        return refuse_memory(inputs);
    bool absolute = bytes_starts_with(said, BYTES_LITERAL("/")) && !bytes_starts_with(said, root);
    if (absolute || !**ret_path)
        return refuse(inputs, 400, "The path of file %zu must be one below /mnt/data.", number);
    if (hidden_in(said))
        return refuse(inputs, 400, "The path of file %zu has characters that do not show.", number);
    for (size_t i = 0; i < inputs->count; i++)
        if (in_the_way(inputs->files[i].path, *ret_path) || in_the_way(*ret_path, inputs->files[i].path))
            return refuse(inputs, 400, "The paths of files %zu and %zu are in each other's way.", i + 1,
                          number);
    return true;
}

/* The next file; NULL: refused. */
static struct input_file *add(struct inputs *inputs, struct bytes said)
{
    char *path = NULL;
    if (inputs->count == APP_INPUTS_MAX) {
        (void)refuse(inputs, 400,
                     "There may be at most " DIGITS_OF(APP_INPUTS_MAX) " files (limit app-inputs-max).");
        return NULL;
    }
    if (!inputs->files)
        inputs->files = calloc(APP_INPUTS_MAX, sizeof *inputs->files);
    if (!inputs->files) {
        (void)refuse_memory(inputs);
        return NULL;
    }
    if (!check_path(inputs, said, &path)) {
        free(path);
        return NULL;
    }
    struct input_file *file = &inputs->files[inputs->count++];
    file->path = path;
    inputs->names_size += strlen(path);
    if (inputs->names_size <= APP_INPUT_NAMES_SIZE_MAX)
        return file;
    (void)refuse(inputs, 400,
                 "The paths of all files have more than " DIGITS_OF(
                     APP_INPUT_NAMES_SIZE_MAX) " bytes (limit app-input-names-size-max).");
    return NULL;
}

/* --- contents --- */

static bool room_for(struct inputs *inputs, size_t size, const struct input_rules *rules)
{
    if (size > APP_INPUT_SIZE_MAX)
        return refuse(inputs, 413, "File %zu has more than %zu bytes (limit app-input-size-max).",
                      inputs->count, APP_INPUT_SIZE_MAX);
    if (size > rules->size_max - inputs->size)
        return refuse(inputs, 413, "The files have more than %zu bytes (setting input-size-max).",
                      rules->size_max);
    inputs->size += size;
    return true;
}

static bool take_base64(struct inputs *inputs, struct input_file *file, struct bytes text,
                        const struct input_rules *rules)
{
    file->content.limit = text.size + 1;
    enum status status = base64_decode(&file->content, text);
    if (status == STATUS_MALFORMED)
        return refuse(inputs, 400, "The content of file %zu must be base64.", inputs->count);
    if (status != STATUS_OK)
        return refuse_memory(inputs);
    return room_for(inputs, file->content.size, rules);
}

static bool take_hash(struct inputs *inputs, struct input_file *file, struct bytes hash)
{
    bool sound = hash.size == SECRET_HASH_SIZE;
    for (size_t i = 0; sound && i < hash.size; i++) {
        sound = ascii_hex_value(hash.data[i]) >= 0;
        file->sha256[i] = (char)ascii_lower(hash.data[i]);
    }
    return sound ||
           refuse(inputs, 400, "The sha256 of file %zu must be 64 hexadecimal digits.", inputs->count);
}

static bool take_item(struct inputs *inputs, const json_t *item, const struct input_rules *rules)
{
    const json_t *path = json_object_get(item, "path"), *content = json_object_get(item, "content");
    const json_t *hash = json_object_get(item, "sha256");
    bool by_hash = rules->by_hash && json_is_string(hash) && !content;
    if (!json_is_string(path) || (!json_is_string(content) && !by_hash))
        return refuse(inputs, 400, "File %zu must be an object with \"path\" and \"content\"%s.",
                      inputs->count + 1, rules->by_hash ? " or \"sha256\"" : "");
    struct input_file *file = add(inputs, json_bytes(path));
    if (!file)
        return false;
    if (by_hash)
        return take_hash(inputs, file, json_bytes(hash));
    return take_base64(inputs, file, json_bytes(content), rules);
}

bool inputs_take_json(struct inputs *inputs, const json_t *files, const struct input_rules *rules)
{
    if (!json_is_array(files))
        return refuse(inputs, 400, "The member \"files\" must be an array.");
    for (size_t i = 0; i < json_array_size(files); i++)
        if (!take_item(inputs, json_array_get(files, i), rules))
            return false;
    return true;
}

bool inputs_take_form(struct inputs *inputs, const struct multipart_part *parts, size_t count,
                      const struct input_rules *rules)
{
    for (size_t i = 0; i < count; i++) {
        bool named = bytes_equal_cstr(parts[i].name, INPUTS_REQUEST_PART) ||
                     bytes_equal_cstr(parts[i].name, INPUTS_CODE_PART);
        if (named || !parts[i].filename.data)
            continue;
        struct input_file *file = add(inputs, parts[i].filename);
        if (!file || !room_for(inputs, parts[i].data.size, rules))
            return false;
        file->content.limit = parts[i].data.size + 1;
        buf_append_bytes(&file->content, parts[i].data);
        if (file->content.failed)
            return refuse_memory(inputs);
    }
    return true;
}
