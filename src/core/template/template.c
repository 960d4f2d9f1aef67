/* SPDX-License-Identifier: MIT */
/* template.c — parameters, then resources, then what is asked of them. */
#include "core/template/template.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/template/functions.h"
#include "wire/json/json.h"

/* --- parameters --- */

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_integer(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_array(const json_t *value)
{
    return json_is_array(value);
}

static const struct {
    const char *name;
    bool (*fits)(const json_t *value);
} kinds[] = {{"string", is_text},   {"securestring", is_text},   {"int", is_integer}, {"bool", is_boolean},
             {"object", is_object}, {"secureobject", is_object}, {"array", is_array}};

static bool is_secure(const json_t *written)
{
    return bytes_starts_with_nocase(json_member_bytes(written, "type"), BYTES_LITERAL("secure"));
}

/* minLength, maxLength of texts and arrays; minValue, maxValue of numbers. */
static bool is_within(const json_t *written, const json_t *value)
{
    const json_t *low = json_object_get(written, json_is_integer(value) ? "minValue" : "minLength");
    const json_t *high = json_object_get(written, json_is_integer(value) ? "maxValue" : "maxLength");
    json_int_t size = json_integer_value(value);
    if (json_is_string(value))
        size = (json_int_t)json_string_length(value);
    if (json_is_array(value))
        size = (json_int_t)json_array_size(value);
    return (!json_is_integer(low) || size >= json_integer_value(low)) &&
           (!json_is_integer(high) || size <= json_integer_value(high));
}

static bool is_allowed(const json_t *written, const json_t *value)
{
    const json_t *allowed = json_object_get(written, "allowedValues");
    for (size_t i = 0; i < json_array_size(allowed); i++)
        if (json_equal(json_array_get(allowed, i), value))
            return true;
    return !json_is_array(allowed);
}

static enum status check_parameter(const char *name, const json_t *written, const json_t *value,
                                   struct err *err)
{
    struct bytes type = json_member_bytes(written, "type");
    bool null = json_is_null(value) && json_is_true(json_object_get(written, "nullable"));
    size_t kind = 0;
    while (kind < ARRAY_SIZE(kinds) && !bytes_equal_nocase(type, bytes_of_cstr(kinds[kind].name)))
        kind++;
    if (kind == ARRAY_SIZE(kinds))
        return err_set(err, STATUS_UNIMPLEMENTED,
                       "the type of the parameter '%.80s' is none of string, int, bool, object, "
                       "array, secureString, secureObject",
                       name);
    if (null || (kinds[kind].fits(value) && is_within(written, value) && is_allowed(written, value)))
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "the value of the parameter '%.80s' is not a %.*s, or not one that the template allows",
                   name, BYTES_FMT(type));
}

/* The given value, or the default, evaluated where earlier parameters are known. */
static enum status take_parameter(struct deployment_plan *plan, const char *name, const json_t *written,
                                  const json_t *given, struct err *err)
{
    const json_t *holder = template_member(given, bytes_of_cstr(name));
    json_t *value = json_incref(json_object_get(holder, "value"));
    const json_t *standard = json_object_get(written, "defaultValue");
    if (!value && !standard && !json_is_true(json_object_get(written, "nullable")))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the parameter '%.80s' has no value and no default",
                       name);
    if (!value && standard) {
        struct template_scope scope = template_scope_of(plan, err);
        scope.is_default = true;
        value = template_value(&scope, standard);
        if (!value)
            return err_wrap(err, "the default of the parameter '%.80s'", name);
    }
    if (!value)
        value = json_null();
    enum status status = check_parameter(name, written, value, err);
    if (json_object_set_new(plan->parameters, name, value) < 0 && status == STATUS_OK)
        return err_no_memory(err);
    return status;
}

