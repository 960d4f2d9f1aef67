/* SPDX-License-Identifier: MIT */
/* sim_worker.c — see sim_worker.h. */
#include "sim_worker.h"

#include <string.h>

#define IDS_PER_STEP 4
#define STEPS_MAX    4
#define IDS_MAX      ((STEPS_MAX + 1) * IDS_PER_STEP)
#define DEPTH_MAX    2 /* of children within children */
#define RENEWALS_MAX 2
#define EVENTS_MAX   512
#define SECOND       INT64_C(1000000000)

enum step_kind {
    STEP_ACTIVITY,
    STEP_TIMER,
    STEP_FAN_OUT,
    STEP_CHILD,
    STEP_SEND,
    STEP_CALL,
    STEP_LOCK,
    STEP_KIND_COUNT
};

struct replay {
    struct bytes id;
    uint64_t program; /* hash of the name and the generation */
    uint64_t generation;
    int64_t now_ns;
    bool scheduled[IDS_MAX];
    bool done[IDS_MAX];
    bool suspended;
    bool terminated;
    bool rewinds; /* instances are rewound in this run */
    bool lost;    /* this one was, and does not fit its orchestrator any more */
    struct pb_opt_bytes output;
    struct pb_history_event raised[EVENTS_MAX];
    size_t raised_count;
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdu;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53u;
    return x ^ x >> 33;
}

static uint64_t hash(struct bytes b)
{
    uint64_t h = b.size;
    for (size_t n = 0; n < b.size; n++)
        h = mix(h ^ b.data[n]);
    return h;
}

static int step_count(const struct replay *r)
{
    return 1 + (int)(mix(r->program) % STEPS_MAX);
}

static enum step_kind drawn(const struct replay *r, int step)
{
    return (enum step_kind)(mix(r->program + 17 * (uint64_t)step + 1) % STEP_KIND_COUNT);
}

/* Locks are not nested: only the first step may take some, and keeps them to the end. */
static bool step_locks(const struct replay *r, int step)
{
    return step == 0 && drawn(r, 0) == STEP_LOCK;
}

static enum step_kind kind_of(const struct replay *r, int step)
{
    enum step_kind kind = drawn(r, step);
    size_t depth = 0;
    for (size_t n = 0; n < r->id.size; n++)
        depth += r->id.data[n] == '.';
    if (kind == STEP_CHILD && (depth >= DEPTH_MAX || step_locks(r, 0)))
        return STEP_ACTIVITY; /* a child of who holds an entity might wait for it for ever */
    return kind == STEP_LOCK && step > 0 ? STEP_CALL : kind;
}

static int results_of(enum step_kind kind)
{
    return kind == STEP_FAN_OUT ? 3 : 1;
}

static int first_id(int step)
{
    return 1 + step * IDS_PER_STEP;
}

/* The step whose results are not all there. */
static int current_step(const struct replay *r)
{
    for (int step = 0; step < step_count(r); step++)
        for (int n = 0; n < results_of(kind_of(r, step)); n++)
            if (!r->done[first_id(step) + n])
                return step;
    return step_count(r);
}

/* Where instances are rewound, a replay may find a history that it would not have made: the failures that it lived
 * with are gone from it. Such an orchestration is at its wits' end, and ends. */
static void expect(struct replay *r, bool fits)
{
    ASSERT((fits || r->rewinds) && "the replay saw another history");
    r->lost |= !fits;
}

static void on_scheduled(struct replay *r, int32_t id)
{
    ASSERT(id > 0 && id < IDS_MAX && "an action nobody made");
    expect(r, !r->scheduled[id]);
    expect(r, (id - 1) / IDS_PER_STEP == current_step(r));
    r->scheduled[id] = true;
}

static void on_result(struct replay *r, int32_t id)
{
    ASSERT(id > 0 && id < IDS_MAX && r->scheduled[id] && "a result of nothing");
    ASSERT(!r->done[id] && "a second result");
    r->done[id] = true;
}

