/* SPDX-License-Identifier: MIT */
/* call.c — parts in the order of a call's life: trying again (which failure earns another try, and when),
 * the try on the wire, and what the channel asks of all calls. sdk_call_finish is the only place that runs
 * on_done. A call that is on the wire leaves it first, so that no late answer can find a call that was
 * freed. */
#include "sdk/channel/call.h"

#include <stdlib.h>

#include "base/duration.h"
#include "net/grpc_client.h"
#include "sdk/channel/channel_state.h"
#include "sdk/channel/timer.h"
#include "sdk/clock.h"

#define METADATA_MAX 4 /* task hub, user agent, worker, token */

static void expire_call(void *context);

struct sdk_call *sdk_call_create(struct sdk_channel *ch, const struct sdk_call_options *options,
                                 struct buf *request)
{
    struct sdk_call *call = calloc(1, sizeof *call);
    if (!call) {
        buf_fini(request);
        return NULL;
    }
    list_init(&call->link);
    call->channel = ch;
    call->options = *options;
    call->request = *request;
    memset(request, 0, sizeof *request);
    buf_init(&call->response, ch->target->message_size_max);
    call->deadline = (struct sdk_timer){.on_fire = expire_call, .context = call};
    call->attempt.context = call;
    int64_t now = sdk_now_ns();
    call->deadline_ns = options->timeout_ns < 0 || options->timeout_ns > INT64_MAX - now
                            ? INT64_MAX
                            : now + options->timeout_ns;
    return call;
}

void sdk_call_destroy(struct sdk_call *call)
{
    sdk_timer_clear(call->channel, &call->deadline);
    sdk_timer_clear(call->channel, &call->attempt);
    list_remove(&call->link);
    buf_fini(&call->request);
    buf_fini(&call->response);
    free(call);
}

void sdk_call_finish(struct sdk_call *call, enum status status, const char *text)
{
    list_remove(&call->link);
    struct sdk_result result = {.status = status,
                                .text = text,
                                .response =
                                    status == STATUS_OK ? buf_peek(&call->response) : (struct bytes){0},
                                .unknown = call->unknown};
    call->options.on_done(call->options.context, &result);
    sdk_call_destroy(call);
}

/* --- trying again --- */

static void wait_again(struct sdk_call *call)
{
    call->state = SDK_CALL_WAITING;
    list_remove(&call->link);
    list_push_back(&call->channel->waiting, &call->link);
}

static void end_pause(void *context)
{
    wait_again(context);
}

static void pause_call(struct sdk_call *call)
{
    struct sdk_channel *ch = call->channel;
    const struct sdk_call_options *options = &call->options;
    int64_t first = options->pause_first_ns ? options->pause_first_ns : ch->options.pause_first_ns;
    int64_t most = options->pause_max_ns ? options->pause_max_ns : ch->options.pause_max_ns;
    call->attempt.on_fire = end_pause;
    int64_t pause = sdk_channel_pause_ns(ch, call->tries - 1, first, most);
    if (sdk_timer_set(ch, &call->attempt, sdk_now_ns() + pause) != STATUS_OK) {
        sdk_call_finish(call, STATUS_NO_MEMORY, "no memory for a timer");
        return;
    }
    call->state = SDK_CALL_PAUSED;
    list_remove(&call->link);
    list_push_back(&ch->paused, &call->link);
}

