/* SPDX-License-Identifier: MIT */
/* json_read.c — the bounds, then jansson. */
#include "wire/json/json.h"

static size_t or_default(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

/* Counts what the text would make jansson build. Strings are skipped; whether the text is JSON at all is left
 * to jansson: on text that is none, the counts may be wrong but the pass stays linear. */
static enum status check_bounds(struct bytes text, size_t depth_max, size_t values_max, struct err *err)
{
    size_t depth = 0, values = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (c == '[' || c == '{') {
            if (++depth > depth_max)
                return err_set(err, STATUS_MALFORMED, "JSON is nested deeper than %zu", depth_max);
            values++;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',' || c == ':') {
            values++;
        }
    }
    if (values > values_max)
        return err_set(err, STATUS_TOO_LARGE, "JSON has more than %zu values", values_max);
    return STATUS_OK;
}

enum status json_parse(struct bytes text, const struct json_limits *limits, json_t **ret_value,
                       struct err *err)
{
    static const struct json_limits none = {0};
    if (!limits)
        limits = &none;
    size_t size_max = or_default(limits->size_max, JSON_SIZE_MAX_DEFAULT);
    if (text.size > size_max)
        return err_set(err, STATUS_TOO_LARGE, "JSON is longer than %zu bytes", size_max);
    /* It is nowhere in JSON, and jansson takes one behind a number or a word for the end. */
    const uint8_t *nul = text.size ? memchr(text.data, '\0', text.size) : NULL;
    if (nul)
        return err_set(err, STATUS_MALFORMED, "not JSON: a NUL at byte %zu", (size_t)(nul - text.data));
    enum status status = check_bounds(text, or_default(limits->depth_max, JSON_DEPTH_MAX_DEFAULT),
                                      or_default(limits->values_max, JSON_VALUES_MAX_DEFAULT), err);
    if (status)
        return status;
    size_t flags =
        JSON_DECODE_ANY | JSON_ALLOW_NUL | (limits->last_duplicate_wins ? 0 : JSON_REJECT_DUPLICATES);
    json_error_t fault;
    json_t *value = json_loadb(text.size ? (const char *)text.data : "", text.size, flags, &fault);
    if (!value)
        return err_set(err, STATUS_MALFORMED, "not JSON: %s (line %d, column %d)", fault.text, fault.line,
                       fault.column);
    *ret_value = value;
    return STATUS_OK;
}

bool json_whole(const json_t *value, int64_t *ret_number)
{
    if (json_is_integer(value)) {
        *ret_number = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || !(real > -0x1p63 && real < 0x1p63) || (double)(int64_t)real != real)
        return false;
    *ret_number = (int64_t)real;
    return true;
}

struct bytes json_bytes(const json_t *value)
{
    if (!json_is_string(value))
        return (struct bytes){0};
    return bytes_of(json_string_value(value), json_string_length(value));
}

json_t *json_get_nocase(const json_t *object, const char *name)
{
    struct bytes wanted = bytes_of_cstr(name);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (bytes_equal_nocase(bytes_of_cstr(key), wanted))
            return value;
    }
    return NULL;
}
