/* SPDX-License-Identifier: MIT */
/* host_names_test.c — a server on loopback gains no name by itself; one for other machines can be reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "cmd/host_names.h"

static bool knows(const char *address, const char *list, const char *authority)
{
    struct host_names names;
    assert_int_equal(host_names_init(&names, address, list, NULL), STATUS_OK);
    bool known = site_knows(&names.site, bytes_of_cstr(authority));
    host_names_fini(&names);
    return known;
}

static void a_server_on_loopback_has_the_names_it_was_given(void **state)
{
    char machine[256] = "";
    assert_int_equal(gethostname(machine, sizeof machine - 1), 0);
    assert_true(knows("127.0.0.1", NULL, "localhost:1"));
    assert_true(knows("127.0.0.7", NULL, "127.0.0.7:1"));
    assert_true(knows("127.0.0.1", "a.example, b.example", "b.example:1"));
    assert_true(knows("127.0.0.1", "2001:db8::1", "[2001:db8::1]"));
    assert_false(knows("127.0.0.1", NULL, "b.example"));
    assert_false(knows("127.0.0.1", NULL, "10.0.0.1"));
    if (strcmp(machine, "localhost") != 0)
        assert_false(knows("127.0.0.1", NULL, machine));
}

static void a_server_for_other_machines_is_known_as_they_call_it(void **state)
{
    char machine[256] = "";
    assert_int_equal(gethostname(machine, sizeof machine - 1), 0);
    assert_true(knows("0.0.0.0", NULL, "10.0.0.1:8080"));
    assert_true(knows("::", NULL, "[2001:db8::1]:8080"));
    assert_true(knows("10.0.0.1", NULL, "10.0.0.1:8080"));
    assert_false(knows("10.0.0.1", NULL, "10.0.0.2:8080"));
    assert_false(knows("0.0.0.0", NULL, "evil.example"));
    if (site_name_valid(bytes_of_cstr(machine)))
        assert_true(knows("0.0.0.0", NULL, machine));
}

static void a_name_that_is_none_is_refused_with_a_hint(void **state)
{
    static const char *const bad[] = {"http://a.example", "a.example:80", "*", "[::1]", "ok.example,a b"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct host_names names;
        struct err err = {0};
        assert_int_equal(host_names_init(&names, "127.0.0.1", bad[i], &err), STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, "host-names: "));
        host_names_fini(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_on_loopback_has_the_names_it_was_given),
        cmocka_unit_test(a_server_for_other_machines_is_known_as_they_call_it),
        cmocka_unit_test(a_name_that_is_none_is_refused_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
