/* SPDX-License-Identifier: MIT */
#include "svc/keeper/state.h"

void keeper_tell(struct keeper *k, int socket, const struct keeper_message *m, const int *fds, unsigned count)
{
    if (packet_send(socket, m, fds, count, NULL) != STATUS_OK)
        k->over = true;
}

void keeper_refuse(struct keeper *k, uint64_t request, const char *text)
{
    const struct keeper_message m = {
        .type = KEEPER_MESSAGE_REFUSED, .request = request, .text = bytes_of_cstr(text)};
    keeper_tell(k, k->client, &m, NULL, 0);
}

void keeper_give_up(struct keeper *k, const char *text)
{
    const struct keeper_message m = {.type = KEEPER_MESSAGE_FATAL, .text = bytes_of_cstr(text)};
    (void)!packet_send(k->client, &m, NULL, 0, NULL);
    k->over = true;
}
