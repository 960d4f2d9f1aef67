/* SPDX-License-Identifier: MIT */
/* Starting an instance, reading it, waiting for it. Contracts: include/durabletask.h. */
#include <openssl/rand.h>

#include "base/duration.h"

#include "base/encode.h"
#include "sdk/client/operation.h"
#include "sdk/client/waiter.h"
#include "sdk/convert.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* ---- start ---- */

static const char *choose_id(struct sdk_draft *d, const char *given, char ret_guid[GUID_TEXT_SIZE + 1])
{
    if (given && *given)
        return given;
    uint8_t random[16];
    if (RAND_bytes(random, sizeof random) != 1 && d->status == STATUS_OK)
        d->status = STATUS_INTERNAL;
    guid_format(random, ret_guid);
    return ret_guid;
}

static struct pb_orchestration_id_reuse_policy *policy_of(struct sdk_draft *d,
                                                          const struct dt_start_options *o)
{
    if (o->reuse != DT_REUSE_LISTED)
        return NULL;
    struct pb_orchestration_id_reuse_policy *policy = arena_alloc(&d->arena, sizeof *policy);
    if (!policy) {
        d->status = STATUS_NO_MEMORY;
        return NULL;
    }
    policy->replaceable_status = sdk_draft_statuses(d, o->replaceable, &policy->replaceable_status_count);
    return policy;
}

static enum status start(struct dt_client *client, const char *name, const struct dt_start_options *given,
                         dt_on_reply *on_reply, void *context, struct err *e)
{
    struct dt_start_options o = {0};
    if (given && !sdk_options_copy(&o, sizeof o, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "`size` of the start options is not set");
    struct sdk_draft d;
    char guid[GUID_TEXT_SIZE + 1];
    size_t id_size = o.instance_id && *o.instance_id ? strlen(o.instance_id) : GUID_TEXT_SIZE;
    sdk_draft_begin(&d, id_size + 1);
    const char *id = choose_id(&d, o.instance_id, guid);
    struct pb_create_instance_request request = {
        .instance_id = sdk_draft_required(&d, "instance id", id),
        .name = sdk_draft_required(&d, "name", name),
        .version = sdk_draft_optional(&d, "version", o.version),
        .input = sdk_draft_optional(&d, "input", o.input),
        .tags_count = o.tag_count,
    };
    if (o.start_at_ns)
        request.scheduled_start_timestamp = pb_time_from_ns(o.start_at_ns);
    if (d.status == STATUS_OK) {
        d.fault = "tags";
        d.status = sdk_tags_to_wire(&d.arena, o.tags, o.tag_count, &request.tags);
        request.orchestration_id_reuse_policy = policy_of(&d, &o);
    }
    if (d.op) {
        d.op->own_id = id == guid;
        memcpy(d.op->instance_id, id, id_size + 1);
    }
    return sdk_draft_submit(client, &d, METHOD(START_INSTANCE), &request, 0, on_reply, context, e);
}

enum dt_status dt_client_start(struct dt_client *client, const char *name, const struct dt_start_options *o,
                               char ret_instance_id[DT_INSTANCE_ID_SIZE], struct dt_error *e)
{
    struct sdk_waiter w;
    if (sdk_waiter_init(&w, client))
        w.started = start(client, name, o, sdk_waiter_on_reply, &w, &w.fault);
    enum dt_status ended = sdk_waiter_await(&w, e);
    if (ended == DT_OK && ret_instance_id)
        memcpy(ret_instance_id, w.instance_id, DT_INSTANCE_ID_SIZE);
    return ended;
}

enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                     const struct dt_start_options *o, dt_on_reply *on_reply, void *context)
{
    return client ? sdk_status(start(client, name, o, on_reply, context, NULL)) : DT_INVALID_ARGUMENT;
}

/* ---- get and wait ---- */

static enum status get(struct dt_client *client, const char *instance_id, bool payloads,
                       dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    struct pb_get_instance_request request = {.instance_id =
                                                  sdk_draft_required(&d, "instance id", instance_id),
                                              .get_inputs_and_outputs = payloads};
    return sdk_draft_submit(client, &d, METHOD(GET_INSTANCE), &request, 0, on_reply, context, e);
}

/* A wait without time is a look. */
static enum status wait_for(struct dt_client *client, bool completion, const char *instance_id,
                            int64_t timeout_ms, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    if (d.op) {
        d.op->must_have_started = !completion;
        d.op->must_have_ended = completion;
    }
    struct pb_get_instance_request request = {
        .instance_id = sdk_draft_required(&d, "instance id", instance_id), .get_inputs_and_outputs = true};
    enum pb_task_hub_sidecar_service_method method =
        completion ? METHOD(WAIT_FOR_INSTANCE_COMPLETION) : METHOD(WAIT_FOR_INSTANCE_START);
    if (timeout_ms == 0)
        method = METHOD(GET_INSTANCE);
    int64_t timeout_ns = timeout_ms < 0 ? -1 : MIN(timeout_ms, INT64_MAX / NS_PER_MS) * NS_PER_MS;
    return sdk_draft_submit(client, &d, method, &request, timeout_ns, on_reply, context, e);
}

static enum dt_status give_instance(struct sdk_waiter *w, enum dt_status ended,
                                    struct dt_instance **ret_instance)
{
    if (ended != DT_OK)
        return ended;
    if (ret_instance)
        *ret_instance = w->taken.instance;
    else
        dt_instance_destroy(w->taken.instance);
    return DT_OK;
}

enum dt_status dt_client_get(struct dt_client *client, const char *instance_id, bool payloads,
                             struct dt_instance **ret_instance, struct dt_error *e)
{
    struct sdk_waiter w;
    if (sdk_waiter_init(&w, client))
        w.started = get(client, instance_id, payloads, sdk_waiter_on_reply, &w, &w.fault);
    enum dt_status ended = sdk_waiter_await(&w, e);
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id, bool payloads,
                                   dt_on_reply *on_reply, void *context)
{
    return client ? sdk_status(get(client, instance_id, payloads, on_reply, context, NULL))
                  : DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_wait_start(struct dt_client *client, const char *instance_id, int64_t timeout_ms,
                                    struct dt_instance **ret_instance, struct dt_error *e)
{
    struct sdk_waiter w;
    if (sdk_waiter_init(&w, client))
        w.started = wait_for(client, false, instance_id, timeout_ms, sdk_waiter_on_reply, &w, &w.fault);
    enum dt_status ended = sdk_waiter_await(&w, e);
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_wait_start_async(struct dt_client *client, const char *instance_id,
                                          int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    return client ? sdk_status(wait_for(client, false, instance_id, timeout_ms, on_reply, context, NULL))
                  : DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_wait_completion(struct dt_client *client, const char *instance_id,
                                         int64_t timeout_ms, struct dt_instance **ret_instance,
                                         struct dt_error *e)
{
    struct sdk_waiter w;
    if (sdk_waiter_init(&w, client))
        w.started = wait_for(client, true, instance_id, timeout_ms, sdk_waiter_on_reply, &w, &w.fault);
    enum dt_status ended = sdk_waiter_await(&w, e);
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_wait_completion_async(struct dt_client *client, const char *instance_id,
                                               int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    return client ? sdk_status(wait_for(client, true, instance_id, timeout_ms, on_reply, context, NULL))
                  : DT_INVALID_ARGUMENT;
}
