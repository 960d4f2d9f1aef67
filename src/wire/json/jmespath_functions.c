/* SPDX-License-Identifier: MIT */
/* jmespath_functions.c — the functions of the language by what they take: numbers, strings, arrays and objects, expressions,
 * anything; last the rows: name, what each argument may be, what it does. Each relies on the types that its row names. */
#include "wire/json/jmespath_call.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"

/* --- arguments and values --- */

static json_t *made(struct jmespath_function_call *call, json_t *value)
{
    if (!value)
        return jmespath_no_memory(call->run);
    return value;
}

static json_t *value_at(const struct jmespath_function_call *call, size_t index)
{
    return call->arguments[index].value;
}

static struct bytes text_at(const struct jmespath_function_call *call, size_t index)
{
    return json_bytes(value_at(call, index));
}

static json_t *string_of(struct jmespath_function_call *call, struct bytes text)
{
    return made(call, json_stringn(text.size ? (const char *)text.data : "", text.size));
}

/* A double as an integer where it is one, so that a sum of integers prints without a point. */
static json_t *number_of(struct jmespath_function_call *call, double number)
{
    bool whole = number == floor(number) && fabs(number) < 9007199254740992.0; /* 2^53 */
    return made(call, whole ? json_integer((json_int_t)number) : json_real(number));
}

/* --- numbers --- */

static json_t *apply_abs(struct jmespath_function_call *call)
{
    return number_of(call, fabs(json_number_value(value_at(call, 0))));
}

static json_t *apply_ceil(struct jmespath_function_call *call)
{
    return number_of(call, ceil(json_number_value(value_at(call, 0))));
}

static json_t *apply_floor(struct jmespath_function_call *call)
{
    return number_of(call, floor(json_number_value(value_at(call, 0))));
}

static double sum_of(const json_t *numbers)
{
    double sum = 0;
    for (size_t i = 0; i < json_array_size(numbers); i++)
        sum += json_number_value(json_array_get(numbers, i));
    return sum;
}

static json_t *apply_sum(struct jmespath_function_call *call)
{
    return number_of(call, sum_of(value_at(call, 0)));
}

static json_t *apply_avg(struct jmespath_function_call *call)
{
    size_t size = json_array_size(value_at(call, 0));
    if (size)
        return number_of(call, sum_of(value_at(call, 0)) / (double)size);
    return json_null();
}

/* --- strings --- */

static json_t *apply_starts_with(struct jmespath_function_call *call)
{
    return json_boolean(bytes_starts_with(text_at(call, 0), text_at(call, 1)));
}

static json_t *apply_ends_with(struct jmespath_function_call *call)
{
    struct bytes text = text_at(call, 0), end = text_at(call, 1);
    if (end.size > text.size)
        return json_false();
    return json_boolean(bytes_equal(bytes_slice(text, text.size - end.size, end.size), end));
}

static json_t *apply_join(struct jmespath_function_call *call)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const json_t *parts = value_at(call, 1);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        if (i > 0)
            buf_append_bytes(&out, text_at(call, 0));
        buf_append_bytes(&out, json_bytes(json_array_get(parts, i)));
    }
    if (buf_status(&out) != STATUS_OK)
        return jmespath_fail(call->run, buf_status(&out), "join() makes too long a string");
    return string_of(call, buf_peek(&out));
}

/* Whether `byte` begins a character: not one of 10xxxxxx. */
static bool begins_character(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

static size_t characters(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += begins_character(text.data[i]);
    return count;
}

/* Character by character from the end; the bytes of one character keep their order. */
static json_t *reverse_string(struct jmespath_function_call *call, struct bytes text)
{
    CLEANUP(buf_fini) struct buf out = {0};
    size_t end = text.size;
    for (size_t i = text.size; i-- > 0;) {
        if (!begins_character(text.data[i]))
            continue;
        buf_append_bytes(&out, bytes_slice(text, i, end - i));
        end = i;
    }
    if (buf_status(&out) != STATUS_OK)
        return made(call, NULL);
    return string_of(call, buf_peek(&out));
}

/* --- arrays and objects --- */

static bool array_contains(const json_t *array, const json_t *wanted)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (jmespath_equal(json_array_get(array, i), wanted))
            return true;
    return false;
}

static json_t *apply_contains(struct jmespath_function_call *call)
{
    const json_t *wanted = value_at(call, 1);
    if (json_is_array(value_at(call, 0)))
        return json_boolean(array_contains(value_at(call, 0), wanted));
    if (!json_is_string(wanted))
        return json_false();

    struct bytes text = text_at(call, 0);
    return json_boolean(json_bytes(wanted).size == 0 || bytes_find(text, json_bytes(wanted)) < text.size);
}

static json_t *apply_length(struct jmespath_function_call *call)
{
    const json_t *value = value_at(call, 0);
    if (json_is_string(value))
        return made(call, json_integer((json_int_t)characters(json_bytes(value))));

    size_t size = json_array_size(value) + json_object_size(value); /* one of them is 0 */
    return made(call, json_integer((json_int_t)size));
}

