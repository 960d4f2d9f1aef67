/* SPDX-License-Identifier: MIT */
/* view.c — in three parts: the list, the request as a whole, its output. Tables from state and member to words; everything a
 * stranger wrote goes through print.h. Files are view_files.c's, votes and rules view_policy.c's. */
#include "cmd/review/view.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/review/review.h"
#include "cmd/review/view_files.h"
#include "cmd/review/view_policy.h"

/* What a state means to whoever waits, in the order of a request's life. */
static const struct {
    const char *state;
    bool is_over;
    int exit_code;
    const char *text;
} states[] = {
    {"queued", false, EXIT_GOOD, "accepted; the code has not been started"},
    {"running", false, EXIT_GOOD, "the code runs"},
    {"waiting", false, EXIT_GOOD, "waiting for a decision"},
    {"changes-requested", false, EXIT_GOOD, "changes are asked for: sallyport resubmit"},
    {"approved", true, EXIT_GOOD, "approved"},
    {"rejected", true, EXIT_REJECTED, "rejected"},
    {"timed-out", true, EXIT_TIMED_OUT, "nobody decided in time"},
    {"failed", true, EXIT_RUN_FAILED, "failed"},
    {"cancelled", true, EXIT_RUN_FAILED, "cancelled"},
};

/* Index in `states`; ARRAY_SIZE(states) for a state that is not known here. */
static size_t state_of(const json_t *request)
{
    const char *state = json_member_text(request, "state");
    size_t index = 0;
    while (index < ARRAY_SIZE(states) && !(state && strcmp(states[index].state, state) == 0))
        index++;
    return index;
}

int view_exit_code(const json_t *request)
{
    size_t index = state_of(request);
    return index < ARRAY_SIZE(states) ? states[index].exit_code : EXIT_GOOD;
}

bool view_is_over(const json_t *request)
{
    size_t index = state_of(request);
    return index < ARRAY_SIZE(states) && states[index].is_over;
}

/* "2026-11-28T11:52:53.3881313Z" as "2026-11-28 11:52:53Z"; another text as it is. */
static const char *time_text(const char *time, char ret_text[PRINT_TIME_SIZE])
{
    if (!time)
        return NULL;
    (void)snprintf(ret_text, PRINT_TIME_SIZE, "%s", time);
    char *mark = strchr(ret_text, 'T');
    char *fraction = strchr(ret_text, '.');
    if (mark && fraction) {
        *mark = ' ';
        (void)snprintf(fraction, 2, "Z");
    }
    return ret_text;
}

void view_standing(const json_t *request, struct buf *out)
{
    size_t index = state_of(request);
    const char *state = json_member_text(request, "state");
    char time[PRINT_TIME_SIZE];
    const char *deadline = time_text(json_member_text(request, "deadline"), time);
    const json_t *decision = json_object_get(request, "decision");
    const char *by = json_member_text(decision, "by"), *comment = json_member_text(decision, "comment");
    const char *error = json_member_text(json_object_get(request, "error"), "message");

    buf_append_cstr(out, index < ARRAY_SIZE(states) ? states[index].text : text_or(state, "unknown"));
    if (deadline && !view_is_over(request))
        buf_append_fmt(out, " until %s", deadline);
    if (by)
        buf_append_fmt(out, " by %s", by);
    if (comment)
        buf_append_fmt(out, ": %s", comment);
    else if (error)
        buf_append_fmt(out, ": %s", error);
}

const char *view_short_id(const json_t *request, char ret_text[VIEW_ID_SIZE])
{
    const char *id = json_member_text(request, "id");
    (void)snprintf(ret_text, VIEW_ID_SIZE, "%s", text_or(id, ""));
    return ret_text;
}

/* --- ls --- */

/* Who submitted: whoever signed in, or, where nobody does, what the client said of itself. */
static const char *submitter(const json_t *request)
{
    const json_t *person = json_object_get(request, "submitter");
    const char *said = json_member_text(request, "submittedBy"), *kind = json_member_text(person, "kind");
    bool signed_in = kind && strcmp(kind, "local") != 0;
    return said && !signed_in ? said : json_member_text(person, "name");
}

void view_list_head(struct print_table *table)
{
    static const char *const headings[] = {"ID", "STATE", "CREATED", "BY", "PURPOSE"};
    print_table_row(table, headings, ARRAY_SIZE(headings));
}

