/* SPDX-License-Identifier: MIT */
/* http1_fuzz.c — whatever comes: reading it whole and in pieces must agree, all spans lie within the input,
 * and an accepted head has exactly one reading of where its body ends. The first byte chooses the piece size.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "wire/http1/http1.h"
#include "wire/http1/uri.h"

#define FIELDS 20

static const struct http1_limits limits = {.head_size_max = 4096, .target_size_max = 1024};

static enum status read_head(struct http1_head *h, struct http1_field *fields, bool response, struct bytes in,
                             size_t piece)
{
    enum status s = STATUS_TRUNCATED;
    (response ? http1_response_head_init : http1_head_init)(h, fields, FIELDS, &limits);
    for (size_t given = 0; s == STATUS_TRUNCATED && given < in.size;) {
        given = MIN(given + piece, in.size);
        uint8_t *moved = malloc(given); /* the bytes may move between calls, and end where they end */
        ASSERT(moved);
        memcpy(moved, in.data, given);
        s = http1_head_feed(h, bytes_of(moved, given));
        free(moved);
    }
    return s;
}

static void check_span(struct http1_span span, size_t size)
{
    ASSERT(span.at <= size && span.size <= size - span.at);
}

static void check_head(const struct http1_head *h, struct bytes in)
{
    struct bytes length = http1_head_field(h, in, BYTES_LITERAL("content-length"));
    struct bytes coding = http1_head_field(h, in, BYTES_LITERAL("transfer-encoding"));
    ASSERT(h->size <= in.size && !(length.data && coding.data));
    ASSERT((h->body == HTTP1_BODY_LENGTH) == (length.data != NULL));
    ASSERT((h->body == HTTP1_BODY_CHUNKED) == (coding.data != NULL));
    check_span(h->method, h->size);
    check_span(h->path, h->size);
    check_span(h->query, h->size);
    check_span(h->authority, h->size);
    for (size_t i = 0; i < h->field_count; i++) {
        struct bytes name = http1_span_bytes(in, h->fields[i].name);
        struct bytes value = http1_span_bytes(in, h->fields[i].value);
        ASSERT(http1_token_valid(name) && http1_value_valid(value));
        check_span(h->fields[i].name, h->size);
        check_span(h->fields[i].value, h->size);
        for (struct bytes item; (item = http1_list_next(&value)).data;)
            ASSERT(item.size);
    }
    struct arena arena;
    arena_init(&arena, 0);
    struct bytes found = uri_query_find(http1_span_bytes(in, h->query), BYTES_LITERAL("id"));
    ASSERT(uri_decode(&arena, found, true).size <= found.size);
    struct bytes path = http1_span_bytes(in, h->path);
    while (uri_path_next(&path).data)
        ;
    (void)uri_path_has_prefix(http1_span_bytes(in, h->path), BYTES_LITERAL("/code/"));
    arena_fini(&arena);
}

static enum status read_chunks(struct bytes in, size_t piece, struct buf *out, size_t *ret_used)
{
    struct http1_chunked c;
    enum status s = STATUS_TRUNCATED;
    size_t at = 0;
    http1_chunked_init(&c);
    for (size_t given = 0; s == STATUS_TRUNCATED && given < in.size;) {
        given = MIN(given + piece, in.size);
        while (s == STATUS_TRUNCATED && at < given) {
            size_t used;
            struct bytes data;
            s = http1_chunked_feed(&c, bytes_slice(in, at, given - at), &used, &data);
            ASSERT(used <= given - at && data.size <= used && (used || s == STATUS_MALFORMED));
            buf_append_bytes(out, data);
            at += used;
        }
    }
    *ret_used = at;
    return s;
}

static void both_ways(bool response, struct bytes in, size_t piece)
{
    struct http1_field fields[FIELDS], piece_fields[FIELDS];
    struct http1_head h, piece_h;
    enum status s = read_head(&h, fields, response, in, SIZE_MAX / 2);
    ASSERT(read_head(&piece_h, piece_fields, response, in, piece) == s);
    ASSERT(h.field_count == piece_h.field_count && h.fault.http_status == piece_h.fault.http_status);
    if (s == STATUS_OK) {
        ASSERT(h.size == piece_h.size && h.body == piece_h.body &&
               h.content_length == piece_h.content_length);
        check_head(&h, in);
    } else {
        ASSERT(s == STATUS_TRUNCATED || h.fault.http_status >= 400);
    }
    struct bytes body = s == STATUS_OK ? bytes_slice(in, h.size, SIZE_MAX) : in;
    struct buf whole = {0}, pieces = {0};
    size_t used, pieces_used;
    ASSERT(read_chunks(body, SIZE_MAX / 2, &whole, &used) == read_chunks(body, piece, &pieces, &pieces_used));
    ASSERT(used == pieces_used && bytes_equal(buf_peek(&whole), buf_peek(&pieces)));
    buf_fini(&whole);
    buf_fini(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8192)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    size_t piece = 1 + (data[0] & 0x1f);
    both_ways(data[0] & 0x80, in, piece);
    return 0;
}
