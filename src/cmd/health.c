/* SPDX-License-Identifier: MIT */
/* health.c — what each part says of itself, collected once and written in two ways. */
#include "cmd/health.h"

#include <stdio.h>
#include <string.h>

#include "os/clock.h"
#include "wire/json/json.h"

#define CAUSES_MAX 32
#define JSON_TYPE  "application/json; charset=utf-8"

enum severity {
    WEAKER,       /* than it could be: work is done */
    CANNOT_WRITE, /* everything can be read, nothing new is taken */
    BROKEN,       /* the part does not answer */
};

struct cause {
    const char *part;
    enum severity severity;
    char text[400];
};

struct causes {
    struct cause at[CAUSES_MAX];
    size_t count;
};

static void add_cause(struct causes *causes, const char *part, enum severity severity, const char *text)
{
    if (causes->count == CAUSES_MAX)
        return;
    struct cause *cause = &causes->at[causes->count++];
    *cause = (struct cause){.part = part, .severity = severity};
    snprintf(cause->text, sizeof cause->text, "%s", text);
}

/* --- the parts --------------------------------------------------------------------------------------- */

static void look_at_pool(const struct health *health, struct causes *causes)
{
    if (!health->pool)
        return;
    struct pool_report pool = pool_service_facts(health->pool);
    char text[sizeof causes->at[0].text];
    snprintf(text, sizeof text, "no session has run yet%s%s", pool.cause[0] ? ": " : "", pool.cause);
    if (pool.lost)
        add_cause(causes, "pool", BROKEN, pool.lost);
    else if (!pool.up)
        add_cause(causes, "pool", BROKEN, text);

    struct bytes names = bytes_of_cstr(pool.degraded);
    while (names.size > 0) {
        struct bytes name = bytes_split(&names, ',');
        snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
        add_cause(causes, "isolation", WEAKER, text);
    }
}

static void look_at_scheduler(const struct health *h, struct causes *causes)
{
    struct scheduler_health health;
    if (!h->scheduler)
        return;
    scheduler_health(h->scheduler, &health);
    if (!health.writable)
        add_cause(causes, "scheduler", CANNOT_WRITE, health.text);
}

static void look_at_app(const struct health *health, struct causes *causes)
{
    struct err why = {0};
    char text[sizeof why.text + 80];
    if (!health->app)
        return;
    if (!app_service_connected(health->app, &why)) {
        snprintf(text, sizeof text, "the worker has no stream to the task scheduler: %s", why.text);
        add_cause(causes, "app", BROKEN, text);
    }
    if (!app_service_pool_answers(health->app))
        add_cause(causes, "pool", BROKEN, "nobody answers at the session pool's URL");
}

static void look_at_server(const struct health *health, struct causes *causes)
{
    if (!health->confined)
        add_cause(causes, "server", WEAKER, health->confine_detail);
}

static void look_at_all(const struct health *health, struct causes *ret_causes)
{
    ret_causes->count = 0;
    look_at_scheduler(health, ret_causes);
    look_at_pool(health, ret_causes);
    look_at_app(health, ret_causes);
    look_at_server(health, ret_causes);
}

static size_t count_broken(const struct causes *causes)
{
    size_t count = 0;
    for (size_t i = 0; i < causes->count; i++)
        count += causes->at[i].severity > WEAKER;
    return count;
}

bool health_started(const struct health *health, char *ret_cause, size_t size)
{
    struct causes causes;
    look_at_all(health, &causes);
    for (size_t i = 0; i < causes.count; i++) {
        if (causes.at[i].severity != BROKEN)
            continue;
        snprintf(ret_cause, size, "%s: %s", causes.at[i].part, causes.at[i].text);
        return false;
    }
    return true;
}

/* --- the two answers --------------------------------------------------------------------------------- */

static void write_causes(struct json_writer *json, const char *name, const struct causes *causes,
                         bool broken_only)
{
    json_write_key(json, name);
    json_write_begin_array(json);
    for (size_t i = 0; i < causes->count; i++) {
        if (broken_only && causes->at[i].severity == WEAKER)
            continue;
        json_write_begin_object(json);
        json_write_member_cstr(json, "part", causes->at[i].part);
        json_write_member_cstr(json, "cause", causes->at[i].text);
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

static void write_scheduler(struct json_writer *json, struct scheduler *scheduler)
{
    struct scheduler_health health;
    struct scheduler_stats stats;
    scheduler_health(scheduler, &health);
    scheduler_stats(scheduler, &stats);
    json_write_key(json, "scheduler");
    json_write_begin_object(json);
    json_write_member_bool(json, "writable", health.writable);
    json_write_member_int(json, "workers", (int64_t)stats.engine.streams);
    json_write_member_int(json, "instances", (int64_t)stats.engine.resident);
    json_write_member_int(json, "turns", (int64_t)stats.engine.turns_committed);
    json_write_member_int(json, "commits", (int64_t)stats.store.commits);
    json_write_end_object(json);
}

static void write_pool(struct json_writer *json, const struct pool_service *pool)
{
    CLEANUP(buf_fini) struct buf report = {0};
    pool_service_report(pool, &report);
    json_write_key(json, "pool");
    json_write_raw(json, buf_peek(&report));
}

static void answer(struct http_request *request, int status, const struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, status, JSON_TYPE, buf_peek(json->out));
    else
        http_respond_failure(request, 503, "out of memory");
}

void health_answer(const struct health *health, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct causes causes;
    look_at_all(health, &causes);

    json_write_begin_object(&json);
    json_write_member_cstr(&json, "version", SALLYPORT_VERSION);
    if (health->scheduler)
        write_scheduler(&json, health->scheduler);
    if (health->pool)
        write_pool(&json, health->pool);
    if (health->confine_json[0]) {
        json_write_key(&json, "server");
        json_write_raw(&json, bytes_of_cstr(health->confine_json));
    }
    json_write_member_bool(&json, "ok", count_broken(&causes) == 0);
    json_write_member_int(&json, "uptimeSeconds", (clock_monotonic_ns() - health->started_ns) / NS_PER_S);
    write_causes(&json, "degraded", &causes, false);
    json_write_end_object(&json);
    buf_append_byte(&out, '\n');
    answer(request, 200, &json);
}

void health_answer_ready(const struct health *health, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct causes causes;
    look_at_all(health, &causes);

    bool ready = count_broken(&causes) == 0;
    json_write_begin_object(&json);
    json_write_member_bool(&json, "ready", ready);
    write_causes(&json, "causes", &causes, true);
    json_write_end_object(&json);
    buf_append_byte(&out, '\n');
    answer(request, ready ? 200 : 503, &json);
}

void health_init(struct health *health)
{
    health->started_ns = clock_monotonic_ns();
}