void view_list_row(struct print_table *table, const json_t *request)
{
    char id[VIEW_ID_SIZE], time[PRINT_TIME_SIZE];
    const char *const cells[] = {view_short_id(request, id), json_member_text(request, "state"),
                                 time_text(json_member_text(request, "createdAt"), time), submitter(request),
                                 json_member_text(request, "purpose")};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

/* --- show --- */

/* A number in another unit than it is told in. */
static void pair_quotient(struct buf *out, const char *name, const json_t *value, double divisor,
                          const char *unit)
{
    char text[48];
    if (!json_is_number(value))
        return;
    (void)snprintf(text, sizeof text, "%.15g%s", json_number_value(value) / divisor, unit);
    print_pair(out, name, text);
}

static void pair_number(struct buf *out, const char *name, const json_t *value, const char *unit)
{
    pair_quotient(out, name, value, 1, unit);
}

static void pair_time(struct buf *out, const char *name, const char *time)
{
    char text[PRINT_TIME_SIZE];
    print_pair(out, name, time_text(time, text));
}

static void view_labels(const json_t *labels, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    json_t *object = (json_t *)labels; /* jansson's iterators take no const */
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *value = json_string_value(json_object_iter_value(at));
        buf_append_fmt(&line, "%s%s=%s", line.size ? ", " : "", json_object_iter_key(at), text_or(value, ""));
    }
    if (line.size > 0)
        print_pair_line(out, "labels", &line);
}

/* Facts that were measured from outside of the session; those without a group stand by themselves. */
static const struct {
    const char *group, *member, *name, *unit;
    double divisor;
} effects[] = {
    {"network", "attempts", "network", " attempts", 1},
    {"refused", "count", "refused", " calls", 1},
    {"files", "count", "files", " made, changed or removed", 1},
    {"processes", "started", "processes", " started", 1},
    {"processes", "mostAtOnce", "processes", " at once at most", 1},
    {NULL, "memoryPeakBytes", "memory", " bytes at most", 1},
    {NULL, "cpuMicroseconds", "processor", " ms", 1000},
    {NULL, "wallMicroseconds", "wall clock", " ms", 1000},
};

/* One line for each, with whose word it is. */
static void view_hosts(const json_t *own_word, struct buf *out)
{
    const json_t *hosts = json_object_get(own_word, "hosts");
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        const json_t *host = json_array_get(hosts, i);
        const char *port = json_member_text(host, "port");
        CLEANUP(buf_fini) struct buf line = {0};
        buf_append_fmt(&line, "%s%s%s, %lld times by the code's own word",
                       text_or(json_member_text(host, "host"), ""), port ? ":" : "", text_or(port, ""),
                       (long long)json_integer_value(json_object_get(host, "count")));
        print_pair_line(out, "host", &line);
    }
}

static void view_effects(const json_t *run, struct buf *out)
{
    const json_t *all = json_object_get(run, "effects");
    const char *words = json_member_text(run, "words");
    print_pair(out, "ended", text_or(words, json_member_text(run, "ended")));

    /* Whoever may not see them yet is told that they are there. */
    bool measured = json_member_text(run, "effectsSha256");
    if (!all && json_member_text(run, "ended"))
        print_pair(out, "effects", measured ? "measured, and held back until the release" : "not reported");
    for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
        const json_t *group = effects[i].group ? json_object_get(all, effects[i].group) : all;
        pair_quotient(out, effects[i].name, json_object_get(group, effects[i].member), effects[i].divisor,
                      effects[i].unit);
    }
    view_hosts(json_object_get(all, "ownWord"), out);
}

/* The step that follows an approval, which is approved with it: its code, and what became of it. */
static void view_step(const json_t *request, struct buf *out)
{
    const json_t *step = json_object_get(json_object_get(request, "then"), "code");
    CLEANUP(buf_fini) struct buf line = {0};
    const char *text = json_member_text(step, "text"), *state = json_member_text(step, "state");
    if (!json_member_text(step, "sha256"))
        return;
    buf_append_fmt(&line, "code, %" JSON_INTEGER_FORMAT " bytes, in the same session",
                   json_integer_value(json_object_get(step, "bytes")));
    if (state)
        buf_append_fmt(&line, ": %s", state);
    print_pair_line(out, "then", &line);
    if (text)
        print_pair(out, "then code", text);
}

/* What follows an approval, and what became of it. */
static void view_then_webhook(const json_t *webhook, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    const char *name = json_member_text(webhook, "name"), *state = json_member_text(webhook, "state");
    const char *error = json_member_text(json_object_get(webhook, "error"), "message");
    if (!name)
        return;
    buf_append_fmt(&line, "tell webhook %s%s%s%s%s", name, state ? ": " : "", text_or(state, ""),
                   error ? ": " : "", text_or(error, ""));
    print_pair_line(out, "then", &line);
}

