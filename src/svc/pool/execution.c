/* SPDX-License-Identifier: MIT */
/* execution.c — from a session's answer to an execution's lasting result. */
#include "svc/pool/execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"

#define TEXT_GROWTH_MAX    3   /* a byte that is not UTF-8 becomes the three of U+FFFD */
#define CHECKED_GROWTH_MAX 64  /* bytes */
#define MARK_SIZE_MAX      256 /* bytes of the lines that are added to a stream */

struct execution *execution_create(int64_t now_ns)
{
    struct execution *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, x->id);
    list_init(&x->queue_link);
    list_init(&x->record_link);
    list_init(&x->pool_link);
    list_init(&x->keeping.kept_link);
    x->times.asked_ns = now_ns;
    return x;
}

void execution_discharge(struct execution *x)
{
    if (x->keeping.budget)
        memory_budget_give(x->keeping.budget, x->keeping.charged);
    x->keeping.budget = NULL;
    x->keeping.charged = 0;
}

bool execution_charge(struct execution *x, struct memory_budget *budget, size_t size, bool anyway)
{
    execution_discharge(x);
    if (anyway)
        memory_budget_take_anyway(budget, size);
    else if (!memory_budget_take(budget, size))
        return false;
    x->keeping.budget = budget;
    x->keeping.charged = size;
    return true;
}

void execution_destroy(struct execution *x)
{
    if (!x)
        return;
    ASSERT(!x->keeping.report.queued);
    list_remove(&x->queue_link);
    list_remove(&x->record_link);
    list_remove(&x->pool_link);
    list_remove(&x->keeping.kept_link);
    execution_discharge(x);
    buf_fini(&x->asked.code);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&x->outcome.output[i]);
    buf_fini(&x->outcome.value);
    buf_fini(&x->outcome.outputs);
    buf_fini(&x->outcome.error);
    free(x);
}

size_t execution_size(const struct execution *x)
{
    size_t size = sizeof *x + x->asked.code.capacity + x->outcome.value.capacity +
                  x->outcome.outputs.capacity + x->outcome.error.capacity;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        size += x->outcome.output[i].capacity;
    return size;
}

static void take_output(struct execution *x, const struct session *s)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        const struct output_capture *c = &s->output.streams[i];
        buf_init(&x->outcome.output[i], TEXT_GROWTH_MAX * (c->head_max + c->tail_max) + MARK_SIZE_MAX);
        output_capture_render(c, &x->outcome.output[i]);
        x->outcome.output_cut[i] = output_capture_lost(c) > 0;
        x->outcome.output_bytes[i] = c->total;
    }
}

/* What the checks write is never longer than what came, but for the members of an error that must be there. */
static size_t checked_size_max(struct result_value value)
{
    return value.json.size + CHECKED_GROWTH_MAX;
}

static void take_result(struct execution *x, const struct result_frame *result, size_t text_size_max)
{
    struct execution_outcome *outcome = &x->outcome;
    struct result_damage damage = {.cut = result->truncated};
    x->status = result->ok ? EXECUTION_SUCCEEDED : EXECUTION_FAILED;
    if (result->ok) {
        buf_init(&outcome->value, checked_size_max(result->value));
        outcome->value_type = result_check_value(&outcome->value, result->value, text_size_max, &damage);
    } else if (result->error.type == RESULT_OBJECT) {
        buf_init(&outcome->error, checked_size_max(result->error));
        result_check_error(&outcome->error, result->error, &damage);
    }
    buf_init(&outcome->outputs, checked_size_max(result->outputs));
    if (result->outputs.type == RESULT_ARRAY)
        result_check_outputs(&outcome->outputs, result->outputs, text_size_max, &damage);
    outcome->result_cut = damage.cut || damage.dropped;
    outcome->result_dropped = damage.dropped;
}

/* Adds a line to stderr that tells a reader of the text what the status alone would not. */
static void note_on_stderr(struct execution *x, const char *title, const char *text)
{
    struct buf *err = &x->outcome.output[SESSION_STDERR];
    err->limit = MAX(err->limit, err->size + MARK_SIZE_MAX);
    if (err->size && err->data[err->size - 1] != '\n')
        buf_append_byte(err, '\n');
    buf_append_fmt(err, "%s: %s\n", title, text);
}

void execution_fail(struct execution *x, enum execution_fault fault, enum session_reason reason,
                    const char *text)
{
    static const char *const titles[] = {
        [EXECUTION_FAULT_TIMEOUT] = "Timeout",       [EXECUTION_FAULT_CRASH] = "SessionTerminated",
        [EXECUTION_FAULT_CANCELED] = "Canceled",     [EXECUTION_FAULT_UNAVAILABLE] = "SessionUnavailable",
        [EXECUTION_FAULT_NO_MEMORY] = "OutOfMemory", [EXECUTION_FAULT_REFUSED] = "ResultRefused",
    };
    x->status = fault == EXECUTION_FAULT_CANCELED ? EXECUTION_CANCELED : EXECUTION_FAILED;
    x->outcome.fault = fault;
    x->outcome.reason = reason;
    snprintf(x->outcome.fault_text, sizeof x->outcome.fault_text, "%s", text);
    note_on_stderr(x, titles[fault], x->outcome.fault_text);
}

static void forget_results(struct execution *x)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&x->outcome.output[i]);
    buf_fini(&x->outcome.value);
    buf_fini(&x->outcome.outputs);
    buf_fini(&x->outcome.error);
    x->outcome.value_type = RESULT_NONE;
}

void execution_take_answer(struct execution *x, const struct session *s, const struct session_answer *a,
                           size_t text_size_max)
{
    char text[sizeof x->outcome.fault_text];
    take_output(x, s);
    x->outcome.duration_ns = a->duration_ns;
    switch (a->verdict) {
    case SESSION_VERDICT_RESULT:
        take_result(x, a->result, text_size_max);
        break;
    case SESSION_VERDICT_TIMEOUT:
        snprintf(text, sizeof text, "the code ran longer than %lld ms and was stopped; %s",
                 (long long)(x->asked.limit_ns / NS_PER_MS),
                 a->kept ? "the session keeps its state" : "the session was ended, its state is lost");
        execution_fail(x, EXECUTION_FAULT_TIMEOUT, a->reason, text);
        break;
    case SESSION_VERDICT_CRASH:
        execution_fail(x, EXECUTION_FAULT_CRASH, a->reason, a->cause);
        break;
    case SESSION_VERDICT_REFUSED:
        execution_fail(x, EXECUTION_FAULT_REFUSED, a->reason, a->cause);
        break;
    }
    bool whole = !x->outcome.value.failed && !x->outcome.outputs.failed && !x->outcome.error.failed;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        whole = whole && !x->outcome.output[i].failed;
    if (!whole) {
        forget_results(x);
        execution_fail(x, EXECUTION_FAULT_NO_MEMORY, SESSION_REASON_SERVER_MEMORY,
                       "the result could not be kept");
    }
}
