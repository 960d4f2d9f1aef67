/* SPDX-License-Identifier: MIT */
/* standing.h — "approve and remember": an approval that stands for the same code when it comes again.
 * It is kept, counted and revoked by somebody else; here is only whether one covers a request. What it covers is allowed
 * unless a rule denies or asks: it weighs as much as a rule that allows (decide.h). Pure. */
#ifndef CORE_POLICY_STANDING_H
#define CORE_POLICY_STANDING_H

#include "core/policy/facts.h"

enum policy_standing_of {
    POLICY_STANDING_BYTES, /* exactly this code */
    POLICY_STANDING_TREE,  /* code with this syntax tree */
};

struct policy_standing {
    enum policy_standing_of of;
    struct bytes sha256;    /* hexadecimal, of the code or of its tree */
    struct bytes submitter; /* only theirs; size 0: anybody's */
    struct bytes label_key; /* only with this label; size 0: with any */
    struct bytes label_value;
    int64_t expires_at; /* any clock, that of `now` */
    int64_t uses_left;  /* 0: used up */
    bool revoked;
};

/* False also where what it asks for is not known. */
bool policy_standing_covers(const struct policy_standing *standing, const struct policy_facts *facts,
                            int64_t now);

#endif
