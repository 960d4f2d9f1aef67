/* SPDX-License-Identifier: MIT */
/* namespace.c — clone3 by number: libc has no wrapper for it, and its fork would run handlers that a zygote must
 * not run. */
#include "jail/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"

pid_t namespace_clone(unsigned long long flags, int cgroup_fd, int *ret_pidfd)
{
    int pidfd = -1;
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    if (ret_pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)&pidfd;
    }
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        return -errno;
    if (ret_pidfd)
        *ret_pidfd = pidfd;
    return (pid_t)pid;
}

static enum status write_map(const char *path, const char *text, struct err *err)
{
    int r = file_write(AT_FDCWD, path, text);
    return r < 0 ? err_set(err, STATUS_IO, "%s: %s", path, strerror(-r)) : STATUS_OK;
}

/* Both maps stand before the process is told (MAPPED): it changes its user and its groups in one go. */
enum status namespace_map_range(pid_t pid, unsigned first, unsigned count, struct err *err)
{
    char path[64], text[64];
    snprintf(text, sizeof text, "0 %u %u\n", first, count);
    snprintf(path, sizeof path, "/proc/%d/gid_map", (int)pid);
    enum status status = write_map(path, text, err);
    if (status != STATUS_OK)
        return status;
    snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
    return write_map(path, text, err);
}

/* ORDER: without the right to change groups (user_namespaces(7)) the kernel takes the gid map only when setgroups
 * is denied, and once denied it stays so. */
enum status namespace_map_self(unsigned inside, uid_t uid, gid_t gid, struct err *err)
{
    char text[64];
    enum status status = write_map("/proc/self/setgroups", "deny", err);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "%u %u 1\n", inside, (unsigned)gid);
    status = write_map("/proc/self/gid_map", text, err);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "%u %u 1\n", inside, (unsigned)uid);
    return write_map("/proc/self/uid_map", text, err);
}

enum status namespace_forbid_user(int proc_fd, struct err *err)
{
    int r = file_write(proc_fd, "sys/user/max_user_namespaces", "0\n");
    return r < 0 ? err_set(err, STATUS_IO, "max_user_namespaces: %s", strerror(-r)) : STATUS_OK;
}
