/* SPDX-License-Identifier: MIT */
/* scheduler_hub_admin.c — CreateTaskHub and DeleteTaskHub (spec 3.22), for the hub that the call's header names.
 *
 * A hub is closed first: nobody finds it any more, its streams and waiting calls end. Then goes what others keep for it, then its
 * instances, batch by batch, and the hub itself last. What a crash leaves is a hub with fewer instances, whose deletion can be asked for
 * again. */
#include "svc/scheduler/scheduler_service_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define REFUSAL                                                                                              \
    "task hubs are created by the scheduler's settings, not by clients (--manage-task-hubs lets them)"

static void end_calls(struct scheduler *scheduler, const struct scheduler_call *but)
{
    list_each_safe (it, &scheduler->calls_all) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        if (call == but || call->hub != but->hub || !call->method->held_forever || call->gone)
            continue;
        if (call->in_engine && call->is_stream)
            partition_stream_closed(scheduler->partition, call->number);
        else if (call->in_engine)
            partition_call_cancelled(scheduler->partition, call->number);
        scheduler_call_finish(call, STATUS_NOT_FOUND, "Task hub not found: it is being deleted");
    }
    partition_run(scheduler->partition);
}

static void on_emptied(void *context, enum status status, const char *text, int64_t deleted, bool complete)
{
    struct scheduler_call *call = context;
    struct scheduler *scheduler = call->scheduler;
    bool failed = status != STATUS_OK || call->gone;
    if (failed || call->method->makes_hub)
        scheduler_hubs_reopen(scheduler, call->hub);
    else
        scheduler_hubs_forget(scheduler, call->hub);

    /* Entities go with the hub, or alone. The engine answers once that is on disk. If it fails instead, the hub is still
     * there, without instances. */
    if (failed)
        scheduler_call_finish(call, status, text);
    else
        scheduler_pump_call(scheduler, call, (struct bytes){0});
}

static void begin_emptying(struct scheduler *scheduler, struct scheduler_call *call)
{
    struct scheduler_purge_options options = {.query = {.hub = call->hub},
                                              .erase = true,
                                              .deadline_ns = INT64_MAX,
                                              .on_done = on_emptied,
                                              .context = call};
    if (scheduler_purge_begin(scheduler, &options) == STATUS_OK)
        return;
    scheduler_hubs_reopen(scheduler, call->hub);
    scheduler_call_no_memory(call);
}

static bool close_hub(struct scheduler *scheduler, struct scheduler_call *call)
{
    if (!scheduler_hubs_close(scheduler, call->hub)) {
        scheduler_call_finish(call, STATUS_NOT_FOUND, "Task hub not found: it is being deleted");
        return false;
    }
    end_calls(scheduler, call);
    return true;
}

static void on_left(void *context, enum status status, const char *text)
{
    struct scheduler_call *call = context;
    struct scheduler *scheduler = call->scheduler;
    if (status == STATUS_OK && !call->gone) {
        begin_emptying(scheduler, call);
        return;
    }
    scheduler_hubs_reopen(scheduler, call->hub);
    scheduler_call_finish(call, status, text);
}

/* The hub is there: it was made when the call was admitted. */
void scheduler_hub_create(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_create_task_hub_request request;
    arena_init(&arena, 0);
    if (!scheduler->options.hubs_managed && !call->asker.operates)
        scheduler_call_finish(call, STATUS_UNIMPLEMENTED, REFUSAL);
    else if (pb_create_task_hub_request_decode(&arena, message, &request) != STATUS_OK)
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request is not a CreateTaskHubRequest");
    else if (!request.recreate_if_exists)
        scheduler_call_reply(call, (struct bytes){0});
    else if (close_hub(scheduler, call))
        begin_emptying(scheduler, call);
}

void scheduler_hub_delete(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    const struct scheduler_options *options = &scheduler->options;
    (void)message; /* it has no fields */
    if (!options->hubs_managed && !call->asker.operates) {
        scheduler_call_finish(call, STATUS_UNIMPLEMENTED, REFUSAL);
        return;
    }
    if (!close_hub(scheduler, call))
        return;

    /* ORDER: what is kept for it elsewhere goes first. After a crash in between the hub is there still, and can be deleted again. The
     * control plane, which asks as who operates, has its own to do. */
    if (options->on_hub_leaves && !call->asker.operates)
        options->on_hub_leaves(options->hub_leaves_context, scheduler_hubs_name(scheduler, call->hub),
                               on_left, call);
    else
        begin_emptying(scheduler, call);
}
