/* SPDX-License-Identifier: MIT */
/* runtime.h — the languages that sessions run: one row each, one folder each.
 * What keeper, pool and doctor have to know of a language is in its row, and nowhere else. Static, any thread. What its
 * zygote's program does is interpreter.h; which files all sessions see is jail/template_list.h. */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <stddef.h>

#include "runtime/template_row.h"

/* In the order of the rows; numbers of it travel between pool and keeper. */
enum runtime_id {
    RUNTIME_PYTHON,
    RUNTIMES,
};
/* Of whoever names none: callers of the pool's contract of today, its one answer to GET /metadata, its trial cell. */
#define RUNTIME_DEFAULT RUNTIME_PYTHON

struct runtime_link {
    const char *path; /* in a session */
    const char *target;
};

struct runtime_package {
    const char *name;    /* as its folder below `package_folder` is called, and people call it */
    const char *package; /* Debian's */
};

struct runtime {
    const char *name;        /* a word, for doctor and logs: "python" */
    const char *title;       /* as people write it: "Python" */
    const char *zygote;      /* file name of the program that its sessions are forked from */
    const char *interpreter; /* a program of the host without which none of its sessions can run */
    const char *mend;        /* the command that installs it */
    /* Variables of its zygote and its sessions, besides those that all have. The last is NULL. */
    const char *const *environment;
    /* What its sessions see besides what all see (jail/template_list.h). */
    const struct template_row *files;
    size_t file_count;
    const struct runtime_link *links; /* names that the host does not have; the last has no path */
    const char *const *etc;     /* files and folders of the host's /etc without a secret; the last is NULL */
    const char *package_folder; /* where the host's packages of it are */
    const struct runtime_package *packages; /* those that doctor misses; the last has no name */
    const char *trial_cell;                 /* proves that cells run; its value in JSON: */
    const char *trial_answer;
    /* a cell that prints {"runtimes", "preInstalledPackages"}, for GET /metadata */
    const char *metadata_cell;
    /* A cell that takes code apart without running it, for policies: it is followed by one line, `syntax_call` with the code in
     * base64 in place of %s, and prints {"imports", "calls", "treeSha256"} or {"error"}. It counts only from a session
     * that has run nothing else: code of a stranger would answer what it likes. */
    const char *syntax_cell;
    const char *syntax_call;
    const char *kernel_in_words; /* what that answer says of who runs its cells */
};

const struct runtime *runtime_row(enum runtime_id id);

/* Of the folders. */
extern const struct runtime runtime_python;

#endif
