/* SPDX-License-Identifier: MIT */
/* run_ending.h — why a run ended that did not end by itself, in words for the person who sent the code.
 * A pool says why as a stable word, "reason" of its answer (svc/pool/session/session_reason.h); its sentences
 * are about sessions, of which a submitter knows nothing. */
#ifndef SVC_APP_RUN_ENDING_H
#define SVC_APP_RUN_ENDING_H

struct run_ending {
    const char *reason; /* the contract's word */
    const char *why;    /* our own pool's, as in doc/api.md, "ended" */
    const char *type;   /* error.type of the request */
    const char *text;   /* error.message */
};

/* NULL for NULL and for a word that is not known. */
const struct run_ending *run_ending_of(const char *reason);

/* In a sentence why a run ended, of which its pool says the word `why`; `ending` NULL: no reason was said. NULL for a word that is not
 * known. */
const char *run_ending_words(const char *why, const struct run_ending *ending);

#endif
