/* SPDX-License-Identifier: MIT */
/* What an orchestrator function may call. Contracts: include/durabletask.h. */
#include "sdk/context.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "sdk/convert.h"

#define LINE_SIZE 1001 /* bytes of a log line or failure message, NUL included */

/* ---------------------------------------------------------------------------------------------------
 * identity */

const char *dt_context_instance_id(const struct dt_context *ctx)
{
    return ctx->instance_id;
}

const char *dt_context_execution_id(const struct dt_context *ctx)
{
    return ctx->execution_id;
}

const char *dt_context_name(const struct dt_context *ctx)
{
    return ctx->name;
}

const char *dt_context_parent_id(const struct dt_context *ctx)
{
    return ctx->parent_id;
}

const char *dt_context_tag(const struct dt_context *ctx, const char *key)
{
    for (size_t i = ctx->started->tags_count; i > 0 && key; i--)
        if (strcmp(ctx->tags[i - 1].key, key) == 0)
            return ctx->tags[i - 1].value;
    return NULL;
}

const char *dt_version(const struct dt_context *ctx)
{
    return ctx->version;
}

int64_t dt_now_ns(const struct dt_context *ctx)
{
    return ctx->now_ns;
}

bool dt_is_replaying(const struct dt_context *ctx)
{
    return ctx->cursor <= ctx->request->past_events_count;
}

/* The name space of Durable Task's deterministic GUIDs, 9e952958-5e33-4daf-827f-2fa12937b875
 * (DurableTask.Core). */
static const uint8_t uuid_name_space[16] = {0x9e, 0x95, 0x29, 0x58, 0x5e, 0x33, 0x4d, 0xaf,
                                            0x82, 0x7f, 0x2f, 0xa1, 0x29, 0x37, 0xb8, 0x75};

static void digest(struct dt_context *ctx, const EVP_MD *kind, const void *data, size_t size,
                   uint8_t ret_digest[EVP_MAX_MD_SIZE])
{
    if (EVP_Digest(data, size, ret_digest, NULL, kind, NULL) != 1)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
}

void dt_uuid(struct dt_context *ctx, char ret_text[37])
{
    char time_text[TIME_TEXT_SIZE_MAX];
    (void)time_format(ctx->now_ns, 9, time_text);
    size_t size = sizeof uuid_name_space + strlen(ctx->instance_id) + TIME_TEXT_SIZE_MAX + 16;
    char *name = sdk_take(ctx, size);
    memcpy(name, uuid_name_space, sizeof uuid_name_space);
    int length = snprintf(name + sizeof uuid_name_space, size - sizeof uuid_name_space, "%s_%s_%u",
                          ctx->instance_id, time_text, ctx->uuid_count++);
    uint8_t hash[EVP_MAX_MD_SIZE];
    digest(ctx, EVP_sha1(), name, sizeof uuid_name_space + (size_t)length, hash);
    guid_format(hash, ret_text);
    ret_text[14] = '5'; /* guid_format writes version 4 */
}

uint64_t dt_random(struct dt_context *ctx)
{
    if (!ctx->random_seeded) {
        size_t size = strlen(ctx->instance_id) + strlen(ctx->execution_id) + 2;
        char *name = sdk_take(ctx, size);
        snprintf(name, size, "%s/%s", ctx->instance_id, ctx->execution_id);
        uint8_t hash[EVP_MAX_MD_SIZE];
        digest(ctx, EVP_sha256(), name, size, hash);
        uint64_t seed[4];
        memcpy(seed, hash, sizeof seed);
        prng_seed(&ctx->random, seed);
        ctx->random_seeded = true;
    }
    return prng_next(&ctx->random);
}

void dt_log(struct dt_context *ctx, enum dt_log_level level, const char *fmt, ...)
{
    if (dt_is_replaying(ctx) || !ctx->options->target)
        return;
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    sdk_log(ctx->options->target, level, "%s", line);
}

/* -----------------------------------------------------------------------------------------------------
 * memory */