/* Requests are named by the id of their action. */
static void on_named_result(struct replay *r, struct bytes name)
{
    int64_t id = 0;
    ASSERT(bytes_parse_i64(name, &id) == STATUS_OK);
    on_result(r, (int32_t)id);
}

static void on_event(struct replay *r, const struct pb_history_event *event, bool fresh)
{
    enum pb_history_event_case kind = event->event_type_case;
    bool outside = event->event_id == -1 && kind != PB_HISTORY_EVENT_ORCHESTRATOR_STARTED;
    bool control =
        kind == PB_HISTORY_EVENT_EXECUTION_RESUMED || kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED;
    ASSERT((!fresh || !outside || !r->suspended || control) && "a turn while suspended");
    ASSERT(event->timestamp.present && pb_time_to_ns(event->timestamp) >= r->now_ns);
    r->now_ns = pb_time_to_ns(event->timestamp);
    switch (kind) {
    case PB_HISTORY_EVENT_ORCHESTRATOR_STARTED:
        break;
    case PB_HISTORY_EVENT_EXECUTION_STARTED:
        r->generation = event->execution_started->input.value.size;
        r->program = mix(hash(event->execution_started->name) + r->generation);
        break;
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
    case PB_HISTORY_EVENT_TIMER_CREATED:
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
    case PB_HISTORY_EVENT_EVENT_SENT:
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED:
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED:
    case PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED:
        on_scheduled(r, event->event_id);
        break;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        on_result(r, event->task_completed->task_scheduled_id);
        break;
    case PB_HISTORY_EVENT_TASK_FAILED:
        ASSERT(event->task_failed->failure_details);
        on_result(r, event->task_failed->task_scheduled_id);
        break;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        on_result(r, event->sub_orchestration_instance_completed->task_scheduled_id);
        break;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        ASSERT(event->sub_orchestration_instance_failed->failure_details);
        on_result(r, event->sub_orchestration_instance_failed->task_scheduled_id);
        break;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        on_named_result(r, event->entity_operation_completed->request_id);
        break;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        ASSERT(event->entity_operation_failed->failure_details);
        on_named_result(r, event->entity_operation_failed->request_id);
        break;
    case PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED:
        on_named_result(r, event->entity_lock_granted->critical_section_id);
        break;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        ASSERT(pb_time_to_ns(event->timer_fired->fire_at) + SECOND / 1000 <= r->now_ns &&
               "a timer before its time");
        on_result(r, event->timer_fired->timer_id);
        break;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        ASSERT(r->raised_count < EVENTS_MAX);
        r->raised[r->raised_count++] = *event;
        break;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        r->suspended = true;
        break;
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        r->suspended = false;
        break;
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
        r->terminated = true;
        r->output = event->execution_terminated->input;
        break;
    default:
        ASSERT(false && "an event no worker may see");
    }
}

/* --- actions --- */

struct plan {
    struct pb_orchestrator_action actions[IDS_PER_STEP + 1];
    size_t count;
    struct pb_schedule_task_action task;
    struct pb_create_timer_action timer;
    struct pb_create_sub_orchestration_action child;
    struct pb_send_event_action send;
    struct pb_orchestration_instance target;
    struct pb_send_entity_message_action message, signal_message;
    struct pb_entity_operation_called_event call;
    struct pb_entity_operation_signaled_event signal;
    struct pb_entity_lock_requested_event lock;
    struct bytes lock_set[3];
    struct pb_complete_orchestration_action complete;
    struct pb_task_failure_details failure;
    char text[128];
};

static struct pb_orchestrator_action *plan_add(struct plan *p, int32_t id,
                                               enum pb_orchestrator_action_case kind)
{
    struct pb_orchestrator_action *a = &p->actions[p->count++];
    *a = (struct pb_orchestrator_action){.id = id, .orchestrator_action_type_case = kind};
    return a;
}

