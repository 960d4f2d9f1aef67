/* SPDX-License-Identifier: MIT */
/* functions.c — the tables, and arguments. */
#include "core/template/functions.h"

const struct template_function *const template_functions[] = {
    template_text_functions, template_value_functions, template_place_functions, NULL};

static bool refuse(const struct template_call *call, size_t i, const char *what)
{
    (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument %zu must be %s", i + 1, what);
    return false;
}

bool template_take_text(const struct template_call *call, size_t i, struct bytes *ret_text)
{
    *ret_text = json_bytes(call->values[i]);
    return json_is_string(call->values[i]) || refuse(call, i, "a text");
}

bool template_take_number(const struct template_call *call, size_t i, int64_t *ret_number)
{
    *ret_number = json_integer_value(call->values[i]);
    return json_is_integer(call->values[i]) || refuse(call, i, "a whole number");
}

bool template_take_bool(const struct template_call *call, size_t i, bool *ret_value)
{
    *ret_value = json_is_true(call->values[i]);
    return json_is_boolean(call->values[i]) || refuse(call, i, "true or false");
}
