/* SPDX-License-Identifier: MIT */
/* h2_frame_test.c — frames are found however the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/grpc/h2_frame.h"

static const char stream[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                             "\0\0\0\4\0\0\0\0\0"         /* SETTINGS, empty */
                             "\0\0\3\1\5\0\0\0\1abc"      /* HEADERS */
                             "\0\0\0\0\1\0\0\0\1"         /* DATA, empty, the end */
                             "\0\0\1\x77\xff\0\0\0\0\xff" /* a type that nobody knows */
                             "\x01\0\2\6\0\0\0\0\0xy";    /* 65 538 bytes are announced */

static const struct h2_frame frames[] = {{0, H2_FRAME_SETTINGS, 0},
                                         {3, H2_FRAME_HEADERS, 5},
                                         {0, H2_FRAME_DATA, 1},
                                         {1, 0x77, 0xff},
                                         {65538, H2_FRAME_PING, 0}};

static void frames_are_found_however_the_bytes_are_cut(void **state)
{
    struct bytes whole = bytes_of(stream, sizeof stream - 1);
    for (size_t piece_size = 1; piece_size <= whole.size; piece_size++) {
        struct h2_frame_reader reader;
        h2_frame_reader_init(&reader);
        size_t count = 0;
        for (size_t at = 0; at < whole.size; at += piece_size) {
            struct bytes piece = bytes_slice(whole, at, piece_size);
            struct h2_frame frame;
            while (h2_frame_next(&reader, &piece, &frame)) {
                assert_true(count < ARRAY_SIZE(frames));
                assert_int_equal(frame.payload_size, frames[count].payload_size);
                assert_int_equal(frame.type, frames[count].type);
                assert_int_equal(frame.flags, frames[count].flags);
                count++;
            }
            assert_int_equal(piece.size, 0);
        }
        assert_int_equal(count, ARRAY_SIZE(frames));
        assert_int_equal(reader.skip, 65538 - 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_however_the_bytes_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
