/* SPDX-License-Identifier: MIT */
/* launcher_client.h — the server's side of the socket to a process that starts apps of the control plane: the launcher, for those of
 * this program, or the one that commands a container engine, for those of other images.
 * Like the warden they are forked before the server confines itself, since a confined server starts no program. The launcher
 * has no rights: it gives them up before it reads its first message (svc/launcher/launcher.h); the other keeps them
 * (svc/launcher/engine.h). Messages are LAUNCH, HALT and LEFT of wire/keeper_message.h. All on the loop's thread; callbacks come
 * from the loop. */
#ifndef JAIL_LAUNCHER_CLIENT_H
#define JAIL_LAUNCHER_CLIENT_H

#include <sys/types.h>

#include "base/bytes.h"
#include "os/loop.h"

#define LAUNCHER_SOCKET_FD                                                                                   \
    3 /* where `program launcher UID` and `program containers SETTINGS` find their socket */

struct launcher_client;

struct launcher_callbacks {
    /* The process of that place has ended: `status` as wait(2) has it. Exactly once for every launcher_client_launch that was
     * taken, but for those of a launcher that is gone. */
    void (*on_left)(void *context, uint32_t slot, uint64_t generation, int status);
    /* No app can be started any more in this process's life; those that ran have ended. */
    void (*on_lost)(void *context);
    void *context;
};

/* An app's process as it shall be; all is borrowed. */
struct launch {
    uint32_t slot; /* of the caller's table; free, as far as the launcher knows */
    uint64_t generation;
    uint16_t port;
    struct bytes description; /* wire/launch_environment.h; wire/container_launch.h for an engine */
    int output_fd;            /* the write end of a pipe */
    int authority_fd;         /* a file with the certificates to trust; -1: those of the machine */
};

/* Starts this program's own file as `launcher`, before any thread exists; it becomes user `uid` (0: it stays who the caller
 * is). IO: no process or no socket. */
STATUS_RESULT launcher_client_start(uid_t uid, struct launcher_client **ret_client, struct err *err);
/* The same as `containers`; `settings` as svc/launcher/engine_command.h has them. */
STATUS_RESULT launcher_client_start_engine(const char *settings, struct launcher_client **ret_client,
                                           struct err *err);
/* From now on callbacks come. */
STATUS_RESULT launcher_client_watch(struct launcher_client *client, struct loop *loop,
                                    const struct launcher_callbacks *callbacks, struct err *err);
/* UNAVAILABLE: the launcher is gone, or does not read. */
STATUS_RESULT launcher_client_launch(struct launcher_client *client, const struct launch *launch,
                                     struct err *err);
/* Asks the process of that place to end; it is killed if it does not. UNAVAILABLE as above. */
STATUS_RESULT launcher_client_halt(struct launcher_client *client, uint32_t slot, uint64_t generation,
                                   struct err *err);
/* Closes the socket, and waits until launcher and apps have gone (bounded: it kills those that do not end). NULL allowed. */
void launcher_client_stop(struct launcher_client *client);

#endif
