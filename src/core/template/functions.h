/* SPDX-License-Identifier: MIT */
/* functions.h — the table of functions. A function gets values and gives one; those that do not evaluate all of their arguments
 * (if, and, or, coalesce) are in scope.c. */
#ifndef CORE_TEMPLATE_FUNCTIONS_H
#define CORE_TEMPLATE_FUNCTIONS_H

#include "core/template/scope.h"

/* Ends with NULL. */
extern const struct template_function *const template_functions[];

/* Each up to a row without a name. */
extern const struct template_function template_text_functions[];
extern const struct template_function template_value_functions[];
extern const struct template_function template_place_functions[];

/* --- arguments --- */

/* The text at that place; false with the error. */
bool template_take_text(const struct template_call *call, size_t index, struct bytes *ret_text);
bool template_take_number(const struct template_call *call, size_t index, int64_t *ret_number);
bool template_take_bool(const struct template_call *call, size_t index, bool *ret_value);

#endif
