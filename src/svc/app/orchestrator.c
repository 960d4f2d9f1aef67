/* SPDX-License-Identifier: MIT */
/* orchestrator.c — the orchestrator function. It is run again from the top on every turn (durabletask.h):
 * JSON values live until the turn ends, by dt_defer, since a wait may leave the function at any time. */
#include "svc/app/orchestrator.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/encode.h"
#include "os/clock.h"
#include "svc/app/request.h"

#define RUN_ATTEMPTS_MAX      8 /* while the pool is full or cannot be reached */
#define RUN_RETRY_FIRST_MS    500
#define RUN_RETRY_INTERVAL_MS 15000

struct turn {
    struct dt_context *ctx;
    const struct orchestrator_settings *settings;
    struct dt_task *run;
    struct dt_task *started;  /* the next RunStarted */
    struct dt_task *decision; /* HumanApproval; NULL once taken */
    struct dt_task *record;   /* the next HumanApprovalRecord */
    int attempts;
    json_t *decided; /* what goes under "decision"; NULL: nobody has decided */
    json_t *noted;   /* the last record */
    json_t *outcome; /* the activity's result */
    int64_t deadline_ns;
};

static void release_json(void *json)
{
    json_decref(json);
}

/* Takes ownership for the rest of the turn; without memory the orchestration fails. */
static json_t *keep(struct turn *t, json_t *json)
{
    if (!json)
        dt_fail(t->ctx, "OutOfMemory", "no memory for a JSON value");
    dt_defer(t->ctx, release_json, json);
    return json;
}

bool decision_parse(const char *data, bool *ret_approved)
{
    json_t *root = data ? json_loads(data, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *value = json_is_object(root) ? json_object_get(root, "approved") : root;
    bool known = json_is_boolean(value);
    if (known)
        *ret_approved = json_is_true(value);
    json_decref(root);
    return known;
}

static void set_time(json_t *object, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    time_format(unix_ns, 7, text);
    json_object_set_new(object, name, json_string(text));
}

static void show(struct turn *t, enum request_state state)
{
    json_t *status =
        keep(t, json_pack("{s:s, s:i}", "state", request_state_name(state), "attempts", t->attempts));
    if (t->deadline_ns)
        set_time(status, "deadline", t->deadline_ns);
    if (t->outcome) {
        json_object_set(status, "result", json_object_get(t->outcome, "result"));
        json_object_set(status, "sha256", json_object_get(t->outcome, "sha256"));
    }
    if (t->decided)
        json_object_set(status, "decision", t->decided);
    char *text = json_dumps(status, JSON_COMPACT);
    if (!text)
        dt_fail(t->ctx, "OutOfMemory", "no memory for the custom status");
    dt_defer(t->ctx, free, text);
    dt_set_custom_status(t->ctx, text);
}

static void take_record(struct turn *t)
{
    const char *data = dt_task_result(t->record);
    json_t *record = data ? json_loads(data, 0, NULL) : NULL;
    if (json_is_object(record))
        t->noted = keep(t, record);
    else
        json_decref(record);
    t->record = dt_wait_event(t->ctx, EVENT_DECISION_RECORD, -1);
}

/* The record belongs to the decision only if it says the same; a client that raises the event itself sends
 * none. */
static void take_decision(struct turn *t)
{
    bool approved;
    if (!decision_parse(dt_task_result(t->decision), &approved)) {
        t->decision = dt_wait_event(t->ctx, EVENT_DECISION, -1); /* not a decision: keep waiting */
        return;
    }
    t->decision = NULL;
    const json_t *noted = json_object_get(t->noted, "approved");
    if (json_is_boolean(noted) && json_is_true(noted) == approved) {
        t->decided = t->noted;
        return;
    }
    t->decided = keep(t, json_pack("{s:b}", "approved", approved));
    set_time(t->decided, "at", dt_now_ns(t->ctx));
}

/* Waits until `until` has ended or, if `or_decision`, somebody has decided; takes every event on the way. */
static void wait_for(struct turn *t, struct dt_task *until, enum request_state state, bool or_decision)
{
    while (!(or_decision && t->decided)) {
        struct dt_task *tasks[4] = {until, t->record, t->started, t->decision};
        size_t which = dt_when_any(t->ctx, tasks, t->decision ? 4 : 3);
        switch (which) {
        case 0:
            return;
        case 1:
            take_record(t);
            break;
        case 2:
            t->attempts++;
            t->started = dt_wait_event(t->ctx, EVENT_RUN_STARTED, -1);
            break;
        default:
            take_decision(t);
            break;
        }
        show(t, state);
    }
}

static int64_t approval_timeout_ms(const struct turn *t)
{
    const char *tag = dt_context_tag(t->ctx, TAG_APPROVAL_TIMEOUT);
    uint64_t ms;
    if (tag && bytes_parse_u64(bytes_of_cstr(tag), &ms) == STATUS_OK && ms <= INT64_MAX / NS_PER_MS)
        return (int64_t)ms;
    return t->settings->approval_timeout_ms;
}

/* Runs the code; returns false if the orchestration is to end as failed, which is then already set. */
static bool run(struct turn *t, const char *input)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = RUN_ATTEMPTS_MAX;
    retry.first_interval_ms = RUN_RETRY_FIRST_MS;
    retry.backoff = 2.0;
    retry.interval_max_ms = RUN_RETRY_INTERVAL_MS;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    t->run = dt_call_activity(t->ctx, ACTIVITY_NAME, input, &options);
    t->started = dt_wait_event(t->ctx, EVENT_RUN_STARTED, -1);
    t->record = dt_wait_event(t->ctx, EVENT_DECISION_RECORD, -1);
    t->decision = dt_wait_event(t->ctx, EVENT_DECISION, -1);
    wait_for(t, t->run, REQUEST_RUNNING, false);
    if (dt_task_state(t->run) != DT_TASK_SUCCEEDED) {
        const struct dt_failure *failure = dt_task_failure(t->run);
        show(t, REQUEST_FAILED);
        dt_set_failure(t->ctx, failure);
        return false;
    }
    const char *result = dt_task_result(t->run);
    t->outcome = keep(t, result ? json_loads(result, JSON_ALLOW_NUL, NULL) : NULL);
    if (json_is_true(json_object_get(t->outcome, "succeeded")) || t->settings->review_failures)
        return true;
    const char *cause = json_string_value(json_object_get(t->outcome, "cause"));
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = "CodeFailed";
    failure.message = cause ? cause : "the code failed";
    show(t, REQUEST_FAILED);
    dt_set_failure(t->ctx, &failure);
    return false;
}

void orchestrate_code_execution(struct dt_context *ctx, const char *input, void *user)
{
    struct turn t = {.ctx = ctx, .settings = user};
    if (!run(&t, input))
        return;
    if (!t.decided) {
        t.deadline_ns = dt_now_ns(ctx) + approval_timeout_ms(&t) * NS_PER_MS;
        show(&t, REQUEST_WAITING);
        struct dt_task *timer = dt_timer_create_until(ctx, t.deadline_ns);
        wait_for(&t, timer, REQUEST_WAITING, true);
        dt_task_cancel(timer);
    }
    bool approved = json_is_true(json_object_get(t.decided, "approved"));
    show(&t, !t.decided ? REQUEST_TIMED_OUT : approved ? REQUEST_APPROVED : REQUEST_REJECTED);
    dt_set_result(ctx, approved ? "true" : "false");
}
