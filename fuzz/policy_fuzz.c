/* SPDX-License-Identifier: MIT */
/* policy_fuzz.c — any bytes as a policy file. One that is refused says why; one that is taken decides, is told in words that a
 * JSON reader takes, and no request is allowed where the same policy denies it. */
#include "core/policy/describe.h"
#include "core/policy/policy_read.h"

static void check_outcome(const struct policy_outcome *outcome)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *value = NULL;
    struct json_writer json = {.out = &text, .replace_invalid = true};
    policy_outcome_write_json(outcome, &json);
    ASSERT(json_write_status(&json) == STATUS_OK);
    ASSERT(json_parse(buf_peek(&text), NULL, &value, NULL) == STATUS_OK);
    for (size_t i = 0; i < outcome->match_count; i++)
        ASSERT(outcome->settled >= outcome->matches[i].rule->action);
    ASSERT(outcome->settled == POLICY_ASK ? outcome->track_count > 0 : outcome->track_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy *policy = NULL;
    struct yaml_tree_fault fault;
    enum status status = policy_read(bytes_of(data, size), &policy, &fault);
    ASSERT((status == STATUS_OK) == (policy != NULL));
    ASSERT((status == STATUS_OK) != (fault.text[0] != '\0') || status == STATUS_NO_MEMORY);
    if (status != STATUS_OK)
        return 0;

    CLEANUP(arena_fini) struct arena arena = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    struct json_writer json = {.out = &text, .replace_invalid = true};
    policy_write_json(policy, &json);
    ASSERT(json_write_status(&json) == STATUS_OK);
    for (int phase = POLICY_BEFORE_RUN; phase <= POLICY_AFTER_RUN; phase++) {
        struct policy_facts facts = {.phase = (enum policy_phase)phase};
        struct policy_outcome outcome;
        ASSERT(policy_decide(policy, &facts, &arena, &outcome) == STATUS_OK);
        check_outcome(&outcome);
    }
    policy_destroy(policy);
    return 0;
}
