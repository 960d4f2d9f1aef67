/* SPDX-License-Identifier: MIT */
/* context.c — ways to leave a turn, then memory of the turn: what is not to be had leaves it, so that no caller checks.
 */
#include "sdk/turn/context.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "sdk/convert.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */

void sdk_leave(struct dt_context *ctx)
{
    _longjmp(ctx->leave, 1);
}

void sdk_leave_with(struct dt_context *ctx, enum status status)
{
    ctx->status = status;
    sdk_leave(ctx);
}

void sdk_leave_failed(struct dt_context *ctx, bool forget, const char *type, const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    ctx->failure = sdk_failure_make(ctx->arena, type, message, forget, NULL);
    if (!ctx->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    ctx->outcome = SDK_OUTCOME_FAILED;
    ctx->forget_actions = forget;
    sdk_leave(ctx);
}

void sdk_note_place(struct dt_context *ctx, const char *file, int line)
{
    ctx->last_file = file;
    ctx->last_line = line;
}

void sdk_leave_misused(struct dt_context *ctx, const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    const char *file = text_or(ctx->last_file, "?");
    sdk_leave_failed(ctx, true, "InvalidOperationError", "%s:%d: %s", file, ctx->last_line, message);
}

void *sdk_take(struct dt_context *ctx, size_t size)
{
    void *memory = arena_alloc(ctx->arena, size);
    if (!memory)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    return memory;
}

const char *sdk_take_text(struct dt_context *ctx, struct bytes text)
{
    const char *copy = arena_cstr(ctx->arena, text);
    if (!copy)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    return copy;
}

struct bytes sdk_take_name(struct dt_context *ctx, const char *what, const char *name)
{
    struct bytes text = bytes_of_cstr(name);
    if (!text.size || !bytes_utf8_valid(text))
        sdk_leave_misused(ctx, "the %s is NULL, empty or not UTF-8", what);
    return bytes_of_cstr(sdk_take_text(ctx, text));
}

struct pb_opt_bytes sdk_take_payload(struct dt_context *ctx, const char *what, const char *text)
{
    struct pb_opt_bytes value;
    enum status status = sdk_opt_of_text(ctx->arena, text, &value);
    if (status == STATUS_INVALID_ARGUMENT)
        sdk_leave_misused(ctx, "the %s is not UTF-8", what);
    if (status != STATUS_OK)
        sdk_leave_with(ctx, status);
    return value;
}
