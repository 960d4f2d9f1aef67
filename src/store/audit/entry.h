/* SPDX-License-Identifier: MIT */
/* entry.h — one entry of the audit log, and the chain that holds entries together.
 *
 * An entry is one line of canonical JSON (wire/json/canonical.h) with these members:
 *
 *   action   what was done: a word of the table below          at     when, RFC 3339, by this server's clock
 *   actor    who: {"id","name"}                                prev   the hash of the entry before; 64 zeros before the first
 *   object   to what: "requests/ID", "server"                  seq    1, 2, 3 …
 *   details  an object: what else belongs to it
 *
 * Its hash is the SHA-256 of exactly that line, in hexadecimal. So no byte of the past can be changed, taken out, put in or
 * moved without changing every hash behind it. The end is held by heads (head.h). Pure; any thread. */
#ifndef STORE_AUDIT_ENTRY_H
#define STORE_AUDIT_ENTRY_H

#include "crypto/secret.h"
#include "wire/json/json.h"

#define AUDIT_LINE_MAX ((size_t)64 << 10) /* bytes of an entry */

/* Never renamed once written. */
#define AUDIT_ACTION_TABLE(X)                                                                                \
    X(SERVER_STARTED, "server.started")                                                                      \
    X(SERVER_STOPPED, "server.stopped")                                                                      \
    X(REQUEST_SUBMITTED, "request.submitted")     /* before it is started */                                 \
    X(REQUEST_NOT_STARTED, "request.not-started") /* the scheduler did not take it */                        \
    X(RUN_ENDED, "run.ended")                                                                                \
    X(REQUEST_VOTED, "request.voted")         /* before it counts */                                         \
    X(REQUEST_DECIDED, "request.decided")     /* it counts */                                                \
    X(REQUEST_RELEASED, "request.released")   /* result and files are the submitter's */                     \
    X(REQUEST_REVISED, "request.revised")     /* its next revision */                                        \
    X(REQUEST_CANCELLED, "request.cancelled") /* by its submitter, an operator, or the scheduler */          \
    X(REQUEST_TIMED_OUT, "request.timed-out") /* nobody decided in time */                                   \
    X(REQUEST_FAILED, "request.failed")       /* without the end of a run */                                 \
    X(REQUEST_EXPORTED, "request.exported")   /* somebody takes everything of it that they may see */        \
    X(REQUEST_EMPTIED, "request.emptied")     /* its time is over: what it was about is gone */              \
    X(REQUEST_CONTINUED, "request.continued") /* what was to follow its release was started, or cannot be */ \
    X(OUTPUT_DOWNLOADED, "output.downloaded") /* by whom, before it was released */                          \
    X(REQUEST_REMINDED, "request.reminded")   /* nobody has decided yet, and others may be asked, too */     \
    X(CODE_READ, "request.code-read")         /* a session took its code apart, for a policy */              \
    X(OUTSIDE_REFUSED, "request.outside-refused") /* an event of another client, which the policy refuses */ \
    X(STANDING_MADE, "standing.made")             /* an approval that stands for the same code */            \
    X(STANDING_USED, "standing.used")             /* it lets a request through */                            \
    X(STANDING_REVOKED, "standing.revoked")                                                                  \
    X(ABSENCE_BEGUN, "absence.begun") /* somebody stands in for somebody */                                  \
    X(ABSENCE_ENDED, "absence.ended") /* before its time */                                                  \
    X(WEBHOOK_CREATED, "webhook.created")                                                                    \
    X(WEBHOOK_CHANGED, "webhook.changed")                                                                    \
    X(WEBHOOK_DELETED, "webhook.deleted")                                                                    \
    X(WEBHOOK_ENDED, "webhook.ended")       /* its receiver said that it is gone */                          \
    X(WEBHOOK_REPLAYED, "webhook.replayed") /* by hand */                                                    \
    X(POLICY_APPLIED, "policy.applied")     /* it rules from here on */                                      \
    /* Who there is and what they may; each once it counts. */                                               \
    X(PERSON_CREATED, "person.created")                                                                      \
    X(PERSON_DELETED, "person.deleted")                                                                      \
    X(GROUP_CREATED, "group.created")                                                                        \
    X(GROUP_DELETED, "group.deleted")                                                                        \
    X(MEMBER_ADDED, "member.added")                                                                          \
    X(MEMBER_REMOVED, "member.removed")                                                                      \
    X(APPLICATION_CREATED, "application.created")                                                            \
    X(APPLICATION_DELETED, "application.deleted")                                                            \
    X(CREDENTIAL_CREATED, "credential.created")                                                              \
    X(CREDENTIAL_DELETED, "credential.deleted")                                                              \
    X(KEY_CREATED, "key.created")                                                                            \
    X(KEY_REVOKED, "key.revoked")                                                                            \
    X(ROLE_GRANTED, "role.granted")                                                                          \
    X(ROLE_REVOKED, "role.revoked")                                                                          \
    /* Who came in, who did not, and who may not: several may be one entry (svc/directory/witness.h). */     \
    X(SIGN_IN_SUCCEEDED, "sign-in.succeeded")                                                                \
    X(SIGN_IN_FAILED, "sign-in.failed")                                                                      \
    X(ACCESS_DENIED, "access.denied")

enum audit_action {
#define X(code, text) AUDIT_##code,
    AUDIT_ACTION_TABLE(X)
#undef X
        AUDIT_ACTIONS,
};

/* What somebody wants to have written down. Texts are UTF-8 and borrowed. */
struct audit_entry {
    enum audit_action action;
    const char *actor_id;
    const char *actor_name;
    const char *object;
    json_t *details; /* an object, borrowed; NULL: {} */
    int64_t at_ns;   /* since 1970 */
};

/* Where a chain is: behind entry `seq`, which has this hash. */
struct audit_chain {
    int64_t seq;
    char hash[SECRET_HASH_SIZE + 1];
};

/* Before the first entry. */
void audit_chain_begin(struct audit_chain *chain);
/* Appends the line of the next entry to `out`, without a line feed, and moves the chain behind it. On failure the chain
 * stays. TOO_LARGE: over AUDIT_LINE_MAX; INVALID_ARGUMENT: a text is not UTF-8, or a number in `details` has no canonical
 * form; NO_MEMORY. */
STATUS_RESULT audit_chain_write(struct audit_chain *chain, const struct audit_entry *entry, struct buf *out,
                                struct err *err);
/* Moves the chain behind `line` if it is the next entry. DATA_LOSS: it is not, `err` says what is wrong with it; the chain
 * stays. NO_MEMORY. */
STATUS_RESULT audit_chain_check(struct audit_chain *chain, struct bytes line, struct err *err);

/* "request.decided". */
const char *audit_action_name(enum audit_action action);

#endif
