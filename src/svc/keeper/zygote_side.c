/* SPDX-License-Identifier: MIT */
#include "svc/keeper/zygote_side.h"

#include <stdio.h>

#include "os/clock.h"
#include "svc/keeper/state.h"

static void on_forked(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state != SLOT_FORKING) {
        keeper_give_up(k, "the zygote forked what nobody asked for");
        return;
    }
    s->pidfd = p->fds[0];
    p->fd_count = 0;
    slot_move(k, s, SLOT_ENTERING);
}

static void on_unforked(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state != SLOT_FORKING) {
        keeper_give_up(k, "the zygote refused what nobody asked for");
        return;
    }
    snprintf(s->text, sizeof s->text, "clone3: %s", strerror((int)m->code));
    slot_move(k, s, SLOT_DRAINING);
}

static void on_exited(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state == SLOT_FORKING || s->state == SLOT_DRAINING) {
        keeper_give_up(k, "the zygote reaped what was not there");
        return;
    }
    s->status = m->detail;
    s->deadline_ns = clock_monotonic_ns() + SLOT_DRAIN_MAX_NS;
    slot_move(k, s, SLOT_DRAINING);
}

void zygote_side_read(struct keeper *k)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper *, const struct keeper_message *,
                                                        struct packet *) = {
        [KEEPER_MESSAGE_FORKED] = on_forked,
        [KEEPER_MESSAGE_UNFORKED] = on_unforked,
        [KEEPER_MESSAGE_EXITED] = on_exited,
    };
    static struct packet packet;
    struct keeper_message m;
    struct err e = {0};
    if (packet_receive(k->zygote.socket, &packet, &e) != STATUS_OK) {
        keeper_give_up(k, "the zygote is gone");
        return;
    }
    if (keeper_message_parse(&k->zygote_gate, k->phase, bytes_of(packet.data, packet.size), packet.fd_count,
                             &m, &e) != STATUS_OK ||
        !handlers[m.type])
        keeper_give_up(k, e.text);
    else
        handlers[m.type](k, &m, &packet);
    packet_close(&packet);
}
