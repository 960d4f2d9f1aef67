/* SPDX-License-Identifier: MIT */
/* execute_answer.c — the two shapes share their streams and their flags. */
#include "svc/pool/http/execute_answer.h"

#include "base/duration.h"
#include "wire/json/json.h"

/* A member whose value is JSON from a session, checked when it came. */
static void member_json(struct json_writer *w, const char *name, const struct buf *json)
{
    json_write_key(w, name);
    json_write_raw(w, buf_peek(json));
}

static void write_streams(struct json_writer *w, const struct execution *x)
{
    json_write_member_string(w, "stdout", buf_peek(&x->outcome.output[SESSION_STDOUT]));
    json_write_member_string(w, "stderr", buf_peek(&x->outcome.output[SESSION_STDERR]));
}

/* What the cloud's answers do not have: every cut is told, errors and images have a structure. */
static void write_extras(struct json_writer *w, const struct execution *x)
{
    static const struct {
        const char *flag, *bytes;
    } names[SESSION_STREAMS] = {[SESSION_STDOUT] = {"stdoutTruncated", "stdoutBytes"},
                                [SESSION_STDERR] = {"stderrTruncated", "stderrBytes"}};
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (!x->outcome.output_cut[i])
            continue;
        json_write_member_bool(w, names[i].flag, true);
        json_write_member_int(w, names[i].bytes,
                              (int64_t)MIN(x->outcome.output_bytes[i], (uint64_t)INT64_MAX));
    }
    if (x->outcome.result_cut)
        json_write_member_bool(w, "resultTruncated", true);
    if (x->outcome.result_dropped)
        json_write_member_bool(w, "resultDropped", true);
    if (x->outcome.error.size)
        member_json(w, "error", &x->outcome.error);
    if (x->outcome.outputs.size)
        member_json(w, "outputs", &x->outcome.outputs);
}

static int64_t duration_ms(const struct execution *x)
{
    return x->outcome.duration_ns / NS_PER_MS;
}

static void write_legacy_value(struct json_writer *w, const char *name, const struct execution *x)
{
    if (x->outcome.value.size == 0 ||
        x->outcome.value_type == RESULT_NULL) /* AutoGen would print "None" for null */
        json_write_member_cstr(w, name, "");
    else
        member_json(w, name, &x->outcome.value);
}

static void write_legacy_object(struct json_writer *w, const char *id, const struct execution *x)
{
    json_write_begin_object(w);
    json_write_member_cstr(w, "$id", id);
    json_write_member_cstr(w, "status",
                           x->status == EXECUTION_SUCCEEDED ? "Success"
                           : execution_final(x)             ? "Failure"
                                                            : "Running");
    write_streams(w, x);
    write_legacy_value(w, "result", x);
    write_legacy_value(w, "executionResult", x);
    json_write_member_int(w, "executionTimeInMilliseconds", duration_ms(x));
    if (x->outcome.fault != EXECUTION_FAULT_NONE)
        json_write_member_cstr(w, "reason", session_reason_name(x->outcome.reason));
    write_extras(w, x);
    json_write_end_object(w);
}

void execute_answer_legacy(const struct execution *x, struct buf *out)
{
    struct json_writer w = {.out = out};
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "$id", "1");
    json_write_key(&w, "properties");
    write_legacy_object(&w, "2", x);
    json_write_end_object(&w);
}

void execute_answer_first_preview(const struct execution *x, struct buf *out)
{
    struct json_writer w = {.out = out};
    write_legacy_object(&w, "1", x);
}

static void write_current_value(struct json_writer *w, const struct execution *x, bool as_text)
{
    if (x->outcome.value.size == 0)
        json_write_member_cstr(w, "executionResult", "");
    else if (as_text && x->outcome.value_type != RESULT_STRING && x->outcome.value_type != RESULT_NULL)
        json_write_member_string(w, "executionResult", buf_peek(&x->outcome.value));
    else
        member_json(w, "executionResult", &x->outcome.value);
}

/* Only for what is not the code's own failure; that one is in stderr and result.error. */
static void write_fault(struct json_writer *w, const struct execution *x)
{
    static const char *const codes[] = {
        [EXECUTION_FAULT_TIMEOUT] = "Timeout",
        [EXECUTION_FAULT_CRASH] = "SessionTerminated",
        [EXECUTION_FAULT_CANCELED] = "Canceled",
        [EXECUTION_FAULT_UNAVAILABLE] = "SessionUnavailable",
        [EXECUTION_FAULT_NO_MEMORY] = "InternalServerError",
        [EXECUTION_FAULT_REFUSED] = "ResultRefused",
    };
    json_write_key(w, "error");
    json_write_begin_object(w);
    json_write_key(w, "error");
    json_write_begin_object(w);
    json_write_member_cstr(w, "code", codes[x->outcome.fault]);
    json_write_member_cstr(w, "message", x->outcome.fault_text);
    json_write_member_cstr(w, "reason", session_reason_name(x->outcome.reason));
    json_write_end_object(w);
    json_write_end_object(w);
}

void execute_answer_current(const struct execution *x, struct bytes identifier, bool result_as_text,
                            struct buf *out)
{
    static const char *const words[] = {
        [EXECUTION_NOT_STARTED] = "NotStarted", [EXECUTION_RUNNING] = "Running",
        [EXECUTION_SUCCEEDED] = "Succeeded",    [EXECUTION_FAILED] = "Failed",
        [EXECUTION_CANCELED] = "Canceled",
    };
    struct json_writer w = {.out = out, .replace_invalid = true};
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "$id", "1");
    json_write_member_cstr(&w, "id", x->id);
    json_write_member_string(&w, "identifier", identifier);
    json_write_member_cstr(&w, "executionType", x->asked.execution_type);
    json_write_member_cstr(&w, "status", words[x->status]);
    if (execution_final(x)) {
        json_write_key(&w, "result");
        json_write_begin_object(&w);
        json_write_member_cstr(&w, "$id", "2");
        write_streams(&w, x);
        write_current_value(&w, x, result_as_text);
        json_write_member_int(&w, "executionTimeInMilliseconds", duration_ms(x));
        write_extras(&w, x);
        json_write_end_object(&w);
        if (x->outcome.fault)
            write_fault(&w, x);
    }
    json_write_end_object(&w);
}
