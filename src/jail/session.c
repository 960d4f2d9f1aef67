/* SPDX-License-Identifier: MIT */
/* session.c — jail_enter is the list of sandbox.md 2.2. Two places differ, both on purpose. The cgroups are joined
 * first, so that all memory from then on is the session's. And the user namespace comes after the mounts: then the
 * other namespaces belong to its parent, and not even all capabilities in it give a right over them. */
#include "jail/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/landlock.h"
#include "jail/namespace.h"
#include "jail/rlimit.h"
#include "jail/root.h"

static enum status failed(const char *what, struct err *err)
{
    return err_set(err, STATUS_IO, "%s: %s", what, strerror(errno));
}

static enum status step_cgroup(struct jail_session *session, struct err *err)
{
    for (unsigned i = 0; i < session->join_count; i++) {
        if (write(session->join_fds[i], "0", 1) != 1)
            return failed("join", err);
    }
    return STATUS_OK;
}

/* EINVAL is the kernel's word for a number above the limit (fcntl(2)). */
static enum status no_descriptors(int top, struct err *err)
{
    if (errno != EINVAL && errno != EMFILE)
        return failed("F_DUPFD", err);
    return err_set(err, STATUS_IO, "too few open files are allowed: start with ulimit -n %d or more",
                   top + 64);
}

/* Leaves exactly 0, 1, 2, the control socket and the setup socket. Both sit at the top of the table, where
 * a program that closes or overwrites low numbers does not meet them. */
static enum status step_descriptors(struct jail_session *session, struct err *error)
{
    int top = (int)session->limits.open_files - 1;
    /* First out of the way: above every number we will write to. */
    int setup = fcntl(session->setup_fd, F_DUPFD_CLOEXEC, top + 1);
    int control = fcntl(session->control_fd, F_DUPFD_CLOEXEC, top + 1);
    int out = fcntl(session->stdout_fd, F_DUPFD_CLOEXEC, top + 1);
    int err = fcntl(session->stderr_fd, F_DUPFD_CLOEXEC, top + 1);
    int null = fcntl(session->null_fd, F_DUPFD_CLOEXEC, top + 1);
    bool has_data = session->data_mount_fd >= 0;
    int data = has_data ? fcntl(session->data_mount_fd, F_DUPFD_CLOEXEC, top + 1) : -1;
    if (setup < 0 || control < 0 || out < 0 || err < 0 || null < 0 || (has_data && data < 0))
        return no_descriptors(top, error);

    /* Then each to its place: the low three, and from the top downwards. */
    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        return failed("dup", error);
    if (dup3(control, top, O_CLOEXEC) < 0 || dup3(setup, top - 1, O_CLOEXEC) < 0)
        return failed("dup", error);
    if (has_data && dup3(data, top - 2, O_CLOEXEC) < 0)
        return failed("dup", error);

    /* Last, all that is between and above. */
    int highest_between = top - (has_data ? 3 : 2);
    if (syscall(SYS_close_range, 3, highest_between, 0) < 0)
        return failed("close_range", error);
    if (syscall(SYS_close_range, top + 1, ~0u, 0) < 0)
        return failed("close_range", error);
    session->control_fd = top;
    session->setup_fd = top - 1;
    session->data_mount_fd = has_data ? top - 2 : -1; /* closed once it is mounted */
    return STATUS_OK;
}

static enum status step_process(struct jail_session *session, struct err *err)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t none;
    if (setsid() < 0)
        return failed("setsid", err);
    for (int n = 1; n < NSIG; n++)
        sigaction(n, &by_default, NULL); /* some cannot be set; those are at their default */
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return failed("signal mask", err);
    /* 022, not 077: the pool, which has no capability, must read what the session writes; nobody else can
     * reach the session's file systems at all. */
    umask(022);
    /* The session's own /proc will show no settings; step_user still has one to make. */
    session->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (session->proc_fd < 0)
        return failed("/proc", err);
    return rlimit_enter_oom(err);
}

static enum status step_namespaces(struct jail_session *session, struct err *err)
{
    /* pid, mnt, ipc, uts and net came with clone3. The cgroup one is entered only now, inside the session's
     * cgroup, so that this one looks like the root. */
    if (unshare(CLONE_NEWCGROUP) < 0)
        return failed("unshare cgroup", err);
    if (sethostname("session", 7) < 0)
        return failed("sethostname", err);
    return STATUS_OK;
}

