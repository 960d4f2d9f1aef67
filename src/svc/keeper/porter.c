/* SPDX-License-Identifier: MIT */
/* porter.c — the slot holds what is known of its porter. A porter's exit status is 0 or an errno; what is told to
 * the pool is that, or why it was killed. */
#include "svc/keeper/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"
#include "svc/keeper/slots.h"
#include "svc/keeper/state.h"

/* Memory is what this is for, and the slot is empty only without it. Processor time is not the session's: it has not asked
 * for the file, and one that is busy would keep its caller waiting. On v2 one group has all of them. */
#define CHARGED (1u << CGROUP_MEMORY | 1u << CGROUP_PIDS)

bool porter_possible(const struct keeper *keeper)
{
    return keeper->groups.enforced[CGROUP_MEMORY];
}

/* --- an order --- */

static void tell_stored(struct keeper *keeper, uint32_t slot, uint64_t generation, int error)
{
    const struct keeper_message message = {
        .type = KEEPER_MESSAGE_STORED, .slot = slot, .generation = generation, .code = (uint32_t)error};
    keeper_tell(keeper, keeper->client, &message, NULL, 0);
}

static bool is_open_for(int fd, int mode)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == mode && !(flags & O_PATH);
}

/* The pool, which the network may have broken into, could write what it likes where it likes without us. It shall not
 * have a process do that which is not its own. */
static bool descriptors_fit(const struct slot *slot, int pipe_fd, int file_fd)
{
    struct stat pipe_facts, file_facts;
    if (fstat(pipe_fd, &pipe_facts) < 0 || fstat(file_fd, &file_facts) < 0)
        return false;
    return S_ISFIFO(pipe_facts.st_mode) && is_open_for(pipe_fd, O_RDONLY) && S_ISREG(file_facts.st_mode) &&
           is_open_for(file_fd, O_WRONLY) && file_facts.st_dev == slot->data_device;
}

static void ask_port(struct keeper *keeper, struct slot *slot, const struct packet *packet)
{
    uint32_t index = keeper_slot_number(keeper, slot);
    int fds[KEEPER_MESSAGE_FDS_MAX] = {packet->fds[0], packet->fds[1]};
    unsigned count = 2, flags = 0;
    if (keeper->groups.slots[index].unified >= 0) {
        flags = JAIL_CGROUP_START;
        fds[count++] = keeper->groups.slots[index].unified;
    }
    count += cgroup_slot_joins(&keeper->groups, index, CHARGED, &fds[count]);
    const struct keeper_message message = {.type = KEEPER_MESSAGE_PORT,
                                           .slot = index,
                                           .generation = slot->generation,
                                           .uid = keeper_session_uid(keeper, slot),
                                           .flags = flags};
    slot->porter = SLOT_PORTER_ASKED;
    keeper_tell(keeper, keeper_zygote_of(keeper, slot)->process.socket, &message, fds, count);
}

/* 0, or why the file cannot be taken. */
static int refusal(struct keeper *keeper, const struct slot *slot, const struct keeper_message *message,
                   const struct packet *packet)
{
    if (!slot || slot->state != SLOT_RUNNING || slot_dead(slot))
        return ESRCH;
    if (!descriptors_fit(slot, packet->fds[0], packet->fds[1]))
        return EACCES;
    /* Before the kernel has to choose whom to kill for it. */
    bool fits = cgroup_slot_has_room(&keeper->groups, keeper_slot_number(keeper, slot),
                                     keeper->limits.memory_bytes, message->size);
    return fits ? 0 : ENOMEM;
}

void porter_order(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (!porter_possible(keeper) || (slot && slot->porter != SLOT_PORTER_NONE)) {
        keeper_give_up(keeper, "the pool stores a file out of its turn");
        return;
    }
    int error = refusal(keeper, slot, message, packet);
    if (error == 0)
        ask_port(keeper, slot, packet);
    else
        tell_stored(keeper, message->slot, message->generation, error);
}

/* --- its life --- */

void porter_end(struct slot *slot)
{
    if (slot->porter_pidfd >= 0)
        (void)!syscall(SYS_pidfd_send_signal, slot->porter_pidfd, SIGKILL, NULL, 0);
}

/* The slot that the zygote names, if its porter is in that state; else the keeper is over. */
static struct slot *slot_with(struct keeper *keeper, const struct keeper_message *message,
                              enum slot_porter porter)
{
    struct slot *slot = slots_find(keeper, message);
    if (slot && slot->porter == porter)
        return slot;
    keeper_give_up(keeper, "the zygote tells of a porter that nobody asked for");
    return NULL;
}

void porter_on_made(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slot_with(keeper, message, SLOT_PORTER_ASKED);
    if (!slot)
        return;
    slot->porter = SLOT_PORTER_RUNNING;
    slot->porter_pidfd = packet->fds[0];
    packet->fd_count = 0;
    if (slot->state != SLOT_RUNNING)
        porter_end(slot); /* the session has ended since it was asked for */
}

static void finish(struct keeper *keeper, struct slot *slot, int error)
{
    slot->porter = SLOT_PORTER_NONE;
    file_close(&slot->porter_pidfd);
    tell_stored(keeper, keeper_slot_number(keeper, slot), slot->generation, error);
}

void porter_on_refused(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slot_with(keeper, message, SLOT_PORTER_ASKED);
    /* EAGAIN: the session has as many processes as it may. */
    if (slot)
        finish(keeper, slot, message->code ? (int)message->code : EIO);
}

/* Nobody but the kernel kills a porter while its session runs. INVARIANT: each kill is counted once, here the
 * porter's; what is left over is the session's, and slot.c tells from it how the session ended. */
static int error_of(struct keeper *keeper, const struct slot *slot, uint32_t status)
{
    if (!(status & ZYGOTE_INIT_KILLED))
        return (int)status;
    if (slot->state != SLOT_RUNNING)
        return ESRCH;
    bool killed = status == (ZYGOTE_INIT_KILLED | (128 + SIGKILL));
    return killed && cgroup_slot_forgive_oom(&keeper->groups, keeper_slot_number(keeper, slot)) ? ENOMEM
                                                                                                : EIO;
}

void porter_on_exited(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slot_with(keeper, message, SLOT_PORTER_RUNNING);
    if (slot)
        finish(keeper, slot, error_of(keeper, slot, message->detail));
}
