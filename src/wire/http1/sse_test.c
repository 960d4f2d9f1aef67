/* SPDX-License-Identifier: MIT */
/* sse_test.c — what is written is read back by the rules of the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/http1/sse.h"

static void an_event_is_its_fields_and_an_empty_line(void **state)
{
    (void)state;
    static const struct {
        struct sse_event event;
        const char *text;
    } cases[] = {
        {{.data = BYTES_LITERAL("x")}, "data: x\n\n"},
        {{.data = BYTES_LITERAL("")}, "data: \n\n"},
        {.text = "data: \n\n"},
        {{BYTES_LITERAL("7"), BYTES_LITERAL("run"), BYTES_LITERAL("{}")}, "id: 7\nevent: run\ndata: {}\n\n"},
        {{.id = BYTES_LITERAL("")}, "id: \ndata: \n\n"}, /* forgets the last id, unlike none */
        {{.data = BYTES_LITERAL(" a: b")}, "data:  a: b\n\n"},
        {{.data = BYTES_LITERAL("a\nb\r\nc\rd")}, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
        {{.data = BYTES_LITERAL("a\n")}, "data: a\ndata: \n\n"},
        {{.data = BYTES_LITERAL("\r\r\n")}, "data: \ndata: \ndata: \n\n"},
        {{.data = BYTES_LITERAL("x\n\nevent: evil\ndata: y")},
         "data: x\ndata: \ndata: event: evil\ndata: data: y\n\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        assert_int_equal(sse_write(&out, &cases[i].event), STATUS_OK);
        assert_int_equal(buf_status(&out), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&out), cases[i].text));
    }
    CLEANUP(buf_fini) struct buf out = {0};
    sse_write_comment(&out);
    assert_true(bytes_equal_cstr(buf_peek(&out), ":\n\n"));
}

static void a_field_cannot_become_two(void **state)
{
    (void)state;
    static const struct sse_event bad[] = {
        {.id = BYTES_LITERAL("1\n2")},   {.id = BYTES_LITERAL("1\r")},    {.id = BYTES_LITERAL("1\0")},
        {.name = BYTES_LITERAL("a\nb")}, {.name = BYTES_LITERAL("\xff")}, {.data = BYTES_LITERAL("\xc0\x80")},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        assert_int_equal(sse_write(&out, &bad[i]), STATUS_MALFORMED);
        assert_int_equal(out.size, 0);
    }
}

static void a_full_buffer_is_reported_at_the_end(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    buf_init(&out, 8);
    assert_int_equal(sse_write(&out, &(struct sse_event){.data = BYTES_LITERAL("more than fits")}),
                     STATUS_OK);
    assert_int_not_equal(buf_status(&out), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_its_fields_and_an_empty_line),
        cmocka_unit_test(a_field_cannot_become_two),
        cmocka_unit_test(a_full_buffer_is_reported_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
