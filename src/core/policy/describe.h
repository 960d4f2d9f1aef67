/* SPDX-License-Identifier: MIT */
/* describe.h — a policy, an outcome and the words of a file in words and as JSON: what the commands, the page and doc/policy.md
 * show. Appending never fails by itself: see buf_status and json_write_status. Pure. */
#ifndef CORE_POLICY_DESCRIBE_H
#define CORE_POLICY_DESCRIBE_H

#include "core/policy/decide.h"
#include "wire/json/json.h"

/* "2 of group:security, then 1 of user:mina": what a track demands. */
void policy_write_track(const struct policy_track *track, struct buf *out);
/* The value of a term as it is written in a file: "both", "24h", "approve, reject", "true"; "" for one that was not said. */
void policy_write_term(enum policy_term term, int64_t value, struct buf *out);
/* "imports: subprocess and labels.env: prod, or calls: os.system". */
void policy_write_conditions(const struct policy_rule *rule, struct buf *out);
/* In a few words what is due: "denied", "allowed", "2 of group:security and 1 of anyone". */
void policy_write_due(const struct policy_outcome *outcome, struct buf *out);

/* {"defaults": DEMANDS, "rules": [{"name","do","when","message"?, DEMANDS…}]}, DEMANDS being what is said in the file. */
void policy_write_json(const struct policy *policy, struct json_writer *json);
/* {"settled","settledBy"?,"standing"?,"message"?,"rules":[{"name","do","message"?,"unknown"?}],"waiting","demands":{…}}: which
 * rules match, which one settles it, what is due. */
void policy_outcome_write_json(const struct policy_outcome *outcome, struct json_writer *json);
/* {"keys":[{"name","places","form","text"}],"terms":[{"name","form","initial","strictest","text"}],
 * "conditions":[{"name","form","after","text"}]}: the tables. */
void policy_words_write_json(struct json_writer *json);

#endif
