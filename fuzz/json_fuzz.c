/* SPDX-License-Identifier: MIT */
/* json_fuzz.c — what is accepted must survive writing and reading again; any bytes can be written as a
 * string. */
#include <stdlib.h>

#include "wire/json/canonical.h"

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

/* The canonical text of a value is the canonical text of what it reads back as. */
static void write_canonically(json_t *value)
{
    CLEANUP(buf_fini) struct buf first = {0}, second = {0};
    CLEANUP(json_release) json_t *again = NULL;
    if (canonical_append(&first, value, NULL) != STATUS_OK)
        return;
    if (json_parse(buf_peek(&first), NULL, &again, NULL) != STATUS_OK)
        return; /* a number from 2^63 on: jansson reads it with a point only */
    ASSERT(canonical_append(&second, again, NULL) == STATUS_OK);
    ASSERT(bytes_equal(buf_peek(&first), buf_peek(&second)));
}

/* What is canonical at a glance is so when it is looked at closely. */
static void look_plainly(struct bytes in)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(buf_fini) struct buf again = {0};
    const struct json_limits limits = {.size_max = 1 << 16, .depth_max = 20, .values_max = 1000};
    if (!canonical_is_plain(in, &limits, NULL, 0))
        return;
    ASSERT(json_parse(in, &limits, &value, NULL) == STATUS_OK);
    ASSERT(canonical_append(&again, value, NULL) == STATUS_OK);
    ASSERT(bytes_equal(buf_peek(&again), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    json_t *value = NULL;
    look_plainly(in);
    struct json_limits limits = {.depth_max = 20, .values_max = 1000, .last_duplicate_wins = size & 1};
    if (json_parse(in, &limits, &value, NULL) == STATUS_OK) {
        (void)json_get_nocase(value, "A");
        (void)json_bytes(json_array_get(value, 0));
        write_canonically(value);
        json_decref(value);
    }
    write_as_string(in);
    return 0;
}
