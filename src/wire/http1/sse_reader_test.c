/* SPDX-License-Identifier: MIT */
/* sse_reader_test.c — RP-61: a stream is read by the rules of the standard, in whatever pieces it comes. If it fails, output is lost or
 * taken for another event. */
#include "wire/http1/sse_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT 40 /* bytes of an event */

/* Each event as "name|id|data;". */
static void on_event(void *context, const struct sse_event *event)
{
    struct buf *told = context;
    buf_append_fmt(told, "%.*s|%.*s|", BYTES_FMT(event->name), BYTES_FMT(event->id));
    buf_append_bytes(told, event->data);
    buf_append_byte(told, ';');
}

/* The same text whole, a byte at a time, and cut at each place. */
static void expect(struct bytes text, const char *told)
{
    for (size_t step = 1; step <= text.size; step++) {
        CLEANUP(buf_fini) struct buf seen = {0};
        struct sse_reader reader;
        sse_reader_init(&reader, LIMIT, on_event, &seen);
        for (size_t at = 0; at < text.size; at += step)
            assert_int_equal(sse_reader_feed(&reader, bytes_slice(text, at, step)), STATUS_OK);
        if (!bytes_equal_cstr(buf_peek(&seen), told))
            fail_msg("in steps of %zu: %.*s", step, BYTES_FMT(buf_peek(&seen)));
        sse_reader_fini(&reader);
    }
}

static void fields_become_events(void **state)
{
    static const struct {
        const char *text, *told;
    } rows[] = {
        {"data: x\n\n", "message||x;"},
        {"data:x\r\rdata: y\r\n\r\n", "message||x;message||y;"},
        {"id: 7\nevent: stdout\ndata: {}\n\ndata: next\n\n", "stdout|7|{};message|7|next;"},
        {"data:  two blanks\n\n", "message|| two blanks;"},
        {"data: a\ndata: b\ndata\n\n", "message||a\nb\n;"},
        {"data\n\n", "message||;"},
        {"event: none\n\n: a comment\ndata: x\n\n", "message||x;"},
        {"retry: 1\nother\nDATA: no\ndata: x\n\n", "message||x;"},
        {"\xef\xbb\xbf"
         "data: x\n\n\xef\xbb\xbf"
         "data: y\n\n",
         "message||x;"},
        {"id: 1\nid\ndata: x\n\n", "message||x;"},
        {"data: not ended\n", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect(bytes_of_cstr(rows[i].text), rows[i].told);
    expect(BYTES_LITERAL("id: 1\nid: a\0b\ndata: x\n\n"), "message|1|x;");
}

/* Whatever is over the limit goes by itself, also by many small lines, and the next event is whole. */
static void what_is_too_large_is_left_out(void **state)
{
    expect(BYTES_LITERAL("data: 0123456789012345678901234567890123456789\n\ndata: x\n\n"), "message||x;");
    expect(BYTES_LITERAL("data: 01234567890123456789\ndata: 01234567890123456789\n\ndata: x\n\n"),
           "message||x;");
    expect(BYTES_LITERAL("data: y\n: a comment as long as a line can be, and longer still\n\ndata: x\n\n"),
           "message||x;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_events),
        cmocka_unit_test(what_is_too_large_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
