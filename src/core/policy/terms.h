/* SPDX-License-Identifier: MIT */
/* terms.h — the demands of a policy that are one number each, as a table: how they are written, and which of two is stricter.
 * The parser, the errors, what is added up and doc/policy.md all derive from the rows. Static; any thread. */
#ifndef CORE_POLICY_TERMS_H
#define CORE_POLICY_TERMS_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

enum policy_term {
    POLICY_GATE,
    POLICY_SELF_APPROVAL,
    POLICY_TIMEOUT,
    POLICY_ON_TIMEOUT,
    POLICY_ON_FAILURE,
    POLICY_COMMENT,
    POLICY_BLIND,
    POLICY_OUTSIDE_EVENTS,
    POLICY_LIVE_OUTPUT,
    POLICY_RETENTION,
    POLICY_REMEMBER,
    POLICY_REMEMBER_FOR,
    POLICY_TERMS,
};

enum policy_term_kind {
    POLICY_TERM_WORD,     /* one of the words: 1 for the first, 2 for the second, … */
    POLICY_TERM_WORDS,    /* some of the words: bit 0 for the first, … */
    POLICY_TERM_FLAG,     /* true or false: 1 or 0 */
    POLICY_TERM_DURATION, /* nanoseconds; POLICY_FOR_EVER: nothing was said */
};

#define POLICY_FOR_EVER INT64_MAX

/* Which of two is the stricter one. */
enum policy_stricter {
    POLICY_LESS,
    POLICY_MORE,
    POLICY_BOTH, /* the bits of both */
};

/* Values of words that others compare with; the order is that of the rows' words. */
enum policy_gate_value { POLICY_GATE_AFTER = 1, POLICY_GATE_BEFORE, POLICY_GATE_BOTH };
enum policy_self_value { POLICY_SELF_FALSE = 1, POLICY_SELF_ALONE, POLICY_SELF_TRUE };
enum policy_on_timeout_value { POLICY_ON_TIMEOUT_FAIL = 1, POLICY_ON_TIMEOUT_REJECT };
enum policy_on_failure_value { POLICY_ON_FAILURE_ASK = 1, POLICY_ON_FAILURE_FAIL };
enum policy_remember_value { POLICY_REMEMBER_NEVER = 1, POLICY_REMEMBER_BYTES, POLICY_REMEMBER_TREE };

struct policy_term_row {
    const char *name; /* as in the file */
    enum policy_term_kind kind;
    enum policy_stricter stricter;
    const char *words; /* of WORD and WORDS, with blanks between them */
    int64_t initial;   /* where neither the defaults nor a rule say one */
    const char *text;  /* for the reference */
};

extern const struct policy_term_row policy_terms[POLICY_TERMS];

int64_t policy_stricter_of(enum policy_term term, int64_t one, int64_t other);
/* The number of a word in a row's `words`, from 0; -1: it is none of them. */
int policy_word_index(const char *words, struct bytes word);
/* The value of a term as describe.h writes it ("both", "24h", "approve, reject", "true"). MALFORMED. */
STATUS_RESULT policy_term_parse(enum policy_term term, struct bytes text, int64_t *ret_value);
/* The word of that number. */
struct bytes policy_word(const char *words, int index);

#endif
