/* SPDX-License-Identifier: MIT */
/* client_entities.c — signalling, reading, listing and tidying entities. Contracts: include/durabletask.h. */
#include <openssl/rand.h>
#include <stdlib.h>

#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"
#include "sdk/clock.h"
#include "sdk/entity_id.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static struct bytes draft_entity(struct sdk_draft *draft, struct dt_entity_id entity)
{
    struct bytes text = {0};
    if (draft->status != STATUS_OK)
        return text;
    draft->status = sdk_entity_id_format(&draft->arena, entity, &text);
    draft->fault = "entity";
    return text;
}

/* --- signal --- */

/* Each signal has an id of its own, by which a service can tell a second delivery. */
static struct bytes draft_request_id(struct sdk_draft *draft)
{
    uint8_t random[16];
    char guid[GUID_TEXT_SIZE + 1];
    if (draft->status == STATUS_OK && RAND_bytes(random, sizeof random) != 1)
        draft->status = STATUS_INTERNAL;
    if (draft->status != STATUS_OK)
        return (struct bytes){0};
    guid_format(random, guid);
    return sdk_draft_required(draft, "request id", guid);
}

static enum status signal_entity(struct dt_client *client, struct dt_entity_id entity, const char *operation,
                                 const char *input, const struct dt_signal_options *given,
                                 dt_on_reply *on_reply, void *context, struct err *err)
{
    struct dt_signal_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the signal options is not set");
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_trace_context trace;
    struct pb_signal_entity_request request = {
        .instance_id = draft_entity(&draft, entity),
        .name = sdk_draft_required(&draft, "operation", operation),
        .input = sdk_draft_optional(&draft, "input", input),
        .request_id = draft_request_id(&draft),
        .scheduled_time = sdk_time_bound(options.at_ns),
        .parent_trace_context = sdk_draft_trace(&draft, options.trace_parent, options.trace_state, &trace),
        .request_time = pb_time_from_ns(sdk_wall_ns()),
    };
    return sdk_draft_submit(client, &draft, METHOD(SIGNAL_ENTITY), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_signal_entity(struct dt_client *client, struct dt_entity_id entity,
                                       const char *operation, const char *input,
                                       const struct dt_signal_options *options, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = signal_entity(client, entity, operation, input, options, sdk_waiter_on_reply,
                                       &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_signal_entity_async(struct dt_client *client, struct dt_entity_id entity,
                                             const char *operation, const char *input,
                                             const struct dt_signal_options *options, dt_on_reply *on_reply,
                                             void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(signal_entity(client, entity, operation, input, options, on_reply, context, NULL));
}

/* --- get --- */

static enum status get_entity(struct dt_client *client, struct dt_entity_id entity, bool state,
                              dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_get_entity_request request = {.instance_id = draft_entity(&draft, entity),
                                            .include_state = state};
    return sdk_draft_submit(client, &draft, METHOD(GET_ENTITY), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_get_entity(struct dt_client *client, struct dt_entity_id entity, bool state,
                                    struct dt_entity **ret_entity, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = get_entity(client, entity, state, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended != DT_OK)
        return ended;
    if (ret_entity)
        *ret_entity = waiter.taken.entity;
    else
        dt_entity_destroy(waiter.taken.entity);
    return DT_OK;
}

enum dt_status dt_client_get_entity_async(struct dt_client *client, struct dt_entity_id entity, bool state,
                                          dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(get_entity(client, entity, state, on_reply, context, NULL));
}

/* --- query --- */

static enum status query_entities(struct dt_client *client, const struct dt_entity_query *given,
                                  dt_on_reply *on_reply, void *context, struct err *err)
{
    struct dt_entity_query query = {0};
    if (given && !sdk_options_copy(&query, sizeof query, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the query is not set");
    if (query.page_size < 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "page_size is below 0");
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_entity_query wire = {
        .instance_id_starts_with = sdk_draft_optional(&draft, "id_prefix", query.id_prefix),
        .last_modified_from = sdk_time_bound(query.modified_from_ns),
        .last_modified_to = sdk_time_bound(query.modified_to_ns),
        .include_state = query.state,
        .include_transient = query.transient,
        .page_size = {.present = query.page_size > 0, .value = query.page_size},
        .continuation_token = sdk_draft_optional(&draft, "page_token", query.page_token),
    };
    struct pb_query_entities_request request = {.query = &wire};
    return sdk_draft_submit(client, &draft, METHOD(QUERY_ENTITIES), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_query_entities(struct dt_client *client, const struct dt_entity_query *query,
                                        struct dt_entities **ret_entities, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client) && sdk_waiter_needs(&waiter, "ret_entities", ret_entities))
        waiter.started = query_entities(client, query, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK)
        *ret_entities = waiter.taken.entities;
    return ended;
}

enum dt_status dt_client_query_entities_async(struct dt_client *client, const struct dt_entity_query *query,
                                              dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(query_entities(client, query, on_reply, context, NULL));
}

/* --- clean --- */

/* A service may stop in between, with a token to go on by: the rounds are one call, whose numbers are added up. */
struct clean {
    struct dt_client *client;
    bool remove_empty;
    bool release_locks;
    int32_t removed;
    int32_t released;
    dt_on_reply *on_reply;
    void *context;
};

static void on_round(const struct dt_reply *reply, void *context);

static enum status clean_round(struct clean *clean, const char *page_token, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_clean_entity_storage_request request = {
        .continuation_token = sdk_draft_optional(&draft, "token", page_token),
        .remove_empty_entities = clean->remove_empty,
        .release_orphaned_locks = clean->release_locks,
    };
    return sdk_draft_submit(clean->client, &draft, METHOD(CLEAN_ENTITY_STORAGE), &request, 0, on_round, clean,
                            err);
}

static void clean_end(struct clean *clean, enum dt_status status, const char *text)
{
    bool good = status == DT_OK;
    struct dt_reply reply = {.status = status,
                             .text = text,
                             .removed = good ? clean->removed : 0,
                             .released = good ? clean->released : 0};
    clean->on_reply(&reply, clean->context);
    free(clean);
}

static void on_round(const struct dt_reply *reply, void *context)
{
    struct clean *clean = context;
    const char *token = reply->ids ? dt_ids_token(reply->ids) : NULL; /* no ids, only the token */
    struct err err = {0};
    clean->removed += reply->removed;
    clean->released += reply->released;
    if (reply->status != DT_OK || !token) {
        clean_end(clean, reply->status, reply->text);
        return;
    }
    enum status status = clean_round(clean, token, &err);
    if (status != STATUS_OK)
        clean_end(clean, sdk_status(status), err.text);
}

static enum status clean_entities(struct dt_client *client, bool remove_empty, bool release_locks,
                                  dt_on_reply *on_reply, void *context, struct err *err)
{
    if (!on_reply)
        return err_set(err, STATUS_INVALID_ARGUMENT, "on_reply is NULL");
    struct clean *clean = malloc(sizeof *clean);
    if (!clean)
        return err_no_memory(err);
    *clean = (struct clean){.client = client,
                            .remove_empty = remove_empty,
                            .release_locks = release_locks,
                            .on_reply = on_reply,
                            .context = context};
    enum status status = clean_round(clean, NULL, err);
    if (status != STATUS_OK)
        free(clean);
    return status;
}

enum dt_status dt_client_clean_entities(struct dt_client *client, bool remove_empty, bool release_locks,
                                        int32_t *ret_removed, int32_t *ret_released, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            clean_entities(client, remove_empty, release_locks, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_removed)
        *ret_removed = waiter.taken.removed;
    if (ended == DT_OK && ret_released)
        *ret_released = waiter.taken.released;
    return ended;
}

enum dt_status dt_client_clean_entities_async(struct dt_client *client, bool remove_empty, bool release_locks,
                                              dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(clean_entities(client, remove_empty, release_locks, on_reply, context, NULL));
}
