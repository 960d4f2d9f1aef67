/* SPDX-License-Identifier: MIT */
/* scheduler_hubs.c — from the `taskhub` header to a hub's number, without asking the store twice; and hubs that are made at
 * the first use of their name, while the call waits. */
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "core/task/owned_bytes.h"
#include "store/limit_values.h"
#include "svc/scheduler/scheduler_service_internal.h"

struct scheduler_hub {
    uint32_t number;
    uint64_t unfinished;          /* instances that were not over when the store was loaded */
    bool closed;                  /* it is being deleted */
    bool watched;                 /* its changes are told */
    struct owned_bytes retention; /* its own rules; empty: it has none */
    size_t size;
    uint8_t name[STORE_HUB_NAME_SIZE_MAX]; /* lower case */
};

static struct bytes fold(struct bytes name, uint8_t folded[STORE_HUB_NAME_SIZE_MAX])
{
    for (size_t i = 0; i < name.size; i++)
        folded[i] = ascii_lower(name.data[i]);
    return bytes_of(folded, name.size);
}

static struct scheduler_hub *hub_find(struct scheduler *scheduler, struct bytes name)
{
    uint8_t folded[STORE_HUB_NAME_SIZE_MAX];
    return name.size > sizeof folded ? NULL : map_get(&scheduler->hubs, fold(name, folded));
}

/* Calls without a header: the hub "default", or the only one. */
static void choose_default(struct scheduler *scheduler)
{
    size_t position = 0;
    const struct scheduler_hub *hub = hub_find(scheduler, BYTES_LITERAL("default"));
    if (!hub && scheduler->hubs.count == 1)
        hub = map_next(&scheduler->hubs, &position);
    scheduler->hub_default = hub ? hub->number : 0;
}

enum status scheduler_hubs_add(struct scheduler *scheduler, uint32_t number, struct bytes name)
{
    if (hub_find(scheduler, name))
        return STATUS_OK;
    struct scheduler_hub *hub = calloc(1, sizeof *hub);
    if (!hub || name.size > sizeof hub->name) {
        free(hub);
        return hub ? STATUS_TOO_LARGE : STATUS_NO_MEMORY;
    }
    hub->number = number;
    hub->size = name.size;
    enum status status = map_put(&scheduler->hubs, fold(name, hub->name), hub);
    if (status != STATUS_OK) {
        free(hub);
        return status;
    }
    choose_default(scheduler);
    return STATUS_OK;
}

#define HUBS_TOLD_MAX 5

void scheduler_hubs_tell(const struct scheduler *scheduler, struct err *err)
{
    char refusal[sizeof err->text];
    snprintf(refusal, sizeof refusal, "%s", err->text);

    CLEANUP(buf_fini) struct buf known = {0};
    size_t position = 0;
    size_t told = 0;
    const struct scheduler_hub *hub;
    while (told < HUBS_TOLD_MAX && (hub = map_next(&scheduler->hubs, &position)))
        buf_append_fmt(&known, "%s%.*s", told++ ? ", " : "", (int)hub->size, (const char *)hub->name);
    if (told < scheduler->hubs.count)
        buf_append_cstr(&known, ", …");
    buf_append_byte(&known, '\0');
    if (told > 0 && buf_status(&known) == STATUS_OK)
        (void)err_set(err, STATUS_NOT_FOUND, "%s (there are: %s; --task-hubs makes others)", refusal,
                      (const char *)known.data);
}

enum status scheduler_hubs_resolve(struct scheduler *scheduler, struct bytes name, bool make,
                                   uint32_t *ret_hub, struct err *err)
{
    if (name.size == 0 && make && scheduler->hub_default == 0 && scheduler->hubs.count == 0)
        name = BYTES_LITERAL("default"); /* scheduler_hubs_make takes the same */
    if (name.size == 0) {
        if (scheduler->hub_default == 0)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "the call names no task hub (metadata \"taskhub\") and there are several");
        *ret_hub = scheduler->hub_default;
        return STATUS_OK;
    }
    const struct scheduler_hub *hub = hub_find(scheduler, name);
    if (hub && !hub->closed) {
        *ret_hub = hub->number;
        return STATUS_OK;
    }
    if (hub || !make)
        return err_set(err, STATUS_NOT_FOUND, "Task hub not found: %.*s",
                       (int)MIN(name.size, STORE_HUB_NAME_SIZE_MAX), (const char *)name.data);
    *ret_hub = 0;
    return STATUS_OK;
}

void scheduler_hubs_set_watched(struct scheduler *scheduler, uint32_t number, bool on)
{
    size_t position = 0;
    struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (hub->number == number)
            hub->watched = on;
}

void scheduler_hubs_watch_again(struct scheduler *scheduler)
{
    size_t position = 0;
    const struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (hub->watched)
            partition_watch(scheduler->partition, hub->number, true);
}

void scheduler_hubs_count(struct scheduler *scheduler, uint32_t number)
{
    size_t position = 0;
    struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (hub->number == number)
            hub->unfinished++;
}

void scheduler_hubs(const struct scheduler *scheduler,
                    void (*on_hub)(void *context, struct bytes name, uint64_t unfinished), void *context)
{
    size_t position = 0;
    const struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        on_hub(context, bytes_of(hub->name, hub->size), hub->unfinished);
}

