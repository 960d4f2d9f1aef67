/* SPDX-License-Identifier: MIT */
/* scope.c — trees, then JSON values with their loops, then what functions share. */
#include "core/template/scope.h"

#include "base/no_memory.h"
#include "wire/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- errors and the budget --- */

json_t *template_fail(struct template_scope *scope, enum status status, const char *fmt, ...)
{
    char text[sizeof scope->err->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)err_set(scope->err, status, "%s", text);
    return NULL;
}

json_t *template_no_memory(struct template_scope *scope)
{
    return template_fail(scope, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

bool template_spend(struct template_scope *scope, size_t bytes)
{
    if (bytes > scope->budget->bytes) {
        (void)template_fail(scope, STATUS_TOO_LARGE, "the values of the template are over %zu bytes",
                            TEMPLATE_BYTES_MAX);
        return false;
    }
    scope->budget->bytes -= bytes;
    return true;
}

/* Bytes, counted up to a little over `most`; SIZE_MAX: nested too deeply. */
static size_t weigh(const json_t *value, size_t most, int depth)
{
    size_t weight = sizeof(json_t) + json_bytes(value).size;
    const char *name;
    json_t *inner;
    if (depth > TEMPLATE_VALUE_DEPTH_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i < json_array_size(value) && weight <= most; i++) {
        size_t more = weigh(json_array_get(value, i), most - weight, depth + 1);
        weight = more == SIZE_MAX ? SIZE_MAX : weight + more;
    }
    json_object_foreach((json_t *)value, name, inner)
    {
        if (weight > most)
            break;
        size_t more = weigh(inner, most - weight, depth + 1);
        weight = more == SIZE_MAX ? SIZE_MAX : weight + more + strlen(name);
    }
    return weight;
}

bool template_spend_value(struct template_scope *scope, const json_t *value)
{
    size_t weight = weigh(value, scope->budget->bytes, 0);
    if (weight != SIZE_MAX)
        return template_spend(scope, weight);
    (void)template_fail(scope, STATUS_TOO_LARGE, "values are nested more than %d deep",
                        TEMPLATE_VALUE_DEPTH_MAX);
    return false;
}

static bool take_step(struct template_scope *scope)
{
    if (scope->budget->steps == 0) {
        (void)template_fail(scope, STATUS_TOO_LARGE, "the template takes over %d steps", TEMPLATE_STEPS_MAX);
        return false;
    }
    scope->budget->steps--;
    return true;
}

static json_t *or_no_memory(struct template_scope *scope, json_t *value)
{
    return value ? value : template_no_memory(scope);
}

json_t *template_text(struct template_scope *scope, struct bytes text)
{
    if (!template_spend(scope, text.size + sizeof(void *)))
        return NULL;
    if (!bytes_utf8_valid(text))
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "a text would not be valid UTF-8");
    return or_no_memory(scope, json_stringn(text.size ? (const char *)text.data : "", text.size));
}

/* --- members --- */

json_t *template_member(const json_t *object, struct bytes name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (bytes_equal_nocase(bytes_of_cstr(key), name))
            return value;
    }
    return NULL;
}

bool template_cstr(struct template_scope *scope, const json_t *value, const char *what, const char **ret)
{
    struct bytes text = json_bytes(value);
    if (text.data && !memchr(text.data, '\0', text.size)) {
        *ret = json_string_value(value);
        return true;
    }
    (void)template_fail(scope, STATUS_INVALID_ARGUMENT, "%s must be a text", what);
    return false;
}

static json_t *look_into(struct template_scope *scope, const json_t *value, const json_t *name)
{
    json_t *found = NULL;
    if (json_is_object(value) && json_is_string(name))
        found = template_member(value, json_bytes(name));
    else if (json_is_array(value) && json_is_integer(name) && json_integer_value(name) >= 0)
        found = json_array_get(value, (size_t)json_integer_value(name));
    else
        return template_fail(scope, STATUS_INVALID_ARGUMENT,
                             "only an object has members, and only an array has numbered ones");
    if (found)
        return json_incref(found);
    if (json_is_string(name))
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "there is no member '%.*s'",
                             BYTES_FMT(bytes_slice(json_bytes(name), 0, 80)));
    return template_fail(scope, STATUS_INVALID_ARGUMENT, "there is no item %lld",
                         (long long)json_integer_value(name));
}

