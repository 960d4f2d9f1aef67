/* SPDX-License-Identifier: MIT */
/* warden_client.h — the server's side of the socket to the warden, who starts keepers.
 * The warden is forked before the server drops its privileges and keeps them: it is what lets a new keeper
 * come after one has died. It takes one message (START of wire/keeper_message.h) and forks. The keepers it
 * makes are the server's own children, so their end is collected here. On the loop's thread. */
#ifndef JAIL_WARDEN_CLIENT_H
#define JAIL_WARDEN_CLIENT_H

#include <stdbool.h>

#include "base/status.h"

#define WARDEN_SOCKET_FD 3 /* where the program `program warden DATA_ROOT` finds its socket */

struct warden_client;

/* Starts `program warden` (NULL: this program's own file) with the caller's privileges, before any thread
 * exists. `data_root` is the folder of jail/data_root.h. IO: no process or no socket. */
STATUS_RESULT warden_client_start(const char *program, const char *data_root,
                                  struct warden_client **ret_client, struct err *error);
/* Asks for a new keeper. `*ret_socket` leads to it; the caller owns it. With `beside` the keepers that run go
 * on; else they are ended first, and killed if they do not. UNAVAILABLE: the warden is gone, and no keeper can
 * come any more in this process's life. IO: no socket. */
STATUS_RESULT warden_client_order(struct warden_client *client, bool beside, int *ret_socket,
                                  struct err *error);
/* Closes the socket, and waits until the warden and all keepers have gone (bounded: the warden kills those
 * that do not end). The sockets to keepers are closed before. NULL allowed. */
void warden_client_stop(struct warden_client *client);

#endif
