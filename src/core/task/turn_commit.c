/* SPDX-License-Identifier: MIT */
/* turn_commit.c — the helpers, then the phases in the order in which turn_commit calls them.
 * ORDER: events of the inbox first, then judging, actions, payloads, history: each may read what the one before has written. */
#include "core/task/turn_commit.h"

#include "core/task/activity.h"
#include "core/task/decision.h"
#include "core/task/ending.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/instance_past.h"
#include "core/task/limits.h"
#include "core/task/residence.h"
#include "core/task/turn.h"

static const struct pb_orchestrator_action *find_completion(const struct turn_answer *answer)
{
    for (size_t n = 0; n < answer->count; n++)
        if (answer->actions[n]->orchestrator_action_type_case ==
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            return answer->actions[n];
    return NULL;
}

static struct objection find_objection(struct engine *engine, const struct turn_answer *answer)
{
    size_t size = answer->last->custom_status.value.size;
    if (size > engine->options.payload_size_max)
        return (struct objection){"PayloadTooLarge",
                                  limits_text(&engine->scratch, "the custom status of the orchestrator", size,
                                              engine->options.payload_size_max)};
    if (answer->unreadable)
        return (struct objection){"InvalidRewind",
                                  "The orchestrator answered with a history that cannot be read."};
    for (size_t n = 0; n < answer->count; n++) {
        struct objection objection = decision_objection(engine, answer->actions[n]);
        if (objection.type)
            return objection;
    }
    return (struct objection){NULL, NULL};
}

static struct pb_opt_bytes terminate_output(struct engine *engine, struct bytes event)
{
    struct pb_history_event decoded;
    if (pb_history_event_decode(&engine->scratch, event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_EXECUTION_TERMINATED)
        return pb_none();
    return decoded.execution_terminated->input;
}

static struct pb_string_entry *overlay_tags(struct engine *engine,
                                            const struct pb_execution_started_event *old,
                                            const struct pb_complete_orchestration_action *action,
                                            size_t *ret_count)
{
    size_t room = old->tags_count + action->tags_count;
    struct pb_string_entry *tags = memory_must(arena_alloc_array(&engine->scratch, room, sizeof *tags));
    size_t count = 0;
    struct bytes value;
    for (size_t n = 0; n < old->tags_count; n++)
        if (!pb_string_entry_find(action->tags, action->tags_count, old->tags[n].key, &value))
            tags[count++] = old->tags[n];
    for (size_t n = 0; n < action->tags_count; n++)
        tags[count++] = action->tags[n];
    *ret_count = count;
    return tags;
}

/* The events that a new execution begins with, as they go into its inbox. */
static struct bytes *make_carryover(struct engine *engine, const struct instance *instance,
                                    const struct pb_complete_orchestration_action *action, size_t *ret_count)
{
    struct bytes *carryover = memory_must(
        arena_alloc_array(&engine->scratch, action->carryover_events_count + 1, sizeof *carryover));
    size_t count = 0;
    if (instance->row.suspended) /* the new execution must know, and before it hears anything else */
        carryover[count++] = event_suspended(&engine->scratch, pb_none());

    for (size_t n = 0; n < action->carryover_events_count; n++) {
        struct pb_history_event event = action->carryover_events[n];
        if (event.event_type_case == PB_HISTORY_EVENT_NOT_SET)
            continue;
        event.event_id = EVENT_ID_OUTSIDE;
        event.timestamp.present = false; /* it is stamped when it is delivered */
        carryover[count++] = event_encode(&engine->scratch, &event);
    }
    *ret_count = count;
    return carryover;
}

/* Continue-as-new (spec 3.10): the ExecutionStarted of the old execution, with what the action changes in it. */
static void renew(struct engine *engine, struct instance *instance,
                  const struct pb_complete_orchestration_action *action)
{
    size_t count;
    struct bytes *carryover = make_carryover(engine, instance, action, &count);

    struct pb_execution_started_event started = *instance_started(engine, instance);
    struct pb_orchestration_instance self = {.instance_id = instance->row.instance_id,
                                             .execution_id =
                                                 pb_some(engine_new_id(engine, &engine->scratch))};
    started.tags = overlay_tags(engine, &started, action, &started.tags_count);
    started.orchestration_instance = &self;
    started.input = action->result;
    if (action->new_version.present)
        started.version = action->new_version;
    started.scheduled_start_timestamp.present = false;

    /* The turn ends before the inbox is emptied, for it may have taken events of it. */
    instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT, (struct payload){false, {0}});
    turn_drop(engine, instance);
    instance_renew(engine, instance, &started, carryover, count);
}

static void set_custom_status(struct engine *engine, struct instance *instance, struct pb_opt_bytes status)
{
    if (status.present)
        instance_set_payload(engine, instance, PAYLOAD_CUSTOM_STATUS,
                             (struct payload){status.value.size > 0, status.value});
}

static struct pb_opt_bytes failure_of(struct engine *engine,
                                      const struct pb_complete_orchestration_action *action)
{
    if (action->failure_details)
        return pb_some(limits_cut_failure(&engine->scratch, action->failure_details->raw,
                                          engine->options.payload_size_max));
    return pb_some(
        event_failure(&engine->scratch, "OrchestrationFailed", "The orchestration failed without details."));
}

/* What the answer says about the end: CONTINUED_AS_NEW, a terminal status, or RUNNING for none. Two things
 * can overrule it: an action that cannot be carried out, and a terminate that the worker did not act upon. */
static struct ending find_ending(struct engine *engine, struct objection objection,
                                 const struct pb_orchestrator_action *completion, struct bytes terminate)
{
    if (objection.type) {
        struct bytes failure = event_failure(&engine->scratch, objection.type, objection.text);
        return (struct ending){.status = INSTANCE_FAILED, .failure = pb_some(failure)};
    }

    /* decision_objection has refused a status that no completion may carry. */
    struct ending ending = {.status = INSTANCE_RUNNING};
    if (completion)
        ending.status = instance_status_of(completion->complete_orchestration->orchestration_status);
    if (terminate.size && !instance_status_terminal(ending.status))
        return (struct ending){.status = INSTANCE_TERMINATED, .output = terminate_output(engine, terminate)};

    if (instance_status_terminal(ending.status))
        ending.output = completion->complete_orchestration->result;
    if (ending.status == INSTANCE_FAILED)
        ending.failure = failure_of(engine, completion->complete_orchestration);
    return ending;
}

/* --- the phases, in their order --- */

/* What the phases hand on. */
struct commit {
    struct decision decision; /* its blob is `blob` */
    struct buf blob;          /* the turn's history: its events, then what was decided upon them */
    struct bytes terminate;   /* the ExecutionTerminated among the events, in scratch; empty: none */
    const struct pb_orchestrator_action *completion; /* or NULL */
    struct objection objection;
    struct ending ending;
};

/* One event leaves the inbox. What it says about suspension holds from here on, for the answer knew it. */
static void consume_event(struct engine *engine, struct commit *commit, struct inbox_event *event)
{
    struct instance *instance = commit->decision.instance;
    if (event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
        commit->terminate = memory_arena_copy(&engine->scratch, event->event); /* the event is freed */
    else if (event->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
        instance_set_suspended(instance, true);
    else if (event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
        instance_set_suspended(instance, false);
    inbox_delete(engine, event);
}

/* Moves the processed events from the inbox to the blob, as the exact bytes that the worker saw: it will be shown
 * them again as its past. turn.events is turn.taken rendered, one to one, behind an OrchestratorStarted. */
static void consume_events(struct engine *engine, struct commit *commit, int32_t processed)
{
    struct instance *instance = commit->decision.instance;
    struct turn *turn = &instance->turn;
    struct bytes rest = buf_peek(&turn->events);
    struct bytes event;
    if (processed > 0 && instance->row.history_count == 0)
        processed = MAX(processed, 2); /* an execution with a history has its ExecutionStarted in it */

    struct bytes body;
    int32_t shown = 0; /* the worker counts what it was shown */
    for (int32_t n = 0; (processed <= 0 || shown < processed) && event_next(&rest, &event); n++) {
        commit->decision.count++;
        shown += !turn->rewound || event_peek(event, &body) != PB_HISTORY_EVENT_EXECUTION_REWOUND;
        if (n > 0) /* OrchestratorStarted came from no inbox */
            consume_event(engine, commit, CONTAINER_OF(turn->taken.next, struct inbox_event, link));
    }
    instance->history_rewound |= turn->rewound; /* if it was not consumed, this costs a look */
    size_t consumed = turn->events.size - rest.size;
    buf_append_bytes(&commit->blob, bytes_slice(buf_peek(&turn->events), 0, consumed));

    /* What was sent but not processed waits for the next turn, where it was. */
    inbox_untake(instance, &turn->taken);
}

/* Decides how the turn ends before any of it is done: if one action cannot be carried out, none is. */
static void judge(struct engine *engine, struct commit *commit, const struct turn_answer *answer)
{
    commit->completion = find_completion(answer);
    commit->objection = find_objection(engine, answer);
    commit->ending = find_ending(engine, commit->objection, commit->completion, commit->terminate);
    commit->decision.renews = commit->ending.status == INSTANCE_CONTINUED_AS_NEW;
    commit->decision.ends = instance_status_terminal(commit->ending.status);
}

static void apply_actions(struct engine *engine, struct commit *commit, const struct turn_answer *answer)
{
    /* Before the actions: activities of earlier turns have nobody to report to and go, those that the last turn
     * schedules are meant to outlive it. */
    if (commit->decision.ends)
        activity_drop_all(engine, commit->decision.instance);

    if (commit->objection.type)
        return;
    for (size_t n = 0; n < answer->count; n++)
        if (answer->actions[n]->orchestrator_action_type_case !=
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            decision_apply(engine, &commit->decision, answer->actions[n]);
}

static void keep_payloads(struct engine *engine, const struct commit *commit,
                          const struct turn_answer *answer)
{
    struct instance *instance = commit->decision.instance;
    if (!commit->objection.type)
        set_custom_status(engine, instance, answer->last->custom_status);
    if (answer->trace_context)
        instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT,
                             (struct payload){true, answer->trace_context->raw});
}

/* True if the mark, or its double, or the double of that, lies between. */
static bool passes(uint64_t mark, uint64_t before, uint64_t after)
{
    while (mark <= before)
        mark *= 2;
    return mark <= after;
}

/* A worker replays all of it at each turn, so it gets slower until it seems to stand still. */
static void note_large_history(struct engine *engine, const struct instance *instance, int64_t count_before,
                               size_t size_before)
{
    if (passes(TASK_HISTORY_LARGE_EVENTS, (uint64_t)count_before, (uint64_t)instance->row.history_count) ||
        passes(TASK_HISTORY_LARGE_SIZE, size_before, instance->history_size))
        engine_note(engine, LOG_LEVEL_WARN, instance->hub, instance->row.instance_id,
                    "the history of orchestration \"%.*s\" has %lld events, %zu bytes, and each turn replays "
                    "them all: let it continue as new",
                    BYTES_FMT(instance->row.name), (long long)instance->row.history_count,
                    instance->history_size);
}

static void append_history(struct engine *engine, struct commit *commit)
{
    struct decision *decision = &commit->decision;
    const struct instance *instance = decision->instance;
    int64_t count = instance->row.history_count;
    size_t size = instance->history_size;
    if (decision->ends) {
        bool by_completion = commit->completion && !commit->objection.type;
        ending_append_completed(&commit->blob, by_completion ? commit->completion->id : EVENT_ID_OUTSIDE,
                                &commit->ending, decision->now_ns);
        decision->count++;
    }
    instance_append_history(engine, decision->instance, buf_peek(&commit->blob), decision->count);
    if (!decision->ends)
        note_large_history(engine, instance, count, size);
}

/* The instance lives on: its next turn may be due already. */
static void go_on(struct engine *engine, struct instance *instance)
{
    turn_drop(engine, instance); /* before inbox_turn_due, which queues only what is idle */
    instance_move(engine, instance, instance->suspend_wanted ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
    gate_put(engine, instance); /* the status may have stayed, but the row has not */
    inbox_turn_due(engine, instance);
    residence_place(engine, instance);
}

/* The answer is another history (spec 3.14). It has the events of this turn, so they are not appended; what else the
 * answer asks for belongs to the history that goes. */
static void rewind(struct engine *engine, struct commit *commit, const struct turn_answer *answer)
{
    struct instance *instance = commit->decision.instance;
    buf_fini(&commit->blob);
    turn_drop(engine, instance); /* before the inbox is emptied */
    rewind_apply(engine, answer->rewind, pb_none());
}

void turn_commit(struct engine *engine, struct instance *instance, const struct turn_answer *answer)
{
    struct commit commit = {.blob = {.limit = SIZE_MAX}};
    commit.decision = (struct decision){
        .instance = instance, .blob = &commit.blob, .now_ns = instance_stamp(engine, instance)};

    /* First what happened, then what was decided: history has that order, and a terminate or a suspend among the
     * events bears on how the answer is judged. */
    consume_events(engine, &commit, answer->processed);
    judge(engine, &commit, answer);
    if (answer->rewind && !commit.decision.ends) {
        rewind(engine, &commit, answer);
        engine->turns_committed++;
        return;
    }
    apply_actions(engine, &commit, answer);

    /* Before renew, which drops the trace context of the old execution. */
    keep_payloads(engine, &commit, answer);
    instance_updated(instance, commit.decision.now_ns);

    /* After the actions, which add to the blob. A new execution begins without a past: the blob is dropped. */
    if (commit.decision.renews)
        ending_trace(engine, instance, buf_peek(&commit.blob), "CONTINUED_AS_NEW", false);
    if (commit.decision.renews)
        renew(engine, instance, commit.completion->complete_orchestration);
    else
        append_history(engine, &commit);
    buf_fini(&commit.blob);

    /* Last: an ending needs its ExecutionCompleted in the history, and tells others. */
    if (commit.decision.ends)
        ending_apply(engine, instance, &commit.ending);
    else
        go_on(engine, instance);
    engine->turns_committed++;
}
