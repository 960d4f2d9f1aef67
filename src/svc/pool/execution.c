/* SPDX-License-Identifier: MIT */
/* execution.c — from a session's answer to an execution's lasting result. */
#include "svc/pool/execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "svc/pool/measure.h"

#define TEXT_GROWTH_MAX    3                   /* a byte that is not UTF-8 becomes the three of U+FFFD */
#define CHECKED_GROWTH_MAX 64                  /* bytes */
#define COUNTS_END         ((uint64_t)1 << 52) /* as a double keeps it */
#define MARK_SIZE_MAX      256                 /* bytes of the lines that are added to a stream */

struct execution *execution_create(int64_t now_ns)
{
    struct execution *execution = calloc(1, sizeof *execution);
    if (!execution)
        return NULL;
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, execution->id);
    list_init(&execution->queue_link);
    list_init(&execution->record_link);
    list_init(&execution->pool_link);
    list_init(&execution->watchers);
    list_init(&execution->keeping.kept_link);
    execution->times.asked_ns = now_ns;
    return execution;
}

/* --- who watches --- */

static void tell_watchers(void *context)
{
    struct execution *execution = context;
    list_each_safe (it, &execution->watchers) {
        struct execution_watcher *watcher = CONTAINER_OF(it, struct execution_watcher, link);
        watcher->on_news(watcher);
    }
}

/* Nobody is woken for output that nobody reads. */
static void listen_to_session(struct execution *execution)
{
    bool watched = !list_empty(&execution->watchers);
    if (execution->session)
        session_output_watch(&execution->session->output, watched ? tell_watchers : NULL, execution);
}

void execution_watch(struct execution *execution, struct execution_watcher *watcher)
{
    watcher->execution = execution;
    list_push_back(&execution->watchers, &watcher->link);
    listen_to_session(execution);
}

void execution_unwatch(struct execution_watcher *watcher)
{
    struct execution *execution = watcher->execution;
    if (!execution)
        return;
    watcher->execution = NULL;
    list_remove(&watcher->link);
    listen_to_session(execution);
}

void execution_begin(struct execution *execution, struct session *session)
{
    execution->session = session;
    listen_to_session(execution);
}

void execution_leave_session(struct execution *execution)
{
    if (execution->session)
        session_output_watch(&execution->session->output, NULL, NULL);
    execution->session = NULL;
}

/* ORDER: it leaves its session first. Whoever is told reads what was kept of the output, not what the session
 * prints from now on. */
void execution_tell_end(struct execution *execution)
{
    execution_leave_session(execution);
    tell_watchers(execution);
}

/* Each is off the list and knows of no execution before it is called: it may unwatch, or free itself, from within. */
static void drop_watchers(struct execution *execution)
{
    struct list *link;
    while ((link = list_pop_front(&execution->watchers))) {
        struct execution_watcher *watcher = CONTAINER_OF(link, struct execution_watcher, link);
        watcher->execution = NULL;
        watcher->on_news(watcher);
    }
}

/* --- memory --- */

void execution_discharge(struct execution *execution)
{
    if (execution->keeping.budget)
        memory_budget_give(execution->keeping.budget, execution->keeping.charged);
    execution->keeping.budget = NULL;
    execution->keeping.charged = 0;
}

/* INVARIANT: an execution is charged to one budget at most, and gives back what it took, whatever its size is by
 * then. */
bool execution_charge(struct execution *execution, struct memory_budget *budget, size_t size, bool anyway)
{
    execution_discharge(execution);
    if (anyway)
        memory_budget_take_anyway(budget, size);
    else if (!memory_budget_take(budget, size))
        return false;
    execution->keeping.budget = budget;
    execution->keeping.charged = size;
    return true;
}

void execution_destroy(struct execution *execution)
{
    if (!execution)
        return;
    ASSERT(!execution->keeping.report.queued);
    drop_watchers(execution);
    list_remove(&execution->queue_link);
    list_remove(&execution->record_link);
    list_remove(&execution->pool_link);
    list_remove(&execution->keeping.kept_link);
    execution_discharge(execution);
    measure_destroy(execution->measure);
    buf_fini(&execution->asked.code);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&execution->outcome.output[i]);
    buf_fini(&execution->outcome.value);
    buf_fini(&execution->outcome.outputs);
    buf_fini(&execution->outcome.error);
    buf_fini(&execution->outcome.hosts);
    free(execution);
}

/* Capacities, not sizes: what is kept for polling is what the server's memory pays for. */
size_t execution_size(const struct execution *execution)
{
    size_t size = sizeof *execution + execution->asked.code.capacity + execution->outcome.value.capacity +
                  execution->outcome.outputs.capacity + execution->outcome.error.capacity +
                  execution->outcome.hosts.capacity + measure_size(execution->measure);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        size += execution->outcome.output[i].capacity;
    return size;
}

/* A copy: the captures are the session's, for its next execution, and this one may be polled for a long time. */
static void take_output(struct execution *execution, const struct session *session)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        const struct output_capture *capture = &session->output.streams[i];
        buf_init(&execution->outcome.output[i],
                 TEXT_GROWTH_MAX * (capture->head_max + capture->tail_max) + MARK_SIZE_MAX);
        output_capture_render(capture, &execution->outcome.output[i]);
        execution->outcome.output_lost[i] = output_capture_lost(capture);
        execution->outcome.output_cut[i] = execution->outcome.output_lost[i] > 0;
        execution->outcome.output_bytes[i] = capture->total;
    }
}

/* What the checks write is never longer than what came, but for the members of an error that must be there. */
static size_t checked_size_max(struct result_value value)
{
    return value.json.size + CHECKED_GROWTH_MAX;
}

