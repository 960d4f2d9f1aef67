/* SPDX-License-Identifier: MIT */
/* state.c — every message out passes here, so that a peer that does not read ends the keeper in one place. */
#include "svc/keeper/state.h"

void keeper_tell(struct keeper *keeper, int socket, const struct keeper_message *message, const int *fds,
                 unsigned count)
{
    if (packet_send(socket, message, fds, count, NULL) != STATUS_OK)
        keeper->over = true;
}

void keeper_refuse(struct keeper *keeper, uint64_t request, const char *text)
{
    const struct keeper_message message = {
        .type = KEEPER_MESSAGE_REFUSED, .request = request, .text = bytes_of_cstr(text)};
    keeper_tell(keeper, keeper->client, &message, NULL, 0);
}

void keeper_give_up(struct keeper *keeper, const char *text)
{
    const struct keeper_message message = {.type = KEEPER_MESSAGE_FATAL, .text = bytes_of_cstr(text)};
    (void)!packet_send(keeper->client, &message, NULL, 0, NULL);
    keeper->over = true;
}

uint32_t keeper_slot_number(const struct keeper *keeper, const struct slot *slot)
{
    return (uint32_t)(slot - keeper->slots);
}

const struct keeper_zygote *keeper_zygote_of(const struct keeper *keeper, const struct slot *slot)
{
    return &keeper->zygotes[slot->runtime];
}

unsigned keeper_session_uid(const struct keeper *keeper, const struct slot *slot)
{
    if (!(keeper_zygote_of(keeper, slot)->features & JAIL_UID))
        return 0;
    return 1 + keeper_slot_number(keeper, slot) + (keeper->facts.user_namespaces ? 0 : keeper->first_id);
}