struct bytes scheduler_hubs_name(const struct scheduler *scheduler, uint32_t number)
{
    size_t position = 0;
    const struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (hub->number == number)
            return bytes_of(hub->name, hub->size);
    return BYTES_LITERAL("?");
}

static struct scheduler_hub *hub_of(struct scheduler *scheduler, uint32_t number)
{
    size_t position = 0;
    struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (hub->number == number)
            return hub;
    return NULL;
}

static void hub_free(struct scheduler_hub *hub)
{
    owned_bytes_fini(&hub->retention);
    free(hub);
}

enum status scheduler_hubs_retain(struct scheduler *scheduler, uint32_t number, struct bytes rules)
{
    struct scheduler_hub *hub = hub_of(scheduler, number);
    if (!hub)
        return STATUS_OK; /* deleted since */
    owned_bytes_fini(&hub->retention);
    if (rules.size)
        owned_bytes_set(&hub->retention, rules);
    if (rules.size && scheduler->retention)
        scheduler_retention_wake(scheduler);
    return STATUS_OK;
}

struct bytes scheduler_hubs_retention(struct scheduler *scheduler, uint32_t number)
{
    const struct scheduler_hub *hub = hub_of(scheduler, number);
    return hub ? owned_bytes_peek(&hub->retention) : (struct bytes){0};
}

bool scheduler_hubs_close(struct scheduler *scheduler, uint32_t number)
{
    struct scheduler_hub *hub = hub_of(scheduler, number);
    if (!hub || hub->closed)
        return false;
    hub->closed = true;
    return true;
}

void scheduler_hubs_reopen(struct scheduler *scheduler, uint32_t number)
{
    struct scheduler_hub *hub = hub_of(scheduler, number);
    if (hub)
        hub->closed = false;
}

void scheduler_hubs_each(const struct scheduler *scheduler,
                         void (*on_hub)(void *context, uint32_t number, struct bytes name), void *context)
{
    size_t position = 0;
    const struct scheduler_hub *hub;
    while ((hub = map_next(&scheduler->hubs, &position)))
        if (!hub->closed)
            on_hub(context, hub->number, bytes_of(hub->name, hub->size));
}

void scheduler_hubs_forget(struct scheduler *scheduler, uint32_t number)
{
    struct scheduler_hub *hub = hub_of(scheduler, number);
    if (!hub)
        return;
    (void)map_take(&scheduler->hubs, bytes_of(hub->name, hub->size));
    hub_free(hub);
    choose_default(scheduler);
    list_each_safe (it, &scheduler->watchers) {
        struct scheduler_watcher *watcher = CONTAINER_OF(it, struct scheduler_watcher, link);
        watcher->on_hub_gone(watcher, number);
    }
}

/* --- making one --- */

/* The store has it: now the service and the engine, which must know each hub of a call. */
static enum status hub_made(struct scheduler *scheduler, uint32_t hub, struct bytes name)
{
    enum status status = scheduler_hubs_add(scheduler, hub, name);
    if (status != STATUS_OK)
        return status;
    return partition_hub(scheduler->partition, hub, name);
}

static void on_made(void *context, enum status status, const char *text, uint32_t hub)
{
    struct scheduler_call *call = context;
    call->waits_for_hub = false;
    if (status == STATUS_OK) {
        status = hub_made(call->scheduler, hub, buf_peek(&call->hub_name));
        text = ERR_NO_MEMORY;
    }
    if (status == STATUS_OK)
        scheduler_call_admitted(call, hub);
    else
        scheduler_call_finish(call, status, text);
}

void scheduler_hubs_make(struct scheduler *scheduler, struct bytes name, struct scheduler_call *call)
{
    if (name.size == 0)
        name = BYTES_LITERAL("default");
    call->hub_name.limit = STORE_HUB_NAME_SIZE_MAX + 1; /* one more, and the store says that it is too long */
    buf_append_bytes(&call->hub_name, bytes_slice(name, 0, MIN(name.size, call->hub_name.limit)));
    if (buf_status(&call->hub_name) != STATUS_OK) {
        scheduler_call_no_memory(call);
        return;
    }
    call->waits_for_hub = true;
    partition_flush(scheduler->partition); /* a hub of the name that is being deleted must be gone before */
    task_store_hub(scheduler->store, buf_peek(&call->hub_name), true, on_made, call);
}

static void on_made_at_start(void *context, enum status status, const char *text, uint32_t hub)
{
    if (status != STATUS_OK)
        (void)err_set(context, status, "%s", text);
}

/* They reach the service and the engine when the store is loaded. */
enum status scheduler_hubs_make_all(struct scheduler *scheduler, struct err *err)
{
    static const char *const one[] = {"default"};
    const char *const *names = scheduler->options.hub_count ? scheduler->options.hubs : one;
    size_t count = scheduler->options.hub_count ? scheduler->options.hub_count : 1;
    if (!scheduler->options.hub_count && scheduler->options.hubs_none)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        *err = (struct err){0};
        task_store_hub(scheduler->store, bytes_of_cstr(names[i]), true, on_made_at_start, err);
        task_store_wait(scheduler->store);
        if (err->status != STATUS_OK)
            return err_wrap(err, "task hub %s", names[i]);
    }
    return STATUS_OK;
}

void scheduler_hubs_fini(struct scheduler *scheduler)
{
    size_t position = 0;
    void *h;
    while ((h = map_next(&scheduler->hubs, &position)))
        hub_free(h);
    map_fini(&scheduler->hubs);
}
