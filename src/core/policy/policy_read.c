/* SPDX-License-Identifier: MIT */
/* policy_read.c — the file from the outside in: the two words of a file, the rules, and of each its conditions. What a rule or the
 * defaults demand is read by read_demands.c. */
#include "core/policy/policy_read.h"

#include <stdlib.h>

#include "core/policy/read_demands.h"

static const char do_words[] = "allow ask deny";

/* --- conditions --- */

/* Code that says nothing, or the right thing, would let itself through. */
static STATUS_RESULT check_word(struct policy_reader *reader, const struct yaml_tree_node *node,
                                const struct policy_condition *condition, enum policy_do action)
{
    if (action != POLICY_ALLOW || !condition->fact->own_word)
        return STATUS_OK;
    return yaml_tree_refuse(reader->fault, node->name_line, node->name_column,
                            "%s is the code's own word: a rule that allows may not rest on it",
                            condition->fact->name);
}

static STATUS_RESULT read_alternative(struct policy_reader *reader, const struct yaml_tree_node *node,
                                      enum policy_do action, struct policy_alternative *ret_alternative)
{
    size_t count = policy_item_count(node);
    if (node->kind != YAML_TREE_MAP || count == 0)
        return policy_refuse_form(reader, POLICY_KEY_WHEN, node);
    struct policy_condition *conditions = arena_alloc_array(reader->arena, count, sizeof *conditions);
    if (!conditions)
        return STATUS_NO_MEMORY;
    ret_alternative->conditions = conditions;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        struct policy_condition *condition = &conditions[ret_alternative->condition_count];
        enum status status = policy_condition_read(item, reader->arena, condition, reader->fault);
        if (status != STATUS_OK)
            return status;
        ret_alternative->condition_count++;
        status = check_word(reader, item, condition, action);
        if (status != STATUS_OK)
            return status;
        reader->policy->pattern_count += condition->pattern_count;
        if (reader->policy->pattern_count > POLICY_PATTERNS_MAX)
            return yaml_tree_refuse(reader->fault, item->line, item->column,
                                    "more than %d patterns in one file (limit policy-patterns-max)",
                                    POLICY_PATTERNS_MAX);
    }
    return STATUS_OK;
}

