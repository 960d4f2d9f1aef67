/* SPDX-License-Identifier: MIT */
/* watch_test.c — what a watcher is told of instances. If this fails, a page that follows a hub shows what is not on disk, or
 * misses what is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static void purge(struct rig *rig, const char *id)
{
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = bytes_of_cstr(id)};
    rig_call(rig, ENGINE_PURGE, &pb_purge_instances_request_message, &request);
}

static void a_watcher_is_told_of_each_commit_in_order(void **state)
{
    struct rig rig;
    rig_init(&rig, NULL);
    script_start(&rig, "unseen", "X");
    engine_watch(rig.engine, RIG_HUB, true);
    script_worker(&rig, 1);
    script_start(&rig, "a", "X");
    assert_string_equal(rig.changes, "a PENDING; ");
    struct rig_work *turn = script_turn(&rig, "unseen");
    script_answer(&rig, turn, "");
    assert_string_equal(rig.changes, "a PENDING; unseen RUNNING; ");
    script_answer(&rig, script_turn(&rig, "a"), "complete 1 x");
    purge(&rig, "a");
    assert_string_equal(rig.changes, "a PENDING; unseen RUNNING; a COMPLETED; a gone; ");
    engine_watch(rig.engine, RIG_HUB, false);
    script_start(&rig, "b", "X");
    assert_string_equal(rig.changes, "a PENDING; unseen RUNNING; a COMPLETED; a gone; ");
    rig_fini(&rig);
}

static void nothing_is_told_before_it_is_on_disk(void **state)
{
    struct rig rig;
    rig_init(&rig, NULL);
    engine_watch(rig.engine, RIG_HUB, true);
    rig.commits_held = true;
    uint64_t call = script_start(&rig, "a", "X");
    assert_string_equal(rig.changes, "");
    assert_true(rig_commit(&rig));
    assert_string_equal(rig.changes, "a PENDING; ");
    assert_non_null(rig_reply_of(&rig, call));

    script_start(&rig, "b", "X");
    rig_crash(&rig); /* with the set that held b */
    rig.commits_held = false;
    assert_string_equal(rig.changes, "a PENDING; ");
    assert_int_equal(script_status(&rig, "b"), -1);
    script_start(&rig, "c", "X"); /* the new engine is watched by nobody yet */
    assert_string_equal(rig.changes, "a PENDING; ");
    rig_fini(&rig);
}

static void an_id_that_is_used_again_in_one_commit_is_gone_first(void **state)
{
    struct rig rig;
    rig_init(&rig, NULL);
    engine_watch(rig.engine, RIG_HUB, true);
    script_start(&rig, "a", "X");
    script_terminate(&rig, "a", "x", false);
    rig.changes[0] = '\0';
    script_start(&rig, "a", "Y"); /* replaces what is over */
    assert_string_equal(rig.changes, "a gone; a PENDING; ");
    rig_fini(&rig);
}

/* If this fails, a page shows an entity as it was, or who holds it no more. */
static void a_watcher_is_told_of_states_and_locks(void **state)
{
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    engine_watch(rig.engine, RIG_HUB, true);
    script_signal(&rig, "@c@1", "go");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "go"), "s");
    assert_string_equal(rig.changes, "@c@1 by ; ");
    script_start(&rig, "o", "X");
    rig.changes[0] = '\0';
    script_answer(&rig, script_turn(&rig, "o"), "lock 1 cs @c@1");
    assert_non_null(strstr(rig.changes, "@c@1 by o; "));
    rig.changes[0] = '\0';
    script_answer(&rig, script_turn(&rig, "o"), "unlock 2 cs @c@1; complete 3 done");
    assert_non_null(strstr(rig.changes, "@c@1 by ; "));
    rig.changes[0] = '\0';
    script_signal(&rig, "@c@1", "delete");
    struct rig_work *batch = script_batch(&rig, "@c@1", "delete");
    rig.commits_held = true;
    script_batch_done(&rig, batch, NULL);
    assert_string_equal(rig.changes, "");
    while (rig_commit(&rig))
        ;
    rig_run(&rig);
    assert_string_equal(rig.changes, "@c@1 gone; ");
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watcher_is_told_of_each_commit_in_order),
        cmocka_unit_test(nothing_is_told_before_it_is_on_disk),
        cmocka_unit_test(an_id_that_is_used_again_in_one_commit_is_gone_first),
        cmocka_unit_test(a_watcher_is_told_of_states_and_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
