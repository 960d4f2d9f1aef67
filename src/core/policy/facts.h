/* SPDX-License-Identifier: MIT */
/* facts.h — what is known of a request when a policy decides on it.
 *
 * Each member is known or not. Not known is what nobody has found out: a pool that reports no effects, code that could not
 * be taken apart. It is never the same as "none" (known, and empty): a condition on what is not known holds for rules that
 * deny or ask, and does not for rules that allow. The table tells how conditions and facts in JSON name the members. */
#ifndef CORE_POLICY_FACTS_H
#define CORE_POLICY_FACTS_H

#include <jansson.h>

#include "base/arena.h"
#include "core/policy/fact_kind.h"

enum policy_phase {
    POLICY_BEFORE_RUN, /* rules that look at the run do not count yet */
    POLICY_AFTER_RUN,
};

/* Texts are borrowed; UTF-8. */
struct policy_texts {
    bool known;
    const struct bytes *items; /* any order */
    size_t count;
};

struct policy_label {
    struct bytes key;
    struct bytes value;
};

struct policy_labels {
    bool known;
    const struct policy_label *items;
    size_t count;
};

struct policy_number {
    bool known;
    int64_t value;
};

struct policy_facts {
    enum policy_phase phase;
    /* who */
    struct policy_texts submitter; /* all that they are called by: id, name, mail */
    struct policy_texts on_behalf_of;
    struct policy_texts key; /* the name of the API key; empty: signed in another way */
    struct policy_texts groups;
    struct policy_texts roles;
    /* what */
    struct policy_labels labels;
    struct policy_texts language;
    struct policy_texts purpose;
    struct policy_texts session; /* a named session; empty: one of its own */
    struct policy_number revision;
    struct policy_texts code; /* one item */
    struct policy_texts code_sha256;
    struct policy_number code_size; /* bytes */
    struct policy_texts input_paths;
    struct policy_number input_count;
    struct policy_number input_size; /* bytes, of all */
    /* what it says, found by reading it inside a session (src/runtime/python/syntax.py) */
    struct policy_texts imports; /* "os.path" */
    struct policy_texts calls;   /* "os.system" */
    struct policy_texts tree_sha256;
    /* what was before */
    struct policy_number exact_repeat; /* nanoseconds since the same manifest was approved; POLICY_NEVER */
    struct policy_number near_repeat;  /* the same of the same syntax tree */
    struct policy_texts standing;      /* standing approvals that cover it (standing.h) */
    /* when */
    struct policy_number time_of_day; /* nanoseconds since midnight, UTC */
    struct policy_texts weekday;      /* "mon" */
    /* after the run */
    struct policy_texts status; /* "succeeded" or "failed" */
    struct policy_texts ended;  /* why the run ended */
    struct policy_number duration;
    struct policy_number result_size;
    struct policy_number output_size; /* stdout and stderr */
    struct policy_number network_attempts;
    struct policy_texts network_addresses; /* "10.0.0.1:443" */
    struct policy_texts network_hosts;     /* "example.com:443": the code's own word */
    struct policy_number refused_calls;    /* system calls */
    struct policy_texts refused_names;
    struct policy_number processes_started;
    struct policy_number processes_most; /* at once */
    struct policy_number memory;         /* bytes at most */
    struct policy_number cpu;            /* nanoseconds */
    struct policy_number files_made;
    struct policy_number files_changed;
    struct policy_number files_removed;
    struct policy_number files_size; /* bytes, of those made or changed */
    struct policy_texts files_paths; /* made, changed or removed */
};

struct policy_fact_row {
    const char *name; /* in conditions; of labels without what follows the dot */
    enum policy_fact_kind kind;
    enum policy_phase known_from;
    size_t offset;     /* in struct policy_facts */
    bool by_session;   /* found by taking the code apart, which only a session does */
    const char *words; /* of texts that are one of a few; else NULL */
    const char *given; /* as it is called in facts as JSON; NULL: by the name */
    const char *text;  /* for the reference */
    bool own_word;     /* what the code says of itself: no rule that allows may rest on it */
};

extern const struct policy_fact_row policy_fact_rows[];
extern const size_t policy_fact_count;

/* How a condition on each kind is written, for errors and the reference. */
extern const char *const policy_fact_forms[POLICY_FACT_KINDS];

/* The member of a row. */
const void *policy_fact_of(const struct policy_facts *facts, const struct policy_fact_row *row);

/* Reads facts from an object with the names of the rows ("labels" is an object); what is absent or null is not known. "phase" is
 * "before" or "after"; without it, after. Numbers may be texts with a unit ("4M", "30s"), ages "never". `object`: borrowed, must live
 * as long as the facts, as must `arena`. INVALID_ARGUMENT: an unknown member, or one of another type; NO_MEMORY. */
STATUS_RESULT policy_facts_read(json_t *object, struct arena *arena, struct policy_facts *ret_facts,
                                struct err *err);

#endif