static enum status take_parameters(struct deployment_plan *plan, const json_t *given, struct err *err)
{
    const json_t *all = json_object_get(plan->written, "parameters");
    const char *name;
    json_t *one;
    if (json_object_size(all) > TEMPLATE_PARAMETERS_MAX)
        return err_set(err, STATUS_TOO_LARGE, "a template has at most %d parameters",
                       TEMPLATE_PARAMETERS_MAX);
    json_object_foreach((json_t *)given, name, one)
    {
        if (!template_member(all, bytes_of_cstr(name)))
            return err_set(err, STATUS_INVALID_ARGUMENT, "the template has no parameter '%.80s'", name);
    }
    json_object_foreach((json_t *)all, name, one)
    {
        enum status status = take_parameter(plan, name, one, given, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

json_t *template_parameters(const struct deployment_plan *plan)
{
    const json_t *all = json_object_get(plan->written, "parameters");
    json_t *shown = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(plan->parameters, name, value)
    {
        const json_t *written = json_object_get(all, name);
        json_t *type = json_object_get(written, "type");
        json_t *one = is_secure(written) ? json_pack("{s:O}", "type", type)
                                         : json_pack("{s:O, s:O}", "type", type, "value", value);
        (void)json_object_set_new(shown, name, one);
    }
    return shown;
}

/* --- the whole --- */

static enum status check_language(const json_t *written, struct err *err)
{
    static const char *const absent[] = {"functions", "imports", "extensions", "definitions"};
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
        const json_t *part = json_object_get(written, absent[i]);
        if (json_array_size(part) > 0 || json_object_size(part) > 0)
            return err_set(err, STATUS_UNIMPLEMENTED, "the template's part '%s' is not known here",
                           absent[i]);
    }
    if (json_is_object(written))
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT, "the template must be an object");
}

enum status template_open(json_t *written, const json_t *given, const struct template_place *place,
                          const struct template_world *world, struct deployment_plan **ret_plan,
                          struct err *err)
{
    struct deployment_plan *plan = calloc(1, sizeof *plan);
    if (!plan) {
        json_decref(written);
        return err_no_memory(err);
    }
    plan->written = written;
    plan->place = place;
    plan->world = world;
    plan->functions = template_functions;
    plan->budget = (struct template_budget){TEMPLATE_STEPS_MAX, TEMPLATE_BYTES_MAX};
    plan->parameters = json_object();
    plan->variables = json_object();
    arena_init(&plan->arena, (size_t)8 << 20);
    enum status status = STATUS_NO_MEMORY;
    if (plan->parameters && plan->variables)
        status = check_language(written, err);
    if (status == STATUS_OK)
        status = take_parameters(plan, given, err);
    if (status == STATUS_OK)
        status = template_read_resources(plan, err);
    if (status == STATUS_OK) {
        *ret_plan = plan;
        return STATUS_OK;
    }
    template_close(plan);
    return status;
}

void template_close(struct deployment_plan *plan)
{
    if (!plan)
        return;
    json_decref(plan->written);
    json_decref(plan->parameters);
    json_decref(plan->variables);
    free(plan->resources);
    arena_fini(&plan->arena);
    free(plan);
}

/* --- outputs --- */

static json_t *output_of(struct template_scope *scope, const json_t *written)
{
    CLEANUP(json_release) json_t *condition = NULL;
    const json_t *asked = json_object_get(written, "condition");
    if (asked) {
        condition = template_value(scope, asked);
        if (!condition || json_is_false(condition))
            return condition ? json_null() : NULL;
    }
    json_t *value = template_value(scope, json_object_get(written, "value"));
    if (!value)
        return NULL;
    const char *type = json_member_text(written, "type");
    if (is_secure(written)) {
        json_decref(value);
        value = json_null();
    }
    return json_pack("{s:s, s:o}", "type", text_or(type, "Object"), "value", value);
}

enum status template_outputs(struct deployment_plan *plan, json_t **ret_outputs, struct err *err)
{
    const json_t *all = json_object_get(plan->written, "outputs");
    struct template_scope scope = template_scope_of(plan, err);
    CLEANUP(json_release) json_t *outputs = json_object();
    const char *name;
    json_t *written;
    if (json_object_size(all) > TEMPLATE_OUTPUTS_MAX)
        return err_set(err, STATUS_TOO_LARGE, "a template has at most %d outputs", TEMPLATE_OUTPUTS_MAX);
    json_object_foreach((json_t *)all, name, written)
    {
        json_t *one = output_of(&scope, written);
        if (!one && !err->text[0])
            return err_no_memory(err);
        if (!one)
            return err_wrap(err, "the output '%.80s'", name);
        if (json_is_null(one))
            json_decref(one);
        else if (json_object_set_new(outputs, name, one) < 0)
            return err_no_memory(err);
    }
    *ret_outputs = json_incref(outputs);
    return STATUS_OK;
}
