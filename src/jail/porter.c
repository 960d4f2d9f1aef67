/* SPDX-License-Identifier: MIT */
/* porter.c — a list of steps, as in session.c, and then one call over and over. splice copies from the pipe's
 * pages into new ones of the file (fs/splice.c, iter_file_splice_write): the new ones are charged to the caller,
 * and no byte passes the porter's own memory. */
#include "jail/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/file.h"
#include "jail/raw_call.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "porter: name this machine's AUDIT_ARCH"
#endif

#define SPLICE_SIZE ((long)1 << 20) /* bytes asked for at once; a pipe rarely holds more */

/* A session's processes have 900 (rlimit.c). Where the kernel takes one process and not the whole group, the porter,
 * without whom nothing is lost, shall be that one. */
#define OOM_SCORE "1000"

static enum status failed(const char *what, struct err *error)
{
    return err_set(error, STATUS_IO, "%s: %s", what, strerror(errno));
}

/* ORDER: first. All memory from here on is the session's. */
static enum status join_groups(const struct porter *porter, struct err *error)
{
    for (unsigned i = 0; i < porter->join_count; i++) {
        if (write(porter->join_fds[i], "0", 1) != 1)
            return failed("join", error);
    }
    return STATUS_OK;
}

static enum status offer_to_oom_killer(const struct porter *porter, struct err *error)
{
    int result = file_write(AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE);
    bool no_proc = result == -ENOENT;
    return result < 0 && !no_proc ? err_set(error, STATUS_IO, "oom_score_adj: %s", strerror(-result))
                                  : STATUS_OK;
}

/* Neither is descriptor 0 or 1 before: those are the zygote's, on /dev/null. */
static enum status keep_two_descriptors(const struct porter *porter, struct err *error)
{
    ASSERT(porter->pipe_fd > 1 && porter->file_fd > 1);
    if (dup2(porter->pipe_fd, 0) < 0 || dup2(porter->file_fd, 1) < 0)
        return failed("dup2", error);
    if (close_range(2, ~0u, 0) < 0)
        return failed("close_range", error);
    return STATUS_OK;
}

static enum status drop_rights(const struct porter *porter, struct err *error)
{
    enum status status = STATUS_OK;
    if (porter->uid != 0)
        status = capability_switch_user(porter->uid, porter->uid, error);
    if (status == STATUS_OK)
        status = capability_drop(error);
    if (status != STATUS_OK)
        return status;

    /* ORDER: a change of credentials resets both. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed("pdeathsig", error);
    (void)!prctl(PR_SET_NAME, "porter", 0, 0, 0);
    return STATUS_OK;
}

#define LOAD(field)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define SKIP_IF(value)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 1, 0)
#define ALLOW_IF(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), ANSWER(SECCOMP_RET_ALLOW)
#define ANSWER(action)   BPF_STMT(BPF_RET | BPF_K, (action))

/* By seccomp(2), for the zygote's own filter refuses the way through prctl. */
static enum status enter_filter(const struct porter *porter, struct err *error)
{
    struct sock_filter code[] = {
        LOAD(arch),
        SKIP_IF(ARCH),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW_IF(SYS_splice),
        ALLOW_IF(SYS_exit_group),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return failed("filter", error);
    return STATUS_OK;
}

enum status porter_enter(const struct porter *porter, struct err *error)
{
    static enum status (*const steps[])(const struct porter *, struct err *) = {
        join_groups, offer_to_oom_killer, keep_two_descriptors, drop_rights, enter_filter,
    };
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        enum status status = steps[i](porter, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void porter_copy(void)
{
    long copied;
    do {
        copied = raw_call(SYS_splice, 0, 0, 1, 0, SPLICE_SIZE, 0);
    } while (copied > 0 || copied == -EINTR);

    for (;;)
        raw_call(SYS_exit_group, -copied, 0, 0, 0, 0, 0);
}
