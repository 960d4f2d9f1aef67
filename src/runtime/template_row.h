/* SPDX-License-Identifier: MIT */
/* template_row.h — one row of the list of what a session's file system holds, with its reason. The rows of a language stand
 * in its folder, those of all sessions in jail/template_list.c. */
#ifndef RUNTIME_TEMPLATE_ROW_H
#define RUNTIME_TEMPLATE_ROW_H

#include <stdbool.h>

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

#endif
