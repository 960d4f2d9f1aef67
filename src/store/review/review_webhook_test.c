/* SPDX-License-Identifier: MIT */
/* review_webhook_test.c — RP-40, RP-41, RP-43: webhooks in the book: made, changed, by whom they are shown what. If it fails, a secret or a
 * token is where it must not be, or two who change a webhook undo each other. */
#include "store/review/webhook_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hook_rig.h"

/* --- webhooks --- */

/* RP-41. */
static void they_are_made_and_changed(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {.draft = {.id = "b",
                                     .name = "one",
                                     .url = "https://h",
                                     .format = "cloudevents",
                                     .events = "*",
                                     .secret = SECRET}};
    make(rig, "one", "request.approved,request.rejected");
    (void)do_hook(rig, &act, add);
    assert_int_equal(act.outcome, WEBHOOK_NAME_TAKEN);

    json_t *json = shown(rig, "one");
    assert_int_equal(json_array_size(json_object_get(json, "events")), 2);
    assert_string_equal(text_of(json, "state"), "active");
    char *text = json_dumps(json, 0);
    assert_null(strstr(text, "whsec_"));
    free(text);
    json_decref(json);

    act = (struct hook_act){.name = "one", .draft = {.name = "two", .state = "paused"}};
    json = do_hook(rig, &act, change);
    assert_string_equal(text_of(json, "state"), "paused");
    assert_string_equal(text_of(json, "name"), "two");
    json_decref(json);
    rig_close(rig); /* another start */
    rig_open(rig);
    json = shown(rig, "two");
    assert_string_equal(text_of(json, "state"), "paused");
    assert_string_equal(text_of(json, "url"), "https://hooks.example.org/x");
    json_decref(json);

    act = (struct hook_act){.name = "two"};
    json_decref(do_hook(rig, &act, delete));
    assert_int_equal(act.task.status, STATUS_OK);
    json = do_hook(rig, &act, list_hooks);
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
    (void)do_hook(rig, &act, read_hook);
    assert_int_equal(act.task.status, STATUS_NOT_FOUND);
}

/* RP-41. */
static void there_is_a_most(void **state)
{
    struct book_fixture *rig = *state;
    char name[16];
    for (int i = 0; i < WEBHOOKS_MAX; i++) {
        (void)snprintf(name, sizeof name, "h%d", i);
        make(rig, name, "*");
    }
    struct hook_act act = {.draft = {.id = "x",
                                     .name = "x",
                                     .url = "https://h",
                                     .format = "cloudevents",
                                     .events = "*",
                                     .secret = SECRET}};
    (void)do_hook(rig, &act, add);
    assert_int_equal(act.outcome, WEBHOOK_TOO_MANY);
}

/* RP-41. */
static void another_secret_leaves_the_one_before_for_a_while(void **state)
{
    struct book_fixture *rig = *state;
    static const int64_t overlap_s = WEBHOOK_OLD_SECRET_NS / NS_PER_S;
    struct hook_act act = {.name = "all", .draft = {.secret = OTHER_SECRET}}, seen = {0};
    make(rig, "all", "*");
    json_decref(do_hook(rig, &act, change));
    hand_in(rig, "a");
    look_at(rig, &seen, overlap_s - 1);
    assert_string_equal(seen.due[0].secret, OTHER_SECRET);
    assert_string_equal(seen.due[0].old_secret, SECRET);
    drop(&seen);
    look_at(rig, &seen, overlap_s);
    assert_string_equal(seen.due[0].secret, OTHER_SECRET);
    assert_string_equal(seen.due[0].old_secret, "");
    drop(&seen);

    act.draft = (struct webhook_draft){.name = "other"}; /* a change of anything else is none of the secret */
    json_decref(do_hook(rig, &act, change));
    look_at(rig, &seen, 0);
    assert_string_equal(seen.due[0].old_secret, SECRET);
    drop(&seen);
}

/* RP-43. */
static void a_token_is_of_one_place(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {.name = "all", .draft = {.token = "tk_1"}}, seen = {0};
    make(rig, "all", "*");
    json_t *json = do_hook(rig, &act, change);
    assert_true(json_is_true(json_object_get(json, "hasToken")));
    char *text = json_dumps(json, 0);
    assert_null(strstr(text, "tk_1"));
    free(text);
    json_decref(json);
    hand_in(rig, "a");
    act.draft = (struct webhook_draft){.name = "same"};
    json_decref(do_hook(rig, &act, change));
    look_at(rig, &seen, 0);
    assert_string_equal(seen.due[0].token, "tk_1");
    drop(&seen);

    act.name = "same";
    act.draft = (struct webhook_draft){.url = "https://elsewhere.example"};
    json = do_hook(rig, &act, change);
    assert_null(json_object_get(json, "hasToken"));
    json_decref(json);
    look_at(rig, &seen, 0);
    assert_string_equal(seen.due[0].token, "");
    drop(&seen);
}

/* RP-40. */
static void who_saw_an_older_one_changes_nothing(void **state)
{
    struct book_fixture *rig = *state;
    char tag[64];
    make(rig, "all", "*");
    json_t *json = shown(rig, "all");
    (void)snprintf(tag, sizeof tag, "\"x\", \"%s\"", text_of(json, "version"));
    json_decref(json);
    struct hook_act act = {.name = "all", .draft = {.url = "https://one.example", .replaces = tag}};
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_DONE);
    act.draft.url = "https://two.example";
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_REPLACED);
    json = shown(rig, "all");
    assert_string_equal(text_of(json, "url"), "https://one.example");
    json_decref(json);
    act.draft.replaces = "*";
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_DONE);

    json = shown(rig, "all"); /* a later one of the same name is another */
    (void)snprintf(tag, sizeof tag, "\"%s\"", text_of(json, "version"));
    json_decref(json);
    json_decref(do_hook(rig, &act, delete));
    make(rig, "all", "*");
    act.draft.replaces = tag;
    for (int i = 0; i < 3; i++) {
        json_decref(do_hook(rig, &act, change));
        assert_int_equal(act.outcome, WEBHOOK_REPLACED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_made_and_changed, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(there_is_a_most, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(another_secret_leaves_the_one_before_for_a_while, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_token_is_of_one_place, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(who_saw_an_older_one_changes_nothing, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
