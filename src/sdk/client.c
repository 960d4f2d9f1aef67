/* SPDX-License-Identifier: MIT */
/* The calls of a client: build a request, hand it to the channel, turn the answer into a reply. The blocking
 * forms are the asynchronous ones with a callback that wakes the caller. Contracts: include/durabletask.h. */
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "sdk/channel.h"
#include "sdk/convert.h"
#include "sdk/snapshot.h"

#define NS_PER_MS      ((int64_t)1000000)
#define PAUSE_FIRST_NS (200 * NS_PER_MS)
#define PAUSE_MAX_NS   (5000 * NS_PER_MS)
#define USER_AGENT     "durabletask-c/" SALLYPORT_VERSION " (DurableTaskClient)"
#define METHOD(name)   PB_TASK_HUB_SIDECAR_SERVICE_##name

struct dt_client {
    struct sdk_target target;
    struct sdk_channel *channel;
};

struct dt_reply {
    enum dt_status status;
    const char *text;
    const char *instance_id;
    struct dt_instance *instance;
    struct dt_page *page;
    struct dt_history *history;
    int32_t purged;
    bool complete;
};

/* A call in progress. */
struct operation {
    dt_on_reply *on_reply;
    void *context;
    /* Decodes the answer into the reply; NULL: there is nothing in it. */
    enum status (*on_answer)(struct operation *op, struct arena *a, struct bytes answer, struct dt_reply *r,
                             struct err *e);
    bool own_id;            /* start: the instance id was made here, so nobody else can have taken it */
    bool must_have_started; /* a wait that only looks: what it must find */
    bool must_have_ended;
    struct dt_history *history;
    enum status chunk_status; /* of the history's chunks */
    char instance_id[];       /* start */
};

/* -------------------------------------------------------------------------------------------------------
 * replies */

enum dt_status dt_reply_status(const struct dt_reply *reply)
{
    return reply->status;
}

const char *dt_reply_text(const struct dt_reply *reply)
{
    return reply->text;
}

const char *dt_reply_instance_id(const struct dt_reply *reply)
{
    return reply->instance_id;
}

const struct dt_instance *dt_reply_instance(const struct dt_reply *reply)
{
    return reply->instance;
}

const struct dt_page *dt_reply_page(const struct dt_reply *reply)
{
    return reply->page;
}

const struct dt_history *dt_reply_history(const struct dt_reply *reply)
{
    return reply->history;
}

int32_t dt_reply_purged(const struct dt_reply *reply, bool *ret_complete)
{
    if (ret_complete)
        *ret_complete = reply->complete;
    return reply->purged;
}

/* ------------------------------------------------------------------------------------------------ from the
 * channel */

static void on_chunk(void *context, struct bytes message)
{
    struct operation *op = context;
    if (op->chunk_status == STATUS_OK)
        op->chunk_status = sdk_history_append(op->history, message);
}

