/* SPDX-License-Identifier: MIT */
/* output_capture.c — a head, a ring, and the repair of what is not UTF-8. */
#include "svc/pool/session/output_capture.h"

#include "base/text.h"

#define STORAGE_KEPT_MAX 65536 /* bytes of each part that survive output_capture_clear */
#define TEXT_GROWTH_MAX  3     /* a byte that is not UTF-8 becomes the three of U+FFFD */
#define WINDOW_SIZE      8192  /* bytes that a reader takes at a time */

void output_capture_init(struct output_capture *capture, size_t head_max, size_t tail_max)
{
    *capture = (struct output_capture){.head_max = head_max, .tail_max = tail_max};
    buf_init(&capture->head, MAX(head_max, 1));
    buf_init(&capture->tail, MAX(tail_max, 1));
}

void output_capture_fini(struct output_capture *capture)
{
    buf_fini(&capture->head);
    buf_fini(&capture->tail);
}

static void ring_add(struct output_capture *capture, struct bytes bytes)
{
    struct bytes fresh =
        bytes_slice(bytes, bytes.size > capture->tail_max ? bytes.size - capture->tail_max : 0, bytes.size);
    size_t appended = MIN(fresh.size, capture->tail_max - capture->tail.size);
    buf_append_bytes(&capture->tail, bytes_slice(fresh, 0, appended));
    fresh = bytes_slice(fresh, appended, fresh.size);
    while (fresh.size) {
        size_t n = MIN(fresh.size, capture->tail.size - capture->tail_start);
        memcpy(capture->tail.data + capture->tail_start, fresh.data, n);
        capture->tail_start = (capture->tail_start + n) % capture->tail.size;
        fresh = bytes_slice(fresh, n, fresh.size);
    }
}

enum status output_capture_add(struct output_capture *capture, struct bytes bytes)
{
    struct bytes rest = bytes_slice(bytes, capture->head_max - capture->head.size, bytes.size);
    enum status status = buf_reserve(&capture->head, bytes.size - rest.size);
    if (status == STATUS_OK && capture->tail_max)
        status = buf_reserve(&capture->tail, MIN(rest.size, capture->tail_max - capture->tail.size));
    if (status)
        return status;
    buf_append_bytes(&capture->head, bytes_slice(bytes, 0, bytes.size - rest.size));
    if (capture->tail_max)
        ring_add(capture, rest);
    capture->total += bytes.size;
    return STATUS_OK;
}

size_t output_capture_room(const struct output_capture *capture)
{
    return capture->head_max - capture->head.size + capture->tail_max - capture->tail.size;
}

uint64_t output_capture_lost(const struct output_capture *capture)
{
    return capture->total - capture->head.size - capture->tail.size;
}

enum status output_capture_set_limits(struct output_capture *capture, size_t head_max, size_t tail_max)
{
    if (capture->head_max == head_max && capture->tail_max == tail_max)
        return STATUS_OK;
    if (!capture->total) {
        output_capture_fini(capture);
        output_capture_init(capture, head_max, tail_max);
        return STATUS_OK;
    }
    struct output_capture fresh;
    output_capture_init(&fresh, head_max, tail_max);
    struct bytes tail = buf_peek(&capture->tail);
    enum status status = output_capture_add(&fresh, buf_peek(&capture->head));
    if (status == STATUS_OK)
        status = output_capture_add(&fresh, bytes_slice(tail, capture->tail_start, tail.size));
    if (status == STATUS_OK)
        status = output_capture_add(&fresh, bytes_slice(tail, 0, capture->tail_start));
    if (status) {
        output_capture_fini(&fresh);
        return status;
    }
    fresh.total = capture->total;
    output_capture_fini(capture);
    *capture = fresh;
    return STATUS_OK;
}

void output_capture_clear(struct output_capture *capture)
{
    if (capture->head.capacity > STORAGE_KEPT_MAX)
        buf_fini(&capture->head);
    if (capture->tail.capacity > STORAGE_KEPT_MAX)
        buf_fini(&capture->tail);
    buf_clear(&capture->head);
    buf_clear(&capture->tail);
    capture->tail_start = 0;
    capture->total = 0;
}

