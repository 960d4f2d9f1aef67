/* SPDX-License-Identifier: MIT */
/* execution.c — from a session's answer to an execution's lasting result. */
#include "svc/pool/execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"

#define TEXT_GROWTH_MAX 3   /* a byte that is not UTF-8 becomes the three of U+FFFD */
#define MARK_SIZE_MAX   256 /* bytes of the lines that are added to a stream */

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
    x->asked_ns = now_ns;
    return x;
}

void execution_destroy(struct execution *x)
{
    if (!x)
        return;
    ASSERT(!x->report.queued);
    list_remove(&x->queue_link);
    list_remove(&x->record_link);
    list_remove(&x->pool_link);
    buf_fini(&x->code);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&x->output[i]);
    buf_fini(&x->value);
    buf_fini(&x->outputs);
    buf_fini(&x->error);
    free(x);
}

size_t execution_size(const struct execution *x)
{
    size_t size = sizeof *x + x->code.capacity + x->value.capacity + x->outputs.capacity + x->error.capacity;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        size += x->output[i].capacity;
    return size;
}

static void take_output(struct execution *x, const struct session *s)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        const struct output_capture *c = &s->output[i];
        buf_init(&x->output[i], TEXT_GROWTH_MAX * (c->head_max + c->tail_max) + MARK_SIZE_MAX);
        output_capture_render(c, &x->output[i]);
        x->output_cut[i] = output_capture_lost(c) > 0;
    }
}

static void take_value(struct buf *out, struct result_value v)
{
    buf_init(out, TEXT_GROWTH_MAX * v.json.size + 1);
    result_value_append(out, v);
}

static void take_result(struct execution *x, const struct result_frame *r)
{
    x->status = r->ok ? EXECUTION_SUCCEEDED : EXECUTION_FAILED;
    x->duration_us = r->duration_us;
    x->result_cut = r->truncated;
    if (r->ok) {
        x->value_type = r->value.type;
        take_value(&x->value, r->value);
    } else {
        take_value(&x->error, r->error);
    }
    if (r->outputs.json.size > strlen("[]"))
        take_value(&x->outputs, r->outputs);
}

/* Adds a line to stderr that tells a reader of the text what the status alone would not. */
static void note_on_stderr(struct execution *x, const char *title, const char *text)
{
    struct buf *err = &x->output[SESSION_STDERR];
    err->limit = MAX(err->limit, err->size + MARK_SIZE_MAX);
    if (err->size && err->data[err->size - 1] != '\n')
        buf_append_byte(err, '\n');
    buf_append_fmt(err, "%s: %s\n", title, text);
}

void execution_fail(struct execution *x, enum execution_fault fault, const char *text)
{
    static const char *const titles[] = {
        [EXECUTION_FAULT_TIMEOUT] = "Timeout",       [EXECUTION_FAULT_CRASH] = "SessionTerminated",
        [EXECUTION_FAULT_CANCELED] = "Canceled",     [EXECUTION_FAULT_UNAVAILABLE] = "SessionUnavailable",
        [EXECUTION_FAULT_NO_MEMORY] = "OutOfMemory",
    };
    x->status = fault == EXECUTION_FAULT_CANCELED ? EXECUTION_CANCELED : EXECUTION_FAILED;
    x->fault = fault;
    snprintf(x->fault_text, sizeof x->fault_text, "%s", text);
    note_on_stderr(x, titles[fault], x->fault_text);
}

static void forget_results(struct execution *x)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        buf_fini(&x->output[i]);
    buf_fini(&x->value);
    buf_fini(&x->outputs);
    buf_fini(&x->error);
    x->value_type = RESULT_NONE;
}

void execution_take_answer(struct execution *x, const struct session *s, const struct session_answer *a)
{
    char text[sizeof x->fault_text];
    take_output(x, s);
    switch (a->verdict) {
    case SESSION_VERDICT_RESULT:
        take_result(x, a->result);
        break;
    case SESSION_VERDICT_TIMEOUT:
        snprintf(text, sizeof text, "the code ran longer than %lld ms and was stopped; %s",
                 (long long)(x->limit_ns / NS_PER_MS),
                 a->kept ? "the session keeps its state" : "the session was ended, its state is lost");
        execution_fail(x, EXECUTION_FAULT_TIMEOUT, text);
        break;
    case SESSION_VERDICT_CRASH:
        snprintf(text, sizeof text, "%s; the next call gets a fresh session", s->cause);
        execution_fail(x, EXECUTION_FAULT_CRASH, text);
        break;
    }
    bool whole = !x->value.failed && !x->outputs.failed && !x->error.failed;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        whole = whole && !x->output[i].failed;
    if (!whole) {
        forget_results(x);
        execution_fail(x, EXECUTION_FAULT_NO_MEMORY, "the result could not be kept");
    }
}
