/* SPDX-License-Identifier: MIT */
/* zygote_side.c — a table from message to handler. A report must fit the state of the slot it names: a zygote that
 * lies ends everything rather than one session. */
#include "svc/keeper/zygote_side.h"

#include <stdio.h>

#include "os/clock.h"
#include "svc/keeper/porter.h"
#include "svc/keeper/slots.h"
#include "svc/keeper/state.h"
#include "svc/keeper/watch.h"

static void on_forked(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (!slot || slot->state != SLOT_FORKING) {
        keeper_give_up(keeper, "the zygote forked what nobody asked for");
        return;
    }
    slot->pidfd = packet->fds[0];
    packet->fd_count = 0;
    watch_begin(keeper, slot);
    slots_move(keeper, slot, SLOT_ENTERING);
}

static void on_unforked(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (!slot || slot->state != SLOT_FORKING) {
        keeper_give_up(keeper, "the zygote refused what nobody asked for");
        return;
    }
    snprintf(slot->text, sizeof slot->text, "clone3: %s", strerror((int)message->code));
    slots_move(keeper, slot, SLOT_DRAINING);
}

/* ORDER: the deadline before the move, since the sweep looks at it as soon as the slot drains. */
static void on_exited(struct keeper *keeper, const struct keeper_message *message, struct packet *packet)
{
    struct slot *slot = slots_find(keeper, message);
    if (!slot || slot->state == SLOT_FORKING || slot->state == SLOT_DRAINING) {
        keeper_give_up(keeper, "the zygote reaped what was not there");
        return;
    }
    slot->status = message->detail;
    slot->deadline_ns = clock_monotonic_ns() + SLOT_DRAIN_MAX_NS;
    slots_move(keeper, slot, SLOT_DRAINING);
    porter_end(slot);
}

/* Or of nobody's, which the handlers answer. */
static bool is_about_its_own(struct keeper *keeper, enum runtime_id runtime,
                             const struct keeper_message *message)
{
    const struct slot *slot = slots_find(keeper, message);
    return !slot || slot->runtime == runtime;
}

void zygote_side_read(struct keeper *keeper, enum runtime_id runtime)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper *, const struct keeper_message *,
                                                        struct packet *) = {
        [KEEPER_MESSAGE_FORKED] = on_forked,           [KEEPER_MESSAGE_UNFORKED] = on_unforked,
        [KEEPER_MESSAGE_EXITED] = on_exited,           [KEEPER_MESSAGE_PORTED] = porter_on_made,
        [KEEPER_MESSAGE_UNPORTED] = porter_on_refused, [KEEPER_MESSAGE_PORTER_EXITED] = porter_on_exited,
    };
    static struct packet packet;
    struct keeper_message message;
    struct err err = {0};
    struct keeper_zygote *zygote = &keeper->zygotes[runtime];
    if (packet_receive(zygote->process.socket, &packet, &err) != STATUS_OK) {
        keeper_give_up(keeper, "the zygote is gone");
        return;
    }
    if (keeper_message_parse(&zygote->gate, keeper->phase, bytes_of(packet.data, packet.size),
                             packet.fd_count, &message, &err) != STATUS_OK ||
        !handlers[message.type])
        keeper_give_up(keeper, err.text);
    else if (!is_about_its_own(keeper, runtime, &message))
        keeper_give_up(keeper, "a zygote tells of another one's session");
    else
        handlers[message.type](keeper, &message, &packet);
    packet_close(&packet);
}
