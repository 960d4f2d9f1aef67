/* SPDX-License-Identifier: MIT */
/* template.h — a whole deployment template: what it makes, in which order, with which bodies (JSON with languageVersion 1 or 2.0).
 * Parameters are checked first; then names, types, conditions and dependencies of all resources are known; bodies are evaluated
 * when their turn comes, since they may refer to what was made before. Pure; everything is bounded. */
#ifndef CORE_TEMPLATE_TEMPLATE_H
#define CORE_TEMPLATE_TEMPLATE_H

#include "core/template/template_resources.h"

#define TEMPLATE_PARAMETERS_MAX 256
#define TEMPLATE_OUTPUTS_MAX    64

/* Takes `written`, and reads what can be known before anything is made. `given`: {"name": {"value": …}}, or NULL. place and world live
 * as long as the template. INVALID_ARGUMENT, MALFORMED, TOO_LARGE: `err` says where; UNIMPLEMENTED: a part of the language that is
 * not there; NO_MEMORY. */
STATUS_RESULT template_open(json_t *written, const json_t *given, const struct template_place *place,
                            const struct template_world *world, struct deployment_plan **ret_plan,
                            struct err *err);
/* NULL allowed. */
void template_close(struct deployment_plan *plan);

/* {"name": {"type", "value"}}. The caller owns it. */
STATUS_RESULT template_outputs(struct deployment_plan *plan, json_t **ret_outputs, struct err *err);
/* {"name": {"type", "value"}} of the parameters; the value of a secure one is left out. NULL: no memory. */
json_t *template_parameters(const struct deployment_plan *plan);

#endif
