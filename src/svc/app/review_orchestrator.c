/* SPDX-License-Identifier: MIT */
/* review_orchestrator.c — the orchestrator function, run again from the top on every turn (durabletask.h): what it keeps lives
 * until the turn ends, by dt_defer. */
#include "svc/app/review_orchestrator.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "svc/app/limit_values.h"
#include "svc/app/request.h"
#include "svc/app/step_contract.h"
#include "svc/app/turn_json.h"
#include "wire/json/json.h"

#define TIMER_PAUSE_MIN_NS                                                                                   \
    NS_PER_S /* a deadline that the book does not see yet is asked about again after it */

struct review_turn {
    struct dt_context *context;
    json_t *request;    /* the id */
    json_t *submission; /* what somebody else has started it with; NULL: the request is in the book */
    char book[REVIEW_BOOK_NAME_SIZE];
    char activity[REVIEW_ACTIVITY_SIZE];
    struct dt_task *step;     /* a run, or what is due; NULL: none is under way */
    struct dt_task *settle;   /* what an event or the time came to; NULL likewise */
    struct dt_task *timer;    /* NULL: nobody is waited for */
    struct dt_task *decision; /* the next HumanApproval */
    struct dt_task *changed;  /* the next ReviewChanged */
    json_t *now;              /* the latest answer */
    bool adopting;            /* the step under way makes the request */
    bool asked_in_vain;       /* time was over here, but not for the book */
};

void review_activity_name(const char *book, char ret_name[static REVIEW_ACTIVITY_SIZE])
{
    (void)snprintf(ret_name, REVIEW_ACTIVITY_SIZE, ACTIVITY_NAME "-%.32s", book);
}

/* Takes `more`: members beside the event; NULL: none. */
static struct dt_task *call(struct review_turn *turn, const char *event, json_t *more)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = APP_RUN_ATTEMPTS_MAX;
    retry.first_interval_ms = APP_RUN_RETRY_FIRST_MS;
    retry.backoff = 2.0;
    retry.interval_max_ms = APP_RUN_RETRY_INTERVAL_MS;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    json_t *input =
        turn_keep(turn->context, json_pack("{s:O*, s:s}", "request", turn->request, "event", event));
    if (more)
        json_object_update(input, turn_keep(turn->context, more));
    return dt_call_activity(turn->context, turn->activity, turn_text(turn->context, input), &options);
}

static void listen(struct review_turn *turn)
{
    turn->decision = dt_wait_event(turn->context, EVENT_DECISION, -1);
    turn->changed = dt_wait_event(turn->context, EVENT_REVIEW_CHANGED, -1);
}

static bool due_is(const struct review_turn *turn, const char *due)
{
    const char *text = json_member_text(turn->now, "due");
    return text && strcmp(text, due) == 0;
}

/* A deadline that has moved is a new timer, and the old one is told off. */
static void set_timer(struct review_turn *turn)
{
    int64_t deadline_ns = json_integer_value(json_object_get(turn->now, "deadlineNs"));
    if (turn->timer)
        dt_task_cancel(turn->timer);
    turn->timer = NULL;
    if (!due_is(turn, "wait") || deadline_ns <= 0)
        return;
    if (turn->asked_in_vain) {
        int64_t soonest_ns = dt_now_ns(turn->context) + TIMER_PAUSE_MIN_NS;
        deadline_ns = deadline_ns > soonest_ns ? deadline_ns : soonest_ns;
    }
    turn->timer = dt_timer_create_until(turn->context, deadline_ns);
}

/* Of what was adopted, also which request of which book it is: lists show the request, not the orchestration. */
static void show(struct review_turn *turn, json_t *status)
{
    if (!status)
        return;
    if (turn->submission) {
        json_object_set_new(status, "book", json_string(turn->book));
        json_object_set(status, "request", turn->request);
    }
    dt_set_custom_status(turn->context, turn_text(turn->context, status));
}

/* The answer of a step that succeeded. */
static void take_answer(struct review_turn *turn, const struct dt_task *task)
{
    const char *text = dt_task_result(task);
    turn->now = turn_keep(turn->context, text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL);
    show(turn, json_object_get(turn->now, "status"));
    set_timer(turn);
    if (due_is(turn, "run") && !turn->step)
        turn->step = call(turn, "due", NULL);
}

/* All tries of a run failed: the book is told, and says how that ends. */
static void give_up(struct review_turn *turn, const struct dt_task *task)
{
    const struct dt_failure *cause = turn_cause(task);
    turn->settle = call(turn, "gave-up",
                        json_pack("{s:{s:s, s:s}}", "error", "type", cause->type, "message", cause->message));
}

static void end_as_failed(struct review_turn *turn, const struct dt_failure *failure)
{
    dt_set_failure(turn->context, failure);
    turn->now = turn_keep(turn->context, json_pack("{s:s, s:b}", "due", "end", "failed", 1));
}

static void on_step(struct review_turn *turn)
{
    struct dt_task *ended = turn->step;
    bool adopting = turn->adopting;
    turn->step = NULL;
    turn->adopting = false;
    if (adopting &&
        dt_task_state(ended) != DT_TASK_SUCCEEDED) { /* there is no request that could be given up */
        end_as_failed(turn, turn_cause(ended));
        return;
    }
    if (dt_task_state(ended) == DT_TASK_SUCCEEDED)
        take_answer(turn, ended);
    else if (!turn->settle)
        give_up(turn, ended);
}

