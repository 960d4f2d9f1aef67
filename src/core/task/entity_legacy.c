/* SPDX-License-Identifier: MIT */
/* entity_legacy.c — reading: a bounded parse, then member by member, each with its type. Names of members
 * have no case: JSON.NET, which both ends were made with, matches them so. */
#include "core/task/entity_legacy.h"

#include "base/time_parse.h"
#include "core/task/limits.h"
#include "core/task/memory.h"
#include "wire/json/json.h"

#define FAILURES_MAX   16 /* nested failures that an answer shows */
#define TIME_SIZE_MAX  64 /* bytes */
#define REQUEST_NAME   BYTES_LITERAL("op")
#define SCHEDULED_NAME BYTES_LITERAL("op@")
#define RELEASE_NAME   BYTES_LITERAL("release")

bool entity_legacy_is(struct bytes event_name)
{
    return bytes_equal(event_name, REQUEST_NAME) || bytes_starts_with(event_name, SCHEDULED_NAME) ||
           bytes_equal(event_name, RELEASE_NAME);
}

/* As .NET writes times, which leaves the zone out where it does not know it: those are UTC. */
static bool read_time(struct arena *arena, struct bytes text, struct pb_opt_time *ret_time)
{
    int64_t ns;
    if (time_parse(text, &ns) != STATUS_OK) {
        const char *with_zone = memory_must(arena_fmt(arena, "%.*sZ", BYTES_FMT(text)));
        if (time_parse(bytes_of_cstr(with_zone), &ns) != STATUS_OK)
            return false;
    }
    *ret_time = pb_time_from_ns(ns);
    return true;
}

/* --- reading --- */

static struct bytes member(struct arena *arena, const json_t *object, const char *name)
{
    struct bytes value = json_bytes(json_get_nocase(object, name));
    if (!value.data)
        return (struct bytes){0};
    return memory_arena_copy(arena, value);
}

static enum status read_lock_set(struct arena *arena, const json_t *set, struct entity_legacy *message)
{
    size_t count = json_array_size(set);
    if (count > ENTITY_LOCK_SET_MAX)
        return STATUS_TOO_LARGE;
    message->lock_set = memory_must(arena_alloc_array(arena, count + 1, sizeof *message->lock_set));
    for (size_t n = 0; n < count; n++) {
        const json_t *item = json_array_get(set, n);
        struct bytes name = json_bytes(json_get_nocase(item, "name"));
        struct bytes key = json_bytes(json_get_nocase(item, "key"));
        if (!name.data || !key.data || name.size > ENTITY_LEGACY_ID_SIZE_MAX ||
            key.size > ENTITY_LEGACY_ID_SIZE_MAX)
            return STATUS_MALFORMED;
        const char *id = memory_must(arena_fmt(arena, "@%.*s@%.*s", BYTES_FMT(name), BYTES_FMT(key)));
        const char *reason;
        if (entity_name_parse(arena, bytes_of_cstr(id), &message->lock_set[n], &reason) != STATUS_OK)
            return STATUS_MALFORMED;
    }
    message->kind = ENTITY_LEGACY_LOCK;
    message->lock_set_count = count;
    return STATUS_OK;
}

/* The time stands in the message or behind the event's name; the first counts if there are both. */
static enum status read_due(struct arena *arena, const json_t *object, struct bytes event_name,
                            struct entity_legacy *message)
{
    struct bytes due = json_bytes(json_get_nocase(object, "due"));
    if (!due.data && bytes_starts_with(event_name, SCHEDULED_NAME))
        due = bytes_slice(event_name, SCHEDULED_NAME.size, SIZE_MAX);
    if (!due.data)
        return STATUS_OK;
    if (due.size > TIME_SIZE_MAX)
        return STATUS_MALFORMED;
    return read_time(arena, due, &message->due) ? STATUS_OK : STATUS_MALFORMED;
}

static enum status read_request(struct arena *arena, const json_t *object, struct bytes event_name,
                                struct entity_legacy *message)
{
    const json_t *set = json_get_nocase(object, "lockset");
    if (json_is_array(set))
        return read_lock_set(arena, set, message);
    message->kind =
        json_is_true(json_get_nocase(object, "signal")) ? ENTITY_LEGACY_SIGNAL : ENTITY_LEGACY_CALL;
    message->operation = member(arena, object, "op");
    if (!message->operation.data)
        return STATUS_MALFORMED;
    struct bytes input = member(arena, object, "input");
    message->input = (struct pb_opt_bytes){input.data != NULL, input};
    return read_due(arena, object, event_name, message);
}

enum status entity_legacy_read(struct arena *arena, struct bytes event_name, struct bytes text,
                               struct entity_legacy *ret_message)
{
    const struct json_limits limits = {.size_max = ENTITY_LEGACY_SIZE_MAX,
                                       .depth_max = ENTITY_LEGACY_DEPTH_MAX,
                                       .values_max = ENTITY_LEGACY_VALUES_MAX,
                                       .last_duplicate_wins = true};
    CLEANUP(json_release) json_t *object = NULL;
    struct err err = {0};
    enum status status = json_parse(text, &limits, &object, &err);
    if (status != STATUS_OK)
        return status;
    struct entity_legacy message = {.kind = ENTITY_LEGACY_RELEASE, .id = member(arena, object, "id")};
    if (!json_is_object(object) || message.id.size == 0 || message.id.size > ENTITY_LEGACY_ID_SIZE_MAX)
        return STATUS_MALFORMED;
    if (!bytes_equal(event_name, RELEASE_NAME))
        status = read_request(arena, object, event_name, &message);
    if (status == STATUS_OK)
        *ret_message = message;
    return status;
}

/* --- answers --- */

struct bytes entity_legacy_granted(void)
{
    return BYTES_LITERAL("{\"result\":\"Lock Acquisition Completed\"}");
}

static void write_optional(struct json_writer *json, const char *name, struct pb_opt_bytes value)
{
    if (value.present)
        json_write_member_string(json, name, value.value);
    else
        json_write_member_cstr(json, name, NULL);
}

/* One object in the other: the inner ones last, so that what is open is closed at the end. */
static void write_failure(struct json_writer *json, const struct pb_task_failure_details *failure)
{
    size_t open = 0;
    json_write_key(json, "failureDetails");
    for (; failure && open < FAILURES_MAX; failure = failure->inner_failure, open++) {
        if (open > 0)
            json_write_key(json, "InnerFailure");
        json_write_begin_object(json);
        json_write_member_string(json, "ErrorType", failure->error_type);
        json_write_member_string(json, "ErrorMessage", failure->error_message);
        write_optional(json, "StackTrace", failure->stack_trace);
        json_write_member_bool(json, "IsNonRetriable", failure->is_non_retriable);
    }
    for (; open > 0; open--)
        json_write_end_object(json);
}

struct bytes entity_legacy_reply(struct arena *arena, struct pb_opt_bytes output, struct bytes failure)
{
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX};
    struct json_writer json = {.out = &text, .replace_invalid = true};
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("Unknown")};
    if (failure.size && pb_task_failure_details_decode(arena, failure, &details) != STATUS_OK)
        details = (struct pb_task_failure_details){.error_type = BYTES_LITERAL("Unknown")};
    json_write_begin_object(&json);
    write_optional(&json, "result", failure.size ? pb_none() : output);
    if (failure.size) {
        json_write_member_string(&json, "exceptionType", details.error_message);
        write_failure(&json, &details);
    }
    json_write_end_object(&json);
    memory_must_ok(json_write_status(&json));
    return memory_arena_copy(arena, buf_peek(&text));
}
