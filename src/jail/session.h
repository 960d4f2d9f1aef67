/* SPDX-License-Identifier: MIT */
/* session.h — how a freshly forked process becomes a confined session.
 * Called by the zygote's child only, before any byte of a user is read. */
#ifndef JAIL_SESSION_H
#define JAIL_SESSION_H

#include "jail/landlock.h"
#include "jail/seccomp.h"
#include "wire/keeper_message.h"

/* What this machine can give; found out once by keeper and zygote, reported, and fixed from then on. A step
 * whose bit is set must succeed. Bits of keeper_message.flags. */
enum jail_feature {
    JAIL_PROC = 1,          /* sessions mount a /proc of their own */
    JAIL_NET = 2,           /* each session has a network namespace of its own */
    JAIL_USER = 4,          /* each session ends in a user namespace of its own */
    JAIL_UID = 8,           /* each session has a host uid of its own */
    JAIL_LANDLOCK = 16,     /* Landlock is on */
    JAIL_CGROUP_START = 32, /* FORK brings a cgroup v2 directory to start in */
    JAIL_DATA_MOUNT = 64,   /* FORK brings the mount for /mnt/data */
    JAIL_OVERLAY = 128,     /* files of the list are the template's own: locks on them end there */
    JAIL_LISTEN = 256,      /* refused calls are told (told_calls.h) */
};

/* In EXITED: a signal from outside took the session's init; else the runner ended and the init with it. */
#define ZYGOTE_INIT_KILLED 0x100u

#define JAIL_UID_INSIDE 1000 /* uid and gid that a session sees */

struct jail_session {
    unsigned features;
    struct session_limits limits; /* no zero fields */
    unsigned uid;                 /* in the zygote's user namespace */
    int setup_fd;                 /* to the keeper; closed when all is done */
    int control_fd, stdout_fd, stderr_fd;
    int null_fd;
    int join_fds[KEEPER_MESSAGE_FDS_MAX]; /* cgroup files that take "0" */
    unsigned join_count;
    int data_mount_fd; /* or -1 */
    const struct seccomp_lock *lock;
    const struct landlock_rule *rules; /* the template's list; the session's own places come by themselves */
    size_t rule_count;
    int proc_fd;     /* jail_enter's own, between two of its steps */
    int data_fd;     /* filled by jail_enter */
    int listener_fd; /* likewise; -1 without JAIL_LISTEN */
};

/* Runs every step in order; the first failure ends it, and nothing may go on after one. On success the
 * process holds descriptors 0-2, the control socket at `control_fd` (moved high) and the setup socket. */
STATUS_RESULT jail_enter(struct jail_session *session, struct err *err);

#endif
