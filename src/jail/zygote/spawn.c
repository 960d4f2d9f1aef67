/* SPDX-License-Identifier: MIT */
/* spawn.c — two processes come from one fork: the init, and by CLONE_VM the runner in the same memory. From then
 * on the init lives on raw calls (raw_call.h) and its registers. */
#include "jail/zygote/spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/namespace.h"
#include "jail/porter.h"
#include "jail/raw_call.h"
#include "runtime/interpreter.h"

#define RUNNER_STACK_BYTES ((size_t)8 << 20)
#define EXIT_SIGNAL_BASE   128

static int *tid_field; /* where libc keeps gettid() of the main thread */
/* How many SIGINT the init has handed on, written by it and read by the runner. */
static uint32_t interrupts;

int spawn_take_optional(const struct keeper_message *message, const struct packet *packet, unsigned flag,
                        unsigned *used)
{
    return message->flags & flag && *used < packet->fd_count ? packet->fds[(*used)++] : -1;
}

unsigned spawn_take_joins(const struct packet *packet, unsigned used, int ret_fds[KEEPER_MESSAGE_FDS_MAX])
{
    unsigned count = 0;
    while (used < packet->fd_count)
        ret_fds[count++] = packet->fds[used++];
    return count;
}

void spawn_init(void)
{
    if (prctl(PR_GET_TID_ADDRESS, &tid_field, 0, 0, 0) < 0)
        tid_field = NULL; /* raise() and recursive locks then see the zygote's id; CPython uses neither */
}

/* --- the init: after the runner exists it shares its memory, libc's thread data included. So nothing of
 * libc is called any more, not even to learn an errno. */

static int exit_status(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return EXIT_SIGNAL_BASE + WTERMSIG(wait_status);
    return WEXITSTATUS(wait_status);
}

__attribute__((noreturn)) static void init_run(pid_t runner, uint64_t signals)
{
    raw_call(SYS_close_range, 0, ~0u, 0, 0, 0, 0);
    for (;;) {
        long signal = raw_call(SYS_rt_sigtimedwait, (long)&signals, 0, 0, sizeof signals, 0, 0);
        if (signal == SIGINT) {
            raw_call(SYS_kill, runner, SIGINT, 0, 0, 0, 0);
            __atomic_fetch_add(&interrupts, 1, __ATOMIC_SEQ_CST);
        }
        int status = 0;
        long pid;
        while ((pid = raw_call(SYS_wait4, -1, (long)&status, WNOHANG, 0, 0, 0)) > 0) {
            if (pid == runner)
                raw_call(SYS_exit_group, exit_status(status), 0, 0, 0, 0, 0);
        }
        if (pid == -ECHILD)
            raw_call(SYS_exit_group, EXIT_SIGNAL_BASE, 0, 0, 0, 0, 0);
    }
}

/* --- the runner --- */

/* What a session may keep busy: its share of processor time in whole processors, and no more than there are.
 */
static unsigned processors(const struct session_limits *limits)
{
    cpu_set_t set;
    int there = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return MIN(MAX(limits->cpu_percent / 100, 1u), (unsigned)there);
}

static int runner_main(void *argument)
{
    const struct jail_session *session = argument;
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, interpreter.process_name, 0, 0, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(interpreter.run_session(session->control_fd, processors(&session->limits), &interrupts));
}

/* --- the child of the zygote --- */

__attribute__((noreturn)) static void give_up(const struct jail_session *session, const struct err *err)
{
    struct keeper_message message = {.type = KEEPER_MESSAGE_STUCK, .text = bytes_of_cstr(err->text)};
    (void)!packet_send(session->setup_fd, &message, NULL, 0, NULL);
    _exit(1);
}

__attribute__((noreturn)) static void child_main(struct jail_session *session)
{
    struct err err = {0};
    if (jail_enter(session, &err) != STATUS_OK)
        give_up(session, &err);
    char *stack = mmap(NULL, RUNNER_STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, 4096, PROT_NONE) < 0) {
        (void)err_set(&err, STATUS_NO_MEMORY, "the runner's stack: %s", strerror(errno));
        give_up(session, &err);
    }
    const struct keeper_message entered = {.type = KEEPER_MESSAGE_ENTERED};
    const int fds[] = {session->data_fd, session->listener_fd};
    if (packet_send(session->setup_fd, &entered, fds, fds[1] < 0 ? 1 : 2, &err) != STATUS_OK)
        _exit(1);
    close(session->setup_fd);
    close(session->data_fd);
    if (session->listener_fd >= 0)
        close(session->listener_fd); /* who holds it could answer for itself */
    prctl(PR_SET_NAME, "session-init", 0, 0, 0);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int flags = CLONE_VM | SIGCHLD | (tid_field ? CLONE_CHILD_SETTID : 0);
    pid_t runner = clone(runner_main, stack + RUNNER_STACK_BYTES, flags, session, NULL, NULL, tid_field);
    if (runner < 0)
        _exit(1);
    init_run(runner, 1ull << (SIGINT - 1) | 1ull << (SIGCHLD - 1));
}

pid_t spawn_session(struct jail_session *session, int cgroup_fd, int *ret_pidfd)
{
    unsigned long long flags = NAMESPACES_SESSION;
    if (session->features & JAIL_NET)
        flags |= CLONE_NEWNET;
    pid_t pid = namespace_clone(flags, cgroup_fd, ret_pidfd);
    if (pid == 0)
        child_main(session);
    return pid;
}

pid_t spawn_porter(const struct keeper_message *order, const struct packet *packet, int *ret_pidfd)
{
    unsigned used = 2;
    int cgroup_fd = spawn_take_optional(order, packet, JAIL_CGROUP_START, &used);
    struct porter porter = {.pipe_fd = packet->fds[0], .file_fd = packet->fds[1], .uid = order->uid};
    porter.join_count = spawn_take_joins(packet, used, porter.join_fds);
    pid_t pid = namespace_clone(0, cgroup_fd, ret_pidfd);
    if (pid != 0)
        return pid;
    if (porter_enter(&porter, NULL) == STATUS_OK)
        porter_copy();
    _exit(EIO);
}
