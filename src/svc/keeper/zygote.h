/* SPDX-License-Identifier: MIT */
/* zygote.h — starting the zygote: its namespaces, its root, its program. The keeper; doctor looks for the program. */
#ifndef SVC_KEEPER_ZYGOTE_H
#define SVC_KEEPER_ZYGOTE_H

#include <sys/types.h>

#include "base/status.h"
#include "runtime/runtime.h"

struct zygote_options {
    const struct runtime *runtime;
    const char *path;          /* of the program; NULL: beside this one, then in libexec */
    const char *session_paths; /* what sessions see besides the list (jail/template.h); NULL: nothing */
    const char *data_root;     /* of jail/data_root.h; NULL: none */
    bool privileged;
    bool user_namespace;
    int cgroup_fd; /* v2 directory to start in, or -1 */
};

struct zygote_process {
    pid_t pid;
    int pidfd;
    int socket; /* blocking SEQPACKET; the child answers MAP, BUILT or BROKEN first */
};

/* The program of the runtime's zygote, open for reading; -1: there is none. `path`: NULL: the one beside this program,
 * then in libexec. */
int zygote_open_program(const struct runtime *runtime, const char *path);
/* Forks and lets the child build the template root and start the program. NOT_FOUND: no program. IO. */
STATUS_RESULT zygote_start(const struct zygote_options *options, struct zygote_process *ret, struct err *err);
/* The first of `count` host ids in a row, for uids and gids alike, that this process may hand out: 199999 or,
 * where that is not mapped (in an outer container), the end of what is. `second`: those behind it, for a keeper
 * beside another of the same count. 0: there are not so many. */
unsigned zygote_first_id(unsigned count, bool second);

#endif
