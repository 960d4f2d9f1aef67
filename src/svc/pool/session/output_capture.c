/* SPDX-License-Identifier: MIT */
/* output_capture.c — a head, a ring, and the repair of what is not UTF-8. */
#include "svc/pool/session/output_capture.h"

#define STORAGE_KEPT_MAX 65536 /* bytes of each part that survive output_capture_clear */

void output_capture_init(struct output_capture *c, size_t head_max, size_t tail_max)
{
    *c = (struct output_capture){.head_max = head_max, .tail_max = tail_max};
    buf_init(&c->head, MAX(head_max, 1));
    buf_init(&c->tail, MAX(tail_max, 1));
}

void output_capture_fini(struct output_capture *c)
{
    buf_fini(&c->head);
    buf_fini(&c->tail);
}

static void ring_add(struct output_capture *c, struct bytes bytes)
{
    struct bytes fresh =
        bytes_slice(bytes, bytes.size > c->tail_max ? bytes.size - c->tail_max : 0, bytes.size);
    size_t appended = MIN(fresh.size, c->tail_max - c->tail.size);
    buf_append_bytes(&c->tail, bytes_slice(fresh, 0, appended));
    fresh = bytes_slice(fresh, appended, fresh.size);
    while (fresh.size) {
        size_t n = MIN(fresh.size, c->tail.size - c->tail_start);
        memcpy(c->tail.data + c->tail_start, fresh.data, n);
        c->tail_start = (c->tail_start + n) % c->tail.size;
        fresh = bytes_slice(fresh, n, fresh.size);
    }
}

enum status output_capture_add(struct output_capture *c, struct bytes bytes)
{
    struct bytes rest = bytes_slice(bytes, c->head_max - c->head.size, bytes.size);
    enum status s = buf_reserve(&c->head, bytes.size - rest.size);
    if (s == STATUS_OK && c->tail_max)
        s = buf_reserve(&c->tail, MIN(rest.size, c->tail_max - c->tail.size));
    if (s)
        return s;
    buf_append_bytes(&c->head, bytes_slice(bytes, 0, bytes.size - rest.size));
    if (c->tail_max)
        ring_add(c, rest);
    c->total += bytes.size;
    return STATUS_OK;
}

size_t output_capture_room(const struct output_capture *c)
{
    return c->head_max - c->head.size + c->tail_max - c->tail.size;
}

uint64_t output_capture_lost(const struct output_capture *c)
{
    return c->total - c->head.size - c->tail.size;
}

enum status output_capture_set_limits(struct output_capture *c, size_t head_max, size_t tail_max)
{
    if (c->head_max == head_max && c->tail_max == tail_max)
        return STATUS_OK;
    if (!c->total) {
        output_capture_fini(c);
        output_capture_init(c, head_max, tail_max);
        return STATUS_OK;
    }
    struct output_capture fresh;
    output_capture_init(&fresh, head_max, tail_max);
    struct bytes tail = buf_peek(&c->tail);
    enum status s = output_capture_add(&fresh, buf_peek(&c->head));
    if (s == STATUS_OK)
        s = output_capture_add(&fresh, bytes_slice(tail, c->tail_start, tail.size));
    if (s == STATUS_OK)
        s = output_capture_add(&fresh, bytes_slice(tail, 0, c->tail_start));
    if (s) {
        output_capture_fini(&fresh);
        return s;
    }
    fresh.total = c->total;
    output_capture_fini(c);
    *c = fresh;
    return STATUS_OK;
}

void output_capture_clear(struct output_capture *c)
{
    if (c->head.capacity > STORAGE_KEPT_MAX)
        buf_fini(&c->head);
    if (c->tail.capacity > STORAGE_KEPT_MAX)
        buf_fini(&c->tail);
    buf_clear(&c->head);
    buf_clear(&c->tail);
    c->tail_start = 0;
    c->total = 0;
}

/* The size of the well-formed sequence at the front of `in` (RFC 3629 table), or 0; then `*ret_bad` is how
 * many bytes form the maximal bad part. */
