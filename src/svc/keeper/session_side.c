/* SPDX-License-Identifier: MIT */
/* session_side.c — one message of a session is read, ENTERED or STUCK, and then never one again: its socket is
 * closed before any user's code runs. */
#include "svc/keeper/session_side.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/file.h"
#include "svc/keeper/slots.h"
#include "svc/keeper/state.h"

/* What the pool gets besides; each may be missing. Returns how many, appended to `fds`, and their flags. */
static unsigned add_extras(struct keeper *keeper, uint32_t slot, const struct packet *packet, int *fds,
                           uint32_t *ret_flags)
{
    static const uint32_t flags[] = {SPAWNED_FLAG_CALLS, SPAWNED_FLAG_CPU, SPAWNED_FLAG_MEMORY,
                                     SPAWNED_FLAG_PROCESSES};
    int extras[1 + CGROUP_GAUGES] = {packet->fd_count > 1 ? packet->fds[1] : -1};
    unsigned count = 0;
    cgroup_slot_open_gauges(&keeper->groups, slot, &extras[1]);
    for (size_t i = 0; i < ARRAY_SIZE(extras); i++) {
        if (extras[i] < 0)
            continue;
        fds[count++] = extras[i];
        *ret_flags |= flags[i];
    }
    return count;
}

#define SPAWNED_FDS 4 /* before the extras */

static void on_entered(struct keeper *keeper, struct slot *slot, struct packet *packet)
{
    struct keeper_message message = {.type = KEEPER_MESSAGE_SPAWNED,
                                     .request = slot->request,
                                     .slot = keeper_slot_number(keeper, slot),
                                     .generation = slot->generation,
                                     .runtime = slot->runtime};
    struct stat facts;
    if (fstat(packet->fds[0], &facts) == 0)
        slot->data_device = facts.st_dev;
    int fds[KEEPER_MESSAGE_FDS_MAX] = {slot->pool_fds[0], slot->pool_fds[1], slot->pool_fds[2],
                                       packet->fds[0]};
    unsigned extras = add_extras(keeper, message.slot, packet, &fds[SPAWNED_FDS], &message.flags);
    slot->announced = true;
    slots_move(keeper, slot, SLOT_RUNNING);
    keeper_tell(keeper, keeper->client, &message, fds, SPAWNED_FDS + extras);
    for (unsigned i = message.flags & SPAWNED_FLAG_CALLS ? 1 : 0; i < extras; i++)
        close(fds[SPAWNED_FDS + i]); /* the listener is the packet's */
    for (size_t i = 0; i < ARRAY_SIZE(slot->pool_fds); i++)
        file_close(&slot->pool_fds[i]);
    if (keeper->watches) {
        slot->data_fd = packet->fds[0];
        packet->fds[0] = -1; /* it is kept */
    }
}

void session_side_read(struct keeper *keeper, struct slot *slot)
{
    static struct packet packet;
    struct keeper_message message;
    struct err err = {0};
    enum status status = packet_receive(slot->setup, &packet, &err);
    if (status == STATUS_OK) {
        status = keeper_message_parse(&slot->gate, keeper->phase, bytes_of(packet.data, packet.size),
                                      packet.fd_count, &message, &err);
        /* FORKED travels on another socket and may still be on its way; the state does not hang on it. */
        if (status == STATUS_OK && message.type == KEEPER_MESSAGE_ENTERED && slot->state == SLOT_ENTERING)
            on_entered(keeper, slot, &packet);
        else if (status == STATUS_OK)
            snprintf(slot->text, sizeof slot->text, "%.*s", BYTES_FMT(message.text));
        packet_close(&packet);
    }
    if (slot->state == SLOT_ENTERING) { /* STUCK, a forbidden message, or a death without a word */
        if (slot->text[0] == '\0')
            snprintf(slot->text, sizeof slot->text, "%s", err.text);
        slot_signal(slot, SIGKILL);
    }
    file_close(&slot->setup);
}
