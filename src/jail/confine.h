/* SPDX-License-Identifier: MIT */
/* confine.h — what the server takes away from itself once the keeper runs and before threads exist.
 * A fault in a parser of the server then finds a process without capabilities, without a way to gain any, and
 * that can write nowhere but below its data directory and into sessions' /mnt/data. The calling thread and
 * what it starts later. */
#ifndef JAIL_CONFINE_H
#define JAIL_CONFINE_H

#include "base/status.h"

struct confine_options {
    const char *data_dir;  /* read and written; NULL: none */
    const char *data_root; /* of jail/data_root.h; NULL: no sessions in this process */
    const char *const
        *write_paths; /* further ones, such as the folder of a ready file; NULL-terminated, or NULL */
    const char *const *read_paths; /* such as TLS keys and a configuration file; NULL-terminated, or NULL */
};

struct confine_report {
    bool capabilities; /* all sets empty, locked, no_new_privs */
    bool landlock;
    char detail[160]; /* what is missing, "" when nothing is */
};

/* Gives up what can be given up. Never raises rights. IO: the kernel refused a step that it offers (the
 * process must then end); a layer that the kernel lacks is only reported. Files that are already open stay
 * usable. Network use is left as it is. */
STATUS_RESULT confine_enter(const struct confine_options *o, struct confine_report *ret_report,
                            struct err *e);

#endif
