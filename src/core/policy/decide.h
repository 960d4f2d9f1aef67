/* SPDX-License-Identifier: MIT */
/* decide.h — what a policy demands of one request: deny over ask over allow, and among asks the sum of all demands.
 *
 * The defaults are the floor: a rule can only demand more, so that no rule that somebody adds makes another one weaker. A condition on
 * what is not known holds for rules that deny or ask and does not for rules that allow. Before the run, rules that look at the run
 * wait for it. The order of rules changes nothing but the order in which they are told. Pure; any thread. */
#ifndef CORE_POLICY_DECIDE_H
#define CORE_POLICY_DECIDE_H

#include "core/policy/policy.h"

struct policy_match {
    const struct policy_rule *rule;
    /* it matches since this one is not known; NULL: all conditions hold */
    const struct policy_condition *unknown;
};

/* Lives in the arena that it was decided in, and as long as the policy and the facts. */
struct policy_outcome {
    enum policy_do settled;
    /* of those that settle it the first in the file, one that is known to match before others; NULL: a standing
     * approval, or the defaults */
    const struct policy_rule *settled_by;
    struct bytes standing;              /* the standing approval that allows it; size 0: none */
    struct bytes message;               /* of settled_by; size 0: none */
    const struct policy_match *matches; /* every rule that matches, in the file's order */
    size_t match_count;
    size_t waiting_count;        /* rules that will be looked at after the run */
    int64_t terms[POLICY_TERMS]; /* added up, in units of terms.h */
    bool said[POLICY_TERMS];     /* the defaults or a rule that asks say it; else it is the initial one */
    const struct policy_track *tracks; /* all must be complete; none unless it is asked */
    size_t track_count;
    const int64_t *reminders; /* nanoseconds before the deadline, the earliest first, each once */
    size_t reminder_count;
    const struct policy_who *escalate; /* may hold one twice */
    size_t escalate_count;
};

/* `policy`: NULL is the built-in one, which asks anyone who has the right. NO_MEMORY. */
STATUS_RESULT policy_decide(const struct policy *policy, const struct policy_facts *facts,
                            struct arena *arena, struct policy_outcome *ret_outcome);

#endif
