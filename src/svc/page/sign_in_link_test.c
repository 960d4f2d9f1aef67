/* SPDX-License-Identifier: MIT */
/* sign_in_link_test.c — if it fails, a link signs in twice, or after its time, or somebody takes another's away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "svc/page/limit_values.h"
#include "svc/page/sign_in_link.h"

static const struct bytes authorization = BYTES_LITERAL("Bearer spk_key");

static void make(struct sign_in_links *links, const char *owner, int64_t now_ns,
                 char ret_code[SECRET_TEXT_SIZE + 1])
{
    assert_int_equal(sign_in_link_make(links, owner, authorization, now_ns, ret_code), STATUS_OK);
}

static enum status take(struct sign_in_links *links, const char *code, int64_t now_ns)
{
    CLEANUP(buf_fini) struct buf shown = {0};
    enum status status = sign_in_link_take(links, bytes_of_cstr(code), now_ns, &shown);
    if (status == STATUS_OK)
        assert_true(bytes_equal(buf_peek(&shown), authorization));
    else
        assert_int_equal(shown.size, 0);
    return status;
}

static void a_link_counts_once_and_in_time(void **state)
{
    (void)state;
    struct sign_in_links links;
    char code[SECRET_TEXT_SIZE + 1], late[SECRET_TEXT_SIZE + 1];
    sign_in_links_init(&links);
    make(&links, "ann", 0, code);
    make(&links, "ann", 1, late);
    assert_int_equal(take(&links, "spo_other", 1), STATUS_NOT_FOUND);
    assert_string_equal(sign_in_link_owner(&links, bytes_of_cstr(code), 1),
                        "ann"); /* a look uses nothing up */
    assert_int_equal(take(&links, code, 1), STATUS_OK);
    assert_null(sign_in_link_owner(&links, bytes_of_cstr(code), 1));
    assert_int_equal(take(&links, code, 1), STATUS_NOT_FOUND);
    assert_int_equal(take(&links, late, 1 + PAGE_LINK_LIFE_NS), STATUS_NOT_FOUND);
    assert_int_equal(links.count, 0);
    sign_in_links_fini(&links);
}

static void nobody_takes_anothers_away(void **state)
{
    (void)state;
    struct sign_in_links links;
    char bobs[SECRET_TEXT_SIZE + 1], first[SECRET_TEXT_SIZE + 1], code[SECRET_TEXT_SIZE + 1];
    sign_in_links_init(&links);
    make(&links, "bob", 0, bobs);
    make(&links, "ann", 0, first);
    for (int i = 0; i < PAGE_LINKS_EACH_MAX; i++)
        make(&links, "ann", 1, code);
    assert_int_equal(take(&links, first, 1), STATUS_NOT_FOUND); /* her own oldest made room */
    assert_int_equal(take(&links, bobs, 1), STATUS_OK);
    assert_int_equal(take(&links, code, 1), STATUS_OK);
    sign_in_links_fini(&links);
}

static void there_is_an_end_to_them(void **state)
{
    (void)state;
    struct sign_in_links links;
    char code[SECRET_TEXT_SIZE + 1], owner[24];
    sign_in_links_init(&links);
    for (int i = 0; i < PAGE_LINKS_MAX; i++) {
        snprintf(owner, sizeof owner, "person-%d", i);
        make(&links, owner, 0, code);
    }
    assert_int_equal(sign_in_link_make(&links, "one more", authorization, 1, code),
                     STATUS_RESOURCE_EXHAUSTED);
    make(&links, "one more", PAGE_LINK_LIFE_NS, code); /* the others are over */
    assert_int_equal(links.count, 1);
    sign_in_links_fini(&links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_counts_once_and_in_time),
        cmocka_unit_test(nobody_takes_anothers_away),
        cmocka_unit_test(there_is_an_end_to_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
