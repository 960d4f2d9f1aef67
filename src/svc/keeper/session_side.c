/* SPDX-License-Identifier: MIT */
#include "svc/keeper/session_side.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "jail/file.h"
#include "svc/keeper/state.h"

static void on_entered(struct keeper *k, struct slot *s, struct packet *p)
{
    const struct keeper_message m = {.type = KEEPER_MESSAGE_SPAWNED,
                                     .request = s->request,
                                     .slot = slot_number(k, s),
                                     .generation = s->generation};
    const int fds[] = {s->pool_fds[0], s->pool_fds[1], s->pool_fds[2], p->fds[0]};
    s->announced = true;
    slot_move(k, s, SLOT_RUNNING);
    keeper_tell(k, k->client, &m, fds, ARRAY_SIZE(fds));
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        file_close(&s->pool_fds[i]);
}

void session_side_read(struct keeper *k, struct slot *s)
{
    static struct packet packet;
    struct keeper_message m;
    struct err e = {0};
    enum status status = packet_receive(s->setup, &packet, &e);
    if (status == STATUS_OK) {
        status = keeper_message_parse(&s->gate, k->phase, bytes_of(packet.data, packet.size), packet.fd_count,
                                      &m, &e);
        /* FORKED travels on another socket and may still be on its way; the state does not hang on it. */
        if (status == STATUS_OK && m.type == KEEPER_MESSAGE_ENTERED && s->state == SLOT_ENTERING)
            on_entered(k, s, &packet);
        else if (status == STATUS_OK)
            snprintf(s->text, sizeof s->text, "%.*s", BYTES_FMT(m.text));
        packet_close(&packet);
    }
    if (s->state == SLOT_ENTERING) { /* STUCK, a forbidden message, or a death without a word */
        if (s->text[0] == '\0')
            snprintf(s->text, sizeof s->text, "%s", e.text);
        slot_signal(s, SIGKILL);
    }
    file_close(&s->setup);
}
