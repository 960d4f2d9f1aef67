/* SPDX-License-Identifier: MIT */
/* orchestrator.c — the orchestrator function. It is run again from the top on every turn (durabletask.h):
 * JSON values live until the turn ends, by dt_defer, since a wait may leave the function at any time. */
#include "svc/app/orchestrator.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/request.h"
#include "svc/app/step_contract.h"
#include "svc/app/turn_json.h"
#include "wire/json/json.h"

#define APPROVAL_TIMEOUT_OF_SAMPLE_MS (24 * 3600 * INT64_C(1000))

struct approval_turn {
    struct dt_context *context;
    struct dt_task *run;
    struct dt_task *started;  /* the next RunStarted */
    struct dt_task *decision; /* HumanApproval; NULL once taken */
    struct dt_task *record;   /* the next HumanApprovalRecord */
    int attempts;
    json_t *decided;          /* what goes under "decision"; NULL: nobody has decided */
    json_t *noted;            /* the last record */
    json_t *outcome;          /* the activity's result */
    bool gives_object;        /* step_contract.h */
    int64_t asked_timeout_ms; /* of its input; 0: none */
    int64_t deadline_ns;
};

bool orchestrator_parse_decision(const char *data, bool *ret_approved)
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

static void show(struct approval_turn *turn, enum request_state state)
{
    json_t *status = turn_keep(turn->context, json_pack("{s:s, s:i}", "state", request_state_name(state),
                                                        "attempts", turn->attempts));
    if (turn->deadline_ns)
        set_time(status, "deadline", turn->deadline_ns);
    static const char *const shown[] = {"result", "sha256", "sha256Covers", "template"};
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        if (json_object_get(turn->outcome, shown[i]))
            json_object_set(status, shown[i], json_object_get(turn->outcome, shown[i]));
    if (turn->decided)
        json_object_set(status, "decision", turn->decided);
    dt_set_custom_status(turn->context, turn_text(turn->context, status));
}

static void take_record(struct approval_turn *turn)
{
    const char *data = dt_task_result(turn->record);
    json_t *record = data ? json_loads(data, 0, NULL) : NULL;
    if (json_is_object(record))
        turn->noted = turn_keep(turn->context, record);
    else
        json_decref(record);
    turn->record = dt_wait_event(turn->context, EVENT_DECISION_RECORD, -1);
}

/* The record belongs to the decision only if it says the same; a client that raises the event itself sends
 * none. */
static void take_decision(struct approval_turn *turn)
{
    bool approved;
    if (!orchestrator_parse_decision(dt_task_result(turn->decision), &approved)) {
        turn->decision = dt_wait_event(turn->context, EVENT_DECISION, -1); /* not a decision: keep waiting */
        return;
    }
    turn->decision = NULL;
    const json_t *noted = json_object_get(turn->noted, "approved");
    if (json_is_boolean(noted) && json_is_true(noted) == approved) {
        turn->decided = turn->noted;
        return;
    }
    turn->decided = turn_keep(turn->context, json_pack("{s:b}", "approved", approved));
    set_time(turn->decided, "at", dt_now_ns(turn->context));
}

/* Waits until `until` has ended or, if `or_decision`, somebody has decided; takes every event on the way. */
static void wait_for(struct approval_turn *turn, struct dt_task *until, enum request_state state,
                     bool or_decision)
{
    while (!(or_decision && turn->decided)) {
        struct dt_task *tasks[4] = {until, turn->record, turn->started, turn->decision};
        size_t which = dt_when_any(turn->context, tasks, turn->decision ? 4 : 3);
        switch (which) {
        case 0:
            return;
        case 1:
            take_record(turn);
            break;
        case 2:
            turn->attempts++;
            turn->started = dt_wait_event(turn->context, EVENT_RUN_STARTED, -1);
            break;
        default:
            take_decision(turn);
            break;
        }
        show(turn, state);
    }
}

/* For instances without version: what their activity noted, see steering.h. */
static const json_t *noted_steering(const struct approval_turn *turn, const char *name)
{
    return json_object_get(json_object_get(turn->outcome, "steering"), name);
}

