/* SPDX-License-Identifier: MIT */
/* inputs_fuzz.c — input files of a submission: a form if the input begins with a boundary, else the JSON of "files". Whatever is taken
 * has names that stay below /mnt/data, that show, and that are not in each other's way, and no more bytes than are allowed. */
#include <stdlib.h>
#include <string.h>

#include "base/hidden.h"
#include "core/pool/file_path.h"
#include "svc/app/inputs.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define SIZE_ALLOWED 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *path)
{
    struct arena arena;
    struct err err = {0};
    const char *joined = NULL;
    arena_init(&arena, 0);
    ASSERT(path[0] && path[0] != '/' && !hidden_in(bytes_of_cstr(path)));
    ASSERT(strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && !strstr(path, "/../"));
    ASSERT(file_path_join(&arena, (struct bytes){0}, bytes_of_cstr(path), &joined, &err) == STATUS_OK);
    ASSERT(strcmp(joined, path) == 0);
    arena_fini(&arena);
}

static void check(const struct inputs *inputs, bool taken, bool by_hash)
{
    ASSERT(taken == (inputs->http_status == 0));
    if (!taken) {
        ASSERT(inputs->refusal[0] && (inputs->http_status == 400 || inputs->http_status == 413));
        return;
    }
    size_t sum = 0, names = 0;
    ASSERT(inputs->count <= APP_INPUTS_MAX);
    for (size_t i = 0; i < inputs->count; i++) {
        const struct input_file *file = &inputs->files[i];
        check_name(file->path);
        ASSERT(!file->sha256[0] || (by_hash && file->content.size == 0));
        sum += file->content.size;
        names += strlen(file->path);
        for (size_t j = 0; j < i; j++)
            ASSERT(strcmp(file->path, inputs->files[j].path) != 0);
    }
    ASSERT(sum == inputs->size && sum <= SIZE_ALLOWED && names <= APP_INPUT_NAMES_SIZE_MAX);
}

static void try_form(struct bytes body, const struct input_rules *rules)
{
    struct multipart_part *parts;
    struct bytes boundary;
    struct inputs inputs = {0};
    struct arena arena;
    struct err err = {0};
    size_t count;
    arena_init(&arena, 1 << 20);
    if (multipart_boundary(&arena, BYTES_LITERAL("multipart/form-data"), body, &boundary, &err) ==
            STATUS_OK &&
        multipart_parse(&arena, boundary, body, NULL, &parts, &count, &err) == STATUS_OK)
        check(&inputs, inputs_take_form(&inputs, parts, count, rules), rules->by_hash);
    inputs_fini(&inputs);
    arena_fini(&arena);
}

static void try_json(struct bytes body, const struct input_rules *rules)
{
    struct inputs inputs = {0};
    json_t *files = NULL;
    if (json_parse(body, NULL, &files, NULL) == STATUS_OK)
        check(&inputs, inputs_take_json(&inputs, files, rules), rules->by_hash);
    json_decref(files);
    inputs_fini(&inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size);
    const struct input_rules first = {.size_max = SIZE_ALLOWED},
                             next = {.size_max = SIZE_ALLOWED, .by_hash = true};
    if (size > 65536)
        return 0;
    if (bytes_starts_with(body, BYTES_LITERAL("--"))) {
        try_form(body, &first);
        return 0;
    }
    try_json(body, &first);
    try_json(body, &next);
    return 0;
}
