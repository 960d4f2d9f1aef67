/* SPDX-License-Identifier: MIT */
/* jmespath.h — questions to a JSON value in the JMESPath language, as `--query` takes them.
 * Owns the compiled expression; never changes the value that it is asked about, makes no system call.
 * The language is that of jmespath.org's specification; where it is silent, the Python implementation is followed, since
 * the cloud's `az` uses that one: an order compares two strings as well as two numbers, and a literal that is no JSON is a
 * string. An expression is a stranger's text: its size, its depth, the nodes it makes and the steps of a search are
 * bounded. One compiled expression may be used by one thread at a time. */
#ifndef WIRE_JSON_JMESPATH_H
#define WIRE_JSON_JMESPATH_H

#include "wire/json/json.h"

#define JMESPATH_SIZE_MAX  ((size_t)16 << 10) /* bytes of an expression */
#define JMESPATH_DEPTH_MAX 128 /* expressions inside of expressions, and parts one behind the other */
#define JMESPATH_STEPS_MAX ((size_t)1 << 20) /* nodes visited by one search */

struct jmespath;

/* Reads `text` (UTF-8). On success the caller owns `*ret_path`. INVALID_ARGUMENT: not an expression, `err` says what was
 * found at which byte; TOO_LARGE: longer or deeper than the limits above; NO_MEMORY. `err` may be NULL. */
STATUS_RESULT jmespath_compile(struct bytes text, struct jmespath **ret_path, struct err *err);
/* NULL is allowed. */
void jmespath_destroy(struct jmespath *path);

/* What the expression finds in `value`; JSON null where it finds nothing. On success the caller owns `*ret_found`
 * (json_decref), which may share parts with `value`. INVALID_ARGUMENT: a function that does not exist, was given the
 * wrong number of arguments or arguments of the wrong type, or a slice with a step of 0; RESOURCE_EXHAUSTED: more than
 * JMESPATH_STEPS_MAX; NO_MEMORY. `err` may be NULL. */
STATUS_RESULT jmespath_search(const struct jmespath *path, json_t *value, json_t **ret_found,
                              struct err *err);

#endif
