/* SPDX-License-Identifier: MIT */
/* keys.c — the rows; each names all places where its key may stand. */
#include "core/policy/keys.h"

#define DEMAND (POLICY_IN_DEFAULTS | POLICY_IN_ASK)

// clang-format off
const struct policy_key_row policy_keys[POLICY_KEYS] = {
    [POLICY_KEY_DEFAULTS] = {"defaults", POLICY_IN_FILE, "a map", "what every request demands that people are asked about"},
    [POLICY_KEY_RULES] = {"rules", POLICY_IN_FILE, "a list of maps", "the rules; their order changes nothing"},
    [POLICY_KEY_NAME] = {"name", POLICY_IN_RULE | POLICY_IN_STAGE, "a text", "what people read; no two rules have the same"},
    [POLICY_KEY_WHEN] = {"when", POLICY_IN_RULE, "a map of conditions, or a list of such maps",
                         "all conditions of a map must hold; of a list, one map is enough"},
    [POLICY_KEY_DO] = {"do", POLICY_IN_RULE, "allow, ask or deny", "deny wins over ask, ask over allow"},
    [POLICY_KEY_MESSAGE] = {"message", POLICY_IN_RULE, "a text", "what submitter and reviewers are told"},
    [POLICY_KEY_APPROVALS] = {"approvals", DEMAND | POLICY_IN_STAGE, "a whole number from 1 to 20",
                              "how many different people must approve; 1 where it is not said"},
    [POLICY_KEY_REVIEWERS] = {"reviewers", DEMAND | POLICY_IN_STAGE,
                              "a list of role:NAME, group:NAME, user:NAME or anyone",
                              "whose approval counts; those of the defaults where it is not said, and anyone who has the right "
                              "to decide where those do not say it"},
    [POLICY_KEY_STAGES] = {"stages", DEMAND, "a list of maps with name, approvals and reviewers",
                           "one after the other, in place of approvals and reviewers; nobody counts in two of them"},
    [POLICY_KEY_REMINDERS] = {"reminders", DEMAND, "a list of durations such as 4h", "when people are reminded, before the deadline"},
    [POLICY_KEY_ESCALATE] = {"escalate", DEMAND, "a list as in reviewers", "who is asked besides, from the first reminder on"},
};
// clang-format on
