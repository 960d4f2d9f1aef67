/* SPDX-License-Identifier: MIT */
/* client_queries.c — what is in a task hub: queries, lists of ids, histories, purging. Contracts: include/durabletask.h. */
#include "base/duration.h"
#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* --- purge --- */

static enum status purge(struct dt_client *client, const char *instance_id, bool recursive,
                         dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id =
                                                     sdk_draft_required(&draft, "instance id", instance_id),
                                                 .recursive = recursive,
                                                 .is_orchestration = true};
    return sdk_draft_submit(client, &draft, METHOD(PURGE_INSTANCES), &request, 0, on_reply, context, err);
}

static enum status purge_matching(struct dt_client *client, const struct dt_purge_filter *given,
                                  dt_on_reply *on_reply, void *context, struct err *err)
{
    struct dt_purge_filter f;
    if (!given || !sdk_options_copy(&f, sizeof f, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "filter: NULL, or `size` is not set");
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_purge_instance_filter filter = {.created_time_from = sdk_time_bound(f.created_from_ns),
                                              .created_time_to = sdk_time_bound(f.created_to_ns)};
    filter.runtime_status = sdk_draft_statuses(&draft, f.statuses, &filter.runtime_status_count);
    int64_t timeout_ns = 0;
    if (f.timeout_ms > 0) {
        filter.timeout = pb_time_from_ns(MIN(f.timeout_ms, INT64_MAX / NS_PER_MS / 2) * NS_PER_MS);
        timeout_ns = pb_time_to_ns(filter.timeout) + client->target.call_timeout_ns;
    }
    struct pb_purge_instances_request request = {.request_case =
                                                     PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER,
                                                 .purge_instance_filter = &filter,
                                                 .is_orchestration = true};
    return sdk_draft_submit(client, &draft, METHOD(PURGE_INSTANCES), &request, timeout_ns, on_reply, context,
                            err);
}

static enum status purge_ids(struct dt_client *client, const char *const *instance_ids, size_t count,
                             bool recursive, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_instance_batch batch = {.instance_ids = sdk_draft_ids(&draft, instance_ids, count),
                                      .instance_ids_count = count};
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH,
                                                 .instance_batch = &batch,
                                                 .recursive = recursive,
                                                 .is_orchestration = true};
    return sdk_draft_submit(client, &draft, METHOD(PURGE_INSTANCES), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_purge(struct dt_client *client, const char *instance_id, bool recursive,
                               int32_t *ret_count, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = purge(client, instance_id, recursive, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_count)
        *ret_count = waiter.taken.purged;
    return ended;
}

enum dt_status dt_client_purge_async(struct dt_client *client, const char *instance_id, bool recursive,
                                     dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(purge(client, instance_id, recursive, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_purge_matching(struct dt_client *client, const struct dt_purge_filter *filter,
                                        int32_t *ret_count, bool *ret_complete, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = purge_matching(client, filter, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_count)
        *ret_count = waiter.taken.purged;
    if (ended == DT_OK && ret_complete)
        *ret_complete = waiter.taken.complete;
    return ended;
}

enum dt_status dt_client_purge_matching_async(struct dt_client *client, const struct dt_purge_filter *filter,
                                              dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(purge_matching(client, filter, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_purge_ids(struct dt_client *client, const char *const *instance_ids, size_t count,
                                   bool recursive, int32_t *ret_count, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            purge_ids(client, instance_ids, count, recursive, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_count)
        *ret_count = waiter.taken.purged;
    return ended;
}

enum dt_status dt_client_purge_ids_async(struct dt_client *client, const char *const *instance_ids,
                                         size_t count, bool recursive, dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(purge_ids(client, instance_ids, count, recursive, on_reply, context, NULL));
}

/* --- query --- */

static enum status start_query(struct dt_client *client, const struct dt_query *given, dt_on_reply *on_reply,
                               void *context, struct err *err)
{
    struct dt_query q = {0};
    if (given && !sdk_options_copy(&q, sizeof q, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the query is not set");
    if (q.page_size < 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "page_size is below 0");
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_instance_query wire = {
        .created_time_from = sdk_time_bound(q.created_from_ns),
        .created_time_to = sdk_time_bound(q.created_to_ns),
        .max_instance_count = q.page_size,
        .continuation_token = sdk_draft_optional(&draft, "page_token", q.page_token),
        .instance_id_prefix = sdk_draft_optional(&draft, "id_prefix", q.id_prefix),
        .fetch_inputs_and_outputs = q.payloads};
    wire.runtime_status = sdk_draft_statuses(&draft, q.statuses, &wire.runtime_status_count);
    struct pb_query_instances_request request = {.query = &wire};
    return sdk_draft_submit(client, &draft, METHOD(QUERY_INSTANCES), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_query(struct dt_client *client, const struct dt_query *query,
                               struct dt_page **ret_page, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client) && sdk_waiter_needs(&waiter, "ret_page", ret_page))
        waiter.started = start_query(client, query, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK)
        *ret_page = waiter.taken.page;
    return ended;
}

enum dt_status dt_client_query_async(struct dt_client *client, const struct dt_query *query,
                                     dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(start_query(client, query, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

/* --- ids --- */

static enum status list_ids(struct dt_client *client, const struct dt_id_query *given, dt_on_reply *on_reply,
                            void *context, struct err *err)
{
    struct dt_id_query query = {0};
    if (given && !sdk_options_copy(&query, sizeof query, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the query is not set");
    if (query.page_size < 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "page_size is below 0");
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_list_instance_ids_request request = {
        .completed_time_from = sdk_time_bound(query.completed_from_ns),
        .completed_time_to = sdk_time_bound(query.completed_to_ns),
        .page_size = query.page_size,
        .last_instance_key = sdk_draft_optional(&draft, "page_token", query.page_token)};
    request.runtime_status = sdk_draft_statuses(&draft, query.statuses, &request.runtime_status_count);
    return sdk_draft_submit(client, &draft, METHOD(LIST_INSTANCE_IDS), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_list_ids(struct dt_client *client, const struct dt_id_query *query,
                                  struct dt_ids **ret_ids, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client) && sdk_waiter_needs(&waiter, "ret_ids", ret_ids))
        waiter.started = list_ids(client, query, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK)
        *ret_ids = waiter.taken.ids;
    return ended;
}

enum dt_status dt_client_list_ids_async(struct dt_client *client, const struct dt_id_query *query,
                                        dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(list_ids(client, query, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

/* --- history --- */

static enum status history(struct dt_client *client, const char *instance_id, dt_on_reply *on_reply,
                           void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_stream_instance_history_request request = {
        .instance_id = sdk_draft_required(&draft, "instance id", instance_id)};
    return sdk_draft_submit(client, &draft, METHOD(STREAM_INSTANCE_HISTORY), &request, 0, on_reply, context,
                            err);
}

enum dt_status dt_client_history(struct dt_client *client, const char *instance_id,
                                 struct dt_history **ret_history, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client) && sdk_waiter_needs(&waiter, "ret_history", ret_history))
        waiter.started = history(client, instance_id, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK)
        *ret_history = waiter.taken.history;
    return ended;
}

enum dt_status dt_client_history_async(struct dt_client *client, const char *instance_id,
                                       dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(history(client, instance_id, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}
