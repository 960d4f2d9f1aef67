/* SPDX-License-Identifier: MIT */
/* made_schedulers.c — from the inside out: store and engine, calls, port; and the other way round at the end. */
#include "cmd/made_schedulers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "svc/page/page_service.h"

void made_schedulers_init(struct made_schedulers *schedulers, struct loop *loop)
{
    *schedulers = (struct made_schedulers){.loop = loop};
    list_init(&schedulers->all);
}

static void end(struct made_schedulers *schedulers, struct made_scheduler *made)
{
    list_remove(&made->link);
    schedulers->count--;
    listener_close(made->listener);
    http_server_destroy(made->http);
    grpc_server_destroy(made->grpc); /* ORDER: it answers the calls that the scheduler drops */
    scheduler_destroy(made->scheduler);
    scheduler_http_destroy(made->scheduler_http);
    front_fini(&made->front);
    free(made);
}

static void on_one_stopped(void *context)
{
    struct made_schedulers *schedulers = context;
    if (--schedulers->stopping_count == 0)
        schedulers->on_stopped(schedulers->stopped_context);
}

static void on_http_drained(void *context)
{
    struct made_scheduler *made = context;
    scheduler_stop(made->scheduler, on_one_stopped, made->all);
}

void made_schedulers_stop(struct made_schedulers *schedulers, void (*on_stopped)(void *context),
                          void *context)
{
    schedulers->stopping = true;
    schedulers->on_stopped = on_stopped;
    schedulers->stopped_context = context;
    schedulers->stopping_count = schedulers->count + 1;
    list_each (it, &schedulers->all) {
        struct made_scheduler *made = CONTAINER_OF(it, struct made_scheduler, link);
        listener_close(made->listener);
        made->listener = NULL;
        scheduler_http_stop(made->scheduler_http); /* a change feed has no end of its own */
        http_server_drain(made->http, on_http_drained, made);
    }
    on_one_stopped(schedulers);
}

void made_schedulers_fini(struct made_schedulers *schedulers)
{
    while (schedulers->loop && !list_empty(&schedulers->all))
        end(schedulers, CONTAINER_OF(schedulers->all.next, struct made_scheduler, link));
}

struct made_scheduler *made_schedulers_find(struct made_schedulers *schedulers, struct bytes key)
{
    list_each (it, &schedulers->all) {
        struct made_scheduler *made = CONTAINER_OF(it, struct made_scheduler, link);
        if (bytes_equal_cstr(key, made->key))
            return made;
    }
    return NULL;
}

/* The scheduler's routes, and no other part's. */
static enum status serve_http(struct made_schedulers *schedulers, struct made_scheduler *made,
                              struct err *err)
{
    enum status status = scheduler_http_create(schedulers->loop, made->scheduler, &made->scheduler_http, err);
    if (status == STATUS_OK)
        status = http_server_create(schedulers->loop, &schedulers->http, &made->http, err);
    if (status != STATUS_OK)
        return status;
    http_server_known_as(made->http, schedulers->site);
    if (schedulers->authenticator)
        http_server_ask_who(made->http, schedulers->authenticator);
    front_init(&made->front);
    front_add(&made->front, page_service_part());
    front_add(&made->front, scheduler_http_part(made->scheduler_http));
    grpc_server_set_http(made->grpc, made->http);
    return front_mount(&made->front, made->http, err);
}

static enum status serve(struct made_schedulers *schedulers, struct made_scheduler *made, uint16_t port,
                         struct err *err)
{
    struct grpc_handler handler = scheduler_handler(made->scheduler);
    enum status status = grpc_server_create(schedulers->loop, &schedulers->grpc, &handler, &made->grpc, err);
    if (status != STATUS_OK)
        return status;
    grpc_server_known_as(made->grpc, schedulers->site);
    if (schedulers->authenticator)
        grpc_server_ask_who(made->grpc, schedulers->authenticator);
    scheduler_attach(made->scheduler, made->grpc);
    status = serve_http(schedulers, made, err);
    if (status != STATUS_OK)
        return status;

