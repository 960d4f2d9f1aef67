/* SPDX-License-Identifier: MIT */
/* rlimit.c — one table of limits, soft and hard alike: a session can lower them and never raise them. */
#include "jail/rlimit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "jail/file.h"

/* RLIMIT_DATA makes an absurd allocation a MemoryError instead of a dead session. It counts address space:
 * the zygote's own heap and 64 thread stacks of 8 MiB come on top of what a session may really use. */
#define DATA_HEADROOM_BYTES ((rlim_t)768 << 20)

enum status rlimit_enter(const struct session_limits *limits, struct err *err)
{
    /* RLIMIT_CORE 1: the kernel gives up a dump to a |handler at 1, but not at 0 (sandbox.md 2.6). */
    const struct {
        const char *name;
        int resource;
        rlim_t value;
    } rows[] = {
        {"core", RLIMIT_CORE, 1},
        {"data", RLIMIT_DATA, limits->memory_bytes + DATA_HEADROOM_BYTES},
        {"fsize", RLIMIT_FSIZE, limits->file_bytes},
        {"memlock", RLIMIT_MEMLOCK, 64 << 10},
        {"msgqueue", RLIMIT_MSGQUEUE, 0},
        {"nice", RLIMIT_NICE, 0},
        {"nofile", RLIMIT_NOFILE, limits->open_files},
        {"nproc", RLIMIT_NPROC, limits->tasks},
        {"rtprio", RLIMIT_RTPRIO, 0},
        {"sigpending", RLIMIT_SIGPENDING, 256},
        {"stack", RLIMIT_STACK, 8 << 20},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct rlimit value = {rows[i].value, rows[i].value};
        if (setrlimit((__rlimit_resource_t)rows[i].resource, &value) < 0)
            return err_set(err, STATUS_IO, "limit %s: %s", rows[i].name, strerror(errno));
    }
    return STATUS_OK;
}

enum status rlimit_enter_oom(struct err *err)
{
    int r = file_write(AT_FDCWD, "/proc/self/oom_score_adj", "900");
    return r < 0 && r != -ENOENT ? err_set(err, STATUS_IO, "oom_score_adj: %s", strerror(-r)) : STATUS_OK;
}
