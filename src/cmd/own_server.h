/* SPDX-License-Identifier: MIT */
/* own_server.h — the server of this user that runs, by the file that a `dev` leaves in the folder of its state (cmd/ready.h): so commands
 * find it on whatever port it is. Blocks; any thread. */
#ifndef CMD_OWN_SERVER_H
#define CMD_OWN_SERVER_H

#include <jansson.h>

#include "base/buf.h"

/* Appends the folder of a server's state, and a NUL: `data`, or with NULL that of a `dev` of this user to which nothing is said. False:
 * there is no home, or no memory. */
bool own_server_folder(const char *data, struct buf *out);
/* What the server that runs on this folder says of itself, as cmd/ready.h writes it, with "url" for certain; the caller's. NULL: none runs,
 * or the file is another's: no file at all, one that cannot be read, or of a process that is gone. */
json_t *own_server_read(const char *folder);
/* The one of own_server_folder without a name. */
json_t *own_server_find(void);
/* True if the host of that URL is this machine by its own name or number: what is sent there stays here. */
bool own_server_is_near(const char *url);

#endif
