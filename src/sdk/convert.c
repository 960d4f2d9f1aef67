/* SPDX-License-Identifier: MIT */
#include "sdk/convert.h"

#include "sdk/options.h"

STATUS_RESULT sdk_text_of_opt(struct arena *a, struct pb_opt_bytes value, const char **ret_text)
{
    const char *text = NULL;
    if (value.present) {
        text = arena_cstr(a, value.value);
        if (!text)
            return STATUS_NO_MEMORY;
    }
    *ret_text = text;
    return STATUS_OK;
}

STATUS_RESULT sdk_tags_of_wire(struct arena *a, const struct pb_string_entry *wire, size_t count,
                               const struct dt_tag **ret_tags)
{
    struct dt_tag *tags = arena_alloc_array(a, count, sizeof *tags);
    if (!tags)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        tags[i].key = arena_cstr(a, wire[i].key);
        tags[i].value = arena_cstr(a, wire[i].value);
        if (!tags[i].key || !tags[i].value)
            return STATUS_NO_MEMORY;
    }
    *ret_tags = tags;
    return STATUS_OK;
}

static STATUS_RESULT copy_valid(struct arena *a, const char *text, struct bytes *ret_copy)
{
    if (!text || !bytes_utf8_valid(bytes_of_cstr(text)))
        return STATUS_INVALID_ARGUMENT;
    struct bytes copy = arena_copy(a, bytes_of_cstr(text));
    if (!copy.data)
        return STATUS_NO_MEMORY;
    *ret_copy = copy;
    return STATUS_OK;
}

STATUS_RESULT sdk_tags_to_wire(struct arena *a, const struct dt_tag *tags, size_t count,
                               struct pb_string_entry **ret_wire)
{
    struct pb_string_entry *wire = arena_alloc_array(a, count, sizeof *wire);
    if (!wire)
        return STATUS_NO_MEMORY;
    if (count && !tags)
        return STATUS_INVALID_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        enum status s = copy_valid(a, tags[i].key, &wire[i].key);
        if (s == STATUS_OK)
            s = copy_valid(a, tags[i].value, &wire[i].value);
        if (s != STATUS_OK)
            return s;
    }
    *ret_wire = wire;
    return STATUS_OK;
}

STATUS_RESULT sdk_opt_of_text(struct arena *a, const char *text, struct pb_opt_bytes *ret_value)
{
    struct pb_opt_bytes value = pb_none();
    if (text) {
        value.present = true;
        enum status s = copy_valid(a, text, &value.value);
        if (s != STATUS_OK)
            return s;
    }
    *ret_value = value;
    return STATUS_OK;
}

static struct dt_failure *failure_level(struct arena *a, const struct pb_task_failure_details *wire)
{
    struct dt_failure *f = arena_alloc(a, sizeof *f);
    if (!f)
        return NULL;
    f->size = sizeof *f;
    f->type = arena_cstr(a, wire->error_type);
    f->message = arena_cstr(a, wire->error_message);
    f->non_retriable = wire->is_non_retriable;
    if (!f->type || !f->message || sdk_text_of_opt(a, wire->stack_trace, &f->stack_trace) != STATUS_OK)
        return NULL;
    return f;
}

struct dt_failure *sdk_failure_of_wire(struct arena *a, const struct pb_task_failure_details *wire)
{
    struct dt_failure *outer = NULL;
    const struct dt_failure **place = NULL;
    for (int depth = 0; wire && depth < SDK_FAILURE_DEPTH_MAX; depth++, wire = wire->inner_failure) {
        struct dt_failure *level = failure_level(a, wire);
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

struct bytes sdk_clean_utf8(struct arena *a, struct bytes text)
{
    struct bytes copy = arena_copy(a, text);
    if (!copy.data || bytes_utf8_valid(copy))
        return copy;
    uint8_t *out = (uint8_t *)copy.data;
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

struct pb_task_failure_details *sdk_failure_make(struct arena *a, const char *type, const char *message,
                                                 bool non_retriable, struct pb_task_failure_details *inner)
{
    struct pb_task_failure_details *wire = arena_alloc(a, sizeof *wire);
    if (!wire)
        return NULL;
    wire->error_type = sdk_clean_utf8(a, bytes_of_cstr(type ? type : "Error"));
    wire->error_message = sdk_clean_utf8(a, bytes_of_cstr(message));
    wire->is_non_retriable = non_retriable;
    wire->inner_failure = inner;
    return wire->error_type.data && wire->error_message.data ? wire : NULL;
}

struct pb_task_failure_details *sdk_failure_to_wire(struct arena *a, const struct dt_failure *failure)
{
    struct pb_task_failure_details *outer = NULL;
    struct pb_task_failure_details **place = &outer;
    for (int depth = 0; failure && depth < SDK_FAILURE_DEPTH_MAX; depth++) {
        struct dt_failure f;
        if (!sdk_options_copy(&f, sizeof f, failure))
            memset(&f, 0, sizeof f);
        struct pb_task_failure_details *wire = sdk_failure_make(a, f.type, f.message, f.non_retriable, NULL);
        if (!wire)
            return NULL;
        if (f.stack_trace) {
            wire->stack_trace = pb_some(sdk_clean_utf8(a, bytes_of_cstr(f.stack_trace)));
            if (!wire->stack_trace.value.data)
                return NULL;
        }
        *place = wire;
        place = &wire->inner_failure;
        failure = f.inner;
    }
    return outer;
}
