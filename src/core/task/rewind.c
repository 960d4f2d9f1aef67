/* SPDX-License-Identifier: MIT */
/* rewind.c — a breadth-first walk from a failed instance down its failed children makes a plan for each; then the plans are
 * carried out, parents first, without a way to fail. */
#include "core/task/rewind.h"

#include "core/task/call.h"
#include "core/task/decision.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/instance_past.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/residence.h"
#include "core/task/start_policy.h"
#include "core/task/turn.h"

struct rewind_item {
    struct instance *instance;
    struct instance *parent; /* that waits for it; NULL: the root */
    struct rewind_plan plan;
};

/* --- collecting --- */

static void add(struct engine *engine, struct rewind *rewind, struct instance *instance,
                struct instance *parent)
{
    if (map_get(&rewind->seen, instance->map_key))
        return;
    if (rewind->count == rewind->room) {
        size_t room = MAX(16, rewind->room * 2);
        struct rewind_item *items = memory_must(arena_alloc_array(&engine->scratch, room, sizeof *items));
        if (rewind->count)
            memcpy(items, rewind->items, rewind->count * sizeof *items);
        rewind->items = items;
        rewind->room = room;
    }
    memory_must_ok(map_put(&rewind->seen, instance->map_key, instance));
    rewind->items[rewind->count++] = (struct rewind_item){.instance = instance, .parent = parent};
}

/* The children that nobody has an answer of: one that failed is rewound, too; the output of one that completed is
 * needed. An id that is refused was refused when the child was to be created. */
static void add_children(struct engine *engine, struct call *call, struct rewind *rewind,
                         struct instance *instance, const struct rewind_plan *plan)
{
    const char *text;
    for (size_t n = 0; n < plan->child_count; n++) {
        struct bytes id = plan->children[n].created->instance_id;
        if (start_policy_check_id(id, &text) != STATUS_OK)
            continue;
        struct instance *child = call_need(engine, call, id);
        if (!child || !instance_is_child(child, instance, plan->children[n].task_id))
            continue;
        if (child->row.status == INSTANCE_FAILED)
            add(engine, rewind, child, instance);
        else if (child->row.status == INSTANCE_COMPLETED)
            (void)call_need_payloads(engine, call, child);
    }
}

struct bytes rewind_action_history(struct engine *engine, const struct pb_rewind_orchestration_action *action)
{
    struct buf blob = {.limit = SIZE_MAX};
    for (size_t n = 0; n < action->new_history_count; n++)
        event_append_whole(&blob, action->new_history[n].raw);
    memory_must_ok(buf_status(&blob));
    struct bytes copy = memory_arena_copy(&engine->scratch, buf_peek(&blob));
    buf_fini(&blob);
    return copy;
}

enum status rewind_collect(struct engine *engine, struct call *call, struct instance *root,
                           struct bytes history, struct rewind *ret_rewind)
{
    *ret_rewind = (struct rewind){.items = NULL};
    map_init(&ret_rewind->seen, 0, 0);
    add(engine, ret_rewind, root, NULL);
    for (size_t n = 0; n < ret_rewind->count; n++) { /* grows while it runs: level by level */
        struct instance *instance = ret_rewind->items[n].instance;
        if (n > 0 && !call_need_history(engine, call, instance))
            continue;

        /* A copy: the plan points into it, and is carried out when what is left stands in the place of the history. */
        struct bytes blob = n > 0 ? buf_peek(&instance->history) : history;
        struct rewind_plan plan;
        enum status status =
            rewind_plan_make(&engine->scratch, memory_arena_copy(&engine->scratch, blob), &plan);
        if (status != STATUS_OK)
            return status;
        ret_rewind->items[n].plan = plan;
        add_children(engine, call, ret_rewind, instance, &plan);
    }
    return STATUS_OK;
}

void rewind_fini(struct rewind *rewind)
{
    map_fini(&rewind->seen);
}

/* --- the children of one instance --- */

static void start_again_child(struct engine *engine, struct instance *instance,
                              const struct rewind_child *from, struct instance *child)
{
    const struct pb_sub_orchestration_instance_created_event *created = from->created;
    struct pb_create_sub_orchestration_action like = {.instance_id = created->instance_id,
                                                      .name = created->name,
                                                      .version = created->version,
                                                      .input = created->input,
                                                      .parent_trace_context = created->parent_trace_context,
                                                      .tags = created->tags,
                                                      .tags_count = created->tags_count};
    if (instance_exists(child))
        instance_delete(engine, child);
    decision_start_child(engine, instance, true, from->task_id, child, &like);
}

