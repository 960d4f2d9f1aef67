/* SPDX-License-Identifier: MIT */
/* condition.h — one condition of a rule: a fact, and what it must be.
 * It holds, does not hold, or nobody knows: what is not known is never guessed here, the rule decides what that means. */
#ifndef CORE_POLICY_CONDITION_H
#define CORE_POLICY_CONDITION_H

#include "core/policy/facts.h"
#include "core/policy/pattern.h"
#include "core/policy/quantities.h"
#include "wire/yaml/yaml_tree.h"

struct policy_condition {
    const struct policy_fact_row *fact;
    struct bytes label;        /* of labels: which one */
    struct bytes shown;        /* as it stands in the file, for people */
    const struct bytes *texts; /* of texts and labels: any of them; of "only": those that may be */
    size_t text_count;
    bool none_of; /* "!=": none of the texts may fit */
    struct policy_range range;
    struct policy_pattern **patterns; /* owned by the condition */
    size_t pattern_count;
};

/* Reads `name: value` of a map. On success policy_condition_fini is due; what is not owned lives in `arena`, with the tree.
 * MALFORMED: `ret_fault` says what was expected; NO_MEMORY. */
STATUS_RESULT policy_condition_read(const struct yaml_tree_node *node, struct arena *arena,
                                    struct policy_condition *ret_condition,
                                    struct yaml_tree_fault *ret_fault);
void policy_condition_fini(struct policy_condition *condition);

enum policy_truth policy_condition_holds(const struct policy_condition *condition,
                                         const struct policy_facts *facts);

#endif