/* --- functions that do not evaluate all arguments --- */

static bool evaluate_bool(struct template_scope *scope, const struct expression *tree, bool *ret_value)
{
    CLEANUP(json_release) json_t *value = template_evaluate(scope, tree);
    if (value && !json_is_boolean(value))
        (void)template_fail(scope, STATUS_INVALID_ARGUMENT, "a condition must be true or false");
    *ret_value = json_is_true(value);
    return value && json_is_boolean(value);
}

static json_t *choose(struct template_scope *scope, const struct expression *call)
{
    bool first;
    if (call->argument_count != 3)
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "if: takes three arguments");
    if (!evaluate_bool(scope, call->arguments[0], &first))
        return NULL;
    return template_evaluate(scope, call->arguments[first ? 1 : 2]);
}

/* `end`: the value that ends the search. */
static json_t *search(struct template_scope *scope, const struct expression *call, bool end)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        bool value;
        if (!evaluate_bool(scope, call->arguments[i], &value))
            return NULL;
        if (value == end)
            return json_boolean(end);
    }
    return json_boolean(!end);
}

static json_t *all(struct template_scope *scope, const struct expression *call)
{
    return search(scope, call, false);
}

static json_t *any(struct template_scope *scope, const struct expression *call)
{
    return search(scope, call, true);
}

static json_t *first_that_is(struct template_scope *scope, const struct expression *call)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        json_t *value = template_evaluate(scope, call->arguments[i]);
        if (!value || !json_is_null(value))
            return value;
    }
    return json_null();
}

static const struct {
    const char *name;
    json_t *(*call)(struct template_scope *scope, const struct expression *call);
} lazy[] = {{"if", choose}, {"and", all}, {"or", any}, {"coalesce", first_that_is}};

/* --- trees --- */

static const struct template_function *find_function(const struct template_scope *scope, struct bytes name)
{
    for (const struct template_function *const *table = scope->functions; *table; table++)
        for (const struct template_function *row = *table; row->name; row++)
            if (bytes_equal_nocase(name, bytes_of_cstr(row->name)))
                return row;
    return NULL;
}

static json_t *call_with(struct template_scope *scope, const struct expression *call,
                         const struct template_function *function)
{
    json_t **values = calloc(call->argument_count + 1, sizeof *values); /* not on the stack: calls nest */
    const struct template_call known = {scope, values, call->argument_count};
    size_t count = 0;
    if (!values)
        return template_no_memory(scope);
    while (count < call->argument_count && (values[count] = template_evaluate(scope, call->arguments[count])))
        count++;
    bool affordable = count == call->argument_count;
    for (size_t i = 0; i < count && affordable; i++)
        affordable = template_spend_value(scope, values[i]);
    json_t *result = affordable ? function->call(&known) : NULL;
    while (count > 0)
        json_decref(values[--count]);
    free(values);
    if (!result && !scope->err->text[0])
        return template_no_memory(scope);
    return result;
}

static json_t *evaluate_call(struct template_scope *scope, const struct expression *call)
{
    for (size_t i = 0; i < ARRAY_SIZE(lazy); i++)
        if (bytes_equal_nocase(call->text, bytes_of_cstr(lazy[i].name)))
            return lazy[i].call(scope, call);
    const struct template_function *function = find_function(scope, call->text);
    struct bytes name = bytes_slice(call->text, 0, 60);
    if (!function)
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "the template function '%.*s' is not known here",
                             BYTES_FMT(name));
    if (call->argument_count < function->least || call->argument_count > function->most)
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "%s: has %zu arguments, takes %zu to %zu",
                             function->name, call->argument_count, function->least, function->most);
    json_t *value = call_with(scope, call, function);
    if (!value && scope->err->status != STATUS_UNAVAILABLE)
        (void)err_wrap(scope->err, "%s", function->name);
    return value;
}

