/* SPDX-License-Identifier: MIT */
/* A session whose jail is not whole must not come to be. Each row makes one kernel call of one step fail, by
 * a filter that stands in for a kernel that refuses it, and jail_enter must then fail in that very step.
 * Without a fault the same process must get in. Pairs of faults prove the order of the steps: the earlier one
 * is met. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/landlock.h"
#include "jail/namespace.h"
#include "jail/session.h"

#define ANY      (~0ull)
#define SKIPPED  77
#define NEEDS_LL 1
#define NEEDS_ID 2

struct fault {
    const char *step, *call;
    uint64_t first, second; /* arguments it fails with; ANY */
    unsigned needs;
};

/* In the order of jail_enter. */
static const struct fault faults[] = {
    {"cgroup", "write", ANY, ANY, 0},
    {"descriptors", "fcntl", ANY, F_DUPFD_CLOEXEC, 0},
    {"descriptors", "dup3", ANY, ANY, 0},
    {"descriptors", "dup2", ANY, ANY, 0},
    {"descriptors", "close_range", 3, ANY, 0},
    {"process", "setsid", ANY, ANY, 0},
    {"process", "rt_sigprocmask", ANY, ANY, 0},
    {"namespaces", "unshare", CLONE_NEWCGROUP, ANY, 0},
    {"namespaces", "sethostname", ANY, ANY, 0},
    {"mounts", "mount", ANY, ANY, 0},
    {"mounts", "chdir", ANY, ANY, 0},
    {"limits", "prlimit64", ANY, ANY, 0},
    {"user", "setgroups", ANY, ANY, NEEDS_ID},
    {"user", "setresgid", ANY, ANY, NEEDS_ID},
    {"user", "setresuid", ANY, ANY, NEEDS_ID},
    {"user", "prctl", PR_SET_DUMPABLE, 1, 0},
    {"user", "unshare", CLONE_NEWUSER, ANY, 0},
    {"landlock", "landlock_create_ruleset", ANY, 24, NEEDS_LL},
    {"landlock", "landlock_add_rule", ANY, ANY, NEEDS_LL},
    {"landlock", "landlock_restrict_self", ANY, ANY, NEEDS_LL},
    {"confine", "prctl", PR_CAPBSET_DROP, ANY, 0},
    {"confine", "prctl", PR_CAP_AMBIENT, ANY, 0},
    {"confine", "capset", ANY, ANY, 0},
    {"confine", "prctl", PR_SET_NO_NEW_PRIVS, ANY, 0},
    {"confine", "prctl", PR_SET_PDEATHSIG, ANY, 0},
    {"confine", "prctl", PR_SET_DUMPABLE, 0, 0},
    {"filter", "seccomp", ANY, ANY, 0},
};

static struct seccomp_lock lock;
static bool privileged;

static void fatal(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    _exit(99);
}

/* The fault reaches through the loader's own seccomp(2), so it is loaded by prctl, as old kernels have it. */
static void install(const struct fault *list, size_t count)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (!f || seccomp_api_set(1) < 0)
        fatal("filter");
    (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
    for (size_t i = 0; i < count; i++) {
        struct scmp_arg_cmp compare[2];
        unsigned n = 0;
        if (list[i].first != ANY)
            compare[n++] = SCMP_A0(SCMP_CMP_EQ, list[i].first, 0);
        if (list[i].second != ANY)
            compare[n++] = SCMP_A1(SCMP_CMP_EQ, list[i].second, 0);
        int number = seccomp_syscall_resolve_name(list[i].call);
        if (number < 0 || seccomp_rule_add_array(f, SCMP_ACT_ERRNO(ENOTRECOVERABLE), number, n, compare) < 0)
            fatal(list[i].call);
    }
    if (seccomp_load(f) < 0)
        fatal("load");
    seccomp_release(f);
}

/* What the zygote's template gives: the places that a session mounts upon. */
static void prepare_places(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755") < 0 || mkdir("/mnt/data", 0755) < 0)
        fatal("places");
}

static int descriptor(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fatal("/dev/null");
    return fd;
}

