/* SPDX-License-Identifier: MIT */
/* functions_value.c — functions on numbers, truth, arrays and objects. */
#include "core/template/functions.h"

#include "wire/json/json.h"

#define ANY           EXPRESSION_ARGUMENTS_MAX
#define RANGE_LONGEST 10000

/* --- equality and order --- */

static json_t *equals(const struct template_call *call)
{
    return json_boolean(json_equal(call->values[0], call->values[1]));
}

/* Below 0, 0 or above; false with the error. */
static bool compare(const struct template_call *call, int *ret_order)
{
    const json_t *one = call->values[0];
    const json_t *other = call->values[1];
    if (json_is_integer(one) && json_is_integer(other)) {
        json_int_t a = json_integer_value(one);
        json_int_t b = json_integer_value(other);
        *ret_order = (a > b) - (a < b);
        return true;
    }
    if (json_is_string(one) && json_is_string(other)) {
        *ret_order = bytes_compare(json_bytes(one), json_bytes(other));
        return true;
    }
    (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT, "two whole numbers or two texts are compared");
    return false;
}

static json_t *less(const struct template_call *call)
{
    int order;
    return compare(call, &order) ? json_boolean(order < 0) : NULL;
}

static json_t *less_or_equals(const struct template_call *call)
{
    int order;
    return compare(call, &order) ? json_boolean(order <= 0) : NULL;
}

static json_t *greater(const struct template_call *call)
{
    int order;
    return compare(call, &order) ? json_boolean(order > 0) : NULL;
}

static json_t *greater_or_equals(const struct template_call *call)
{
    int order;
    return compare(call, &order) ? json_boolean(order >= 0) : NULL;
}

static json_t *negate(const struct template_call *call)
{
    bool value;
    return template_take_bool(call, 0, &value) ? json_boolean(!value) : NULL;
}

static json_t *say_true(const struct template_call *call)
{
    return json_true();
}

static json_t *say_false(const struct template_call *call)
{
    return json_false();
}

static json_t *say_null(const struct template_call *call)
{
    return json_null();
}

static json_t *to_bool(const struct template_call *call)
{
    const json_t *value = call->values[0];
    if (json_is_boolean(value))
        return json_incref(call->values[0]);
    if (json_is_integer(value))
        return json_boolean(json_integer_value(value) != 0);
    bool yes = bytes_equal_nocase(json_bytes(value), BYTES_LITERAL("true"));
    if (yes || bytes_equal_nocase(json_bytes(value), BYTES_LITERAL("false")))
        return json_boolean(yes);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 is neither true nor false");
}

/* --- numbers --- */

static json_t *calculate(const struct template_call *call, char sign)
{
    int64_t a;
    int64_t b;
    int64_t result = 0;
    if (!template_take_number(call, 0, &a) || !template_take_number(call, 1, &b))
        return NULL;
    bool divides = sign == '/' || sign == '%';
    bool over = divides && (b == 0 || (a == INT64_MIN && b == -1));
    if (sign == '+')
        over = __builtin_add_overflow(a, b, &result);
    if (sign == '-')
        over = __builtin_sub_overflow(a, b, &result);
    if (sign == '*')
        over = __builtin_mul_overflow(a, b, &result);
    if (over)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                             "the result is no whole number of 64 bits");
    if (sign == '/')
        result = a / b;
    if (sign == '%')
        result = a % b;
    return json_integer(result);
}

static json_t *add(const struct template_call *call)
{
    return calculate(call, '+');
}

static json_t *subtract(const struct template_call *call)
{
    return calculate(call, '-');
}

static json_t *multiply(const struct template_call *call)
{
    return calculate(call, '*');
}

static json_t *divide(const struct template_call *call)
{
    return calculate(call, '/');
}

static json_t *modulo(const struct template_call *call)
{
    return calculate(call, '%');
}

static json_t *to_int(const struct template_call *call)
{
    int64_t number;
    if (json_is_integer(call->values[0]))
        return json_incref(call->values[0]);
    if (json_is_string(call->values[0]) && bytes_parse_i64(json_bytes(call->values[0]), &number) == STATUS_OK)
        return json_integer(number);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 is no whole number");
}

/* Of the arguments, or of the one array that they are. */
static json_t *extreme(const struct template_call *call, bool largest)
{
    bool array = call->count == 1 && json_is_array(call->values[0]);
    size_t count = array ? json_array_size(call->values[0]) : call->count;
    const json_t *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = array ? json_array_get(call->values[0], i) : call->values[i];
        if (!json_is_integer(one))
            return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "an argument is no whole number");
        bool better = !best || (json_integer_value(one) > json_integer_value(best)) == largest;
        if (better)
            best = one;
    }
    if (!best)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "the array is empty");
    return json_incref((json_t *)best);
}