static json_t *apply_reverse(struct jmespath_function_call *call)
{
    if (json_is_string(value_at(call, 0)))
        return reverse_string(call, text_at(call, 0));

    json_t *out = made(call, json_array());
    for (size_t i = json_array_size(value_at(call, 0)); out && i-- > 0;)
        if (json_array_append(out, json_array_get(value_at(call, 0), i)) < 0) {
            json_decref(out);
            return made(call, NULL);
        }
    return out;
}

/* The members of an object: their names, or their values. */
static json_t *members_of(struct jmespath_function_call *call, bool names)
{
    json_t *object = value_at(call, 0);
    json_t *out = made(call, json_array());
    for (void *i = json_object_iter(object); out && i; i = json_object_iter_next(object, i)) {
        struct bytes name = bytes_of(json_object_iter_key(i), json_object_iter_key_len(i));
        json_t *item = names ? string_of(call, name) : json_incref(json_object_iter_value(i));
        if (!item || json_array_append_new(out, item) < 0) {
            json_decref(out);
            return made(call, NULL);
        }
    }
    return out;
}

static json_t *apply_keys(struct jmespath_function_call *call)
{
    return members_of(call, true);
}

static json_t *apply_values(struct jmespath_function_call *call)
{
    return members_of(call, false);
}

static json_t *apply_merge(struct jmespath_function_call *call)
{
    json_t *out = made(call, json_object());
    for (size_t i = 0; out && i < call->size; i++)
        if (json_object_update(out, value_at(call, i)) < 0) {
            json_decref(out);
            return made(call, NULL);
        }
    return out;
}

static json_t *apply_not_null(struct jmespath_function_call *call)
{
    for (size_t i = 0; i < call->size; i++)
        if (!json_is_null(value_at(call, i)))
            return json_incref(value_at(call, i));
    return json_null();
}

/* --- what asks an expression of each item --- */

/* The key of each item, in order; NULL after a fault. `keys_wanted` are the kinds that the keys may be, all the same;
 * 0 takes any. */
static json_t *keys_of(struct jmespath_function_call *call, const json_t *items,
                       const struct jmespath_node *expref, bool must_have_order)
{
    json_t *keys = made(call, json_array());
    for (size_t i = 0; keys && i < json_array_size(items); i++) {
        json_t *key = jmespath_evaluate(call->run, expref, json_array_get(items, i));
        if (!key || json_array_append_new(keys, key) < 0) {
            json_decref(keys);
            return made(call, NULL);
        }
    }

    if (keys && must_have_order && !jmespath_all_are(keys, KIND_NUMBERS) &&
        !jmespath_all_are(keys, KIND_STRINGS)) {
        json_decref(keys);
        return jmespath_fail(call->run, STATUS_INVALID_ARGUMENT,
                             "%s() needs a key that is a number for each item, or a string for each",
                             call->function->name);
    }
    return keys;
}

static json_t *apply_map(struct jmespath_function_call *call)
{
    return keys_of(call, value_at(call, 1), call->arguments[0].expref, false);
}

struct sorted_item {
    const json_t *key;
    json_t *item;
    size_t place; /* equal keys keep their order */
};