static enum status step_mounts(struct jail_session *session, struct err *err)
{
    enum status status = root_enter(&session->limits, session->uid, session->features & JAIL_PROC,
                                    session->data_mount_fd, &session->data_fd, err);
    if (session->data_mount_fd >= 0)
        close(session->data_mount_fd);
    return status;
}

static enum status step_limits(struct jail_session *session, struct err *err)
{
    return rlimit_enter(&session->limits, err);
}

static enum status step_user(struct jail_session *session, struct err *err)
{
    if (session->features & JAIL_UID) {
        enum status status = capability_switch_user(session->uid, session->uid, err);
        if (status != STATUS_OK)
            return status;
    }
    if (!(session->features & JAIL_USER)) {
        close(session->proc_fd);
        return STATUS_OK;
    }
    /* A change of ids made /proc/self unwritable to ourselves; step_confine makes the process closed again.
     */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        return failed("dumpable", err);
    if (unshare(CLONE_NEWUSER) < 0)
        return failed("unshare user", err);
    enum status status = namespace_map_self(JAIL_UID_INSIDE, session->uid, session->uid, err);
    if (status == STATUS_OK)
        status = namespace_forbid_user(session->proc_fd, err);
    close(session->proc_fd);
    return status;
}

#define RULES_MAX (ROOT_FOLDERS_MAX + 16)

/* The list, which the zygote hands over, and the session's own places. */
static enum status step_landlock(struct jail_session *session, struct err *err)
{
    const struct landlock_rule own[] = {
        {"/", LANDLOCK_LIST, -1},
        {"/etc", LANDLOCK_READ, -1},
        {"/proc", session->limits.strict_proc ? LANDLOCK_LIST : LANDLOCK_READ, -1},
        {"/dev", LANDLOCK_DEVICE, -1},
        {ROOT_DATA, LANDLOCK_WRITE, -1},
        {"/tmp", LANDLOCK_WRITE, -1},
        {"/dev/shm", LANDLOCK_WRITE, -1},
    };
    if (!(session->features & JAIL_LANDLOCK)) {
        if (session->limits.strict_proc)
            return err_set(err, STATUS_FAILED_PRECONDITION, "strict-proc needs Landlock");
        return STATUS_OK;
    }
    struct landlock_rule rules[RULES_MAX];
    if (session->rule_count > RULES_MAX - ARRAY_SIZE(own))
        return err_set(err, STATUS_TOO_LARGE, "more than %d rules", RULES_MAX);
    memcpy(rules, own, sizeof own);
    if (session->rule_count > 0)
        memcpy(&rules[ARRAY_SIZE(own)], session->rules, session->rule_count * sizeof *rules);
    return landlock_enter(rules, ARRAY_SIZE(own) + session->rule_count, LANDLOCK_NO_NETWORK | LANDLOCK_SCOPED,
                          err);
}

static enum status step_confine(struct jail_session *session, struct err *err)
{
    enum status status = capability_drop(err);
    if (status != STATUS_OK)
        return status;
    /* Only now: a change of credentials resets both. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed("pdeathsig", err);
    return STATUS_OK;
}

static enum status step_filter(struct jail_session *session, struct err *err)
{
    session->listener_fd = -1;
    return seccomp_enter_session(session->lock,
                                 session->features & JAIL_LISTEN ? &session->listener_fd : NULL, err);
}

static const struct {
    const char *name;
    enum status (*run)(struct jail_session *session, struct err *err);
} steps[] = {
    {"cgroup", step_cgroup},           /* memory, tasks and time are counted from here */
    {"descriptors", step_descriptors}, /* nothing of the zygote's or a sibling's stays open */
    {"process", step_process},         /* session, signals, first to die without memory */
    {"namespaces", step_namespaces},   /* its cgroup is the root it sees */
    {"mounts", step_mounts},           /* its own data, tmp, shm and proc over the template */
    {"limits", step_limits},           /* per-process limits */
    {"user", step_user},               /* its own uid, then its own user namespace without any right */
    {"landlock", step_landlock},       /* holds even where a mount was wrong */
    {"confine", step_confine},         /* no capability, no way to get one, dies with its parent */
    {"filter", step_filter},           /* and no call left that could undo any of it */
};

enum status jail_enter(struct jail_session *session, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (steps[i].run(session, err) != STATUS_OK)
            return err_wrap(err, "%s", steps[i].name);
    }
    return STATUS_OK;
}
