/* SPDX-License-Identifier: MIT */
#include "sdk/operation.h"

#include <stdlib.h>

#include "sdk/convert.h"
#include "sdk/snapshot.h"

/* ---- the answer, on the channel's thread ---- */

void sdk_operation_on_chunk(void *context, struct bytes message)
{
    struct sdk_operation *op = context;
    if (op->chunk_status == STATUS_OK)
        op->chunk_status = sdk_history_append(op->history, message);
}

static enum status read_answer(struct sdk_operation *op, const struct sdk_result *result, struct dt_reply *r,
                               struct err *e)
{
    if (result->status == STATUS_ALREADY_EXISTS && op->own_id && result->repeated) {
        r->instance_id = op->instance_id; /* an earlier try of this very call made it */
        return STATUS_OK;
    }
    if (result->status != STATUS_OK)
        return err_set(e, result->status, "%s", result->text);
    if (op->history) {
        r->history = op->history;
        return op->chunk_status;
    }
    if (!op->on_answer)
        return STATUS_OK;
    struct arena scratch;
    arena_init(&scratch, 0);
    enum status s = op->on_answer(op, &scratch, result->response, r, e);
    arena_fini(&scratch);
    return s;
}

static void on_done(void *context, const struct sdk_result *result)
{
    struct sdk_operation *op = context;
    struct err e = {0};
    struct dt_reply reply = {.text = ""};
    enum status s = read_answer(op, result, &reply, &e);
    reply.status = sdk_status(s);
    if (s != STATUS_OK) {
        reply.text = e.text[0] ? e.text : status_name(s);
        reply.instance_id = NULL;
        reply.history = NULL;
    }
    op->on_reply(&reply, op->context);
    dt_instance_destroy(reply.instance);
    dt_page_destroy(reply.page);
    if (reply.history || s != STATUS_OK)
        dt_history_destroy(op->history);
    free(op);
}

/* ---- the draft, on the caller's thread ---- */

void sdk_draft_begin(struct sdk_draft *d, size_t extra)
{
    memset(d, 0, sizeof *d);
    arena_init(&d->arena, 0);
    d->op = calloc(1, sizeof *d->op + extra);
    if (!d->op)
        d->status = STATUS_NO_MEMORY;
}

struct pb_opt_bytes sdk_draft_optional(struct sdk_draft *d, const char *what, const char *text)
{
    struct pb_opt_bytes value = pb_none();
    enum status s = d->status == STATUS_OK ? sdk_opt_of_text(&d->arena, text, &value) : STATUS_OK;
    if (s != STATUS_OK) {
        d->status = s;
        d->fault = what;
    }
    return value;
}

struct bytes sdk_draft_required(struct sdk_draft *d, const char *what, const char *text)
{
    struct pb_opt_bytes value = sdk_draft_optional(d, what, text);
    if (d->status == STATUS_OK && !value.value.size) {
        d->status = STATUS_INVALID_ARGUMENT;
        d->fault = what;
    }
    return value.value;
}

int32_t *sdk_draft_statuses(struct sdk_draft *d, unsigned statuses, size_t *ret_count)
{
    int32_t *list =
        d->status == STATUS_OK ? arena_alloc_array(&d->arena, DT_INSTANCE_SUSPENDED + 1, sizeof *list) : NULL;
    *ret_count = 0;
    if (!list) {
        d->status = STATUS_NO_MEMORY;
        return NULL;
    }
    for (int32_t i = 0; i <= DT_INSTANCE_SUSPENDED; i++)
        if (statuses & DT_STATUS_BIT(i))
            list[(*ret_count)++] = i;
    return list;
}

struct pb_opt_time sdk_time_bound(int64_t ns)
{
    return ns ? pb_time_from_ns(ns) : (struct pb_opt_time){0};
}

enum status sdk_draft_submit(struct dt_client *client, struct sdk_draft *d, struct sdk_call_options *o,
                             const struct pb_message *kind, const void *message, dt_on_reply *on_reply,
                             void *context, struct err *e)
{
    struct buf request = {0};
    enum status s = d->status;
    if (s == STATUS_OK && !on_reply)
        s = err_set(e, STATUS_INVALID_ARGUMENT, "on_reply is NULL");
    else if (s == STATUS_INVALID_ARGUMENT)
        s = err_set(e, s, "%s: NULL, empty or not UTF-8", d->fault);
    if (s == STATUS_OK) {
        pb_encode(kind, message, &request);
        s = buf_status(&request);
    }
    if (s == STATUS_OK) {
        d->op->on_reply = on_reply;
        d->op->context = context;
        o->on_done = on_done;
        o->context = d->op;
        o->retry = 1u << STATUS_UNAVAILABLE;
        if (!o->timeout_ns)
            o->timeout_ns = client->target.call_timeout_ns;
        s = sdk_channel_call(client->channel, o, &request, NULL);
    } else {
        buf_fini(&request);
    }
    if (s != STATUS_OK && d->op) {
        dt_history_destroy(d->op->history);
        free(d->op);
    }
    arena_fini(&d->arena);
    return s;
}
