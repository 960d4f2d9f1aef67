/* SPDX-License-Identifier: MIT */
/* tier.h — the isolation tier below a pool: who builds sessions, interrupts and kills them.
 * An interface in words of its own, so that a tier need not speak the keeper's language. Today's tiers:
 * processes (tier_process.c translates for jail/keeper_client.h) and the tests' own (test/pool/fake_tier.c);
 * micro-VMs would be one more table. Events come from the loop, never from inside a call. */
#ifndef SVC_POOL_SESSION_TIER_H
#define SVC_POOL_SESSION_TIER_H

#include "os/loop.h"
#include "runtime/runtime.h"

/* Names a session for as long as anything of it is left: a slot is used again only after that, with a higher
 * generation. */
struct tier_ref {
    uint32_t slot;
    uint64_t generation;
};

/* A session that was built. Whoever is given one owns the descriptors. */
struct tier_session {
    struct tier_ref ref;
    int control_fd; /* stream socket, frames of wire/frame.h, non-blocking */
    int stdout_fd;  /* read ends of pipes, non-blocking */
    int stderr_fd;
    int calls_fd; /* tells of refused system calls (jail/call_listener.h); -1: the tier does not */
    int cpu_fd;   /* what the kernel counts (session_gauges.h); -1: not known */
    int memory_fd;
    int processes_fd;
    int data_dir_fd; /* the session's /mnt/data: a directory descriptor for openat2 (sandbox.md 2.9) */
    const char *template_identity; /* as in struct tier_report; valid during the call; NULL: not known */
    bool stores;                   /* `store` works: the session is charged for what it holds */
};

enum tier_end {
    TIER_END_EXITED,       /* its interpreter ended by itself; `detail`: exit code, or 128 + signal */
    TIER_END_KILLED,       /* the pool asked for it */
    TIER_END_MEMORY_LIMIT, /* it went over its memory limit */
    TIER_END_FAILED,       /* it never came up; `detail` is an errno */
};

/* What a tier says of itself once it is ready. */
struct tier_report {
    /* {"tier":…,"layers":[…],"degraded":[…]}, for /healthz; valid during the call */
    const char *isolation_json;
    const char *degraded;     /* names of the layers of isolation that are not on, separated by commas */
    uint64_t memory_size_max; /* bytes of memory that one session may use; 0: the tier does not limit it */
    /* names what a session of the first runtime sees: packages and all; "" if that is not known */
    const char *template_identity;
};

struct tier_events {
    /* The tier takes orders from now on. It may come again: after on_down, and when what sessions see has
     * changed; then those built before go on, and spares are better replaced. */
    void (*on_ready)(void *context, const struct tier_report *report);
    /* Answers the order `request`. `session` is NULL if it failed, then `text` says why. */
    void (*on_spawned)(void *context, uint64_t request, const struct tier_session *session, const char *text);
    /* Every process of the session is dead and everything it had is gone. */
    void (*on_ended)(void *context, struct tier_ref ref, enum tier_end end, int detail);
    /* Answers `store`: 0, or an errno: ENOMEM: it does not fit into the session's memory; EAGAIN: the session has as
     * many processes as it may; ENOSPC: its storage is full; any other: the copy failed. May not come when the
     * session ends. */
    void (*on_stored)(void *context, struct tier_ref ref, int error);
    /* The tier is gone and every session with it. It tries to come back by itself: on_ready follows. */
    void (*on_down)(void *context, const char *text);
    /* The tier never came up, and will not. Nothing more follows. */
    void (*on_lost)(void *context, const char *text);
    void *context;
};

struct session_tier {
    const char *name;
    /* `options` is the tier's own struct, which must outlive the tier; for the process tier struct
     * process_tier_options. */
    enum status (*start)(struct loop *loop, const void *options, const struct tier_events *events,
                         void **ret_tier, struct err *error);
    /* Ends all sessions and waits, within a bound, until they are gone. */
    void (*stop)(void *tier);
    /* Orders one session of a runtime; on_spawned answers. The session then says READY over its control socket. */
    void (*spawn)(void *tier, uint64_t request, enum runtime_id runtime);
    /* KeyboardInterrupt in the running cell. A session that is gone is ignored, here and below. */
    void (*interrupt)(void *tier, struct tier_ref ref);
    /* Ends everything of the session; on_ended follows. */
    void (*kill)(void *tier, struct tier_ref ref);
    /* Copies what comes out of the pipe's blocking read end, until its end, into a file of the session's /mnt/data that is
     * open for writing and nothing else; about `size` bytes. Both descriptors are copied. on_stored answers; not called a
     * second time for a session before that. Only for sessions that have `stores`; may be NULL. */
    void (*store)(void *tier, struct tier_ref ref, int pipe_fd, int file_fd, size_t size);
};

extern const struct session_tier session_tier_process;

#endif
