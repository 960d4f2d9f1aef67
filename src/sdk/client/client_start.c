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

static void draw(struct sdk_draft *draft, uint8_t ret_random[16])
{
    if (RAND_bytes(ret_random, 16) != 1 && draft->status == STATUS_OK)
        draft->status = STATUS_INTERNAL;
}

static const char *choose_id(struct sdk_draft *draft, const char *given, char ret_guid[GUID_TEXT_SIZE + 1])
{
    if (given && *given)
        return given;
    uint8_t random[16];
    draw(draft, random);
    guid_format(random, ret_guid);
    return ret_guid;
}

static struct pb_opt_bytes choose_execution_id(struct sdk_draft *draft)
{
    if (!draft->op)
        return pb_none();
    uint8_t random[16];
    draw(draft, random);
    guid_format_digits(random, draft->op->start.execution_id);
    return pb_some(bytes_of(draft->op->start.execution_id, GUID_DIGITS_SIZE));
}

static struct pb_orchestration_id_reuse_policy *policy_of(struct sdk_draft *draft,
                                                          const struct dt_start_options *options)
{
    if (options->reuse != DT_REUSE_LISTED)
        return NULL;
    struct pb_orchestration_id_reuse_policy *policy = arena_alloc(&draft->arena, sizeof *policy);
    if (!policy) {
        draft->status = STATUS_NO_MEMORY;
        return NULL;
    }
    policy->replaceable_status =
        sdk_draft_statuses(draft, options->replaceable, &policy->replaceable_status_count);
    return policy;
}

static enum status start(struct dt_client *client, const char *name, const struct dt_start_options *given,
                         dt_on_reply *on_reply, void *context, struct err *err)
{
    struct dt_start_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the start options is not set");
    struct sdk_draft draft;
    char guid[GUID_TEXT_SIZE + 1];
    size_t id_size =
        options.instance_id && *options.instance_id ? strlen(options.instance_id) : GUID_TEXT_SIZE;
    sdk_draft_begin(&draft, id_size + 1);
    const char *id = choose_id(&draft, options.instance_id, guid);
    struct pb_trace_context trace;
    struct pb_create_instance_request request = {
        .instance_id = sdk_draft_required(&draft, "instance id", id),
        .name = sdk_draft_required(&draft, "name", name),
        .version = sdk_draft_optional(&draft, "version", options.version),
        .input = sdk_draft_optional(&draft, "input", options.input),
        .tags_count = options.tag_count,
        .execution_id = choose_execution_id(&draft),
        .parent_trace_context = sdk_draft_trace(&draft, options.trace_parent, options.trace_state, &trace),
        .request_time = pb_time_from_ns(sdk_wall_ns()),
    };
    if (options.start_at_ns)
        request.scheduled_start_timestamp = pb_time_from_ns(options.start_at_ns);
    if (draft.status == STATUS_OK) {
        draft.fault = "tags";
        draft.status = sdk_tags_to_wire(&draft.arena, options.tags, options.tag_count, &request.tags);
        request.orchestration_id_reuse_policy = policy_of(&draft, &options);
    }
    if (draft.op) {
        draft.op->start.own_id = id == guid;
        memcpy(draft.op->instance_id, id, id_size + 1);
    }
    return sdk_draft_submit(client, &draft, METHOD(START_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_start(struct dt_client *client, const char *name,
                               const struct dt_start_options *options,
                               char ret_instance_id[DT_INSTANCE_ID_SIZE], struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = start(client, name, options, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_instance_id)
        memcpy(ret_instance_id, waiter.instance_id, DT_INSTANCE_ID_SIZE);
    return ended;
}

enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                     const struct dt_start_options *options, dt_on_reply *on_reply,
                                     void *context)
{
    return client ? sdk_status(start(client, name, options, on_reply, context, NULL)) : DT_INVALID_ARGUMENT;
}
