/* SPDX-License-Identifier: MIT */
/* call_listener.c — seccomp_unotify(2). The answer has SECCOMP_USER_NOTIF_FLAG_CONTINUE for calls that start a process, and for no
 * others: the filters have already judged those by their registers, which nobody else can change while the caller waits, and
 * nothing here is decided by what stands in memory. No descriptor is ever put into a session. So there is nothing that a
 * caller who changes its memory meanwhile could win. */
#include "jail/call_listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

enum status call_listener_hear(int fd, struct heard_call *ret_call)
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
    struct heard_call heard = {
        .starts = told_call_starts(asked.data.nr), .index = MAX(index, 0), .id = asked.id};
    for (size_t i = 0; i < ARRAY_SIZE(heard.args); i++)
        heard.args[i] = asked.data.args[i];
    if (index >= 0)
        heard.call = &told_calls(&count)[index];
    *ret_call = heard;
    return STATUS_OK;
}

enum status call_listener_answer(int fd, const struct heard_call *call)
{
    struct seccomp_notif_resp answer = {.id = call->id};
    if (call->starts)
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        answer.error = call->call ? -told_call_error(call->call, call->args) : -EPERM;
    if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0)
        return STATUS_OK;
    return errno == ENOENT ? STATUS_UNAVAILABLE : STATUS_IO;
}
