/* SPDX-License-Identifier: MIT */
/* multipart_fuzz.c — the first line is the Content-Type, the rest the body. Parts must be views of the body
 * in its order. */
#include <stdlib.h>

#include "wire/http1/mediatype.h"
#include "wire/http1/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    struct bytes rest = bytes_of(data, size);
    struct bytes content_type = bytes_split(&rest, '\n');
    uint8_t *copy = malloc(rest.size + 1); /* so that a read behind the body is seen */
    ASSERT(copy);
    if (rest.size)
        memcpy(copy, rest.data, rest.size);
    struct bytes body = bytes_of(copy, rest.size);
    struct multipart_limits limits = {.parts_max = 8, .head_size_max = 512};
    struct multipart_part *parts;
    struct bytes boundary;
    size_t count;
    struct arena arena;
    struct err e = {0};
    arena_init(&arena, 1 << 20);
    if (multipart_boundary(&arena, content_type, body, &boundary, &e) == STATUS_OK &&
        multipart_parse(&arena, boundary, body, &limits, &parts, &count, &e) == STATUS_OK) {
        const uint8_t *at = copy;
        ASSERT(count <= limits.parts_max);
        for (size_t i = 0; i < count; i++) {
            ASSERT(parts[i].data.data >= at && parts[i].data.data + parts[i].data.size <= copy + body.size);
            at = parts[i].data.data + parts[i].data.size;
            (void)mediatype_is(parts[i].content_type, "text/plain");
        }
        (void)multipart_find(parts, count, "file");
    }
    arena_fini(&arena);
    free(copy);
    return 0;
}
