/* SPDX-License-Identifier: MIT */
/* landlock.h — the file system and network rules that hold even if a mount was wrong.
 * Own constants, since the headers of the build machine lag behind the kernels it runs on; the ABI is asked
 * at run time and each right is used only from its ABI on. The calling thread and what it starts later. */
#ifndef JAIL_LANDLOCK_H
#define JAIL_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum landlock_access {
    LANDLOCK_LIST,    /* list folders */
    LANDLOCK_READ,    /* read files, list folders */
    LANDLOCK_EXECUTE, /* read and execute */
    LANDLOCK_DEVICE,  /* read, write and control existing files; nothing is created */
    LANDLOCK_WRITE,   /* everything but devices */
};

struct landlock_rule {
    const char *path; /* one that is missing is left out; NULL: `fd` */
    enum landlock_access access;
    int fd; /* a folder, O_PATH will do; only without `path`, left out if negative */
};

#define LANDLOCK_ABI_TESTED 7 /* newer ABIs are used as this one */

/* The kernel's ABI, 0 where Landlock is off. */
int landlock_abi(void);
enum landlock_flag {
    LANDLOCK_NO_NETWORK = 1, /* TCP bind and connect are refused, from ABI 4 on */
    LANDLOCK_SCOPED = 2,     /* abstract unix sockets and signals end at the domain, from ABI 6 on */
};

/* Restricts the caller to `rules`, and by `flags` of enum landlock_flag. Needs no_new_privs. IO: the kernel refused. */
STATUS_RESULT landlock_enter(const struct landlock_rule *rules, size_t count, unsigned flags,
                             struct err *err);

#endif
