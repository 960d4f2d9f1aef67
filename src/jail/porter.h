/* SPDX-License-Identifier: MIT */
/* porter.h — the process that carries one file from outside into a session's /mnt/data.
 * The kernel charges the pages of a file in memory to the groups of who writes them. So a porter, a child of a process
 * beside the zygote (zygote/porters.h), joins the session's groups and copies what a pipe brings into a file that the server has opened. It stays
 * outside the session's namespaces, where nobody of the session sees it or can signal it; it looks at no byte.
 * Called by that child only. */
#ifndef JAIL_PORTER_H
#define JAIL_PORTER_H

#include "wire/keeper_message.h"

struct porter {
    int pipe_fd;                          /* its read end; the end of what it brings is the end of the file */
    int file_fd;                          /* open for writing */
    int join_fds[KEEPER_MESSAGE_FDS_MAX]; /* cgroup files that take "0" */
    unsigned join_count;
    unsigned uid; /* in the zygote's user namespace; 0: stays as it is */
};

/* Joins the groups, gives up all rights and every other descriptor, and leaves two calls to itself: splice and
 * exit_group. On success the pipe is descriptor 0 and the file descriptor 1. IO: a step failed; nothing may go on
 * after one. */
STATUS_RESULT porter_enter(const struct porter *porter, struct err *error);
/* Copies until the pipe ends, then ends the process: exit status 0, or an errno. Nothing of libc is called. */
__attribute__((noreturn)) void porter_copy(void);

#endif