static json_t *least(const struct template_call *call)
{
    return extreme(call, false);
}

static json_t *most(const struct template_call *call)
{
    return extreme(call, true);
}

static json_t *range(const struct template_call *call)
{
    int64_t from;
    int64_t count;
    if (!template_take_number(call, 0, &from) || !template_take_number(call, 1, &count))
        return NULL;
    if (count < 0 || count > RANGE_LONGEST || from > INT32_MAX || from < INT32_MIN)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "a range has 0 to %d numbers of 32 bits",
                             RANGE_LONGEST);
    json_t *items = template_spend(call->scope, (size_t)count * 16) ? json_array() : NULL;
    for (int64_t i = 0; i < count && items; i++)
        (void)json_array_append_new(items, json_integer(from + i));
    return items;
}

/* --- arrays and objects --- */

static size_t size_of(const json_t *value)
{
    if (json_is_array(value))
        return json_array_size(value);
    if (json_is_object(value))
        return json_object_size(value);
    size_t size = 0;
    struct bytes text = json_bytes(value);
    for (size_t i = 0; i < text.size; i++)
        size += (text.data[i] & 0xc0) != 0x80;
    return size;
}

static json_t *length(const struct template_call *call)
{
    const json_t *value = call->values[0];
    if (json_is_array(value) || json_is_object(value) || json_is_string(value))
        return json_integer((json_int_t)size_of(value));
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 has no length");
}

static json_t *empty(const struct template_call *call)
{
    const json_t *value = call->values[0];
    if (json_is_array(value) || json_is_object(value) || json_is_string(value) || json_is_null(value))
        return json_boolean(size_of(value) == 0);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 cannot be empty");
}

static bool holds(const json_t *array, const json_t *wanted)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_equal(json_array_get(array, i), wanted))
            return true;
    return false;
}

static json_t *contains(const struct template_call *call)
{
    const json_t *where = call->values[0];
    struct bytes text = json_bytes(call->values[1]);
    if (json_is_array(where))
        return json_boolean(holds(where, call->values[1]));
    if (json_is_object(where) && json_is_string(call->values[1]))
        return json_boolean(template_member(where, text) != NULL);
    if (json_is_string(where) && json_is_string(call->values[1]))
        return json_boolean(text.size == 0 || bytes_find(json_bytes(where), text) < json_bytes(where).size);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 holds nothing of that kind");
}

static json_t *end_of(const struct template_call *call, bool last)
{
    const json_t *value = call->values[0];
    struct bytes text = json_bytes(value);
    if (json_is_array(value)) {
        size_t count = json_array_size(value);
        return count ? json_incref(json_array_get(value, last ? count - 1 : 0)) : json_null();
    }
    if (!json_is_string(value))
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 must be a text or an array");
    size_t start = last && text.size ? text.size - 1 : 0;
    while (last && start > 0 && (text.data[start] & 0xc0) == 0x80)
        start--;
    size_t end = start + (text.size > 0);
    while (end < text.size && (text.data[end] & 0xc0) == 0x80)
        end++;
    return template_text(call->scope, bytes_slice(text, start, end - start));
}

static json_t *first(const struct template_call *call)
{
    return end_of(call, false);
}

static json_t *last(const struct template_call *call)
{
    return end_of(call, true);
}

static json_t *make_array(const struct template_call *call)
{
    json_t *items = json_array();
    for (size_t i = 0; i < call->count && items; i++)
        (void)json_array_append(items, call->values[i]);
    return items;
}

static json_t *to_array(const struct template_call *call)
{
    return json_is_array(call->values[0]) ? json_incref(call->values[0]) : make_array(call);
}

