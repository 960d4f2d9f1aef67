/* SPDX-License-Identifier: MIT */
/* view_policy.h — who has said what about a request, and which rules asked for it, as people read it on a terminal. Pure. */
#ifndef CMD_REVIEW_VIEW_POLICY_H
#define CMD_REVIEW_VIEW_POLICY_H

#include "cmd/cli/print.h"

/* A line a vote. */
void view_votes(const json_t *votes, struct buf *out);
/* The policy's version, its rules that matched, what is still missing. */
void view_rules(const json_t *request, struct buf *out);

#endif
