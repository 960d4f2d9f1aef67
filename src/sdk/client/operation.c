/* SPDX-License-Identifier: MIT */
/* operation.c — the draft is made and encoded on the caller's thread;
 * once it is sent, only the channel's thread touches the operation, and destroys it after the callback. */
#include "sdk/client/operation.h"

#include <stdlib.h>

#include "sdk/client/history.h"
#include "sdk/convert.h"

/* --- the answer, on the channel's thread --- */

/* After the first fault nothing is added, but the stream is read to its end: its status may say more. */
static void on_chunk(void *context, struct bytes message)
{
    struct sdk_operation *op = context;
    if (op->chunk_status == STATUS_OK)
        op->chunk_status = sdk_history_append(op->history, message);
}

static enum status read_answer(struct sdk_operation *op, const struct sdk_result *result,
                               struct dt_reply *reply, struct err *err)
{
    if (result->status == STATUS_ALREADY_EXISTS && op->start.own_id && op->start.written) {
        reply->instance_id = op->instance_id; /* an earlier try of this very call made it */
        return STATUS_OK;
    }
    if (result->status != STATUS_OK)
        return err_set(err, result->status, "%s", result->text);
    /* What came as a stream is whole only if its status was good. */
    if (op->history) {
        reply->history = op->history;
        return op->chunk_status;
    }
    if (!op->rule->on_answer)
        return STATUS_OK;
    struct arena scratch;
    arena_init(&scratch, 0);
    enum status status = op->rule->on_answer(op, &scratch, result->response, reply, err);
    arena_fini(&scratch);
    return status;
}

static void operation_destroy(struct sdk_operation *op)
{
    buf_fini(&op->start.request);
    free(op);
}

/* Takes the objects of the reply. */
static void tell(struct sdk_operation *op, enum status status, const char *text, struct dt_reply *reply)
{
    reply->status = sdk_status(status);
    if (status != STATUS_OK) {
        reply->text = text && text[0] ? text : status_name(status);
        reply->instance_id = NULL;
        reply->history = NULL;
    }
    op->on_reply(reply,
                 op->context); /* may take the objects (waiter.c): what is left in the reply is destroyed */
    dt_instance_destroy(reply->instance);
    dt_page_destroy(reply->page);
    dt_ids_destroy(reply->ids);
    dt_entity_destroy(reply->entity);
    dt_entities_destroy(reply->entities);
    if (reply->history || status != STATUS_OK)
        dt_history_destroy(op->history);
    operation_destroy(op);
}

void sdk_operation_finish(struct sdk_operation *op, enum status status, const char *text)
{
    struct dt_reply reply = {.text = "", .instance_id = op->instance_id};
    tell(op, status, text, &reply);
}

static void on_done(void *context, const struct sdk_result *result)
{
    struct sdk_operation *op = context;
    /* Whether it was done is found out by asking, if the call has a way to; then the answer to that is told. */
    if (result->unknown && op->rule->on_unknown && op->rule->on_unknown(op))
        return;

    struct err err = {0};
    struct dt_reply reply = {.text = ""};
    enum status status = read_answer(op, result, &reply, &err);
    tell(op, status, err.text, &reply);
}

/* --- the draft, on the caller's thread --- */

void sdk_draft_begin(struct sdk_draft *draft, size_t extra)
{
    memset(draft, 0, sizeof *draft);
    arena_init(&draft->arena, 0);
    draft->op = calloc(1, sizeof *draft->op + extra);
    if (!draft->op)
        draft->status = STATUS_NO_MEMORY;
}

struct pb_opt_bytes sdk_draft_optional(struct sdk_draft *draft, const char *what, const char *text)
{
    struct pb_opt_bytes value = pb_none();
    enum status status =
        draft->status == STATUS_OK ? sdk_opt_of_text(&draft->arena, text, &value) : STATUS_OK;
    if (status != STATUS_OK) {
        draft->status = status;
        draft->fault = what;
    }
    return value;
}

struct bytes sdk_draft_required(struct sdk_draft *draft, const char *what, const char *text)
{
    struct pb_opt_bytes value = sdk_draft_optional(draft, what, text);
    if (draft->status == STATUS_OK && !value.value.size) {
        draft->status = STATUS_INVALID_ARGUMENT;
        draft->fault = what;
    }
    return value.value;
}

