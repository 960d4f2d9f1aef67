/* SPDX-License-Identifier: MIT */
/* template_list.h — the list of what a session's file system holds, with a reason for each row.
 * This is the policy: template.c finds what of it this machine has, root.c builds it, `sallyport doctor`
 * prints it, and the Landlock rules of a session follow it. What is in no row is not there. */
#ifndef JAIL_TEMPLATE_LIST_H
#define JAIL_TEMPLATE_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum template_kind {
    TEMPLATE_TREE,    /* folders, with all below them, read-only; a pattern of glob(7) */
    TEMPLATE_FILE,    /* single files, copied */
    TEMPLATE_PROGRAM, /* names of programs, looked up where programs stand, copied with their libraries */
    TEMPLATE_LIBRARY, /* names of libraries that are loaded by name while a program runs, copied likewise */
};

struct template_row {
    const char *title;
    enum template_kind kind;
    bool required;     /* without it no session can run: nothing is built then */
    const char *names; /* separated by blanks */
    const char *reason;
};

/* The rows in the order they are built. Static. */
const struct template_row *template_rows(size_t *ret_count);
/* "tree", "file", "program" or "library". */
const char *template_kind_name(enum template_kind kind);

#endif
