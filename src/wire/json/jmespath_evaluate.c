/* SPDX-License-Identifier: MIT */
/* jmespath_evaluate.c — nodes and a value to a value.
 * Each kind of node has a function in one table. A value is handed down borrowed and comes back as a new reference; the
 * first fault is noted in the run, and NULL goes up to the top. */
#include "base/no_memory.h"
#include "wire/json/jmespath_internal.h"

#include <stdarg.h>
#include <stdio.h>

typedef json_t *evaluate_fn(struct jmespath_run *run, const struct jmespath_node *node, json_t *value);

json_t *jmespath_fail(struct jmespath_run *run, enum status status, const char *fmt, ...)
{
    if (run->status)
        return NULL;

    char text[sizeof run->err->text];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(text, sizeof text, fmt, arguments);
    va_end(arguments);

    run->status = err_set(run->err, status, "%s", text);
    return NULL;
}

json_t *jmespath_no_memory(struct jmespath_run *run)
{
    return jmespath_fail(run, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

/* NULL becomes a fault: the places that allocate end with it. */
static json_t *made(struct jmespath_run *run, json_t *value)
{
    if (!value)
        return jmespath_no_memory(run);
    return value;
}

/* Takes over `item`. False if it is NULL or cannot be kept; the fault is noted. */
static bool append(struct jmespath_run *run, json_t *list, json_t *item)
{
    if (!item)
        return false;
    if (json_array_append_new(list, item) == 0)
        return true;
    (void)jmespath_no_memory(run);
    return false;
}

/* --- truth and order --- */

/* null, false and what is empty are false. */
static bool is_true(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    default:
        return true;
    }
}

static bool equal_arrays(const json_t *left, const json_t *right)
{
    if (json_array_size(left) != json_array_size(right))
        return false;
    for (size_t i = 0; i < json_array_size(left); i++)
        if (!jmespath_equal(json_array_get(left, i), json_array_get(right, i)))
            return false;
    return true;
}

static bool equal_objects(const json_t *left, const json_t *right)
{
    if (json_object_size(left) != json_object_size(right))
        return false;

    json_t *members = (json_t *)left; /* the iteration takes no const; nothing is changed */
    for (void *i = json_object_iter(members); i; i = json_object_iter_next(members, i)) {
        const json_t *other = json_object_getn(right, json_object_iter_key(i), json_object_iter_key_len(i));
        if (!other || !jmespath_equal(json_object_iter_value(i), other))
            return false;
    }
    return true;
}

int jmespath_order(const json_t *left, const json_t *right)
{
    if (json_is_string(left))
        return bytes_compare(json_bytes(left), json_bytes(right));
    if (json_is_integer(left) && json_is_integer(right)) {
        json_int_t a = json_integer_value(left), b = json_integer_value(right);
        return (a > b) - (a < b);
    }
    double a = json_number_value(left), b = json_number_value(right);
    return (a > b) - (a < b);
}

bool jmespath_equal(const json_t *left, const json_t *right)
{
    if (json_is_number(left) && json_is_number(right))
        return jmespath_order(left, right) == 0;
    if (json_typeof(left) != json_typeof(right))
        return false;

    switch (json_typeof(left)) {
    case JSON_OBJECT:
        return equal_objects(left, right);
    case JSON_ARRAY:
        return equal_arrays(left, right);
    case JSON_STRING:
        return bytes_equal(json_bytes(left), json_bytes(right));
    default:
        return true;
    }
}

/* --- the nodes --- */

static json_t *evaluate_identity(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    (void)run, (void)node;
    return json_incref(value);
}

static json_t *evaluate_field(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    json_t *member = json_object_getn(value, (const char *)node->name.data, node->name.size);
    if (member)
        return json_incref(member);
    return json_null();
}

static json_t *evaluate_literal(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    (void)run, (void)value;
    return json_incref(node->literal);
}

static json_t *evaluate_index(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    int64_t size = (int64_t)json_array_size(value);
    int64_t index = node->index < 0 ? node->index + size : node->index;
    if (index < 0 || index >= size)
        return json_null();
    return json_incref(json_array_get(value, (size_t)index));
}

/* An end of a slice, brought into `low` to `high`; below 0 it counts from the end. */
static int64_t slice_end(int64_t end, int64_t size, int64_t low, int64_t high)
{
    if (end < 0)
        end += size;
    return MIN(MAX(end, low), high);
}

static json_t *evaluate_slice(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    const struct jmespath_slice *slice = &node->slice;
    if (!json_is_array(value))
        return json_null();
    if (slice->step == 0)
        return jmespath_fail(run, STATUS_INVALID_ARGUMENT, "a slice of the query has a step of 0");

    /* Backwards, the places run from size - 1 down to -1, which is one before the first. */
    bool backwards = slice->step < 0;
    int64_t size = (int64_t)json_array_size(value);
    int64_t low = backwards ? -1 : 0;
    int64_t high = backwards ? size - 1 : size;
    int64_t start = backwards ? high : low;
    int64_t stop = backwards ? low : high;
    if (slice->has_start)
        start = slice_end(slice->start, size, low, high);
    if (slice->has_stop)
        stop = slice_end(slice->stop, size, low, high);

    /* A step over the whole list takes its first place only; so the sum below cannot overflow. */
    int64_t step = MIN(MAX(slice->step, -size - 1), size + 1);
    json_t *out = made(run, json_array());
    for (int64_t i = start; out && (backwards ? i > stop : i < stop); i += step)
        if (!append(run, out, json_incref(json_array_get(value, (size_t)i)))) {
            json_decref(out);
            return NULL;
        }
    return out;
}

static json_t *evaluate_chain(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    CLEANUP(json_release) json_t *left = jmespath_evaluate(run, node->left, value);
    if (!left)
        return NULL;
    return jmespath_evaluate(run, node->right, left);
}

static bool append_flat(struct jmespath_run *run, json_t *out, json_t *item)
{
    if (!json_is_array(item))
        return append(run, out, json_incref(item));
    if (json_array_extend(out, item) == 0)
        return true;
    (void)jmespath_no_memory(run);
    return false;
}

static json_t *evaluate_flatten(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    CLEANUP(json_release) json_t *list = jmespath_evaluate(run, node->left, value);
    if (!list)
        return NULL;
    if (!json_is_array(list))
        return json_null();

    json_t *out = made(run, json_array());
    for (size_t i = 0; out && i < json_array_size(list); i++)
        if (!append_flat(run, out, json_array_get(list, i))) {
            json_decref(out);
            return NULL;
        }
    return out;
}

/* Whether the filter `node` lets `item` pass; false after a fault, too. */
static bool passes(struct jmespath_run *run, const struct jmespath_node *node, json_t *item)
{
    if (!node->condition)
        return true;
    CLEANUP(json_release) json_t *holds = jmespath_evaluate(run, node->condition, item);
    return holds && is_true(holds);
}

/* Adds what the right side of `node` finds in `item`. A projection leaves out what finds nothing. */
static bool project(struct jmespath_run *run, const struct jmespath_node *node, json_t *item, json_t *out)
{
    if (!passes(run, node, item))
        return run->status == STATUS_OK;

    json_t *found = jmespath_evaluate(run, node->right, item);
    if (json_is_null(found)) {
        json_decref(found);
        return true;
    }
    return append(run, out, found);
}

static json_t *evaluate_list_projection(struct jmespath_run *run, const struct jmespath_node *node,
                                        json_t *value)
{
    CLEANUP(json_release) json_t *list = jmespath_evaluate(run, node->left, value);
    if (!list)
        return NULL;
    if (!json_is_array(list))
        return json_null();

    json_t *out = made(run, json_array());
    for (size_t i = 0; out && i < json_array_size(list); i++)
        if (!project(run, node, json_array_get(list, i), out)) {
            json_decref(out);
            return NULL;
        }
    return out;
}

static json_t *evaluate_value_projection(struct jmespath_run *run, const struct jmespath_node *node,
                                         json_t *value)
{
    CLEANUP(json_release) json_t *object = jmespath_evaluate(run, node->left, value);
    if (!object)
        return NULL;
    if (!json_is_object(object))
        return json_null();

    json_t *out = made(run, json_array());
    for (void *i = json_object_iter(object); out && i; i = json_object_iter_next(object, i))
        if (!project(run, node, json_object_iter_value(i), out)) {
            json_decref(out);
            return NULL;
        }
    return out;
}

/* `a || b` is a where a is true; `a && b` is a where a is false. */
static json_t *evaluate_either(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    json_t *left = jmespath_evaluate(run, node->left, value);
    if (!left || is_true(left) == (node->type == NODE_OR))
        return left;

    json_decref(left);
    return jmespath_evaluate(run, node->right, value);
}

static json_t *evaluate_not(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    CLEANUP(json_release) json_t *left = jmespath_evaluate(run, node->left, value);
    if (!left)
        return NULL;
    return json_boolean(!is_true(left));
}

static bool ordered(const json_t *left, const json_t *right)
{
    bool numbers = json_is_number(left) && json_is_number(right);
    return numbers || (json_is_string(left) && json_is_string(right));
}

/* An order of what has none is null, not an error. */
static json_t *compare(enum jmespath_token comparison, const json_t *left, const json_t *right)
{
    if (comparison == TOKEN_EQUAL)
        return json_boolean(jmespath_equal(left, right));
    if (comparison == TOKEN_NOT_EQUAL)
        return json_boolean(!jmespath_equal(left, right));
    if (!ordered(left, right))
        return json_null();

    int order = jmespath_order(left, right);
    switch (comparison) {
    case TOKEN_LESS:
        return json_boolean(order < 0);
    case TOKEN_LESS_EQUAL:
        return json_boolean(order <= 0);
    case TOKEN_GREATER:
        return json_boolean(order > 0);
    default:
        return json_boolean(order >= 0);
    }
}

static json_t *evaluate_compare(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    CLEANUP(json_release) json_t *left = jmespath_evaluate(run, node->left, value);
    CLEANUP(json_release) json_t *right = left ? jmespath_evaluate(run, node->right, value) : NULL;
    if (!right)
        return NULL;
    return compare(node->comparison, left, right);
}

static json_t *evaluate_multi_list(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    if (json_is_null(value))
        return json_null();

    json_t *out = made(run, json_array());
    for (const struct jmespath_node *child = node->children; out && child; child = child->next)
        if (!append(run, out, jmespath_evaluate(run, child, value))) {
            json_decref(out);
            return NULL;
        }
    return out;
}

static json_t *evaluate_multi_hash(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    if (json_is_null(value))
        return json_null();

    json_t *out = made(run, json_object());
    for (const struct jmespath_node *child = node->children; out && child; child = child->next) {
        json_t *found = jmespath_evaluate(run, child, value);
        if (!found ||
            json_object_setn_new(out, (const char *)child->name.data, child->name.size, found) < 0) {
            json_decref(out);
            return jmespath_no_memory(run);
        }
    }
    return out;
}

static json_t *evaluate_expref(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    (void)node, (void)value;
    return jmespath_fail(run, STATUS_INVALID_ARGUMENT, "'&' may only stand before an argument of a function");
}

static evaluate_fn *const evaluators[] = {
    [NODE_IDENTITY] = evaluate_identity,
    [NODE_FIELD] = evaluate_field,
    [NODE_LITERAL] = evaluate_literal,
    [NODE_INDEX] = evaluate_index,
    [NODE_SLICE] = evaluate_slice,
    [NODE_CHAIN] = evaluate_chain,
    [NODE_FLATTEN] = evaluate_flatten,
    [NODE_LIST_PROJECTION] = evaluate_list_projection,
    [NODE_VALUE_PROJECTION] = evaluate_value_projection,
    [NODE_FILTER] = evaluate_list_projection,
    [NODE_OR] = evaluate_either,
    [NODE_AND] = evaluate_either,
    [NODE_NOT] = evaluate_not,
    [NODE_COMPARE] = evaluate_compare,
    [NODE_MULTI_LIST] = evaluate_multi_list,
    [NODE_MULTI_HASH] = evaluate_multi_hash,
    [NODE_CALL] = jmespath_call,
    [NODE_EXPREF] = evaluate_expref,
};

json_t *jmespath_evaluate(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    if (run->steps_left == 0)
        return jmespath_fail(run, STATUS_RESOURCE_EXHAUSTED,
                             "the query takes more than %zu steps (limit jmespath-steps-max)",
                             JMESPATH_STEPS_MAX);

    run->steps_left--;
    return evaluators[node->type](run, node, value);
}

enum status jmespath_search(const struct jmespath *path, json_t *value, json_t **ret_found, struct err *err)
{
    struct jmespath_run run = {.steps_left = JMESPATH_STEPS_MAX, .err = err};
    json_t *found = jmespath_evaluate(&run, path->root, value);
    if (!found)
        return run.status;

    *ret_found = found;
    return STATUS_OK;
}
