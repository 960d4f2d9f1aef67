/* SPDX-License-Identifier: MIT */
/* result_frame_fuzz.c — what a hostile session says it computed. What is accepted must be JSON to jansson too
 * once lone surrogates are repaired. */
#include <jansson.h>

#include "svc/pool/session/result_frame.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct result_frame f;
    if (result_frame_parse(bytes_of(data, size), &f) != STATUS_OK)
        return 0;
    check(f.value);
    check(f.outputs);
    check(f.error);
    return 0;
}
