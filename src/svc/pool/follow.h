/* SPDX-License-Identifier: MIT */
/* follow.h — reading the output of an execution as it comes, and again from its start.
 * What a follower is given, put together, is the stored text of each stream byte for byte: while the code runs, all that has come
 * so far. Once so much has come that the middle is left out, a follower that has some of it is told to begin anew (RESET); what
 * stands behind the gap comes when it is over. A follower takes at its own pace and holds
 * nothing back: it reads what is kept anyway, and when that is dropped it is told so. On the loop's thread. */
#ifndef SVC_POOL_FOLLOW_H
#define SVC_POOL_FOLLOW_H

#include "svc/pool/execution.h"

enum follow_kind {
    FOLLOW_NOTHING, /* for now; on_news tells when to look again */
    FOLLOW_STATUS,  /* the execution's status is another than the last time */
    FOLLOW_STDOUT,  /* text follows */
    FOLLOW_STDERR,
    FOLLOW_DISPLAY, /* JSON of one output follows */
    FOLLOW_RESET,   /* what was given is not all kept: it is to be forgotten, and everything comes anew */
    FOLLOW_END,     /* it is over, and all was given; nothing more comes */
    FOLLOW_GAP,     /* what follows is not kept any more; nothing more comes */
};

/* The caller embeds it. */
struct follower {
    struct execution_watcher watcher; /* its on_news is the caller's: look again soon */
    struct output_place places[SESSION_STREAMS];
    uint64_t skip[SESSION_STREAMS]; /* bytes of text that the caller has already */
    bool unsure;                    /* and some of them may be cut, as `unsure` of a place */
    enum execution_status told;
    bool begun; /* a status was told */
    struct result_walk outputs;
    bool walking; /* `outputs` is set */
    bool over;
};

/* Follows `execution` from `from` on: bytes of the text of each stream that the caller has already; `unsure`, as follow_is_unsure said
 * when they were given. `watcher.on_news` is set. */
void follow_start(struct follower *follower, struct execution *execution,
                  const uint64_t from[SESSION_STREAMS], bool unsure);
/* May be called twice, and at any time. */
void follow_stop(struct follower *follower);
/* The next piece, of at most `size_max` bytes of text (a display is whole); appended to `out`. Check buf_status. */
enum follow_kind follow_next(struct follower *follower, size_t size_max, struct buf *out);
/* Bytes of a stream's text that stand before what comes next. */
uint64_t follow_at(const struct follower *follower, enum session_stream stream);
/* What was given so far may turn out to be cut: RESET would follow. */
bool follow_is_unsure(const struct follower *follower);

#endif
