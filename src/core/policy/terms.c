/* SPDX-License-Identifier: MIT */
/* terms.c — the rows, and what they say of two values. */
#include "core/policy/terms.h"

#include "base/duration.h"

#define DAY_NS (86400 * NS_PER_S)

const struct policy_term_row policy_terms[POLICY_TERMS] = {
    [POLICY_GATE] = {"gate", POLICY_TERM_WORD, POLICY_BOTH, "after before both", POLICY_GATE_AFTER,
                     "when people are asked: after the run, whose result is held; before it; or both"},
    [POLICY_SELF_APPROVAL] =
        {"self_approval", POLICY_TERM_WORD, POLICY_LESS, "false alone true", POLICY_SELF_ALONE,
         "may submitters, and those they submit for, approve; `alone`: only where there is no "
         "sign-in, so that there is one person"},
    [POLICY_TIMEOUT] = {"timeout", POLICY_TERM_DURATION, POLICY_LESS, NULL, POLICY_FOR_EVER,
                        "how long people have; without it the server's setting approval-timeout"},
    [POLICY_ON_TIMEOUT] = {"on_timeout", POLICY_TERM_WORD, POLICY_MORE, "fail reject", 2,
                           "what becomes of a request that nobody decided in time; there is no `approve`"},
    [POLICY_ON_FAILURE] = {"on_failure", POLICY_TERM_WORD, POLICY_MORE, "ask fail", 2,
                           "what becomes of code that raised: people are asked, or the request fails"},
    [POLICY_COMMENT] = {"comment", POLICY_TERM_WORDS, POLICY_BOTH, "approve changes reject", 0,
                        "answers that need a comment"},
    [POLICY_BLIND] = {"blind", POLICY_TERM_FLAG, POLICY_MORE, NULL, 0,
                      "nobody sees the votes of others before the request is decided"},
    [POLICY_OUTSIDE_EVENTS] =
        {"allow_outside_events", POLICY_TERM_FLAG, POLICY_LESS, NULL, 1,
         "does `HumanApproval` of another client of the scheduler decide, without a name"},
    [POLICY_LIVE_OUTPUT] = {"live_output", POLICY_TERM_FLAG, POLICY_LESS, NULL, 0,
                            "may submitters read the output while the code runs, before anybody approved"},
    [POLICY_RETENTION] = {"retention", POLICY_TERM_DURATION, POLICY_LESS, NULL, POLICY_FOR_EVER,
                          "how long code, inputs and outputs are kept; the hashes stay"},
    [POLICY_REMEMBER] =
        {"remember", POLICY_TERM_WORD, POLICY_LESS, "never bytes tree", 2,
         "what \"approve and remember\" may make: nothing, a standing approval of these bytes, or of this "
         "syntax tree"},
    [POLICY_REMEMBER_FOR] = {"remember_for", POLICY_TERM_DURATION, POLICY_LESS, NULL, 30 * DAY_NS,
                             "how long such a standing approval lasts at most"},
};

int64_t policy_stricter_of(enum policy_term term, int64_t one, int64_t other)
{
    enum policy_stricter stricter = policy_terms[term].stricter;
    if (stricter == POLICY_BOTH)
        return one | other;
    return stricter == POLICY_LESS ? MIN(one, other) : MAX(one, other);
}

int policy_word_index(const char *words, struct bytes word)
{
    struct bytes rest = bytes_of_cstr(words);
    for (int i = 0; rest.size; i++) {
        if (bytes_equal(bytes_split(&rest, ' '), word))
            return i;
    }
    return -1;
}

struct bytes policy_word(const char *words, int index)
{
    struct bytes rest = bytes_of_cstr(words);
    struct bytes word = {0};
    for (int i = 0; i <= index; i++)
        word = bytes_split(&rest, ' ');
    return word;
}

static STATUS_RESULT parse_words(const char *words, struct bytes text, int64_t *ret_bits)
{
    int64_t bits = 0;
    while (text.size) {
        int index = policy_word_index(words, bytes_trim(bytes_split(&text, ',')));
        if (index < 0)
            return STATUS_MALFORMED;
        bits |= 1 << index;
    }
    *ret_bits = bits;
    return STATUS_OK;
}

enum status policy_term_parse(enum policy_term term, struct bytes text, int64_t *ret_value)
{
    const struct policy_term_row *row = &policy_terms[term];
    bool is_flag = row->kind == POLICY_TERM_FLAG;
    if (row->kind == POLICY_TERM_DURATION)
        return duration_parse(text, ret_value);
    if (row->kind == POLICY_TERM_WORDS)
        return parse_words(row->words, text, ret_value);

    int index = policy_word_index(is_flag ? "false true" : row->words, text);
    if (index < 0)
        return STATUS_MALFORMED;
    *ret_value = is_flag ? index : index + 1;
    return STATUS_OK;
}
