/* SPDX-License-Identifier: MIT */
/* batch.c — both encodings become one list of requests; each is run on what the one before has left, and one that fails
 * leaves the effects as they were. The answer has a result and an address for each request that was run. */
#include "sdk/entity/batch.h"

#include <stdio.h>

#include "sdk/clock.h"
#include "sdk/convert.h"
#include "sdk/entity/operation.h"
#include "sdk/entity_id.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */

/* One operation that is asked for. */
struct sdk_entity_request {
    struct bytes operation;
    struct bytes request_id;
    struct pb_opt_bytes input;
    struct pb_opt_bytes caller; /* absent: a signal */
    struct pb_opt_bytes caller_execution;
};

/* --- reading the encodings --- */

static bool request_of_event(const struct pb_history_event *event, struct sdk_entity_request *ret_request)
{
    if (event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED) {
        const struct pb_entity_operation_signaled_event *signal = event->entity_operation_signaled;
        *ret_request = (struct sdk_entity_request){
            .operation = signal->operation, .request_id = signal->request_id, .input = signal->input};
        return true;
    }
    if (event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED) {
        const struct pb_entity_operation_called_event *call = event->entity_operation_called;
        *ret_request = (struct sdk_entity_request){.operation = call->operation,
                                                   .request_id = call->request_id,
                                                   .input = call->input,
                                                   .caller = call->parent_instance_id,
                                                   .caller_execution = call->parent_execution_id};
        return true;
    }
    return false;
}

static STATUS_RESULT batch_of_events(struct arena *arena, const struct pb_entity_request *request,
                                     struct sdk_entity_batch *batch)
{
    batch->entity = request->instance_id;
    batch->state = request->entity_state;
    batch->requests = arena_alloc_array(arena, request->operation_requests_count, sizeof *batch->requests);
    if (!batch->requests)
        return STATUS_NO_MEMORY;

    for (size_t i = 0; i < request->operation_requests_count; i++) {
        /* Results go by their place: an event of another kind in between would shift them. */
        if (!request_of_event(&request->operation_requests[i], &batch->requests[i]))
            return STATUS_INVALID_ARGUMENT;
        batch->count++;
    }
    return STATUS_OK;
}

static STATUS_RESULT batch_of_operations(struct arena *arena, const struct pb_entity_batch_request *request,
                                         struct sdk_entity_batch *batch)
{
    batch->entity = request->instance_id;
    batch->state = request->entity_state;
    batch->requests = arena_alloc_array(arena, request->operations_count, sizeof *batch->requests);
    if (!batch->requests)
        return STATUS_NO_MEMORY;

    for (; batch->count < request->operations_count; batch->count++) {
        const struct pb_operation_request *operation = &request->operations[batch->count];
        batch->requests[batch->count] = (struct sdk_entity_request){.operation = operation->operation,
                                                                    .request_id = operation->request_id,
                                                                    .input = operation->input};
    }
    return STATUS_OK;
}

enum status sdk_entity_batch_of(struct arena *arena, const struct pb_work_item *work,
                                struct sdk_entity_batch *ret_batch)
{
    struct sdk_entity_batch batch = {0};
    enum status status = STATUS_INVALID_ARGUMENT;
    if (work->request_case == PB_WORK_ITEM_ENTITY_REQUEST_V2)
        status = batch_of_events(arena, work->entity_request_v2, &batch);
    else if (work->request_case == PB_WORK_ITEM_ENTITY_REQUEST)
        status = batch_of_operations(arena, work->entity_request, &batch);
    if (status == STATUS_OK)
        *ret_batch = batch;
    return status;
}

/* --- running --- */

/* What the answer is made of, filled operation by operation. */
struct sdk_entity_run {
    const struct sdk_entry *entry; /* NULL: nobody has registered the kind */
    struct dt_operation operation; /* the present one; its effects go from one to the next */
    struct pb_operation_result *results;
    struct pb_operation_info *infos;
    size_t count;
    size_t answer_size; /* bytes of the results so far, roughly */
};

static void delete_state(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state(operation, NULL);
}

