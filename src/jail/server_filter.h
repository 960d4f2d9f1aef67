/* SPDX-License-Identifier: MIT */
/* server_filter.h — the system calls that the server process never makes again once it has confined itself.
 * A list of what is refused, not of what is allowed: the server is libcurl, OpenSSL, SQLite and libc with
 * their resolvers and threads, and a call that one of them begins to make in its next version must not end
 * it. Refused is what starts programs, touches other processes, changes ids or namespaces, mounts, and the
 * wide and rarely used doors into the kernel. The table says why, row by row. */
#ifndef JAIL_SERVER_FILTER_H
#define JAIL_SERVER_FILTER_H

#include <stddef.h>

#include "base/status.h"

struct server_filter_row {
    const char *name;
    unsigned number;
    const char *reason;
    int error;      /* what the caller sees */
    bool sanitizer; /* a build with a leak checker needs it at its end */
};

/* The table, for tests and documents. */
const struct server_filter_row *server_filter_rows(size_t *ret_count);
/* Installs it on the calling thread, and on those it starts later. Needs no_new_privs. IO: the kernel refused. */
STATUS_RESULT server_filter_enter(struct err *error);

#endif
