/* SPDX-License-Identifier: MIT */
/* execute_answer.c — the two shapes share their streams and their flags. */
#include "svc/pool/http/execute_answer.h"

#include "base/duration.h"
#include "svc/pool/http/execute_report.h"
#include "wire/json/json.h"

/* A member whose value is JSON from a session, checked when it came. */
static void member_json(struct json_writer *writer, const char *name, const struct buf *json)
{
    json_write_key(writer, name);
    json_write_raw(writer, buf_peek(json));
}

static void write_streams(struct json_writer *json, const struct execution *execution)
{
    json_write_member_string(json, "stdout", buf_peek(&execution->outcome.output[SESSION_STDOUT]));
    json_write_member_string(json, "stderr", buf_peek(&execution->outcome.output[SESSION_STDERR]));
}

/* What the cloud's answers do not have: every cut is told, errors and images have a structure. */
static void write_extras(struct json_writer *json, const struct execution *execution)
{
    static const struct {
        const char *flag, *bytes;
    } names[SESSION_STREAMS] = {[SESSION_STDOUT] = {"stdoutTruncated", "stdoutBytes"},
                                [SESSION_STDERR] = {"stderrTruncated", "stderrBytes"}};
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (!execution->outcome.output_cut[i])
            continue;
        json_write_member_bool(json, names[i].flag, true);
        json_write_member_int(json, names[i].bytes,
                              (int64_t)MIN(execution->outcome.output_bytes[i], (uint64_t)INT64_MAX));
    }
    if (execution->outcome.result_cut)
        json_write_member_bool(json, "resultTruncated", true);
    if (execution->outcome.result_dropped)
        json_write_member_bool(json, "resultDropped", true);
    if (execution->outcome.error.size)
        member_json(json, "error", &execution->outcome.error);
    if (execution->outcome.outputs.size)
        member_json(json, "outputs", &execution->outcome.outputs);
}

static int64_t duration_ms(const struct execution *execution)
{
    return execution->outcome.duration_ns / NS_PER_MS;
}

static void write_legacy_value(struct json_writer *json, const char *name, const struct execution *execution)
{
    if (execution->outcome.value.size == 0 ||
        execution->outcome.value_type == RESULT_NULL) /* AutoGen would print "None" for null */
        json_write_member_cstr(json, name, "");
    else
        member_json(json, name, &execution->outcome.value);
}

static const char *legacy_status(const struct execution *execution)
{
    if (execution->status == EXECUTION_SUCCEEDED)
        return "Success";
    return execution_final(execution) ? "Failure" : "Running";
}

static void write_legacy_object(struct json_writer *json, const char *id, const struct execution *execution)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "$id", id);
    json_write_member_cstr(json, "status", legacy_status(execution));
    write_streams(json, execution);
    write_legacy_value(json, "result", execution);
    write_legacy_value(json, "executionResult", execution);
    json_write_member_int(json, "executionTimeInMilliseconds", duration_ms(execution));
    if (execution->outcome.fault != EXECUTION_FAULT_NONE)
        json_write_member_cstr(json, "reason", session_reason_name(execution->outcome.reason));
    write_extras(json, execution);
    json_write_end_object(json);
}

void execute_answer_legacy(const struct execution *execution, bool report, struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "$id", "1");
    json_write_key(&json, "properties");
    write_legacy_object(&json, "2", execution);
    if (report)
        execute_report_write(&json, execution);
    json_write_end_object(&json);
}

void execute_answer_first_preview(const struct execution *execution, struct buf *out)
{
    struct json_writer json = {.out = out};
    write_legacy_object(&json, "1", execution);
}

static void write_current_value(struct json_writer *json, const struct execution *execution, bool as_text)
{
    if (execution->outcome.value.size == 0)
        json_write_member_cstr(json, "executionResult", "");
    else if (as_text && execution->outcome.value_type != RESULT_STRING &&
             execution->outcome.value_type != RESULT_NULL)
        json_write_member_string(json, "executionResult", buf_peek(&execution->outcome.value));
    else
        member_json(json, "executionResult", &execution->outcome.value);
}

/* Only for what is not the code's own failure; that one is in stderr and result.error. */
static void write_fault(struct json_writer *json, const struct execution *execution)
{
    static const char *const codes[] = {
        [EXECUTION_FAULT_TIMEOUT] = "Timeout",
        [EXECUTION_FAULT_CRASH] = "SessionTerminated",
        [EXECUTION_FAULT_CANCELED] = "Canceled",
        [EXECUTION_FAULT_UNAVAILABLE] = "SessionUnavailable",
        [EXECUTION_FAULT_NO_MEMORY] = "InternalServerError",
        [EXECUTION_FAULT_REFUSED] = "ResultRefused",
    };
    json_write_key(json, "error");
    json_write_begin_object(json);
    json_write_key(json, "error");
    json_write_begin_object(json);
    json_write_member_cstr(json, "code", codes[execution->outcome.fault]);
    json_write_member_cstr(json, "message", execution->outcome.fault_text);
    json_write_member_cstr(json, "reason", session_reason_name(execution->outcome.reason));
    json_write_end_object(json);
    json_write_end_object(json);
}

const char *execute_status_word(const struct execution *execution)
{
    static const char *const words[] = {
        [EXECUTION_NOT_STARTED] = "NotStarted", [EXECUTION_RUNNING] = "Running",
        [EXECUTION_SUCCEEDED] = "Succeeded",    [EXECUTION_FAILED] = "Failed",
        [EXECUTION_CANCELED] = "Canceled",
    };
    return words[execution->status];
}

void execute_answer_current(const struct execution *execution, struct bytes identifier, bool result_as_text,
                            bool report, struct buf *out)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "$id", "1");
    json_write_member_cstr(&json, "id", execution->id);
    json_write_member_string(&json, "identifier", identifier);
    json_write_member_cstr(&json, "executionType", execution->asked.execution_type);
    json_write_member_cstr(&json, "status", execute_status_word(execution));
    if (execution_final(execution)) {
        json_write_key(&json, "result");
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "$id", "2");
        write_streams(&json, execution);
        write_current_value(&json, execution, result_as_text);
        json_write_member_int(&json, "executionTimeInMilliseconds", duration_ms(execution));
        write_extras(&json, execution);
        json_write_end_object(&json);
        if (execution->outcome.fault)
            write_fault(&json, execution);
    }
    if (report)
        execute_report_write(&json, execution);
    json_write_end_object(&json);
}