json_t *template_evaluate(struct template_scope *scope, const struct expression *tree)
{
    if (!take_step(scope))
        return NULL;
    if (tree->kind == EXPRESSION_TEXT)
        return template_text(scope, tree->text);
    if (tree->kind == EXPRESSION_NUMBER)
        return or_no_memory(scope, json_integer(tree->number));
    if (tree->kind == EXPRESSION_CALL)
        return evaluate_call(scope, tree);
    CLEANUP(json_release) json_t *inner = template_evaluate(scope, tree->arguments[0]);
    CLEANUP(json_release) json_t *name = inner ? template_evaluate(scope, tree->arguments[1]) : NULL;
    return name ? look_into(scope, inner, name) : NULL;
}

/* --- JSON values --- */

static json_t *value_at(struct template_scope *scope, const json_t *value, int depth);

static json_t *text_value(struct template_scope *scope, struct bytes text)
{
    struct arena arena;
    const struct expression *tree;
    if (text.size >= 2 && text.data[0] == '[' && text.data[1] == '[')
        return template_text(scope, bytes_slice(text, 1, SIZE_MAX));
    if (!expression_is(text))
        return template_text(scope, text);
    arena_init(&arena, (size_t)4 << 20);
    enum status status = expression_parse(&arena, bytes_slice(text, 1, text.size - 2), &tree, scope->err);
    json_t *value = status == STATUS_OK ? template_evaluate(scope, tree) : NULL;
    arena_fini(&arena);
    if (!value || template_spend_value(scope, value))
        return value;
    json_decref(value);
    return NULL;
}

/* A loop over a member: {"name", "count", "input"}. */
static bool add_loop(struct template_scope *scope, const json_t *loop, json_t *object, int depth)
{
    const char *name;
    CLEANUP(json_release) json_t *count = value_at(scope, json_object_get(loop, "count"), depth);
    json_int_t most = json_integer_value(count);
    if (!count || !template_cstr(scope, json_object_get(loop, "name"), "the name of a loop", &name))
        return false;
    if (!json_is_integer(count) || most < 0 || most > TEMPLATE_COPIES_MAX ||
        scope->loop_count == TEMPLATE_LOOPS_MAX) {
        (void)template_fail(scope, STATUS_INVALID_ARGUMENT, "a loop has 0 to %d rounds, %d within each other",
                            TEMPLATE_COPIES_MAX, TEMPLATE_LOOPS_MAX);
        return false;
    }
    json_t *items = json_array();
    struct template_loop *place = &scope->loops[scope->loop_count++];
    bool good = items != NULL;
    for (json_int_t i = 0; i < most && good; i++) {
        *place = (struct template_loop){name, i};
        json_t *item = value_at(scope, json_object_get(loop, "input"), depth);
        good = item && json_array_append_new(items, item) == 0;
    }
    scope->loop_count--;
    if (good)
        return json_object_set_new(object, name, items) == 0;
    json_decref(items);
    return false;
}

