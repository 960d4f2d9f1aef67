/* SPDX-License-Identifier: MIT */
/* launcher.h — starts apps of the control plane, and nothing else.
 * The server starts no program once it has confined itself. This process, forked before, takes two messages, LAUNCH and HALT,
 * and can start one program: its own file, as `sallyport app`, with a port and with variables of one table
 * (wire/launch_environment.h). Before it reads the first of them it has become a user of its own who owns nothing, without
 * capabilities, who can write nowhere. A server that was broken into gains by it what `sallyport app` is: a process that
 * speaks HTTP. A message that is not in the table ends the launcher, and with it all apps. */
#ifndef SVC_LAUNCHER_LAUNCHER_H
#define SVC_LAUNCHER_LAUNCHER_H

#include <sys/types.h>

/* Serves the server at the other end of `fd` (SOCK_SEQPACKET) until it closes; then ends the apps. The body of the command
 * `sallyport launcher UID`, which jail/launcher_client.h starts. `uid` 0: it stays who it is. Returns the exit status. */
int launcher_main(int fd, uid_t uid);

#endif
