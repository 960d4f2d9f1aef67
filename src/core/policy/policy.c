/* SPDX-License-Identifier: MIT */
/* policy.c — the end of a policy: patterns by hand, all else with the arena. */
#include "core/policy/policy.h"

#include <stdlib.h>

static const char *const do_names[] = {
    [POLICY_ALLOW] = "allow", [POLICY_ASK] = "ask", [POLICY_DENY] = "deny"};

const char *policy_do_name(enum policy_do action)
{
    return do_names[action];
}

bool policy_do_find(struct bytes name, enum policy_do *ret_action)
{
    for (size_t i = 0; i < ARRAY_SIZE(do_names); i++) {
        if (!bytes_equal_cstr(name, do_names[i]))
            continue;
        *ret_action = (enum policy_do)i;
        return true;
    }
    return false;
}

bool policy_who_read(struct bytes text, struct policy_who *ret_who)
{
    static const struct {
        const char *prefix;
        enum policy_who_kind kind;
    } prefixes[] = {{"user", POLICY_USER}, {"group", POLICY_GROUP}, {"role", POLICY_ROLE}};
    if (bytes_equal_cstr(text, "anyone")) {
        *ret_who = (struct policy_who){.kind = POLICY_ANYONE, .shown = text};
        return true;
    }
    struct bytes name = text;
    struct bytes prefix = bytes_split(&name, ':');
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!bytes_equal_cstr(prefix, prefixes[i].prefix) || name.size == 0 ||
            name.size > POLICY_NAME_SIZE_MAX)
            continue;
        *ret_who = (struct policy_who){prefixes[i].kind, name, text};
        return true;
    }
    return false;
}

static bool rule_reads_code(const struct policy_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct policy_alternative *alternative = &rule->alternatives[i];
        for (size_t j = 0; j < alternative->condition_count; j++)
            if (alternative->conditions[j].fact->by_session)
                return true;
    }
    return false;
}

/* A standing approval may be one of a syntax tree. */
static bool remembers_trees(const struct policy_demands *demands)
{
    return demands->given[POLICY_REMEMBER] && demands->terms[POLICY_REMEMBER] == POLICY_REMEMBER_TREE;
}

bool policy_reads_code(const struct policy *policy)
{
    if (!policy)
        return false;
    bool reads = remembers_trees(&policy->defaults);
    for (size_t i = 0; i < policy->rule_count && !reads; i++)
        reads = rule_reads_code(&policy->rules[i]) || remembers_trees(&policy->rules[i].demands);
    return reads;
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
