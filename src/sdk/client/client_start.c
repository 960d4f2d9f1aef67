/* SPDX-License-Identifier: MIT */
/* client_start.c — drafting a start, and finding out what became of one. Contracts: include/durabletask.h. */
#include "sdk/client/client_start.h"

#include <openssl/rand.h>

#include "base/duration.h"
#include "sdk/client/waiter.h"
#include "sdk/clock.h"
#include "sdk/convert.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* How far the clocks of client and service may differ before an instance that somebody else made is taken for older than
 * this start. Too much costs an answer "may or may not have been done"; too little could start twice. */
#define CLOCK_SKEW_NS (300 * NS_PER_S)

static const char UNKNOWN_TEXT[] = "the connection broke after the request was written, and an instance of "
                                   "this id has been made at about that time: "
                                   "it may or may not be this one";

/* ---- what became of it ---- */

enum sdk_start_verdict sdk_start_judge(const struct sdk_start *start,
                                       const struct pb_orchestration_state *state)
{
    if (!state)
        return SDK_START_NOT_DONE;

    bool same_execution =
        state->execution_id.present && bytes_equal_cstr(state->execution_id.value, start->execution_id);
    if (start->own_id || same_execution)
        return SDK_START_DONE;

    /* A service may give execution ids of its own, and continue-as-new always does. */
    bool older = state->created_timestamp.present &&
                 pb_time_to_ns(state->created_timestamp) < start->began_ns - CLOCK_SKEW_NS;
    return older ? SDK_START_NOT_DONE : SDK_START_UNKNOWN;
}

static int64_t time_left(const struct sdk_start *start)
{
    return start->deadline_ns == INT64_MAX ? -1 : MAX(start->deadline_ns - sdk_now_ns(), 0);
}

static void send_again(struct sdk_operation *op)
{
    struct buf request = {0};
    buf_append_bytes(&request, buf_peek(&op->start.request));
    enum status status = buf_status(&request);
    op->start.written = true;
    if (status == STATUS_OK)
        status = sdk_operation_send(op, &request, time_left(&op->start));
    else
        buf_fini(&request);
    if (status != STATUS_OK)
        sdk_operation_finish(op, status, NULL);
}

static void on_looked(void *context, const struct sdk_result *result)
{
    struct sdk_operation *op = context;
    if (result->status != STATUS_OK) {
        sdk_operation_finish(op, result->status, result->text);
        return;
    }

    struct arena scratch;
    struct pb_get_instance_response response;
    arena_init(&scratch, 0);
    enum status status = pb_get_instance_response_decode(&scratch, result->response, &response);
    enum sdk_start_verdict verdict = SDK_START_UNKNOWN;
    if (status == STATUS_OK)
        verdict = sdk_start_judge(&op->start, response.exists ? response.orchestration_state : NULL);
    arena_fini(&scratch);

    if (status != STATUS_OK)
        sdk_operation_finish(op, status, "the answer of the service cannot be read");
    else if (verdict == SDK_START_DONE)
        sdk_operation_finish(op, STATUS_OK, NULL);
    else if (verdict == SDK_START_UNKNOWN)
        sdk_operation_finish(op, STATUS_UNAVAILABLE, UNKNOWN_TEXT);
    else
        send_again(op);
}

bool sdk_start_look(struct sdk_operation *op)
{
    int64_t left = time_left(&op->start);
    if (left == 0)
        return false;

    struct pb_get_instance_request request = {.instance_id =
                                                  bytes_of(op->instance_id, strlen(op->instance_id))};
    struct buf encoded = {0};
    pb_get_instance_request_encode(&request, &encoded);
    if (buf_status(&encoded) != STATUS_OK) {
        buf_fini(&encoded);
        return false;
    }

    struct sdk_call_options call = {.method = METHOD(GET_INSTANCE),
                                    .safe_twice = true,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .timeout_ns = left,
                                    .on_done = on_looked,
                                    .context = op};
    return sdk_channel_call(op->client->channel, &call, &encoded, NULL) == STATUS_OK;
}

enum status sdk_start_keep(struct sdk_operation *op, struct bytes request, int64_t timeout_ns)
{
    struct sdk_start *start = &op->start;
    int64_t now = sdk_now_ns();
    bool endless = timeout_ns < 0 || timeout_ns > INT64_MAX - now;
    start->deadline_ns = endless ? INT64_MAX : now + timeout_ns;
    start->began_ns = sdk_wall_ns();
    buf_append_bytes(&start->request, request);
    return buf_status(&start->request);
}

/* ---- start ---- */

static void draw(struct sdk_draft *d, uint8_t ret_random[16])
{
    if (RAND_bytes(ret_random, 16) != 1 && d->status == STATUS_OK)
        d->status = STATUS_INTERNAL;
}

static const char *choose_id(struct sdk_draft *d, const char *given, char ret_guid[GUID_TEXT_SIZE + 1])
{
    if (given && *given)
        return given;
    uint8_t random[16];
    draw(d, random);
    guid_format(random, ret_guid);
    return ret_guid;
}

static struct pb_opt_bytes choose_execution_id(struct sdk_draft *d)
{
    if (!d->op)
        return pb_none();
    uint8_t random[16];
    draw(d, random);
    guid_format_digits(random, d->op->start.execution_id);
    return pb_some(bytes_of(d->op->start.execution_id, GUID_DIGITS_SIZE));
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
        .execution_id = choose_execution_id(&d),
    };
    if (o.start_at_ns)
        request.scheduled_start_timestamp = pb_time_from_ns(o.start_at_ns);
    if (d.status == STATUS_OK) {
        d.fault = "tags";
        d.status = sdk_tags_to_wire(&d.arena, o.tags, o.tag_count, &request.tags);
        request.orchestration_id_reuse_policy = policy_of(&d, &o);
    }
    if (d.op) {
        d.op->start.own_id = id == guid;
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