/* The two entities of a program. Who holds them calls no others, as the SDKs see to. */
static struct bytes entity_of(const struct replay *r, int n, struct arena *a)
{
    return bytes_of_cstr(
        arena_fmt(a, "@%s@%u", n ? "E" : "e", (unsigned)(mix(r->program + (uint64_t)n) % 4)));
}

static void plan_call(const struct replay *r, int step, uint64_t chance, struct arena *a, struct plan *p)
{
    p->call = (struct pb_entity_operation_called_event){
        .request_id = bytes_of_cstr(arena_fmt(a, "%d", first_id(step))),
        .operation = BYTES_LITERAL("call,"),
        .target_instance_id = pb_some(entity_of(r, (int)(chance % 2), a))};
    p->message = (struct pb_send_entity_message_action){
        .entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED,
        .entity_operation_called = &p->call};
    plan_add(p, first_id(step), PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE)->send_entity_message =
        &p->message;
    p->signal = (struct pb_entity_operation_signaled_event){.operation = BYTES_LITERAL("signal,"),
                                                            .target_instance_id = p->call.target_instance_id};
    p->signal_message = (struct pb_send_entity_message_action){
        .entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED,
        .entity_operation_signaled = &p->signal};
    plan_add(p, first_id(step) + 3, PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE)->send_entity_message =
        &p->signal_message;
}

static void plan_lock(const struct replay *r, int step, struct arena *a, struct plan *p)
{
    p->lock_set[0] = entity_of(r, 0, a);
    p->lock_set[1] = entity_of(r, 1, a);
    p->lock_set[2] = p->lock_set[0]; /* given twice */
    p->lock = (struct pb_entity_lock_requested_event){.critical_section_id =
                                                          bytes_of_cstr(arena_fmt(a, "%d", first_id(step))),
                                                      .lock_set = p->lock_set,
                                                      .lock_set_count = 3};
    p->message = (struct pb_send_entity_message_action){
        .entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED,
        .entity_lock_requested = &p->lock};
    plan_add(p, first_id(step), PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE)->send_entity_message =
        &p->message;
}

static void plan_step(const struct replay *r, int step, struct arena *a, struct plan *p)
{
    enum step_kind kind = kind_of(r, step);
    uint64_t chance = mix(r->program + 31 * (uint64_t)step + 7);
    if (kind == STEP_CALL) {
        plan_call(r, step, chance, a, p);
    } else if (kind == STEP_LOCK) {
        plan_lock(r, step, a, p);
    } else if (kind == STEP_TIMER) {
        p->timer.fire_at = pb_time_from_ns(r->now_ns + (int64_t)(chance % 4) * SECOND);
        plan_add(p, first_id(step), PB_ORCHESTRATOR_ACTION_CREATE_TIMER)->create_timer = &p->timer;
    } else if (kind == STEP_CHILD) {
        p->child.name = bytes_of_cstr(arena_fmt(a, "child%u", (unsigned)(chance % 50)));
        if (chance >> 32 & 3) /* else the server names it */
            p->child.instance_id = bytes_of_cstr(arena_fmt(a, "%.*s.%d", BYTES_FMT(r->id), step));
        else
            p->child.instance_id = bytes_of_cstr(arena_fmt(a, "shared.child.%u", (unsigned)(chance % 2)));
        plan_add(p, first_id(step), PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION)
            ->create_sub_orchestration = &p->child;
    } else {
        p->task.name = bytes_of_cstr(chance % 2 ? "ping" : "pong");
        for (int n = 0; n < results_of(kind); n++)
            plan_add(p, first_id(step) + n, PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK)->schedule_task = &p->task;
        if (kind == STEP_SEND) {
            p->target.instance_id = bytes_of_cstr(arena_fmt(a, "i%u", (unsigned)(chance % 8)));
            p->send = (struct pb_send_event_action){.instance = &p->target, .name = BYTES_LITERAL("sent")};
            plan_add(p, first_id(step) + 3, PB_ORCHESTRATOR_ACTION_SEND_EVENT)->send_event = &p->send;
        }
    }
}

