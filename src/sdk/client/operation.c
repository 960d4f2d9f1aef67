/* SPDX-License-Identifier: MIT */
/* operation.c — a table says how the methods differ. The draft is made and encoded on the caller's thread;
 * once it is sent, only the channel's thread touches the operation, and destroys it after the callback. */
#include "sdk/client/operation.h"

#include <stdlib.h>

#include "sdk/client/client_answer.h"
#include "sdk/client/client_start.h"
#include "sdk/client/history.h"
#include "sdk/convert.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* What the calls of a client differ in, but for what pb_task_hub_sidecar_service_methods knows of them. */
static const struct rule {
    enum status (*on_answer)(struct sdk_operation *op, struct arena *a, struct bytes answer,
                             struct dt_reply *r, struct err *e); /* NULL: there is nothing in the answer */
    bool once;                                                   /* sent twice it would be done twice */
    bool (*on_unknown)(struct sdk_operation *op); /* finds out whether it was done; false: cannot */
} rules[PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT] = {
    [METHOD(START_INSTANCE)] = {.on_answer = sdk_answer_started, .once = true, .on_unknown = sdk_start_look},
    [METHOD(GET_INSTANCE)] = {.on_answer = sdk_answer_instance},
    [METHOD(WAIT_FOR_INSTANCE_START)] = {.on_answer = sdk_answer_instance},
    [METHOD(WAIT_FOR_INSTANCE_COMPLETION)] = {.on_answer = sdk_answer_instance},
    [METHOD(RAISE_EVENT)] = {.once = true},
    [METHOD(TERMINATE_INSTANCE)] = {0},
    [METHOD(SUSPEND_INSTANCE)] = {0},
    [METHOD(RESUME_INSTANCE)] = {0},
    [METHOD(PURGE_INSTANCES)] = {.on_answer = sdk_answer_purged},
    [METHOD(QUERY_INSTANCES)] = {.on_answer = sdk_answer_page},
    [METHOD(STREAM_INSTANCE_HISTORY)] = {0}, /* comes in chunks */
    [METHOD(REWIND_INSTANCE)] = {.once = true},
    [METHOD(RESTART_INSTANCE)] = {.on_answer = sdk_answer_restarted, .once = true},
    [METHOD(LIST_INSTANCE_IDS)] = {.on_answer = sdk_answer_ids},
    [METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS)] = {.on_answer = sdk_answer_unterminated},
    [METHOD(CREATE_TASK_HUB)] = {.once = true},
    [METHOD(DELETE_TASK_HUB)] = {0},
    [METHOD(SIGNAL_ENTITY)] = {.once = true},
    [METHOD(GET_ENTITY)] = {.on_answer = sdk_answer_entity},
    [METHOD(QUERY_ENTITIES)] = {.on_answer = sdk_answer_entities},
    [METHOD(CLEAN_ENTITY_STORAGE)] = {.on_answer = sdk_answer_cleaned},
};

/* ---- the answer, on the channel's thread ---- */

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
    if (op->history) {
        reply->history = op->history;
        return op->chunk_status;
    }
    if (!rules[op->method].on_answer)
        return STATUS_OK;
    struct arena scratch;
    arena_init(&scratch, 0);
    enum status status = rules[op->method].on_answer(op, &scratch, result->response, reply, err);
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
    op->on_reply(reply, op->context);
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
    if (result->unknown && rules[op->method].on_unknown && rules[op->method].on_unknown(op))
        return;

    struct err err = {0};
    struct dt_reply reply = {.text = ""};
    enum status status = read_answer(op, result, &reply, &err);
    tell(op, status, err.text, &reply);
}

/* ---- the draft, on the caller's thread ---- */

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
                                    .streaming = op->history != NULL,
                                    .safe_twice = !rules[op->method].once,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .timeout_ns = timeout_ns,
                                    .on_message = op->history ? on_chunk : NULL,
                                    .on_done = on_done,
                                    .context = op};
    return sdk_channel_call(op->client->channel, &call, request, NULL);
}

enum status sdk_draft_submit(struct dt_client *client, struct sdk_draft *draft,
                             enum pb_task_hub_sidecar_service_method method, const void *request,
                             int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *err)
{
    const struct pb_method *m = &pb_task_hub_sidecar_service_methods[method];
    struct sdk_operation *op = draft->op;
    struct buf encoded = {0};
    enum status status = draft->status;
    if (status == STATUS_OK && !on_reply)
        status = err_set(err, STATUS_INVALID_ARGUMENT, "on_reply is NULL");
    else if (status == STATUS_INVALID_ARGUMENT)
        status = err_set(err, status, "%s: NULL, empty or not UTF-8", draft->fault);
    if (status == STATUS_OK && m->server_streaming && !(op->history = sdk_history_create()))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        op->client = client;
        op->method = method;
        op->on_reply = on_reply;
        op->context = context;
        pb_encode(m->request, request, &encoded);
        status = buf_status(&encoded);
    }
    timeout_ns = timeout_ns ? timeout_ns : client->target.call_timeout_ns;
    if (status == STATUS_OK && method == METHOD(START_INSTANCE))
        status = sdk_start_keep(op, buf_peek(&encoded), timeout_ns);
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