static STATUS_RESULT read_when(struct policy_reader *reader, const struct yaml_tree_node *node,
                               struct policy_rule *rule)
{
    bool is_list = node->kind == YAML_TREE_LIST;
    size_t count = is_list ? policy_item_count(node) : 1;
    if (count == 0)
        return policy_refuse_form(reader, POLICY_KEY_WHEN, node);
    rule->alternatives = arena_alloc_array(reader->arena, count, sizeof *rule->alternatives);
    if (!rule->alternatives)
        return STATUS_NO_MEMORY;
    const struct yaml_tree_node *item = is_list ? node->first : node;
    for (size_t i = 0; i < count; i++, item = item->next) {
        /* Counted first, so that what it has already is freed when it is refused. */
        enum status status =
            read_alternative(reader, item, rule->action, &rule->alternatives[rule->alternative_count++]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* --- rules --- */

static STATUS_RESULT read_do(struct policy_reader *reader, const struct yaml_tree_node *rule_node,
                             struct policy_rule *rule)
{
    const struct yaml_tree_node *node = policy_item(rule_node, policy_keys[POLICY_KEY_DO].name);
    if (!node)
        return policy_refuse_missing(reader, POLICY_KEY_DO, rule_node);
    if (node->kind == YAML_TREE_TEXT && policy_do_find(node->text, &rule->action))
        return STATUS_OK;
    return policy_refuse_word(reader, node, policy_keys[POLICY_KEY_DO].name, do_words);
}

static STATUS_RESULT check_name(struct policy_reader *reader, const struct yaml_tree_node *node,
                                const struct policy_rule *rule)
{
    for (const struct policy_rule *other = reader->policy->rules; other < rule; other++) {
        if (bytes_equal(other->name, rule->name))
            return yaml_tree_refuse(reader->fault, node->line, node->column,
                                    "another rule is called so, in line %d", other->line);
    }
    return STATUS_OK;
}

static STATUS_RESULT read_rule_item(struct policy_reader *reader, const struct yaml_tree_node *node,
                                    struct policy_rule *rule, bool *ret_taken)
{
    enum policy_key key = policy_key_of(node->name);
    enum status status;
    *ret_taken = true;
    switch (key) {
    case POLICY_KEY_NAME:
        status = policy_read_text(reader, key, node, POLICY_NAME_SIZE_MAX, &rule->name);
        if (status != STATUS_OK)
            return status;
        return check_name(reader, node, rule);
    case POLICY_KEY_MESSAGE:
        return policy_read_text(reader, key, node, POLICY_TEXT_SIZE_MAX, &rule->message);
    case POLICY_KEY_WHEN:
        return read_when(reader, node, rule);
    case POLICY_KEY_DO:
        return STATUS_OK;
    default:
        *ret_taken = false;
        return STATUS_OK;
    }
}

static STATUS_RESULT read_rule(struct policy_reader *reader, const struct yaml_tree_node *node,
                               struct policy_rule *rule)
{
    rule->line = node->line;
    if (node->kind != YAML_TREE_MAP)
        return policy_refuse_form(reader, POLICY_KEY_RULES, node);
    enum status status = read_do(reader, node, rule);
    unsigned places = POLICY_IN_RULE | (rule->action == POLICY_ASK ? (unsigned)POLICY_IN_ASK : 0);
    for (const struct yaml_tree_node *item = node->first; item && status == STATUS_OK; item = item->next) {
        bool taken = false;
        status = policy_check_key(reader, item, places);
        if (status == STATUS_OK)
            status = read_rule_item(reader, item, rule, &taken);
        if (status == STATUS_OK && !taken)
            status = policy_read_demand(reader, item, &rule->demands);
    }
    if (status != STATUS_OK)
        return status;

    if (!rule->name.size)
        return policy_refuse_missing(reader, POLICY_KEY_NAME, node);
    if (!rule->alternative_count)
        return policy_refuse_missing(reader, POLICY_KEY_WHEN, node);
    rule->demands.track.rule = rule->name;
    return policy_finish_demands(reader, node, &rule->demands);
}

static STATUS_RESULT read_rules(struct policy_reader *reader, const struct yaml_tree_node *node)
{
    struct policy *policy = reader->policy;
    size_t count = policy_item_count(node);
    if (node->kind != YAML_TREE_LIST)
        return policy_refuse_form(reader, POLICY_KEY_RULES, node);
    if (count > POLICY_RULES_MAX)
        return yaml_tree_refuse(reader->fault, node->line, node->column,
                                "more than %d rules (limit policy-rules-max)", POLICY_RULES_MAX);
    policy->rules = arena_alloc_array(reader->arena, count, sizeof *policy->rules);
    if (!policy->rules)
        return STATUS_NO_MEMORY;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        enum status status = read_rule(reader, item, &policy->rules[policy->rule_count++]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* --- the file --- */

static STATUS_RESULT read_defaults(struct policy_reader *reader, const struct yaml_tree_node *node)
{
    struct policy_demands *defaults = &reader->policy->defaults;
    if (node && node->kind != YAML_TREE_MAP)
        return policy_refuse_form(reader, POLICY_KEY_DEFAULTS, node);
    for (const struct yaml_tree_node *item = node ? node->first : NULL; item; item = item->next) {
        enum status status = policy_check_key(reader, item, POLICY_IN_DEFAULTS);
        if (status == STATUS_OK)
            status = policy_read_demand(reader, item, defaults);
        if (status != STATUS_OK)
            return status;
    }
    return policy_finish_defaults(reader, node, defaults);
}

/* The defaults first, wherever they stand: rules take from them what they do not say. */
static STATUS_RESULT read_file(struct policy_reader *reader, const struct yaml_tree_node *root)
{
    if (root->kind != YAML_TREE_MAP)
        return yaml_tree_refuse(reader->fault, root->line, root->column,
                                "expected a map with defaults and rules");
    for (const struct yaml_tree_node *item = root->first; item; item = item->next) {
        enum status status = policy_check_key(reader, item, POLICY_IN_FILE);
        if (status != STATUS_OK)
            return status;
    }
    const struct yaml_tree_node *rules = policy_item(root, policy_keys[POLICY_KEY_RULES].name);
    enum status status = read_defaults(reader, policy_item(root, policy_keys[POLICY_KEY_DEFAULTS].name));
    if (status == STATUS_OK && rules)
        return read_rules(reader, rules);
    return status;
}

enum status policy_read(struct bytes text, struct policy **ret_policy, struct yaml_tree_fault *ret_fault)
{
    *ret_fault = (struct yaml_tree_fault){0};
    struct policy *policy = calloc(1, sizeof *policy);
    if (!policy)
        return STATUS_NO_MEMORY;
    struct policy_reader reader = {.policy = policy, .arena = &policy->arena, .fault = ret_fault};
    struct yaml_tree_node *root = NULL;
    enum status status = yaml_tree_read(text, &policy->arena, &root, ret_fault);
    if (status == STATUS_OK)
        status = read_file(&reader, root);
    if (status != STATUS_OK) {
        policy_destroy(policy);
        return status;
    }
    *ret_policy = policy;
    return STATUS_OK;
}