static void plan_end(struct replay *r, struct plan *p)
{
    uint64_t chance = mix(r->program + 5);
    plan_add(p, first_id(step_count(r)), PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
        ->complete_orchestration = &p->complete;
    if (r->terminated) {
        p->complete.orchestration_status = PB_ORCHESTRATION_STATUS_TERMINATED;
        p->complete.result = r->output;
    } else if (chance % 3 == 0 && r->generation < RENEWALS_MAX) {
        p->complete.orchestration_status = PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW;
        p->complete.result = pb_some(bytes_of("xxxx", r->generation + 1));
        p->complete.carryover_events = r->raised;
        p->complete.carryover_events_count = r->raised_count;
    } else if (chance % 3 == 1) {
        p->complete.orchestration_status = PB_ORCHESTRATION_STATUS_FAILED;
        p->failure = (struct pb_task_failure_details){.error_type = BYTES_LITERAL("Planned")};
        p->complete.failure_details = &p->failure;
    } else {
        p->complete.orchestration_status = PB_ORCHESTRATION_STATUS_COMPLETED;
        p->complete.result = pb_some(BYTES_LITERAL("\"done\""));
    }
}

/* Part of a step is gone: it could not be planned as a whole. */
static bool is_torn(const struct replay *r, int step)
{
    int scheduled = 0;
    if (step == step_count(r))
        return false;
    for (int n = 0; n < results_of(kind_of(r, step)); n++)
        scheduled += r->scheduled[first_id(step) + n];
    return scheduled > 0 && scheduled < results_of(kind_of(r, step));
}

void sim_worker_turn(const struct pb_work_item *item, bool ignore_terminate, bool rewinds, struct buf *out)
{
    const struct pb_orchestrator_request *request = item->orchestrator_request;
    struct replay r = {.id = request->instance_id, .rewinds = rewinds};
    struct plan p = {.count = 0};
    struct arena a;
    arena_init(&a, 0);
    ASSERT((request->new_events_count > 1 || rewinds) && "a turn without news");
    ASSERT(request->new_events[0].event_type_case == PB_HISTORY_EVENT_ORCHESTRATOR_STARTED);
    for (size_t n = 0; n < request->past_events_count; n++)
        on_event(&r, &request->past_events[n], false);
    for (size_t n = 0; n < request->new_events_count; n++)
        on_event(&r, &request->new_events[n], true);
    int step = current_step(&r);
    expect(&r, !is_torn(&r, step));
    if (r.terminated && ignore_terminate) {
        p.count = 0;
    } else if (r.terminated || (!r.suspended && (r.lost || step == step_count(&r)))) {
        plan_end(&r, &p);
    } else if (!r.suspended && !r.scheduled[first_id(step)]) {
        plan_step(&r, step, &a, &p);
    }
    struct pb_orchestrator_response response = {.instance_id = request->instance_id,
                                                .completion_token = item->completion_token,
                                                .actions = p.actions,
                                                .actions_count = p.count};
    pb_orchestrator_response_encode(&response, out);
    arena_fini(&a);
}

void sim_worker_activity(const struct pb_work_item *item, bool fails, struct buf *out)
{
    struct pb_task_failure_details failure = {.error_type = BYTES_LITERAL("Random")};
    const struct pb_activity_request *request = item->activity_request;
    struct pb_activity_response response = {.instance_id = request->orchestration_instance->instance_id,
                                            .task_id = request->task_id,
                                            .completion_token = item->completion_token};
    if (fails)
        response.failure_details = &failure;
    else
        response.result = pb_some(BYTES_LITERAL("1"));
    pb_activity_response_encode(&response, out);
}
