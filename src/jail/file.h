/* SPDX-License-Identifier: MIT */
/* file.h — whole small kernel files in one call: /proc, cgroup and sysctl entries. Any thread. */
#ifndef JAIL_FILE_H
#define JAIL_FILE_H

#include "base/buf.h"

/* Opens relative to `dir` (AT_FDCWD allowed), writes `text` in one write, closes. Returns 0 or -errno. */
int file_write(int dir, const char *path, const char *text);
/* Reads at most `size - 1` bytes and ends them with NUL. Returns the length or -errno. */
int file_read(int dir, const char *path, char *ret_text, size_t size);
/* The number behind `key` in a file of "key value" lines; -ENOENT without the key, other -errno. */
int file_read_key(int dir, const char *path, const char *key, unsigned long long *ret_value);
/* Closes it if it is one, and makes it -1. */
void file_close(int *fd);

#endif
