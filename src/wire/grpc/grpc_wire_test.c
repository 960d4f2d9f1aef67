/* SPDX-License-Identifier: MIT */
/* grpc_wire_test.c — framing cut at every place, hostile prefixes, gzip with limits, and the header values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#include "wire/grpc/grpc_header.h"
#include "wire/grpc/grpc_message.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

/* --- messages --- */

/* Feeds `wire` in two parts and appends every message and a '|' to `out`. */
static enum status read_in_two(struct bytes wire, size_t cut, size_t max, struct buf *out)
{
    struct grpc_reader reader = {.message_size_max = max};
    struct bytes parts[2] = {bytes_slice(wire, 0, cut), bytes_slice(wire, cut, wire.size)};
    enum status status = STATUS_TRUNCATED;
    for (int i = 0; i < 2; i++) {
        struct grpc_message message;
        while ((status = grpc_reader_take(&reader, &parts[i], &message)) == STATUS_OK) {
            buf_append_bytes(out, message.data);
            buf_append_cstr(out, message.compressed ? "*" : "|");
        }
        if (status != STATUS_TRUNCATED)
            break;
        assert_int_equal(parts[i].size, 0);
    }
    if (status == STATUS_TRUNCATED && grpc_reader_at_boundary(&reader))
        status = STATUS_OK;
    grpc_reader_fini(&reader);
    return status;
}

static void messages_survive_every_cut(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf wire = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    grpc_message_write(&wire, b("first message"));
    grpc_message_write(&wire, b(""));
    grpc_message_write(&wire, b("third"));
    wire.data[GRPC_PREFIX_SIZE + 13] = 1; /* the empty one is marked compressed */
    for (size_t cut = 0; cut <= wire.size; cut++) {
        buf_clear(&out);
        assert_int_equal(read_in_two(buf_peek(&wire), cut, 13, &out), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&out), "first message|*third|"));
    }
    for (size_t size = 1; size < GRPC_PREFIX_SIZE + 13; size++)
        assert_int_equal(read_in_two(bytes_slice(buf_peek(&wire), 0, size), size / 2, 13, &out),
                         STATUS_TRUNCATED);
}

static void the_prefix_is_judged_before_anything_is_stored(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    for (size_t cut = 0; cut <= 5; cut++) {
        assert_int_equal(read_in_two(bytes_of("\0\0\0\0\x0e", 5), cut, 13, &out), STATUS_TOO_LARGE);
        assert_int_equal(read_in_two(bytes_of("\0\xff\xff\xff\xff", 5), cut, 64 << 20, &out),
                         STATUS_TOO_LARGE);
        assert_int_equal(read_in_two(bytes_of("\2\0\0\0\0", 5), cut, 13, &out), STATUS_MALFORMED);
    }
    assert_int_equal(read_in_two(bytes_of("\0\0\0\0\1", 5), 2, 0, &out), STATUS_TOO_LARGE);
    assert_int_equal(read_in_two(bytes_of("\0\0\0\0\0", 5), 2, 0, &out), STATUS_OK);
}

static void gzip_bytes(struct bytes in, struct buf *out)
{
    z_stream z = {.next_in = (Bytef *)in.data, .avail_in = (uInt)in.size};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(buf_reserve(out, deflateBound(&z, in.size) + 64), STATUS_OK);
    z.next_out = out->data;
    z.avail_out = (uInt)out->capacity;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->size = z.total_out;
    deflateEnd(&z);
}

static void gunzip_keeps_its_limit(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf packed = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    for (int i = 0; i < 100000; i++)
        buf_append_cstr(&plain, "ab");
    gzip_bytes(buf_peek(&plain), &packed);
    assert_int_equal(grpc_gunzip(buf_peek(&packed), plain.size, &out), STATUS_OK);
    assert_true(bytes_equal(buf_peek(&out), buf_peek(&plain)));
    buf_fini(&out);
    assert_int_equal(grpc_gunzip(buf_peek(&packed), plain.size - 1, &out), STATUS_TOO_LARGE);
    buf_fini(&out);
    assert_int_equal(grpc_gunzip(buf_peek(&packed), 10, &out), STATUS_TOO_LARGE);
    assert_true(out.capacity < 1024);
    for (size_t n = 0; n < packed.size; n++)
        assert_int_equal(grpc_gunzip(bytes_slice(buf_peek(&packed), 0, n), SIZE_MAX / 2, &out),
                         STATUS_MALFORMED);
    buf_append_byte(&packed, 0);
    assert_int_equal(grpc_gunzip(buf_peek(&packed), plain.size, &out), STATUS_MALFORMED);
    assert_int_equal(grpc_gunzip(b("not gzip at all"), 100, &out), STATUS_MALFORMED);
}

