/* SPDX-License-Identifier: MIT */
/* policy.c — the end of a policy: patterns by hand, all else with the arena. */
#include "core/policy/policy.h"

#include <stdlib.h>

const char *policy_do_name(enum policy_do action)
{
    static const char *const names[] = {
        [POLICY_ALLOW] = "allow", [POLICY_ASK] = "ask", [POLICY_DENY] = "deny"};
    return names[action];
}

void policy_destroy(struct policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        for (size_t j = 0; j < rule->alternative_count; j++)
            for (size_t k = 0; k < rule->alternatives[j].condition_count; k++)
                policy_condition_fini(&rule->alternatives[j].conditions[k]);
    }
    arena_fini(&policy->arena);
    free(policy);
}