/* One try has ended: is there another? */
static void settle_try(struct sdk_call *call, enum status status, const char *text, bool connection_lost)
{
    const struct sdk_call_options *options = &call->options;
    if (status == STATUS_OK) {
        sdk_call_finish(call, status, text);
        return;
    }

    /* ORDER: what the caller has decided comes before what the wire says; then whether it may have been done, since no row
     * of `retry` makes that safe. */
    if (call->cancelled) {
        sdk_call_finish(call, STATUS_CANCELLED, "cancelled");
        return;
    }
    if (call->expired) {
        sdk_call_finish(call, STATUS_DEADLINE_EXCEEDED, "the time-out of the call has passed");
        return;
    }
    if (call->attempt_expired)
        status = STATUS_DEADLINE_EXCEEDED;
    call->attempt_expired = false;
    bool wanted = options->retry & 1u << status;
    bool tries_left = !options->tries_max || call->tries < options->tries_max;
    if (connection_lost && !options->safe_twice) {
        call->unknown = true;
        sdk_call_finish(
            call, status,
            "the connection broke after the request was written; it may or may not have been done");
        return;
    }
    if (!wanted || !tries_left || (options->streaming && call->got_message)) {
        sdk_call_finish(call, status, text);
        return;
    }

    /* After a loss the pause in front of the next connection is pause enough. */
    buf_clear(&call->response);
    if (connection_lost)
        wait_again(call);
    else
        pause_call(call);
}

/* --- on the wire --- */

static void on_wire_message(void *context, struct bytes message)
{
    struct sdk_call *call = context;
    call->got_message = true;
    if (call->options.on_message) {
        call->options.on_message(call->options.context, message);
        return;
    }
    buf_clear(&call->response);
    buf_append_bytes(&call->response, message);
}

/* The service does not take the token (any more): the call is tried with another one, once. It has not been done. */
static bool renew_token(struct sdk_call *call)
{
    struct sdk_channel *ch = call->channel;
    bool again = ch->token.text[0] && !call->token_renewed && !call->cancelled && !call->expired &&
                 !(call->options.streaming && call->got_message);
    if (call->token_serial == ch->token.serial)
        sdk_token_refuse(&ch->token);
    if (!again)
        return false;
    call->token_renewed = true;
    buf_clear(&call->response);
    wait_again(call);
    return true;
}

static void on_wire_done(void *context, enum status status, const char *text)
{
    struct sdk_call *call = context;
    /* A service may say UNAVAILABLE, too: only a connection that is being torn down was lost. */
    bool lost = call->connection->dead && status == STATUS_UNAVAILABLE;
    call->wire = NULL;
    call->connection = NULL;
    sdk_timer_clear(call->channel, &call->attempt);
    if (status == STATUS_UNAUTHENTICATED && renew_token(call))
        return;
    if (status == STATUS_OK && buf_status(&call->response) != STATUS_OK) {
        status = buf_status(&call->response);
        text = "no memory for the answer";
    } else if (status == STATUS_OK && !call->options.streaming && !call->got_message) {
        status = STATUS_INTERNAL;
        text = "the service said OK without an answer";
    }
    settle_try(call, status, lost ? call->channel->why : text, lost);
}

/* Takes the call off the wire, if it is there; on_wire_done has run then. Not within a round of input. */
static void leave_wire(struct sdk_call *call)
{
    if (call->state == SDK_CALL_ON_WIRE)
        grpc_client_cancel(call->connection->grpc, call->wire);
    else
        settle_try(call, STATUS_CANCELLED, "", false);
}

static void expire_call(void *context)
{
    struct sdk_call *call = context;
    /* It never got a connection: why there is none says more than that time has passed. */
    if (call->state != SDK_CALL_ON_WIRE && call->channel->why[0]) {
        sdk_call_finish(call, STATUS_UNAVAILABLE, call->channel->why);
        return;
    }
    call->expired = true;
    leave_wire(call);
}

static void expire_attempt(void *context)
{
    struct sdk_call *call = context;
    call->attempt_expired = true;
    leave_wire(call);
}

