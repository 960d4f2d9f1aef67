/* SPDX-License-Identifier: MIT */
/* session_store.h — a file's bytes on their way into a session, which is charged for them.
 * The tier copies (tier.h, `store`); here a pipe is fed as fast as it takes, and the files of one session wait for
 * each other. Used by the file calls of the HTTP side; only for sessions that have `stores`. On the loop's thread;
 * on_done comes from the loop, never from inside a call. */
#ifndef SVC_POOL_SESSION_SESSION_STORE_H
#define SVC_POOL_SESSION_SESSION_STORE_H

#include "base/buf.h"
#include "svc/pool/session/tier.h"

/* The files of one session. Embedded in it. */
struct session_stores {
    bool possible; /* files can be stored: from _open on, and only where the tier can */

    /* --- private --- */
    struct loop *loop;
    const struct session_tier *tier;
    void *tier_self;
    struct tier_ref ref;
    struct list waiting;           /* of struct session_store */
    struct session_store *current; /* as `busy` */
    bool busy;                     /* the tier was given one, and has not answered */
};

/* One file. The caller embeds it, zero-initialised but for the first three, and keeps it until on_done or
 * session_store_cancel. */
struct session_store {
    struct bytes content; /* borrowed */
    int file_fd;          /* open for writing and nothing else; the caller's */
    /* Once: it is whole, or why not: an errno as in tier.h; ESRCH: the session has ended, `cause` says why. */
    void (*on_done)(struct session_store *store, int error, const char *cause);

    /* --- private --- */
    struct list link;
    struct session_stores *stores; /* NULL: it is over, or never began */
    struct loop_fd feed;           /* our end of the pipe */
    int pipe_fd;                   /* the other end, until the tier has it */
    size_t sent;
};

/* Puts it behind the session's other files. IO: no pipe, nothing has begun. */
STATUS_RESULT session_store_begin(struct session_stores *stores, struct session_store *store,
                                  struct err *error);
/* The file stays as far as it came. May be called at any time. */
void session_store_cancel(struct session_store *store);

/* --- for the session and its stock --- */

void session_stores_init(struct session_stores *stores, struct loop *loop, const struct session_tier *tier,
                         void *tier_self);
/* The tier has built the session. */
void session_stores_open(struct session_stores *stores, const struct tier_session *built);
/* The tier's answer. */
void session_stores_answered(struct session_stores *stores, int error);
/* The session ends: every file's on_done is told. */
void session_stores_end(struct session_stores *stores, const char *cause);
/* The same without a callback. */
void session_stores_fini(struct session_stores *stores);

#endif
