/* SPDX-License-Identifier: MIT */
/* scheduler_call.c — the life of a call: what is kept of it, whether it is taken, its answers, its end.
 *
 * Every way out of a call goes through scheduler_call_destroy: by an answer, by a refusal, or because its peer left.
 * Only a call that the store or a purge still has stays behind, unlisted, until they are done with it. */
#include "base/no_memory.h"
#include "svc/scheduler/scheduler_service_internal.h"

#include <stdlib.h>

/* True if the agent begins with one of the names, which commas separate. */
static bool agent_listed(struct bytes agent, const char *names)
{
    while (*names) {
        size_t size = strcspn(names, ",");
        struct bytes name = bytes_trim(bytes_of(names, size));
        if (name.size && bytes_starts_with(agent, name))
            return true;
        names += size + (names[size] == ',');
    }
    return false;
}

/* Azure's SDKs name themselves in a header of their own; the core SDK of JavaScript in the usual one. */
static bool is_of(const struct grpc_request *request, const char *names)
{
    return agent_listed(request->metadata(request, "x-user-agent"), names) ||
           agent_listed(request->metadata(request, "user-agent"), names);
}

struct scheduler_call *scheduler_call_find(const struct scheduler *scheduler, uint64_t number)
{
    return map_get(&scheduler->calls, map_u64_key(&number));
}

/* What is needed to give the call to another engine. */
static void call_keep(struct scheduler_call *call, const struct scheduler_call_origin *origin)
{
    call->message.limit = SIZE_MAX;
    call->worker_id.limit = SIZE_MAX;
    buf_append_bytes(&call->message, origin->message);
    if (!origin->request)
        return;
    buf_append_bytes(&call->worker_id, origin->request->metadata(origin->request, "workerid"));
    const struct scheduler_options *options = &call->scheduler->options;
    call->large_messages = is_of(origin->request, options->large_message_agents);
    call->entities_flat = is_of(origin->request, options->flat_entity_agents);
    call->entities_none = is_of(origin->request, options->no_entity_agents);
}

struct scheduler_call *scheduler_call_create(struct scheduler *scheduler,
                                             const struct scheduler_call_origin *origin,
                                             const struct method *method, uint32_t hub)
{
    struct scheduler_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    *call = (struct scheduler_call){.number = origin->number,
                                    .method = method,
                                    .scheduler = scheduler,
                                    .hub = hub,
                                    .connection = origin->connection};
    if (origin->asker)
        call->asker = *origin->asker;
    call->message.limit = SIZE_MAX;
    if (method->keeps)
        call_keep(call, origin);
    else if (hub == 0)
        buf_append_bytes(&call->message, origin->message);
    if (buf_status(&call->message) != STATUS_OK || buf_status(&call->worker_id) != STATUS_OK ||
        map_put(&scheduler->calls, map_u64_key(&call->number), call) != STATUS_OK) {
        buf_fini(&call->message);
        buf_fini(&call->worker_id);
        free(call);
        return NULL;
    }
    list_push_back(&scheduler->calls_all, &call->link);
    scheduler->call_count++;
    return call;
}

/* The number is free from here on; the object may stay until the store or engine is done with it. */
static void call_unlist(struct scheduler_call *call)
{
    if (scheduler_call_find(call->scheduler, call->number) == call)
        (void)map_take(&call->scheduler->calls, map_u64_key(&call->number));
}

void scheduler_call_destroy(struct scheduler_call *call)
{
    call_unlist(call);
    list_remove(&call->link);
    if (call->on_destroy)
        call->on_destroy(call);
    buf_fini(&call->hub_name);
    buf_fini(&call->message);
    buf_fini(&call->worker_id);
    free(call);
}

void scheduler_call_send(struct scheduler_call *call, struct bytes message)
{
    struct grpc_call_id id = {call->number};
    if (call->asker.on_done) {
        call->begun = true;
        call->asker.on_message(call->asker.context, message);
        return;
    }
    if (!call->begun)
        call->begun = grpc_stream_begin(call->scheduler->grpc, id);
    (void)grpc_stream_send(call->scheduler->grpc, id, message, NULL);
}

/* The asker hears of it when the call is no more: it may ask again at once, or end itself. */
static void call_tell_asker(struct scheduler_call *call, enum status status, const char *text,
                            struct bytes message)
{
    struct scheduler_asker asker = call->asker;
    bool gone = call->gone;
    scheduler_call_destroy(call);
    if (!gone)
        asker.on_done(asker.context, status, text, message);
}

void scheduler_call_reply(struct scheduler_call *call, struct bytes message)
{
    if (call->asker.on_done) {
        call_tell_asker(call, STATUS_OK, NULL, message);
        return;
    }
    if (call->method->session.size)
        message = call->method->session;
    if (!call->gone)
        (void)grpc_reply(call->scheduler->grpc, (struct grpc_call_id){call->number}, message);
    scheduler_call_destroy(call);
}

void scheduler_call_finish(struct scheduler_call *call, enum status status, const char *text)
{
    if (call->asker.on_done) {
        call_tell_asker(call, status, text, (struct bytes){0});
        return;
    }
    if (!call->gone)
        (void)grpc_finish(call->scheduler->grpc, (struct grpc_call_id){call->number}, status, text);
    scheduler_call_destroy(call);
}

void scheduler_call_no_memory(struct scheduler_call *call)
{
    scheduler_call_finish(call, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

enum status scheduler_admit(struct scheduler *scheduler, const struct method *method, struct err *err)
{
    const struct err *failure = partition_failure(scheduler->partition);
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    if (method->adds && task_store_low(scheduler->store))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "the disk is nearly full: what is there goes on, nothing new is taken; "
                       "purge what is over, or make room on the disk");
    if (method->write && failure->status != STATUS_OK)
        return err_set(err, scheduler_pump_refusal(scheduler, method->worker), "writes are refused: %.200s",
                       failure->text);
    return STATUS_OK;
}

/* What may have changed while it waited is asked again. */
void scheduler_call_admitted(struct scheduler_call *call, uint32_t hub)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct err err = {0};
    struct scheduler *scheduler = call->scheduler;
    call->hub = hub;
    enum status status = call->gone ? STATUS_CANCELLED : scheduler_admit(scheduler, call->method, &err);
    if (status != STATUS_OK) {
        scheduler_call_finish(call, status, err.text);
        return;
    }
    if (!call->method->keeps) {
        message = call->message; /* the call may be over before its method returns */
        call->message = (struct buf){0};
    }
    call->method->handle(scheduler, call, buf_peek(call->method->keeps ? &call->message : &message));
}

void scheduler_call_cancel(struct scheduler *scheduler, struct scheduler_call *call)
{
    if (call->is_stream) {
        if (call->in_engine)
            partition_stream_closed(scheduler->partition, call->number);
        scheduler_call_destroy(call);
        partition_run(scheduler->partition);
    } else if (call->in_engine) {
        partition_call_cancelled(scheduler->partition, call->number);
        scheduler_call_destroy(call);
    } else if (call->method->keeps &&
               !call->waits_for_hub) { /* it waits for the next engine: nobody has it */
        scheduler_call_destroy(call);
    } else { /* the store or a purge has it, and will find that nobody listens */
        call->gone = true;
        call_unlist(call);
    }
}