/* The row of this name, else the one for any name, else what every entity can do; NULL: none. */
static dt_operation_fn *find_function(const struct sdk_entry *entry, struct bytes name)
{
    dt_operation_fn *any = NULL;
    for (size_t i = 0; i < entry->operation_count; i++) {
        const struct dt_entity_operation *row = &entry->operations[i];
        if (!row->name)
            any = row->fn;
        else if (bytes_equal_nocase(bytes_of_cstr(row->name), name))
            return row->fn;
    }
    if (any)
        return any;
    return bytes_equal_nocase(name, BYTES_LITERAL("delete")) ? delete_state : NULL;
}

static void call(struct sdk_entity_run *run, const char *input)
{
    struct dt_operation *operation = &run->operation;
    if (!run->entry) {
        (void)dt_operation_fail(operation, "EntityTaskNotFound",
                                "no entity named '%s' is registered with this worker",
                                operation->entity.name);
        return;
    }
    dt_operation_fn *fn = find_function(run->entry, bytes_of_cstr(operation->name));
    if (fn)
        fn(operation, input, run->entry->user);
    else
        (void)dt_operation_fail(operation, "EntityOperationNotFound", "entity '%s' has no operation '%s'",
                                operation->entity.name, operation->name);
}

static STATUS_RESULT note_result(struct sdk_entity_run *run, int64_t began_ns)
{
    struct dt_operation *operation = &run->operation;
    struct pb_operation_result *result = &run->results[run->count];
    struct pb_opt_time began = pb_time_from_ns(began_ns);
    struct pb_opt_time ended = pb_time_from_ns(sdk_wall_ns());
    if (operation->failure) {
        struct pb_operation_result_failure *failure = arena_alloc(operation->arena, sizeof *failure);
        if (!failure)
            return STATUS_NO_MEMORY;
        failure->failure_details = operation->failure;
        failure->start_time_utc = began;
        failure->end_time_utc = ended;
        result->result_type_case = PB_OPERATION_RESULT_FAILURE;
        result->failure = failure;
        return STATUS_OK;
    }
    struct pb_operation_result_success *success = arena_alloc(operation->arena, sizeof *success);
    if (!success)
        return STATUS_NO_MEMORY;
    success->result = operation->result;
    success->start_time_utc = began;
    success->end_time_utc = ended;
    result->result_type_case = PB_OPERATION_RESULT_SUCCESS;
    result->success = success;
    return STATUS_OK;
}

/* To whom the result goes: nobody after a signal. */
static STATUS_RESULT note_address(struct sdk_entity_run *run, const struct sdk_entity_request *request)
{
    struct pb_operation_info *info = &run->infos[run->count];
    info->request_id = request->request_id;
    if (!request->caller.present)
        return STATUS_OK;
    info->response_destination = arena_alloc(run->operation.arena, sizeof *info->response_destination);
    if (!info->response_destination)
        return STATUS_NO_MEMORY;
    info->response_destination->instance_id = request->caller.value;
    info->response_destination->execution_id = request->caller_execution;
    return STATUS_OK;
}

static STATUS_RESULT run_one(struct sdk_entity_run *run, const struct sdk_entity_request *request)
{
    struct dt_operation *operation = &run->operation;
    const char *input;
    operation->name = arena_cstr(operation->arena, request->operation);
    operation->result = pb_none();
    operation->failure = NULL;
    operation->refused = false;
    if (!operation->name || sdk_text_of_opt(operation->arena, request->input, &input) != STATUS_OK ||
        sdk_text_of_opt(operation->arena, request->caller, &operation->caller) != STATUS_OK)
        return STATUS_NO_MEMORY;

    struct sdk_entity_effects before = operation->effects;
    int64_t began_ns = sdk_wall_ns();
    call(run, input);
    enum status status = operation->no_memory ? STATUS_NO_MEMORY : note_result(run, began_ns);
    if (status == STATUS_OK)
        status = note_address(run, request);
    if (status != STATUS_OK || operation->failure)
        operation->effects = before; /* as if it had not run */
    if (status != STATUS_OK)
        return status;
    run->answer_size += operation->result.value.size;
    run->count++;
    return STATUS_OK;
}