/* Clients of the sample, and histories of the first release that were begun by them, bring no time along and
 * noted none. The sample waits for a day. */
static int64_t approval_timeout_ms(const struct approval_turn *turn)
{
    int64_t ms = turn->asked_timeout_ms;
    if (ms > 0)
        return ms;
    if (steering_read_ms(dt_context_tag(turn->context, TAG_APPROVAL_TIMEOUT), &ms))
        return ms;
    const json_t *noted = noted_steering(turn, "approvalTimeoutMs");
    if (!json_is_integer(noted))
        return APPROVAL_TIMEOUT_OF_SAMPLE_MS;
    ms = json_integer_value(noted);
    return MIN(MAX(ms, 0), APP_WAIT_MS_MAX);
}

/* Whether code that failed is shown and waits for a person.
 *
 * The first release asked its own process, `--compat`, and wrote nothing down; but the history shows what
 * came of it. A request whose code failed was over in that very turn, unless failures are reviewed. So when
 * this place is replayed, and only then, the answer was yes. Elsewhere dt_is_replaying must not decide
 * anything; here it is the history that decides. */
static bool reviews_failures(const struct approval_turn *turn)
{
    const char *tag = dt_context_tag(turn->context, TAG_ON_FAILURE);
    if (tag)
        return strcmp(tag, ON_FAILURE_REVIEW) == 0;
    const json_t *noted = noted_steering(turn, "reviewFailures");
    if (noted)
        return json_is_true(noted);
    return dt_is_replaying(turn->context);
}

static void start_run(struct approval_turn *turn, const char *input)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = APP_RUN_ATTEMPTS_MAX;
    retry.first_interval_ms = APP_RUN_RETRY_FIRST_MS;
    retry.backoff = 2.0;
    retry.interval_max_ms = APP_RUN_RETRY_INTERVAL_MS;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    const struct dt_tag tag = {TAG_RUN_TIMEOUT, dt_context_tag(turn->context, TAG_RUN_TIMEOUT)};
    options.tags = &tag;
    options.tag_count = tag.value ? 1 : 0;
    turn->run = dt_call_activity(turn->context, ACTIVITY_NAME, input, &options);
    turn->started = dt_wait_event(turn->context, EVENT_RUN_STARTED, -1);
    turn->record = dt_wait_event(turn->context, EVENT_DECISION_RECORD, -1);
    turn->decision = dt_wait_event(turn->context, EVENT_DECISION, -1);
}

static void set_object(struct approval_turn *turn, enum request_state state, json_t *error)
{
    json_t *result = state == REQUEST_APPROVED ? json_object_get(turn->outcome, "result") : NULL;
    dt_set_result(turn->context,
                  turn_text(turn->context, turn_keep(turn->context, step_outcome(request_state_name(state),
                                                                                 NULL, result, error))));
}

static void end_as_failed(struct approval_turn *turn, const char *type, const char *message)
{
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = type;
    failure.message = message;
    show(turn, REQUEST_FAILED);
    if (turn->gives_object)
        set_object(turn, REQUEST_FAILED,
                   turn_keep(turn->context, json_pack("{s:s, s:s}", "type", type, "message", message)));
    else
        dt_set_failure(turn->context, &failure);
}

/* Runs the code; returns false if the orchestration is to end as failed, which is then already set. */
static bool run(struct approval_turn *turn, const char *input)
{
    start_run(turn, input);
    wait_for(turn, turn->run, REQUEST_RUNNING, false);
    if (dt_task_state(turn->run) != DT_TASK_SUCCEEDED) {
        const struct dt_failure *cause = turn_cause(turn->run);
        if (turn->gives_object) {
            end_as_failed(turn, cause->type, cause->message);
            return false;
        }
        show(turn, REQUEST_FAILED);
        dt_set_failure(turn->context, dt_task_failure(turn->run));
        return false;
    }
    const char *result = dt_task_result(turn->run);
    turn->outcome = turn_keep(turn->context, result ? json_loads(result, JSON_ALLOW_NUL, NULL) : NULL);
    const char *cause = json_member_text(turn->outcome, "cause");
    if (json_is_true(json_object_get(turn->outcome, "unshowable"))) { /* nobody may be asked to judge it */
        end_as_failed(turn, "ResultTooLarge", text_or(cause, "result too large"));
        return false;
    }
    if (json_is_true(json_object_get(turn->outcome, "succeeded")) || reviews_failures(turn))
        return true;
    const char *type = json_member_text(turn->outcome, "causeType");
    end_as_failed(turn, text_or(type, "CodeFailed"), text_or(cause, "the code failed"));
    return false;
}

