/* SPDX-License-Identifier: MIT */
/* children.c — a table by slot, looked through when a child exits: that is rare, and the pid is all that is known
 * then. */
#include "jail/zygote/children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/packet.h"
#include "jail/session.h"

#define CHILDREN_MAX 65536

struct child {
    pid_t pid; /* 0: free */
    uint64_t generation;
};

/* ORDER: blocked before the first fork. A child that ends at once is not missed: the signal waits in the
 * descriptor. */
enum status children_watch(struct children *children, struct err *err)
{
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, NULL);
    children->signal_fd = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    return children->signal_fd >= 0 ? STATUS_OK : err_set(err, STATUS_IO, "signalfd: %s", strerror(errno));
}

/* Reserved and not touched: the kernel gives pages as slots are used, and no fork copies what nobody wrote. */
enum status children_map(struct children *children, struct err *err)
{
    children->of = mmap(NULL, CHILDREN_MAX * sizeof *children->of, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return children->of != MAP_FAILED ? STATUS_OK
                                      : err_set(err, STATUS_NO_MEMORY, "no memory for the children");
}

bool children_free(const struct children *children, uint32_t slot)
{
    return slot < CHILDREN_MAX && children->of[slot].pid == 0;
}

static void tell(const struct keeper_message *message, const int *fds, unsigned count)
{
    if (packet_send(KEEPER_SOCKET, message, fds, count, NULL) != STATUS_OK)
        _exit(1);
}

/* Into its slot at once: the child may end before anything else is read, and its exit must find the slot. */
void children_answer(struct children *children, const struct keeper_message *order, pid_t pid, int pidfd)
{
    struct keeper_message answer = {
        .type = children->words->made, .slot = order->slot, .generation = order->generation};
    if (pid < 0) {
        answer.type = children->words->refused;
        answer.code = (uint32_t)-pid;
    } else {
        children->of[order->slot] = (struct child){pid, order->generation};
        children->slot_count = MAX(children->slot_count, order->slot + 1);
    }
    tell(&answer, &pidfd, pid < 0 ? 0 : 1);
    if (pidfd >= 0)
        close(pidfd);
}

/* False: it is in no slot. */
static bool report_exit(struct children *children, pid_t pid, int status)
{
    uint32_t slot = 0;
    while (slot < children->slot_count && children->of[slot].pid != pid)
        slot++;
    if (slot == children->slot_count)
        return false;
    unsigned detail = WIFSIGNALED(status) ? ZYGOTE_INIT_KILLED | (128u + (unsigned)WTERMSIG(status))
                                          : (unsigned)WEXITSTATUS(status);
    struct keeper_message message = {.type = children->words->exited,
                                     .slot = slot,
                                     .generation = children->of[slot].generation,
                                     .detail = detail};
    children->of[slot].pid = 0;
    tell(&message, NULL, 0);
    return true;
}

pid_t children_reap(struct children *children)
{
    struct signalfd_siginfo info;
    pid_t other = 0;
    int status;
    /* ORDER: the descriptor is emptied before the children are waited for. A child that ends between the two makes
     * it readable again; the other way round it would be slept over. */
    while (read(children->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        ;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (!report_exit(children, pid, status))
            other = pid;
    }
    return other;
}
