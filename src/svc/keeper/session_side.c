/* SPDX-License-Identifier: MIT */
/* One message of a session is read, ENTERED or STUCK, and then never one again: its socket is closed before any user's
 * code runs. */
#include "svc/keeper/session_side.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/file.h"
#include "svc/keeper/state.h"

static void on_entered(struct keeper *keeper, struct slot *slot, struct packet *packet)
{
    const struct keeper_message message = {.type = KEEPER_MESSAGE_SPAWNED,
                                           .request = slot->request,
                                           .slot = slot_number(keeper, slot),
                                           .generation = slot->generation,
                                           .runtime = slot->runtime};
    struct stat facts;
    if (fstat(packet->fds[0], &facts) == 0)
        slot->data_device = facts.st_dev;
    const int fds[] = {slot->pool_fds[0], slot->pool_fds[1], slot->pool_fds[2], packet->fds[0],
                       packet->fd_count > 1 ? packet->fds[1] : -1};
    slot->announced = true;
    slot_move(keeper, slot, SLOT_RUNNING);
    keeper_tell(keeper, keeper->client, &message, fds, fds[4] < 0 ? 4 : 5);
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
