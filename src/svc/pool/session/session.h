/* SPDX-License-Identifier: MIT */
/* session.h — one session process: its sockets and pipes, the frames, the captured output, its deadlines.
 * Performs what core/pool/session_life decides and tells its owner (pool.c) by callbacks. Everything the
 * process sends is hostile: the first frame that breaks the protocol ends it. All on the loop's thread.
 *
 * Ownership: the owner creates it when it orders one from the tier; it frees itself after on_gone. */
#ifndef SVC_POOL_SESSION_SESSION_H
#define SVC_POOL_SESSION_SESSION_H

#include "base/encode.h"
#include "core/pool/session_life.h"
#include "os/loop.h"
#include "svc/pool/session/output_capture.h"
#include "svc/pool/session/result_frame.h"
#include "svc/pool/session/tier.h"

struct session;

enum session_stream { SESSION_STDOUT, SESSION_STDERR, SESSION_STREAMS };

enum session_verdict {
    SESSION_VERDICT_RESULT,  /* `result` is set */
    SESSION_VERDICT_TIMEOUT, /* over its time limit */
    SESSION_VERDICT_CRASH,   /* the session ended under it; `cause` says why */
};

/* How a cell ended. Views are valid during the callback. The streams are read from the session itself. */
struct session_answer {
    void *context; /* of the cell */
    enum session_verdict verdict;
    const struct result_frame *result; /* NULL unless RESULT */
    const char *cause;                 /* for people; "" unless CRASH */
    bool kept;                         /* the session and its state live on */
};

struct session_owner {
    /* It is ready and nobody's. */
    void (*on_offer)(void *context, struct session *s);
    /* The cell's answer; output_capture of both streams holds its output until the callback returns. */
    void (*on_answer)(void *context, struct session *s, const struct session_answer *a);
    /* It may run its holder's next cell, unless something has ended it meanwhile. */
    void (*on_serve)(void *context, struct session *s);
    /* Who held it (a tenant, the list of spares) must let go of it now. */
    void (*on_detach)(void *context, struct session *s);
    /* Nothing of it is left; the pointer dies when this returns. */
    void (*on_gone)(void *context, struct session *s);
    void *context;
};

struct session_options {
    struct session_limits_ns limits;
    size_t result_size_max; /* bytes of a frame it may send */
    size_t head_max;        /* bytes kept of each stream, first part */
    size_t tail_max;        /* and last part */
};

struct session_cell {
    struct bytes code;
    bool empty_kernel;
    int64_t limit_ns; /* how long it may run */
    size_t head_max;  /* as in session_options, for this cell */
    size_t tail_max;
    void *context; /* comes back with the answer */
};

struct session {
    struct list link; /* the owner's: in one of its lists */
    void *place;      /* the owner's: which list that is */
    void *holder;     /* the owner's: the tenant that has it, or NULL */
    uint64_t key[2];  /* the owner's: its name in a map */
    bool held;        /* the owner's: it is in use beside its cells and does not cool down */
    uint64_t request; /* the number under which it was ordered */
    struct session_life life;
    struct tier_ref ref; /* once `spawned` */
    bool spawned;
    int data_dir_fd; /* /mnt/data; -1 before it is spawned and when it is gone */
    char guid[GUID_TEXT_SIZE + 1];
    int64_t ordered_ns;
    int64_t spawned_ns;
    int64_t ready_ns; /* 0: not yet */
    int64_t cell_started_ns;
    struct output_capture output[SESSION_STREAMS];
    bool cooled;     /* its cooldown passed */
    bool released;   /* session_release ended it */
    char cause[160]; /* why it ended, for people; "" while it lives */

    /* --- private --- */
    struct loop *loop;
    const struct session_tier *tier;
    void *tier_self;
    const struct session_owner *owner;
    struct session_options options;
    uint64_t cell_id;
    void *cell_context;
    const struct result_frame *result; /* while a result frame is being handled */
    bool interrupted;                  /* a SIGINT was ordered, and no cell was sent since */
    int64_t flooded;                   /* bytes dropped in this cell */
    struct loop_fd control;
    struct loop_fd pipes[SESSION_STREAMS];
    struct loop_timer deadline;
    struct loop_timer pause; /* while a flood is not read */
    struct loop_task burial;
    struct buf in;
    struct buf out;
};

/* A session in STARTING, not yet ordered from the tier. NULL without memory. */
struct session *session_create(struct loop *l, const struct session_tier *tier, void *tier_self,
                               const struct session_owner *owner, const struct session_options *o,
                               uint64_t request);
/* The tier made it; the descriptors are its own from now on, also on failure. */
void session_spawned(struct session *s, const struct tier_session *k);
/* An identifier takes it. */
void session_claim(struct session *s);
/* Runs a cell; only in IDLE. */
void session_run(struct session *s, const struct session_cell *cell);
/* A request for its identifier came. */
void session_touch(struct session *s);
/* Ends it; `cause` is for people. */
void session_release(struct session *s, const char *cause);
/* The tier says that nothing is left of it, or that it never came up (TIER_END_FAILED, `cause` why). */
void session_ended(struct session *s, enum tier_end end, const char *cause);
/* Frees without a callback, when the tier is gone. */
void session_destroy(struct session *s);

#endif
