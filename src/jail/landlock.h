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
/* Restricts the caller to `rules`; with `no_network` TCP bind and connect are refused too (ABI 4), and
 * abstract unix sockets and signals end at the domain (ABI 6). Needs no_new_privs. IO: the kernel refused. */
STATUS_RESULT landlock_enter(const struct landlock_rule *rules, size_t count, bool no_network, struct err *e);

#endif
