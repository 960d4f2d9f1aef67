/* SPDX-License-Identifier: MIT */
/* rehearse.h — what a draft would have done to requests that were decided before. Changes nothing; pure. */
#ifndef CORE_POLICY_REHEARSE_H
#define CORE_POLICY_REHEARSE_H

#include "core/policy/decide.h"

/* A request as it was. Borrowed. */
struct policy_past {
    const char *request; /* its id */
    const char *title;   /* its purpose, or NULL */
    const struct policy_facts *facts;
};

struct policy_rehearsal {
    const struct policy_past *past;
    struct policy_outcome was;   /* by the policy that is in force */
    struct policy_outcome would; /* by the draft */
    bool changed;                /* another outcome, or other demands on people or time */
};

/* True if one who submits or reviews would notice: another outcome, or other demands on people or time. */
bool policy_outcomes_differ(const struct policy_outcome *was, const struct policy_outcome *would);
/* Decides each by both policies (NULL: the built-in one); the rows are in the order of `pasts`, one each, in `arena`. NO_MEMORY. */
STATUS_RESULT policy_rehearse(const struct policy *in_force, const struct policy *draft,
                              const struct policy_past *pasts, size_t count, struct arena *arena,
                              struct policy_rehearsal **ret_rows);

#endif
