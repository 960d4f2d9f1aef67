/* SPDX-License-Identifier: MIT */
/* root.h — the file system a session sees.
 * The template root is built once, in the zygote's mount namespace, from a plan (template.h): an empty tmpfs
 * with the folders of the list mounted read-only, its files copied, a few harmless files of /etc, and five
 * devices. The zygote pivots into it and nothing else of the host's tree stays reachable. Folders come
 * through an overlay file system where the kernel has one: then locks, syncs and watches end at the template
 * and never reach a file of the host. A session gets a copy of that mount namespace and lays its own writable
 * places over it: that costs 0.1 ms where building a root costs 0.6 (sandbox-prototype.md 3). No sysfs. */
#ifndef JAIL_ROOT_H
#define JAIL_ROOT_H

#include "jail/template.h"
#include "wire/keeper_message.h"

#define ROOT_DATA "/mnt/data"
/* The template's folder above it. Landlock looks for rules on the way up from a file and passes over a folder
 * that is mounted upon, so this is where a rule for all sessions' files must be. */
#define ROOT_DATA_PARENT "/mnt"
#define ROOT_ZYGOTE      "/run/zygote" /* where the zygote's program stands in the template */
/* The folders a session may read and execute below, one a line: for the zygote, which makes rules of it. */
#define ROOT_FOLDERS     "/run/folders"
#define ROOT_FOLDERS_MAX 64

struct root_options {
    bool privileged; /* may make device nodes; else the host's are bound */
    int zygote_fd;   /* the program, copied in, so that /proc/self/exe leads to no host file */
    const struct template_plan *plan;
    /* the host's folder that is bound at /mnt (jail/data_root.h); NULL: an empty one */
    const char *data_root;
};

struct root_report {
    bool proc;    /* false where the kernel refuses a full /proc (masked in an outer container): no session
                     has one then */
    bool overlay; /* false where the kernel refuses one: locks on files of the list reach the host's */
};

/* Builds the template in the caller's own mount namespace, pivots into it and makes it read-only. The caller
 * has a pid namespace of its own and CAP_SYS_ADMIN over it. IO: a step failed, nothing is usable. */
STATUS_RESULT root_build(const struct root_options *options, struct root_report *ret_report,
                         struct err *error);
/* A tmpfs for one session's /mnt/data, mounted nowhere yet. Made by a privileged keeper, it belongs to the
 * host's user namespace: then the pool, whose uid means nothing in the session's, can still write into it. */
STATUS_RESULT root_make_data(const struct session_limits *limits, unsigned host_uid, int *ret_mount_fd,
                             struct err *error);
/* The session's own /mnt/data, /tmp, /dev/shm and /proc, owned by `uid`, over a copy of the template.
 * `data_mount_fd` is what root_make_data made, or -1: then a tmpfs is mounted here. `*ret_data_fd` is the
 * directory /mnt/data for the pool (sandbox.md 2.9). */
STATUS_RESULT root_enter(const struct session_limits *limits, unsigned uid, bool proc, int data_mount_fd,
                         int *ret_data_fd, struct err *error);

#endif
