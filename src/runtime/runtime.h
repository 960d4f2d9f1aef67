/* SPDX-License-Identifier: MIT */
/* runtime.h — the languages that sessions run: one row each, one folder each.
 * What keeper, pool and doctor have to know of a language is in its row, and nowhere else. Static, any thread. What its
 * zygote's program does is interpreter.h; which files its sessions see is jail/template_list.h. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <stddef.h>

/* In the order of the rows; numbers of it travel between pool and keeper. */
enum runtime_id {
    RUNTIME_PYTHON,
    RUNTIMES,
};

struct runtime {
    const char *name;        /* a word, for doctor and logs: "python" */
    const char *zygote;      /* file name of the program that its sessions are forked from */
    const char *interpreter; /* a program of the host without which none of its sessions can run */
    const char *mend;        /* the command that installs it */
    /* Variables of its zygote and its sessions, besides those that all have. The last is NULL. */
    const char *const *environment;
    const char
        *metadata_cell; /* a cell that prints {"runtimes", "preInstalledPackages"}, for GET /metadata */
    const char *kernel_in_words; /* what that answer says of who runs its cells */
};

const struct runtime *runtime_row(enum runtime_id id);

/* Of the folders. */
extern const struct runtime runtime_python;

#endif
