/* SPDX-License-Identifier: MIT */
/* turn.c — a turn has phases, and each sets the place to which sdk_leave jumps: prepare (which
 * orchestrator, and is it for this worker), live (run it as far as the events reach), settle (what the
 * rest of the events says), and the answer. What the orchestrator deferred runs after all of them. */
#include "sdk/turn/turn.h"

#include "base/text.h"
#include "sdk/convert.h"
#include "sdk/turn/context.h"
#include "sdk/turn/replay.h"
#include "sdk/turn/rewind.h"
#include "sdk/turn/turn_answer.h"
#include "sdk/turn/version.h"

static void identify(struct dt_context *ctx, const struct pb_execution_started_event *started)
{
    struct arena *arena = ctx->arena;
    ctx->started = started;
    ctx->name = sdk_take_text(ctx, started->name);
    ctx->instance_id = sdk_take_text(ctx, ctx->request->instance_id);
    struct pb_opt_bytes execution = ctx->request->execution_id;
    if (!execution.present && started->orchestration_instance)
        execution = started->orchestration_instance->execution_id;
    ctx->execution_id = sdk_take_text(ctx, execution.present ? execution.value : (struct bytes){0});
    const struct pb_parent_instance_info *parent = started->parent_instance;
    if (parent && parent->orchestration_instance && parent->orchestration_instance->instance_id.size)
        ctx->parent_id = sdk_take_text(ctx, parent->orchestration_instance->instance_id);
    const struct pb_trace_context *trace = started->parent_trace_context;
    if (trace && trace->trace_parent.size)
        ctx->trace_parent = sdk_take_text(ctx, trace->trace_parent);
    if (sdk_text_of_opt(arena, started->version, &ctx->version) != STATUS_OK ||
        sdk_text_of_opt(arena, started->input, &ctx->input) != STATUS_OK ||
        sdk_tags_of_wire(arena, started->tags, started->tags_count, &ctx->tags) != STATUS_OK)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
}

/* Who is it, and is it for this worker? The answer goes to the caller's variable: after a jump back to _setjmp a local one has
 * no certain value (longjmp(3)). */
static void prepare(struct dt_context *ctx, bool *ret_accepted)
{
    *ret_accepted = true;
    if (_setjmp(ctx->leave))
        return;
    const struct pb_history_event *started = sdk_replay_find_started(ctx);
    if (!started)
        sdk_leave_with(ctx, STATUS_FAILED_PRECONDITION);
    ctx->now_ns = pb_time_to_ns(started->timestamp);
    identify(ctx, started->execution_started);
    const struct sdk_turn_options *options = ctx->options;
    ctx->entry = sdk_registry_find(options->orchestrators, bytes_of_cstr(ctx->name), ctx->version != NULL,
                                   bytes_of_cstr(ctx->version));
    if (sdk_version_accepts(options, ctx->version))
        return;
    *ret_accepted = false;
    if (options->version_failure == DT_VERSION_FAIL)
        sdk_leave_failed(ctx, true, "VersionMismatch", "the instance has version '%s', the worker '%s'",
                         text_or(ctx->version, ""), text_or(options->version, ""));
}

/* Runs the orchestrator as far as the events reach. However it ends, control comes back here. */
static void live(struct dt_context *ctx)
{
    if (_setjmp(ctx->leave))
        return;
    /* What came before the start, a termination perhaps, counts before the first line of the function. */
    while (!ctx->running)
        if (!sdk_replay_advance(ctx))
            return;
    if (!ctx->entry)
        sdk_leave_failed(ctx, true, "OrchestratorTaskNotFound",
                         "no orchestrator named '%s' is registered with "
                         "this worker",
                         ctx->name);
    ctx->entry->orchestrator(ctx, ctx->input, ctx->entry->user);
    /* It came back by itself: whoever waits, fails or continues as new leaves by longjmp. */
    ctx->outcome = ctx->failure ? SDK_OUTCOME_FAILED : SDK_OUTCOME_COMPLETED;
}

/* Last one first. Each is taken off before it is called, so that it runs once. */
static void run_deferred(struct dt_context *ctx)
{
    while (ctx->deferred) {
        struct sdk_deferred *deferred = ctx->deferred;
        ctx->deferred = deferred->next;
        deferred->fn(deferred->argument);
    }
}

/* The phases of a turn that runs the orchestrator, or fails it because it is for another worker. */
static void run(struct dt_context *ctx, bool accepted, struct bytes completion_token, struct buf *response,
                struct sdk_turn_parts *ret_parts)
{
    if (accepted)
        live(ctx);
    if (ctx->status == STATUS_OK)
        sdk_replay_settle(ctx);
    if (ctx->status == STATUS_OK)
        sdk_turn_answer(ctx, completion_token, response, ret_parts);
}

enum status sdk_turn_run(const struct sdk_turn_options *options, struct arena *arena,
                         const struct pb_orchestrator_request *request, struct bytes completion_token,
                         struct buf *response, struct sdk_turn_parts *ret_parts, enum sdk_turn_end *ret_end,
                         struct err *err)
{
    struct dt_context *ctx = arena_alloc(arena, sizeof *ctx);
    if (!ctx)
        return err_set(err, STATUS_NO_MEMORY, "no memory for the turn");
    ctx->options = options;
    ctx->request = request;
    ctx->arena = arena;
    ctx->event_count = request->past_events_count + request->new_events_count;
    list_init(&ctx->held);
    list_init(&ctx->unclaimed);
    list_init(&ctx->waiters);
    list_init(&ctx->calls);
    list_init(&ctx->sections);

    bool accepted;
    prepare(ctx, &accepted);
    if (!accepted && ctx->status == STATUS_OK && options->version_failure == DT_VERSION_REJECT) {
        *ret_end = SDK_TURN_ABANDON;
        return STATUS_OK;
    }
    bool rewind = accepted && ctx->status == STATUS_OK && sdk_rewind_asked(ctx);
    if (rewind)
        sdk_rewind_answer(ctx, completion_token, response);
    else if (ctx->status == STATUS_OK)
        run(ctx, accepted, completion_token, response, ret_parts);
    run_deferred(ctx);
    if (ctx->status != STATUS_OK)
        return err_set(err, ctx->status, "%s",
                       ctx->status == STATUS_FAILED_PRECONDITION ? "the history has no ExecutionStarted"
                                                                 : "no memory for the turn");
    *ret_end = SDK_TURN_RESPOND;
    return STATUS_OK;
}
