/* SPDX-License-Identifier: MIT */
/* review_rule.h — what the policy says of a request: what is known of it, the ruling, how that is kept in the record, and what votes come
 * to by it. A request goes on by what it was promised when it was last ruled, whatever version is in force by then.
 *
 *   submitted, revised ──► rule before the run ──► how the revision begins
 *   the run is over    ──► rule after the run  ──► shown to people, allowed, denied
 *   a vote             ──► tally by the ruling that is kept
 *
 * On the store's thread, within a job. Not for other folders. */
#ifndef STORE_REVIEW_RULE_H
#define STORE_REVIEW_RULE_H

#include "core/policy/decide.h"
#include "core/policy/tally.h"
#include "store/review/review_store_internal.h"

/* --- facts (review_facts.c) --- */

/* Members of a record for servers only: the submitter's key, groups and roles; those of each vote, in the votes' order. */
#define REVIEW_SUBMITTER_FACTS "_submitter"
#define REVIEW_VOTER_FACTS     "_voters"
/* When people are reminded, in nanoseconds before the deadline, the longest first; and whether others are asked by now. */
#define REVIEW_REMIND_BEFORE "_remindBeforeNs"
#define REVIEW_ESCALATED     "escalated"

struct review_facts {
    struct arena arena; /* of the facts, and of who decides by them */
    json_t *run;        /* the run's, to which texts belong */
    json_t *syntax;     /* likewise: what a session said of the code */
    struct policy_facts facts;
};

/* `effects`: of the present run, borrowed; NULL: not reported. Beyond the record is read what `policy` (NULL: the built-in one) looks
 * at. Texts belong to the record. Those of review_book_blob, and NO_MEMORY. */
STATUS_RESULT review_facts_read(struct review_book *book, const struct review_record *record,
                                enum policy_phase phase, const json_t *effects, const struct policy *policy,
                                struct review_facts *ret_facts, struct err *err);
void review_facts_fini(struct review_facts *facts);
/* {"name","key"?,"groups","roles"}; new. */
json_t *review_person_facts(const struct review_person *person);

/* --- the ruling (review_rule.c) --- */

struct review_ruling {
    struct review_facts facts;
    const struct policy_in_force *in_force;
    struct policy_outcome outcome;
};

/* Asks the policy in force. Ended with review_ruling_fini in any case. */
STATUS_RESULT review_rule(struct review_book *book, struct review_record *record, enum policy_phase phase,
                          const json_t *effects, int64_t now_ns, struct review_ruling *ret_ruling,
                          struct err *err);
void review_ruling_fini(struct review_ruling *ruling);
/* Keeps it in the record: "policy", "gate", "asked", "blind", "liveOutput", and how long people have. Of a standing approval that
 * allows it a use is taken. */
STATUS_RESULT review_ruling_keep(struct review_book *book, struct review_record *record,
                                 const struct review_ruling *ruling, int64_t now_ns, struct err *err);
/* From a reminder on others are asked, too: `*ret_also` has those that were not before, a new array; NULL: nobody is. */
STATUS_RESULT review_escalate(struct review_record *record, const struct policy_outcome *outcome,
                              json_t **ret_also, struct err *err);
/* Takes out what was kept before. */
void review_ruling_forget(struct review_record *record);
/* How the revision begins; what a run came to that `succeeded` or raised. The ruling is kept already. */
enum review_entry review_ruling_entry(const struct review_record *record, const struct review_ruling *ruling);
enum review_event review_ruling_event(const struct review_record *record, const struct review_ruling *ruling,
                                      bool succeeded);
/* What was kept, read back into `arena`. DATA_LOSS: it cannot be read. */
STATUS_RESULT review_outcome_of(const struct review_record *record, struct arena *arena,
                                struct policy_outcome *ret_outcome, struct err *err);

/* --- how often rules match (review_rule_counts.c) --- */

/* Once for each request and rule. `takes_effect`: people are asked by this ruling, or it is over by it; else it runs first and is ruled
 * again. The record is saved afterwards. Those of the database, and NO_MEMORY. */
STATUS_RESULT review_rules_count(struct review_book *book, struct review_record *record,
                                 const struct policy_outcome *outcome, bool takes_effect, int64_t now_ns,
                                 struct err *err);

/* --- what was before (review_repeat.c) --- */

/* How long before the present revision the same was approved. NO_MEMORY. */
STATUS_RESULT review_repeats_read(struct review_book *book, const struct review_record *record,
                                  struct policy_facts *facts, struct err *err);
/* Somebody with a name has approved it. */
STATUS_RESULT review_approval_note(struct review_book *book, const struct review_record *record,
                                   int64_t now_ns, struct err *err);
