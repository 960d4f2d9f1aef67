/* SPDX-License-Identifier: MIT */
/* operation.c — what an operation's function may call: it reads who and what, sets state and outcome, and collects
 * signals and starts. A refused argument fails the operation, so that a program that does not look is not wrong in
 * silence. Contracts: include/durabletask.h. */
#include "sdk/entity/operation.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "sdk/clock.h"
#include "sdk/convert.h"
#include "sdk/entity_id.h"
#include "sdk/options.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */
#define NUMBER_SIZE  24   /* bytes of a number's text, NUL included */

/* --- who and what --- */

const char *dt_operation_name(const struct dt_operation *operation)
{
    return operation->name;
}

struct dt_entity_id dt_operation_entity(const struct dt_operation *operation)
{
    return operation->entity;
}

const char *dt_operation_caller(const struct dt_operation *operation)
{
    return operation->caller;
}

bool dt_operation_stopping(const struct dt_operation *operation)
{
    return atomic_load_explicit(operation->stopping, memory_order_relaxed);
}

/* --- outcome --- */

static enum dt_status set_failure(struct dt_operation *operation, struct pb_task_failure_details *failure)
{
    operation->result = pb_none();
    operation->failure = failure;
    operation->no_memory |= !failure;
    return failure ? DT_OK : DT_NO_MEMORY;
}

enum dt_status dt_operation_set_failure(struct dt_operation *operation, const struct dt_failure *failure)
{
    if (!failure)
        return DT_INVALID_ARGUMENT;
    return set_failure(operation, sdk_failure_to_wire(operation->arena, failure));
}

enum dt_status dt_operation_fail(struct dt_operation *operation, const char *type, const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    return set_failure(operation, sdk_failure_make(operation->arena, type, message, false, NULL));
}

/* What the user has to know of `status`, which is not OK: `what` was refused, or there is no memory. */
static enum dt_status refuse(struct dt_operation *operation, enum status status, const char *what)
{
    if (status == STATUS_INVALID_ARGUMENT) {
        (void)dt_operation_fail(operation, "InvalidOperationError", "%s is refused: NULL, empty or not UTF-8",
                                what);
        operation->refused = true;
        return DT_INVALID_ARGUMENT;
    }
    operation->no_memory = true;
    return DT_NO_MEMORY;
}

enum dt_status dt_operation_set_result(struct dt_operation *operation, const char *result)
{
    struct pb_opt_bytes value;
    enum status status = sdk_opt_of_text(operation->arena, result, &value);
    if (status != STATUS_OK)
        return refuse(operation, status, "the result");
    if (operation->refused)
        return DT_OK; /* what was done without the refused argument is not what was meant */
    operation->result = value;
    operation->failure = NULL;
    return DT_OK;
}

/* --- state --- */

const char *dt_operation_state(const struct dt_operation *operation)
{
    const struct pb_opt_bytes *state = &operation->effects.state;
    return state->present ? (const char *)state->value.data : NULL;
}

int64_t dt_operation_state_number(const struct dt_operation *operation, int64_t otherwise)
{
    struct bytes text = operation->effects.state.value;
    bool negative = text.size && text.data[0] == '-';
    uint64_t size;
    if (bytes_parse_u64(bytes_slice(text, negative, SIZE_MAX), &size) != STATUS_OK)
        return otherwise;
    if (size > (uint64_t)INT64_MAX + negative)
        return otherwise;
    return negative ? (int64_t)(0 - size) : (int64_t)size;
}

enum dt_status dt_operation_set_state(struct dt_operation *operation, const char *state)
{
    struct pb_opt_bytes value;
    enum status status = sdk_opt_of_text(operation->arena, state, &value);
    if (status != STATUS_OK)
        return refuse(operation, status, "the state");
    operation->effects.state = value;
    return DT_OK;
}

enum dt_status dt_operation_set_state_number(struct dt_operation *operation, int64_t number)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%lld", (long long)number);
    return dt_operation_set_state(operation, text);
}

/* --- signals and starts --- */

static struct pb_operation_action *add_action(struct dt_operation *operation)
{
    struct sdk_entity_effects *effects = &operation->effects;
    if (effects->action_count == effects->action_capacity) {
        size_t capacity = effects->action_capacity ? effects->action_capacity * 2 : 8;
        struct pb_operation_action *actions = arena_alloc_array(operation->arena, capacity, sizeof *actions);
        if (!actions)
            return NULL;
        if (effects->action_count)
            memcpy(actions, effects->actions, effects->action_count * sizeof *actions);
        effects->actions = actions;
        effects->action_capacity = capacity;
    }
    struct pb_operation_action *action = &effects->actions[effects->action_count];
    *action = (struct pb_operation_action){.id = (int32_t)effects->action_count};
    return action;
}

