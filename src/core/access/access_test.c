/* SPDX-License-Identifier: MIT */
/* If one fails: somebody may do what nobody granted, or may not do what was granted. */
#include "core/access/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct bytes everywhere = BYTES_LITERAL("/");

static enum access_verdict decide(enum access_role role, const char *granted,
                                  enum access_permission permission, const char *asked)
{
    const struct access_grant grant = {role, bytes_of_cstr(granted)};
    const struct principal principal = {.id = "one", .name = "one", .grants = &grant, .grant_count = 1};
    return access_decide(&principal, permission, bytes_of_cstr(asked));
}

static void the_local_user_may_everything_but_what_was_forgotten(void **state)
{
    for (enum access_permission permission = ACCESS_ANYONE; permission < ACCESS_PERMISSIONS; permission++)
        assert_int_equal(access_decide(&access_local, permission, BYTES_LITERAL("/any/where")),
                         ACCESS_GRANTED);
    assert_int_equal(access_decide(&access_local, ACCESS_UNSET, everywhere), ACCESS_DENIED);
}

static void nobody_may_what_anyone_may(void **state)
{
    const struct principal bare = {.id = "bare", .name = "bare"};
    for (enum access_permission permission = 0; permission < ACCESS_PERMISSIONS; permission++) {
        bool anyone = permission == ACCESS_ANYONE;
        assert_int_equal(access_decide(&access_nobody, permission, everywhere),
                         anyone ? ACCESS_GRANTED : ACCESS_UNKNOWN);
        assert_int_equal(access_decide(&bare, permission, everywhere),
                         anyone ? ACCESS_GRANTED : ACCESS_DENIED);
    }
}

static void a_grant_holds_at_its_place_and_below(void **state)
{
    static const struct {
        const char *granted, *asked;
        bool holds;
    } cases[] = {
        {"/", "/scheduler/default", true},
        {"/scheduler", "/scheduler", true},
        {"/scheduler", "/scheduler/default", true},
        {"/scheduler/", "/scheduler/default", true},
        {"/scheduler/default", "/SCHEDULER/Default", true},
        {"/scheduler/default", "/scheduler", false},
        {"/scheduler/def", "/scheduler/default", false},
        {"/scheduler/default", "/scheduler/default2", false},
        {"/pool", "/scheduler/default", false},
        {"/scheduler/default", "", false},
        {"/scheduler/a", "/scheduler/b", false},
        {"/scheduler/default", "/scheduler/default/x", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum access_verdict verdict =
            decide(ROLE_HUB_READER, cases[i].granted, ACCESS_HUB_READ, cases[i].asked);
        if ((verdict == ACCESS_GRANTED) != cases[i].holds)
            fail_msg("%s at %s: %d", cases[i].granted, cases[i].asked, verdict);
    }
}

static void one_of_several_grants_is_enough(void **state)
{
    const struct access_grant grants[] = {{ROLE_READER, everywhere},
                                          {ROLE_HUB_WORKER, BYTES_LITERAL("/scheduler/a")},
                                          {ROLE_REVIEWER, BYTES_LITERAL("/app")}};
    const struct principal principal = {
        .id = "one", .name = "one", .grants = grants, .grant_count = ARRAY_SIZE(grants)};
    assert_int_equal(access_decide(&principal, ACCESS_HUB_WORK, BYTES_LITERAL("/scheduler/a")),
                     ACCESS_GRANTED);
    assert_int_equal(access_decide(&principal, ACCESS_HUB_WORK, BYTES_LITERAL("/scheduler/b")),
                     ACCESS_DENIED);
    assert_int_equal(access_decide(&principal, ACCESS_DECIDE, BYTES_LITERAL("/app")), ACCESS_GRANTED);
    assert_int_equal(access_decide(&principal, ACCESS_SUBMIT, BYTES_LITERAL("/app")), ACCESS_DENIED);
}

static void roles_and_permissions_have_names_of_their_own(void **state)
{
    for (enum access_role role = 0; role < ACCESS_ROLES; role++) {
        assert_non_null(access_role_name(role));
        for (enum access_role other = 0; other < role; other++)
            assert_string_not_equal(access_role_name(role), access_role_name(other));
        assert_false(access_role_permits(role, ACCESS_UNSET));
    }
    for (enum access_permission permission = 0; permission < ACCESS_PERMISSIONS; permission++)
        assert_non_null(access_permission_name(permission));
    CLEANUP(buf_fini) struct buf text = {0};
    access_explain(ACCESS_HUB_WORK, &text);
    assert_true(bytes_equal_cstr(buf_peek(&text),
                                 "this needs the permission \"hub-work\", which these roles have: "
                                 "Durable Task Data Contributor, Durable Task Worker"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_local_user_may_everything_but_what_was_forgotten),
        cmocka_unit_test(nobody_may_what_anyone_may),
        cmocka_unit_test(a_grant_holds_at_its_place_and_below),
        cmocka_unit_test(one_of_several_grants_is_enough),
        cmocka_unit_test(roles_and_permissions_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
