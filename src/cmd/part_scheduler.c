/* SPDX-License-Identifier: MIT */
/* part_scheduler.c — the task scheduler and its store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/no_memory.h"
#include "cmd/limit_values.h"
#include "cmd/part.h"
#include "store/directory/assignments.h"
#include "svc/scheduler/scheduler_access.h"

/* The names of `task-hubs`, cut in place; returns how many. */
static size_t split_names(char *text, const char **ret_names, size_t names_max)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *name = strtok_r(text, ", ", &rest); name && count < names_max;
         name = strtok_r(NULL, ", ", &rest))
        ret_names[count++] = name;
    return count;
}

static void on_trace(void *context, struct bytes spans, size_t count)
{
    otlp_exporter_add(context, spans, count);
}

/* What all schedulers of the process have in common. */
struct scheduler_options server_scheduler_options(const struct server *server)
{
    const struct option_values *values = server->settings;
    struct scheduler_options options = scheduler_options_default();
    options.large_message_agents = setting_text(values, "large-message-agents");
    options.on_trace = server->traces ? on_trace : NULL;
    options.trace_context = server->traces;
    options.engine.payload_size_max = (size_t)setting_number(values, "payload-size-max");
    options.engine.payload_resident_size_max = (size_t)setting_number(values, "resident-size-max");
    options.engine.history_resident_size_max = (size_t)setting_number(values, "resident-size-max");
    options.engine.activity_lease_ns = setting_number(values, "activity-lease");
    options.engine.traces = server->traces != NULL;
    return options;
}

/* Grants at the hub, by both names that it has. */
static void on_hub_leaves(void *context, struct bytes hub,
                          void (*on_done)(void *done_context, enum status status, const char *text),
                          void *done_context)
{
    struct server *server = context;
    CLEANUP(buf_fini) struct buf below = {0};
    CLEANUP(buf_fini) struct buf place = {0};
    CLEANUP(buf_fini) struct buf resource = {0};
    scheduler_access_place(hub, &below);
    buf_append_fmt(&place, SCHEDULER_ACCESS_PLACE "%.*s", BYTES_FMT(buf_peek(&below)));
    scheduler_access_resource(server->scheduler_resource, hub, &resource);
    const struct bytes names[] = {buf_peek(&place), buf_peek(&resource)};
    bool whole = buf_status(&below) == STATUS_OK && buf_status(&place) == STATUS_OK &&
                 buf_status(&resource) == STATUS_OK;
    if (!whole)
        on_done(done_context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
    else if (below.size == 0) /* no grant can name it, and what is for all hubs stays */
        on_done(done_context, STATUS_OK, NULL);
    else
        assignments_forget(server->directory, names, ARRAY_SIZE(names), on_done, done_context);
}

static enum status start(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    CLEANUP(arena_fini) struct arena arena = {0};
    char *path = arena_fmt(&arena, "%s/scheduler.db", server->data.path);
    char *shown = arena_fmt(&arena, "%s/scheduler.db", server->data_dir);
    server->hub_names = strdup(setting_text(values, "task-hubs"));
    if (!path || !shown || !server->hub_names)
        return err_no_memory(err);

    const char *hubs[TASK_HUBS_NAMED_MAX + 1]; /* and the app's */
    size_t hub_count = split_names(server->hub_names, hubs, TASK_HUBS_NAMED_MAX + 1);
    if (hub_count > TASK_HUBS_NAMED_MAX)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "task-hubs: more than %d names (limit task-hubs-named-max); --dynamic-task-hubs makes a "
            "hub when its name is first used",
            TASK_HUBS_NAMED_MAX);
    if (hub_count == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "task-hubs: at least one name is needed");
    server->hub = hubs[0];
    if (server_has(server, &part_app))
        server->hub = hubs[hub_count++] = setting_text(values, "app-hub");
    struct scheduler_options options = server_scheduler_options(server);
    if (server->directory)
        snprintf(server->scheduler_resource, sizeof server->scheduler_resource,
                 "/subscriptions/%.40s/resourceGroups/local/providers/Microsoft.DurableTask/schedulers/local",
                 directory_tenant(server->directory)->subscription_id);
    options.resource = server->scheduler_resource[0] ? server->scheduler_resource : NULL;
    options.store.path = path;
    options.store.shown = shown;
    options.hubs = hubs;
    options.hub_count = hub_count;
    options.retention = setting_text(values, "retention");
    options.hubs_dynamic = setting_flag(values, "dynamic-task-hubs");
    options.hubs_managed = setting_flag(values, "manage-task-hubs") || setting_flag(values, "emulator");
    options.on_hub_leaves = server->directory ? on_hub_leaves : NULL;
    options.hub_leaves_context = server;
    enum status status = scheduler_create(server->loop, &options, &server->scheduler, err);
    if (status)
        return status;
    return scheduler_http_create(server->loop, server->scheduler, &server->scheduler_http, err);
}

static void mount(struct server *server, struct front *front)
{
    front_add(front, scheduler_http_part(server->scheduler_http));
}

static void health(const struct server *server, struct causes *causes)
{
    struct scheduler_condition condition;
    scheduler_condition(server->scheduler, &condition);
    if (!condition.writable)
        cause_add(causes, "scheduler", CAUSE_CANNOT_WRITE, condition.text);
}

static void report(const struct server *server, struct json_writer *json)
{
    struct scheduler_condition condition;
    struct scheduler_stats stats;
    scheduler_condition(server->scheduler, &condition);
    scheduler_stats(server->scheduler, &stats);
    json_write_key(json, "scheduler");
    json_write_begin_object(json);
    json_write_member_bool(json, "writable", condition.writable);
    json_write_member_int(json, "workers", (int64_t)stats.engine.streams);
    json_write_member_int(json, "instances", (int64_t)stats.engine.resident);
    json_write_member_int(json, "turns", (int64_t)stats.engine.turns_committed);
    json_write_member_int(json, "commits", (int64_t)stats.store.commits);
    json_write_end_object(json);
}

/* Whoever names another hub than before must not wonder where the requests are. */
static void say_where_work_is(void *context, struct bytes name, uint64_t unfinished)
{
    const struct server *server = context;
    if (unfinished && !bytes_equal_nocase(name, bytes_of_cstr(server->hub)))
        log_warn(
            "cmd",
            "a task hub that is not the app's holds unfinished instances hub=%.*s instances=%llu app-hub=%s",
            BYTES_FMT(name), (unsigned long long)unfinished, server->hub);
}

static const void *metrics_source(const struct server *server)
{
    return server->scheduler;
}

static void announce(struct server *server)
{
    if (server_has(server, &part_app))
        scheduler_hubs(server->scheduler, say_where_work_is, server);
}

/* The gRPC server ends with it. */
static void stop(struct server *server)
{
    scheduler_stop(server->scheduler, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    if (server->directory)
        directory_settle(server->directory); /* ORDER: it may be forgetting grants for a call */
    scheduler_destroy(server->scheduler);
    scheduler_http_destroy(server->scheduler_http);
    free(server->hub_names);
}

const struct part part_scheduler = {
    .name = "scheduler",
    .commands = COMMAND_DEV | COMMAND_SCHEDULER,
    .start = start,
    .mount = mount,
    .health = health,
    .report = report,
    .metrics = scheduler_metrics,
    .metrics_source = metrics_source,
    .announce = announce,
    .stop = stop,
    .destroy = destroy,
};
