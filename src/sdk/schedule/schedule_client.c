/* SPDX-License-Identifier: MIT */
/* schedule_client.c — each change of a schedule is an orchestration that calls its entity, so that the caller can wait for
 * it and learns why it failed; reading is reading the entity. Asks the service by the public calls only, as a program could.
 * Contracts: include/durabletask.h. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "sdk/client/waiter.h"
#include "sdk/entity_id.h"
#include "sdk/json.h"
#include "sdk/options.h"
#include "sdk/schedule/schedule.h"

#define OPERATION_ORCHESTRATION "ExecuteScheduleOperationOrchestrator"

/* --- changes --- */

/* What the operations of a schedule differ in. */
struct operation {
    const char *name;
    /* what a failure of it means: a refusal of the schedule is the caller's to mend */
    enum dt_status refused;
    bool has_options;
    bool whole; /* the options must make a schedule by themselves */
};

static const struct operation create_operation = {"CreateSchedule", DT_INVALID_ARGUMENT, true, true};
static const struct operation update_operation = {"UpdateSchedule", DT_FAILED_PRECONDITION, true, false};
static const struct operation pause_operation = {"PauseSchedule", DT_FAILED_PRECONDITION, false, false};
static const struct operation resume_operation = {"ResumeSchedule", DT_FAILED_PRECONDITION, false, false};
static const struct operation delete_operation = {"delete", DT_FAILED_PRECONDITION, false, false};

/* What the caller gave. */
struct wish {
    const struct operation *operation;
    const char *schedule_id;
    const struct dt_schedule_options *options; /* NULL: the operation has none */
    int64_t timeout_ms;
};

/* INVALID_ARGUMENT: an option cannot be; then `*ret_fault` says why. */
static enum status take_options(const char *schedule_id, const struct dt_schedule_options *given,
                                struct sdk_schedule_request *ret_request, const char **ret_fault)
{
    struct dt_schedule_options options;
    *ret_fault = "options: NULL, or `size` is not set";
    if (!given || !sdk_options_copy(&options, sizeof options, given))
        return STATUS_INVALID_ARGUMENT;
    *ret_fault = "options: a number is below 0, or `late` is none of its values";
    if (options.interval_ms < 0 || options.start_at_ns < 0 || options.end_at_ns < 0 ||
        (unsigned)options.late > DT_LATE_RUN)
        return STATUS_INVALID_ARGUMENT;
    *ret_fault = "options: a text is not UTF-8";
    const char *const texts[] = {options.orchestration, options.input, options.instance_id};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!bytes_utf8_valid(bytes_of_cstr(texts[i])))
            return STATUS_INVALID_ARGUMENT;

    *ret_request = (struct sdk_schedule_request){
        .schedule = {.id = schedule_id,
                     .orchestration = options.orchestration,
                     .input = options.input,
                     .instance_id = options.instance_id,
                     .start_at_ns = options.start_at_ns,
                     .end_at_ns = options.end_at_ns,
                     .interval_ns = MIN(options.interval_ms, INT64_MAX / NS_PER_MS) * NS_PER_MS,
                     .start_if_late = options.late == DT_LATE_RUN},
        .given_start_if_late = options.late != DT_LATE_DEFAULT,
    };
    return STATUS_OK;
}

/* The operation's input; nothing if it has none. */
static enum status write_input(struct buf *out, const struct wish *wish, struct err *err)
{
    if (!wish->operation->has_options)
        return STATUS_OK;
    struct sdk_schedule_request request;
    const char *fault = NULL;
    if (take_options(wish->schedule_id, wish->options, &request, &fault) == STATUS_OK)
        fault = wish->operation->whole ? sdk_schedule_fault(&request.schedule) : NULL;
    if (fault)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s", fault);
    sdk_schedule_write_request(out, &request);
    return buf_status(out);
}

