/* SPDX-License-Identifier: MIT */
/* call_listener.c — seccomp_unotify(2). The answer never has SECCOMP_USER_NOTIF_FLAG_CONTINUE and no descriptor is ever put into
 * a session: there is nothing that a caller who changes its memory meanwhile could win. */
#include "jail/call_listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

enum status call_listener_answer(int fd, struct heard_call *ret_call)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, 0) < 0)
        return STATUS_IO;
    if (!(waiting.revents & POLLIN))
        return waiting.revents ? STATUS_CLOSED : STATUS_UNAVAILABLE;

    struct seccomp_notif asked = {0};
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
        return errno == ENOENT || errno == EINTR ? STATUS_UNAVAILABLE : STATUS_IO;
    int index = told_call_find(asked.data.nr);
    size_t count;
    struct heard_call heard = {.index = MAX(index, 0)};
    heard.call = &told_calls(&count)[heard.index];
    for (size_t i = 0; i < ARRAY_SIZE(heard.args); i++)
        heard.args[i] = asked.data.args[i];
    struct seccomp_notif_resp answer = {
        .id = asked.id, .error = index < 0 ? -EPERM : -told_call_error(heard.call, heard.args)};
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT)
        return STATUS_IO;
    *ret_call = heard;
    return index < 0 ? STATUS_UNAVAILABLE : STATUS_OK;
}
