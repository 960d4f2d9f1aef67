/* SPDX-License-Identifier: MIT */
/* relay.h — carries bytes from connections that it accepts to ports of loopback, and back.
 * A process of its own, without rights, one on each side of a container's network: a socket stays in the network in which it
 * was made, so who listens in one and connects in another needs no route between them. It reads nothing of what it carries.
 * Bounded: RELAY_CONNECTIONS_MAX at a time, and a buffer for each direction. */
#ifndef SVC_LAUNCHER_RELAY_H
#define SVC_LAUNCHER_RELAY_H

#include <stddef.h>
#include <stdint.h>

struct relay_route {
    int listener;  /* of any network; owned by the caller, put into non-blocking mode here */
    uint16_t port; /* of loopback, in the network of the process */
};

/* Serves until the process is ended, or the other end of the pipe `stop` is closed (-1: there is none): a signal may not reach
 * who is confined. Returns also when the system refuses what it needs to go on. */
void relay_run(const struct relay_route *routes, size_t count, int stop);

/* Two sockets that listen on that port of 127.0.0.1 and, where there is one, of ::1, in the network of the process. Returns how
 * many: 0 if the port is taken. Descriptors are close-on-exec. */
size_t relay_listen(uint16_t port, int ret_listeners[2]);

#endif
