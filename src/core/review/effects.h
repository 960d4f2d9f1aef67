/* SPDX-License-Identifier: MIT */
/* effects.h — what a run did, as the pool measured it from outside the session: out of the pool's report into the one form
 * that is kept, hashed and shown, and from there into what policies read.
 *
 * The form is that of doc/api.md ("What a run did") with the word why the run ended:
 *
 *   {"ended","wallMicroseconds"?,"cpuMicroseconds"?,"memoryPeakBytes"?,"output"?:{"stdoutBytes","stderrBytes","cutBytes"},
 *    "files"?:{"count","unseen"?,"changes":[{"path","change","bytes"?,"sha256"?}]},"network"?:{"attempts","calls":[{"family","type",
 *    "count"}]},"refused"?:{"count","calls":[{"call","count"}]},"processes"?:{"started"?,"mostAtOnce"?},
 *    "ownWord"?:{"hosts":[{"host","port"?,"count"}],"moreHosts"?},"notReported":[NAME]}
 *
 * All of it was measured but "ownWord", which the code says of itself: it may leave out hosts, and make them up.
 *
 * What nobody reported is absent and named in "notReported"; it is never zero. The report comes from another machine, so all of it is
 * bounded: a group of which one member is wrong is not reported. Pure; any thread. */
#ifndef CORE_REVIEW_EFFECTS_H
#define CORE_REVIEW_EFFECTS_H

#include <jansson.h>

#include "base/status.h"

#define EFFECTS_FILES_MAX      500                /* changes that are kept one by one */
#define EFFECTS_PATHS_SIZE_MAX ((size_t)64 << 10) /* bytes of their paths; what is behind is counted only */
#define EFFECTS_CALLS_MAX      64 /* kinds of sockets, names of calls, of what is not reported */
#define EFFECTS_WORD_SIZE_MAX  64 /* bytes of a word, such as "inet" */
#define EFFECTS_HOSTS_MAX      64 /* hosts that the code named */
#define EFFECTS_HOST_SIZE_MAX  255
#define EFFECTS_PORT_ROOM      32

/* The word why the run ended, of a report's member "ended"; borrowed. NULL: it is none. */
const char *effects_ended(const json_t *report);
/* What is kept of `report`, an object with the members "ended" and "effects": a new object, or NULL if it reports no effects.
 * NO_MEMORY. */
STATUS_RESULT effects_read(const json_t *report, json_t **ret_effects);
/* Facts as core/policy/facts.h reads them from JSON, by the names of doc/policy.md: each is there only if it is known. `run`: as the
 * request has it; `effects`: in the form above; NULL: not reported. A new object; NULL without memory. */
json_t *effects_facts(const json_t *run, const json_t *effects);

#endif
