/* SPDX-License-Identifier: MIT */
/* read_demands.h — the lower half of the reader of a policy file: names, refusals, and what the defaults and rules demand. Only
 * policy_read.c uses it. Everything
 * that returns a status has filled in the fault where that is MALFORMED. */
#ifndef CORE_POLICY_READ_DEMANDS_H
#define CORE_POLICY_READ_DEMANDS_H

#include "core/policy/keys.h"
#include "core/policy/policy.h"

struct policy_reader {
    struct policy *policy;
    struct arena *arena;
    struct yaml_tree_fault *fault;
};

size_t policy_item_count(const struct yaml_tree_node *node);
/* The item of a map, or NULL. */
const struct yaml_tree_node *policy_item(const struct yaml_tree_node *map, const char *name);
/* POLICY_KEYS: it is a term, or unknown. */
enum policy_key policy_key_of(struct bytes name);

/* Is the name of this item known, and may it stand in one of the places? */
STATUS_RESULT policy_check_key(const struct policy_reader *reader, const struct yaml_tree_node *node,
                               unsigned places);
/* A text of 1 to `size_max` bytes. */
STATUS_RESULT policy_read_text(const struct policy_reader *reader, enum policy_key key,
                               const struct yaml_tree_node *node, size_t size_max, struct bytes *ret_text);
/* One item of the defaults or a rule: a term, approvals, reviewers, stages, reminders, escalate. */
STATUS_RESULT policy_read_demand(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                 struct policy_demands *demands);
/* Fills in what a rule takes from the defaults, and checks what belongs together. `node`: the rule. */
STATUS_RESULT policy_finish_demands(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                    struct policy_demands *demands);
/* The same for the defaults themselves; `node`: NULL where the file has none. */
STATUS_RESULT policy_finish_defaults(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                     struct policy_demands *defaults);

enum status policy_refuse_form(const struct policy_reader *reader, enum policy_key key,
                               const struct yaml_tree_node *node);
enum status policy_refuse_missing(const struct policy_reader *reader, enum policy_key key,
                                  const struct yaml_tree_node *map);
enum status policy_refuse_word(const struct policy_reader *reader, const struct yaml_tree_node *node,
                               const char *name, const char *words);

#endif