static json_t *object_value(struct template_scope *scope, const json_t *value, int depth)
{
    json_t *object = json_object();
    const char *name;
    json_t *member;
    size_t i;
    bool good = object != NULL;
    json_object_foreach((json_t *)value, name, member)
    {
        bool loops = strcmp(name, "copy") == 0 && json_is_array(member);
        const json_t *loop;
        if (!good)
            break;
        if (loops) {
            json_array_foreach(member, i, loop) good = good && add_loop(scope, loop, object, depth + 1);
            continue;
        }
        json_t *inner = template_spend(scope, strlen(name)) ? value_at(scope, member, depth + 1) : NULL;
        good = inner && json_object_set_new(object, name, inner) == 0;
    }
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *array_value(struct template_scope *scope, const json_t *value, int depth)
{
    json_t *array = json_array();
    bool good = array != NULL;
    for (size_t i = 0; i < json_array_size(value) && good; i++) {
        json_t *item = value_at(scope, json_array_get(value, i), depth + 1);
        good = item && json_array_append_new(array, item) == 0;
    }
    if (good)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *value_at(struct template_scope *scope, const json_t *value, int depth)
{
    if (!take_step(scope))
        return NULL;
    if (!value)
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "a value is missing");
    if (depth > TEMPLATE_VALUE_DEPTH_MAX)
        return template_fail(scope, STATUS_TOO_LARGE, "values are nested more than %d deep",
                             TEMPLATE_VALUE_DEPTH_MAX);
    if (json_is_string(value))
        return text_value(scope, json_bytes(value));
    if (json_is_object(value))
        return object_value(scope, value, depth);
    if (json_is_array(value))
        return array_value(scope, value, depth);
    return json_incref((json_t *)value);
}

json_t *template_value(struct template_scope *scope, const json_t *value)
{
    json_t *result = value_at(scope, value, 0);
    if (!result && !scope->err->text[0])
        return template_no_memory(scope);
    return result;
}

/* --- what functions share --- */

/* A loop over variables: {"copy":[{"name", "count", "input"}]} beside them. */
static const json_t *find_written(const json_t *variables, struct bytes name, bool *ret_loop)
{
    const json_t *loops = json_object_get(variables, "copy");
    *ret_loop = false;
    for (size_t i = 0; i < json_array_size(loops); i++) {
        const json_t *loop = json_array_get(loops, i);
        *ret_loop = bytes_equal_nocase(json_member_bytes(loop, "name"), name);
        if (*ret_loop)
            return loop;
    }
    return template_member(variables, name);
}

static json_t *make_variable(struct template_scope *scope, const json_t *written, bool loops)
{
    /* Where it is used, loops may run; it does not stand in them. */
    size_t loop_count = scope->loop_count;
    json_t *value = NULL;
    scope->loop_count = 0;
    scope->variable_depth++;
    if (loops) {
        CLEANUP(json_release) json_t *holder = json_object();
        if (holder && add_loop(scope, written, holder, 0))
            value = json_incref(json_object_iter_value(json_object_iter(holder)));
    } else {
        value = template_value(scope, written);
    }
    scope->variable_depth--;
    scope->loop_count = loop_count;
    return value;
}

json_t *template_variable(struct template_scope *scope, struct bytes name)
{
    bool loops = false;
    const json_t *known = template_member(scope->values, name);
    const json_t *written = find_written(scope->variables, name, &loops);
    struct bytes shown = bytes_slice(name, 0, 80);
    char key[128];
    if (!written || name.size >= sizeof key || memchr(name.data, '\0', name.size))
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "there is no variable '%.*s'", BYTES_FMT(shown));
    if (known && json_object_size(known) == 1)
        return json_incref(json_object_get(known, "is"));
    if (scope->variable_depth == TEMPLATE_VARIABLES_DEEP)
        return template_fail(scope, STATUS_TOO_LARGE, "variables need each other more than %d deep",
                             TEMPLATE_VARIABLES_DEEP);
    if (known)
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "the variable '%.*s' needs itself",
                             BYTES_FMT(shown));
    snprintf(key, sizeof key, "%.*s", BYTES_FMT(name));
    if (json_object_set_new(scope->values, key, json_object()) < 0)
        return template_no_memory(scope);
    json_t *value = make_variable(scope, written, loops);
    /* One that waits for a resource is made anew when that is there. */
    if (!value) {
        (void)json_object_del(scope->values, key);
    } else if (json_object_set_new(scope->values, key, json_pack("{s:O}", "is", value)) < 0) {
        json_decref(value);
        return template_no_memory(scope);
    }
    return value;
}

bool template_print(struct template_scope *scope, struct buf *out, const json_t *value)
{
    size_t before = out->size;
    if (json_is_string(value)) {
        buf_append_bytes(out, json_bytes(value));
    } else if (json_is_boolean(value)) {
        buf_append_cstr(out, json_is_true(value) ? "True" : "False");
    } else {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text) {
            (void)template_no_memory(scope);
            return false;
        }
        buf_append_cstr(out, text);
        free(text);
    }
    if (buf_status(out) == STATUS_OK)
        return template_spend(scope, out->size - before);
    (void)template_no_memory(scope);
    return false;
}