static void view_then(const json_t *request, struct buf *out)
{
    const json_t *then = json_object_get(request, "then"), *start = json_object_get(then, "start");
    view_then_webhook(json_object_get(then, "webhook"), out);
    CLEANUP(buf_fini) struct buf line = {0};
    const char *name = json_member_text(start, "name"), *hub = json_member_text(start, "hub"),
               *state = json_member_text(start, "state");
    const char *instance = json_member_text(start, "instanceId");
    const char *error = json_member_text(json_object_get(start, "error"), "message");
    if (!name)
        return;
    buf_append_fmt(&line, "start %s in hub %s", name, text_or(hub, "?"));
    if (state)
        buf_append_fmt(&line, ": %s", state);
    if (instance && !error)
        buf_append_fmt(&line, " as %s", instance);
    if (error)
        buf_append_fmt(&line, ": %s", error);
    print_pair_line(out, "then", &line);
}

/* The present run is the last one. */
static const json_t *present_run(const json_t *request)
{
    const json_t *runs = json_object_get(request, "runs");
    return json_array_get(runs, json_array_size(runs) - 1);
}

static void view_head(const json_t *request, struct buf *out)
{
    CLEANUP(buf_fini) struct buf standing = {0};
    view_standing(request, &standing);
    print_pair(out, "id", json_member_text(request, "id"));
    print_pair(out, "state", json_member_text(request, "state"));
    print_pair_line(out, "standing", &standing);
    print_pair(out, "purpose", json_member_text(request, "purpose"));
    print_pair(out, "submitted by", submitter(request));
    print_pair(out, "on behalf of", json_member_text(request, "onBehalfOf"));
    pair_time(out, "created", json_member_text(request, "createdAt"));
    pair_time(out, "deadline", json_member_text(request, "deadline"));
    view_labels(json_object_get(request, "labels"), out);
    pair_number(out, "revision", json_object_get(request, "revision"), "");
    pair_number(out, "attempts", json_object_get(request, "attempts"), "");
    print_pair(out, "manifest", json_member_text(request, "manifestSha256"));
}

void view_request(const json_t *request, bool why, struct buf *out)
{
    const json_t *result = json_object_get(request, "result"), *error = json_object_get(request, "error");
    view_head(request, out);
    view_effects(present_run(request), out);
    view_files(request, out);
    view_votes(json_object_get(request, "votes"), out);
    view_step(request, out);
    view_then(request, out);
    if (why)
        view_rules(request, out);
    print_pair(out, "error", json_member_text(error, "message"));
    print_pair(out, "hint", json_member_text(error, "hint"));
    print_pair(out, "code", json_member_text(request, "code"));
    if (!result)
        return;
    print_pair(out, "status", json_member_text(result, "status"));
    pair_number(out, "took", json_object_get(result, "executionTimeInMilliseconds"), " ms");
    buf_append_cstr(out, "output\n");
    view_output(result, true, out);
}

/* --- output --- */

static void append_stream(const json_t *value, bool harmless, struct buf *out)
{
    struct bytes text = json_bytes(value);
    if (text.size == 0)
        return;
    if (harmless)
        print_bytes(out, text);
    else
        buf_append_bytes(out, text);
    if (text.data[text.size - 1] != '\n')
        buf_append_byte(out, '\n');
}

/* A value, or an image by its form and size. */
static void append_value(const json_t *value, bool harmless, struct buf *out)
{
    const char *data = json_member_text(value, "base64_data"), *format = json_member_text(value, "format");
    if (data) {
        buf_append_byte(out, '[');
        print_text(out, text_or(format, "an"));
        buf_append_fmt(out, " image, %zu bytes]\n", strlen(data) / 4 * 3);
        return;
    }
    if (json_is_string(value))
        append_stream(value, harmless, out);
    else if (value && !json_is_null(value))
        print_json_value(out, value);
}

/* The interpreter prints what was raised to its standard error, too. */
static bool ends_with_error(const json_t *result, const json_t *lines)
{
    struct bytes printed = bytes_trim(json_bytes(json_object_get(result, "stderr")));
    struct bytes last = bytes_trim(json_bytes(json_array_get(lines, json_array_size(lines) - 1)));
    return last.size > 0 && last.size <= printed.size &&
           bytes_equal(bytes_slice(printed, printed.size - last.size, last.size), last);
}

void view_output(const json_t *result, bool harmless, struct buf *out)
{
    append_stream(json_object_get(result, "stdout"), harmless, out);
    append_stream(json_object_get(result, "stderr"), harmless, out);
    append_value(json_object_get(result, "result"), harmless, out);
    const json_t *lines = json_object_get(json_object_get(result, "error"), "traceback");
    bool again = ends_with_error(result, lines);
    for (size_t i = 0; !again && i < json_array_size(lines); i++)
        append_stream(json_array_get(lines, i), harmless, out);
}