/* Its run has ended; what later requests are expected to run on. */
STATUS_RESULT review_template_note(struct review_book *book, const struct review_record *record,
                                   struct err *err);

/* --- standing approvals (review_standing.c) --- */

/* Why the next vote may not wish for one; NULL: it may. A static text. */
STATUS_RESULT review_standing_check(struct review_book *book, const struct review_record *record,
                                    const struct policy_outcome *outcome,
                                    const struct review_remember *remember, int64_t now_ns,
                                    const char **ret_refusal, struct err *err);
/* {"of","for","expiresInSeconds","uses"}: the wish beside a vote; new. */
json_t *review_remember_json(const struct policy_outcome *outcome, const struct review_remember *remember);
/* The request was approved by people: made if all whose approval counts wanted it. The votes have their weights. */
STATUS_RESULT review_standing_make(struct review_book *book, struct review_record *record,
                                   const struct review_person *by, int64_t now_ns, struct err *err);
/* Notes in the record which one covers it now. */
STATUS_RESULT review_standing_find(struct review_book *book, struct review_record *record,
                                   const struct policy_facts *facts, int64_t now_ns, struct err *err);
/* What was noted, for a policy. */
STATUS_RESULT review_standing_fact(const struct review_record *record, struct arena *arena,
                                   struct policy_facts *facts, struct err *err);
/* Takes a use of the one that allows the request, if the request has not taken one of it before. */
STATUS_RESULT review_standing_use(struct review_book *book, struct review_record *record,
                                  const struct policy_outcome *outcome, int64_t now_ns, struct err *err);

/* --- a revision begins (review_begin.c) --- */

/* True while the policy waits for a session to take the code apart: nobody is asked, and nothing of it runs. */
bool review_is_unread(const struct review_record *record);
/* What the policy says of the present revision: how it begins. What people are asked about, or what a rule denies, before
 * anything runs has its manifest. */
STATUS_RESULT review_rule_revision(struct review_book *book, struct review_record *record, int64_t now_ns,
                                   struct err *err);
/* The decision of a rule that denies it before anything runs: behind the entry of what somebody did. */
STATUS_RESULT review_write_denial(struct review_book *book, struct review_record *record, int64_t now_ns,
                                  struct err *err);
/* The events of how it begins, behind the one of what somebody did. */
STATUS_RESULT review_tell_beginning(struct review_book *book, const struct review_record *record,
                                    int64_t now_ns, struct err *err);

/* --- votes (review_tally.c) --- */

/* What the votes come to; beside each it is noted whether it counts, and why not. `people_known`: whoever votes now signed in.
 * NO_MEMORY. */
STATUS_RESULT review_tally(struct review_record *record, const struct policy_outcome *outcome,
                           bool people_known, enum policy_verdict *ret_verdict, struct err *err);
/* May this person approve at all? */
bool review_may_approve(const struct review_record *record, const struct policy_outcome *outcome,
                        const struct review_person *person);

/* An event from outside that came before its time, if it is its time now (review_vote.c). The record was saved. */
STATUS_RESULT review_take_early(struct review_book *book, struct review_record *record, int64_t now_ns,
                                struct err *err);

/* --- the decision (review_decision.c) --- */

/* Who or what decides. */
struct review_decider {
    const struct review_person *actor; /* for the log */
    const char *by;                    /* a name; NULL: it has none */
    const char *via;
    const char *comment;  /* NULL: none */
    const char *rule;     /* of a decision by policy; NULL: none */
    const char *standing; /* likewise, the standing approval */
    bool tells;           /* the scheduler is told of it */
    bool of_before;       /* it is the approval from before the run, and names what was there then */
};

/* {"approved","at","by"?,"comment"?,"sha256"?,"manifestSha256"?,"via","rule"?}; new. */
json_t *review_decision_json(const struct review_record *record, bool approved,
                             const struct review_decider *decider, int64_t now_ns);
/* The decision into the record, the log, and what the scheduler is to be told. The record has moved. */
STATUS_RESULT review_record_decide(struct review_book *book, struct review_record *record, bool approved,
                                   const struct review_decider *decider, int64_t now_ns, struct err *err);
/* The same by what was ruled, without people. */
STATUS_RESULT review_decide_by_rule(struct review_book *book, struct review_record *record, bool approved,
                                    int64_t now_ns, struct err *err);
/* The release into the log, where `actions` of the move have one; behind the decision, if that is made now. */
STATUS_RESULT review_release_note(struct review_book *book, const struct review_record *record,
                                  unsigned actions, int64_t now_ns, struct err *err);

#endif
