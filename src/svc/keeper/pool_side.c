/* SPDX-License-Identifier: MIT */
/* pool_side.c — a session's sockets, pipes and storage are made here, on the privileged side, and handed on; our
 * copies are closed before the next message is read, whatever came of it. */
#include "svc/keeper/pool_side.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/root.h"
#include "os/clock.h"
#include "svc/keeper/porter.h"
#include "svc/keeper/slots.h"
#include "svc/keeper/state.h"

#define CHILD_FDS 4 /* setup, control, stdout, stderr */

/* The child's ends in `child`, -1 what was not made; ours in the slot, which closes them when it is freed. */
static enum status make_channel(struct slot *slot, int child[CHILD_FDS], struct err *err)
{
    int setup[2], control[2], standard_output[2], standard_error[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, setup) < 0)
        return err_set(err, STATUS_IO, "descriptors: %s", strerror(errno));
    child[0] = setup[1];
    slot->setup = setup[0];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
        return err_set(err, STATUS_IO, "descriptors: %s", strerror(errno));
    child[1] = control[1];
    slot->pool_fds[0] = control[0];

    if (pipe2(standard_output, O_CLOEXEC) < 0)
        return err_set(err, STATUS_IO, "descriptors: %s", strerror(errno));
    child[2] = standard_output[1];
    slot->pool_fds[1] = standard_output[0];

    if (pipe2(standard_error, O_CLOEXEC) < 0)
        return err_set(err, STATUS_IO, "descriptors: %s", strerror(errno));
    child[3] = standard_error[1];
    slot->pool_fds[2] = standard_error[0];

    /* The pool's ends only: its loop may never wait, and programs expect that theirs do. */
    for (size_t i = 0; i < ARRAY_SIZE(slot->pool_fds); i++)
        (void)!fcntl(slot->pool_fds[i], F_SETFL, O_NONBLOCK);
    return STATUS_OK;
}

/* ORDER: the descriptors go in the order of the flags that name them, and the zygote takes them by that. */
static void ask_fork(struct keeper *keeper, uint32_t index, const int child[CHILD_FDS], int data_mount)
{
    struct slot *slot = &keeper->slots[index];
    const struct cgroup_slot *group = &keeper->groups.slots[index];
    int fds[KEEPER_MESSAGE_FDS_MAX];
    unsigned count = 0;
    for (; count < CHILD_FDS; count++)
        fds[count] = child[count];
    unsigned flags = 0;
    if (group->unified >= 0) {
        flags = JAIL_CGROUP_START;
        fds[count++] = group->unified;
    }
    if (data_mount >= 0) {
        flags |= JAIL_DATA_MOUNT;
        fds[count++] = data_mount;
    }
    count += cgroup_slot_joins(&keeper->groups, index, CGROUP_ALL, &fds[count]);
    const struct keeper_message message = {.type = KEEPER_MESSAGE_FORK,
                                           .slot = index,
                                           .generation = slot->generation,
                                           .uid = keeper_session_uid(keeper, slot),
                                           .flags = flags};
    slots_move(keeper, slot, SLOT_FORKING);
    keeper_tell(keeper, keeper_zygote_of(keeper, slot)->process.socket, &message, fds, count);
}

/* Rootless, the session mounts its own: the pool's uid is known inside then. */
static enum status make_data(const struct keeper *keeper, uint32_t slot, int *ret_mount, struct err *err)
{
    if (!keeper->facts.privileged)
        return STATUS_OK;
    return root_make_data(&keeper->limits, keeper->first_id + 1 + slot, ret_mount, err);
}

/* All that a session needs before the zygote forks: its channel, our ear for it, its group, its storage. What was made
 * when one of them fails, the caller closes and frees. */
static enum status make_slot(struct keeper *keeper, struct slot *slot, int child[CHILD_FDS],
                             int *ret_data_mount, struct err *err)
{
    uint32_t index = keeper_slot_number(keeper, slot);
    enum status status = make_channel(slot, child, err);
    if (status != STATUS_OK)
        return status;
    struct epoll_event watch = {.events = EPOLLIN, .data.u64 = TAG_SLOT + index};
    if (epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, slot->setup, &watch) < 0)
        return err_set(err, STATUS_IO, "epoll: %s", strerror(errno));
    status = cgroup_slot_prepare(&keeper->groups, index, &keeper->limits, err);
    if (status != STATUS_OK)
        return status;
    return make_data(keeper, index, ret_data_mount, err);
}

static void on_spawn(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet)
{
    if (message->runtime >= RUNTIMES) {
        keeper_give_up(keeper, "the pool asks for a runtime that there is not");
        return;
    }
    struct slot *slot = slots_find_free(keeper);
    if (!slot) {
        keeper_refuse(keeper, message->request, "all slots are in use");
        return;
    }
    slot->request = message->request;
    slot->runtime = (enum runtime_id)message->runtime;
    slot->deadline_ns = clock_monotonic_ns() + SLOT_ENTER_MAX_NS;
    slot->gate =
        (struct keeper_message_gate){.sender = KEEPER_PARTY_SESSION, .receiver = KEEPER_PARTY_KEEPER};

    struct err err = {0};
    int child[CHILD_FDS] = {-1, -1, -1, -1}, data_mount = -1;
    if (make_slot(keeper, slot, child, &data_mount, &err) == STATUS_OK) {
        ask_fork(keeper, keeper_slot_number(keeper, slot), child, data_mount);
    } else {
        keeper_refuse(keeper, message->request, err.text);
        slots_free(keeper, slot);
    }

    file_close(&data_mount);
    for (int i = 0; i < CHILD_FDS; i++)
        file_close(&child[i]);
}

static void on_interrupt(struct keeper *keeper, const struct keeper_message *message,
                         const struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (slot && slot->state == SLOT_RUNNING)
        slot_signal(slot, SIGINT); /* PID 1 hands it to the runner */
}

static void on_kill(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (!slot || slot->state != SLOT_RUNNING)
        return;
    /* One that had ended before was not killed: its end says how it came. */
    slot->killed = !slot_dead(slot);
    slot_signal(slot, SIGKILL);
}

void pool_side_read(struct keeper *keeper)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper *, const struct keeper_message *,
                                                        const struct packet *) = {
        [KEEPER_MESSAGE_SPAWN] = on_spawn,
        [KEEPER_MESSAGE_INTERRUPT] = on_interrupt,
        [KEEPER_MESSAGE_KILL] = on_kill,
        [KEEPER_MESSAGE_STORE] = porter_order,
    };
    static struct packet packet;
    struct keeper_message message;
    /* The pool is gone, and its sessions go with us. */
    if (packet_receive(keeper->client, &packet, NULL) != STATUS_OK) {
        keeper->over = true;
        return;
    }
    struct err err = {0};
    if (keeper_message_parse(&keeper->client_gate, keeper->phase, bytes_of(packet.data, packet.size),
                             packet.fd_count, &message, &err) != STATUS_OK ||
        !handlers[message.type])
        keeper_give_up(keeper, err.text);
    else
        handlers[message.type](keeper, &message, &packet);
    packet_close(&packet);
}