/* What could not be written down in all its tries ends the orchestration: there is nobody else to ask. */
static void on_settled(struct review_turn *turn)
{
    struct dt_task *ended = turn->settle;
    turn->settle = NULL;
    if (dt_task_state(ended) != DT_TASK_SUCCEEDED) {
        end_as_failed(turn, dt_task_failure(ended));
        return;
    }
    take_answer(turn, ended);
}

static void on_decision(struct review_turn *turn)
{
    bool approved;
    if (orchestrator_parse_decision(dt_task_result(turn->decision), &approved))
        turn->settle = call(turn, "outside", json_pack("{s:b}", "approved", approved));
    turn->decision = dt_wait_event(turn->context, EVENT_DECISION, -1);
}

/* Listens again before it asks: a change that comes meanwhile is asked about once more. */
static void on_changed(struct review_turn *turn)
{
    turn->changed = dt_wait_event(turn->context, EVENT_REVIEW_CHANGED, -1);
    if (!turn->step)
        turn->step = call(turn, "due", NULL);
}

/* By this clock it is over; the book decides by its own, and may say that it is not yet. */
static void on_time(struct review_turn *turn)
{
    turn->timer = NULL;
    turn->asked_in_vain = true;
    turn->settle = call(turn, "time", NULL);
}

/* Waits for whatever is next. Events stay where they are while one is being settled, and until there is a request. */
static void take_next(struct review_turn *turn)
{
    const bool listens = !turn->settle && !turn->adopting;
    const struct {
        bool waits;
        struct dt_task *task;
        void (*take)(struct review_turn *turn);
    } rows[] = {
        {turn->step, turn->step, on_step},
        {turn->settle, turn->settle, on_settled},
        {listens, turn->decision, on_decision},
        {listens, turn->changed, on_changed},
        {turn->timer && !turn->settle, turn->timer, on_time},
    };
    struct dt_task *tasks[ARRAY_SIZE(rows)];
    void (*takes[ARRAY_SIZE(rows)])(struct review_turn * turn);
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!rows[i].waits)
            continue;
        tasks[count] = rows[i].task;
        takes[count++] = rows[i].take;
    }
    takes[dt_when_any(turn->context, tasks, count)](turn);
}

static void end(struct review_turn *turn)
{
    const json_t *error = json_object_get(turn->now, "error");
    const json_t *outcome = json_object_get(turn->now, "outcome");
    if (json_is_true(json_object_get(turn->now, "failed")))
        return; /* said already */
    if (outcome) {
        dt_set_result(turn->context, turn_text(turn->context, outcome));
        return;
    }
    if (!error) {
        dt_set_result(turn->context, json_is_true(json_object_get(turn->now, "approved")) ? "true" : "false");
        return;
    }
    const char *type = json_member_text(error, "type");
    const char *message = json_member_text(error, "message");
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = text_or(type, "RunFailed");
    failure.message = text_or(message, "");
    dt_set_failure(turn->context, &failure);
}

/* What its starter promised it, as tags. */
static json_t *tags_of(struct review_turn *turn)
{
    static const char *const keys[] = {TAG_SUBMITTED_BY, TAG_APPROVAL_TIMEOUT, TAG_RUN_TIMEOUT,
                                       TAG_ON_FAILURE};
    json_t *tags = turn_keep(turn->context, json_object());
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = dt_context_tag(turn->context, keys[i]);
        if (value)
            json_object_set_new(tags, keys[i], json_string(value));
    }
    return tags;
}

/* A request of its own for each execution: an instance's id may be used again. */
static struct dt_task *adopt(struct review_turn *turn, const json_t *input)
{
    char id[GUID_TEXT_SIZE + 1];
    const char *book = json_member_text(input, "book");
    dt_uuid(turn->context, id);
    turn->adopting = true;
    turn->request = turn_keep(turn->context, json_string(id));
    turn->submission = json_object_get(input, "submission");
    (void)snprintf(turn->book, sizeof turn->book, "%s", text_or(book, ""));
    show(turn, turn_keep(turn->context, json_pack("{s:s}", "state", request_state_name(REQUEST_QUEUED))));
    review_activity_name(turn->book, turn->activity);
    return call(turn, "adopt",
                json_pack("{s:O*, s:O, s:s*}", "submission", turn->submission, "tags", tags_of(turn),
                          "parent", dt_context_parent_id(turn->context)));
}

static struct dt_task *begin(struct review_turn *turn, const char *input)
{
    json_t *given = json_loads(text_or(input, "null"), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    given = turn_keep(turn->context, given ? given : json_null());
    if (json_is_object(given))
        return adopt(turn, given);
    const char *book = dt_context_tag(turn->context, TAG_BOOK);
    if (!book) /* nobody would answer */
        dt_fail(turn->context, STEP_REFUSAL_TYPE,
                "the versions of this orchestration are the server's: start it without one");
    review_activity_name(book, turn->activity);
    turn->request = given;
    return call(turn, "due", NULL);
}

void orchestrate_review(struct dt_context *context, const char *input, void *user)
{
    struct review_turn turn = {.context = context};
    listen(&turn);
    turn.step = begin(&turn, input);
    while (!due_is(&turn, "end"))
        take_next(&turn);
    end(&turn);
}
