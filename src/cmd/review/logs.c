/* SPDX-License-Identifier: MIT */
/* logs.c — what a run prints. With --follow as it comes: the server sends events (text/event-stream), of which those of the
 * output are base64 or text of the code's streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/review/actions.h"
#include "cmd/review/view.h"

#define FOLLOW_MS           (24LL * 3600 * 1000) /* no run takes as long */
#define EVENT_LINE_CAPACITY ((size_t)4 << 20)    /* bytes of one line of the stream */

/* A stream of events that is read line by line. */
struct follow {
    struct buf line;
    struct buf event; /* its name */
};

/* An event's data: {"text"} is written to the stream that its name says. */
static bool write_event(const struct follow *follow, struct bytes data)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(buf_fini) struct buf clean = {0};
    bool is_stdout = bytes_equal_cstr(buf_peek(&follow->event), "stdout");
    bool is_stderr = bytes_equal_cstr(buf_peek(&follow->event), "stderr");
    if ((!is_stdout && !is_stderr) || json_parse(data, NULL, &value, NULL) != STATUS_OK)
        return true;
    struct bytes text = json_bytes(json_object_get(value, "text"));
    FILE *out = is_stdout ? stdout : stderr;
    if (text.size == 0)
        return true;
    if (isatty(fileno(out)))
        print_bytes(&clean, text);
    else
        buf_append_bytes(&clean, text);
    return fwrite(clean.data, 1, clean.size, out) == clean.size && fflush(out) == 0;
}

/* One line of the stream (WHATWG HTML 9.2.6): a field, a comment, or the empty one that ends an event. */
static bool take_line(struct follow *follow)
{
    struct bytes line = buf_peek(&follow->line);
    struct bytes value = line;
    struct bytes field = bytes_split(&value, ':');
    if (value.size > 0 && value.data[0] == ' ')
        value = bytes_slice(value, 1, SIZE_MAX);
    bool good = true;
    if (bytes_equal_cstr(field, "event")) {
        buf_clear(&follow->event);
        buf_append_bytes(&follow->event, value);
    } else if (bytes_equal_cstr(field, "data")) {
        good = write_event(follow, value);
    }
    return good && !follow->event.failed;
}

static bool on_piece(void *context, struct bytes piece)
{
    struct follow *follow = context;
    for (size_t i = 0; i < piece.size; i++) {
        if (piece.data[i] == '\r')
            continue;
        if (piece.data[i] != '\n') {
            buf_append_byte(&follow->line, piece.data[i]);
            continue;
        }
        if (follow->line.failed || !take_line(follow))
            return false;
        buf_clear(&follow->line);
    }
    return !follow->line.failed;
}

static int follow_run(const struct review_call *call, const char *id, int64_t run)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    struct follow follow = {.line = {.limit = EVENT_LINE_CAPACITY}};
    char rest[64];
    (void)snprintf(rest, sizeof rest, "/runs/%lld/output", (long long)run);
    if (!review_path(call, id, rest, &path))
        return EXIT_FAILED;
    const struct server_request request = {.method = "GET",
                                           .path = (const char *)path.data,
                                           .patience_ms = FOLLOW_MS,
                                           .on_piece = on_piece,
                                           .context = &follow};
    server_ask(call->values, &request, &answer);
    buf_fini(&follow.line);
    buf_fini(&follow.event);
    return answer.http_status == 200 ? EXIT_GOOD : server_explain(call->command, call->values, &answer);
}

int review_logs(const struct review_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0}, out = {0};
    CLEANUP(json_release) json_t *request = NULL;
    char id[REVIEW_ID_SIZE];
    int code = review_find(call, call->values->positionals[0], id);
    if (code != EXIT_GOOD)
        return code;
    if (!review_path(call, id, "", &path))
        return EXIT_FAILED;
    code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &request);
    if (code != EXIT_GOOD)
        return code;

    const json_t *result = json_object_get(request, "result");
    const json_t *run = json_object_get(request, "run");
    if (!result && setting_flag(call->values, "follow") && json_is_integer(run))
        return follow_run(call, id, json_integer_value(run));
    if (setting_flag(call->values, "json"))
        print_json_value(&out, result);
    else
        view_output(result, isatty(STDOUT_FILENO), &out);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}