static enum status read_answer(struct operation *op, const struct sdk_result *result, struct dt_reply *r,
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
    struct operation *op = context;
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

/* ------------------------------------------------------------------------------------------------- starting
 * a call */

/* Everything needed to start a call; freed by submit. */
struct draft {
    struct arena arena;
    struct operation *op;
    enum status status;
    const char *fault;
};

static void begin(struct draft *d, size_t extra)
{
    memset(d, 0, sizeof *d);
    arena_init(&d->arena, 0);
    d->op = calloc(1, sizeof *d->op + extra);
    if (!d->op)
        d->status = STATUS_NO_MEMORY;
}

static struct pb_opt_bytes optional(struct draft *d, const char *what, const char *text)
{
    struct pb_opt_bytes value = pb_none();
    enum status s = d->status == STATUS_OK ? sdk_opt_of_text(&d->arena, text, &value) : STATUS_OK;
    if (s != STATUS_OK) {
        d->status = s;
        d->fault = what;
    }
    return value;
}

static struct bytes required(struct draft *d, const char *what, const char *text)
{
    struct pb_opt_bytes value = optional(d, what, text);
    if (d->status == STATUS_OK && !value.value.size) {
        d->status = STATUS_INVALID_ARGUMENT;
        d->fault = what;
    }
    return value.value;
}

/* Sends the message and frees the draft. On failure on_reply is not called. */
static enum status submit(struct dt_client *client, struct draft *d, struct sdk_call_options *o,
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

/* ------------------------------------------------------------------------------------------------- waiting
 * for a reply */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done;
    struct dt_error error;
    char instance_id[DT_INSTANCE_ID_SIZE];
    struct dt_reply taken; /* with the objects of the reply */
};

static void on_awaited(const struct dt_reply *reply, void *context)
{
    struct waiter *w = context;
    struct dt_reply *source = (struct dt_reply *)reply; /* made by on_done, above */
    pthread_mutex_lock(&w->lock);
    w->taken = *source;
    w->error.status = reply->status;
    snprintf(w->error.text, sizeof w->error.text, "%s", reply->text);
    snprintf(w->instance_id, sizeof w->instance_id, "%s", reply->instance_id ? reply->instance_id : "");
    source->instance = NULL;
    source->page = NULL;
    source->history = NULL;
    w->done = true;
    pthread_cond_signal(&w->done_changed);
    pthread_mutex_unlock(&w->lock);
}

static void waiter_init(struct waiter *w)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->done_changed, NULL);
}

static enum status may_block(struct dt_client *client, struct err *e)
{
    if (!client)
        return err_set(e, STATUS_INVALID_ARGUMENT, "client is NULL");
    if (sdk_channel_is_own_thread(client->channel))
        return err_set(e, STATUS_FAILED_PRECONDITION,
                       "a blocking call from a callback would wait for itself");
    return STATUS_OK;
}

/* Waits if the call was started (`s` OK), and says how it ended. */
static enum dt_status await(struct waiter *w, enum status s, const struct err *e, struct dt_error *ret_error)
{
    if (s == STATUS_OK) {
        pthread_mutex_lock(&w->lock);
        while (!w->done)
            pthread_cond_wait(&w->done_changed, &w->lock);
        pthread_mutex_unlock(&w->lock);
    }
    pthread_cond_destroy(&w->done_changed);
    pthread_mutex_destroy(&w->lock);
    if (s != STATUS_OK)
        return sdk_report(s, e, ret_error);
    if (w->error.status != DT_OK && ret_error)
        *ret_error = w->error;
    return w->error.status;
}

/* Declares `w` and `e`, checks, runs `start` (an expression giving a status), waits. */
#define BLOCK(client, start)                                                                                 \
    struct waiter w;                                                                                         \
    struct err own_error = {0};                                                                              \
    waiter_init(&w);                                                                                         \
    enum status started = may_block(client, &own_error);                                                     \
    if (started == STATUS_OK)                                                                                \
        started = (start);                                                                                   \
    enum dt_status ended = await(&w, started, &own_error, e)

#define ASYNC(client, start)                                                                                 \
    if (!(client))                                                                                           \
        return DT_INVALID_ARGUMENT;                                                                          \
    return sdk_status(start)

/* -----------------------------------------------------------------------------------------------------------
 * start */

static enum status on_start_answer(struct operation *op, struct arena *a, struct bytes answer,
                                   struct dt_reply *r, struct err *e)
{
    struct pb_create_instance_response response;
    enum status s = pb_create_instance_response_decode(a, answer, &response);
    if (s != STATUS_OK)
        return s;
    r->instance_id = op->instance_id;
    if (response.instance_id.size && !bytes_equal_cstr(response.instance_id, op->instance_id))
        return err_set(e, STATUS_INTERNAL, "the service answered with another instance id");
    return STATUS_OK;
}

static const char *choose_id(struct draft *d, const char *given, char ret_guid[GUID_TEXT_SIZE + 1])
{
    if (given && *given)
        return given;
    uint8_t random[16];
    if (RAND_bytes(random, sizeof random) != 1 && d->status == STATUS_OK)
        d->status = STATUS_INTERNAL;
    guid_format(random, ret_guid);
    return ret_guid;
}

