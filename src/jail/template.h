/* SPDX-License-Identifier: MIT */
/* template.h — what of the list (template_list.h) this machine has, and the identity of that.
 * A plan says for each file and folder of a session's root where it comes from. It only reads: root.c builds.
 * Libraries are computed: those that the plan's programs, Python modules and the zygote ask for, and those
 * that these ask for, and so on. Folders of /usr/local are looked at only where a session path names them.
 * Allocates and reads thousands of files: about a tenth of a second. Any thread. */
#ifndef JAIL_TEMPLATE_H
#define JAIL_TEMPLATE_H

#include <stdint.h>

#include "base/buf.h"
#include "jail/template_list.h"

#define TEMPLATE_IDENTITY_SIZE 65        /* 64 hexadecimal digits and a NUL */
#define TEMPLATE_ENTRIES_MAX   4096      /* entries of a plan */
#define TEMPLATE_WALKED_MAX    2000000   /* files and folders below all trees together */
#define TEMPLATE_COPY_MAX      (1 << 30) /* bytes copied into memory, all together */

enum template_action {
    TEMPLATE_MOUNT, /* a folder: mounted read-only */
    TEMPLATE_COPY,  /* a file: its bytes are copied into the template's own memory */
    TEMPLATE_LINK,  /* a symbolic link; `source` is its target */
};

struct template_entry {
    enum template_action action;
    char *path;                     /* in the session, absolute, without a symbolic link on the way */
    char *source;                   /* on the host, absolute; of a link: its target */
    const struct template_row *row; /* NULL: a library that others need, or a session path */
    uint64_t size;                  /* bytes, of a copy */
    bool executable;
};

/* A name of the list that this machine does not have; of a library, also who asks for it is not known. */
struct template_gap {
    const struct template_row *row; /* NULL: a library */
    char *name;
};

struct template_plan {
    struct template_entry *entries;
    size_t entry_count;
    struct template_gap *gaps;
    size_t gap_count;
    uint64_t copy_bytes;                   /* of all copies */
    char identity[TEMPLATE_IDENTITY_SIZE]; /* see below */
};

/* Makes the plan. `session_paths`: absolute paths separated by commas that are added to the list, NULL or ""
 * for none. `zygote_fd`: the zygote's program, whose libraries are added, or -1.
 * The identity is a SHA-256 over the path, size, mode and time of change of every file and folder that the
 * plan mounts or copies, without compiled Python (`__pycache__`). Two machines with the same packages and no
 * session paths have the same; an update of a package on the list changes it.
 * FAILED_PRECONDITION: a required name is missing; the text names it. INVALID_ARGUMENT: a session path that
 * is not absolute, is not there, or would cover what a session must have. TOO_LARGE: over a limit above.
 * IO: a file cannot be read. NO_MEMORY. */
STATUS_RESULT template_plan_create(const char *session_paths, int zygote_fd, struct template_plan **ret_plan,
                                   struct err *error);
/* NULL allowed. */
void template_plan_destroy(struct template_plan *plan);

/* A number that changes when packages may have changed: a few stats, no walk. The same number says that a new
 * plan's identity would most likely be the same; another number says that it is time to look. */
uint64_t template_stamp(const char *session_paths);

/* Appends the list as one JSON object: {"identity", "copiedBytes", "rows": [{"title", "kind", "reason",
 * "there", "missing"}]}; the last row holds what is in none. NO_MEMORY. */
STATUS_RESULT template_plan_json(const struct template_plan *plan, struct buf *out);

#endif
