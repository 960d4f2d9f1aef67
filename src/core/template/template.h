/* SPDX-License-Identifier: MIT */
/* template.h — a whole deployment template: what it makes, in which order, with which bodies (JSON with languageVersion 1 or 2.0).
 * Parameters are checked first; then names, types, conditions and dependencies of all resources are known; bodies are evaluated
 * when their turn comes, since they may refer to what was made before. Pure; everything is bounded. */
#ifndef CORE_TEMPLATE_TEMPLATE_H
#define CORE_TEMPLATE_TEMPLATE_H

#include "core/template/scope.h"

#define TEMPLATE_PARAMETERS_MAX 256
#define TEMPLATE_RESOURCES_MAX  800
#define TEMPLATE_OUTPUTS_MAX    64
#define TEMPLATE_NEEDS_MAX      4000 /* of all resources together */

enum template_phase {
    TEMPLATE_WAITS, /* for what it depends on */
    TEMPLATE_MADE,
    TEMPLATE_LEFT_OUT, /* its condition is false, or it is said to be there */
};

/* What a resource waits for: some of its template that stand behind each other. */
struct template_need {
    const char *name;  /* an id, a name, a symbol or a loop */
    size_t first, end; /* those before `first` do not wait any more */
};

/* One resource of a template, a round of a loop each. Texts live as long as the template. */
struct template_resource {
    const json_t *written;
    const char *symbol; /* in a template of languageVersion 2.0; NULL */
    const char *type, *version, *name;
    const char *id;
    const char *loop;                                /* that it is a round of; NULL: none */
    struct template_loop rounds[TEMPLATE_LOOPS_MAX]; /* the same, and those around it */
    size_t round_count;
    struct template_need *needs;
    size_t need_count;
    enum template_phase phase;
};

struct template;

/* Takes `written`, and reads what can be known before anything is made. `given`: {"name": {"value": …}}, or NULL. place and world live
 * as long as the template. INVALID_ARGUMENT, MALFORMED, TOO_LARGE: `err` says where; UNIMPLEMENTED: a part of the language that is
 * not there; NO_MEMORY. */
STATUS_RESULT template_open(json_t *written, const json_t *given, const struct template_place *place,
                            const struct template_world *world, struct template **ret_plan, struct err *err);
/* NULL allowed. */
void template_close(struct template *plan);

size_t template_resource_count(const struct template *plan);
struct template_resource *template_resource(struct template *plan, size_t i);
/* The resource that is meant by an id, a name or a symbol; NULL: it is none of this template. */
struct template_resource *template_find(struct template *plan, struct bytes name);
/* True if all that it needs was made or left out. */
bool template_is_due(struct template *plan, struct template_resource *resource);
/* Its body without name, type, conditions and dependencies. UNAVAILABLE: it refers to one that is not made yet; else as
 * template_open. The caller owns it. */
STATUS_RESULT template_body(struct template *plan, const struct template_resource *resource,
                            json_t **ret_body, struct err *err);
/* {"name": {"type", "value"}}. The caller owns it. */
STATUS_RESULT template_outputs(struct template *plan, json_t **ret_outputs, struct err *err);
/* {"name": {"type", "value"}} of the parameters; the value of a secure one is left out. NULL: no memory. */
json_t *template_parameters(const struct template *plan);

#endif
