/* SPDX-License-Identifier: MIT */
/* option_secret.c — read into memory of its own, which is wiped. */
#include "cmd/option_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void option_secret_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* As much as there is, up to `size`. False: errno says why not. */
static bool read_whole(int fd, char *text, size_t size, size_t *ret_count)
{
    size_t count = 0;
    ssize_t more = 0;
    while (count < size && (more = read(fd, text + count, size - count)) > 0)
        count += (size_t)more;
    *ret_count = count;
    return more >= 0;
}

/* Cuts the end of the line off. NULL: it is a secret; else why not. */
static const char *cut_line(char *text, size_t count)
{
    if (count > OPTION_SECRET_SIZE_MAX)
        return "it is longer than 4 KiB (limit option-secret-size-max)";
    if (memchr(text, '\0', count))
        return "it is not text";
    text[count] = '\0';
    size_t size = strcspn(text, "\r\n");
    const char *rest = text + size;
    if (size == 0)
        return "its first line is empty";
    if (rest[strspn(rest, "\r\n")])
        return "it has more than one line";
    text[size] = '\0';
    return NULL;
}

enum status option_secret_read(const char *path, char **ret_text, struct err *err)
{
    char *text = calloc(1, OPTION_SECRET_SIZE_MAX + 2);
    if (!text)
        return err_no_memory(err);
    size_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = NULL;
    if (fd < 0 || !read_whole(fd, text, OPTION_SECRET_SIZE_MAX + 1, &count))
        why = strerror(errno);
    else
        why = cut_line(text, count);
    if (fd >= 0)
        (void)close(fd);
    if (!why) {
        *ret_text = text;
        return STATUS_OK;
    }
    explicit_bzero(text, OPTION_SECRET_SIZE_MAX + 2);
    free(text);
    return err_set(err, STATUS_INVALID_ARGUMENT, "cannot take a secret from %s: %s", path, why);
}
