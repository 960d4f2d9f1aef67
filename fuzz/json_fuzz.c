/* SPDX-License-Identifier: MIT */
/* json_fuzz.c — what is accepted must survive writing and reading again; any bytes can be written as a
 * string. */
#include <stdlib.h>

#include "wire/json/json.h"

static void round_trip(const json_t *value)
{
    struct buf out = {0};
    struct json_writer w = {.out = &out};
    json_t *again = NULL;
    json_write_tree(&w, value);
    ASSERT(json_write_status(&w) == STATUS_OK);
    ASSERT(json_parse(buf_peek(&out), NULL, &again, NULL) == STATUS_OK);
    ASSERT(json_equal((json_t *)value, again));
    json_decref(again);
    buf_fini(&out);
}

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
        struct bytes s;
        int64_t i;
        bool b;
        (void)!json_get_string(value, "a", &s);
        (void)!json_get_i64(value, "a", &i);
        (void)!json_get_bool(value, "a", &b);
        (void)json_get_nocase(value, "A");
        round_trip(value);
        json_decref(value);
    }
    write_as_string(in);
    return 0;
}