/* By the code's own word, so it may be anything; a count is cut to what every reader of JSON keeps exactly. */
static void take_hosts(struct execution_outcome *outcome, const struct result_frame *result)
{
    if (result->hosts.type != RESULT_ARRAY)
        return;
    buf_init(&outcome->hosts, checked_size_max(result->hosts));
    outcome->hosts_more =
        MIN(result->hosts_more, COUNTS_END) + result_check_hosts(&outcome->hosts, result->hosts);
}

/* INVARIANT: nothing of a frame gets into an answer but through a check (result_check_…): the session wrote it,
 * after code of a stranger had run there. */
static void take_result(struct execution *execution, const struct result_frame *result, size_t text_size_max)
{
    struct execution_outcome *outcome = &execution->outcome;
    struct result_damage damage = {.cut = result->truncated};
    execution->status = result->ok ? EXECUTION_SUCCEEDED : EXECUTION_FAILED;
    if (result->ok) {
        buf_init(&outcome->value, checked_size_max(result->value));
        outcome->value_type = result_check_value(&outcome->value, result->value, text_size_max, &damage);
    } else if (result->error.type == RESULT_OBJECT) {
        buf_init(&outcome->error, checked_size_max(result->error));
        result_check_error(&outcome->error, result->error, &damage);
    }
    if (execution->measure)
        take_hosts(outcome, result);
    buf_init(&outcome->outputs, checked_size_max(result->outputs));
    if (result->outputs.type == RESULT_ARRAY)
        result_check_outputs(&outcome->outputs, result->outputs, text_size_max, &damage);
    outcome->result_cut = damage.cut || damage.dropped;
    outcome->result_dropped = damage.dropped;
}

/* Adds a line to stderr that tells a reader of the text what the status alone would not. */
static void note_on_stderr(struct execution *execution, const char *title, const char *text)
{
    struct buf *err = &execution->outcome.output[SESSION_STDERR];
    err->limit = MAX(err->limit, err->size + MARK_SIZE_MAX);
    if (err->size && err->data[err->size - 1] != '\n')
        buf_append_byte(err, '\n');
    buf_append_fmt(err, "%s: %s\n", title, text);
}

void execution_fail(struct execution *execution, enum execution_fault fault, enum session_reason reason,
                    const char *text)
{
    static const char *const titles[] = {
        [EXECUTION_FAULT_TIMEOUT] = "Timeout",       [EXECUTION_FAULT_CRASH] = "SessionTerminated",
        [EXECUTION_FAULT_CANCELED] = "Canceled",     [EXECUTION_FAULT_UNAVAILABLE] = "SessionUnavailable",
        [EXECUTION_FAULT_NO_MEMORY] = "OutOfMemory", [EXECUTION_FAULT_REFUSED] = "ResultRefused",
    };
    execution->status = fault == EXECUTION_FAULT_CANCELED ? EXECUTION_CANCELED : EXECUTION_FAILED;
    execution->outcome.fault = fault;
    execution->outcome.reason = reason;
    snprintf(execution->outcome.fault_text, sizeof execution->outcome.fault_text, "%s", text);
    note_on_stderr(execution, titles[fault], execution->outcome.fault_text);
}

/* All or nothing: a result with one of its parts missing would read as if the code had made none. */
static void forget_results(struct execution *execution)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&execution->outcome.output[i]);
    buf_fini(&execution->outcome.value);
    buf_fini(&execution->outcome.outputs);
    buf_fini(&execution->outcome.error);
    buf_fini(&execution->outcome.hosts);
    execution->outcome.value_type = RESULT_NONE;
}

void execution_take_answer(struct execution *execution, const struct session *session,
                           const struct session_answer *answer, size_t text_size_max)
{
    char text[sizeof execution->outcome.fault_text];
    take_output(execution, session);
    execution->outcome.duration_ns = answer->duration_ns;
    switch (answer->verdict) {
    case SESSION_VERDICT_RESULT:
        take_result(execution, answer->result, text_size_max);
        break;
    case SESSION_VERDICT_TIMEOUT:
        snprintf(text, sizeof text, "the code ran longer than %lld ms and was stopped; %s",
                 (long long)(execution->asked.limit_ns / NS_PER_MS),
                 answer->kept ? "the session keeps its state" : "the session was ended, its state is lost");
        execution_fail(execution, EXECUTION_FAULT_TIMEOUT, answer->reason, text);
        break;
    case SESSION_VERDICT_CANCELLED:
        snprintf(text, sizeof text, "the run was cancelled; %s",
                 answer->kept ? "the session keeps its state" : "the session was ended, its state is lost");
        execution_fail(execution, EXECUTION_FAULT_CANCELED, answer->reason, text);
        break;
    case SESSION_VERDICT_CRASH:
        execution_fail(execution, EXECUTION_FAULT_CRASH, answer->reason, answer->cause);
        break;
    case SESSION_VERDICT_REFUSED:
        execution_fail(execution, EXECUTION_FAULT_REFUSED, answer->reason, answer->cause);
        break;
    }
    /* Buffers note that they failed, so this is asked once, at the end, for all of them. */
    bool whole = !execution->outcome.value.failed && !execution->outcome.outputs.failed &&
                 !execution->outcome.error.failed && !execution->outcome.hosts.failed;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        whole = whole && !execution->outcome.output[i].failed;
    if (!whole) {
        forget_results(execution);
        execution_fail(execution, EXECUTION_FAULT_NO_MEMORY, SESSION_REASON_SERVER_MEMORY,
                       "the result could not be kept");
    }
}
