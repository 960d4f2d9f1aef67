/* SPDX-License-Identifier: MIT */
/* seccomp.h — which system calls a session may make. The policy is one table (seccomp_table.h).
 * Three filters, because the kernel runs each new filter for every call number, which makes a large one dear
 * to install (sandbox.md 1.3): the allow list and the argument checks go on once in the zygote and are
 * inherited; what the zygote itself still needs is taken away by a small lock filter in each session,
 * compiled beforehand. Foreign call conventions (i386, x32) kill the process in all three. */
#ifndef JAIL_SECCOMP_H
#define JAIL_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum seccomp_stage {
    SECCOMP_ALLOWED,  /* in the allow list */
    SECCOMP_DENIED,   /* refused with an errno, in the zygote already */
    SECCOMP_ARGUMENT, /* refused with an errno when the argument matches */
    SECCOMP_LOCKED,   /* as DENIED or ARGUMENT, but only in sessions */
    SECCOMP_STRICT,   /* as LOCKED, with session_limits.strict_locks only */
};

/* When a row that looks at an argument applies. */
enum seccomp_match {
    SECCOMP_MASKED, /* (argument & mask) == value */
    SECCOMP_OTHER,  /* the whole argument is another value */
    SECCOMP_MIXED,  /* of its low 32 bits some are set and some are not: it is neither 0 nor 0xffffffff */
};

/* As a row's error: the call answers 0 and the kernel does nothing. */
#define SECCOMP_SUCCESS (-1)

struct seccomp_row {
    const char *name;
    int number; /* for a library that is older than the call; such new ones are the same everywhere. Else 0 */
    enum seccomp_stage stage;
    int error;    /* errno the caller sees, or SECCOMP_SUCCESS; 0 for ALLOWED */
    int argument; /* index of the argument looked at, or -1 for any call */
    enum seccomp_match match;
    uint64_t mask, value;
    /* A second argument that must match as well, MASKED; its index is -1 where there is none. */
    int other;
    uint64_t other_mask, other_value;
};

/* The policy, for the loader, the documentation and the tests. */
const struct seccomp_row *seccomp_rows(size_t *ret_count);
/* The call's number on this machine; negative if it has none. */
int seccomp_row_number(const struct seccomp_row *row);

/* Installs the allow list and the argument checks on the calling thread, with no_new_privs. With `listens` the calls of
 * told_calls.h are left to the sessions' own filter. */
STATUS_RESULT seccomp_enter_zygote(bool listens, struct err *err);
/* Whether a process of this kind can have a listener: one that is below another's may not. Forks. */
bool seccomp_can_listen(void);

struct seccomp_lock {
    struct sock_filter code[640];
    struct sock_fprog program;
};
/* Compiles the lock filter; to be called once, before sessions are forked. */
STATUS_RESULT seccomp_lock_init(struct seccomp_lock *lock, bool strict_locks, bool listens, struct err *err);
/* Installs it on the calling thread. No mount, namespace or filter can be made from here on. `ret_listener`: NULL unless it
 * was compiled for one. */
STATUS_RESULT seccomp_enter_session(const struct seccomp_lock *lock, int *ret_listener, struct err *err);

#endif
