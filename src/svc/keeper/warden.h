/* SPDX-License-Identifier: MIT */
/* warden.h — starts keepers, and nothing else.
 * The server gives up its privileges, and keepers die: by the OOM killer, by a fault, by hand. Somebody has to
 * be left who may start the next one. That process takes one message, START, with one descriptor, and forks;
 * it opens no file, parses nothing else, and a message that is not START ends it. It reads nothing from
 * outside and nothing from sessions. */
#ifndef SVC_KEEPER_WARDEN_H
#define SVC_KEEPER_WARDEN_H

/* Serves the server at the other end of `fd` (SOCK_SEQPACKET) until it closes; then ends the keepers that are
 * left. The body of the command `sallyport warden`, which jail/warden_client.h starts. `data_root` is handed
 * to every keeper. Keepers are children of the server, not of the warden. Returns the exit status. */
int warden_main(int fd, const char *data_root);

#endif
