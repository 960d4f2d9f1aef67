/* SPDX-License-Identifier: MIT */
/* allow_list_test.c — if one fails: a scheduler lets in who may not, or keeps out who may. */
#include "net/allow_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool admits(const char *entry, const char *peer)
{
    struct allow_list list = {0};
    union address address;
    socklen_t size;
    if (allow_list_add(&list, bytes_of_cstr(entry), NULL) != STATUS_OK)
        fail_msg("%s", entry);
    assert_int_equal(address_parse(peer, 4000, &address, &size, NULL), STATUS_OK);
    return allow_list_admits(&list, &address);
}

static void nobody_comes_through_an_empty_list(void **state)
{
    const struct allow_list none = {0};
    union address address;
    socklen_t size;
    assert_int_equal(address_parse("127.0.0.1", 1, &address, &size, NULL), STATUS_OK);
    assert_false(allow_list_admits(&none, &address));
    assert_false(allow_list_admits(&none, &(union address){.any.sa_family = AF_UNSPEC}));
}

static void networks_are_compared_by_their_bits(void **state)
{
    static const struct {
        const char *entry, *peer;
        bool admitted;
    } cases[] = {
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.200", true},
        {"10.0.0.0/9", "10.127.0.1", true},
        {"10.0.0.0/9", "10.128.0.1", false},
        {"192.0.2.7", "::ffff:192.0.2.7", true},
        {"127.0.0.0/8", "::1", false},
        {"2001:db8::/32", "2001:db8:1::5", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::/0", "2001:db8::1", true},
        {"::1", "::1", true},
        {" 192.0.2.7 ", "192.0.2.7", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (admits(cases[i].entry, cases[i].peer) != cases[i].admitted)
            fail_msg("%s for %s", cases[i].entry, cases[i].peer);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const entries[] = {
        "",       "/",          "/8",          "localhost",    "192.0.2.0/33", "192.0.2/24",
        "::/129", "192.0.2.7/", "192.0.2.7/a", "192.0.2.7/-1", "1.2.3.4/8/8",  "*"};
    struct allow_list list = {0};
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        struct err error = {0};
        if (allow_list_add(&list, bytes_of_cstr(entries[i]), &error) != STATUS_INVALID_ARGUMENT)
            fail_msg("\"%s\" was taken", entries[i]);
    }
    assert_int_equal(list.count, 0);
    for (size_t i = 0; i < ALLOW_LIST_MAX; i++)
        assert_int_equal(allow_list_add(&list, BYTES_LITERAL("::1"), NULL), STATUS_OK);
    assert_int_equal(allow_list_add(&list, BYTES_LITERAL("::1"), NULL), STATUS_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_comes_through_an_empty_list),
        cmocka_unit_test(networks_are_compared_by_their_bits),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
