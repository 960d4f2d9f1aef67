/* SPDX-License-Identifier: MIT */
/* functions.c — the tables, and arguments. */
#include "core/template/functions.h"

const struct template_function *const template_functions[] = {
    template_text_functions, template_value_functions, template_place_functions, NULL};

static bool refuse(const struct template_call *call, size_t index, const char *what)
{
    (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument %zu must be %s", index + 1, what);
    return false;
}

bool template_take_text(const struct template_call *call, size_t index, struct bytes *ret_text)
{
    *ret_text = json_bytes(call->values[index]);
    return json_is_string(call->values[index]) || refuse(call, index, "a text");
}

bool template_take_number(const struct template_call *call, size_t index, int64_t *ret_number)
{
    *ret_number = json_integer_value(call->values[index]);
    return json_is_integer(call->values[index]) || refuse(call, index, "a whole number");
}

bool template_take_bool(const struct template_call *call, size_t index, bool *ret_value)
{
    *ret_value = json_is_true(call->values[index]);
    return json_is_boolean(call->values[index]) || refuse(call, index, "true or false");
}
