/* SPDX-License-Identifier: MIT */
/* part_control.c — the control plane, and what its resources are made of in this process.
 * ORDER: after the port and TLS, which every scheduler that it makes again has, too; before the door. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "cmd/part.h"

#define GROUP     "local"
#define SCHEDULER "local"

/* --- schedulers --- */

/* The one of the settings is known by its name, which no other can have in that group. */
static struct scheduler *scheduler_of(struct server *server, struct bytes key)
{
    const struct bytes fixed =
        BYTES_LITERAL("/resourcegroups/" GROUP "/providers/microsoft.durabletask/schedulers/" SCHEDULER);
    struct made_scheduler *made = made_schedulers_find(&server->made_schedulers, key);
    if (made)
        return made->scheduler;
    bool is_fixed =
        key.size > fixed.size && bytes_equal(bytes_slice(key, key.size - fixed.size, fixed.size), fixed);
    return is_fixed ? server->scheduler : NULL;
}

static enum status find_port(void *context, uint16_t *ret_port, struct err *err)
{
    struct server *server = context;
    return made_schedulers_free_port(&server->made_schedulers, ret_port, err);
}

static enum status put_scheduler(void *context, struct bytes key, const struct control_scheduler *scheduler,
                                 struct err *err)
{
    struct server *server = context;
    struct made_scheduler_wish wish = {
        .key = key, .group = scheduler->group, .name = scheduler->name, .port = scheduler->port};
    for (size_t i = 0; i < scheduler->allowed_count; i++) {
        enum status status = allow_list_add(&wish.allowed, scheduler->allowed[i], err);
        if (status != STATUS_OK)
            return status;
    }
    return made_schedulers_put(&server->made_schedulers, &wish, err);
}

static void remove_scheduler(void *context, struct bytes key)
{
    struct server *server = context;
    made_schedulers_remove(&server->made_schedulers, key);
}

static void write_endpoint(void *context, struct bytes key, struct buf *out)
{
    struct server *server = context;
    const struct made_scheduler *made = made_schedulers_find(&server->made_schedulers, key);
    struct addresses addresses = {0};
    if (made) {
        addresses_set_url(&addresses, server->tls.server ? "https" : "http",
                          setting_text(server->settings, "host"), listener_port(made->listener));
        buf_append_cstr(out, addresses.url);
    } else if (scheduler_of(server, key)) {
        buf_append_cstr(out, server->addresses.url);
    }
}

static enum status retain(void *context, struct bytes key, const struct control_retention *retention,
                          struct err *err)
{
    struct server *server = context;
    struct scheduler *scheduler = scheduler_of(server, key);
    const char *setting = setting_text(server->settings, "retention");
    if (!scheduler)
        return err_set(err, STATUS_NOT_FOUND, "the scheduler does not run");
    if (scheduler == server->scheduler && setting && setting[0])
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "the retention of this scheduler is what the setting --retention says; start the "
                       "server without it");
    return scheduler_retain(scheduler, retention->rules, err);
}

/* --- session pools --- */

static enum status put_pool(void *context, struct bytes key, const struct control_pool *pool, struct err *err)
{
    struct server *server = context;
    const struct pool_limits limits = {.sessions_max = pool->sessions_max,
                                       .sessions_ready = pool->sessions_ready,
                                       .cooldown_ns = pool->cooldown_ns};
    return pool_set_put(server->pools, key, pool->name, &limits, err);
}

static void remove_pool(void *context, struct bytes key)
{
    struct server *server = context;
    pool_set_remove(server->pools, key);
}

/* --- task hubs --- */

static void on_hub_changed(void *context, enum status status, const char *text, struct bytes message)
{
    struct server *server = context;
    server->on_hub_changed(server->hub_change_context, status, text);
}

static void change_hub(struct server *server, struct bytes key, struct bytes name, bool remove,
                       control_done *on_done, void *done_context)
{
    struct scheduler *scheduler = scheduler_of(server, key);
    if (!scheduler) {
        on_done(done_context, STATUS_NOT_FOUND, "the scheduler does not run");
        return;
    }
    server->on_hub_changed = on_done; /* one at a time: the control plane waits for it */
    server->hub_change_context = done_context;
    const struct scheduler_asker asker = {.on_done = on_hub_changed, .context = server, .operates = true};
    if (remove)
        scheduler_ask_hub_deleted(scheduler, name, &asker);
    else
        scheduler_ask_hub_made(scheduler, name, &asker);
}

static void put_hub(void *context, struct bytes scheduler, struct bytes name, control_done *on_done,
                    void *done_context)
{
    change_hub(context, scheduler, name, false, on_done, done_context);
}