static enum request_state final_state(const struct approval_turn *turn)
{
    if (!turn->decided)
        return REQUEST_TIMED_OUT;
    bool approved = json_is_true(json_object_get(turn->decided, "approved"));
    return approved ? REQUEST_APPROVED : REQUEST_REJECTED;
}

/* --- started by somebody else --- */

/* Begins anew as the book's; does not return. Events that came early stay. */
static void hand_over(struct dt_context *context, const char *book, json_t *input)
{
    json_t *whole = turn_keep(context, json_pack("{s:s, s:O}", "book", book, "submission", input));
    dt_set_next_version(context, ORCHESTRATOR_VERSION_BOOK);
    dt_continue_as_new(context, turn_text(context, whole), true);
}

/* An instance that has run a turn already goes on as it began: the histories of older releases begin with the activity. What is
 * not replayed has no history, so this is the same in each try of the first turn. Those that the app has started itself
 * have their tags. */
static void offer_to_book(struct dt_context *context, json_t *input, size_t size,
                          const struct activity_settings *settings)
{
    bool wanted = json_is_object(input) || (json_is_string(input) && !settings->compat_sample);
    bool is_own = dt_context_tag(context, TAG_RUN_TIMEOUT) != NULL;
    if (settings->book_name && wanted && !is_own && !dt_is_replaying(context) &&
        size <= APP_STEP_INPUT_SIZE_MAX)
        hand_over(context, settings->book_name, input);
}

/* The code of an object, as the activity takes it; NULL: it cannot be run here, which is said already. */
static const char *code_of_object(struct approval_turn *turn, json_t *input)
{
    char text[200];
    struct step_submission step;
    const char *refusal = step_refusal(input, 0, &step, text);
    if (!refusal && step_needs_book(&step))
        refusal =
            "The members \"session\" and \"gate\", unless it is \"after\", need a server with a data folder.";
    if (refusal) {
        struct dt_failure failure = DT_INIT(struct dt_failure);
        failure.type = STEP_REFUSAL_TYPE;
        failure.message = refusal;
        dt_set_failure(turn->context, &failure);
        return NULL;
    }
    turn->gives_object = true;
    turn->asked_timeout_ms = step.facts.approval_timeout_ms;
    return turn_text(turn->context, json_object_get(input, "code"));
}

void orchestrate_code_execution(struct dt_context *context, const char *input, void *user)
{
    struct approval_turn turn = {.context = context};
    json_t *given = input ? json_loads(input, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (given) {
        (void)turn_keep(context, given);
        offer_to_book(context, given, strlen(input), user);
    }
    if (json_is_object(given))
        input = code_of_object(&turn, given);
    if (json_is_object(given) && !input)
        return;
    if (!run(&turn, input))
        return;
    if (!turn.decided) {
        turn.deadline_ns = dt_now_ns(context) + approval_timeout_ms(&turn) * NS_PER_MS;
        show(&turn, REQUEST_WAITING);
        struct dt_task *timer = dt_timer_create_until(context, turn.deadline_ns);
        wait_for(&turn, timer, REQUEST_WAITING, true);
        dt_task_cancel(timer);
    }
    enum request_state state = final_state(&turn);
    show(&turn, state);
    if (turn.gives_object)
        set_object(&turn, state, NULL);
    else
        dt_set_result(context, state == REQUEST_APPROVED ? "true" : "false");
}
