/* SPDX-License-Identifier: MIT */
/* policy_condition_fuzz.c — the first line is one condition, the rest is the code and every text of a request. A search ends
 * within its bound whatever both are, and a condition says the same twice. */
#include "core/policy/condition.h"

static void fill(struct policy_facts *facts, const struct bytes *text)
{
    static const struct policy_label label = {BYTES_LITERAL("env"), BYTES_LITERAL("prod")};
    for (size_t i = 0; i < policy_fact_count; i++) {
        const struct policy_fact_row *row = &policy_fact_rows[i];
        void *member = (char *)facts + row->offset;
        if (row->kind == POLICY_FACT_LABELS)
            *(struct policy_labels *)member = (struct policy_labels){true, &label, 1};
        else if (row->kind < POLICY_FACT_LABELS)
            *(struct policy_texts *)member = (struct policy_texts){true, text, 1};
        else
            *(struct policy_number *)member = (struct policy_number){true, (int64_t)text->size};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct bytes rest = bytes_of(data, size);
    struct bytes line = bytes_split(&rest, '\n');
    struct yaml_tree_node *root = NULL;
    struct yaml_tree_fault fault;
    struct policy_condition condition;
    struct policy_facts facts = {0};
    if (yaml_tree_read(line, &arena, &root, &fault) != STATUS_OK || root->kind != YAML_TREE_MAP ||
        !root->first)
        return 0;
    enum status status = policy_condition_read(root->first, &arena, &condition, &fault);
    ASSERT(status == STATUS_OK || (status == STATUS_MALFORMED && fault.text[0]) ||
           status == STATUS_NO_MEMORY);
    if (status != STATUS_OK)
        return 0;

    ASSERT(policy_condition_holds(&condition, &facts) == POLICY_UNKNOWN);
    fill(&facts, &rest);
    ASSERT(policy_condition_holds(&condition, &facts) == policy_condition_holds(&condition, &facts));
    policy_condition_fini(&condition);
    return 0;
}