static void remove_hub(void *context, struct bytes scheduler, struct bytes name, control_done *on_done,
                       void *done_context)
{
    change_hub(context, scheduler, name, true, on_done, done_context);
}

struct hub_walk {
    void (*on_hub)(void *context, struct bytes name);
    void *context;
};

static void on_hub(void *context, struct bytes name, uint64_t unfinished)
{
    const struct hub_walk *walk = context;
    walk->on_hub(walk->context, name);
}

static void each_hub(void *context, struct bytes key, void (*on_each)(void *hub_context, struct bytes name),
                     void *hub_context)
{
    struct hub_walk walk = {on_each, hub_context};
    const struct scheduler *scheduler = scheduler_of(context, key);
    if (scheduler)
        scheduler_hubs(scheduler, on_hub, &walk);
}

static bool hub_is_fixed(void *context, struct bytes key, struct bytes name)
{
    struct server *server = context;
    struct bytes names = bytes_of_cstr(setting_text(server->settings, "task-hubs"));
    if (scheduler_of(server, key) != server->scheduler)
        return false;
    if (bytes_equal_nocase(name, bytes_of_cstr(server->hub)))
        return true;
    while (names.data) {
        struct bytes group = bytes_split(&names, ',');
        while (group.data)
            if (bytes_equal_nocase(bytes_split(&group, ' '), name))
                return true;
    }
    return false;
}

/* --- the part --- */

static void settle_schedulers(struct server *server)
{
    struct made_schedulers *made = &server->made_schedulers;
    made_schedulers_init(made, server->loop);
    made->folder = server->data.path;
    made->shown = server->data_dir;
    made->scheduler = server_scheduler_options(server);
    made->grpc = server_grpc_limits(server);
    made->http = http_server_limits_default();
    made->http.bodies_size_max = (size_t)setting_number(server->settings, "bodies-memory");
    made->listener = server_listener_options(server);
    made->site = &server->names.site;
    if (server->door)
        made->authenticator = door_authenticator(server->door);
}

/* Before any pool is made again. */
static enum status name_pool(struct server *server, struct arena *arena, struct err *err)
{
    const char *subscription = directory_tenant(server->directory)->subscription_id;
    char *key =
        arena_fmt(arena, "/subscriptions/%s/resourcegroups/" GROUP "/providers/microsoft.app/sessionpools/%s",
                  subscription, setting_text(server->settings, "pool-name"));
    for (char *at = key; at && *at; at++)
        *at = (char)ascii_lower((uint8_t)*at);
    enum status status = key ? pool_set_name(server->pools, bytes_of_cstr(subscription), bytes_of_cstr(key))
                             : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        return status;
    return err_set(err, status, ERR_NO_MEMORY);
}

static enum status start(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    CLEANUP(arena_fini) struct arena arena = {0};
    const char *path = arena_fmt(&arena, "%s/control.db", server->data.path);
    const char *shown = arena_fmt(&arena, "%s/control.db", server->data_dir);
    if (!path || !shown)
        return err_no_memory(err);
    settle_schedulers(server);
    enum status status = name_pool(server, &arena, err);
    if (status != STATUS_OK)
        return status;
    struct control_options options = {
        .path = path,
        .shown = shown,
        .directory = server->directory,
        .url = server->addresses.url,
        .fixed = {.group = GROUP,
                  .pool = setting_text(values, "pool-name"),
                  .scheduler = SCHEDULER,
                  .sessions_max = (uint32_t)setting_number(values, "max-sessions"),
                  .sessions_ready = (uint32_t)setting_number(values, "ready-sessions"),
                  .cooldown_ns = setting_number(values, "cooldown")},
        .engine = {.pool_put = put_pool,
                   .pool_remove = remove_pool,
                   .scheduler_port = find_port,
                   .scheduler_put = put_scheduler,
                   .scheduler_remove = remove_scheduler,
                   .scheduler_endpoint = write_endpoint,
                   .scheduler_retain = retain,
                   .hub_put = put_hub,
                   .hub_remove = remove_hub,
                   .hubs_each = each_hub,
                   .hub_is_fixed = hub_is_fixed,
                   .context = server},
    };
    part_apps_engine(server, &options.engine);
    part_apps_names(server, &options);
    return control_create(server->loop, &options, &server->control, err);
}

static void mount(struct server *server, struct front *front)
{
    front_add(front, control_part(server->control));
}

static void stop(struct server *server)
{
    control_stop(server->control);
    made_schedulers_stop(&server->made_schedulers, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    control_destroy(server->control);
    made_schedulers_fini(&server->made_schedulers);
}

const struct part part_control = {
    .name = "control",
    .commands = COMMAND_DEV,
    .start = start,
    .mount = mount,
    .stop = stop,
    .destroy = destroy,
};
