/* SPDX-License-Identifier: MIT */
/* result_frame_fuzz.c — what a hostile session says it computed. What is accepted must be JSON to jansson too
 * once lone surrogates are repaired; what leaves the pool must be JSON to the strictest reader, and of the types that
 * the contract has. */
#include <jansson.h>

#include "svc/pool/session/result_check.h"

#define TEXT_SIZE_MAX 16 /* bytes, so that cuts are found soon */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct result_value v)
{
    if (!v.type)
        return;
    CLEANUP(buf_fini) struct buf out = {0};
    result_value_append(&out, v);
    json_error_t fault;
    json_t *tree = json_loadb((const char *)out.data, out.size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &fault);
    ASSERT(tree || json_error_code(&fault) == json_error_numeric_overflow);
    json_decref(tree);
}

/* Any reader can hold it: no number that overflows, no member twice. */
static void check_strictly(const struct buf *out, bool (*is_type)(const json_t *tree))
{
    ASSERT(!out->failed);
    if (!out->size)
        return;
    json_t *tree = json_loadb((const char *)out->data, out->size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    ASSERT(tree && is_type(tree));
    json_decref(tree);
}

static bool is_value(const json_t *tree)
{
    return !json_is_array(tree) && (!json_is_object(tree) || json_object_size(tree) == 3);
}

static bool is_array(const json_t *tree)
{
    return json_is_array(tree);
}

static bool is_error(const json_t *tree)
{
    return json_is_string(json_object_get(tree, "name")) && json_is_string(json_object_get(tree, "value")) &&
           json_is_array(json_object_get(tree, "traceback"));
}

static void check_what_leaves(const struct result_frame *f)
{
    CLEANUP(buf_fini) struct buf value = {.limit = f->value.json.size + 64};
    CLEANUP(buf_fini) struct buf outputs = {.limit = f->outputs.json.size + 64};
    CLEANUP(buf_fini) struct buf error = {.limit = f->error.json.size + 64};
    struct result_damage damage = {0};
    result_check_value(&value, f->value, TEXT_SIZE_MAX, &damage);
    if (f->outputs.type)
        result_check_outputs(&outputs, f->outputs, TEXT_SIZE_MAX, &damage);
    if (f->error.type)
        result_check_error(&error, f->error, &damage);
    check_strictly(&value, is_value);
    check_strictly(&outputs, is_array);
    check_strictly(&error, is_error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result_frame f;
    if (result_frame_parse(bytes_of(data, size), &f) != STATUS_OK)
        return 0;
    check(f.value);
    check(f.outputs);
    check(f.error);
    check_what_leaves(&f);
    return 0;
}
