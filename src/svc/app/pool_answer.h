/* SPDX-License-Identifier: MIT */
/* pool_answer.h — the answer of a pool to a run, which may be anybody's, as what the app keeps of it. Pure. */
#ifndef SVC_APP_POOL_ANSWER_H
#define SVC_APP_POOL_ANSWER_H

#include <jansson.h>

#include "base/buf.h"
#include "svc/app/run_ending.h"

#define POOL_ENDED_SIZE       65  /* bytes with NUL */
#define POOL_GUID_SIZE        37  /* likewise; one that is no GUID is as if none were said */
#define POOL_TEMPLATE_ID_SIZE 129 /* bytes with NUL; a longer one is as if none were said */

/* What a run gave, as JSON text: {"status","stdout","stderr","result","executionTimeInMilliseconds"}. */
struct pool_run {
    struct buf result; /* the `properties` object of the answer without its "$id" */
    bool succeeded;    /* the code ended without an exception and within its time */
    char cause[256];   /* when not: what the exception says, else the last line of the error text */
    const struct run_ending *ending; /* when it did not end by itself and the pool said why; else NULL */
    char template_id[POOL_TEMPLATE_ID_SIZE]; /* what the session was made from; "": the pool did not say */
    char session_guid[POOL_GUID_SIZE];       /* of the session in which it ran; "": the pool did not say */
    char ended[POOL_ENDED_SIZE]; /* why it ended, as one word of doc/api.md; "": that is not known */
    bool reported;               /* the pool is ours and has said what it measured */
    json_t *effects;             /* what it did, in the form of core/review/effects.h; NULL: not reported */
};
void pool_run_fini(struct pool_run *run);

/* `reported`: the pool is ours and was asked for a report; what else stands in the answer is believed of nobody. MALFORMED: it is not
 * what the contract says; NO_MEMORY. `*ret_run` is to be released in any case. */
STATUS_RESULT pool_answer_read(struct bytes body, bool reported, struct pool_run *ret_run, struct err *err);

#endif
