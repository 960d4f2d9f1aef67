/* SPDX-License-Identifier: MIT */
/* template_resources.h — the resources of a template: names, ids, conditions, what each waits for, and its body when its turn comes.
 * Read by template.h's functions, walked by whoever makes them. */
#ifndef CORE_TEMPLATE_TEMPLATE_RESOURCES_H
#define CORE_TEMPLATE_TEMPLATE_RESOURCES_H

#include "core/template/scope.h"

#define TEMPLATE_RESOURCES_MAX 800
#define TEMPLATE_NEEDS_MAX     4000 /* of all resources together */

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

/* A template that was opened. */
struct deployment_plan {
    json_t *written;
    json_t *parameters; /* name → value */
    json_t *variables;  /* those that were asked for */
    const struct template_function *const *functions;
    const struct template_place *place;
    const struct template_world *world;
    struct template_budget budget;
    struct arena arena;
    struct template_resource *resources;
    size_t resource_count, resource_room;
    size_t need_count; /* of all */
};

/* A scope of the template outside of all loops. */
struct template_scope template_scope_of(struct deployment_plan *plan, struct err *err);
/* Reads names, types, ids, conditions and dependencies of all. Errors as template_open of template.h. */
STATUS_RESULT template_read_resources(struct deployment_plan *plan, struct err *err);

/* The resource that is meant by an id, a name or a symbol; NULL: it is none of this template. */
struct template_resource *template_find(struct deployment_plan *plan, struct bytes name);
/* True if all that it needs was made or left out. */
bool template_is_due(struct deployment_plan *plan, struct template_resource *resource);
/* Its body without name, type, conditions and dependencies. UNAVAILABLE: it refers to one that is not made yet; else as
 * template_open. The caller owns it. */
STATUS_RESULT template_body(struct deployment_plan *plan, const struct template_resource *resource,
                            json_t **ret_body, struct err *err);

#endif
