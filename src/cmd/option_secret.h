/* SPDX-License-Identifier: MIT */
/* option_secret.h — a secret that stands in a file, so that it stands on no command line and in no environment. Pure but for the file. */
#ifndef CMD_OPTION_SECRET_H
#define CMD_OPTION_SECRET_H

#include "base/status.h"

#define OPTION_SECRET_SIZE_MAX ((size_t)4 << 10) /* bytes of the file */

/* The one line of the file, without its end: a C string for option_secret_free. INVALID_ARGUMENT: it cannot be read, is empty, longer than
 * OPTION_SECRET_SIZE_MAX, of several lines or no text; `err` says which, and nothing of what it holds. NO_MEMORY. */
STATUS_RESULT option_secret_read(const char *path, char **ret_text, struct err *err);
/* Wipes it. NULL allowed. */
void option_secret_free(char *text);

#endif