void *dt_alloc(struct dt_context *ctx, size_t size)
{
    return sdk_take(ctx, size);
}

char *dt_format(struct dt_context *ctx, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, fmt, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_alloc(ctx->arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    if (!text)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    return text;
}

void dt_defer(struct dt_context *ctx, void (*fn)(void *argument), void *argument)
{
    struct sdk_deferred *deferred = arena_alloc(ctx->arena, sizeof *deferred);
    if (!deferred) {
        fn(argument); /* promised in whatever way the turn ends, and it ends here */
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    }
    *deferred = (struct sdk_deferred){.next = ctx->deferred, .fn = fn, .argument = argument};
    ctx->deferred = deferred;
}

/* ----------------------------------------------------------------------------------------------------
 * outcome */

static struct pb_opt_bytes take_payload(struct dt_context *ctx, const char *what, const char *text)
{
    struct pb_opt_bytes value;
    enum status s = sdk_opt_of_text(ctx->arena, text, &value);
    if (s == STATUS_INVALID_ARGUMENT)
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: the %s is not UTF-8",
                         ctx->last_file ? ctx->last_file : "?", ctx->last_line, what);
    if (s != STATUS_OK)
        sdk_leave_with(ctx, s);
    return value;
}

void dt_set_result(struct dt_context *ctx, const char *result)
{
    ctx->result = take_payload(ctx, "result", result);
    ctx->failure = NULL;
}

void dt_set_failure(struct dt_context *ctx, const struct dt_failure *failure)
{
    if (!failure)
        sdk_leave_failed(ctx, true, "InvalidOperationError", "dt_set_failure: the failure is NULL");
    ctx->failure = sdk_failure_to_wire(ctx->arena, failure);
    if (!ctx->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    ctx->result = pb_none();
}

void dt_fail(struct dt_context *ctx, const char *type, const char *fmt, ...)
{
    char message[LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    ctx->result = pb_none();
    sdk_leave_failed(ctx, false, type, "%s", message);
}

void dt_set_custom_status(struct dt_context *ctx, const char *status)
{
    ctx->custom_status = take_payload(ctx, "custom status", status ? status : "");
}

void dt_continue_as_new(struct dt_context *ctx, const char *input, bool keep_events)
{
    ctx->result = take_payload(ctx, "input", input);
    ctx->failure = NULL;
    ctx->outcome = SDK_OUTCOME_CONTINUED;
    ctx->keep_events = keep_events;
    sdk_leave(ctx);
}

/* ------------------------------------------------------------------------------------------------------
 * tasks */

static void here(struct dt_context *ctx, const char *file, int line)
{
    ctx->last_file = file;
    ctx->last_line = line;
}

static struct bytes take_name(struct dt_context *ctx, const char *what, const char *name)
{
    struct bytes text = bytes_of_cstr(name);
    if (!text.size || !bytes_utf8_valid(text))
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: the %s is NULL, empty or not UTF-8",
                         ctx->last_file ? ctx->last_file : "?", ctx->last_line, what);
    return bytes_of_cstr(sdk_take_text(ctx, text));
}

static struct dt_task *make_task(struct dt_context *ctx, enum sdk_task_kind kind, const char *name,
                                 const char *file, int line)
{
    struct dt_task *task = sdk_take(ctx, sizeof *task);
    task->ctx = ctx;
    task->kind = kind;
    task->name = name;
    task->file = file;
    task->line = line;
    list_init(&task->waiting);
    return task;
}

/* What both kinds of calls have in common, checked and copied. */
struct call {
    struct dt_call_options options;
    struct bytes name;
    struct pb_opt_bytes version;
    struct pb_opt_bytes input;
    struct pb_string_entry *tags;
    struct dt_task *task;
};

static struct call begin_call(struct dt_context *ctx, const char *name, const char *input,
                              const struct dt_call_options *options, const char *file, int line)
{
    here(ctx, file, line);
    struct call c = {.name = take_name(ctx, "name", name)};
    if (options && !sdk_options_copy(&c.options, sizeof c.options, options))
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: `size` of the options is not set", file,
                         line);
    c.version = take_payload(ctx, "version", c.options.version);
    c.input = take_payload(ctx, "input", input);
    enum status s = sdk_tags_to_wire(ctx->arena, c.options.tags, c.options.tag_count, &c.tags);
    if (s == STATUS_INVALID_ARGUMENT)
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: a tag is NULL or not UTF-8", file, line);
    if (s != STATUS_OK)
        sdk_leave_with(ctx, s);
    c.task = make_task(ctx, SDK_TASK_CALL, (const char *)c.name.data, file, line);
    c.task->attempt = 1;
    c.task->first_try_ns = ctx->now_ns;
    if (c.options.retry && !sdk_options_copy(&c.task->retry, sizeof c.task->retry, c.options.retry))
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: `size` of the retry policy is not set",
                         file, line);
    return c;
}

