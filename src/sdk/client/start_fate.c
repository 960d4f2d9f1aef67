/* SPDX-License-Identifier: MIT */
/* start_fate.c — a start whose answer was lost is looked for by its instance id, and sent again only if it is not there.
 * Each step is a call of its own, and its callback decides on the next. */
#include "sdk/client/start_fate.h"

#include "base/duration.h"
#include "sdk/clock.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* How far the clocks of client and service may differ before an instance that somebody else made is taken for older than
 * this start. Too much costs an answer "may or may not have been done"; too little could start twice. */
#define CLOCK_SKEW_NS (300 * NS_PER_S)

static const char UNKNOWN_TEXT[] = "the connection broke after the request was written, and an instance of "
                                   "this id has been made at about that time: "
                                   "it may or may not be this one";

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
    if (start->deadline_ns == INT64_MAX)
        return -1;
    return MAX(start->deadline_ns - sdk_now_ns(), 0);
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
                                    .task_hub = op->start.task_hub[0] ? op->start.task_hub : NULL,
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
