/* SPDX-License-Identifier: MIT */
/* engine_network.h — how a container is reached, and what it reaches of this machine.
 * Whatever network the engine gives it, two relays join it to this one without a route: one listens on the app's port of this
 * machine and connects to the container's own; the other listens on the container's loopback, on the ports that the app was
 * told, and connects to the same ports here. So an address such as http://localhost:8080 is the same on both sides, and no
 * other port of this machine can be reached by it. */
#ifndef SVC_LAUNCHER_ENGINE_NETWORK_H
#define SVC_LAUNCHER_ENGINE_NETWORK_H

#include "svc/launcher/engine_command.h"

/* The body of a child: waits until the container has a process, then relays until it is ended. `port`: of this machine, for
 * what comes in. What it cannot do it says on its standard error. Needs the right to enter the container's network, and gives
 * all rights up before it relays. */
__attribute__((noreturn)) void engine_network_run(const struct engine_settings *settings, const char *name,
                                                  const struct container_launch *launch, uint16_t port);

#endif
