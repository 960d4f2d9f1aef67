/* SPDX-License-Identifier: MIT */
/* root_etc.h — the /etc of the template: a few files that libraries read, none with a fact about the host but
 * its time zone. Called by root.c only, in the template's folder. */
#ifndef JAIL_ROOT_ETC_H
#define JAIL_ROOT_ETC_H

#include <sys/types.h>

#include "base/status.h"

/* Fills ./etc, which is there. What of the host's cannot be read is left out: no session depends on it.
 * IO: a file of ours could not be written. */
STATUS_RESULT root_etc_fill(struct err *error);

/* Writes a new file. IO. */
STATUS_RESULT root_write_file(const char *path, const char *text, mode_t mode, struct err *error);
/* Copies `size` bytes into the new file `name` below `folder`. 0, or -1 with errno. */
int root_copy_file(int from, off_t size, int folder, const char *name, mode_t mode);

#endif