static size_t sequence_size(struct bytes in, size_t *ret_bad)
{
    uint8_t first = in.data[0];
    size_t size = first < 0x80                     ? 1
                  : first >= 0xc2 && first <= 0xdf ? 2
                  : (first & 0xf0) == 0xe0         ? 3
                  : first >= 0xf0 && first <= 0xf4 ? 4
                                                   : 0;
    *ret_bad = 1;
    for (size_t i = 1; i < size; i++) {
        uint8_t low = 0x80, high = 0xbf;
        if (i == 1) {
            low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
            high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        }
        if (i >= in.size || in.data[i] < low || in.data[i] > high)
            return 0;
        *ret_bad = i + 1;
    }
    return size;
}

void utf8_append_repaired(struct buf *out, struct bytes in)
{
    if (bytes_utf8_valid(in)) {
        buf_append_bytes(out, in);
        return;
    }
    size_t good = 0; /* bytes at the front of `in` not yet appended, all well-formed */
    while (good < in.size) {
        size_t bad;
        size_t n = sequence_size(bytes_slice(in, good, in.size), &bad);
        good += n;
        if (n)
            continue;
        buf_append_bytes(out, bytes_slice(in, 0, good));
        buf_append_cstr(out, "\xef\xbf\xbd");
        in = bytes_slice(in, good + bad, in.size);
        good = 0;
    }
    buf_append_bytes(out, in);
}

/* Without a character that the limit cut: at most three bytes of an unfinished one at the end. */
static struct bytes without_cut_end(struct bytes b)
{
    for (size_t back = 1; back <= 3 && back <= b.size; back++) {
        uint8_t c = b.data[b.size - back];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return needs > back ? bytes_slice(b, 0, b.size - back) : b;
    }
    return b;
}

/* Without the rest of a character whose first byte was left out. */
static struct bytes without_cut_start(struct bytes b)
{
    for (size_t i = 0; i < 3 && i < b.size; i++)
        if ((b.data[i] & 0xc0) != 0x80)
            return bytes_slice(b, i, b.size);
    return bytes_slice(b, MIN(b.size, (size_t)3), b.size);
}

static void render_head(const struct output_capture *c, struct buf *out)
{
    size_t begin = out->size;
    utf8_append_repaired(out, without_cut_end(buf_peek(&c->head)));
    struct bytes written = bytes_of(out->data ? out->data + begin : NULL, out->size - begin);
    out->size = begin + bytes_utf8_prefix(written, c->head_max).size; /* repair may have made it longer */
}

void output_capture_render(const struct output_capture *c, struct buf *out)
{
    uint64_t lost = output_capture_lost(c);
    if (!lost) { /* the limits cut nothing: head and ring are one text */
        CLEANUP(buf_fini) struct buf whole = {.limit = c->head_max + c->tail_max + 1};
        if (!c->tail.size) {
            utf8_append_repaired(out, buf_peek(&c->head));
            return;
        }
        buf_append_bytes(&whole, buf_peek(&c->head));
        buf_append_bytes(&whole, bytes_slice(buf_peek(&c->tail), c->tail_start, c->tail.size));
        buf_append_bytes(&whole, bytes_slice(buf_peek(&c->tail), 0, c->tail_start));
        out->failed = out->failed || whole.failed;
        utf8_append_repaired(out, buf_peek(&whole));
        return;
    }
    render_head(c, out);
    if (!c->tail_max)
        return;
    buf_append_fmt(out, "\n... %llu bytes left out ...\n", (unsigned long long)lost);
    CLEANUP(buf_fini) struct buf tail = {.limit = c->tail_max + 1};
    buf_append_bytes(&tail, bytes_slice(buf_peek(&c->tail), c->tail_start, c->tail.size));
    buf_append_bytes(&tail, bytes_slice(buf_peek(&c->tail), 0, c->tail_start));
    out->failed = out->failed || tail.failed;
    utf8_append_repaired(out, without_cut_start(buf_peek(&tail)));
}
