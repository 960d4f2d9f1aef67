/* SPDX-License-Identifier: MIT */
/* orchestrator.c — what an orchestrator function learns and says: who it is, replayable time and chance, memory of the turn,
 * its outcome. Contracts: include/durabletask.h. Called by the user's function, within a turn. */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "sdk/convert.h"
#include "sdk/turn/context.h"

#define LINE_SIZE 1001 /* bytes of a log line or failure message, NUL included */

/* --- identity --- */

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

const char *dt_context_trace_parent(const struct dt_context *ctx)
{
    return ctx->trace_parent;
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

/* As the .NET and Go SDKs make them, so that code moved from one to the other keeps its ids: version 5 in the
 * name space 9e952958-5e33-4daf-827f-2fa12937b875, over "id_time_counter" with a time of 7 digits. */
#define UUID_TIME_DIGITS 7 /* of a second's fraction: .NET's "o" */
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
    (void)time_format(ctx->now_ns, UUID_TIME_DIGITS, time_text);
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

/* --- memory --- */

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

/* --- outcome --- */

void dt_set_result(struct dt_context *ctx, const char *result)
{
    ctx->result = sdk_take_payload(ctx, "result", result);
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
    ctx->custom_status = sdk_take_payload(ctx, "custom status", text_or(status, ""));
}

void dt_set_next_version(struct dt_context *ctx, const char *version)
{
    ctx->next_version = sdk_take_payload(ctx, "version", version);
}

void dt_continue_as_new(struct dt_context *ctx, const char *input, bool keep_events)
{
    ctx->result = sdk_take_payload(ctx, "input", input);
    ctx->failure = NULL;
    ctx->outcome = SDK_OUTCOME_CONTINUED;
    ctx->keep_events = keep_events;
    sdk_leave(ctx);
}
