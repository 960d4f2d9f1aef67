/* SPDX-License-Identifier: MIT */
/* container_block.h — what a container is told of this server, whose ports are not its own. Pure. */
#ifndef CMD_CONTAINER_BLOCK_H
#define CMD_CONTAINER_BLOCK_H

#include "wire/container_launch.h"

/* Copies a description (wire/container_launch.h) with a forward for each of the server's `ports` that one of its variables
 * names on loopback. Where the app itself listens on a port of that number, in its own network, the server has another one there,
 * and its variables say that one. TOO_LARGE, INVALID_ARGUMENT: as container_launch_add; MALFORMED: it is none, or names too
 * many ports. */
STATUS_RESULT container_block_join(struct bytes block, const uint16_t *ports, size_t port_count,
                                   struct buf *ret_block, struct err *err);

#endif