int32_t *sdk_draft_statuses(struct sdk_draft *draft, unsigned statuses, size_t *ret_count)
{
    *ret_count = 0;
    if (draft->status != STATUS_OK)
        return NULL;
    int32_t *list = arena_alloc_array(&draft->arena, DT_INSTANCE_SUSPENDED + 1, sizeof *list);
    if (!list) {
        draft->status = STATUS_NO_MEMORY;
        return NULL;
    }
    for (int32_t i = 0; i <= DT_INSTANCE_SUSPENDED; i++)
        if (statuses & DT_STATUS_BIT(i))
            list[(*ret_count)++] = i;
    return list;
}

struct bytes *sdk_draft_ids(struct sdk_draft *draft, const char *const *ids, size_t count)
{
    if (draft->status != STATUS_OK)
        return NULL;
    if (count > DT_IDS_MAX || (count && !ids)) {
        draft->status = STATUS_INVALID_ARGUMENT;
        draft->fault = "instance ids: more than 500, or";
        return NULL;
    }
    struct bytes *list = arena_alloc_array(&draft->arena, count, sizeof *list);
    if (!list)
        draft->status = STATUS_NO_MEMORY;
    for (size_t i = 0; i < count && draft->status == STATUS_OK; i++)
        list[i] = sdk_draft_required(draft, "instance id", ids[i]);
    return list;
}

struct pb_trace_context *sdk_draft_trace(struct sdk_draft *draft, const char *parent, const char *state,
                                         struct pb_trace_context *place)
{
    if (!parent)
        return NULL;
    *place = (struct pb_trace_context){.trace_parent = sdk_draft_required(draft, "trace_parent", parent),
                                       .trace_state = sdk_draft_optional(draft, "trace_state", state)};
    return place;
}

struct pb_opt_time sdk_time_bound(int64_t ns)
{
    return ns ? pb_time_from_ns(ns) : (struct pb_opt_time){0};
}

enum status sdk_operation_send(struct sdk_operation *op, struct buf *request, int64_t timeout_ns)
{
    struct sdk_call_options call = {.method = op->method,
                                    .task_hub = op->start.task_hub[0] ? op->start.task_hub : NULL,
                                    .streaming = op->history != NULL,
                                    .safe_twice = !op->rule->once,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .timeout_ns = timeout_ns,
                                    .on_message = op->history ? on_chunk : NULL,
                                    .on_done = on_done,
                                    .context = op};
    return sdk_channel_call(op->client->channel, &call, request, NULL);
}

/* What the caller gave; the first fault counts. */
static enum status check_draft(const struct sdk_draft *draft, dt_on_reply *on_reply, struct err *err)
{
    if (draft->status == STATUS_OK && !on_reply)
        return err_set(err, STATUS_INVALID_ARGUMENT, "on_reply is NULL");
    if (draft->status == STATUS_INVALID_ARGUMENT)
        return err_set(err, draft->status, "%s: NULL, empty or not UTF-8", draft->fault);
    return draft->status;
}

static enum status fill(struct sdk_operation *op, const void *request, struct buf *encoded)
{
    const struct pb_method *method = &pb_task_hub_sidecar_service_methods[op->method];
    if (method->server_streaming) {
        op->history = sdk_history_create();
        if (!op->history)
            return STATUS_NO_MEMORY;
    }
    pb_encode(method->request, request, encoded);
    return buf_status(encoded);
}

enum status sdk_operation_submit(struct dt_client *client, struct sdk_draft *draft,
                                 enum pb_task_hub_sidecar_service_method method,
                                 const struct sdk_operation_rule *rule, const void *request,
                                 int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_operation *op = draft->op;
    struct buf encoded = {0};
    enum status status = check_draft(draft, on_reply, err);
    if (status == STATUS_OK) {
        op->client = client;
        op->method = method;
        op->rule = rule;
        op->on_reply = on_reply;
        op->context = context;
        status = fill(op, request, &encoded);
    }
    timeout_ns = timeout_ns ? timeout_ns : client->target.call_timeout_ns;
    if (status == STATUS_OK && rule->keep)
        status = rule->keep(op, buf_peek(&encoded), timeout_ns);
    if (status == STATUS_OK)
        status = sdk_operation_send(op, &encoded, timeout_ns);
    else
        buf_fini(&encoded);
    if (status != STATUS_OK && op) {
        dt_history_destroy(op->history);
        operation_destroy(op);
    }
    arena_fini(&draft->arena);
    return status;
}
