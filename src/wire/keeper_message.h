/* SPDX-License-Identifier: MIT */
/* keeper_message.h — the messages between pool, warden, keeper, zygote and a session that is being
 * built, and between the server and its launcher.
 * Owns the one table of what may be said: each message has its sender and receiver, the state in which the
 * receiver accepts it, whether it may come only once, and how many descriptors travel with it. Whatever is
 * not in the table is MALFORMED, and the receiver ends the sender.
 * Pure: turns bytes into a struct and back. One message is one packet of a SOCK_SEQPACKET socket, so the
 * kernel keeps the boundaries; descriptors travel as SCM_RIGHTS beside it. All numbers are little-endian. */
#ifndef WIRE_KEEPER_MESSAGE_H
#define WIRE_KEEPER_MESSAGE_H

#include "base/buf.h"

#define KEEPER_MESSAGE_SIZE_MAX ((size_t)16 << 10) /* bytes, of any message */
#define KEEPER_MESSAGE_FDS_MAX  12                 /* descriptors with any message */

struct session_limits { /* none of them is 0: the keeper refuses that */
    uint64_t memory_bytes;
    uint32_t tasks;       /* processes and threads */
    uint32_t cpu_percent; /* of one core */
    uint64_t data_bytes;  /* tmpfs at /mnt/data */
    uint64_t tmp_bytes;   /* tmpfs at /tmp and /dev/shm */
    uint32_t files;       /* inodes of each tmpfs */
    uint32_t open_files;  /* RLIMIT_NOFILE */
    uint64_t file_bytes;  /* RLIMIT_FSIZE */
    uint64_t read_bytes;  /* a second, from the disk under /usr */
    bool strict_locks;    /* deny file locks: no covert channel, but no sqlite (sandbox.md 2.3) */
    bool strict_proc;     /* no file of /proc can be read: no counters shared with others, but no ps */
};

/* Bits: who speaks. */
enum keeper_party {
    KEEPER_PARTY_POOL = 1,      /* the client; unprivileged */
    KEEPER_PARTY_KEEPER = 2,    /* builds jails */
    KEEPER_PARTY_ZYGOTE = 4,    /* the warm interpreter */
    KEEPER_PARTY_SESSION = 8,   /* a session while it builds its jail, before any user code */
    KEEPER_PARTY_WARDEN = 16,   /* starts keepers, and nothing else */
    KEEPER_PARTY_LAUNCHER = 32, /* starts apps of this program; unprivileged, too */
};

/* Bits of OPEN's flags. */
enum keeper_flag {
    KEEPER_FLAG_OTHER_IDS = 1, /* the second range of host ids, for a keeper beside another */
    KEEPER_FLAG_LISTEN = 2,    /* the pool hears of refused calls (jail/call_listener.h) */
};

/* Bits of START's flags. */
enum warden_flag {
    WARDEN_FLAG_BESIDE = 1, /* the keepers that run go on; without it they are ended first */
};

/* Bits of SPAWNED's flags: what comes behind its four descriptors, in this order. */
enum spawned_flag {
    SPAWNED_FLAG_CALLS = 1,     /* the listener of refused calls */
    SPAWNED_FLAG_CPU = 2,       /* what the kernel counts of processor time */
    SPAWNED_FLAG_MEMORY = 4,    /* and of memory */
    SPAWNED_FLAG_PROCESSES = 8, /* and its list of processes */
};

/* Bits of READY's flags. */
enum ready_flag {
    READY_FLAG_STORES = 1, /* STORE is welcome: what it brings is charged to the session's group */
};

/* Bits: the state of the receiver in which a message is welcome. */
enum keeper_phase {
    KEEPER_PHASE_NEW = 1,     /* nothing came yet */
    KEEPER_PHASE_OPEN = 2,    /* OPEN came, the zygote is warming up */
    KEEPER_PHASE_SERVING = 4, /* the zygote is warm */
    KEEPER_PHASE_ANY = 7,
};

