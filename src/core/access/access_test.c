/* SPDX-License-Identifier: MIT */
/* access_test.c — if one fails: somebody may do what nobody granted, or may not do what was granted. */
#include "core/access/access.h"

#include <stdio.h>

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
        bool known = anyone || permission == ACCESS_SIGNED_IN;
        assert_int_equal(access_decide(&access_nobody, permission, everywhere),
                         anyone ? ACCESS_GRANTED : ACCESS_UNKNOWN);
        assert_int_equal(access_decide(&bare, permission, everywhere),
                         known ? ACCESS_GRANTED : ACCESS_DENIED);
    }
}

/* As policies name them. Broken: a role at another place counts, or one that is no role of a request. */
static void roles_have_words_where_they_count(void **state)
{
    (void)state;
    static const struct bytes app = BYTES_LITERAL("/app");
    const struct access_grant grants[] = {{ROLE_REVIEWER, BYTES_LITERAL("/")},
                                          {ROLE_REVIEWER, BYTES_LITERAL("/app")},
                                          {ROLE_OPERATOR, BYTES_LITERAL("/pool")},
                                          {ROLE_HUB_WORKER, BYTES_LITERAL("/")},
                                          {ROLE_AUDITOR, BYTES_LITERAL("/app")}};
    const struct principal principal = {.id = "one", .name = "one", .grants = grants, .grant_count = 5};
    const char *words[ACCESS_ROLES];
    assert_int_equal(access_role_words(&principal, app, words), 2);
    assert_string_equal(words[0], "reviewer");
    assert_string_equal(words[1], "auditor");
    assert_int_equal(access_role_words(&access_local, app, words), 6);
    assert_int_equal(access_role_words(&access_nobody, app, words), 0);
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

/* A token for pools is nobody's at a task hub, whatever its bearer may there. */
static void credentials_count_at_their_audience_only(void **state)
{
    const struct access_grant grants[] = {{ROLE_HUB_CONTRIBUTOR, everywhere},
                                          {ROLE_SESSION_EXECUTOR, everywhere}};
    const struct principal principal = {.id = "one",
                                        .name = "one",
                                        .grants = grants,
                                        .grant_count = ARRAY_SIZE(grants),
                                        .within = BYTES_LITERAL("/pool")};
    assert_int_equal(access_decide(&principal, ACCESS_EXECUTE, BYTES_LITERAL("/pool")), ACCESS_GRANTED);
    assert_int_equal(access_decide(&principal, ACCESS_HUB_READ, BYTES_LITERAL("/scheduler/a")),
                     ACCESS_UNKNOWN);
    assert_int_equal(access_decide(&principal, ACCESS_SIGNED_IN, BYTES_LITERAL("/pool2")), ACCESS_UNKNOWN);
    assert_int_equal(access_decide(&principal, ACCESS_EXECUTE, BYTES_LITERAL("")), ACCESS_UNKNOWN);
}

static void a_grant_may_name_the_resource_that_is_served_there(void **state)
{
    const struct access_grant grant = {ROLE_SESSION_EXECUTOR,
                                       BYTES_LITERAL("/subscriptions/s/resourceGroups/g")};
    const struct principal principal = {.id = "one", .name = "one", .grants = &grant, .grant_count = 1};
    const struct bytes place = BYTES_LITERAL("/pool");
    const struct bytes inside =
        BYTES_LITERAL("/subscriptions/S/resourcegroups/G/providers/Microsoft.App/sessionPools/p");
    const struct bytes outside =
        BYTES_LITERAL("/subscriptions/s/resourceGroups/g2/providers/Microsoft.App/sessionPools/p");
    assert_int_equal(access_decide_at(&principal, ACCESS_EXECUTE, place, inside), ACCESS_GRANTED);
    assert_int_equal(access_decide_at(&principal, ACCESS_EXECUTE, place, outside), ACCESS_DENIED);
    assert_int_equal(access_decide_at(&principal, ACCESS_EXECUTE, place, BYTES_LITERAL("")), ACCESS_DENIED);
}

static void a_role_is_found_by_guid_and_by_name(void **state)
{
    enum access_role role = ACCESS_ROLES;
    assert_true(access_role_find(BYTES_LITERAL("0AD04412-c4d5-4796-b79c-f76d14c8d402"), &role));
    assert_int_equal(role, ROLE_HUB_CONTRIBUTOR);
    assert_true(access_role_find(BYTES_LITERAL("durable task worker"), &role));
    assert_int_equal(role, ROLE_HUB_WORKER);
    assert_true(access_role_find(BYTES_LITERAL("submitter"), &role));
    assert_int_equal(role, ROLE_SUBMITTER);
    assert_false(access_role_find(BYTES_LITERAL("the local user"), &role));
    assert_false(access_role_find(BYTES_LITERAL(""), &role));
    assert_string_equal(access_role_id(ROLE_OWNER), "8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
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
    const struct principal alice = {.id = "1", .name = "alice"};
    access_explain(&alice, ACCESS_HUB_WORK, BYTES_LITERAL("/scheduler/h"), &text);
    assert_true(bytes_equal_cstr(
        buf_peek(&text), "alice lacks the role \"Durable Task Worker\" (hub-work): sallyport role create "
                         "\"Durable Task Worker\" --to alice --scope /scheduler/h"));
    assert_string_equal(access_refusal(&access_nobody), "no credentials were sent");
}

/* Whoever is refused sends the words on to somebody who may grant, who pastes the command. */
static void a_name_is_one_word_of_the_command(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
    } rows[] = {{"bob+ci@example.org", "bob+ci@example.org"},
                {"a b", "'a b'"},
                {"x;reboot", "'x;reboot'"},
                {"$(id)", "'$(id)'"},
                {"it's", "'it'\\''s'"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        char expected[160];
        snprintf(expected, sizeof expected, "sallyport role create \"Reader\" --to %s --scope '/app/a&b'",
                 rows[i].word);
        access_write_grant(ROLE_READER, rows[i].name, BYTES_LITERAL("/app/a&b"), &text);
        assert_true(bytes_equal_cstr(buf_peek(&text), expected));
    }
}

#define SUBSCRIPTION "0b0e"

static bool may_grant(const struct principal *principal, const char *scope)
{
    return access_may_grant(principal, bytes_of_cstr(scope), SUBSCRIPTION);
}

static void who_hands_out_must_be_owner_there(void **state)
{
    const struct access_grant grant = {ROLE_OWNER, BYTES_LITERAL("/control")};
    const struct principal control = {.id = "one", .name = "one", .grants = &grant, .grant_count = 1};
    assert_true(may_grant(&control, "/control/directory"));
    assert_true(may_grant(&control, "/subscriptions/" SUBSCRIPTION "/resourceGroups/g"));
    assert_false(may_grant(&control, "/"));
    assert_false(may_grant(&control, "/app"));
    /* The subscription is everything, however it is written. */
    assert_false(may_grant(&control, "/subscriptions/" SUBSCRIPTION));
    assert_false(may_grant(&control, "/SUBSCRIPTIONS/local//"));

    const struct access_grant group = {ROLE_OWNER, BYTES_LITERAL("/subscriptions/0b0e/resourceGroups/g")};
    const struct principal of_group = {.id = "one", .name = "one", .grants = &group, .grant_count = 1};
    assert_true(may_grant(&of_group, "/subscriptions/0b0e/resourceGroups/g/providers/x"));
    assert_false(may_grant(&of_group, "/subscriptions/0b0e/resourceGroups/h"));

    const struct access_grant reader = {ROLE_CONTRIBUTOR, BYTES_LITERAL("/")};
    const struct principal contributor = {.id = "one", .name = "one", .grants = &reader, .grant_count = 1};
    assert_false(may_grant(&contributor, "/control"));
}

/* A token's audience is where it is shown; a key's scope is all that it is for. */
static void a_key_for_less_hands_out_less(void **state)
{
    const struct access_grant grant = {ROLE_OWNER, BYTES_LITERAL("/")};
    struct principal owner = {
        .id = "one", .name = "one", .grants = &grant, .grant_count = 1, .within = BYTES_LITERAL("/control")};
    assert_true(may_grant(&owner, "/"));
    owner.narrowed = true;
    assert_false(may_grant(&owner, "/"));
    assert_false(may_grant(&owner, "/subscriptions/" SUBSCRIPTION));
    assert_true(may_grant(&owner, "/control"));
    owner.within = BYTES_LITERAL("");
    assert_true(may_grant(&owner, "/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_local_user_may_everything_but_what_was_forgotten),
        cmocka_unit_test(nobody_may_what_anyone_may),
        cmocka_unit_test(roles_have_words_where_they_count),
        cmocka_unit_test(a_grant_holds_at_its_place_and_below),
        cmocka_unit_test(credentials_count_at_their_audience_only),
        cmocka_unit_test(a_grant_may_name_the_resource_that_is_served_there),
        cmocka_unit_test(a_role_is_found_by_guid_and_by_name),
        cmocka_unit_test(one_of_several_grants_is_enough),
        cmocka_unit_test(roles_and_permissions_have_names_of_their_own),
        cmocka_unit_test(who_hands_out_must_be_owner_there),
        cmocka_unit_test(a_name_is_one_word_of_the_command),
        cmocka_unit_test(a_key_for_less_hands_out_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
