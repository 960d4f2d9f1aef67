/* SPDX-License-Identifier: MIT */
/* template_list.h — the list of what a session's file system holds, with a reason for each row.
 * This is the policy: template.c finds what of it this machine has, root.c builds it, `sallyport doctor`
 * prints it, and the Landlock rules of a session follow it. What is in no row is not there. What only one language needs
 * is in the row of its runtime. */
#ifndef JAIL_TEMPLATE_LIST_H
#define JAIL_TEMPLATE_LIST_H

#include <stddef.h>

#include "runtime/template_row.h"

/* The rows in the order they are built, from 0 on: those of each runtime, then those of all; NULL behind the last. Static. */
const struct template_row *template_row(size_t number);
/* "tree", "file", "program" or "library". */
const char *template_kind_name(enum template_kind kind);

#endif
