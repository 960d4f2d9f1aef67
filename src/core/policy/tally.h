/* SPDX-License-Identifier: MIT */
/* tally.h — what the votes on one manifest come to, by what a policy demands.
 *
 * A rejection wins over a wish for changes, and that over any number of approvals, whoever of those who may decide says it.
 * A person is a principal: who has two keys has one vote. Of each person the last word counts. Who stands in for somebody may take
 * their place where they would count, if it is not about their own request; nobody takes two places, and nobody's place is taken twice. Approvals are looked at in
 * the order of their times, which matters for stages only: in a later stage counts who approved after the earlier ones were
 * complete. Pure; any thread. */
#ifndef CORE_POLICY_TALLY_H
#define CORE_POLICY_TALLY_H

#include "core/policy/decide.h"

/* In the order of the words of POLICY_COMMENT. */
enum policy_answer {
    POLICY_APPROVE,
    POLICY_CHANGES,
    POLICY_REJECT,
};

struct policy_vote {
    struct bytes principal; /* the person: of a key, its owner */
    struct bytes name;
    struct bytes mail;          /* size 0: not known */
    const struct bytes *groups; /* that the person was in when voting */
    size_t group_count;
    const struct bytes *roles; /* as policies name them: "reviewer" */
    size_t role_count;
    enum policy_answer answer;
    int64_t at;            /* any clock; equal times stand in the order of the votes */
    struct bytes manifest; /* the SHA-256 of what was on the screen */
    /* Who is away, and has the voter stand in: who they are, and nothing else of these. Whom the voter stands in for by these is not meant. */
    const struct policy_vote *absent;
    size_t absent_count;
};

/* What is voted on. */
struct policy_matter {
    struct bytes manifest;
    struct bytes submitter;      /* the person: of a key, its owner */
    struct bytes submitter_name; /* size 0: not known */
    struct bytes on_behalf_of;   /* an id, a name or a mail; size 0: nobody */
    bool people_known; /* there is sign-in; false: whoever votes is the one person of this machine */
    bool escalated;    /* the first reminder is over */
};

enum policy_weight {
    POLICY_COUNTS,
    POLICY_OTHER_MANIFEST, /* it is about other bytes */
    POLICY_OWN,            /* of the submitter, or of whom it was submitted for */
    POLICY_REPLACED,       /* the same person said something later, or is counted already */
    POLICY_NOT_ASKED,      /* no track asks for this person */
    POLICY_TOO_EARLY,      /* a stage before theirs was not complete */
};

struct policy_progress {
    size_t stage;      /* that is under way; the number of stages: complete */
    int64_t approvals; /* in that stage so far */
};

enum policy_verdict {
    POLICY_OPEN,
    POLICY_APPROVED,
    POLICY_CHANGES_ASKED,
    POLICY_REJECTED,
};

/* Lives in the arena. While it is OPEN and the outcome's POLICY_BLIND is set, nobody is shown what others voted. */
struct policy_tally {
    enum policy_verdict verdict;
    const enum policy_weight *weights;      /* one a vote */
    const struct policy_progress *progress; /* one a track of the outcome */
};

/* NO_MEMORY. */
STATUS_RESULT policy_tally(const struct policy_outcome *outcome, const struct policy_matter *matter,
                           const struct policy_vote *votes, size_t vote_count, struct arena *arena,
                           struct policy_tally *ret_tally);
/* May this person approve at all, whatever their groups are? */
bool policy_may_approve(const struct policy_outcome *outcome, const struct policy_matter *matter,
                        const struct policy_vote *voter);

#endif