/* NUL-terminated, for dt_operation_state gives it out as a C string. */
static STATUS_RESULT take_state(struct arena *arena, struct pb_opt_bytes given,
                                struct pb_opt_bytes *ret_state)
{
    *ret_state = given;
    if (!given.present)
        return STATUS_OK;
    ret_state->value = arena_copy(arena, given.value);
    return ret_state->value.data ? STATUS_OK : STATUS_NO_MEMORY;
}

static STATUS_RESULT prepare(struct sdk_entity_run *run, const struct sdk_registry *entities,
                             const struct sdk_entity_batch *batch)
{
    struct arena *arena = run->operation.arena;
    enum status status = sdk_entity_id_parse(arena, batch->entity, &run->operation.entity);
    if (status == STATUS_OK)
        status = take_state(arena, batch->state, &run->operation.effects.state);
    if (status != STATUS_OK)
        return status;

    struct bytes name = sdk_entity_name_fold(arena, bytes_of_cstr(run->operation.entity.name));
    run->results = arena_alloc_array(arena, batch->count, sizeof *run->results);
    run->infos = arena_alloc_array(arena, batch->count, sizeof *run->infos);
    if (!name.data || !run->results || !run->infos)
        return STATUS_NO_MEMORY;
    run->operation.entity.name = (const char *)name.data;
    run->entry = sdk_registry_find(entities, name, false, (struct bytes){0});
    return STATUS_OK;
}

/* The answer must fit a message. One operation is run in any case, or the batch would come back for ever. */
static bool enough(const struct sdk_entity_run *run, const atomic_bool *stopping)
{
    size_t size = run->answer_size + run->operation.effects.state.value.size;
    return run->count && (size > SDK_ENTITY_RESULT_SIZE_MAX || atomic_load(stopping));
}

enum status sdk_entity_batch_refuse(struct arena *arena, const struct pb_work_item *work,
                                    struct pb_task_failure_details *failure, struct buf *response)
{
    struct sdk_entity_batch batch;
    enum status status = sdk_entity_batch_of(arena, work, &batch);
    if (status != STATUS_OK)
        return status;
    struct sdk_entity_run run = {.operation = {.arena = arena}};
    run.results = arena_alloc_array(arena, batch.count, sizeof *run.results);
    run.infos = arena_alloc_array(arena, batch.count, sizeof *run.infos);
    if (!run.results || !run.infos)
        return STATUS_NO_MEMORY;

    struct pb_operation_result_failure each = {.failure_details = failure};
    for (; run.count < batch.count; run.count++) {
        run.results[run.count].result_type_case = PB_OPERATION_RESULT_FAILURE;
        run.results[run.count].failure = &each;
        status = note_address(&run, &batch.requests[run.count]);
        if (status != STATUS_OK)
            return status;
    }
    struct pb_entity_batch_result result = {.results = run.results,
                                            .results_count = run.count,
                                            .entity_state = batch.state,
                                            .completion_token = work->completion_token,
                                            .operation_infos = run.infos,
                                            .operation_infos_count = run.count};
    pb_entity_batch_result_encode(&result, response);
    return buf_status(response);
}

enum status sdk_entity_batch_run(const struct sdk_registry *entities, struct arena *arena,
                                 const struct sdk_entity_batch *batch, struct bytes completion_token,
                                 const atomic_bool *stopping, struct buf *response)
{
    struct sdk_entity_run run = {.operation = {.arena = arena, .stopping = stopping}};
    enum status status = prepare(&run, entities, batch);
    while (status == STATUS_OK && run.count < batch->count && !enough(&run, stopping))
        status = run_one(&run, &batch->requests[run.count]);
    if (status != STATUS_OK && !run.count)
        return status; /* else what has been done is answered, and the rest comes again */

    struct pb_entity_batch_result result = {
        .results = run.results,
        .results_count = run.count,
        .actions = run.operation.effects.actions,
        .actions_count = run.operation.effects.action_count,
        .entity_state = run.operation.effects.state,
        .completion_token = completion_token,
        .operation_infos = run.infos,
        .operation_infos_count = run.count,
    };
    pb_entity_batch_result_encode(&result, response);
    return buf_status(response);
}
