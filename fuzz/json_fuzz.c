/* SPDX-License-Identifier: MIT */
/* json_fuzz.c — what is accepted must survive writing and reading again; any bytes can be written as a
 * string. */
#include <stdlib.h>

#include "wire/json/json.h"

static void write_as_string(struct bytes in)
{
    struct buf out = {0};
    json_t *value = NULL;
    ASSERT(json_append_string(&out, in, true));
    ASSERT(json_parse(buf_peek(&out), NULL, &value, NULL) == STATUS_OK);
    if (bytes_utf8_valid(in))
        ASSERT(bytes_equal(json_bytes(value), in));
    json_decref(value);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    json_t *value = NULL;
    struct json_limits limits = {.depth_max = 20, .values_max = 1000, .last_duplicate_wins = size & 1};
    if (json_parse(in, &limits, &value, NULL) == STATUS_OK) {
        (void)json_get_nocase(value, "A");
        (void)json_bytes(json_array_get(value, 0));
        json_decref(value);
    }
    write_as_string(in);
    return 0;
}
