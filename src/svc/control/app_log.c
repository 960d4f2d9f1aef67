/* SPDX-License-Identifier: MIT */
/* app_log.c — what an app writes, as its clients ask for it: the newest lines, and with follow=true what comes, until they
 * leave, the app is deleted or the server stops. Asked for below the app's path without "providers", as the cloud has it:
 *
 *   /subscriptions/{s}/resourceGroups/{g}/containerApps/{app}/revisions/{r}/replicas/{n}/containers/{c}/logstream
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "os/clock.h"
#include "svc/control/control_internal.h"
#include "svc/control/limit_values.h"

#define LOOK_NS         (200 * NS_PER_MS) /* between two looks at what has come */
#define LINES_UNASKED   20
#define APP_SEGMENT     5
#define STREAM_SEGMENTS 13

struct app_log {
    struct list link;
    struct control *control;
    struct http_request *request;
    struct loop_timer look;
    uint64_t sent; /* of the bytes that the app ever wrote */
    size_t unread;
    bool as_json;
    size_t key_size;
    char key[];
};

static void end(struct app_log *log)
{
    loop_timer_cancel(&log->look);
    list_remove(&log->link);
    log->control->log_count--;
    free(log);
}

static void on_gone(void *context)
{
    end(context);
}

static void on_drain(void *context)
{
    struct app_log *log = context;
    log->unread = 0;
}

/* --- lines --- */

/* `{"TimeStamp":…,"Log":…}` and a line feed for each line, as the cloud's form json has it; the time is that of reading. */
static void append_lines(struct buf *out, struct bytes text, bool as_json)
{
    char now[TIME_TEXT_SIZE_MAX];
    time_format(clock_unix_ns(), 6, now);
    if (!as_json) {
        buf_append_bytes(out, text);
        return;
    }
    while (text.size > 0) {
        struct json_writer json = {.out = out, .replace_invalid = true};
        struct bytes line = bytes_split(&text, '\n');
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "TimeStamp", now);
        json_write_member_string(&json, "Log", line);
        json_write_end_object(&json);
        buf_append_byte(out, '\n');
    }
}

/* The last `lines` whole lines. */
static struct bytes tail(struct bytes text, size_t lines)
{
    size_t from = text.size;
    while (from > 0) {
        if (text.data[from - 1] == '\n' && from < text.size && lines-- == 1)
            break;
        from--;
    }
    return lines == 0 && from == text.size ? (struct bytes){0} : bytes_slice(text, from, text.size);
}

/* Up to the last line that is whole, so that no line is told in two pieces. */
static struct bytes whole_lines(struct bytes text)
{
    while (text.size > 0 && text.data[text.size - 1] != '\n')
        text.size--;
    return text;
}

/* --- following --- */

/* False when there is nobody to follow any more. */
static bool send_news(struct app_log *log)
{
    const struct control_engine *engine = &log->control->options.engine;
    struct control_app_state state;
    CLEANUP(buf_fini) struct buf out = {0};
    if (!engine->app_tell(engine->context, bytes_of(log->key, log->key_size), &state))
        return false;
    uint64_t first = state.log_total - state.log.size; /* what is older is not kept */
    size_t skipped = log->sent > first ? (size_t)(log->sent - first) : 0;
    struct bytes news = whole_lines(bytes_slice(state.log, skipped, state.log.size));
    if (news.size == 0 || log->unread > APP_LOG_UNREAD_MAX)
        return true;
    append_lines(&out, news, log->as_json);
    log->sent = MAX(log->sent, first) + news.size;
    if (buf_status(&out) == STATUS_OK)
        log->unread = http_stream_write(log->request, buf_peek(&out));
    return true;
}

static void finish(struct app_log *log)
{
    struct http_request *request = log->request;
    end(log);
    http_request_on_gone(request, NULL, NULL);
    http_stream_end(request);
}

