/* SPDX-License-Identifier: MIT */
/* scheduler_ask.c — calls from inside: the same table, the same refusals and the same life as those of gRPC; and what is
 * told without a call. */
#include "svc/scheduler/scheduler_ask.h"

#include "base/no_memory.h"
#include "svc/scheduler/scheduler_service_internal.h"

enum status scheduler_ask_hub(struct scheduler *scheduler, struct bytes name, bool make, uint32_t *ret_hub,
                              struct err *err)
{
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    bool makes = scheduler->options.hubs_dynamic || (make && scheduler->options.hubs_managed);
    enum status status = scheduler_hubs_resolve(scheduler, name, makes, ret_hub, err);
    if (status == STATUS_NOT_FOUND)
        scheduler_hubs_tell(scheduler, err);
    return status;
}

static void ask(struct scheduler *scheduler, const struct method *row, uint32_t hub, struct bytes message,
                const struct scheduler_asker *asker, uint64_t *ret_number)
{
    struct err err = {0};
    ASSERT(!row->worker && asker->on_done);
    const struct scheduler_call_origin origin = {
        .number = scheduler->ask_next++ | ASK_NUMBER, .message = message, .asker = asker};
    *ret_number = origin.number;
    enum status status = scheduler_admit(scheduler, row, &err);
    struct scheduler_call *call =
        status == STATUS_OK ? scheduler_call_create(scheduler, &origin, row, hub) : NULL;
    if (call && hub == 0)
        scheduler_hubs_make(scheduler, asker->hub_name, call);
    else if (call)
        call->method->handle(scheduler, call, message);
    else if (status == STATUS_OK)
        asker->on_done(asker->context, STATUS_NO_MEMORY, ERR_NO_MEMORY, (struct bytes){0});
    else
        asker->on_done(asker->context, status, err.text, (struct bytes){0});
}

void scheduler_ask(struct scheduler *scheduler, enum pb_task_hub_sidecar_service_method method, uint32_t hub,
                   struct bytes message, const struct scheduler_asker *asker, uint64_t *ret_number)
{
    ask(scheduler, scheduler_method(method), hub, message, asker, ret_number);
}

void scheduler_ask_retain(struct scheduler *scheduler, uint32_t hub, struct bytes rules,
                          const struct scheduler_asker *asker, uint64_t *ret_number)
{
    static const struct method row = {
        .handle = scheduler_retention_set, .engine_method = ENGINE_RETAIN_HUB, .write = true};
    ask(scheduler, &row, hub, rules, asker, ret_number);
}

static void ask_of_hub(struct scheduler *scheduler, enum pb_task_hub_sidecar_service_method method,
                       struct bytes name, const struct scheduler_asker *asker)
{
    struct scheduler_asker naming = *asker;
    struct err err = {0};
    uint64_t number;
    uint32_t hub = 0;
    ASSERT(asker->operates && name.size > 0);
    naming.hub_name = name;
    bool make = scheduler_method(method)->makes_hub;
    enum status status = scheduler->stopping ? err_set(&err, STATUS_UNAVAILABLE, "the scheduler is stopping")
                                             : scheduler_hubs_resolve(scheduler, name, make, &hub, &err);
    if (status == STATUS_OK)
        scheduler_ask(scheduler, method, hub, (struct bytes){0}, &naming, &number);
    else
        asker->on_done(asker->context, status, err.text, (struct bytes){0});
}

void scheduler_ask_hub_made(struct scheduler *scheduler, struct bytes name,
                            const struct scheduler_asker *asker)
{
    ask_of_hub(scheduler, PB_TASK_HUB_SIDECAR_SERVICE_CREATE_TASK_HUB, name, asker);
}

void scheduler_ask_hub_deleted(struct scheduler *scheduler, struct bytes name,
                               const struct scheduler_asker *asker)
{
    ask_of_hub(scheduler, PB_TASK_HUB_SIDECAR_SERVICE_DELETE_TASK_HUB, name, asker);
}

void scheduler_ask_cancel(struct scheduler *scheduler, uint64_t number)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, number);
    if (call)
        scheduler_call_cancel(scheduler, call);
}

void scheduler_watcher_add(struct scheduler *scheduler, struct scheduler_watcher *watcher)
{
    list_push_back(&scheduler->watchers, &watcher->link);
}

void scheduler_watch_hub(struct scheduler *scheduler, uint32_t hub, bool on)
{
    scheduler_hubs_set_watched(scheduler, hub, on);
    partition_watch(scheduler->partition, hub, on);
}

bool scheduler_ask_standing(const struct scheduler *scheduler, uint32_t hub, struct bytes instance_id,
                            struct buf *out)
{
    return partition_standing(scheduler->partition, hub, instance_id, out);
}

void scheduler_ask_workers(const struct scheduler *scheduler, uint32_t hub,
                           void (*on_worker)(void *context, const struct engine_worker_load *worker),
                           void *context)
{
    partition_workers(scheduler->partition, hub, on_worker, context);
}

void scheduler_ask_tallies(const struct scheduler *scheduler,
                           void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                           void *context)
{
    partition_tallies(scheduler->partition, on_hub, context);
}

void scheduler_ask_page(struct scheduler *scheduler, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context)
{
    task_store_query(scheduler->store, query, on_done, context);
}
