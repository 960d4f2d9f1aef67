/* SPDX-License-Identifier: MIT */
/* sse_reader_fuzz.c — a stream of anybody's: in two pieces it is the same as whole, and no event is over the limit. */
#include "wire/http1/sse_reader.h"

#define EVENT_SIZE_MAX 64

static void on_event(void *context, const struct sse_event *event)
{
    struct buf *told = context;
    ASSERT(event->data.size <= EVENT_SIZE_MAX);
    buf_append_fmt(told, "%zu %zu %zu\n", event->name.size, event->id.size, event->data.size);
    buf_append_bytes(told, event->data);
}

static void read_in_two(struct bytes text, size_t cut, struct buf *told)
{
    struct sse_reader reader;
    sse_reader_init(&reader, EVENT_SIZE_MAX, on_event, told);
    ASSERT(sse_reader_feed(&reader, bytes_slice(text, 0, cut)) == STATUS_OK);
    ASSERT(sse_reader_feed(&reader, bytes_slice(text, cut, text.size)) == STATUS_OK);
    sse_reader_fini(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_fini) struct buf whole = {0};
    CLEANUP(buf_fini) struct buf cut = {0};
    if (size == 0)
        return 0;
    struct bytes text = bytes_of(data + 1, size - 1);
    read_in_two(text, text.size, &whole);
    read_in_two(text, data[0], &cut);
    ASSERT(bytes_equal(buf_peek(&whole), buf_peek(&cut)));
    return 0;
}