static STATUS_RESULT put_on_wire(struct sdk_call *call, struct sdk_connection *connection, struct err *err)
{
    struct sdk_channel *ch = call->channel;
    const struct sdk_call_options *o = &call->options;
    struct grpc_metadata metadata[METADATA_MAX];
    size_t count = 0;
    metadata[count++] = (struct grpc_metadata){"taskhub", o->task_hub ? o->task_hub : ch->target->task_hub};
    metadata[count++] = (struct grpc_metadata){"x-user-agent", ch->user_agent};
    if (ch->worker_id)
        metadata[count++] = (struct grpc_metadata){"workerid", ch->worker_id};
    if (ch->token.text[0])
        metadata[count++] = (struct grpc_metadata){"authorization", ch->token.text};

    /* At least 1 ms: 0 would be no time-out at all. The timer on this side ends the call in any case. */
    int64_t left = call->deadline_ns == INT64_MAX ? 0 : MAX(call->deadline_ns - sdk_now_ns(), NS_PER_MS);
    if (o->attempt_timeout_ns && (!left || o->attempt_timeout_ns < left))
        left = o->attempt_timeout_ns;
    struct grpc_call_options options = {.path = pb_task_hub_sidecar_service_methods[o->method].path,
                                        .metadata = metadata,
                                        .metadata_count = count,
                                        .timeout_ns = left,
                                        .on_message = on_wire_message,
                                        .on_done = on_wire_done,
                                        .context = call};
    if (o->attempt_timeout_ns) {
        call->attempt.on_fire = expire_attempt;
        enum status status = sdk_timer_set(ch, &call->attempt, sdk_now_ns() + o->attempt_timeout_ns);
        if (status != STATUS_OK)
            return status;
    }
    call->connection = connection;
    call->got_message = false;
    return grpc_client_start(connection->grpc, &options, buf_peek(&call->request), &call->wire, err);
}

static void send_call(struct sdk_call *call, struct sdk_connection *connection)
{
    struct sdk_channel *ch = call->channel;
    call->tries++;
    call->token_serial = ch->token.serial;
    struct err err = {0};
    enum status status = put_on_wire(call, connection, &err);
    if (status == STATUS_OK) {
        call->state = SDK_CALL_ON_WIRE;
        list_remove(&call->link);
        list_push_back(&ch->active, &call->link);
        return;
    }
    call->connection = NULL;
    sdk_timer_clear(ch, &call->attempt);
    if (status == STATUS_UNAVAILABLE)
        call->tries--; /* the connection takes no more; the call waits for the next */
    else
        settle_try(call, status, err.text[0] ? err.text : status_name(status), false);
}

static bool takes_calls(const struct sdk_connection *connection)
{
    return connection && connection->grpc && !grpc_client_closing(connection->grpc);
}

void sdk_call_send_waiting(struct sdk_channel *ch)
{
    if (list_empty(&ch->waiting) || !takes_calls(ch->current))
        return;

    /* No call leaves without a token, and one that cannot be had fails all that wait for it. */
    enum sdk_token_state token = sdk_token_look(&ch->token);
    if (token == SDK_TOKEN_FAILED)
        sdk_call_fail_waiting(ch, STATUS_UNAUTHENTICATED, ch->token.why);
    if (token != SDK_TOKEN_READY)
        return;
    list_each_safe (link, &ch->waiting)
        /* Asked each time: when the connection closes in the middle, the rest waits for the next one. */
        if (takes_calls(ch->current))
            send_call(CONTAINER_OF(link, struct sdk_call, link), ch->current);
}

/* --- for the channel --- */

void sdk_call_admit(struct sdk_call *call)
{
    struct sdk_channel *ch = call->channel;
    list_push_back(&ch->waiting, &call->link);
    if (call->deadline_ns != INT64_MAX && sdk_timer_set(ch, &call->deadline, call->deadline_ns) != STATUS_OK)
        sdk_call_finish(call, STATUS_NO_MEMORY, "no memory for a timer");
}

void sdk_call_fail_waiting(struct sdk_channel *ch, enum status status, const char *text)
{
    list_each_safe (link, &ch->waiting)
        sdk_call_finish(CONTAINER_OF(link, struct sdk_call, link), status, text);
}

void sdk_call_cancel(struct sdk_call *call)
{
    call->cancelled = true;
    leave_wire(call);
}
