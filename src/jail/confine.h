/* SPDX-License-Identifier: MIT */
/* confine.h — what the server takes away from itself once the warden runs and before threads exist.
 * A fault in a parser of the server then finds a process with a uid of its own, without capabilities, without a
 * way to gain any, that starts no program, signals nobody, reads what its libraries read (one table), and can
 * write nowhere but below its data folder and into sessions' /mnt/data. The calling thread and what it starts
 * later. */
#ifndef JAIL_CONFINE_H
#define JAIL_CONFINE_H

#include <sys/types.h>

#include "base/status.h"

#define CONFINE_USER_DEFAULT 199998u /* uid and gid: the one before those of zygotes and sessions */

#define CONFINE_USER_APPS 199997u /* likewise, of the launcher and the apps that it starts */

struct confine_options {
    uid_t uid;             /* to become, with the gid of the same number; 0: stay who one is */
    const char *data_dir;  /* read and written; NULL: none */
    const char *data_root; /* of jail/data_root.h; NULL: no sessions in this process */
    /* further ones, such as the folder of a ready file; NULL-terminated, or NULL */
    const char *const *write_paths;
    const char *const *read_paths; /* such as TLS keys and a configuration file; NULL-terminated, or NULL */
};

struct confine_report {
    uid_t uid;         /* that the process has now */
    bool capabilities; /* all sets empty, locked, no_new_privs */
    bool filter;       /* jail/server_filter.h */
    int landlock_abi;  /* 0: none; from 6 on signals and abstract sockets end at the process, too */
    char detail[160];  /* what is missing, "" when nothing is */
};

/* True if a process of that uid and gid has `mode` of access(2) to the folder. Forks; root only. */
bool confine_user_can(uid_t uid, const char *folder, int mode);
/* True if that uid and gid exist in this user namespace. */
bool confine_user_exists(uid_t uid);
/* Gives up what can be given up. Never raises rights. IO: the kernel refused a step that it offers (the
 * process must then end); a layer that the kernel lacks is only reported. Files that are already open stay
 * usable. TCP is left as it is. */
STATUS_RESULT confine_enter(const struct confine_options *options, struct confine_report *ret_report,
                            struct err *err);
/* What the launcher takes away from itself (svc/launcher): it becomes `uid` (0: it stays who it is), has no capability and
 * no way to gain one, writes nowhere, and of programs can start this one, what lies in the folders of libraries, and no other.
 * What it starts inherits that and confines itself further. Errors as confine_enter. */
STATUS_RESULT confine_enter_launcher(uid_t uid, struct err *err);

#endif