struct dt_task *dt_call_activity_from(struct dt_context *ctx, const char *name, const char *input,
                                      const struct dt_call_options *options, const char *file, int line)
{
    struct call c = begin_call(ctx, name, input, options, file, line);
    struct pb_schedule_task_action *schedule = sdk_take(ctx, sizeof *schedule);
    schedule->name = c.name;
    schedule->version = c.version;
    schedule->input = c.input;
    schedule->tags = c.tags;
    schedule->tags_count = c.options.tag_count;
    struct pb_orchestrator_action wire = {
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK, .schedule_task = schedule};
    (void)sdk_action_add(ctx, SDK_ACTION_ACTIVITY, SDK_ROLE_TASK, c.task, &wire);
    return c.task;
}

struct dt_task *dt_call_sub_orchestration_from(struct dt_context *ctx, const char *name, const char *input,
                                               const struct dt_call_options *options, const char *file,
                                               int line)
{
    struct call c = begin_call(ctx, name, input, options, file, line);
    struct pb_create_sub_orchestration_action *create = sdk_take(ctx, sizeof *create);
    create->name = c.name;
    create->version = c.version;
    if (!c.version.present)
        create->version = take_payload(ctx, "default version", ctx->options->default_child_version);
    create->input = c.input;
    create->tags = c.tags;
    create->tags_count = c.options.tag_count;
    const char *own = *ctx->execution_id ? ctx->execution_id : ctx->instance_id;
    const char *id = c.options.instance_id && *c.options.instance_id
                         ? c.options.instance_id
                         : dt_format(ctx, "%s:%04zx", own, ctx->action_count + 1);
    create->instance_id = take_name(ctx, "instance id", id);
    struct pb_orchestrator_action wire = {.orchestrator_action_type_case =
                                              PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION,
                                          .create_sub_orchestration = create};
    (void)sdk_action_add(ctx, SDK_ACTION_CHILD, SDK_ROLE_TASK, c.task, &wire);
    return c.task;
}

struct dt_task *dt_timer_create_until_from(struct dt_context *ctx, int64_t fire_at_ns, const char *file,
                                           int line)
{
    here(ctx, file, line);
    struct dt_task *task = make_task(ctx, SDK_TASK_TIMER, "", file, line);
    (void)sdk_timer_add(ctx, SDK_ROLE_TASK, task, fire_at_ns);
    return task;
}

struct dt_task *dt_timer_create_from(struct dt_context *ctx, int64_t delay_ms, const char *file, int line)
{
    return dt_timer_create_until_from(ctx, sdk_after_ms(ctx->now_ns, delay_ms), file, line);
}

struct dt_task *dt_wait_event_from(struct dt_context *ctx, const char *name, int64_t timeout_ms,
                                   const char *file, int line)
{
    here(ctx, file, line);
    struct bytes text = take_name(ctx, "name of the event", name);
    struct dt_task *task = make_task(ctx, SDK_TASK_EVENT, (const char *)text.data, file, line);
    list_each (link, &ctx->unclaimed) {
        struct sdk_note *note = CONTAINER_OF(link, struct sdk_note, link);
        if (bytes_equal_nocase(text, note->event->event_raised->name)) {
            list_remove(&note->link);
            sdk_task_take_event(task, note->event);
            return task;
        }
    }
    list_push_back(&ctx->waiters, &task->waiting);
    if (timeout_ms >= 0)
        (void)sdk_timer_add(ctx, SDK_ROLE_TIMEOUT, task, sdk_after_ms(ctx->now_ns, timeout_ms));
    return task;
}

