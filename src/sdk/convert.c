/* SPDX-License-Identifier: MIT */
/* convert.c — texts and tags in both directions, then failures, which are chains of levels in both forms. */
#include "sdk/convert.h"

#include "base/text.h"
#include "sdk/options.h"

enum status sdk_text_of_opt(struct arena *arena, struct pb_opt_bytes value, const char **ret_text)
{
    const char *text = NULL;
    if (value.present) {
        text = arena_cstr(arena, value.value);
        if (!text)
            return STATUS_NO_MEMORY;
    }
    *ret_text = text;
    return STATUS_OK;
}

enum status sdk_tags_of_wire(struct arena *arena, const struct pb_string_entry *wire, size_t count,
                             const struct dt_tag **ret_tags)
{
    struct dt_tag *tags = arena_alloc_array(arena, count, sizeof *tags);
    if (!tags)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        tags[i].key = arena_cstr(arena, wire[i].key);
        tags[i].value = arena_cstr(arena, wire[i].value);
        if (!tags[i].key || !tags[i].value)
            return STATUS_NO_MEMORY;
    }
    *ret_tags = tags;
    return STATUS_OK;
}

static STATUS_RESULT copy_valid(struct arena *arena, const char *text, struct bytes *ret_copy)
{
    if (!text || !bytes_utf8_valid(bytes_of_cstr(text)))
        return STATUS_INVALID_ARGUMENT;
    struct bytes copy = arena_copy(arena, bytes_of_cstr(text));
    if (!copy.data)
        return STATUS_NO_MEMORY;
    *ret_copy = copy;
    return STATUS_OK;
}

enum status sdk_tags_to_wire(struct arena *arena, const struct dt_tag *tags, size_t count,
                             struct pb_string_entry **ret_wire)
{
    struct pb_string_entry *wire = arena_alloc_array(arena, count, sizeof *wire);
    if (!wire)
        return STATUS_NO_MEMORY;
    if (count && !tags)
        return STATUS_INVALID_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        enum status status = copy_valid(arena, tags[i].key, &wire[i].key);
        if (status == STATUS_OK)
            status = copy_valid(arena, tags[i].value, &wire[i].value);
        if (status != STATUS_OK)
            return status;
    }
    *ret_wire = wire;
    return STATUS_OK;
}

enum status sdk_opt_of_text(struct arena *arena, const char *text, struct pb_opt_bytes *ret_value)
{
    struct pb_opt_bytes value = pb_none();
    if (text) {
        value.present = true;
        enum status status = copy_valid(arena, text, &value.value);
        if (status != STATUS_OK)
            return status;
    }
    *ret_value = value;
    return STATUS_OK;
}

static struct dt_failure *failure_level(struct arena *arena, const struct pb_task_failure_details *wire)
{
    struct dt_failure *failure = arena_alloc(arena, sizeof *failure);
    if (!failure)
        return NULL;
    failure->size = sizeof *failure;
    failure->type = arena_cstr(arena, wire->error_type);
    failure->message = arena_cstr(arena, wire->error_message);
    failure->non_retriable = wire->is_non_retriable;
    if (!failure->type || !failure->message ||
        sdk_text_of_opt(arena, wire->stack_trace, &failure->stack_trace) != STATUS_OK)
        return NULL;
    return failure;
}

struct dt_failure *sdk_failure_of_wire(struct arena *arena, const struct pb_task_failure_details *wire)
{
    struct dt_failure *outer = NULL;
    const struct dt_failure **place = NULL;
    for (int depth = 0; wire && depth < SDK_FAILURE_DEPTH_MAX; depth++, wire = wire->inner_failure) {
        struct dt_failure *level = failure_level(arena, wire);
        if (!level)
            return NULL;
        if (place)
            *place = level;
        else
            outer = level;
        place = &level->inner;
    }
    return outer;
}

struct bytes sdk_clean_utf8(struct arena *arena, struct bytes text)
{
    uint8_t *out = (uint8_t *)arena_cstr(arena, text);
    struct bytes copy = bytes_of(out, out ? text.size : 0);
    if (!out || bytes_utf8_valid(copy))
        return copy;
    for (size_t i = 0; i < copy.size;) {
        size_t length = 1;
        while (length <= 4 && i + length <= copy.size && !bytes_utf8_valid(bytes_slice(copy, i, length)))
            length++;
        bool valid = length <= 4 && i + length <= copy.size;
        if (!valid) {
            out[i] = '?';
            length = 1;
        }
        i += length;
    }
    return copy;
}

struct pb_task_failure_details *sdk_failure_make(struct arena *arena, const char *type, const char *message,
                                                 bool non_retriable, struct pb_task_failure_details *inner)
{
    struct pb_task_failure_details *wire = arena_alloc(arena, sizeof *wire);
    if (!wire)
        return NULL;
    wire->error_type = sdk_clean_utf8(arena, bytes_of_cstr(text_or(type, "Error")));
    wire->error_message = sdk_clean_utf8(arena, bytes_of_cstr(message));
    wire->is_non_retriable = non_retriable;
    wire->inner_failure = inner;
    return wire->error_type.data && wire->error_message.data ? wire : NULL;
}

struct pb_task_failure_details *sdk_failure_to_wire(struct arena *arena, const struct dt_failure *failure)
{
    struct pb_task_failure_details *outer = NULL;
    struct pb_task_failure_details **place = &outer;
    for (int depth = 0; failure && depth < SDK_FAILURE_DEPTH_MAX; depth++) {
        struct dt_failure f;
        if (!sdk_options_copy(&f, sizeof f, failure))
            memset(&f, 0, sizeof f);
        struct pb_task_failure_details *wire =
            sdk_failure_make(arena, f.type, f.message, f.non_retriable, NULL);
        if (!wire)
            return NULL;
        if (f.stack_trace) {
            wire->stack_trace = pb_some(sdk_clean_utf8(arena, bytes_of_cstr(f.stack_trace)));
            if (!wire->stack_trace.value.data)
                return NULL;
        }
        *place = wire;
        place = &wire->inner_failure;
        failure = f.inner;
    }
    return outer;
}