static void on_look(struct loop_timer *timer)
{
    struct app_log *log = CONTAINER_OF(timer, struct app_log, look);
    struct loop *loop = log->control->loop;
    bool goes_on = send_news(log) && loop_timer_set(loop, timer, loop_now(loop) + LOOK_NS) == STATUS_OK;
    if (!goes_on)
        finish(log);
}

void control_log_stop(struct control *control)
{
    while (!list_empty(&control->logs))
        finish(CONTAINER_OF(control->logs.next, struct app_log, link));
}

static void follow(struct control *control, struct http_request *request, struct bytes key,
                   const struct control_app_state *state, struct bytes shown, bool as_json)
{
    struct app_log *log = control->log_count < CONTROL_LOGS_MAX ? calloc(1, sizeof *log + key.size) : NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    if (!log) {
        http_respond_failure(request, 503, "too many answers follow what apps write");
        return;
    }
    *log = (struct app_log){.control = control,
                            .request = request,
                            .look = {.on_fire = on_look},
                            .sent = state->log_total,
                            .as_json = as_json,
                            .key_size = key.size};
    memcpy(log->key, key.data, key.size);
    list_push_back(&control->logs, &log->link);
    control->log_count++;
    append_lines(&out, shown, as_json);
    http_request_on_gone(request, on_gone, log);
    http_stream_begin(request, 200, "text/plain; charset=utf-8", on_drain, log);
    log->unread = http_stream_write(request, buf_peek(&out));
    if (loop_timer_set(control->loop, &log->look, loop_now(control->loop) + LOOK_NS) != STATUS_OK)
        finish(log);
}

/* --- the request --- */

/* The key of the app below which the path lies; data NULL: it is no path of a log. */
static struct bytes app_of(struct arena *arena, const struct resource_id *id)
{
    static const struct {
        size_t segment;
        const char *word;
    } words[] = {{4, "containerApps"}, {6, "revisions"}, {8, "replicas"}, {10, "containers"}};
    bool fits = id->count == STREAM_SEGMENTS && id->group.data;
    for (size_t i = 0; fits && i < ARRAY_SIZE(words); i++)
        fits = bytes_equal_nocase(id->segments[words[i].segment], bytes_of_cstr(words[i].word));
    if (!fits)
        return (struct bytes){0};
    char *key = arena_fmt(arena, "%.*s/providers/microsoft.app/containerapps/%.*s",
                          BYTES_FMT(resource_id_prefix_key(id, 4)), BYTES_FMT(id->segments[APP_SEGMENT]));
    for (char *at = key; at && *at; at++)
        *at = (char)ascii_lower((uint8_t)*at);
    return bytes_of_cstr(key);
}

void control_log_request(void *context, struct http_request *request)
{
    struct control *control = context;
    const struct control_engine *engine = &control->options.engine;
    CLEANUP(arena_fini) struct arena arena = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    struct resource_id id;
    struct control_app_state state;
    struct bytes key = {0};
    uint64_t lines = LINES_UNASKED;
    struct bytes wanted = http_request_query(request, "tailLines");
    control_add_headers(request);
    if (resource_id_parse(&arena, http_request_path(request), &id, NULL) == STATUS_OK)
        key = app_of(&arena, &id);
    if (wanted.size > 0 && (bytes_parse_u64(wanted, &lines) != STATUS_OK || lines > APP_LOG_LINES_MAX)) {
        http_respond_failure(request, 400, "tailLines is a number up to 300");
        return;
    }
    if (!key.data || control->stopping || !engine->app_tell ||
        !engine->app_tell(engine->context, key, &state)) {
        http_respond_failure(request, 404, "no app of that name runs here");
        return;
    }
    bool as_json = bytes_equal_nocase(http_request_query(request, "output"), BYTES_LITERAL("json"));
    struct bytes shown = tail(whole_lines(state.log), (size_t)lines);
    if (bytes_equal_nocase(http_request_query(request, "follow"), BYTES_LITERAL("true"))) {
        follow(control, request, key, &state, shown, as_json);
        return;
    }
    append_lines(&out, shown, as_json);
    http_respond(request, 200, "text/plain; charset=utf-8", buf_peek(&out));
}
