/* SPDX-License-Identifier: MIT */
/* follow.c — `logs --follow`: the output of a run as it comes. A stream that breaks off is taken up where it was, and a run that was
 * lost is followed by the next one. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/limit_values.h"
#include "cmd/review/actions.h"
#include "cmd/review/review.h"
#include "cmd/review/view.h"
#include "wire/http1/sse_reader.h"
#include "wire/json/json.h"

#define PLACE_SIZE 128 /* bytes of an event's id with its NUL */

/* One run that is followed. */
struct followed_run {
    const struct review_call *call;
    const char *id;
    int64_t number;
    struct sse_reader events;
    char place[PLACE_SIZE]; /* where it goes on; "0" at the beginning */
    bool came;              /* something came since the last connection */
    bool is_over, is_lost, is_held;
    bool is_broken; /* nothing can be written any more */
};

/* --- events --- */

/* To a terminal nothing that steers it. */
static void write_text(struct followed_run *run, FILE *to, struct bytes text)
{
    CLEANUP(buf_fini) struct buf shown = {0};
    if (isatty(fileno(to)))
        print_bytes(&shown, text);
    else
        buf_append_bytes(&shown, text);
    bool written = buf_status(&shown) == STATUS_OK && fwrite(shown.data, 1, shown.size, to) == shown.size &&
                   fflush(to) == 0;
    run->is_broken = run->is_broken || !written;
}

static void note(const struct followed_run *run, const char *text)
{
    fflush(stdout);
    fprintf(stderr, "sallyport %s: %s\n", run->call->command->name, text);
}

static void take_status(struct followed_run *run, const json_t *data)
{
    const char *ended = json_member_text(data, "ended");
    const char *words = json_member_text(data, "words");
    CLEANUP(buf_fini) struct buf shown = {0};
    run->is_held = json_is_true(json_object_get(data, "held"));
    if (!bytes_equal_cstr(json_member_bytes(data, "status"), "over"))
        return;
    run->is_over = true;
    run->is_lost = ended && strcmp(ended, "interrupted") == 0;
    if (!ended || strcmp(ended, "succeeded") == 0)
        return;
    print_text(&shown, text_or(words, ended));
    buf_append_byte(&shown, '\0');
    if (buf_status(&shown) == STATUS_OK)
        note(run, (const char *)shown.data);
}

/* A line of JSON for a program. */
static void write_json(struct followed_run *run, struct bytes name, json_t *data)
{
    CLEANUP(buf_fini) struct buf line = {0};
    CLEANUP(json_release)
    json_t *event = json_pack("{s:s%, s:I, s:O}", "event", (const char *)name.data, name.size, "run",
                              (json_int_t)run->number, "data", data);
    print_json_value(&line, event ? event : json_null());
    run->is_broken = run->is_broken || !event || !print_out(&line) || fflush(stdout) != 0;
}

static void on_event(void *context, const struct sse_event *event)
{
    struct followed_run *run = context;
    CLEANUP(json_release) json_t *data = NULL;
    run->came = true;
    if (event->id.size < sizeof run->place)
        (void)snprintf(run->place, sizeof run->place, "%.*s", BYTES_FMT(event->id));
    if (json_parse(event->data, NULL, &data, NULL) != STATUS_OK)
        return;
    bool is_json = setting_flag(run->call->values, "json");
    struct bytes text = json_member_bytes(data, "text");
    if (is_json)
        write_json(run, event->name, data);
    if (bytes_equal_cstr(event->name, "status"))
        take_status(run, data);
    else if (!is_json && bytes_equal_cstr(event->name, "stdout"))
        write_text(run, stdout, text);
    else if (!is_json && bytes_equal_cstr(event->name, "stderr"))
        write_text(run, stderr, text);
    else if (!is_json && bytes_equal_cstr(event->name, "reset"))
        note(run, "not all of that is kept; what is, from its beginning:");
}

static bool on_data(void *context, struct bytes data)
{
    struct followed_run *run = context;
    return sse_reader_feed(&run->events, data) == STATUS_OK && !run->is_broken;
}

/* --- a run --- */

/* One connection, from where the run is. The HTTP status; 0: there was no answer, or it broke off. */
static int read_stream(struct followed_run *run, long *ret_http_status)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    char rest[PLACE_SIZE + 64];
    (void)snprintf(rest, sizeof rest, "/runs/%lld/output?from=%s", (long long)run->number, run->place);
    if (!review_path(run->call, run->id, rest, &path))
        return EXIT_FAILED;
    const struct server_request request = {
        .method = "GET", .path = (const char *)path.data, .on_data = on_data, .context = run};
    run->came = false;
    sse_reader_init(&run->events, CLI_ANSWER_SIZE_MAX, on_event, run);
    server_ask(run->call->values, &request, &answer);
    sse_reader_fini(&run->events);
    *ret_http_status = answer.http_status;
    bool good = answer.http_status == 0 || answer.http_status == 200 || answer.http_status == 204 ||
                answer.http_status == 503;
    return good && !answer.refused ? EXIT_GOOD
                                   : server_explain(run->call->command, run->call->values, &answer);
}

/* To its end, over as many connections as it takes. */
static int follow_run(struct followed_run *run)
{
    for (int lost = 0; lost < CLI_FOLLOW_TRIES_MAX;) {
        long http_status = 0;
        int code = read_stream(run, &http_status);
        if (code != EXIT_GOOD)
            return code;
        if (run->is_broken)
            return server_failed(run->call->command, EXIT_FAILED, "the output cannot be written", NULL);
        if (run->is_over || http_status == 204)
            return EXIT_GOOD;
        lost = run->came ? 1 : lost + 1;
        (void)!poll(NULL, 0, CLI_FOLLOW_PAUSE_MS);
    }
    return server_failed(run->call->command, EXIT_FAILED, "the connection was lost, and does not come back",
                         "what was printed is not lost: try again");
}

/* The number of the run that goes on, or whose result is shown, or that is to come. */
static int64_t present_run(const json_t *request)
{
    int64_t number = json_integer_value(json_object_get(request, "run"));
    return number > 0 ? number : (int64_t)json_array_size(json_object_get(request, "runs")) + 1;
}

int review_follow(const struct review_call *call, const char *id, const json_t *request)
{
    struct followed_run run = {.call = call, .id = id, .number = present_run(request)};
    for (;; run.number++) {
        (void)snprintf(run.place, sizeof run.place, "0");
        run.is_over = false;
        run.is_lost = false;
        int code = follow_run(&run);
        if (code != EXIT_GOOD)
            return code;
        if (run.is_held)
            return server_failed(call->command, EXIT_NO_RIGHT,
                                 "its output is held until the request is approved", NULL);
        if (!run.is_lost)
            return EXIT_GOOD;
        CLEANUP(json_release) json_t *now = NULL;
        code = review_get_typed(call, &now);
        if (code != EXIT_GOOD || view_is_over(now))
            return code;
    }
}