/* `name`, copied. INVALID_ARGUMENT: NULL, empty or not UTF-8; NO_MEMORY. */
static enum status copy_name(struct dt_operation *operation, const char *name, struct bytes *ret_name)
{
    struct pb_opt_bytes value;
    enum status status = sdk_opt_of_text(operation->arena, name, &value);
    if (status == STATUS_OK && !value.value.size)
        status = STATUS_INVALID_ARGUMENT;
    if (status == STATUS_OK)
        *ret_name = value.value;
    return status;
}

enum dt_status dt_operation_signal(struct dt_operation *operation, struct dt_entity_id entity,
                                   const char *name, const char *input, const struct dt_signal_options *given)
{
    struct dt_signal_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        return refuse(operation, STATUS_INVALID_ARGUMENT, "a signal whose options have no `size`");

    struct pb_send_signal_action *signal = arena_alloc(operation->arena, sizeof *signal);
    struct pb_operation_action *action = add_action(operation);
    if (!signal || !action)
        return refuse(operation, STATUS_NO_MEMORY, "");
    enum status status = sdk_entity_id_format(operation->arena, entity, &signal->instance_id);
    if (status == STATUS_OK)
        status = copy_name(operation, name, &signal->name);
    if (status == STATUS_OK)
        status = sdk_opt_of_text(operation->arena, input, &signal->input);
    if (status != STATUS_OK)
        return refuse(operation, status, "entity, name or input of a signal");

    if (options.at_ns)
        signal->scheduled_time = pb_time_from_ns(options.at_ns);
    signal->request_time = pb_time_from_ns(sdk_wall_ns());
    action->operation_action_type_case = PB_OPERATION_ACTION_SEND_SIGNAL;
    action->send_signal = signal;
    operation->effects.action_count++;
    return DT_OK;
}

enum dt_status dt_operation_start(struct dt_operation *operation, const char *name,
                                  const struct dt_start_options *given,
                                  char ret_instance_id[DT_INSTANCE_ID_SIZE])
{
    struct dt_start_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        return refuse(operation, STATUS_INVALID_ARGUMENT, "a start whose options have no `size`");
    if (options.tag_count || options.reuse != DT_REUSE_FINAL)
        return refuse(operation, STATUS_INVALID_ARGUMENT, "a start with tags or a reuse policy");
    char guid[GUID_TEXT_SIZE + 1];
    const char *id = options.instance_id;
    if (!id || !*id) {
        uint8_t random[16];
        if (RAND_bytes(random, sizeof random) != 1)
            return DT_INTERNAL;
        guid_format(random, guid);
        id = guid;
    }

    struct pb_start_new_orchestration_action *start = arena_alloc(operation->arena, sizeof *start);
    struct pb_operation_action *action = add_action(operation);
    if (!start || !action)
        return refuse(operation, STATUS_NO_MEMORY, "");
    enum status status = copy_name(operation, id, &start->instance_id);
    if (status == STATUS_OK)
        status = copy_name(operation, name, &start->name);
    if (status == STATUS_OK)
        status = sdk_opt_of_text(operation->arena, options.version, &start->version);
    if (status == STATUS_OK)
        status = sdk_opt_of_text(operation->arena, options.input, &start->input);
    if (status != STATUS_OK)
        return refuse(operation, status, "id, name, version or input of a start");

    if (options.start_at_ns)
        start->scheduled_time = pb_time_from_ns(options.start_at_ns);
    start->request_time = pb_time_from_ns(sdk_wall_ns());
    action->operation_action_type_case = PB_OPERATION_ACTION_START_NEW_ORCHESTRATION;
    action->start_new_orchestration = start;
    operation->effects.action_count++;
    if (ret_instance_id)
        snprintf(ret_instance_id, DT_INSTANCE_ID_SIZE, "%s", id);
    return DT_OK;
}

/* --- memory --- */

void *dt_operation_alloc(struct dt_operation *operation, size_t size)
{
    void *memory = arena_alloc(operation->arena, size);
    operation->no_memory |= !memory;
    return memory;
}

const char *dt_operation_format(struct dt_operation *operation, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, fmt, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_alloc(operation->arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    operation->no_memory |= !text;
    return text;
}
