/* SPDX-License-Identifier: MIT */
/* jmespath_call.h — a call of a function of the language, and the rows of all functions. Shared by jmespath_call.c, which
 * evaluates arguments and holds them against the row, and jmespath_functions.c, whose functions may so rely on the types. */
#ifndef WIRE_JSON_JMESPATH_CALL_H
#define WIRE_JSON_JMESPATH_CALL_H

#include "wire/json/jmespath_internal.h"

#define JMESPATH_ARGUMENTS_MAX 64 /* of one call of a variadic function */

/* What an argument may be: bits. */
enum jmespath_kind {
    KIND_NUMBER = 1 << 0,
    KIND_STRING = 1 << 1,
    KIND_ARRAY = 1 << 2,
    KIND_OBJECT = 1 << 3,
    KIND_OTHER = 1 << 4,   /* true, false, null */
    KIND_NUMBERS = 1 << 5, /* an array of nothing else */
    KIND_STRINGS = 1 << 6,
    KIND_EXPREF = 1 << 7,
    KIND_ANY = KIND_NUMBER | KIND_STRING | KIND_ARRAY | KIND_OBJECT | KIND_OTHER,
};

struct jmespath_argument {
    json_t *value;                      /* owned; NULL for an EXPREF */
    const struct jmespath_node *expref; /* else NULL */
};

struct jmespath_function_call {
    struct jmespath_run *run;
    const struct jmespath_function *function;
    struct jmespath_argument arguments[JMESPATH_ARGUMENTS_MAX];
    size_t size;
};

struct jmespath_function {
    const char *name;
    json_t *(*apply)(struct jmespath_function_call *call);
    unsigned kinds[2];
    size_t size;   /* arguments; of a variadic one the least */
    bool variadic; /* more of the last kind may follow */
};

extern const struct jmespath_function jmespath_functions[];
extern const size_t jmespath_function_count;

/* --- jmespath_call.c --- */
/* Whether the array holds nothing but `kind`: KIND_NUMBERS or KIND_STRINGS. */
bool jmespath_all_are(const json_t *array, unsigned kind);
/* "object": what the language calls the type of a value. */
const char *jmespath_type_name(const json_t *value);

#endif
