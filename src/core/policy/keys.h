/* SPDX-License-Identifier: MIT */
/* keys.h — the words of a policy file, as a table: where each may stand, and what it is. The parser, its errors and
 * doc/policy.md derive from it. The demands that are one number each stand in terms.h, the conditions in facts.h. Static. */
#ifndef CORE_POLICY_KEYS_H
#define CORE_POLICY_KEYS_H

#include "base/bytes.h"

enum policy_place {
    POLICY_IN_FILE = 1 << 0,
    POLICY_IN_DEFAULTS = 1 << 1,
    POLICY_IN_RULE = 1 << 2, /* whatever it does */
    POLICY_IN_ASK = 1 << 3,  /* a rule that asks */
    POLICY_IN_STAGE = 1 << 4,
};

enum policy_key {
    POLICY_KEY_DEFAULTS,
    POLICY_KEY_RULES,
    POLICY_KEY_NAME,
    POLICY_KEY_WHEN,
    POLICY_KEY_DO,
    POLICY_KEY_MESSAGE,
    POLICY_KEY_APPROVALS,
    POLICY_KEY_REVIEWERS,
    POLICY_KEY_STAGES,
    POLICY_KEY_REMINDERS,
    POLICY_KEY_ESCALATE,
    POLICY_KEYS,
};

struct policy_key_row {
    const char *name;
    unsigned places;  /* of enum policy_place */
    const char *form; /* how its value is written */
    const char *text; /* for the reference */
};

extern const struct policy_key_row policy_keys[POLICY_KEYS];

#endif
