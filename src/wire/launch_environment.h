/* SPDX-License-Identifier: MIT */
/* launch_environment.h — the environment of an app that the control plane starts, as it travels to the launcher.
 * Owns the table of variables that such an app may be given. A program's environment steers its loader and its libraries long
 * before its own first line, so what is not in the table does not get there, whoever asks for it: no LD_PRELOAD, no
 * OPENSSL_CONF, nothing that names a file. Pure. A *block* is "NAME=VALUE" with a NUL behind each. */
#ifndef WIRE_LAUNCH_ENVIRONMENT_H
#define WIRE_LAUNCH_ENVIRONMENT_H

#include "base/buf.h"

#define LAUNCH_VARIABLES_MAX 64                 /* of one app */
#define LAUNCH_BLOCK_MAX     ((size_t)12 << 10) /* bytes of all of them, with names and NULs */

/* True for a variable that an app may have. `by_people`: also if a person sets it; the others are the server's to set. */
bool launch_variable_known(struct bytes name, bool by_people);
/* The beginnings and names that people may set, with blanks between them, for messages. */
void launch_variables_list(struct buf *out);
/* Appends one. INVALID_ARGUMENT: the name is not known, or there is a NUL or a TokenFilePath in the value; TOO_LARGE: over LAUNCH_BLOCK_MAX. */
STATUS_RESULT launch_environment_add(struct buf *block, struct bytes name, struct bytes value,
                                     struct err *err);
/* Points at each "NAME=VALUE" within `block`, with NULL behind the last. PERMISSION_DENIED: a name is not in the table, or a value names a file;
 * MALFORMED: no '=', no NUL at the end, or too many. */
STATUS_RESULT launch_environment_read(struct bytes block, const char *ret_variables[LAUNCH_VARIABLES_MAX + 1],
                                      struct err *err);

#endif
