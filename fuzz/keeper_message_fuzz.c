/* SPDX-License-Identifier: MIT */
/* Packets of every sender in every phase. First byte: which gate, phase and number of descriptors. Whatever
 * is accepted must write back to the same bytes. */
#include "wire/keeper_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct keeper_message_gate gate = {
        .sender = (enum keeper_party)(1 << (data[0] & 3)),
        .receiver = (enum keeper_party)(1 << (data[0] >> 2 & 1)),
    };
    if (data[0] >> 7)
        gate.receiver = KEEPER_PARTY_ZYGOTE;
    if (data[0] >> 5 & 1) /* the two ends of the launcher's socket */
        gate = data[0] >> 6 & 1 ? (struct keeper_message_gate){.sender = KEEPER_PARTY_POOL,
                                                               .receiver = KEEPER_PARTY_LAUNCHER}
                                : (struct keeper_message_gate){.sender = KEEPER_PARTY_LAUNCHER,
                                                               .receiver = KEEPER_PARTY_POOL};
    enum keeper_phase phase = (enum keeper_phase)(1 << (data[0] >> 3 & 3) & KEEPER_PHASE_ANY);
    struct bytes packet = bytes_of(data + 1, size - 1);
    for (unsigned fds = 0; fds <= KEEPER_MESSAGE_FDS_MAX; fds++) {
        struct keeper_message m = {0};
        struct err e = {0};
        if (keeper_message_parse(&gate, phase, packet, fds, &m, &e) != STATUS_OK)
            continue;
        CLEANUP(buf_fini) struct buf back = {.limit = 2 * KEEPER_MESSAGE_SIZE_MAX};
        keeper_message_write(&back, &m);
        ASSERT(bytes_equal(buf_peek(&back), packet));
    }
    return 0;
}