static json_t *make_object(const struct template_call *call)
{
    json_t *object = json_object();
    if (call->count % 2)
        (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT, "an argument is missing: names and values");
    bool good = object && call->count % 2 == 0;
    for (size_t i = 0; i + 1 < call->count && good; i += 2) {
        const char *name;
        good = template_cstr(call->scope, call->values[i], "a name", &name) &&
               template_spend(call->scope, strlen(name) + 16) &&
               json_object_set(object, name, call->values[i + 1]) == 0;
    }
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

/* The items of an object, in the order of their names. */
static json_t *items(const struct template_call *call)
{
    const char *name;
    json_t *value;
    json_t *list = json_array();
    if (!json_is_object(call->values[0])) {
        json_decref(list);
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 must be an object");
    }
    bool good = list != NULL;
    json_object_foreach(call->values[0], name, value)
    {
        json_t *item = json_pack("{s:s, s:O}", "key", name, "value", value);
        size_t at = 0;
        good = good && template_spend(call->scope, strlen(name) + 32);
        while (at < json_array_size(list) &&
               strcmp(json_member_text(json_array_get(list, at), "key"), name) < 0)
            at++;
        good = good && item && json_array_insert(list, at, item) == 0;
        json_decref(item);
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

/* Objects within each other; what stands later counts. `depth`: the values' own is bounded. */
static bool merge(struct template_scope *scope, json_t *into, const json_t *from)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)from, name, value)
    {
        json_t *own = json_object_get(into, name);
        if (!template_spend(scope, strlen(name) + 16))
            return false;
        bool good;
        if (json_is_object(own) && json_is_object(value)) {
            /* What is merged into may be shared with a variable. */
            json_t *copy = json_copy(own);
            good = copy && merge(scope, copy, value) && json_object_set(into, name, copy) == 0;
            json_decref(copy);
        } else {
            good = json_object_set(into, name, value) == 0;
        }
        if (!good)
            return false;
    }
    return true;
}

static json_t *unite_arrays(const struct template_call *call)
{
    json_t *all = json_array();
    bool good = all != NULL;
    for (size_t i = 0; i < call->count && good; i++) {
        good = json_is_array(call->values[i]);
        for (size_t k = 0; k < json_array_size(call->values[i]) && good; k++) {
            const json_t *one = json_array_get(call->values[i], k);
            good = template_spend(call->scope, 16 + json_array_size(all));
            if (good && !holds(all, one))
                good = json_array_append(all, (json_t *)one) == 0;
        }
    }
    if (good)
        return all;
    json_decref(all);
    return call->scope->err->text[0]
               ? NULL
               : template_fail(call->scope, STATUS_INVALID_ARGUMENT, "arrays and others cannot be united");
}

static json_t *unite(const struct template_call *call)
{
    if (json_is_array(call->values[0]))
        return unite_arrays(call);
    json_t *all = json_object();
    bool good = all != NULL;
    for (size_t i = 0; i < call->count && good; i++) {
        bool fits = json_is_object(call->values[i]);
        if (!fits)
            (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT, "objects and others cannot be united");
        good = fits && merge(call->scope, all, call->values[i]);
    }
    if (good)
        return all;
    json_decref(all);
    return NULL;
}

static json_t *intersect(const struct template_call *call)
{
    json_t *all = json_array();
    bool good = all && json_is_array(call->values[0]) && json_is_array(call->values[1]);
    for (size_t i = 0; good && i < json_array_size(call->values[0]); i++) {
        json_t *one = json_array_get(call->values[0], i);
        good = template_spend(call->scope, 16 + json_array_size(call->values[1]));
        if (good && holds(call->values[1], one) && !holds(all, one))
            good = json_array_append(all, one) == 0;
    }
    if (good)
        return all;
    json_decref(all);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "both arguments must be arrays");
}

static json_t *from_json(const struct template_call *call)
{
    struct bytes text;
    json_t *value = NULL;
    struct err err = {0};
    const struct json_limits limits = {.depth_max = TEMPLATE_VALUE_DEPTH_MAX, .values_max = 20000};
    if (!template_take_text(call, 0, &text) || !template_spend(call->scope, text.size))
        return NULL;
    if (json_parse(text, &limits, &value, &err) == STATUS_OK)
        return value;
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 is not JSON: %s", err.text);
}

const struct template_function template_value_functions[] = {
    {"equals", 2, 2, equals},
    {"less", 2, 2, less},
    {"lessOrEquals", 2, 2, less_or_equals},
    {"greater", 2, 2, greater},
    {"greaterOrEquals", 2, 2, greater_or_equals},
    {"not", 1, 1, negate},
    {"true", 0, 0, say_true},
    {"false", 0, 0, say_false},
    {"null", 0, 0, say_null},
    {"bool", 1, 1, to_bool},
    {"add", 2, 2, add},
    {"sub", 2, 2, subtract},
    {"mul", 2, 2, multiply},
    {"div", 2, 2, divide},
    {"mod", 2, 2, modulo},
    {"int", 1, 1, to_int},
    {"min", 1, ANY, least},
    {"max", 1, ANY, most},
    {"range", 2, 2, range},
    {"length", 1, 1, length},
    {"empty", 1, 1, empty},
    {"contains", 2, 2, contains},
    {"first", 1, 1, first},
    {"last", 1, 1, last},
    {"array", 1, 1, to_array},
    {"createArray", 0, ANY, make_array},
    {"createObject", 0, ANY, make_object},
    {"items", 1, 1, items},
    {"union", 1, ANY, unite},
    {"intersection", 2, 2, intersect},
    {"json", 1, 1, from_json},
    {.name = NULL},
};
