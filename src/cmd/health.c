/* SPDX-License-Identifier: MIT */
/* health.c — what each part says of itself, collected once and written in two ways. */
#include "cmd/health.h"

#include <stdio.h>

#include "cmd/part.h"
#include "os/clock.h"

#define JSON_TYPE "application/json; charset=utf-8"

void cause_add(struct causes *causes, const char *part, enum cause_severity severity, const char *text)
{
    if (causes->count == CAUSES_MAX)
        return;
    struct cause *cause = &causes->at[causes->count++];
    *cause = (struct cause){.part = part, .severity = severity};
    snprintf(cause->text, sizeof cause->text, "%s", text);
}

static void look_at_all(const struct server *server, struct causes *ret_causes)
{
    ret_causes->count = 0;
    for (size_t i = 0; i < server->part_count; i++) {
        if (server->parts[i]->health && server_has(server, server->parts[i]))
            server->parts[i]->health(server, ret_causes);
    }
}

static size_t count_broken(const struct causes *causes)
{
    size_t count = 0;
    for (size_t i = 0; i < causes->count; i++)
        count += causes->at[i].severity > CAUSE_WEAKER;
    return count;
}

bool health_started(const struct server *server, char *ret_cause, size_t size)
{
    struct causes causes;
    look_at_all(server, &causes);
    for (size_t i = 0; i < causes.count; i++) {
        if (causes.at[i].severity != CAUSE_BROKEN)
            continue;
        snprintf(ret_cause, size, "%s: %s", causes.at[i].part, causes.at[i].text);
        return false;
    }
    return true;
}

/* --- the two answers --- */

static void write_causes(struct json_writer *json, const char *name, const struct causes *causes,
                         bool broken_only)
{
    json_write_key(json, name);
    json_write_begin_array(json);
    for (size_t i = 0; i < causes->count; i++) {
        if (broken_only && causes->at[i].severity == CAUSE_WEAKER)
            continue;
        json_write_begin_object(json);
        json_write_member_cstr(json, "part", causes->at[i].part);
        json_write_member_cstr(json, "cause", causes->at[i].text);
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

static void answer(struct http_request *request, int status, const struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, status, JSON_TYPE, buf_peek(json->out));
    else
        http_respond_no_memory(request);
}

static void answer_health(void *context, struct http_request *request)
{
    const struct server *server = context;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct causes causes;
    look_at_all(server, &causes);

    json_write_begin_object(&json);
    json_write_member_cstr(&json, "version", SALLYPORT_VERSION);
    for (size_t i = 0; i < server->part_count; i++) {
        if (server->parts[i]->report && server_has(server, server->parts[i]))
            server->parts[i]->report(server, &json);
    }
    json_write_member_bool(&json, "ok", count_broken(&causes) == 0);
    json_write_member_int(&json, "uptimeSeconds", (clock_monotonic_ns() - server->started_ns) / NS_PER_S);
    write_causes(&json, "degraded", &causes, false);
    json_write_end_object(&json);
    buf_append_byte(&out, '\n');
    answer(request, 200, &json);
}

static void answer_ready(void *context, struct http_request *request)
{
    const struct server *server = context;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct causes causes;
    look_at_all(server, &causes);

    bool ready = count_broken(&causes) == 0;
    json_write_begin_object(&json);
    json_write_member_bool(&json, "ready", ready);
    write_causes(&json, "causes", &causes, true);
    json_write_end_object(&json);
    buf_append_byte(&out, '\n');
    answer(request, ready ? 200 : 503, &json);
}

/* --- the routes --- */

static const struct http_route routes[] = {
    {"GET", "/healthz", "", ACCESS_ANYONE, .handle = answer_health,
     .summary = "Whether the server is alive, and what is degraded"},
    {"GET", "/readyz", "", ACCESS_ANYONE, .handle = answer_ready,
     .summary = "Whether work is taken now, and what keeps it from being taken"},
};

struct http_part health_part(struct server *server)
{
    return (struct http_part){.name = "server",
                              .prefix = "",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .context = server};
}
