/* SPDX-License-Identifier: MIT */
/* wiped.c — memory for a secret is had at once: a buffer that grows would leave the shorter copies behind. */
#include "credential/wiped.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void wiped_fini(struct buf *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, secret->capacity);
    buf_fini(secret);
}

static STATUS_RESULT read_all(int fd, const char *what, struct buf *content, struct err *err)
{
    while (content->size <= WIPED_FILE_SIZE_MAX) {
        ssize_t got = read(fd, content->data + content->size, content->capacity - content->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, STATUS_FAILED_PRECONDITION, "%s cannot be read: %s", what, strerror(errno));
        if (got == 0)
            return STATUS_OK;
        content->size += (size_t)got;
    }
    return err_set(err, STATUS_TOO_LARGE, "%s is larger than %zu bytes", what, WIPED_FILE_SIZE_MAX);
}

enum status wiped_read_file(const char *path, const char *what, struct buf *ret_content, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe holds nobody up */
    if (fd < 0)
        return err_set(err, STATUS_FAILED_PRECONDITION, "%s cannot be opened: %s", what, strerror(errno));
    struct stat about;
    enum status status = STATUS_OK;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        status = err_set(err, STATUS_FAILED_PRECONDITION, "%s is no regular file", what);
    if (status == STATUS_OK)
        status = buf_reserve(ret_content, WIPED_FILE_SIZE_MAX + 1);
    if (status == STATUS_OK)
        status = read_all(fd, what, ret_content, err);
    close(fd);
    return status;
}

bool wiped_is_token(struct bytes token)
{
    for (size_t i = 0; i < token.size; i++)
        if (token.data[i] <= 0x20 || token.data[i] >= 0x7f)
            return false;
    return token.size > 0 && token.size <= WIPED_TOKEN_SIZE_MAX;
}
