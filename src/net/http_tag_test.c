/* SPDX-License-Identifier: MIT */
/* http_tag_test.c — if it fails a client keeps an old copy of what has changed, or is sent again what it has. */
#include "net/http_tag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void other_bytes_have_another_tag(void **state)
{
    (void)state;
    char one[HTTP_TAG_SIZE], other[HTTP_TAG_SIZE];
    http_tag_of(BYTES_LITERAL("abc"), one);
    assert_string_equal(one, "ba7816bf8f01cfea414140de5dae2223"); /* half of FIPS 180-4's example */
    http_tag_of(BYTES_LITERAL("abd"), other);
    assert_string_not_equal(one, other);
    http_tag_of((struct bytes){0}, other);
    assert_string_equal(other, "e3b0c44298fc1c149afbf4c8996fb924");
}

static void a_copy_is_known_by_its_tag(void **state)
{
    (void)state;
    const struct bytes tag = BYTES_LITERAL("\"abc\"");
    assert_true(http_tag_named(BYTES_LITERAL("\"abc\""), tag));
    assert_true(http_tag_named(BYTES_LITERAL("\"x\", W/\"abc\""), tag));
    assert_true(http_tag_named(BYTES_LITERAL(" * "), tag));
    assert_false(http_tag_named(BYTES_LITERAL("\"abcd\""), tag));
    assert_false(http_tag_named(BYTES_LITERAL("abc"), tag));
    assert_false(http_tag_named(BYTES_LITERAL(",,"), tag));
    assert_false(http_tag_named((struct bytes){0}, tag));
}

static void a_state_is_known_by_the_beginning_of_its_tag(void **state)
{
    (void)state;
    const struct bytes version = BYTES_LITERAL("2026-01-01T00:00:00.0000000Z");
    assert_true(http_tag_of_version(BYTES_LITERAL("\"x\", \"2026-01-01T00:00:00.0000000Z.abc\""), version));
    assert_true(http_tag_of_version(BYTES_LITERAL("*"), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("\"2026-01-01T00:00:00.0000000Z\""), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("\"2026-01-01T00:00:00.0000001Z.abc\""), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("W/\"2026-01-01T00:00:00.0000000Z.abc\""), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("2026-01-01T00:00:00.0000000Z.abc"), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("\"2026-01-01T00:00:00.0000000Z.abc"), version));
    assert_false(http_tag_of_version(BYTES_LITERAL("\""), version));
    assert_false(http_tag_of_version((struct bytes){0}, version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_bytes_have_another_tag),
        cmocka_unit_test(a_copy_is_known_by_its_tag),
        cmocka_unit_test(a_state_is_known_by_the_beginning_of_its_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