/* RFC 3629, section 4: by the first byte, how many there are and where the second may lie; all others lie in 80..BF. */
static const struct {
    uint8_t first, last; /* of the first byte */
    uint8_t size;
    uint8_t low, high; /* of the second */
} sequences[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* The size of the well-formed sequence at the front of `in`, or 0; then `*ret_bad` is how many bytes form the maximal bad
 * part. */
static size_t sequence_size(struct bytes in, size_t *ret_bad)
{
    size_t row = 0;
    *ret_bad = 1;
    while (row < ARRAY_SIZE(sequences) && in.data[0] > sequences[row].last)
        row++;
    if (row == ARRAY_SIZE(sequences) || in.data[0] < sequences[row].first)
        return 0;

    for (size_t i = 1; i < sequences[row].size; i++) {
        uint8_t low = i == 1 ? sequences[row].low : 0x80;
        uint8_t high = i == 1 ? sequences[row].high : 0xbf;
        if (i >= in.size || in.data[i] < low || in.data[i] > high)
            return 0;
        *ret_bad = i + 1;
    }
    return sequences[row].size;
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
static struct bytes without_cut_end(struct bytes bytes)
{
    for (size_t back = 1; back <= 3 && back <= bytes.size; back++) {
        uint8_t c = bytes.data[bytes.size - back];
        if ((c & 0xc0) == 0x80)
            continue;
        return utf8_lead_size(c) > back ? bytes_slice(bytes, 0, bytes.size - back) : bytes;
    }
    return bytes;
}

/* Without the rest of a character whose first byte was left out. */
static struct bytes without_cut_start(struct bytes bytes)
{
    for (size_t i = 0; i < 3 && i < bytes.size; i++)
        if ((bytes.data[i] & 0xc0) != 0x80)
            return bytes_slice(bytes, i, bytes.size);
    return bytes_slice(bytes, MIN(bytes.size, (size_t)3), bytes.size);
}

/* Copies what stands at `raw` of the head, and with `whole` of the ring behind it, which has not gone round yet. */
static struct bytes copy_from(const struct output_capture *capture, size_t raw, bool whole, uint8_t *window,
                              size_t size)
{
    struct bytes head = bytes_slice(buf_peek(&capture->head), raw, size);
    memcpy(window, head.data ? head.data : window, head.size);
    if (!whole || head.size == size)
        return bytes_of(window, head.size);
    size_t behind = raw + head.size - capture->head.size;
    struct bytes tail = bytes_slice(buf_peek(&capture->tail), behind, size - head.size);
    memcpy(window + head.size, tail.data ? tail.data : window, tail.size);
    return bytes_of(window, head.size + tail.size);
}

/* A piece ends where a character does, so that repairing piece by piece and repairing the whole are the same. */
void output_capture_next(const struct output_capture *capture, struct output_place *place, size_t size_max,
                         struct buf *out)
{
    uint8_t window[WINDOW_SIZE];
    bool whole = output_capture_lost(capture) == 0;
    size_t wanted = MIN(MAX(size_max / TEXT_GROWTH_MAX, (size_t)4), sizeof window);
    if (place->raw == SIZE_MAX || (place->unsure && !whole))
        return;
    struct bytes fresh = without_cut_end(copy_from(capture, place->raw, whole, window, wanted));
    if (fresh.size == 0)
        return;
    size_t begin = out->size;
    utf8_append_repaired(out, fresh);
    place->raw += fresh.size;
    struct bytes written = bytes_of(out->data ? out->data + begin : NULL, out->size - begin);
    struct bytes kept =
        whole ? written : bytes_utf8_prefix(written, capture->head_max - MIN(place->text, capture->head_max));
    if (kept.size < written.size)
        /* repair made it longer than the limit: what follows shows when all has come */
        place->raw = SIZE_MAX;
    out->size = begin + kept.size;
    place->text += kept.size;
    place->unsure =
        place->raw > without_cut_end(buf_peek(&capture->head)).size || place->text > capture->head_max;
    place->unsure = whole && place->unsure;
}

static void render_head(const struct output_capture *capture, struct buf *out)
{
    size_t begin = out->size;
    utf8_append_repaired(out, without_cut_end(buf_peek(&capture->head)));
    struct bytes written = bytes_of(out->data ? out->data + begin : NULL, out->size - begin);
    /* repair may have made it longer */
    out->size = begin + bytes_utf8_prefix(written, capture->head_max).size;
}

void output_capture_render(const struct output_capture *capture, struct buf *out)
{
    uint64_t lost = output_capture_lost(capture);
    if (!lost) { /* the limits cut nothing: head and ring are one text */
        CLEANUP(buf_fini) struct buf whole = {.limit = capture->head_max + capture->tail_max + 1};
        if (!capture->tail.size) {
            utf8_append_repaired(out, buf_peek(&capture->head));
            return;
        }
        buf_append_bytes(&whole, buf_peek(&capture->head));
        buf_append_bytes(&whole,
                         bytes_slice(buf_peek(&capture->tail), capture->tail_start, capture->tail.size));
        buf_append_bytes(&whole, bytes_slice(buf_peek(&capture->tail), 0, capture->tail_start));
        out->failed = out->failed || whole.failed;
        utf8_append_repaired(out, buf_peek(&whole));
        return;
    }
    render_head(capture, out);
    if (!capture->tail_max)
        return;
    buf_append_fmt(out, "\n... %llu bytes left out ...\n", (unsigned long long)lost);
    CLEANUP(buf_fini) struct buf tail = {.limit = capture->tail_max + 1};
    buf_append_bytes(&tail, bytes_slice(buf_peek(&capture->tail), capture->tail_start, capture->tail.size));
    buf_append_bytes(&tail, bytes_slice(buf_peek(&capture->tail), 0, capture->tail_start));
    out->failed = out->failed || tail.failed;
    utf8_append_repaired(out, without_cut_start(buf_peek(&tail)));
}
