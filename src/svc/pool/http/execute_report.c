/* SPDX-License-Identifier: MIT */
/* execute_report.c — one writer for each group of effects. What was not measured is named, never zero. */
#include "svc/pool/http/execute_report.h"

#include "svc/pool/execution_end.h"

static void write_output(struct json_writer *json, const struct execution *execution)
{
    const struct execution_outcome *outcome = &execution->outcome;
    uint64_t cut = 0;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        cut += outcome->output_lost[i];
    json_write_key(json, "output");
    json_write_begin_object(json);
    json_write_member_int(json, "stdoutBytes", (int64_t)outcome->output_bytes[SESSION_STDOUT]);
    json_write_member_int(json, "stderrBytes", (int64_t)outcome->output_bytes[SESSION_STDERR]);
    json_write_member_int(json, "cutBytes", (int64_t)cut);
    json_write_end_object(json);
}

void execute_report_write(struct json_writer *json, const struct execution *execution)
{
    enum execution_end end = execution_end_of(execution);
    if (end == EXECUTION_END_NONE)
        return;
    json_write_member_cstr(json, "ended", execution_end_name(end));
    if (!execution->session_guid[0])
        return;
    json_write_key(json, "effects");
    json_write_begin_object(json);
    json_write_member_int(json, "wallMicroseconds", execution->outcome.duration_ns / 1000);
    write_output(json, execution);
    json_write_end_object(json);
}
