/* SPDX-License-Identifier: MIT */
/* policy.h — a policy as it was read from a file: defaults, and rules in the file's order.
 *
 * A file is read whole or refused whole. Once read a policy never changes, so several threads may decide by it. Pure: versions,
 * who applied it and the file itself are somebody else's. decide.h says what it demands of a request. */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include "core/policy/condition.h"
#include "core/policy/terms.h"

#define POLICY_RULES_MAX     200
#define POLICY_PATTERNS_MAX  64   /* of all rules: each is searched in the code of each request */
#define POLICY_NAME_SIZE_MAX 120  /* bytes of the name of a rule, a stage, a group */
#define POLICY_TEXT_SIZE_MAX 1000 /* bytes of a message */
#define POLICY_APPROVALS_MAX 20
#define POLICY_STAGES_MAX    8

/* What a rule does; of several that match the last of these wins. */
enum policy_do {
    POLICY_ALLOW,
    POLICY_ASK,
    POLICY_DENY,
};

enum policy_who_kind {
    POLICY_ANYONE, /* who has the right to decide */
    POLICY_USER,   /* by id, name or mail */
    POLICY_GROUP,
    POLICY_ROLE,
};

struct policy_who {
    enum policy_who_kind kind;
    struct bytes name;  /* compared without regard to case */
    struct bytes shown; /* "group:security" */
};

/* So many different people out of these. */
struct policy_stage {
    struct bytes name; /* size 0: it has none */
    int64_t approvals;
    const struct policy_who *reviewers;
    size_t reviewer_count;
};

/* Stages one after the other. Nobody counts in two stages of one track. */
struct policy_track {
    struct bytes rule; /* that demands it; size 0: the defaults */
    const struct policy_stage *stages;
    size_t stage_count; /* 0: it demands nobody */
};

/* What the defaults or one rule demand. */
struct policy_demands {
    bool given[POLICY_TERMS];
    int64_t terms[POLICY_TERMS]; /* only those that are given */
    struct policy_track track;
    const int64_t *reminders; /* nanoseconds before the deadline */
    size_t reminder_count;
    const struct policy_who *escalate; /* who is asked besides, from the first reminder on */
    size_t escalate_count;
};

/* All of its conditions must hold. */
struct policy_alternative {
    struct policy_condition *conditions;
    size_t condition_count;
};

struct policy_rule {
    struct bytes name;
    enum policy_do action;
    struct bytes message; /* size 0: none */
    int line;
    struct policy_alternative *alternatives; /* one of them must hold */
    size_t alternative_count;
    struct policy_demands demands;
};

struct policy {
    struct arena arena; /* all of it */
    struct policy_demands defaults;
    struct policy_rule *rules;
    size_t rule_count;
    size_t pattern_count;
};

/* NULL is allowed. */
void policy_destroy(struct policy *policy);

/* "allow", "ask", "deny". */
const char *policy_do_name(enum policy_do action);
/* False: it is none of these. */
bool policy_do_find(struct bytes name, enum policy_do *ret_action);

/* "anyone", "user:mina", "group:security", "role:reviewer"; borrows the text. False: it is none of these. Whether there is
 * such a role is not looked at. */
bool policy_who_read(struct bytes text, struct policy_who *ret_who);

/* True if it cannot decide without knowing what the code imports and calls, or its syntax tree. NULL: false. */
bool policy_reads_code(const struct policy *policy);

#endif
