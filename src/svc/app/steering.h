/* SPDX-License-Identifier: MIT */
/* steering.h — what steers a run once it is accepted. It travels with the run, as tags of its instance, and
 * never comes from the process that happens to carry the run on: a setting may change, and two apps that
 * differ may share a hub, while requests wait. Pure.
 *
 * The orchestrator has a version, the instance's. Whoever changes which activities, timers or waits the
 * orchestrator makes, or in which order, gives it a new one, and keeps what it did for the older ones:
 *
 *   none  releases before versions, and clients that start the orchestration themselves, such as the cloud
 *         sample's (in any version of their own). They have at most TAG_APPROVAL_TIMEOUT and TAG_SUBMITTED_BY. The rest is what the
 *         activity noted in its outcome, for the activity may read settings: its answer is in the history.
 *   2     every tag below but the last is there.
 *   3     the request is in a book (store/review), which the last tag names; the input is the request's id. Or the instance was begun by
 *         a client as above and handed to the book: the input names the book, and has what the client gave. */
#ifndef SVC_APP_STEERING_H
#define SVC_APP_STEERING_H

#include "base/bytes.h"
#include "durabletask.h"

#define ORCHESTRATOR_VERSION      "2"
#define ORCHESTRATOR_VERSION_BOOK "3"

#define TAG_SUBMITTED_BY     "sallyport-submitted-by"
#define TAG_APPROVAL_TIMEOUT "sallyport-approval-timeout-ms"
#define TAG_RUN_TIMEOUT      "sallyport-run-timeout-ms" /* also a tag of the activity */
#define TAG_ON_FAILURE       "sallyport-on-failure"     /* one of the next two */
#define TAG_BOOK             "sallyport-book"
#define ON_FAILURE_REVIEW    "review"
#define ON_FAILURE_END       "end"

struct steering {
    bool review_failures;        /* as the sample: code that failed is shown and waits for a decision */
    int64_t approval_timeout_ms; /* from the moment the result is there */
    int64_t run_timeout_ms;      /* 0: the pool's own limit */
};

/* The tags of an instance, with the memory that some of them need. Not to be copied. */
struct steering_tags {
    struct dt_tag tags[5];
    size_t count;
    char approval_timeout[24];
    char run_timeout[24];
};

/* `submitted_by` may be NULL, and is borrowed by the tags. */
void steering_write(const struct steering *steering, const char *submitted_by,
                    struct steering_tags *ret_tags);
/* The milliseconds of a tag. False for NULL and for what is no number up to APP_WAIT_MS_MAX; `*ret_ms` is
 * untouched then. Anybody may start an instance, with any tags. */
bool steering_read_ms(const char *tag, int64_t *ret_ms);

#endif
