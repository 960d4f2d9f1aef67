/* SPDX-License-Identifier: MIT */
/* scope.h — where an expression of a template stands, and what it comes to there. Whole JSON values are evaluated, too: every text
 * that is an expression is replaced by its value. One budget holds for a whole deployment: TEMPLATE_STEPS_MAX functions called,
 * TEMPLATE_BYTES_MAX bytes of values made. Pure, but for what the world is asked. */
#ifndef CORE_TEMPLATE_SCOPE_H
#define CORE_TEMPLATE_SCOPE_H

#include "core/template/expression.h"
#include "wire/json/json.h"

#define TEMPLATE_STEPS_MAX       200000
#define TEMPLATE_BYTES_MAX       ((size_t)32 << 20)
#define TEMPLATE_COPIES_MAX      800 /* of one loop */
#define TEMPLATE_LOOPS_MAX       8   /* within each other */
#define TEMPLATE_VALUE_DEPTH_MAX 64
#define TEMPLATE_VARIABLES_DEEP  32

/* Where a deployment takes place. Texts live as long as it. */
struct template_place {
    const char *subscription, *tenant; /* GUIDs */
    const char *group;                 /* NULL: it is one of the subscription */
    const char *group_location;        /* NULL: no group */
    const char *name;                  /* of the deployment */
    const char *location;              /* of a deployment of the subscription; NULL: none */
    const char *url;                   /* of this server, without a slash at its end */
};

/* What is asked of the outside. */
struct template_world {
    /* The resource of that id, or of that name in this deployment, as it is shown; `full` false: its properties. UNAVAILABLE: it is
     * of this deployment and not made yet; NOT_FOUND; PERMISSION_DENIED: not for this caller. */
    enum status (*refer)(void *context, struct bytes id, bool full, json_t **ret_value, struct err *err);
    void (*sha1)(void *context, struct bytes text, uint8_t ret_hash[20]);
    void (*random)(void *context, uint8_t ret_bytes[16]);
    int64_t unix_ns;
    void *context;
};

struct template_scope;

struct template_budget {
    size_t steps, bytes; /* left */
};

struct template_loop {
    const char *name;
    int64_t index;
};

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

struct template_scope {
    /* tables up to a row without a name, with NULL behind the last */
    const struct template_function *const *functions;
    const struct template_place *place;
    const struct template_world *world;
    struct template_budget *budget;
    const json_t *parameters; /* name → value */
    const json_t *variables;  /* as they are written; NULL: none */
    json_t *values;           /* of variables that were asked for; a null that is not there yet: being made */
    struct template_loop loops[TEMPLATE_LOOPS_MAX]; /* the innermost is the last */
    size_t loop_count;
    int variable_depth; /* variables that need the one that is being made */
    bool is_default;    /* of a parameter: newGuid and utcNow may be called */
    struct err *err;
};

/* The value of a tree, or of a JSON value with all that is in it; NULL: scope->err says why, with UNAVAILABLE for a resource that
 * is not made yet. The caller owns it. */
json_t *template_evaluate(struct template_scope *scope, const struct expression *tree);
json_t *template_value(struct template_scope *scope, const json_t *value);

/* --- for functions --- */

/* Sets the error; returns NULL. */
json_t *template_fail(struct template_scope *scope, enum status status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The same of an allocation that failed. */
json_t *template_no_memory(struct template_scope *scope);
/* True if so many bytes may still be made; else the error is set. */
bool template_spend(struct template_scope *scope, size_t bytes);
/* The same for all that a value holds, each time that it is there: values share their parts, and who writes one out does not. Every
 * argument of a function is spent so. */
bool template_spend_value(struct template_scope *scope, const json_t *value);
/* A text, within the budget. */
json_t *template_text(struct template_scope *scope, struct bytes text);
/* The value of a variable, made at its first use. */
json_t *template_variable(struct template_scope *scope, struct bytes name);
/* Appends a value as texts have it: a text without quotes, everything else as JSON. */
bool template_print(struct template_scope *scope, struct buf *out, const json_t *value);
/* The member of an object without regard to case; NULL: none. */
json_t *template_member(const json_t *object, struct bytes name);
/* A text of the template without NUL, as a C string in `ret`; false with the error. */
bool template_cstr(struct template_scope *scope, const json_t *value, const char *what, const char **ret);

#endif