static struct pb_orchestration_id_reuse_policy *policy_of(struct draft *d, const struct dt_start_options *o)
{
    if (o->reuse != DT_REUSE_LISTED)
        return NULL;
    struct pb_orchestration_id_reuse_policy *policy = arena_alloc(&d->arena, sizeof *policy);
    int32_t *statuses = arena_alloc_array(&d->arena, DT_INSTANCE_SUSPENDED + 1, sizeof *statuses);
    if (!policy || !statuses) {
        d->status = STATUS_NO_MEMORY;
        return NULL;
    }
    policy->replaceable_status = statuses;
    for (int32_t i = 0; i <= DT_INSTANCE_SUSPENDED; i++)
        if (o->replaceable & DT_STATUS_BIT(i))
            statuses[policy->replaceable_status_count++] = i;
    return policy;
}

static enum status start(struct dt_client *client, const char *name, const struct dt_start_options *given,
                         dt_on_reply *on_reply, void *context, struct err *e)
{
    struct dt_start_options o = {0};
    if (given && !sdk_options_copy(&o, sizeof o, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "`size` of the start options is not set");
    struct draft d;
    char guid[GUID_TEXT_SIZE + 1];
    size_t id_size = o.instance_id && *o.instance_id ? strlen(o.instance_id) : GUID_TEXT_SIZE;
    begin(&d, id_size + 1);
    const char *id = choose_id(&d, o.instance_id, guid);
    struct pb_create_instance_request request = {
        .instance_id = required(&d, "instance id", id),
        .name = required(&d, "name", name),
        .version = optional(&d, "version", o.version),
        .input = optional(&d, "input", o.input),
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
        d.op->on_answer = on_start_answer;
        d.op->own_id = id == guid;
        memcpy(d.op->instance_id, id, id_size + 1);
    }
    struct sdk_call_options call = {.method = METHOD(START_INSTANCE), .safe_twice = true};
    return submit(client, &d, &call, &pb_create_instance_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_start(struct dt_client *client, const char *name, const struct dt_start_options *o,
                               char ret_instance_id[DT_INSTANCE_ID_SIZE], struct dt_error *e)
{
    BLOCK(client, start(client, name, o, on_awaited, &w, &own_error));
    if (ended == DT_OK && ret_instance_id)
        memcpy(ret_instance_id, w.instance_id, DT_INSTANCE_ID_SIZE);
    return ended;
}

enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                     const struct dt_start_options *o, dt_on_reply *on_reply, void *context)
{
    ASYNC(client, start(client, name, o, on_reply, context, NULL));
}

/* ---------------------------------------------------------------------------------------------------- get
 * and wait */

static enum status on_instance_answer(struct operation *op, struct arena *a, struct bytes answer,
                                      struct dt_reply *r, struct err *e)
{
    struct pb_get_instance_response response;
    enum status s = pb_get_instance_response_decode(a, answer, &response);
    if (s != STATUS_OK)
        return s;
    if (!response.exists || !response.orchestration_state) {
        bool wait = op->must_have_started || op->must_have_ended;
        return err_set(e, wait ? STATUS_DEADLINE_EXCEEDED : STATUS_NOT_FOUND, "no such instance");
    }
    enum dt_instance_status status =
        (enum dt_instance_status)response.orchestration_state->orchestration_status;
    if ((op->must_have_started && status == DT_INSTANCE_PENDING) ||
        (op->must_have_ended && !dt_instance_status_final(status)))
        return err_set(e, STATUS_DEADLINE_EXCEEDED, "the instance is %s", dt_instance_status_name(status));
    return sdk_instance_create(response.orchestration_state, &r->instance);
}

static enum status read_instance(struct dt_client *client, const char *instance_id, bool payloads,
                                 struct draft *d, struct sdk_call_options *call, dt_on_reply *on_reply,
                                 void *context, struct err *e)
{
    struct pb_get_instance_request request = {.instance_id = required(d, "instance id", instance_id),
                                              .get_inputs_and_outputs = payloads};
    if (d->op)
        d->op->on_answer = on_instance_answer;
    call->safe_twice = true;
    return submit(client, d, call, &pb_get_instance_request_message, &request, on_reply, context, e);
}

static enum status get(struct dt_client *client, const char *instance_id, bool payloads,
                       dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct sdk_call_options call = {.method = METHOD(GET_INSTANCE)};
    return read_instance(client, instance_id, payloads, &d, &call, on_reply, context, e);
}

/* A wait without time is a look. */
static enum status wait_for(struct dt_client *client, bool completion, const char *instance_id,
                            int64_t timeout_ms, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    if (d.op) {
        d.op->must_have_started = !completion;
        d.op->must_have_ended = completion;
    }
    struct sdk_call_options call = {.method = completion ? METHOD(WAIT_FOR_INSTANCE_COMPLETION)
                                                         : METHOD(WAIT_FOR_INSTANCE_START)};
    if (timeout_ms == 0)
        call.method = METHOD(GET_INSTANCE);
    else if (timeout_ms < 0)
        call.timeout_ns = -1;
    else
        call.timeout_ns = MIN(timeout_ms, INT64_MAX / NS_PER_MS) * NS_PER_MS;
    return read_instance(client, instance_id, true, &d, &call, on_reply, context, e);
}

static enum dt_status give_instance(struct waiter *w, enum dt_status ended, struct dt_instance **ret_instance)
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
    BLOCK(client, get(client, instance_id, payloads, on_awaited, &w, &own_error));
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id, bool payloads,
                                   dt_on_reply *on_reply, void *context)
{
    ASYNC(client, get(client, instance_id, payloads, on_reply, context, NULL));
}

enum dt_status dt_client_wait_start(struct dt_client *client, const char *instance_id, int64_t timeout_ms,
                                    struct dt_instance **ret_instance, struct dt_error *e)
{
    BLOCK(client, wait_for(client, false, instance_id, timeout_ms, on_awaited, &w, &own_error));
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_wait_start_async(struct dt_client *client, const char *instance_id,
                                          int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    ASYNC(client, wait_for(client, false, instance_id, timeout_ms, on_reply, context, NULL));
}

enum dt_status dt_client_wait_completion(struct dt_client *client, const char *instance_id,
                                         int64_t timeout_ms, struct dt_instance **ret_instance,
                                         struct dt_error *e)
{
    BLOCK(client, wait_for(client, true, instance_id, timeout_ms, on_awaited, &w, &own_error));
    return give_instance(&w, ended, ret_instance);
}

enum dt_status dt_client_wait_completion_async(struct dt_client *client, const char *instance_id,
                                               int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    ASYNC(client, wait_for(client, true, instance_id, timeout_ms, on_reply, context, NULL));
}

/* -------------------------------------------------------------------------------------------------------
 * commands */

static enum status raise_event(struct dt_client *client, const char *instance_id, const char *name,
                               const char *data, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_raise_event_request request = {.instance_id = required(&d, "instance id", instance_id),
                                             .name = required(&d, "name", name),
                                             .input = optional(&d, "data", data)};
    /* Twice would be two events. */
    struct sdk_call_options call = {.method = METHOD(RAISE_EVENT), .safe_twice = false};
    return submit(client, &d, &call, &pb_raise_event_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_raise_event(struct dt_client *client, const char *instance_id, const char *name,
                                     const char *data, struct dt_error *e)
{
    BLOCK(client, raise_event(client, instance_id, name, data, on_awaited, &w, &own_error));
    return ended;
}

enum dt_status dt_client_raise_event_async(struct dt_client *client, const char *instance_id,
                                           const char *name, const char *data, dt_on_reply *on_reply,
                                           void *context)
{
    ASYNC(client, raise_event(client, instance_id, name, data, on_reply, context, NULL));
}

static enum status terminate(struct dt_client *client, const char *instance_id, const char *output,
                             bool recursive, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_terminate_request request = {.instance_id = required(&d, "instance id", instance_id),
                                           .output = optional(&d, "output", output),
                                           .recursive = recursive};
    struct sdk_call_options call = {.method = METHOD(TERMINATE_INSTANCE), .safe_twice = true};
    return submit(client, &d, &call, &pb_terminate_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_terminate(struct dt_client *client, const char *instance_id, const char *output,
                                   bool recursive, struct dt_error *e)
{
    BLOCK(client, terminate(client, instance_id, output, recursive, on_awaited, &w, &own_error));
    return ended;
}

enum dt_status dt_client_terminate_async(struct dt_client *client, const char *instance_id,
                                         const char *output, bool recursive, dt_on_reply *on_reply,
                                         void *context)
{
    ASYNC(client, terminate(client, instance_id, output, recursive, on_reply, context, NULL));
}

static enum status suspend(struct dt_client *client, const char *instance_id, const char *reason,
                           dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_suspend_request request = {.instance_id = required(&d, "instance id", instance_id),
                                         .reason = optional(&d, "reason", reason)};
    struct sdk_call_options call = {.method = METHOD(SUSPEND_INSTANCE), .safe_twice = true};
    return submit(client, &d, &call, &pb_suspend_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_suspend(struct dt_client *client, const char *instance_id, const char *reason,
                                 struct dt_error *e)
{
    BLOCK(client, suspend(client, instance_id, reason, on_awaited, &w, &own_error));
    return ended;
}

enum dt_status dt_client_suspend_async(struct dt_client *client, const char *instance_id, const char *reason,
                                       dt_on_reply *on_reply, void *context)
{
    ASYNC(client, suspend(client, instance_id, reason, on_reply, context, NULL));
}

static enum status resume(struct dt_client *client, const char *instance_id, const char *reason,
                          dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_resume_request request = {.instance_id = required(&d, "instance id", instance_id),
                                        .reason = optional(&d, "reason", reason)};
    struct sdk_call_options call = {.method = METHOD(RESUME_INSTANCE), .safe_twice = true};
    return submit(client, &d, &call, &pb_resume_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_resume(struct dt_client *client, const char *instance_id, const char *reason,
                                struct dt_error *e)
{
    BLOCK(client, resume(client, instance_id, reason, on_awaited, &w, &own_error));
    return ended;
}

enum dt_status dt_client_resume_async(struct dt_client *client, const char *instance_id, const char *reason,
                                      dt_on_reply *on_reply, void *context)
{
    ASYNC(client, resume(client, instance_id, reason, on_reply, context, NULL));
}

/* ----------------------------------------------------------------------------------------------------------
 * purge */

static enum status on_purge_answer(struct operation *op, struct arena *a, struct bytes answer,
                                   struct dt_reply *r, struct err *e)
{
    struct pb_purge_instances_response response;
    enum status s = pb_purge_instances_response_decode(a, answer, &response);
    if (s != STATUS_OK)
        return s;
    r->purged = response.deleted_instance_count;
    r->complete = !response.is_complete.present || response.is_complete.value;
    return STATUS_OK;
}

static enum status submit_purge(struct dt_client *client, struct draft *d,
                                const struct pb_purge_instances_request *request, int64_t timeout_ns,
                                dt_on_reply *on_reply, void *context, struct err *e)
{
    if (d->op)
        d->op->on_answer = on_purge_answer;
    struct sdk_call_options call = {
        .method = METHOD(PURGE_INSTANCES), .safe_twice = true, .timeout_ns = timeout_ns};
    return submit(client, d, &call, &pb_purge_instances_request_message, request, on_reply, context, e);
}

static enum status purge(struct dt_client *client, const char *instance_id, bool recursive,
                         dt_on_reply *on_reply, void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = required(&d, "instance id", instance_id),
                                                 .recursive = recursive,
                                                 .is_orchestration = true};
    return submit_purge(client, &d, &request, 0, on_reply, context, e);
}

/* The set bits as an array; 0 of them for "no filter". */
static int32_t *status_list(struct draft *d, unsigned statuses, size_t *ret_count)
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

static struct pb_opt_time bound(int64_t ns)
{
    return ns ? pb_time_from_ns(ns) : (struct pb_opt_time){0};
}

static enum status purge_matching(struct dt_client *client, const struct dt_purge_filter *given,
                                  dt_on_reply *on_reply, void *context, struct err *e)
{
    struct dt_purge_filter f;
    if (!given || !sdk_options_copy(&f, sizeof f, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "filter: NULL, or `size` is not set");
    struct draft d;
    begin(&d, 0);
    struct pb_purge_instance_filter filter = {.created_time_from = bound(f.created_from_ns),
                                              .created_time_to = bound(f.created_to_ns)};
    filter.runtime_status = status_list(&d, f.statuses, &filter.runtime_status_count);
    int64_t timeout_ns = 0;
    if (f.timeout_ms > 0) {
        filter.timeout = pb_time_from_ns(MIN(f.timeout_ms, INT64_MAX / NS_PER_MS / 2) * NS_PER_MS);
        timeout_ns = pb_time_to_ns(filter.timeout) + client->target.call_timeout_ns;
    }
    struct pb_purge_instances_request request = {.request_case =
                                                     PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER,
                                                 .purge_instance_filter = &filter,
                                                 .is_orchestration = true};
    return submit_purge(client, &d, &request, timeout_ns, on_reply, context, e);
}

enum dt_status dt_client_purge(struct dt_client *client, const char *instance_id, bool recursive,
                               int32_t *ret_count, struct dt_error *e)
{
    BLOCK(client, purge(client, instance_id, recursive, on_awaited, &w, &own_error));
    if (ended == DT_OK && ret_count)
        *ret_count = w.taken.purged;
    return ended;
}

enum dt_status dt_client_purge_async(struct dt_client *client, const char *instance_id, bool recursive,
                                     dt_on_reply *on_reply, void *context)
{
    ASYNC(client, purge(client, instance_id, recursive, on_reply, context, NULL));
}

enum dt_status dt_client_purge_matching(struct dt_client *client, const struct dt_purge_filter *filter,
                                        int32_t *ret_count, bool *ret_complete, struct dt_error *e)
{
    BLOCK(client, purge_matching(client, filter, on_awaited, &w, &own_error));
    if (ended == DT_OK && ret_count)
        *ret_count = w.taken.purged;
    if (ended == DT_OK && ret_complete)
        *ret_complete = w.taken.complete;
    return ended;
}

enum dt_status dt_client_purge_matching_async(struct dt_client *client, const struct dt_purge_filter *filter,
                                              dt_on_reply *on_reply, void *context)
{
    ASYNC(client, purge_matching(client, filter, on_reply, context, NULL));
}

/* ----------------------------------------------------------------------------------------------- query and
 * history */

static enum status on_query_answer(struct operation *op, struct arena *a, struct bytes answer,
                                   struct dt_reply *r, struct err *e)
{
    struct pb_query_instances_response response;
    enum status s = pb_query_instances_response_decode(a, answer, &response);
    return s == STATUS_OK ? sdk_page_create(&response, &r->page) : s;
}

static enum status query(struct dt_client *client, const struct dt_query *given, dt_on_reply *on_reply,
                         void *context, struct err *e)
{
    struct dt_query q = {0};
    if (given && !sdk_options_copy(&q, sizeof q, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "`size` of the query is not set");
    if (q.page_size < 0)
        return err_set(e, STATUS_INVALID_ARGUMENT, "page_size is below 0");
    struct draft d;
    begin(&d, 0);
    struct pb_instance_query wire = {.created_time_from = bound(q.created_from_ns),
                                     .created_time_to = bound(q.created_to_ns),
                                     .max_instance_count = q.page_size,
                                     .continuation_token = optional(&d, "page_token", q.page_token),
                                     .instance_id_prefix = optional(&d, "id_prefix", q.id_prefix),
                                     .fetch_inputs_and_outputs = q.payloads};
    if (d.status == STATUS_OK)
        wire.runtime_status = status_list(&d, q.statuses, &wire.runtime_status_count);
    if (d.op)
        d.op->on_answer = on_query_answer;
    struct pb_query_instances_request request = {.query = &wire};
    struct sdk_call_options call = {.method = METHOD(QUERY_INSTANCES), .safe_twice = true};
    return submit(client, &d, &call, &pb_query_instances_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_query(struct dt_client *client, const struct dt_query *q, struct dt_page **ret_page,
                               struct dt_error *e)
{
    BLOCK(client, query(client, q, on_awaited, &w, &own_error));
    if (ended == DT_OK)
        *ret_page = w.taken.page;
    return ended;
}

enum dt_status dt_client_query_async(struct dt_client *client, const struct dt_query *q,
                                     dt_on_reply *on_reply, void *context)
{
    ASYNC(client, query(client, q, on_reply, context, NULL));
}

static enum status history(struct dt_client *client, const char *instance_id, dt_on_reply *on_reply,
                           void *context, struct err *e)
{
    struct draft d;
    begin(&d, 0);
    struct pb_stream_instance_history_request request = {.instance_id =
                                                             required(&d, "instance id", instance_id)};
    if (d.status == STATUS_OK) {
        d.op->history = sdk_history_create();
        d.status = d.op->history ? STATUS_OK : STATUS_NO_MEMORY;
    }
    struct sdk_call_options call = {.method = METHOD(STREAM_INSTANCE_HISTORY),
                                    .streaming = true,
                                    .safe_twice = true,
                                    .on_message = on_chunk};
    return submit(client, &d, &call, &pb_stream_instance_history_request_message, &request, on_reply, context,
                  e);
}

enum dt_status dt_client_history(struct dt_client *client, const char *instance_id,
                                 struct dt_history **ret_history, struct dt_error *e)
{
    BLOCK(client, history(client, instance_id, on_awaited, &w, &own_error));
    if (ended == DT_OK)
        *ret_history = w.taken.history;
    return ended;
}

enum dt_status dt_client_history_async(struct dt_client *client, const char *instance_id,
                                       dt_on_reply *on_reply, void *context)
{
    ASYNC(client, history(client, instance_id, on_reply, context, NULL));
}

/* ------------------------------------------------------------------------------------------------ making and
 * unmaking */

enum dt_status dt_client_create(const struct dt_connect_options *o, struct dt_client **ret_client,
                                struct dt_error *e)
{
    struct err own_error = {0};
    if (!ret_client)
        return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "ret_client is NULL"), &own_error, e);
    struct dt_client *client = calloc(1, sizeof *client);
    if (!client)
        return sdk_report(STATUS_NO_MEMORY, NULL, e);
    enum status s = sdk_target_init(&client->target, o, &own_error);
    if (s == STATUS_OK) {
        struct sdk_channel_options options = {.target = &client->target,
                                              .user_agent = USER_AGENT,
                                              .pause_first_ns = PAUSE_FIRST_NS,
                                              .pause_max_ns = PAUSE_MAX_NS};
        s = sdk_channel_create(&options, &client->channel, &own_error);
    }
    if (s == STATUS_OK) {
        *ret_client = client;
        return DT_OK;
    }
    sdk_target_fini(&client->target);
    free(client);
    return sdk_report(s, &own_error, e);
}

void dt_client_destroy(struct dt_client *client)
{
    if (!client)
        return;
    sdk_channel_destroy(client->channel);
    sdk_target_fini(&client->target);
    free(client);
}

/* ---------------------------------------------------------------------------------------------------- the
 * library */

const char *dt_library_version(void)
{
    return SALLYPORT_VERSION;
}

const char *dt_status_name(enum dt_status status)
{
    static const char *const names[] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    if (status == DT_NO_MEMORY)
        return "NO_MEMORY";
    return (unsigned)status < ARRAY_SIZE(names) ? names[status] : "UNKNOWN";
}
