/* SPDX-License-Identifier: MIT */
/* frame_test.c — frames come back as written, and every kind of bad head is refused before its payload came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/frame.h"

static enum status parse(const void *data, size_t size, size_t max, struct frame *frame, size_t *n)
{
    return frame_parse(bytes_of(data, size), max, frame, n);
}

static void frames_come_back_as_written(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf buf = {0};
    frame_write(&buf, FRAME_READY, (struct bytes){0});
    frame_write(&buf, FRAME_RESULT, BYTES_LITERAL("{\"id\":1}"));
    assert_int_equal(buf_status(&buf), STATUS_OK);
    static const uint8_t wire[] = "\0\0\0\0\2\0\0\0\x8\0\0\0\3\0\0\0{\"id\":1}";
    assert_int_equal(buf.size, sizeof wire - 1);
    assert_memory_equal(buf.data, wire, buf.size);

    struct frame frame;
    size_t n;
    assert_int_equal(frame_parse(buf_peek(&buf), 100, &frame, &n), STATUS_OK);
    assert_int_equal(frame.type, FRAME_READY);
    assert_int_equal(frame.payload.size, 0);
    buf_consume(&buf, n);
    assert_int_equal(frame_parse(buf_peek(&buf), 100, &frame, &n), STATUS_OK);
    assert_int_equal(frame.type, FRAME_RESULT);
    assert_true(bytes_equal_cstr(frame.payload, "{\"id\":1}"));
    assert_int_equal(n, buf.size);
}

static void every_prefix_of_a_frame_is_truncated(void **state)
{
    (void)state;
    static const uint8_t wire[] = "\3\0\0\0\1\0\0\0abc";
    struct frame frame = {.type = FRAME_READY};
    size_t size = 99;
    for (size_t n = 0; n < sizeof wire - 1; n++)
        assert_int_equal(parse(wire, n, 3, &frame, &size), STATUS_TRUNCATED);
    assert_int_equal(frame.type, FRAME_READY); /* untouched */
    assert_int_equal(size, 99);
    assert_int_equal(parse(wire, sizeof wire - 1, 3, &frame, &size), STATUS_OK);
}

static void bad_heads_are_refused_at_once(void **state)
{
    (void)state;
    struct frame frame;
    size_t n;
    assert_int_equal(parse("\0\0\0\0\0\0\0\0", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\0\0\0\0\4\0\0\0", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\0\0\0\0\xff\0\0\0", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\0\0\0\0\1\1\0\0", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\0\0\0\0\1\0\1\0", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\0\0\0\0\1\0\0\1", 8, 100, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\x65\0\0\0\1\0\0\0", 8, 100, &frame, &n), STATUS_TOO_LARGE);
    assert_int_equal(parse("\xff\xff\xff\xff\1\0\0\0", 8, SIZE_MAX, &frame, &n), STATUS_MALFORMED);
    assert_int_equal(parse("\x64\0\0\0\1\0\0\0", 8, 100, &frame, &n), STATUS_TRUNCATED);
}

static void a_head_tells_the_size_before_the_payload_came(void **state)
{
    (void)state;
    struct frame_head head;
    assert_int_equal(frame_head_parse(bytes_of("\3\0\0\0\1\0\0", 7), &head), STATUS_TRUNCATED);
    assert_int_equal(frame_head_parse(bytes_of("\0\0\0\2\3\0\0\0", 8), &head), STATUS_OK);
    assert_int_equal(head.type, FRAME_RESULT);
    assert_int_equal(head.payload_size, FRAME_PAYLOAD_SIZE_MAX);
    assert_int_equal(frame_head_parse(bytes_of("\1\0\0\2\3\0\0\0", 8), &head), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_as_written),
        cmocka_unit_test(every_prefix_of_a_frame_is_truncated),
        cmocka_unit_test(bad_heads_are_refused_at_once),
        cmocka_unit_test(a_head_tells_the_size_before_the_payload_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
