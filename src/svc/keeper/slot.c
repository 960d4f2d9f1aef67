/* SPDX-License-Identifier: MIT */
/* slot.c — what can be done with one slot alone: its descriptors, and signals to its init. */
#include "svc/keeper/slot.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"

void slot_init(struct slot *slot)
{
    *slot = (struct slot){.generation = 1, .pidfd = -1, .setup = -1, .porter_pidfd = -1, .data_fd = -1};
    for (size_t i = 0; i < ARRAY_SIZE(slot->pool_fds); i++)
        slot->pool_fds[i] = -1;
}

void slot_close(struct slot *slot)
{
    file_close(&slot->pidfd);
    file_close(&slot->setup);
    file_close(&slot->porter_pidfd);
    file_close(&slot->data_fd);
    for (size_t i = 0; i < ARRAY_SIZE(slot->pool_fds); i++)
        file_close(&slot->pool_fds[i]);
}

void slot_signal(struct slot *slot, int signal)
{
    if (slot->pidfd >= 0)
        (void)!syscall(SYS_pidfd_send_signal, slot->pidfd, signal, NULL, 0);
}

bool slot_dead(const struct slot *slot)
{
    struct pollfd watched = {.fd = slot->pidfd, .events = POLLIN};
    return slot->pidfd < 0 || poll(&watched, 1, 0) > 0;
}
