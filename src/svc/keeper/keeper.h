/* SPDX-License-Identifier: MIT */
/* keeper.h — builds jails, and nothing else. With the warden, who starts it, all that is privileged.
 * It parses nothing that came from outside: its peers are the pool (one socket, five requests), the zygote
 * and each session while it is being built, and each may say only what wire/keeper_message.h's table allows.
 * Anything else is fatal: to the pool's connection, and with it to all; to the zygote, and with it to all; to
 * the one session. It opens no file by a name that a peer chose, but for the zygote's path at the start. */
#ifndef SVC_KEEPER_KEEPER_H
#define SVC_KEEPER_KEEPER_H

/* Serves the pool at the other end of `fd` (SOCK_SEQPACKET) until it closes; every session, the zygote, and
 * all groups are gone when it returns the exit status. Forked by the warden (warden.h). `data_root` is
 * that of jail/data_root.h, NULL for none. One thread, nothing else in the process. */
int keeper_main(int fd, const char *data_root);

#endif
