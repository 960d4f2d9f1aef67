/* SPDX-License-Identifier: MIT */
/* jmespath_call.c — from a call that was written to the function's value: how many arguments, each evaluated and held against
 * the row, then the function. An argument of kind EXPREF is not evaluated: the function asks it of each item. */
#include "wire/json/jmespath_call.h"

/* --- kinds --- */

bool jmespath_all_are(const json_t *array, unsigned kind)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (kind == KIND_NUMBERS ? !json_is_number(item) : !json_is_string(item))
            return false;
    }
    return true;
}

static unsigned kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return KIND_OBJECT;
    case JSON_ARRAY:
        return KIND_ARRAY;
    case JSON_STRING:
        return KIND_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return KIND_NUMBER;
    default:
        return KIND_OTHER;
    }
}

static bool argument_fits(const struct jmespath_argument *argument, unsigned kinds)
{
    if (argument->expref)
        return kinds & KIND_EXPREF;
    if (kind_of(argument->value) & kinds)
        return true;
    if (!json_is_array(argument->value))
        return false;
    return (kinds & KIND_NUMBERS && jmespath_all_are(argument->value, KIND_NUMBERS)) ||
           (kinds & KIND_STRINGS && jmespath_all_are(argument->value, KIND_STRINGS));
}

const char *jmespath_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    case JSON_NULL:
        return "null";
    default:
        return "boolean";
    }
}

/* --- the call --- */

static const struct jmespath_function *function_find(struct bytes name)
{
    for (size_t i = 0; i < jmespath_function_count; i++)
        if (bytes_equal_cstr(name, jmespath_functions[i].name))
            return &jmespath_functions[i];
    return NULL;
}

/* Fills the next argument from `node`. False after a fault. */
static bool take_argument(struct jmespath_function_call *call, const struct jmespath_node *node,
                          json_t *value)
{
    const struct jmespath_function *function = call->function;
    struct jmespath_argument *argument = &call->arguments[call->size];
    size_t row = MIN(call->size, function->size - 1);
    if (node->type == NODE_EXPREF) {
        argument->expref = node->left;
    } else {
        argument->value = jmespath_evaluate(call->run, node, value);
        if (!argument->value)
            return false;
    }
    call->size++;

    if (argument_fits(argument, function->kinds[row]))
        return true;
    (void)jmespath_fail(call->run, STATUS_INVALID_ARGUMENT, "%s() does not take %s as its argument %zu",
                        function->name,
                        argument->expref ? "an expression" : jmespath_type_name(argument->value), call->size);
    return false;
}

/* How many arguments were written, which is held against the row before one of them is evaluated. */
static bool size_fits(struct jmespath_function_call *call, const struct jmespath_node *node)
{
    size_t size = 0;
    for (const struct jmespath_node *child = node->children; child; child = child->next)
        size++;

    const struct jmespath_function *function = call->function;
    if (size >= function->size &&
        (function->variadic ? size <= JMESPATH_ARGUMENTS_MAX : size == function->size))
        return true;
    (void)jmespath_fail(call->run, STATUS_INVALID_ARGUMENT, "%s() takes %s%zu, not %zu, arguments",
                        function->name, function->variadic ? "at least " : "", function->size, size);
    return false;
}

static void drop_arguments(struct jmespath_function_call *call)
{
    for (size_t i = 0; i < call->size; i++)
        json_decref(call->arguments[i].value);
}

json_t *jmespath_call(struct jmespath_run *run, const struct jmespath_node *node, json_t *value)
{
    struct jmespath_function_call call = {.run = run, .function = function_find(node->name)};
    if (!call.function)
        return jmespath_fail(run, STATUS_INVALID_ARGUMENT, "the query names an unknown function, %.*s()",
                             BYTES_FMT(node->name));
    if (!size_fits(&call, node))
        return NULL;

    bool taken = true;
    for (const struct jmespath_node *child = node->children; taken && child; child = child->next)
        taken = take_argument(&call, child, value);

    json_t *found = taken ? call.function->apply(&call) : NULL;
    drop_arguments(&call);
    return found;
}
