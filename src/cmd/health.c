/* SPDX-License-Identifier: MIT */
/* health.c — what each service says of itself, as one JSON object. */
#include "cmd/health.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"

static void add_degraded(json_t *degraded, const char *part, const char *what)
{
    json_array_append_new(degraded, json_pack("{s:s, s:s}", "part", part, "cause", what));
}

static json_t *pool_health(const struct health *h, json_t *degraded)
{
    CLEANUP(buf_fini) struct buf text = {0};
    pool_service_report(h->pool, &text);
    json_t *report = json_loadb((const char *)text.data, text.size, 0, NULL);
    const char *lost = pool_service_lost(h->pool);
    if (lost)
        add_degraded(degraded, "pool", lost);
    size_t i;
    json_t *layer;
    json_array_foreach(json_object_get(json_object_get(report, "isolation"), "degraded"), i, layer)
    {
        if (json_is_string(layer))
            add_degraded(degraded, "isolation", json_string_value(layer));
    }
    return report ? report : json_object();
}

static json_t *scheduler_report(const struct health *h, json_t *degraded)
{
    struct scheduler_health health;
    struct scheduler_stats stats;
    scheduler_health(h->scheduler, &health);
    scheduler_stats(h->scheduler, &stats);
    if (!health.writable)
        add_degraded(degraded, "scheduler", health.text);
    return json_pack("{s:b, s:I, s:I, s:I, s:I}", "writable", health.writable, "workers",
                     (json_int_t)stats.engine.streams, "instances", (json_int_t)stats.engine.resident,
                     "turns", (json_int_t)stats.engine.turns_committed, "commits",
                     (json_int_t)stats.store.commits);
}

static int append(const char *text, size_t size, void *out)
{
    buf_append(out, text, size);
    return 0;
}

void health_answer(const struct health *h, struct http_request *r)
{
    json_t *degraded = json_array();
    json_t *root = json_pack("{s:s}", "version", SALLYPORT_VERSION);
    if (h->scheduler)
        json_object_set_new(root, "scheduler", scheduler_report(h, degraded));
    if (h->pool)
        json_object_set_new(root, "pool", pool_health(h, degraded));
    struct err why = {0};
    if (h->app && !app_service_connected(h->app, &why)) {
        char cause[sizeof why.text + 80];
        snprintf(cause, sizeof cause, "the worker has no stream to the task scheduler: %s", why.text);
        add_degraded(degraded, "app", cause);
    }
    if (!h->confined)
        add_degraded(degraded, "server", h->confine_detail);
    json_object_set_new(root, "ok", json_boolean(json_array_size(degraded) == 0));
    json_object_set_new(root, "uptimeSeconds",
                        json_integer((clock_monotonic_ns() - h->started_ns) / NS_PER_S));
    json_object_set_new(root, "degraded", degraded);
    CLEANUP(buf_fini) struct buf text = {0};
    bool dumped = root && json_dump_callback(root, append, &text, JSON_COMPACT) == 0;
    json_decref(root);
    buf_append_byte(&text, '\n');
    if (dumped && buf_status(&text) == STATUS_OK)
        http_respond(r, 200, "application/json; charset=utf-8", buf_peek(&text));
    else
        http_respond_failure(r, 503, "out of memory");
}

void health_init(struct health *h)
{
    h->started_ns = clock_monotonic_ns();
}
