/* SPDX-License-Identifier: MIT */
/* standing_test.c — the line that says why an instance does not move, for each reason there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static void expect(struct rig *rig, const char *id, const char *line)
{
    struct buf out = {0};
    assert_true(engine_standing(rig->engine, RIG_HUB, bytes_of_cstr(id), &out));
    buf_append_byte(&out, '\0');
    assert_string_equal((const char *)out.data, line);
    buf_fini(&out);
}

/* A worker that takes orchestrations of one name and version, and no activity. */
static void filtered_worker(struct rig *rig, uint64_t stream, const char *name, const char *version)
{
    struct bytes versions = bytes_of_cstr(version);
    struct pb_orchestration_filter filter = {
        .name = bytes_of_cstr(name), .versions = &versions, .versions_count = 1};
    struct pb_work_item_filters filters = {.orchestrations = &filter, .orchestrations_count = 1};
    struct pb_get_work_items_request request = {.work_item_filters = &filters};
    rig_stream(rig, stream, &request, "", stream);
}

static void close_stream(struct rig *rig, uint64_t stream)
{
    engine_stream_closed(rig->engine, stream, rig_time(rig), &rig->actions);
    rig_run(rig);
}

/* If this fails, an operator who asks why a turn is not taken is told nothing, or something else. */
static void a_turn_says_who_is_missing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_start(&rig, "x", "X");
    expect(&rig, "x", "its next turn waits: orchestration \"X\" (no worker is connected to its task hub)");
    filtered_worker(&rig, 1, "Y", "1.0");
    expect(&rig, "x", "its next turn waits: orchestration \"X\" (no connected worker takes that name)");
    filtered_worker(&rig, 2, "X", "2.0");
    expect(&rig, "x",
           "its next turn waits: orchestration \"X\" (connected workers take that name, but not in that "
           "version)");
    script_worker(&rig, 3);
    struct rig_work *turn = script_turn(&rig, "x");
    expect(&rig, "x", "its turn is under way: orchestration \"X\" (a worker has it)");
    rig_work_free(turn);
    rig_advance(&rig, 301 * RIG_SECOND); /* its lease runs out, and the only worker is tried again */
    close_stream(&rig, 3);
    rig_fini(&rig);
}

/* If this fails, an operator cannot tell an instance that waits for good reason from one that is stuck. */
static void waiting_says_for_what(void **state)
{
    struct rig rig;
    struct buf none = {0};
    struct pb_create_instance_request later = {.instance_id = BYTES_LITERAL("l"),
                                               .name = BYTES_LITERAL("X"),
                                               .scheduled_start_timestamp =
                                                   pb_time_from_ns(RIG_START + 60 * RIG_SECOND)};
    (void)state;
    rig_init(&rig, NULL);
    rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &later);
    expect(&rig, "l", "it is to start at 2023-11-14T22:14:20Z");
    filtered_worker(&rig, 1, "X", "");
    script_start(&rig, "e", "X");
    script_answer(&rig, script_turn(&rig, "e"), "");
    expect(&rig, "e", "it waits for an event");
    script_start(&rig, "t", "X");
    script_answer(&rig, script_turn(&rig, "t"), "timer 1 60");
    expect(&rig, "t", "it waits for an event or a timer at 2023-11-14T22:14:20Z");
    script_start(&rig, "a", "X");
    script_answer(&rig, script_turn(&rig, "a"), "activity 1 A; activity 2 B; timer 3 60");
    expect(&rig, "a",
           "it waits for 2 activities, among them activity \"A\" (no connected worker takes that name) and a "
           "timer at "
           "2023-11-14T22:14:20Z");
    script_start(&rig, "c", "X");
    script_answer(&rig, script_turn(&rig, "c"), "child 1 k");
    expect(&rig, "c", "it waits for sub-orchestration \"k\"");
    script_suspend(&rig, "e");
    script_answer(&rig, script_turn(&rig, "e"), "");
    script_raise(&rig, "e", "hello");
    expect(&rig, "e", "it is suspended; events that wait for the resume: 1");
    assert_false(engine_standing(rig.engine, RIG_HUB, BYTES_LITERAL("nobody"), &none));
    rig_fini(&rig);
}

/* If this fails, an operator cannot see which lock keeps an instance, and who holds it. */
static void waiting_for_an_entity_says_which_and_who_keeps_it(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    filtered_worker(&rig, 1, "X", "");
    script_start(&rig, "holder", "X");
    script_answer(&rig, script_turn(&rig, "holder"), "lock 1 cs @c@1");
    script_answer(&rig, script_turn(&rig, "holder"), "");
    script_start(&rig, "lock", "X");
    script_answer(&rig, script_turn(&rig, "lock"), "lock 1 cs @a@1,@C@1");
    expect(&rig, "lock", "it waits for the lock of entity \"@c@1\", which instance \"holder\" holds");
    script_start(&rig, "call", "X");
    script_answer(&rig, script_turn(&rig, "call"), "call 1 @c@1 get; timer 2 60");
    expect(&rig, "call",
           "it waits for entity \"@c@1\" (instance \"holder\" holds its lock) and a timer at "
           "2023-11-14T22:14:20Z");
    script_start(&rig, "two", "X");
    script_answer(&rig, script_turn(&rig, "two"), "call 1 @d@1 get; call 2 @c@1 get");
    expect(
        &rig, "two",
        "it waits for 2 operations of entities, among them one of entity \"@d@1\" (no connected worker takes "
        "that name)");
    rig_crash(&rig);
    expect(
        &rig, "two",
        "it waits for 2 operations of entities, among them one of entity \"@d@1\" (no worker is connected to "
        "its task hub)");
    expect(&rig, "holder", "it waits for an event");
    script_terminate(&rig, "holder", "", false);
    rig_advance(&rig, 10 * RIG_SECOND);
    expect(&rig, "lock", "its next turn waits: orchestration \"X\" (no worker is connected to its task hub)");
    expect(&rig, "call",
           "it waits for entity \"@c@1\" (instance \"lock\" holds its lock) and a timer at "
           "2023-11-14T22:14:20Z");
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_says_who_is_missing),
        cmocka_unit_test(waiting_says_for_what),
        cmocka_unit_test(waiting_for_an_entity_says_which_and_who_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