/* In a new process: enters the jail with the faults on, and says over the pipe how that ended. */
static void enter(const struct fault *list, size_t count, int answer, uid_t uid, gid_t gid)
{
    struct err e = {0};
    if (!privileged && namespace_map_self(0, uid, gid, &e) != STATUS_OK)
        fatal(e.text);
    prepare_places();
    struct jail_session s = {
        .features = JAIL_PROC | JAIL_NET | JAIL_USER | (privileged ? JAIL_UID : 0) |
                    (landlock_abi() > 0 ? JAIL_LANDLOCK : 0),
        .limits = {.memory_bytes = 1 << 28,
                   .tasks = 64,
                   .cpu_percent = 100,
                   .data_bytes = 1 << 20,
                   .tmp_bytes = 1 << 20,
                   .files = 64,
                   .open_files = 64,
                   .file_bytes = 1 << 20},
        .uid = privileged ? 299999 : 0,
        .setup_fd = answer,
        .control_fd = descriptor(),
        .stdout_fd = descriptor(),
        .stderr_fd = descriptor(),
        .null_fd = descriptor(),
        .join_fds = {descriptor()},
        .join_count = 1,
        .data_mount_fd = -1,
        .lock = &lock,
    };
    if (seccomp_lock_init(&lock, false, false, &e) != STATUS_OK)
        fatal(e.text);
    if (count > 0)
        install(list, count);
    const char *text = jail_enter(&s, &e) == STATUS_OK ? "entered" : e.text;
    /* writev, since write may be what fails. */
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    (void)!writev(s.setup_fd, &part, 1);
    _exit(0);
}

/* What jail_enter said, in `ret_text`. */
static void run(const struct fault *list, size_t count, char ret_text[512])
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        fatal("pipe");
    unsigned long long flags = NAMESPACES_SESSION | CLONE_NEWNET | (privileged ? 0 : CLONE_NEWUSER);
    uid_t uid = geteuid();
    gid_t gid = getegid();
    pid_t pid = namespace_clone(flags, -1, NULL);
    if (pid == 0)
        enter(list, count, ends[1], uid, gid);
    close(ends[1]);
    ssize_t used = 0, n = 1;
    while (pid > 0 && n > 0 && used < 511) {
        n = read(ends[0], ret_text + used, (size_t)(511 - used));
        used += n > 0 ? n : 0;
    }
    ret_text[used] = '\0';
    close(ends[0]);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        snprintf(ret_text, 512, "the process ended with %x (clone: %d)", (unsigned)status, (int)pid);
}

static bool usable(const struct fault *f)
{
    if (seccomp_syscall_resolve_name(f->call) < 0)
        return false; /* not a call of this machine */
    return !(f->needs & NEEDS_LL && landlock_abi() < 6) && !(f->needs & NEEDS_ID && !privileged);
}

static int check(const char *step, const char *text, const char *what)
{
    size_t size = strlen(step);
    bool good = strncmp(text, step, size) == 0 && (text[size] == ':' || text[size] == '\0');
    printf("%s %s: %s\n", good ? "ok  " : "FAIL", what, text);
    return !good;
}

int main(void)
{
    char text[512], what[128];
    int failures = 0;
    privileged = capability_privileged();
    run(NULL, 0, text);
    if (!privileged && strstr(text, "clone: -")) {
        printf("skipped: this machine gives no user namespaces: %s\n", text);
        return SKIPPED;
    }
    failures += check("entered", text, "without a fault");
    const struct fault *before = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct fault *f = &faults[i];
        if (!usable(f))
            continue;
        run(f, 1, text);
        snprintf(what, sizeof what, "%s fails", f->call);
        failures += check(f->step, text, what);
        if (before && strcmp(before->step, f->step) != 0) {
            const struct fault both[] = {*before, *f};
            run(both, 2, text);
            snprintf(what, sizeof what, "%s and %s fail", before->call, f->call);
            failures += check(before->step, text, what);
        }
        before = f;
    }
    printf(failures ? "%d failures\n" : "all as expected\n", failures);
    return failures ? 1 : 0;
}
