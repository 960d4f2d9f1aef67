/* SPDX-License-Identifier: MIT */
/* rules.h — the one place that says what a request demands before it counts as approved, and who may vote on it.
 * Without a policy: one approval by anybody who has the right, one rejection, one request for changes; nobody decides on
 * their own request once people are told apart. Pure. */
#ifndef CORE_REVIEW_RULES_H
#define CORE_REVIEW_RULES_H

#include <jansson.h>

#include "core/review/machine.h"

/* What the votes come to. `votes`: as in the request ("answer", "counts", "by"); only those that count are counted, the last of
 * each person. False: nothing yet. */
bool review_rules_tally(json_t *votes, enum review_event *ret_event);
/* True if `voter` may vote on a request of `submitter` on behalf of `on_behalf_of` (an id or a name, of which the letters' case says nothing; NULL: nobody). `known`:
 * people are told apart; else there is one, who may do everything. */
bool review_rules_may_vote(const char *voter_id, const char *voter_name, const char *submitter_id,
                           const char *on_behalf_of, bool known);
/* True if HumanApproval from another client of the scheduler decides (RP-03). */
bool review_rules_allow_outside(void);

#endif
