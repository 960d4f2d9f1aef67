/* SPDX-License-Identifier: MIT */
/* execute_report.c — one writer for each group of effects. What was not measured is named, never zero; what the code itself says
 * stands apart from it. */
#include "svc/pool/http/execute_report.h"

#include <stdio.h>
#include <sys/socket.h>

#include "svc/pool/execution_end.h"
#include "svc/pool/measure.h"

static void write_gauges(struct json_writer *json, const struct gauge_values *gauges)
{
    if (gauges->cpu_known)
        json_write_member_int(json, "cpuMicroseconds", (int64_t)gauges->cpu_us);
    if (gauges->memory_known)
        json_write_member_int(json, "memoryPeakBytes", (int64_t)gauges->memory_peak);
}

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

static void write_hash(struct json_writer *json, const uint8_t hash[FILE_HASH_SIZE])
{
    char hex[2 * FILE_HASH_SIZE + 1];
    for (size_t i = 0; i < FILE_HASH_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    json_write_member_cstr(json, "sha256", hex);
}

static void write_change(struct json_writer *json, const struct file_change *change)
{
    static const char *const words[] = {
        [FILE_MADE] = "made", [FILE_CHANGED] = "changed", [FILE_REMOVED] = "removed"};
    json_write_begin_object(json);
    json_write_member_cstr(json, "path", change->path);
    json_write_member_cstr(json, "change", words[change->kind]);
    if (change->kind != FILE_REMOVED)
        json_write_member_int(json, "bytes", (int64_t)change->size);
    if (change->hashed)
        write_hash(json, change->sha256);
    json_write_end_object(json);
}

static void write_files(struct json_writer *json, const struct file_changes *files)
{
    json_write_key(json, "files");
    json_write_begin_object(json);
    json_write_member_int(json, "count", (int64_t)files->total);
    if (files->unseen)
        json_write_member_int(json, "unseen", (int64_t)files->unseen);
    json_write_key(json, "changes");
    json_write_begin_array(json);
    for (size_t i = 0; i < files->count; i++)
        write_change(json, &files->changes[i]);
    json_write_end_array(json);
    json_write_end_object(json);
}

/* For people; a number where there is none. */
static void write_word(struct json_writer *json, const char *member, const char *const *words, size_t count,
                       int value)
{
    char number[16];
    bool known = value >= 0 && (size_t)value < count && words[value];
    snprintf(number, sizeof number, "%d", value);
    json_write_member_cstr(json, member, known ? words[value] : number);
}

static void write_socket(struct json_writer *json, const struct call_socket *socket)
{
    static const char *const families[] = {
        [AF_UNIX] = "unix",       [AF_INET] = "inet",     [AF_INET6] = "inet6",
        [AF_NETLINK] = "netlink", [AF_PACKET] = "packet", [AF_VSOCK] = "vsock",
    };
    static const char *const types[] = {
        [SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "raw", [SOCK_SEQPACKET] = "seqpacket"};
    json_write_begin_object(json);
    write_word(json, "family", families, ARRAY_SIZE(families), socket->family);
    write_word(json, "type", types, ARRAY_SIZE(types), socket->type);
    json_write_member_int(json, "count", (int64_t)socket->count);
    json_write_end_object(json);
}

/* Sockets that lead out of the machine or to it; the others are in "refused" only. */
static bool leads_out(const struct call_socket *socket)
{
    return socket->family != AF_UNIX && socket->family != AF_NETLINK;
}

static void write_network(struct json_writer *json, const struct call_counts *calls)
{
    uint64_t attempts = calls->other_sockets;
    for (size_t i = 0; i < calls->socket_kinds; i++)
        attempts += leads_out(&calls->sockets[i]) ? calls->sockets[i].count : 0;
    json_write_key(json, "network");
    json_write_begin_object(json);
    json_write_member_int(json, "attempts", (int64_t)attempts);
    json_write_key(json, "calls");
    json_write_begin_array(json);
    for (size_t i = 0; i < calls->socket_kinds; i++)
        if (leads_out(&calls->sockets[i]))
            write_socket(json, &calls->sockets[i]);
    json_write_end_array(json);
    json_write_end_object(json);
}

static void write_refused(struct json_writer *json, const struct call_counts *calls)
{
    size_t count;
    const struct told_call *told = told_calls(&count);
    json_write_key(json, "refused");
    json_write_begin_object(json);
    json_write_member_int(json, "count", (int64_t)calls->total);
    json_write_key(json, "calls");
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        if (!calls->calls[i])
            continue;
        json_write_begin_object(json);
        json_write_member_cstr(json, "call", told[i].name);
        json_write_member_int(json, "count", (int64_t)calls->calls[i]);
        json_write_end_object(json);
    }
    json_write_end_array(json);
    json_write_end_object(json);
}

/* Each of the two is known by another way, and may be known alone. */
static void write_processes(struct json_writer *json, const struct measure *measure)
{
    if (!measure->calls_known && !measure->gauges.processes_known)
        return;
    json_write_key(json, "processes");
    json_write_begin_object(json);
    if (measure->calls_known)
        json_write_member_int(json, "started", (int64_t)measure->calls.starts);
    if (measure->gauges.processes_known)
        json_write_member_int(json, "mostAtOnce", (int64_t)measure->gauges.processes);
    json_write_end_object(json);
}

/* What the code says, beside what was measured. */
static void write_own_word(struct json_writer *json, const struct execution_outcome *outcome)
{
    if (!outcome->hosts.size)
        return;
    json_write_key(json, "ownWord");
    json_write_begin_object(json);
    json_write_key(json, "hosts");
    json_write_raw(json, buf_peek(&outcome->hosts));
    if (outcome->hosts_more)
        json_write_member_int(json, "moreHosts", (int64_t)outcome->hosts_more);
    json_write_end_object(json);
}

/* The names of members that this run or this machine did not give. */
static void write_missing(struct json_writer *json, const struct execution *execution)
{
    const struct measure *measure = execution->measure;
    const bool started = measure && measure->calls_known, most = measure && measure->gauges.processes_known;
    const struct {
        const char *name;
        bool known;
    } members[] = {
        {"files", measure && measure->files_known},
        {"network", measure && measure->calls_known},
        {"network.address", false}, /* a refused socket has none */
        {"refused", measure && measure->calls_known},
        {"ownWord", execution->outcome.hosts.size > 0},
        {"processes", started || most},
        {"processes.started", started || !most}, /* one name is enough for both */
        {"processes.mostAtOnce", most || !started},
        {"cpuMicroseconds", measure && measure->gauges.cpu_known},
        {"memoryPeakBytes", measure && measure->gauges.memory_known},
    };
    json_write_key(json, "notReported");
    json_write_begin_array(json);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (!members[i].known)
            json_write_cstr(json, members[i].name);
    json_write_end_array(json);
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
    if (execution->measure)
        write_gauges(json, &execution->measure->gauges);
    write_output(json, execution);
    if (execution->measure && execution->measure->files_known)
        write_files(json, &execution->measure->files);
    if (execution->measure && execution->measure->calls_known) {
        write_network(json, &execution->measure->calls);
        write_refused(json, &execution->measure->calls);
    }
    if (execution->measure)
        write_processes(json, execution->measure);
    write_own_word(json, &execution->outcome);
    write_missing(json, execution);
    json_write_end_object(json);
}