static void fail_child(struct engine *engine, struct instance *instance, int32_t task_id, const char *type,
                       const char *text)
{
    struct bytes failure = event_failure(&engine->scratch, type, text);
    inbox_add(engine, instance, event_child_failed(&engine->scratch, task_id, failure), true, 0);
}

/* Sees to it that the new execution is answered by a child that the old one has started. */
static void renew_child(struct engine *engine, const struct rewind *rewind, struct instance *instance,
                        const struct rewind_child *from)
{
    const char *text = "the name is empty";
    struct bytes id = from->created->instance_id;
    if (from->created->name.size == 0 || start_policy_check_id(id, &text) != STATUS_OK) {
        fail_child(engine, instance, from->task_id, "InvalidSubOrchestration", text);
        return;
    }
    struct instance *child = instance_find(engine, instance->row.hub, id);
    ASSERT(child && child->known); /* add_children has asked for it */
    bool own = instance_is_child(child, instance, from->task_id);
    bool rewound = map_get(&rewind->seen, child->map_key); /* now or in its turn: it lives */
    if (rewound && own)
        return;

    if (instance_live(child) && own)
        instance_adopt(engine, child, instance);
    else if (instance_live(child) || rewound) /* an id of somebody else's, such as its parent's own */
        fail_child(engine, instance, from->task_id, "OrchestrationAlreadyExists",
                   "An orchestration instance with this id is running.");
    else if (child->row.status == INSTANCE_COMPLETED && own) {
        struct payload output = child->payloads[PAYLOAD_OUTPUT];
        inbox_add(engine, instance,
                  event_child_completed(&engine->scratch, from->task_id,
                                        (struct pb_opt_bytes){output.present, output.value}),
                  true, 0);
    } else {
        start_again_child(engine, instance, from, child);
    }
}

/* --- one instance --- */

/* The id that a worker gave the new execution, or one of ours. */
static struct bytes new_execution_id(struct engine *engine, const struct instance *instance,
                                     const struct pb_orchestration_instance *self)
{
    struct bytes id = self ? self->execution_id.value : (struct bytes){0};
    bool usable = id.size > 0 && id.size <= INSTANCE_ID_SIZE_MAX;
    if (usable && !bytes_equal(id, instance->row.execution_id))
        return id;
    return engine_new_id(engine, &engine->scratch);
}

/* Who is rewound by itself has no parent that waits. Should the old one still be there, having heard of the failure, it
 * must not hear of a second end: not after a restart either, which goes by this id. */
static struct bytes parent_execution(const struct engine *engine, const struct instance *instance,
                                     const struct rewind_item *item,
                                     const struct pb_orchestration_instance *parent)
{
    if (item->parent)
        return item->parent->row.execution_id;
    const struct instance *old = instance_find(engine, instance->row.hub, parent->instance_id);
    bool there = old && old->known && instance_live(old) &&
                 bytes_equal(old->row.execution_id, parent->execution_id.value);
    return there ? (struct bytes){0} : parent->execution_id.value;
}

static void begin(struct engine *engine, struct rewind_item *item)
{
    struct instance *instance = item->instance;
    struct pb_execution_started_event *started = item->plan.started->execution_started;
    struct pb_orchestration_instance self = {
        .instance_id = instance->row.instance_id,
        .execution_id = pb_some(new_execution_id(engine, instance, started->orchestration_instance))};
    struct pb_parent_instance_info *parent = started->parent_instance;
    started->orchestration_instance = &self;
    if (parent && parent->orchestration_instance) {
        struct bytes id = parent_execution(engine, instance, item, parent->orchestration_instance);
        parent->orchestration_instance->execution_id = (struct pb_opt_bytes){id.size > 0, id};
    }

    struct buf blob = {.limit = SIZE_MAX};
    rewind_plan_write(&item->plan, &blob);
    memory_must_ok(buf_status(&blob));
    instance_rewind(engine, instance, started, buf_peek(&blob), (int64_t)item->plan.event_count);
    buf_fini(&blob);
    started->orchestration_instance = NULL; /* it ends with this function */
}

/* How it ended is not true any more. */
static void forget_end(struct engine *engine, struct instance *instance)
{
    static const enum payload_kind kinds[] = {PAYLOAD_OUTPUT, PAYLOAD_FAILURE, PAYLOAD_TRACE_CONTEXT};
    for (size_t n = 0; n < ARRAY_SIZE(kinds); n++)
        instance_set_payload(engine, instance, kinds[n], (struct payload){.present = false});
    instance->row.completed_ns = 0;
    instance_updated(instance, instance_stamp(engine, instance));
}

