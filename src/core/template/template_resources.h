/* SPDX-License-Identifier: MIT */
/* template_resources.h — the resources of a template; for template.c and nobody else. */
#ifndef CORE_TEMPLATE_TEMPLATE_RESOURCES_H
#define CORE_TEMPLATE_TEMPLATE_RESOURCES_H

#include "core/template/template.h"

struct template
{
    json_t *written;
    json_t *parameters; /* name → value */
    json_t *variables;  /* those that were asked for */
    const struct template_place *place;
    const struct template_world *world;
    struct template_budget budget;
    struct arena arena;
    struct template_resource *resources;
    size_t resource_count, resource_room;
    size_t need_count; /* of all */
};

/* A scope of the template outside of all loops. */
struct template_scope template_scope_of(struct template *plan, struct err *err);
/* Reads names, types, ids, conditions and dependencies of all. Errors as template_open. */
STATUS_RESULT template_read_resources(struct template *plan, struct err *err);

#endif