/* --- headers --- */

static void timeouts_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"1n", 1},
                {"99999999n", 99999999},
                {"7u", 7000},
                {"20m", 20000000},
                {"3S", 3000000000},
                {"2M", 120000000000},
                {"1H", 3600000000000},
                {"0S", 0},
                {"99999999H", INT64_MAX}};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        int64_t ns = -1;
        assert_int_equal(grpc_timeout_parse(b(good[i].text), &ns), STATUS_OK);
        assert_true(ns == good[i].ns);
    }
    static const char *const bad[] = {"", "S", "1", "123456789S", "-1S", "1s", "1 S", "1SS", "+1S", "1.5S"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t ns = -1;
        assert_int_equal(grpc_timeout_parse(b(bad[i]), &ns), STATUS_MALFORMED);
        assert_true(ns == -1);
    }
    static const struct {
        int64_t ns;
        const char *text;
    } out[] = {{-5, "0n"},
               {99999999, "99999999n"},
               {100000000, "100000u"},
               {100000000001, "100001m"},
               {30000000000, "30000000u"},
               {INT64_MAX, "2562048H"}};
    for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
        char text[GRPC_TIMEOUT_TEXT_SIZE];
        grpc_timeout_format(out[i].ns, text);
        assert_string_equal(text, out[i].text);
    }
}

static void status_text_survives_the_header(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf buf = {0};
    CLEANUP(buf_fini) struct buf d = {0};
    struct bytes text = bytes_of("100% \xe2\x82\xac\r\n\0~ ok", 15);
    grpc_header_encode_message(&buf, text);
    assert_true(bytes_equal_cstr(buf_peek(&buf), "100%25 %E2%82%AC%0D%0A%00~ ok"));
    grpc_header_decode_message(&d, buf_peek(&buf));
    assert_true(bytes_equal(buf_peek(&d), text));
    buf_clear(&d);
    grpc_header_decode_message(&d, b("%zz%4%41%"));
    assert_true(bytes_equal_cstr(buf_peek(&d), "%zz%4A%"));
}

static void content_types_and_binary_metadata(void **state)
{
    (void)state;
    assert_true(grpc_content_type_valid(b("application/grpc")));
    assert_true(grpc_content_type_valid(b("application/grpc+proto")));
    assert_true(grpc_content_type_valid(b("application/grpc;charset=utf-8")));
    assert_false(grpc_content_type_valid(b("application/grpc-web")));
    assert_false(grpc_content_type_valid(b("application/json")));
    assert_false(grpc_content_type_valid(b("")));
    assert_true(grpc_metadata_binary(b("trace-bin")));
    assert_false(grpc_metadata_binary(b("bin")));
    static const char *const values[] = {"AAEC/w==", "AAEC/w", "AAEC/w,ignored=", " AAEC/w== , x"};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        CLEANUP(buf_fini) struct buf buf = {0};
        assert_int_equal(grpc_metadata_decode(&buf, b(values[i])), STATUS_OK);
        assert_int_equal(buf.size, 4);
        assert_memory_equal(buf.data, "\0\1\2\xff", 4);
    }
    CLEANUP(buf_fini) struct buf buf = {0};
    assert_int_equal(grpc_metadata_decode(&buf, b("A*")), STATUS_MALFORMED);
}

static void foreign_codes_are_mapped(void **state)
{
    (void)state;
    assert_int_equal(grpc_status_from_http(404), STATUS_UNIMPLEMENTED);
    assert_int_equal(grpc_status_from_http(503), STATUS_UNAVAILABLE);
    assert_int_equal(grpc_status_from_http(415), STATUS_UNKNOWN);
    assert_int_equal(grpc_status_from_reset(7), STATUS_UNAVAILABLE);
    assert_int_equal(grpc_status_from_reset(8), STATUS_CANCELLED);
    assert_int_equal(grpc_status_from_reset(0), STATUS_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_survive_every_cut),
        cmocka_unit_test(the_prefix_is_judged_before_anything_is_stored),
        cmocka_unit_test(gunzip_keeps_its_limit),
        cmocka_unit_test(timeouts_are_read_and_written),
        cmocka_unit_test(status_text_survives_the_header),
        cmocka_unit_test(content_types_and_binary_metadata),
        cmocka_unit_test(foreign_codes_are_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
