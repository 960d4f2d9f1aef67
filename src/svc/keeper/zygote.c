/* SPDX-License-Identifier: MIT */
/* zygote.c — the child goes through a list of steps and ends in execve, so nothing that it leaves in memory
 * matters: it may read the files of the list, which the keeper must not. What goes wrong it says over the socket,
 * as its last word. */
#include "svc/keeper/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "jail/namespace.h"
#include "jail/packet.h"
#include "jail/root.h"
#include "jail/session.h"

#define ENVIRONMENT_MAX 32      /* variables of a zygote, with the NULL behind them */
#define FIRST_ID        199999u /* the zygote's root; sessions are 200000 + slot */

/* --- the program --- */

int zygote_open_program(const struct runtime *runtime, const char *path)
{
    static const char *const places[] = {"", "/../libexec/sallyport", "/../jail/zygote"};
    if (path)
        return open(path, O_RDONLY | O_CLOEXEC);
    char own[PATH_MAX], full[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0)
        return -1;
    own[n] = '\0';
    *strrchr(own, '/') = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(full, sizeof full, "%s%s/%s", own, places[i], runtime->zygote);
        int fd = open(full, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* --- ids --- */

/* The best start of `count` ids in one of the extents of a map file: FIRST_ID, or the last ones there are. */
static unsigned long long first_in_map(const char *path, unsigned count)
{
    unsigned long long best = 0, inside, outside, size;
    FILE *f = fopen(path, "re");
    /* The kernel writes these numbers, so none is out of range. NOLINTNEXTLINE(cert-err34-c) */
    while (f && fscanf(f, "%llu %llu %llu", &inside, &outside, &size) == 3) {
        if (inside <= FIRST_ID && FIRST_ID + (unsigned long long)count <= inside + size)
            best = FIRST_ID;
        else if (size > count + 65536ull / 2 && best != FIRST_ID)
            best = inside + size - count;
    }
    if (f)
        fclose(f);
    return best;
}

unsigned zygote_first_id(unsigned count, bool second)
{
    unsigned long long uid = first_in_map("/proc/self/uid_map", 2 * count);
    unsigned long long gid = first_in_map("/proc/self/gid_map", 2 * count);
    if (uid != gid || uid == 0 || uid + 2ull * count > UINT_MAX)
        return 0;
    return (unsigned)uid + (second ? count : 0);
}

/* --- the child: steps from a fork of the keeper to the zygote's program --- */

struct builder {
    const struct zygote_options *options;
    int program, socket;
    uid_t uid;
    gid_t gid;
    unsigned features;
    char identity[TEMPLATE_IDENTITY_SIZE]; /* of the template that was built */
};

static enum status failed(const char *what, struct err *err)
{
    return err_set(err, STATUS_IO, "%s: %s", what, strerror(errno));
}

/* Leaves /dev/null on 0-2, the keeper's socket on 3 and the program on 4. */
static enum status take_descriptors(struct builder *builder, struct err *err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int socket = fcntl(builder->socket, F_DUPFD_CLOEXEC, 10);
    int program = fcntl(builder->program, F_DUPFD_CLOEXEC, 10);
    if (null < 0 || socket < 0 || program < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
        dup2(null, 2) < 0 || dup2(socket, 3) < 0 || dup3(program, 4, O_CLOEXEC) < 0)
        return failed("descriptors", err);
    if (close_range(5, ~0u, 0) < 0)
        return failed("close_range", err);
    builder->socket = 3;
    builder->program = 4;
    return STATUS_OK;
}

/* Rootless: the new user namespace came with clone3, and we are the only id in it. */
static enum status take_identity(struct builder *builder, struct err *err)
{
    if (setsid() < 0)
        return failed("setsid", err);
    if (!builder->options->privileged)
        return namespace_map_self(0, builder->uid, builder->gid, err);
    if (setgroups(0, NULL) < 0)
        return failed("setgroups", err);
    return STATUS_OK;
}

/* Here, and not in the keeper: what stands in the files of the list is parsed by a process that ends. */
static enum status build_root(struct builder *builder, struct err *err)
{
    struct template_plan *plan = NULL;
    enum status status = template_plan_create(builder->options->session_paths, builder->program, &plan, err);
    if (status != STATUS_OK)
        return status;
    const struct root_options root = {
        .privileged = builder->options->privileged,
        .zygote_fd = builder->program,
        .plan = plan,
        .data_root = builder->options->data_root,
    };
    struct root_report report = {0};
    status = root_build(&root, &report, err);
    close(builder->program);
    memcpy(builder->identity, plan->identity, sizeof builder->identity);
    template_plan_destroy(plan);
    builder->features |= report.proc ? JAIL_PROC : 0;
    builder->features |= report.overlay ? JAIL_OVERLAY : 0;
    return status;
}

/* Root only: the zygote is root of a user namespace with a range of ids, and the mounts become locked. */
static enum status leave_host_root(struct builder *builder, struct err *err)
{
    if (!builder->options->privileged || !builder->options->user_namespace)
        return STATUS_OK;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return failed("unshare", err);
    const struct keeper_message map = {.type = KEEPER_MESSAGE_MAP};
    enum status status = packet_send(builder->socket, &map, NULL, 0, err);
    static struct packet packet;
    struct keeper_message answer;
    struct keeper_message_gate gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_ZYGOTE};
    if (status == STATUS_OK)
        status = packet_receive(builder->socket, &packet, err);
    if (status == STATUS_OK)
        status = keeper_message_parse(&gate, KEEPER_PHASE_NEW, bytes_of(packet.data, packet.size),
                                      packet.fd_count, &answer, err);
    if (status != STATUS_OK)
        return status;
    if (answer.type != KEEPER_MESSAGE_MAPPED || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return failed("become root inside", err);
    return STATUS_OK;
}

/* What the keeper ignores, the interpreter would take for its user's wish, and say so to every session. */
static void reset_signals(void)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    for (int n = 1; n < NSIG; n++)
        sigaction(n, &by_default, NULL); /* some cannot be set; those are at their default */
}

static enum status run_program(struct builder *builder, struct err *err)
{
    static const char *const for_all[] = {
        "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "LANG=C.UTF-8", "USER=user", "LOGNAME=user",
        "TMPDIR=/tmp",
        /* Few mappings make a fast fork; and two threads of a session must not share one rseq area. */
        "MALLOC_ARENA_MAX=1", "GLIBC_TUNABLES=glibc.pthread.rseq=0"};
    const struct runtime *runtime = builder->options->runtime;
    const char *const argv[] = {runtime->zygote, NULL};
    const char *environment[ENVIRONMENT_MAX];
    size_t count = 0;
    for (; count < ARRAY_SIZE(for_all); count++)
        environment[count] = for_all[count];
    for (const char *const *own = runtime->environment; *own && count < ENVIRONMENT_MAX - 1; own++)
        environment[count++] = *own;
    environment[count] = NULL;

    reset_signals();
    /* Last: changes of credentials clear it. The keeper's end is the zygote's, whatever it is doing. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return failed("pdeathsig", err);
    const struct keeper_message built = {
        .type = KEEPER_MESSAGE_BUILT, .flags = builder->features, .text = bytes_of_cstr(builder->identity)};
    enum status status = packet_send(builder->socket, &built, NULL, 0, err);
    if (status != STATUS_OK)
        return status;
    execve(ROOT_ZYGOTE, (char *const *)argv, (char *const *)environment);
    return failed("exec " ROOT_ZYGOTE, err);
}

/* ORDER of the steps: descriptors before a file is opened; the root while the host's files can still be seen; the
 * identity inside only when nothing of the host is left to be built. */
__attribute__((noreturn)) static void builder_main(struct builder *builder)
{
    static enum status (*const steps[])(struct builder *, struct err *) = {
        take_descriptors, take_identity, build_root, leave_host_root, run_program};
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (steps[i](builder, &err) != STATUS_OK)
            break;
    }
    const struct keeper_message broken = {.type = KEEPER_MESSAGE_BROKEN, .text = bytes_of_cstr(err.text)};
    (void)!packet_send(builder->socket, &broken, NULL, 0, NULL);
    _exit(1);
}

/* --- the parent --- */

enum status zygote_start(const struct zygote_options *options, struct zygote_process *ret, struct err *err)
{
    struct builder builder = {.options = options,
                              .uid = geteuid(),
                              .gid = getegid(),
                              .program = zygote_open_program(options->runtime, options->path)};
    if (builder.program < 0)
        return err_set(err, STATUS_NOT_FOUND, "no %s: %s",
                       options->path ? options->path : options->runtime->zygote, strerror(errno));
    int sockets[2];
    enum status status = packet_pair(sockets, err);
    if (status != STATUS_OK) {
        close(builder.program);
        return status;
    }
    builder.socket = sockets[1];
    unsigned long long flags = NAMESPACES_SESSION | CLONE_NEWNET;
    if (!options->privileged)
        flags |= CLONE_NEWUSER;
    int pidfd = -1;
    pid_t pid = namespace_clone(flags, options->cgroup_fd, &pidfd);
    if (pid == 0)
        builder_main(&builder);
    close(builder.program);
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        return err_set(err, STATUS_IO, "the zygote's namespaces: %s", strerror(-pid));
    }
    *ret = (struct zygote_process){.pid = pid, .pidfd = pidfd, .socket = sockets[0]};
    return STATUS_OK;
}
