/* SPDX-License-Identifier: MIT */
/* file.c — opened, used and closed in one call, so that no descriptor of a kernel file stays. */
#include "jail/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int file_write(int dir, const char *path, const char *text)
{
    int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text, strlen(text));
    int result = n < 0 ? -errno : 0;
    close(fd);
    return result;
}

int file_read(int dir, const char *path, char *ret_text, size_t size)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t used = 0;
    ssize_t n = 1;
    while (n > 0 && used < size - 1) {
        n = read(fd, ret_text + used, size - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    int result = n < 0 ? -errno : (int)used;
    close(fd);
    ret_text[n < 0 ? 0 : used] = '\0';
    return result;
}

int file_read_key(int dir, const char *path, const char *key, unsigned long long *ret_value)
{
    char text[4096] = "";
    int n = file_read(dir, path, text, sizeof text);
    if (n < 0)
        return n;
    size_t size = strlen(key);
    for (char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, key, size) == 0 && line[size] == ' ') {
            *ret_value = strtoull(line + size + 1, NULL, 10);
            return 0;
        }
    }
    return -ENOENT;
}

void file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