static int compare_items(const void *left, const void *right)
{
    const struct sorted_item *a = left, *b = right;
    int order = jmespath_order(a->key, b->key);
    return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* `items` by `keys`, which may be the same array. */
static json_t *sorted_by(struct jmespath_function_call *call, const json_t *items, const json_t *keys)
{
    size_t size = json_array_size(items);
    struct sorted_item *rows = calloc(MAX(size, (size_t)1), sizeof *rows);
    json_t *out = rows ? json_array() : NULL;
    for (size_t i = 0; out && i < size; i++)
        rows[i] = (struct sorted_item){json_array_get(keys, i), json_array_get(items, i), i};

    if (out)
        qsort(rows, size, sizeof *rows, compare_items);
    bool whole = out;
    for (size_t i = 0; whole && i < size; i++)
        whole = json_array_append(out, rows[i].item) == 0;

    free(rows);
    if (!whole) {
        json_decref(out);
        return made(call, NULL);
    }
    return out;
}

static json_t *apply_sort(struct jmespath_function_call *call)
{
    return sorted_by(call, value_at(call, 0), value_at(call, 0));
}

static json_t *apply_sort_by(struct jmespath_function_call *call)
{
    CLEANUP(json_release) json_t *keys = keys_of(call, value_at(call, 0), call->arguments[1].expref, true);
    if (!keys)
        return NULL;
    return sorted_by(call, value_at(call, 0), keys);
}

/* The first of the items whose key is the least (`sign` -1) or the greatest (1); null of none. */
static json_t *extreme(const json_t *items, const json_t *keys, int sign)
{
    size_t best = 0;
    if (json_array_size(items) == 0)
        return json_null();
    for (size_t i = 1; i < json_array_size(items); i++)
        if (sign * jmespath_order(json_array_get(keys, i), json_array_get(keys, best)) > 0)
            best = i;
    return json_incref(json_array_get(items, best));
}

static json_t *apply_max(struct jmespath_function_call *call)
{
    return extreme(value_at(call, 0), value_at(call, 0), 1);
}

static json_t *apply_min(struct jmespath_function_call *call)
{
    return extreme(value_at(call, 0), value_at(call, 0), -1);
}

static json_t *extreme_by(struct jmespath_function_call *call, int sign)
{
    CLEANUP(json_release) json_t *keys = keys_of(call, value_at(call, 0), call->arguments[1].expref, true);
    if (!keys)
        return NULL;
    return extreme(value_at(call, 0), keys, sign);
}

static json_t *apply_max_by(struct jmespath_function_call *call)
{
    return extreme_by(call, 1);
}

static json_t *apply_min_by(struct jmespath_function_call *call)
{
    return extreme_by(call, -1);
}

/* --- conversions --- */

static json_t *apply_type(struct jmespath_function_call *call)
{
    return made(call, json_string(jmespath_type_name(value_at(call, 0))));
}

static json_t *apply_to_array(struct jmespath_function_call *call)
{
    json_t *value = value_at(call, 0);
    if (json_is_array(value))
        return json_incref(value);

    json_t *out = made(call, json_array());
    if (out && json_array_append(out, value) < 0) {
        json_decref(out);
        return made(call, NULL);
    }
    return out;
}

static json_t *apply_to_string(struct jmespath_function_call *call)
{
    json_t *value = value_at(call, 0);
    if (json_is_string(value))
        return json_incref(value);

    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *string = text ? json_string(text) : NULL;
    free(text);
    return made(call, string);
}

/* Of a string only what JSON takes as a number; anything else is null. */
static json_t *apply_to_number(struct jmespath_function_call *call)
{
    json_t *value = value_at(call, 0);
    if (json_is_number(value))
        return json_incref(value);

    json_t *number = NULL;
    if (!json_is_string(value) || json_parse(json_bytes(value), NULL, &number, NULL) != STATUS_OK)
        return json_null();
    if (json_is_number(number))
        return number;
    json_decref(number);
    return json_null();
}

/* --- the rows --- */

const struct jmespath_function jmespath_functions[] = {
    {"abs", apply_abs, {KIND_NUMBER}, 1, false},
    {"avg", apply_avg, {KIND_NUMBERS}, 1, false},
    {"ceil", apply_ceil, {KIND_NUMBER}, 1, false},
    {"contains", apply_contains, {KIND_ARRAY | KIND_STRING, KIND_ANY}, 2, false},
    {"ends_with", apply_ends_with, {KIND_STRING, KIND_STRING}, 2, false},
    {"floor", apply_floor, {KIND_NUMBER}, 1, false},
    {"join", apply_join, {KIND_STRING, KIND_STRINGS}, 2, false},
    {"keys", apply_keys, {KIND_OBJECT}, 1, false},
    {"length", apply_length, {KIND_STRING | KIND_ARRAY | KIND_OBJECT}, 1, false},
    {"map", apply_map, {KIND_EXPREF, KIND_ARRAY}, 2, false},
    {"max", apply_max, {KIND_NUMBERS | KIND_STRINGS}, 1, false},
    {"max_by", apply_max_by, {KIND_ARRAY, KIND_EXPREF}, 2, false},
    {"merge", apply_merge, {KIND_OBJECT}, 1, true},
    {"min", apply_min, {KIND_NUMBERS | KIND_STRINGS}, 1, false},
    {"min_by", apply_min_by, {KIND_ARRAY, KIND_EXPREF}, 2, false},
    {"not_null", apply_not_null, {KIND_ANY}, 1, true},
    {"reverse", apply_reverse, {KIND_ARRAY | KIND_STRING}, 1, false},
    {"sort", apply_sort, {KIND_NUMBERS | KIND_STRINGS}, 1, false},
    {"sort_by", apply_sort_by, {KIND_ARRAY, KIND_EXPREF}, 2, false},
    {"starts_with", apply_starts_with, {KIND_STRING, KIND_STRING}, 2, false},
    {"sum", apply_sum, {KIND_NUMBERS}, 1, false},
    {"to_array", apply_to_array, {KIND_ANY}, 1, false},
    {"to_number", apply_to_number, {KIND_ANY}, 1, false},
    {"to_string", apply_to_string, {KIND_ANY}, 1, false},
    {"type", apply_type, {KIND_ANY}, 1, false},
    {"values", apply_values, {KIND_OBJECT}, 1, false},
};
const size_t jmespath_function_count = ARRAY_SIZE(jmespath_functions);
