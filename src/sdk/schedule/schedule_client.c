/* SPDX-License-Identifier: MIT */
/* schedule_client.c — each change of a schedule is an orchestration that calls its entity, so that the caller can wait for
 * it and learns why it failed; reading is reading the entity. Written with the public calls only, as a program could.
 * Contracts: include/durabletask.h. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "sdk/entity_id.h"
#include "sdk/json.h"
#include "sdk/options.h"
#include "sdk/schedule/schedule.h"

#define OPERATION_ORCHESTRATION "ExecuteScheduleOperationOrchestrator"

static enum dt_status refuse(struct dt_error *error, enum status status, const char *text)
{
    struct err own_error = {0};
    return sdk_report(err_set(&own_error, status, "%s", text), &own_error, error);
}

/* ---- changes ---- */

/* {"EntityId": …, "OperationName": …, "Input": …}; `input` is JSON, or empty for none. */
static void write_operation(struct buf *out, const char *schedule_id, const char *operation,
                            struct bytes input)
{
    CLEANUP(buf_fini) struct buf entity = {0};
    buf_append_fmt(&entity, "@%s@%s", SDK_SCHEDULE_ENTITY, schedule_id);
    buf_append_cstr(out, "{\"EntityId\":");
    sdk_json_append_text(out, buf_peek(&entity));
    buf_append_fmt(out, ",\"OperationName\":\"%s\",\"Input\":", operation);
    buf_append_bytes(out, input.size ? input : BYTES_LITERAL("null"));
    buf_append_cstr(out, "}");
    buf_append_byte(out, '\0');
    out->failed |= entity.failed;
}

/* How the operation ended: a refusal of the schedule is the caller's to mend. */
static enum dt_status judge(const struct dt_instance *instance, enum status refused, struct dt_error *error)
{
    if (dt_instance_status(instance) == DT_INSTANCE_COMPLETED)
        return DT_OK;
    const struct dt_failure *failure = dt_instance_failure(instance);
    return refuse(error, refused, failure ? failure->message : "the operation on the schedule was ended");
}

/* `refused`: what a failure of the operation means. */
static enum dt_status run_operation(struct dt_client *client, const char *schedule_id, const char *operation,
                                    struct bytes input, int64_t timeout_ms, enum status refused,
                                    struct dt_error *error)
{
    if (!schedule_id || !*schedule_id || !bytes_utf8_valid(bytes_of_cstr(schedule_id)))
        return refuse(error, STATUS_INVALID_ARGUMENT, "schedule_id: NULL, empty or not UTF-8");
    CLEANUP(buf_fini) struct buf request = {0};
    write_operation(&request, schedule_id, operation, input);
    if (buf_status(&request) != STATUS_OK)
        return sdk_report(STATUS_NO_MEMORY, NULL, error);

    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = (const char *)request.data;
    char id[DT_INSTANCE_ID_SIZE];
    enum dt_status status = dt_client_start(client, OPERATION_ORCHESTRATION, &options, id, error);
    if (status != DT_OK)
        return status;
    struct dt_instance *instance;
    status = dt_client_wait_completion(client, id, timeout_ms, &instance, error);
    if (status != DT_OK)
        return status;
    status = judge(instance, refused, error);
    dt_instance_destroy(instance);
    return status;
}

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

static enum dt_status change(struct dt_client *client, const char *schedule_id, const char *operation,
                             const struct sdk_schedule_request *request, int64_t timeout_ms,
                             enum status refused, struct dt_error *error)
{
    CLEANUP(buf_fini) struct buf input = {0};
    sdk_schedule_write_request(&input, request);
    if (buf_status(&input) != STATUS_OK)
        return sdk_report(STATUS_NO_MEMORY, NULL, error);
    return run_operation(client, schedule_id, operation, buf_peek(&input), timeout_ms, refused, error);
}

enum dt_status dt_client_create_schedule(struct dt_client *client, const char *schedule_id,
                                         const struct dt_schedule_options *options, int64_t timeout_ms,
                                         struct dt_error *error)
{
    struct sdk_schedule_request request;
    const char *fault;
    if (take_options(schedule_id, options, &request, &fault) != STATUS_OK)
        return refuse(error, STATUS_INVALID_ARGUMENT, fault);
    fault = sdk_schedule_fault(&request.schedule);
    if (fault)
        return refuse(error, STATUS_INVALID_ARGUMENT, fault);
    return change(client, schedule_id, "CreateSchedule", &request, timeout_ms, STATUS_INVALID_ARGUMENT,
                  error);
}

enum dt_status dt_client_update_schedule(struct dt_client *client, const char *schedule_id,
                                         const struct dt_schedule_options *options, int64_t timeout_ms,
                                         struct dt_error *error)
{
    struct sdk_schedule_request request;
    const char *fault;
    if (take_options(schedule_id, options, &request, &fault) != STATUS_OK)
        return refuse(error, STATUS_INVALID_ARGUMENT, fault);
    return change(client, schedule_id, "UpdateSchedule", &request, timeout_ms, STATUS_FAILED_PRECONDITION,
                  error);
}

enum dt_status dt_client_pause_schedule(struct dt_client *client, const char *schedule_id, int64_t timeout_ms,
                                        struct dt_error *error)
{
    return run_operation(client, schedule_id, "PauseSchedule", (struct bytes){0}, timeout_ms,
                         STATUS_FAILED_PRECONDITION, error);
}

enum dt_status dt_client_resume_schedule(struct dt_client *client, const char *schedule_id,
                                         int64_t timeout_ms, struct dt_error *error)
{
    return run_operation(client, schedule_id, "ResumeSchedule", (struct bytes){0}, timeout_ms,
                         STATUS_FAILED_PRECONDITION, error);
}

enum dt_status dt_client_delete_schedule(struct dt_client *client, const char *schedule_id,
                                         int64_t timeout_ms, struct dt_error *error)
{
    return run_operation(client, schedule_id, "delete", (struct bytes){0}, timeout_ms,
                         STATUS_FAILED_PRECONDITION, error);
}

/* ---- reading ---- */

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
    struct dt_entity *entity;
    struct dt_entity_id id = dt_entity_named(SDK_SCHEDULE_ENTITY, schedule_id);
    enum dt_status status = dt_client_get_entity(client, id, true, &entity, error);
    if (status != DT_OK)
        return status;
    status = dt_schedule_of(entity, ret_schedule);
    dt_entity_destroy(entity);
    if (status == DT_OK)
        return DT_OK;
    enum status own = status == DT_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_INTERNAL;
    return refuse(error, own, "the state of the schedule cannot be read");
}

void dt_schedule_read(const struct dt_schedule *schedule, struct dt_schedule_info *ret_info)
{
    const struct sdk_schedule *own = &schedule->schedule;
    struct dt_schedule_info info = {
        .size = MIN(ret_info->size, sizeof info),
        .id = own->id,
        .status = own->status,
        .orchestration = own->orchestration ? own->orchestration : "",
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