void dt_send_event_from(struct dt_context *ctx, const char *instance_id, const char *name, const char *data,
                        const char *file, int line)
{
    here(ctx, file, line);
    struct pb_send_event_action *send = sdk_take(ctx, sizeof *send);
    send->instance = sdk_take(ctx, sizeof *send->instance);
    send->instance->instance_id = take_name(ctx, "instance id", instance_id);
    send->name = take_name(ctx, "name of the event", name);
    send->data = take_payload(ctx, "data", data);
    struct pb_orchestrator_action wire = {.orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_EVENT,
                                          .send_event = send};
    (void)sdk_action_add(ctx, SDK_ACTION_SEND, SDK_ROLE_TASK, NULL, &wire);
}

enum dt_task_state dt_await_from(struct dt_task *task, const char *file, int line)
{
    struct dt_context *ctx = task->ctx;
    here(ctx, file, line);
    while (task->state == DT_TASK_PENDING)
        if (!sdk_advance(ctx))
            sdk_leave(ctx);
    return task->state;
}

static const char *const end_names[] = {
    [DT_TASK_PENDING] = "is pending",  [DT_TASK_SUCCEEDED] = "succeeded",     [DT_TASK_FAILED] = "failed",
    [DT_TASK_TIMED_OUT] = "timed out", [DT_TASK_CANCELLED] = "was cancelled",
};

const char *dt_await_result_from(struct dt_task *task, const char *file, int line)
{
    struct dt_context *ctx = task->ctx;
    if (dt_await_from(task, file, line) == DT_TASK_SUCCEEDED)
        return task->result;
    char message[LINE_SIZE];
    snprintf(message, sizeof message, "task '%s' (#%d) %s%s%s", task->name,
             task->action ? (int)task->action->wire.id : 0, end_names[task->state], task->failure ? ": " : "",
             task->failure ? task->failure->message : "");
    ctx->failure = sdk_failure_make(ctx->arena, "TaskFailedError", message, false, task->failure_wire);
    if (!ctx->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    ctx->result = pb_none();
    ctx->outcome = SDK_OUTCOME_FAILED;
    sdk_leave(ctx);
}

size_t dt_when_any_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count, const char *file,
                        int line)
{
    here(ctx, file, line);
    if (!tasks || !count)
        sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: dt_when_any without tasks never ends",
                         file, line);
    for (;;) {
        size_t first = SIZE_MAX;
        for (size_t i = 0; i < count; i++)
            if (tasks[i]->state != DT_TASK_PENDING &&
                (first == SIZE_MAX || tasks[i]->order < tasks[first]->order))
                first = i;
        if (first != SIZE_MAX)
            return first;
        if (!sdk_advance(ctx))
            sdk_leave(ctx);
    }
}

bool dt_when_all_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count, const char *file,
                      int line)
{
    here(ctx, file, line);
    bool succeeded = true;
    for (size_t i = 0; i < count; i++)
        succeeded &= dt_await_from(tasks[i], file, line) == DT_TASK_SUCCEEDED;
    return succeeded;
}

enum dt_task_state dt_task_state(const struct dt_task *task)
{
    return task->state;
}

const char *dt_task_result(const struct dt_task *task)
{
    return task->state == DT_TASK_SUCCEEDED ? task->result : NULL;
}

const struct dt_failure *dt_task_failure(const struct dt_task *task)
{
    return task->state == DT_TASK_FAILED ? task->failure : NULL;
}

void dt_task_cancel(struct dt_task *task)
{
    sdk_task_end(task, DT_TASK_CANCELLED);
}
