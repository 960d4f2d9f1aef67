/* SPDX-License-Identifier: MIT */
/* receipt_test.c — a signal that a client sends again is one operation: before and after it ran, after a crash, within the
 * bounds of what is remembered (performance.md section 3, invariant 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static uint64_t signal_as(struct rig *rig, const char *entity, const char *operation, const char *request_id)
{
    struct pb_signal_entity_request request = {.instance_id = bytes_of_cstr(entity),
                                               .name = bytes_of_cstr(operation),
                                               .request_id = bytes_of_cstr(request_id)};
    return rig_call(rig, ENGINE_SIGNAL_ENTITY, &pb_signal_entity_request_message, &request);
}

static void expect_accepted(struct rig *rig, uint64_t call)
{
    struct rig_reply *reply = rig_reply_of(rig, call);
    assert_non_null(reply);
    assert_int_equal(reply->status, STATUS_OK);
}

static void crash(struct rig *rig)
{
    rig_crash(rig);
    engine_check(rig->engine);
    script_worker(rig, 1);
}

/* If this fails, a client that repeats what it got no answer to has it done twice. */
static void a_signal_that_is_sent_again_is_one_operation(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    expect_accepted(&rig, signal_as(&rig, "@c@1", "one", "r-1"));
    expect_accepted(&rig, signal_as(&rig, "@C@1", "one", "r-1"));
    crash(&rig);
    struct rig_work *batch = script_batch(&rig, "@c@1", "one");
    expect_accepted(&rig, signal_as(&rig, "@c@1", "one", "r-1"));
    script_batch_done(&rig, batch, "s");
    expect_accepted(&rig, signal_as(&rig, "@c@1", "one", "r-1"));
    crash(&rig);
    expect_accepted(&rig, signal_as(&rig, "@c@1", "one", "r-1"));
    assert_null(rig_take_work(&rig));

    signal_as(&rig, "@c@2", "other", "r-1");
    script_batch_done(&rig, script_batch(&rig, "@c@2", "other"), "s");
    signal_as(&rig, "@c@1", "two", "r-2");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "two"), "s");
    for (int n = 0; n < 2; n++) {
        signal_as(&rig, "@c@1", "nameless", "");
        script_batch_done(&rig, script_batch(&rig, "@c@1", "nameless"), "s");
    }
    engine_check(rig.engine);
    rig_fini(&rig);
}

/* If this fails, the second of two is acknowledged before the first is on disk, and a power cut takes both. */
static void both_answers_wait_for_the_commit(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    rig.commits_held = true;
    uint64_t first = signal_as(&rig, "@c@1", "one", "r-1");
    uint64_t second = signal_as(&rig, "@c@1", "one", "r-1");
    assert_null(rig_reply_of(&rig, first));
    assert_null(rig_reply_of(&rig, second));
    crash(&rig); /* neither was acknowledged, and neither has happened */
    rig.commits_held = false;
    expect_accepted(&rig, signal_as(&rig, "@c@1", "one", "r-1"));
    rig_work_free(script_batch(&rig, "@c@1", "one"));
    rig_fini(&rig);
}

static void signal_many(struct rig *rig, int from, int to)
{
    char id[16];
    for (int n = from; n < to; n++) {
        snprintf(id, sizeof id, "r-%d", n);
        signal_as(rig, "@c@1", "go", id);
    }
}

/* True if the request is remembered: sent again, it adds no message. */
static bool known(struct rig *rig, const char *request_id)
{
    size_t before = rig_count(&rig->entity_messages);
    signal_as(rig, "@c@1", "go", request_id);
    return rig_count(&rig->entity_messages) == before;
}

/* If this fails, what is remembered grows for ever, in memory or on disk, or the newest is forgotten. */
static void only_the_newest_are_remembered(void **state)
{
    struct rig rig;
    struct engine_options few = {.receipts_max = 300};
    (void)state;
    rig_init(&rig, &few);
    rig.unchecked = true;
    signal_many(&rig, 0, 2000);
    engine_check(rig.engine);
    assert_in_range(rig_count(&rig.receipts), 300, 300 + 512);
    assert_true(known(&rig, "r-1999"));
    assert_true(known(&rig, "r-1701"));
    assert_false(known(&rig, "r-0"));
    rig_crash(&rig);
    assert_true(known(&rig, "r-1999"));
    assert_false(known(&rig, "r-1"));
    rig_fini(&rig);
}

static void what_is_old_is_forgotten(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    rig.unchecked = true;
    signal_many(&rig, 0, 10);
    rig_advance(&rig, 601 * RIG_SECOND);
    signal_many(&rig, 1000, 1257);
    assert_false(known(&rig, "r-0"));
    assert_true(known(&rig, "r-1000"));
    assert_int_equal(rig_count(&rig.receipts), 258);
    rig_fini(&rig);
}

/* If this fails, a hub that was made anew swallows its first signals. */
static void a_hub_takes_its_own_with_it(void **state)
{
    struct rig rig;
    struct pb_create_task_hub_request request = {.recreate_if_exists = true};
    (void)state;
    rig_init(&rig, NULL);
    signal_as(&rig, "@c@1", "go", "r-1");
    rig_call(&rig, ENGINE_CLEAR_HUB, &pb_create_task_hub_request_message, &request);
    assert_int_equal(rig_count(&rig.receipts), 0);
    assert_false(known(&rig, "r-1"));
    rig_fini(&rig);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    struct rig rig;
    char longest[130];
    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[129] = 0;
    rig_init(&rig, NULL);
    uint64_t call = signal_as(&rig, "@c@1", "go", longest);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    longest[128] = 0;
    expect_accepted(&rig, signal_as(&rig, "@c@1", "go", longest));
    assert_int_equal(rig_count(&rig.entity_messages), 1);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_that_is_sent_again_is_one_operation),
        cmocka_unit_test(both_answers_wait_for_the_commit),
        cmocka_unit_test(only_the_newest_are_remembered),
        cmocka_unit_test(what_is_old_is_forgotten),
        cmocka_unit_test(a_hub_takes_its_own_with_it),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
