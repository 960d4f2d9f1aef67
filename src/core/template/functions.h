/* SPDX-License-Identifier: MIT */
/* functions.h — the table of functions. A function gets values and gives one; those that do not evaluate all of their arguments
 * (if, and, or, coalesce) are in scope.c. */
#ifndef CORE_TEMPLATE_FUNCTIONS_H
#define CORE_TEMPLATE_FUNCTIONS_H

#include "core/template/scope.h"

/* What a function is called with; the values are its caller's. */
struct template_call {
    struct template_scope *scope;
    json_t **values;
    size_t count;
};

struct template_function {
    const char *name; /* without regard to case */
    size_t least, most;
    json_t *(*call)(const struct template_call *call); /* a new value; NULL with scope->err */
};

/* NULL: there is none of that name. */
const struct template_function *template_function_find(struct bytes name);

/* Each up to a row without a name. */
extern const struct template_function template_text_functions[];
extern const struct template_function template_value_functions[];
extern const struct template_function template_place_functions[];

/* --- arguments --- */

/* The text at that place; false with the error. */
bool template_take_text(const struct template_call *call, size_t i, struct bytes *ret_text);
bool template_take_number(const struct template_call *call, size_t i, int64_t *ret_number);
bool template_take_bool(const struct template_call *call, size_t i, bool *ret_value);

#endif
