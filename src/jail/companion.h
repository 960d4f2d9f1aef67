/* SPDX-License-Identifier: MIT */
/* companion.h — a process of this very program beside the server, started before the server's first thread and joined to it by one
 * socket: the warden, the launcher. It ends when the socket does. */
#ifndef JAIL_COMPANION_H
#define JAIL_COMPANION_H

#include <sys/types.h>

#include "base/status.h"

struct companion_command {
    const char *program;  /* a path */
    const char *word;     /* "warden": the command of this program */
    const char *argument; /* of the command */
    const char *path;     /* the variable PATH; there is no other but LANG */
    int socket_fd;        /* where it finds its end of the socket; nothing above it is open */
};

/* Forks and executes. Its standard input and output are /dev/null, its standard error is the server's. On success the caller
 * owns `*ret_socket`, and collects `*ret_pid`. IO, NO_MEMORY: the system. One thread may run in this process. */
STATUS_RESULT companion_start(const struct companion_command *command, int *ret_socket, pid_t *ret_pid,
                              struct err *err);

#endif
