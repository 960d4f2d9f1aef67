/* SPDX-License-Identifier: MIT */
/* address_test.c — if one fails: a stranger is taken for somebody of this machine, or the log names the wrong
 * peer. */
#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static union address parse(const char *host)
{
    union address address;
    socklen_t size;
    assert_int_equal(address_parse(host, 8080, &address, &size, NULL), STATUS_OK);
    return address;
}

static void addresses_are_read_and_written(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1", "127.0.0.1:8080"}, {"::1", "[::1]:8080"}, {"10.1.2.3", "10.1.2.3:8080"}};
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        union address address = parse(cases[i][0]);
        address_text(&address, text);
        assert_string_equal(text, cases[i][1]);
    }
    const char *const junk[] = {"", "localhost", "127.0.0.256", "1.2.3", "::1%lo", "[::1]", "127.0.0.1:80"};
    union address address;
    socklen_t size;
    for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
        assert_int_equal(address_parse(junk[i], 1, &address, &size, NULL), STATUS_INVALID_ARGUMENT);
    address = address_of_peer(-1);
    address_text(&address, text);
    assert_string_equal(text, "-");
}

static void only_loopback_is_loopback(void **state)
{
    const char *const yes[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"};
    const char *const no[] = {"128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "10.127.0.1"};
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        union address address = parse(yes[i]);
        assert_true(address_is_loopback(&address));
    }
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        union address address = parse(no[i]);
        assert_false(address_is_loopback(&address));
    }
    const union address unknown = {.any.sa_family = AF_UNSPEC};
    assert_false(address_is_loopback(&unknown));
}

static bool one_owner(const char *one, const char *two)
{
    union address a = parse(one), b = parse(two);
    return bytes_equal(address_owner(&a), address_owner(&b));
}

static void a_network_of_ipv6_is_one_peer(void **state)
{
    assert_true(one_owner("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert_false(one_owner("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_false(one_owner("10.0.0.1", "10.0.0.2"));
    assert_false(one_owner("::ffff:10.0.0.1", "::ffff:10.0.0.2"));
}

static void nobody_is_here_without_an_address(void **state)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_false(address_peer_is_here(pair[0]));
    assert_false(address_peer_is_here(-1));
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(only_loopback_is_loopback),
        cmocka_unit_test(a_network_of_ipv6_is_one_peer),
        cmocka_unit_test(nobody_is_here_without_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