/* X(name, sender, receiver, phases of the receiver, only once, descriptors at least, at most) */
#define KEEPER_MESSAGE_TABLE(X)                                                                              \
    X(OPEN, POOL, KEEPER, KEEPER_PHASE_NEW, true, 0, 0)                                                      \
    X(SPAWN, POOL, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                                \
    X(INTERRUPT, POOL, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                            \
    X(KILL, POOL, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                                 \
    X(START, POOL, WARDEN, KEEPER_PHASE_ANY, false, 1, 1) /* the new keeper's end of a socket */             \
    X(READY, KEEPER, POOL, KEEPER_PHASE_OPEN, true, 0, 0)                                                    \
    X(SPAWNED, KEEPER, POOL, KEEPER_PHASE_SERVING, false, 4,                                                 \
      8) /* control, stdout, stderr, /mnt/data; flags */                                                     \
    X(REFUSED, KEEPER, POOL, KEEPER_PHASE_SERVING, false, 0, 0)                                              \
    X(ENDED, KEEPER, POOL, KEEPER_PHASE_SERVING, false, 0, 0)                                                \
    X(FATAL, KEEPER, POOL, KEEPER_PHASE_ANY, true, 0, 0)                                                     \
    X(MAP, ZYGOTE, KEEPER, KEEPER_PHASE_OPEN, true, 0, 0)    /* write my uid and gid maps */                 \
    X(MAPPED, KEEPER, ZYGOTE, KEEPER_PHASE_NEW, true, 0, 0)  /* they are written */                          \
    X(BUILT, ZYGOTE, KEEPER, KEEPER_PHASE_OPEN, true, 0, 0)  /* the root stands */                           \
    X(BROKEN, ZYGOTE, KEEPER, KEEPER_PHASE_OPEN, true, 0, 0) /* it could not be built, or not be warmed */   \
    X(CONFIG, KEEPER, ZYGOTE, KEEPER_PHASE_NEW, true, 0, 0)  /* what the sessions of this zygote get */      \
    X(WARM, ZYGOTE, KEEPER, KEEPER_PHASE_OPEN, true, 0, 0)   /* imports done, filter on */                   \
    X(FORK, KEEPER, ZYGOTE, KEEPER_PHASE_SERVING, false, 4, KEEPER_MESSAGE_FDS_MAX)                          \
    X(FORKED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 1, 1) /* pidfd */                                 \
    X(UNFORKED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                           \
    X(EXITED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                             \
    X(ENTERED, SESSION, KEEPER, KEEPER_PHASE_SERVING, true, 1, 2) /* /mnt/data, perhaps the listener */      \
    X(STUCK, SESSION, KEEPER, KEEPER_PHASE_SERVING, true, 0, 0)                                              \
    X(STORE, POOL, KEEPER, KEEPER_PHASE_SERVING, false, 2, 2)  /* a pipe's read end, a file of /mnt/data */  \
    X(STORED, KEEPER, POOL, KEEPER_PHASE_SERVING, false, 0, 0) /* one for each STORE */                      \
    X(PORT, KEEPER, ZYGOTE, KEEPER_PHASE_SERVING, false, 2, KEEPER_MESSAGE_FDS_MAX)                          \
    X(PORTED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 1, 1) /* pidfd */                                 \
    X(UNPORTED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                           \
    X(PORTER_EXITED, ZYGOTE, KEEPER, KEEPER_PHASE_SERVING, false, 0, 0)                                      \
    X(LAUNCH, POOL, LAUNCHER, KEEPER_PHASE_ANY, false, 1, 2) /* where it writes; certificates it trusts */   \
    X(HALT, POOL, LAUNCHER, KEEPER_PHASE_ANY, false, 0, 0)                                                   \
    X(LEFT, LAUNCHER, POOL, KEEPER_PHASE_ANY, false, 0, 0)

enum keeper_message_type {
    KEEPER_MESSAGE_NONE,
#define X(name, sender, receiver, phases, once, least, most) KEEPER_MESSAGE_##name,
    KEEPER_MESSAGE_TABLE(X)
#undef X
        KEEPER_MESSAGE_TYPES,
};

struct keeper_message_rule {
    const char *name;
    enum keeper_party sender;
    enum keeper_party receiver;
    unsigned phases; /* of enum keeper_phase */
    bool once;
    unsigned fds_min;
    unsigned fds_max;
};

/* Which fields travel depends on the type (keeper_message.c has the table); the others are zero. */
struct keeper_message {
    enum keeper_message_type type;
    uint32_t slot;
    uint64_t generation;
    uint64_t request;
    uint64_t size; /* STORE: bytes of the file */
    /* ENDED: enum session_end; UNFORKED, UNPORTED: errno; STORED: errno, 0: all is there; LAUNCH: port */
    uint32_t code;
    uint32_t detail;  /* ENDED, EXITED, PORTER_EXITED, LEFT: status, as an int */
    uint32_t flags;   /* CONFIG, FORK, PORT, BUILT: bits of jail/session.h; OPEN: of keeper_flag; START: of
                       warden_flag; READY: of ready_flag; SPAWNED: of spawned_flag */
    uint32_t uid;     /* FORK, PORT: inside the zygote's user namespace */
    uint32_t runtime; /* SPAWN, SPAWNED: row of runtime/runtime.h */
    uint32_t sessions_max;
    struct session_limits limits;
    /* OPEN: the zygote's path, a newline, session paths; either may be empty; BUILT: the template's identity
     * (jail/template.h); READY: the identities, with a blank between them, in the order of the runtimes; names
     * of layers, JSON, a newline between them; LAUNCH: wire/launch_environment.h; the rest: words for people */
    struct bytes text;
};

/* The row of the table; NULL for a number that is no message. */
const struct keeper_message_rule *keeper_message_rule(unsigned type);

/* What a receiver remembers of one sender. Zero-initialise. */
struct keeper_message_gate {
    enum keeper_party sender;
    enum keeper_party receiver;
    uint32_t seen; /* bit per type */
};

/* Reads one packet that came with `fds` descriptors from the peer behind `gate`, and holds it against the
 * table. `text` points into `packet`. PERMISSION_DENIED: not this sender's message, not now, or not twice;
 * MALFORMED: unknown type, wrong size, wrong number of descriptors. Either is fatal to the sender. */
STATUS_RESULT keeper_message_parse(struct keeper_message_gate *gate, enum keeper_phase phase,
                                   struct bytes packet, unsigned fds, struct keeper_message *ret_message,
                                   struct err *err);
/* Appends the packet for `message`; check buf_status. */
void keeper_message_write(struct buf *out, const struct keeper_message *message);

#endif