/* {"EntityId": …, "OperationName": …, "Input": …}, with its NUL. */
static enum status write_request(struct buf *out, const struct wish *wish, struct err *err)
{
    if (!wish->schedule_id || !*wish->schedule_id || !bytes_utf8_valid(bytes_of_cstr(wish->schedule_id)))
        return err_set(err, STATUS_INVALID_ARGUMENT, "schedule_id: NULL, empty or not UTF-8");
    CLEANUP(buf_fini) struct buf input = {0};
    enum status status = write_input(&input, wish, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(buf_fini) struct buf entity = {0};
    buf_append_fmt(&entity, "@%s@%s", SDK_SCHEDULE_ENTITY, wish->schedule_id);
    buf_append_cstr(out, "{\"EntityId\":");
    sdk_json_append_text(out, buf_peek(&entity));
    buf_append_fmt(out, ",\"OperationName\":\"%s\",\"Input\":", wish->operation->name);
    buf_append_bytes(out, buf_peek(&input).size ? buf_peek(&input) : BYTES_LITERAL("null"));
    buf_append_cstr(out, "}");
    buf_append_byte(out, '\0');
    out->failed |= entity.failed;
    return buf_status(out);
}

/* A change under way: its orchestration is started, then waited for. */
struct schedule_change {
    struct dt_client *client;
    const struct operation *operation;
    int64_t timeout_ms;
    dt_on_reply *on_reply;
    void *context;
};

static void schedule_change_end(struct schedule_change *change, enum dt_status status, const char *text)
{
    struct dt_reply reply = {.status = status, .text = text};
    change->on_reply(&reply, change->context);
    free(change);
}

static void on_ended(const struct dt_reply *reply, void *context)
{
    struct schedule_change *change = context;
    const struct dt_instance *instance = dt_reply_instance(reply);
    if (!instance || dt_instance_status(instance) == DT_INSTANCE_COMPLETED) {
        schedule_change_end(change, dt_reply_status(reply), dt_reply_text(reply));
        return;
    }
    const struct dt_failure *failure = dt_instance_failure(instance);
    schedule_change_end(change, change->operation->refused,
                        failure ? failure->message : "the operation on the schedule was ended");
}

static void on_started(const struct dt_reply *reply, void *context)
{
    struct schedule_change *change = context;
    if (dt_reply_status(reply) != DT_OK) {
        schedule_change_end(change, dt_reply_status(reply), dt_reply_text(reply));
        return;
    }
    enum dt_status status = dt_client_wait_completion_async(change->client, dt_reply_instance_id(reply),
                                                            change->timeout_ms, on_ended, change);
    if (status != DT_OK)
        schedule_change_end(change, status,
                            "the operation on the schedule was started, but cannot be waited for");
}

static enum status begin(struct dt_client *client, const struct wish *wish, dt_on_reply *on_reply,
                         void *context, struct err *err)
{
    if (!on_reply)
        return err_set(err, STATUS_INVALID_ARGUMENT, "on_reply is NULL");
    CLEANUP(buf_fini) struct buf request = {0};
    enum status status = write_request(&request, wish, err);
    if (status != STATUS_OK)
        return status;
    struct schedule_change *change = malloc(sizeof *change);
    if (!change)
        return STATUS_NO_MEMORY;
    *change = (struct schedule_change){.client = client,
                                       .operation = wish->operation,
                                       .timeout_ms = wish->timeout_ms,
                                       .on_reply = on_reply,
                                       .context = context};

    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = (const char *)request.data;
    enum dt_status started =
        dt_client_start_async(client, OPERATION_ORCHESTRATION, &options, on_started, change);
    if (started == DT_OK)
        return STATUS_OK;
    free(change);
    return started == DT_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_CANCELLED;
}

static enum dt_status run(struct dt_client *client, const struct wish *wish, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = begin(client, wish, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

static enum dt_status run_async(struct dt_client *client, const struct wish *wish, dt_on_reply *on_reply,
                                void *context)
{
    if (client)
        return sdk_status(begin(client, wish, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_create_schedule(struct dt_client *client, const char *schedule_id,
                                         const struct dt_schedule_options *options, int64_t timeout_ms,
                                         struct dt_error *error)
{
    return run(client, &(struct wish){&create_operation, schedule_id, options, timeout_ms}, error);
}

enum dt_status dt_client_create_schedule_async(struct dt_client *client, const char *schedule_id,
                                               const struct dt_schedule_options *options, int64_t timeout_ms,
                                               dt_on_reply *on_reply, void *context)
{
    return run_async(client, &(struct wish){&create_operation, schedule_id, options, timeout_ms}, on_reply,
                     context);
}

enum dt_status dt_client_update_schedule(struct dt_client *client, const char *schedule_id,
                                         const struct dt_schedule_options *options, int64_t timeout_ms,
                                         struct dt_error *error)
{
    return run(client, &(struct wish){&update_operation, schedule_id, options, timeout_ms}, error);
}

enum dt_status dt_client_update_schedule_async(struct dt_client *client, const char *schedule_id,
                                               const struct dt_schedule_options *options, int64_t timeout_ms,
                                               dt_on_reply *on_reply, void *context)
{
    return run_async(client, &(struct wish){&update_operation, schedule_id, options, timeout_ms}, on_reply,
                     context);
}

enum dt_status dt_client_pause_schedule(struct dt_client *client, const char *schedule_id, int64_t timeout_ms,
                                        struct dt_error *error)
{
    return run(client, &(struct wish){&pause_operation, schedule_id, NULL, timeout_ms}, error);
}

enum dt_status dt_client_pause_schedule_async(struct dt_client *client, const char *schedule_id,
                                              int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    return run_async(client, &(struct wish){&pause_operation, schedule_id, NULL, timeout_ms}, on_reply,
                     context);
}

enum dt_status dt_client_resume_schedule(struct dt_client *client, const char *schedule_id,
                                         int64_t timeout_ms, struct dt_error *error)
{
    return run(client, &(struct wish){&resume_operation, schedule_id, NULL, timeout_ms}, error);
}

enum dt_status dt_client_resume_schedule_async(struct dt_client *client, const char *schedule_id,
                                               int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    return run_async(client, &(struct wish){&resume_operation, schedule_id, NULL, timeout_ms}, on_reply,
                     context);
}

enum dt_status dt_client_delete_schedule(struct dt_client *client, const char *schedule_id,
                                         int64_t timeout_ms, struct dt_error *error)
{
    return run(client, &(struct wish){&delete_operation, schedule_id, NULL, timeout_ms}, error);
}

enum dt_status dt_client_delete_schedule_async(struct dt_client *client, const char *schedule_id,
                                               int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    return run_async(client, &(struct wish){&delete_operation, schedule_id, NULL, timeout_ms}, on_reply,
                     context);
}

/* --- reading --- */

static enum dt_status refuse(struct dt_error *error, enum status status, const char *text)
{
    struct err own_error = {0};
    return sdk_report(err_set(&own_error, status, "%s", text), &own_error, error);
}

struct dt_schedule {
    struct arena arena;
    struct sdk_schedule schedule;
};

enum dt_status dt_schedule_of(const struct dt_entity *entity, struct dt_schedule **ret_schedule)
{
    if (!entity || !ret_schedule || !dt_entity_state(entity) ||
        strcmp(dt_entity_id_of(entity).name, SDK_SCHEDULE_ENTITY) != 0)
        return DT_INVALID_ARGUMENT;
    struct dt_schedule *schedule = calloc(1, sizeof *schedule);
    if (!schedule)
        return DT_NO_MEMORY;
    arena_init(&schedule->arena, 0);

    enum status status = sdk_schedule_read(&schedule->arena, dt_entity_state(entity), &schedule->schedule);
    if (status == STATUS_OK) { /* the key is what clients know it by */
        schedule->schedule.id = arena_cstr(&schedule->arena, bytes_of_cstr(dt_entity_id_of(entity).key));
        if (!schedule->schedule.id)
            status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        dt_schedule_destroy(schedule);
        return status == STATUS_NO_MEMORY ? DT_NO_MEMORY : DT_INTERNAL;
    }
    *ret_schedule = schedule;
    return DT_OK;
}

enum dt_status dt_client_get_schedule(struct dt_client *client, const char *schedule_id,
                                      struct dt_schedule **ret_schedule, struct dt_error *error)
{
    if (!ret_schedule)
        return refuse(error, STATUS_INVALID_ARGUMENT, "ret_schedule is NULL");
    if (!schedule_id || !*schedule_id)
        return refuse(error, STATUS_INVALID_ARGUMENT, "schedule_id: NULL or empty");
    struct dt_entity *entity;
    struct dt_entity_id id = dt_entity_named(SDK_SCHEDULE_ENTITY, schedule_id);
    enum dt_status status = dt_client_get_entity(client, id, true, &entity, error);
    if (status != DT_OK)
        return status;
    bool deleted = !dt_entity_state(entity); /* services may remember that there was one */
    status = deleted ? DT_NOT_FOUND : dt_schedule_of(entity, ret_schedule);
    dt_entity_destroy(entity);
    if (status == DT_OK)
        return DT_OK;
    if (deleted)
        return refuse(error, STATUS_NOT_FOUND, "no such schedule");
    enum status own = status == DT_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_INTERNAL;
    return refuse(error, own, "the state of the schedule cannot be read");
}

enum dt_status dt_client_get_schedule_async(struct dt_client *client, const char *schedule_id,
                                            dt_on_reply *on_reply, void *context)
{
    if (!schedule_id || !*schedule_id)
        return DT_INVALID_ARGUMENT;
    return dt_client_get_entity_async(client, dt_entity_named(SDK_SCHEDULE_ENTITY, schedule_id), true,
                                      on_reply, context);
}

void dt_schedule_read(const struct dt_schedule *schedule, struct dt_schedule_info *ret_info)
{
    const struct sdk_schedule *own = &schedule->schedule;
    struct dt_schedule_info info = {
        .size = MIN(ret_info->size, sizeof info),
        .id = own->id,
        .status = own->status,
        .orchestration = text_or(own->orchestration, ""),
        .input = own->input,
        .instance_id = own->instance_id,
        .interval_ms = own->interval_ns / NS_PER_MS,
        .start_at_ns = own->start_at_ns,
        .end_at_ns = own->end_at_ns,
        .created_ns = own->created_ns,
        .modified_ns = own->modified_ns,
        .last_run_ns = own->last_run_ns,
        .next_run_ns = own->next_run_ns,
        .start_if_late = own->start_if_late,
    };
    memcpy(ret_info, &info, info.size);
}

void dt_schedule_destroy(struct dt_schedule *schedule)
{
    if (!schedule)
        return;
    arena_fini(&schedule->arena);
    free(schedule);
}
