/* SPDX-License-Identifier: MIT */
/* session.h — one session process: its life, its cells, its deadlines.
 * Performs what core/pool/session_life decides and tells its owner (stock.c) by callbacks. What travels is
 * the business of its two parts: frames of session_channel, output of session_output. Everything the process
 * sends is hostile: the first thing that breaks the protocol ends it. All on the loop's thread.
 *
 * Ownership: the owner creates it when it orders one from the tier; it frees itself after on_gone. */
#ifndef SVC_POOL_SESSION_SESSION_H
#define SVC_POOL_SESSION_SESSION_H

#include "base/encode.h"
#include "core/pool/session_life.h"
#include "os/loop.h"
#include "svc/pool/session/result_frame.h"
#include "svc/pool/session/session_calls.h"
#include "svc/pool/session/session_channel.h"
#include "svc/pool/session/session_gauges.h"
#include "svc/pool/session/session_output.h"
#include "svc/pool/session/session_reason.h"
#include "svc/pool/session/session_store.h"
#include "svc/pool/session/tier.h"

#define SESSION_CAUSE_SIZE_MAX 160 /* bytes of a cause, with its NUL */

#define SESSION_TEMPLATE_SIZE 72 /* bytes of a template's identity, with its NUL */

struct session;

enum session_verdict {
    SESSION_VERDICT_RESULT,    /* `result` is set */
    SESSION_VERDICT_REFUSED,   /* a result came, and there was no room for it; `reason` and `cause` say why */
    SESSION_VERDICT_TIMEOUT,   /* over its time limit */
    SESSION_VERDICT_CANCELLED, /* by session_cancel */
    SESSION_VERDICT_CRASH,     /* the session ended under it; `reason` and `cause` say why */
};

/* How a cell ended. Views are valid during the callback. The streams are read from the session itself. */
struct session_answer {
    void *context; /* of the cell */
    enum session_verdict verdict;
    const struct result_frame *result; /* NULL unless RESULT */
    enum session_reason reason;        /* NONE for RESULT */
    const char *cause;                 /* for people; "" for RESULT, TIMEOUT and CANCELLED */
    int64_t duration_ns;               /* from the cell's sending to its end, by the server's clock */
    bool kept;                         /* the session and its state live on */
};

struct session_owner {
    /* It is ready and nobody's. */
    void (*on_offer)(void *context, struct session *session);
    /* The cell's answer; session->output holds its output until the callback returns. */
    void (*on_answer)(void *context, struct session *session, const struct session_answer *answer);
    /* It may run its holder's next cell, unless something has ended it meanwhile. Never from inside a call.
     */
    void (*on_serve)(void *context, struct session *session);
    /* Who held it (a tenant, the list of spares) must let go of it now. */
    void (*on_detach)(void *context, struct session *session);
    /* Nothing of it is left; the pointer dies at the end of the turn. */
    void (*on_gone)(void *context, struct session *session);
    void *context;
};

struct session_options {
    struct session_limits_ns limits;
    size_t result_size_max;       /* bytes of a frame it may send */
    size_t head_max;              /* bytes kept of each stream, first part */
    size_t tail_max;              /* and last part */
    struct memory_budget *budget; /* outlives the session */
};

struct session_cell {
    struct bytes code;
    bool empty_kernel;
    bool measured;    /* its gauges begin with it */
    int64_t limit_ns; /* how long it may run */
    size_t head_max;  /* as in session_options, for this cell */
    size_t tail_max;
    void *context; /* comes back with the answer */
};

struct session {
    /* --- the owner's: the session itself does not look at these --- */
    struct list link; /* in one of its lists */
    void *place;      /* which list that is */
    void *holder;     /* the tenant that has it, or NULL */
    uint64_t key[2];  /* its name in a map */
    bool held;        /* it is in use beside its cells and does not cool down */

    /* --- for all to read --- */
    uint64_t request; /* the number under which it was ordered */
    enum runtime_id runtime;
    struct session_life life;
    struct tier_ref ref; /* once `spawned` */
    bool spawned;
    int data_dir_fd; /* /mnt/data; -1 before it is spawned and when it is gone */
    struct session_stores stores;
    char guid[GUID_TEXT_SIZE + 1];
    char template_identity[SESSION_TEMPLATE_SIZE]; /* what it sees (jail/template.h); "" if not known */
    int64_t ordered_ns;
    int64_t spawned_ns;
    int64_t ready_ns; /* 0: not yet */
    struct session_output output;
    struct session_calls calls;
    struct session_gauges gauges;
    enum session_reason reason;         /* why it ended; NONE while it lives */
    char cause[SESSION_CAUSE_SIZE_MAX]; /* the same for people; "" while it lives */

    /* --- private --- */
    struct loop *loop;
    const struct session_tier *tier;
    void *tier_self;
    const struct session_owner *owner;
    struct session_options options;
    struct session_channel channel;
    uint64_t cell_id; /* random, so that nobody can answer a cell that he was not given */
    void *cell_context;
    int64_t cell_started_ns;
    const struct result_frame *result; /* while a result frame is being handled; NULL if it was refused */
    enum session_reason refusal;       /* why it was refused */
    bool interrupted;                  /* a SIGINT was ordered, and no cell was sent since */
    bool cancelled;                    /* and it was somebody's wish, not the limit */
    struct loop_timer deadline;
    struct loop_task serving;
    struct loop_task deferred_free;
};

/* A session in STARTING, not yet ordered from the tier. NULL without memory. */
struct session *session_create(struct loop *loop, const struct session_tier *tier, void *tier_self,
                               const struct session_owner *owner, const struct session_options *options,
                               uint64_t request, enum runtime_id runtime);
/* The tier made it; the descriptors are its own from now on, also on failure. */
void session_spawned(struct session *session, const struct tier_session *spawned);
/* An identifier takes it. */
void session_claim(struct session *session);
/* Runs a cell; only in IDLE. */
void session_run(struct session *session, const struct session_cell *cell);
/* Its cell shall end: SIGINT, and SIGKILL after the grace. False, and
 * nothing happens: none runs, or it is being stopped already. */
bool session_cancel(struct session *session);
/* A request for its identifier came. */
void session_touch(struct session *session);
/* Ends it, if nothing has ended it yet; `cause` is for people. */
void session_release(struct session *session, enum session_reason reason, const char *cause);
/* The tier says that nothing is left of it, or that it never came up. A cause that only the tier can know
 * (`certain`) replaces a guess that was made before. */
void session_ended(struct session *session, enum session_reason reason, const char *cause, bool certain);
/* Frees without a callback, when the tier is gone. NULL allowed. */
void session_destroy(struct session *session);

#endif
