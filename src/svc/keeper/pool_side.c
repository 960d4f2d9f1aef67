/* SPDX-License-Identifier: MIT */
/* A session's sockets, pipes and storage are made here, on the privileged side, and handed on; our copies are closed
 * before the next message is read, whatever came of it. */
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
#include "svc/keeper/state.h"

#define CHILD_FDS 4 /* setup, control, stdout, stderr */

static int make_channel(struct slot *slot, int child[CHILD_FDS], int *ret_setup)
{
    int setup[2], control[2], out[2], err[2];
    for (int i = 0; i < CHILD_FDS; i++)
        child[i] = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, setup) < 0)
        return -errno;
    child[0] = setup[1];
    *ret_setup = setup[0];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
        return -errno;
    child[1] = control[1];
    slot->pool_fds[0] = control[0];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    child[2] = out[1];
    slot->pool_fds[1] = out[0];
    if (pipe2(err, O_CLOEXEC) < 0)
        return -errno;
    child[3] = err[1];
    slot->pool_fds[2] = err[0];
    for (size_t i = 0; i < ARRAY_SIZE(slot->pool_fds); i++)
        (void)!fcntl(slot->pool_fds[i], F_SETFL, O_NONBLOCK);
    return 0;
}

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
    slot_move(keeper, slot, SLOT_FORKING);
    keeper_tell(keeper, keeper_zygote_of(keeper, slot)->process.socket, &message, fds, count);
}

/* Rootless, the session mounts its own: the pool's uid is known inside then. */
static enum status make_data(const struct keeper *keeper, uint32_t slot, int *ret_mount, struct err *err)
{
    if (!keeper->facts.privileged)
        return STATUS_OK;
    return root_make_data(&keeper->limits, keeper->first_id + 1 + slot, ret_mount, err);
}

static void on_spawn(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet)
{
    if (message->runtime >= RUNTIMES) {
        keeper_give_up(keeper, "the pool asks for a runtime that there is not");
        return;
    }
    struct slot *slot = slot_find_free(keeper);
    if (!slot) {
        keeper_refuse(keeper, message->request, "all slots are in use");
        return;
    }
    uint32_t index = slot_number(keeper, slot);
    struct err err = {0};
    int child[CHILD_FDS], setup = -1;
    int r = make_channel(slot, child, &setup);
    if (r < 0)
        (void)err_set(&err, STATUS_IO, "descriptors: %s", strerror(-r));
    slot->setup = setup;
    slot->request = message->request;
    slot->runtime = (enum runtime_id)message->runtime;
    slot->deadline_ns = clock_monotonic_ns() + SLOT_ENTER_MAX_NS;
    slot->gate =
        (struct keeper_message_gate){.sender = KEEPER_PARTY_SESSION, .receiver = KEEPER_PARTY_KEEPER};
    struct epoll_event watch = {.events = EPOLLIN, .data.u64 = TAG_SLOT + index};
    if (r == 0 && epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, setup, &watch) < 0)
        r = err_set(&err, STATUS_IO, "epoll: %s", strerror(errno));
    int data_mount = -1;
    if (r == 0 && cgroup_slot_prepare(&keeper->groups, index, &keeper->limits, &err) == STATUS_OK &&
        make_data(keeper, index, &data_mount, &err) == STATUS_OK) {
        ask_fork(keeper, index, child, data_mount);
    } else {
        keeper_refuse(keeper, message->request, err.text);
        slot_free(keeper, slot);
    }
    file_close(&data_mount);
    for (int i = 0; i < CHILD_FDS; i++)
        file_close(&child[i]);
}

static void on_interrupt(struct keeper *keeper, const struct keeper_message *message,
                         const struct packet *packet)
{
    struct slot *slot = slot_find(keeper, message);
    if (slot && slot->state == SLOT_RUNNING)
        slot_signal(slot, SIGINT); /* PID 1 hands it to the runner */
}

static void on_kill(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet)
{
    struct slot *slot = slot_find(keeper, message);
    if (!slot || slot->state != SLOT_RUNNING)
        return;
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
