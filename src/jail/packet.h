/* SPDX-License-Identifier: MIT */
/* packet.h — one packet with descriptors over a SOCK_SEQPACKET socket.
 * Owns nothing between calls. Used by keeper, zygote, session set-up and the pool's client; any thread. What
 * is in a packet is wire/keeper_message.h's business. */
#ifndef JAIL_PACKET_H
#define JAIL_PACKET_H

#include "wire/keeper_message.h"

struct packet {
    uint8_t data[KEEPER_MESSAGE_SIZE_MAX];
    size_t size;
    int fds[KEEPER_MESSAGE_FDS_MAX]; /* owned by the receiver, close-on-exec */
    unsigned fd_count;
};

/* Sends `message` with copies of `fds`. CLOSED: the peer is gone; UNAVAILABLE: the socket is non-blocking and full;
 * IO otherwise. */
STATUS_RESULT packet_send(int socket, const struct keeper_message *message, const int *fds, unsigned fd_count,
                          struct err *err);
/* Reads one packet. CLOSED: the peer is gone; UNAVAILABLE: nothing is there and the socket is non-blocking;
 * MALFORMED: it was longer than a message may be, or came with more descriptors (all are closed); IO
 * otherwise. */
STATUS_RESULT packet_receive(int socket, struct packet *ret_packet, struct err *err);
/* Closes the descriptors that came with it. */
void packet_close(struct packet *packet);
/* A connected pair, close-on-exec, blocking. */
STATUS_RESULT packet_pair(int ret_sockets[2], struct err *err);

#endif
