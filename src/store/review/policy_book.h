/* SPDX-License-Identifier: MIT */
/* policy_book.h — the versions of the policy, in the book of requests: each text that was ever in force, who applied it and when, with
 * its entry in the audit log in the same transaction. The newest is in force; before the first the built-in policy is, which is
 * version 0. A text that cannot be read never becomes a version. All on the store's thread, in a job of review_store.h. */
#ifndef STORE_REVIEW_POLICY_BOOK_H
#define STORE_REVIEW_POLICY_BOOK_H

#include "core/policy/decide.h"
#include "store/review/review_store.h"
#include "wire/yaml/yaml_tree.h"

#define POLICY_ANY_VERSION (-1)

struct review_facts;

/* What is to be in force. Borrowed. */
struct policy_draft {
    struct review_person by;
    const char *via;     /* "api", "file" */
    const char *comment; /* UTF-8; NULL: none */
    struct bytes text;
    /* the version that whoever applies it has seen; POLICY_ANY_VERSION: whichever is in force */
    int64_t replaces;
};

enum policy_apply_outcome {
    POLICY_APPLY_DONE,
    POLICY_APPLY_UNCHANGED, /* the version in force has this text: nothing was written */
    POLICY_APPLY_REFUSED,   /* the text has a fault */
    POLICY_APPLY_OUTDATED,  /* another version is in force than the one that was to be replaced */
};

struct policy_applied {
    enum policy_apply_outcome outcome;
    json_t *version;              /* the one in force afterwards, without its text; new reference */
    struct yaml_tree_fault fault; /* of POLICY_APPLY_REFUSED */
};

/* Counts for what is decided from the next job on. */
STATUS_RESULT policy_book_apply(struct review_book *book, const struct policy_draft *draft, int64_t now_ns,
                                struct policy_applied *ret_applied, struct err *err);
/* {"version","sha256","bytes","rules","appliedAt","by","via","comment"?,"text","policy"}, the last being the policy as
 * policy_write_json writes it; `version` POLICY_ANY_VERSION: the one in force. New reference. NOT_FOUND. */
STATUS_RESULT policy_book_read(struct review_book *book, int64_t version, json_t **ret_version,
                               struct err *err);
/* The same without text and policy, a page of them as a new array; `*ret_next`: what to go on with, 0: there are no more. */
STATUS_RESULT policy_book_list(struct review_book *book, const struct review_page *page,
                               json_t **ret_versions, int64_t *ret_next, struct err *err);

/* --- what rules came to --- */

#define POLICY_RULE_DAYS 30 /* that are counted: today and those before it, UTC */

/* {"version","days","since","rules":[{"name","do","matched","allowed","asked","denied"}]}: the rules in force, in the file's order, and
 * in how many requests each matched, let them through, had people asked or denied them. A rule is known by its name, whatever version it
 * stands in. `since`: earlier ones are not counted; later than the days if counting began then. New reference. DATA_LOSS, NO_MEMORY. */
STATUS_RESULT policy_book_rules(struct review_book *book, int64_t now_ns, json_t **ret_rules,
                                struct err *err);

/* --- standing approvals --- */

/* {"id","of","sha256","submitter" or "label","by","createdAt","expiresAt","uses","usesLeft","lastUsedAt"?,"lastUsedBy"?,"revokedAt"?,
 * "revokedBy"?,"state", …}, a page of them as a new array; `*ret_next`: what to go on with, 0: there are no more. */
STATUS_RESULT policy_book_standing(struct review_book *book, const struct review_page *page, int64_t now_ns,
                                   json_t **ret_standing, int64_t *ret_next, struct err *err);

enum policy_revoke_outcome {
    POLICY_REVOKED, /* also before */
    POLICY_REVOKE_NOT_THEIRS,
};

/* What is allowed by it already stays so. `anybodys`: whoever it is may, although it is not theirs. `*ret_standing`: as above, new.
 * NOT_FOUND. */
STATUS_RESULT policy_book_revoke(struct review_book *book, const char *id, const struct review_person *by,
                                 bool anybodys, int64_t now_ns, enum policy_revoke_outcome *ret_outcome,
                                 json_t **ret_standing, struct err *err);

/* --- a request as it was --- */

/* What a draft is tried on. The caller's own, on any thread, once the job is over. */
struct policy_case {
    json_t *request; /* as REVIEW_RAW */
    struct review_facts *facts;
    struct policy_outcome was; /* when it was last ruled */
};

/* What is known of the request: after its run if that is over, else before it, as far as the draft looks at it. Ended with policy_case_fini in
 * any case. NOT_FOUND. */
STATUS_RESULT policy_book_case(struct review_book *book, const char *id, const struct policy *draft,
                               struct policy_case *ret_case, struct err *err);
void policy_case_fini(struct policy_case *past);
/* By another policy; the outcome lives as long as the case and the policy. NO_MEMORY. */
STATUS_RESULT policy_case_decide(const struct policy_case *past, const struct policy *policy,
                                 struct policy_outcome *ret_outcome);

#endif