    struct listener_options options = schedulers->listener;
    options.http = made->http;
    options.grpc = made->grpc;
    options.port = port;
    options.allowed = &made->allowed;
    return listener_open(schedulers->loop, &options, &made->listener, err);
}

/* The folder's names have no case here, whatever its file system does. */
static bool name_file(const struct made_scheduler_wish *wish, char *ret_name, size_t size)
{
    int written =
        snprintf(ret_name, size, "scheduler.db.%.*s.%.*s", BYTES_FMT(wish->group), BYTES_FMT(wish->name));
    for (char *at = ret_name; *at; at++)
        *at = (char)ascii_lower((uint8_t)*at);
    return written > 0 && (size_t)written < size;
}

static enum status make(struct made_schedulers *schedulers, const struct made_scheduler_wish *wish,
                        struct made_scheduler *made, struct err *err)
{
    char name[200];
    char shown[1024];
    bool fits = name_file(wish, name, sizeof name) && wish->key.size < sizeof made->key;
    if (!fits)
        return err_set(err, STATUS_TOO_LARGE, "the names of group and scheduler are too long for a file");
    snprintf(made->key, sizeof made->key, "%.*s", BYTES_FMT(wish->key));
    snprintf(made->path, sizeof made->path, "%.400s/%s", schedulers->folder, name);
    snprintf(shown, sizeof shown, "%.800s/%s", schedulers->shown, name);
    made->allowed = wish->allowed;

    struct scheduler_options options = schedulers->scheduler;
    options.store.path = made->path;
    options.store.shown = shown;
    options.hubs_none = true;
    options.hubs_apart = true;
    options.resource = made->key;
    enum status status = scheduler_create(schedulers->loop, &options, &made->scheduler, err);
    if (status)
        return status;
    return serve(schedulers, made, wish->port, err);
}

enum status made_schedulers_put(struct made_schedulers *schedulers, const struct made_scheduler_wish *wish,
                                struct err *err)
{
    struct made_scheduler *made = made_schedulers_find(schedulers, wish->key);
    if (made) {
        made->allowed = wish->allowed;
        grpc_server_end_strangers(made->grpc, &made->allowed);
        http_server_end_strangers(made->http, &made->allowed);
        return STATUS_OK;
    }
    if (schedulers->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the server is stopping");
    if (schedulers->count == MADE_SCHEDULERS_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are %d schedulers, as many as there may be",
                       MADE_SCHEDULERS_MAX);
    made = calloc(1, sizeof *made);
    if (!made)
        return err_no_memory(err);
    made->all = schedulers;
    list_push_back(&schedulers->all, &made->link);
    schedulers->count++;
    enum status status = make(schedulers, wish, made, err);
    if (status != STATUS_OK)
        end(schedulers, made);
    return status;
}

void made_schedulers_remove(struct made_schedulers *schedulers, struct bytes key)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock", ".reserve"};
    struct made_scheduler *made = made_schedulers_find(schedulers, key);
    char path[sizeof made->path];
    if (!made || schedulers->stopping)
        return;
    snprintf(path, sizeof path, "%s", made->path);
    end(schedulers, made);
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        char file[sizeof path + 16];
        snprintf(file, sizeof file, "%s%s", path, endings[i]);
        if (unlink(file) != 0 && errno != ENOENT)
            log_warn("cmd", "a file of a deleted scheduler stays file=\"%s\" errno=%d", file, errno);
    }
}

void made_schedulers_judge_again(struct made_schedulers *schedulers)
{
    if (!schedulers->loop)
        return;
    list_each (it, &schedulers->all) {
        struct made_scheduler *made = CONTAINER_OF(it, struct made_scheduler, link);
        grpc_server_judge_again(made->grpc);
        http_server_judge_again(made->http);
    }
}

enum status made_schedulers_free_port(struct made_schedulers *schedulers, uint16_t *ret_port, struct err *err)
{
    struct listener_options options = schedulers->listener;
    struct listener *probe = NULL;
    options.http = NULL;
    options.grpc = NULL;
    options.port = 0;
    enum status status = listener_open(schedulers->loop, &options, &probe, err);
    if (status == STATUS_OK)
        *ret_port = listener_port(probe);
    listener_close(probe);
    return status;
}