static void rearm_timers(struct engine *engine, struct instance *instance, const struct rewind_plan *plan)
{
    for (size_t n = 0; n < plan->timer_count; n++) {
        struct pb_opt_time fire_at = plan->timers[n].fire_at;
        inbox_add(engine, instance, event_timer_fired(&engine->scratch, plan->timers[n].id, fire_at), true,
                  event_timer_due_ns(fire_at));
    }
}

static void apply(struct engine *engine, const struct rewind *rewind, struct rewind_item *item,
                  struct pb_opt_bytes reason)
{
    struct instance *instance = item->instance;
    struct instance *parent = item->parent;
    begin(engine, item);
    forget_end(engine, instance);
    gate_put(engine, instance);
    instance_move(engine, instance, INSTANCE_RUNNING);
    if (parent) {
        instance->parent = parent;
        list_push_back(&parent->children, &instance->child_link);
    }

    /* The rewind first: it is the cause of all that follows. */
    inbox_add(engine, instance,
              event_rewound(&engine->scratch, reason, parent ? parent->row.execution_id : (struct bytes){0},
                            parent ? instance->row.instance_id : (struct bytes){0}),
              true, 0);
    instance_set_suspended(instance, item->plan.suspended);
    instance_want_suspended(instance, false);
    if (item->plan.suspended) /* it was, when it failed; a rewind lets it go on */
        inbox_add(engine, instance, event_resumed(&engine->scratch, pb_none()), true, 0);
    rearm_timers(engine, instance, &item->plan);
    for (size_t n = 0; n < item->plan.child_count; n++)
        renew_child(engine, rewind, instance, &item->plan.children[n]);
    inbox_turn_due(engine, instance);
    residence_place(engine, instance);
}

void rewind_apply(struct engine *engine, struct rewind *rewind, struct pb_opt_bytes reason)
{
    if (!reason.present) /* a worker that rewrites a history leaves it there */
        reason = rewind->items[0].plan.reason;
    for (size_t n = 0; n < rewind->count; n++)
        apply(engine, rewind, &rewind->items[n], reason);
}

/* --- RewindInstance --- */

/* What is behind a lock in the history would run on without it: the locks went when the instance ended. */
static bool is_locked(const struct rewind *rewind)
{
    for (size_t n = 0; n < rewind->count; n++)
        if (rewind->items[n].plan.locked)
            return true;
    return false;
}

/* True if the call is answered. */
static bool refuse(struct engine *engine, struct call *call, const struct instance *instance, struct bytes id)
{
    const char *text = NULL;
    enum status status = STATUS_OK;
    if (!instance_exists(instance)) {
        status = STATUS_NOT_FOUND;
        text = memory_must(arena_fmt(&engine->scratch, "no orchestration instance '%.*s'", BYTES_FMT(id)));
    } else if (instance->row.status != INSTANCE_FAILED) {
        status = STATUS_FAILED_PRECONDITION;
        text = memory_must(
            arena_fmt(&engine->scratch,
                      "rewind is not allowed: the instance is %s, and only one that is FAILED can "
                      "be rewound",
                      instance_status_name(instance->row.status)));
    }
    if (text)
        call_fail(engine, call, status, text, instance->changed_sequence);
    return text != NULL;
}

void rewind_instance(struct engine *engine, struct call *call)
{
    struct pb_rewind_instance_request request;
    const char *text = NULL;
    size_t size_max = engine->options.payload_size_max;
    if (pb_rewind_instance_request_decode(&engine->inbound, call->message, &request) != STATUS_OK)
        text = "the request is not a RewindInstanceRequest";
    else if (request.instance_id.size == 0 || request.instance_id.size > INSTANCE_ID_SIZE_MAX)
        text = "instance id length must be 1 to 100 characters";
    else if (request.reason.value.size > size_max)
        text = limits_text(&engine->scratch, "the reason", request.reason.value.size, size_max);
    if (text) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, text, 0);
        return;
    }
    struct instance *instance = call_need(engine, call, request.instance_id);
    if (!instance || refuse(engine, call, instance, request.instance_id) ||
        !call_need_history(engine, call, instance))
        return;

    struct rewind rewind;
    enum status status = rewind_collect(engine, call, instance, buf_peek(&instance->history), &rewind);
    if (status != STATUS_OK) {
        call_fail(engine, call, STATUS_DATA_LOSS, "the stored history cannot be read", 0);
    } else if (!call_missing(call) && is_locked(&rewind)) {
        call_fail(engine, call, STATUS_FAILED_PRECONDITION,
                  "rewind is not allowed: the instance, or a child, failed within a critical section, whose "
                  "locks it lost",
                  instance->changed_sequence);
    } else if (!call_missing(call)) {
        rewind_apply(engine, &rewind, request.reason);
        call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
    }
    rewind_fini(&rewind);
}
