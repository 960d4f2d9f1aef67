/* SPDX-License-Identifier: MIT */
/* trace_test.c — spans of executions and of entities' operations: told once they are on disk, below the right parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine_script.h"

#define CLIENT_TRACE "0af7651916cd43dd8448eb211c80319c"
#define CLIENT_SPAN  "b7ad6b7169203331"

static const struct engine_options traced = {.traces = true};

static const char *spans(struct rig *rig)
{
    buf_append_byte(&rig->spans, 0);
    return (const char *)rig->spans.data;
}

static void signal_with(struct rig *rig, const char *flags)
{
    char text[64];
    snprintf(text, sizeof text, "00-" CLIENT_TRACE "-" CLIENT_SPAN "-%s", flags);
    struct pb_trace_context context = {.trace_parent = bytes_of_cstr(text)};
    struct pb_signal_entity_request request = {
        .instance_id = BYTES_LITERAL("@c@1"), .name = BYTES_LITERAL("add"), .parent_trace_context = &context};
    rig_call(rig, ENGINE_SIGNAL_ENTITY, &pb_signal_entity_request_message, &request);
}

/* If this fails, a collector shows an end that a power cut took back. */
static void nothing_is_told_before_it_is_on_disk(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, &traced);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    struct rig_work *turn = script_turn(&rig, "o");
    rig.commits_held = true;
    script_answer(&rig, turn, "complete 1 done");
    assert_int_equal(rig.spans.size, 0);
    while (rig_commit(&rig))
        ;
    rig_run(&rig);
    assert_non_null(strstr(spans(&rig), "\"name\":\"orchestration:X\""));
    rig_fini(&rig);
}

/* If this fails, an end that was lost is told all the same. */
static void what_a_crash_takes_is_not_told(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, &traced);
    script_worker(&rig, 1);
    signal_with(&rig, "01");
    struct rig_work *batch = script_batch(&rig, "@c@1", "add");
    rig.commits_held = true;
    script_batch_done(&rig, batch, "s");
    rig_crash(&rig);
    assert_int_equal(rig.spans.size, 0);
    rig_fini(&rig);
}

/* If this fails, the trace of whoever signals an entity ends at the scheduler (spec 3.24, number 4). */
static void a_signal_goes_on_in_its_clients_trace(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, &traced);
    signal_with(&rig, "01");
    rig_crash(&rig); /* it is kept with the signal */
    script_worker(&rig, 1);
    script_batch_done(&rig, script_batch(&rig, "@c@1", "add"), "s");
    const char *json = spans(&rig);
    assert_non_null(strstr(json, "\"traceId\":\"" CLIENT_TRACE "\""));
    assert_non_null(
        strstr(json, "\"parentSpanId\":\"" CLIENT_SPAN "\",\"name\":\"entity:c:add\",\"kind\":5"));
    assert_non_null(strstr(json, "signal_entity"));
    rig_fini(&rig);
}

static void what_is_not_sampled_is_not_told(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, &traced);
    script_worker(&rig, 1);
    signal_with(&rig, "00");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "add"), "s");
    assert_int_equal(rig.spans.size, 0);
    rig_fini(&rig);
}

/* The text of the first span in `json` whose name is that one, up to `size` bytes; its spanId or parentSpanId. */
static void member_of(const char *json, const char *name_and_kind, const char *member, char ret_id[17])
{
    const char *name = strstr(json, name_and_kind);
    assert_non_null(name);
    const char *at = name;
    while (at > json && strncmp(at, "{\"traceId\"", 10) != 0)
        at--;
    at = strstr(at, member);
    assert_true(at && at < name);
    snprintf(ret_id, 17, "%s", at + strlen(member));
}

/* If this fails, what an entity does for an orchestration hangs in the air, or below somebody else's span. */
static void an_operation_hangs_below_the_call_of_its_orchestration(void **state)
{
    static const struct {
        const char *action, *sender, *entity;
    } kinds[] = {
        {"call 1 @c@1 get", "\"name\":\"entity:c:get\",\"kind\":3", "\"name\":\"entity:c:get\",\"kind\":2"},
        {"signal 1 @c@1 add", "\"name\":\"entity:c:add\",\"kind\":4", "\"name\":\"entity:c:add\",\"kind\":5"},
    };
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(kinds); n++) {
        struct rig rig;
        char call[17];
        char parent[17];
        rig_init(&rig, &traced);
        script_worker(&rig, 1);
        script_start(&rig, "o", "X");
        script_answer(&rig, script_turn(&rig, "o"), kinds[n].action);
        script_batch_done(&rig, script_batch(&rig, "@c@1", n ? "add" : "get"), "s");
        script_raise(&rig, "o", "on");
        script_answer(&rig, script_turn(&rig, "o"), "complete 2 done");
        const char *json = spans(&rig);
        member_of(json, kinds[n].sender, "\"spanId\":\"", call);
        member_of(json, kinds[n].entity, "\"parentSpanId\":\"", parent);
        assert_string_equal(call, parent);
        rig_fini(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_before_it_is_on_disk),
        cmocka_unit_test(what_a_crash_takes_is_not_told),
        cmocka_unit_test(a_signal_goes_on_in_its_clients_trace),
        cmocka_unit_test(what_is_not_sampled_is_not_told),
        cmocka_unit_test(an_operation_hangs_below_the_call_of_its_orchestration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
