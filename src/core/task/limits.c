/* SPDX-License-Identifier: MIT */
/* limits.c — texts, and failure details cut to size. */
#include "core/task/limits.h"

#include "core/task/event.h"
#include "core/task/memory.h"
#include "core/task/message.h"
#include "wire/pb/orchestrator_service.pb.h"

const char *limits_text(struct arena *arena, const char *what, size_t size, size_t size_max)
{
    return memory_must(
        arena_fmt(arena,
                  "%s has %zu bytes, over the payload limit of %zu: hand on a reference to it (the "
                  "SDKs' large payload store does), or raise --payload-size-max of the scheduler",
                  what, size, size_max));
}

static struct bytes cut(struct arena *arena, struct bytes text, size_t size_max)
{
    if (text.size <= size_max)
        return text;
    struct bytes head = bytes_utf8_prefix(text, size_max);
    size_t lost = text.size - head.size;
    return bytes_of_cstr(memory_must(arena_fmt(arena, "%.*s... [%zu bytes cut]", BYTES_FMT(head), lost)));
}

struct bytes limits_cut_failure(struct arena *arena, struct bytes failure, size_t size_max)
{
    struct pb_task_failure_details details;
    if (failure.size <= size_max)
        return failure;
    if (pb_task_failure_details_decode(arena, failure, &details) != STATUS_OK)
        return event_failure(arena, "PayloadTooLarge",
                             "The failure details are too large, and not readable.");
    struct pb_task_failure_details less = {
        .error_type = cut(arena, details.error_type, FAILURE_TYPE_SIZE_MAX),
        .error_message = cut(arena, details.error_message, size_max / 2),
        .stack_trace = {details.stack_trace.present, cut(arena, details.stack_trace.value, size_max / 4)},
        .is_non_retriable = details.is_non_retriable};
    return message_encode(arena, &pb_task_failure_details_message, &less);
}
