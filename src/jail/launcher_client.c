/* SPDX-License-Identifier: MIT */
/* launcher_client.c — messages out go straight to the socket, which is large enough for all apps at once; messages
 * in come by the loop. */
#include "jail/launcher_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/companion.h"
#include "jail/packet.h"

#define STOP_MAX_MS  15000 /* the launcher's own patience with apps is shorter */
#define STOP_POLL_MS 5

struct launcher_client {
    int socket;
    pid_t pid;
    struct loop_fd watch;
    struct launcher_callbacks callbacks;
    struct keeper_message_gate gate;
    struct packet packet;
};

static enum status start(const char *word, const char *argument, struct launcher_client **ret_client,
                         struct err *err)
{
    struct launcher_client *client = calloc(1, sizeof *client);
    if (!client)
        return err_no_memory(err);
    const struct companion_command command = {.program = "/proc/self/exe",
                                              .word = word,
                                              .argument = argument,
                                              .path = "/usr/bin:/bin",
                                              .socket_fd = LAUNCHER_SOCKET_FD};
    enum status status = companion_start(&command, &client->socket, &client->pid, err);
    if (status != STATUS_OK) {
        free(client);
        return status;
    }

    client->gate =
        (struct keeper_message_gate){.sender = KEEPER_PARTY_LAUNCHER, .receiver = KEEPER_PARTY_POOL};
    if (fcntl(client->socket, F_SETFL, O_NONBLOCK) < 0) {
        close(client->socket); /* with which the launcher ends */
        free(client);
        return err_set(err, STATUS_IO, "the launcher's socket: %s", strerror(errno));
    }
    *ret_client = client;
    return STATUS_OK;
}

enum status launcher_client_start(uid_t uid, struct launcher_client **ret_client, struct err *err)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", (unsigned)uid);
    return start("launcher", number, ret_client, err);
}

enum status launcher_client_start_engine(const char *settings, struct launcher_client **ret_client,
                                         struct err *err)
{
    return start("containers", settings, ret_client, err);
}

/* --- messages in --- */

static void on_message(struct loop_fd *watch, uint32_t events)
{
    struct launcher_client *client = CONTAINER_OF(watch, struct launcher_client, watch);
    struct keeper_message message;
    struct err err = {0};
    enum status status = packet_receive(client->socket, &client->packet, &err);
    if (status == STATUS_UNAVAILABLE)
        return;
    if (status == STATUS_OK) {
        status = keeper_message_parse(&client->gate, KEEPER_PHASE_ANY,
                                      bytes_of(client->packet.data, client->packet.size),
                                      client->packet.fd_count, &message, &err);
        packet_close(&client->packet);
    }
    if (status == STATUS_OK) {
        client->callbacks.on_left(client->callbacks.context, message.slot, message.generation,
                                  (int)message.detail);
        return;
    }
    loop_fd_remove(&client->watch);
    close(client->socket);
    client->socket = -1;
    client->callbacks.on_lost(client->callbacks.context);
}

enum status launcher_client_watch(struct launcher_client *client, struct loop *loop,
                                  const struct launcher_callbacks *callbacks, struct err *err)
{
    client->callbacks = *callbacks;
    client->watch.on_ready = on_message;
    return loop_fd_add(loop, &client->watch, client->socket, EPOLLIN, err);
}

/* --- messages out --- */

static enum status send_message(struct launcher_client *client, const struct keeper_message *message,
                                const int *fds, unsigned count, struct err *err)
{
    if (client->socket >= 0 && packet_send(client->socket, message, fds, count, NULL) == STATUS_OK)
        return STATUS_OK;
    return err_set(err, STATUS_UNAVAILABLE, "the process that starts apps is %s",
                   client->socket < 0 ? "gone: restart the server" : "busy");
}

enum status launcher_client_launch(struct launcher_client *client, const struct launch *launch,
                                   struct err *err)
{
    const struct keeper_message message = {.type = KEEPER_MESSAGE_LAUNCH,
                                           .slot = launch->slot,
                                           .generation = launch->generation,
                                           .code = launch->port,
                                           .text = launch->description};
    const int fds[] = {launch->output_fd, launch->authority_fd};
    return send_message(client, &message, fds, launch->authority_fd >= 0 ? 2 : 1, err);
}

enum status launcher_client_halt(struct launcher_client *client, uint32_t slot, uint64_t generation,
                                 struct err *err)
{
    const struct keeper_message message = {
        .type = KEEPER_MESSAGE_HALT, .slot = slot, .generation = generation};
    return send_message(client, &message, NULL, 0, err);
}

/* ORDER: its end may have been collected with those of keepers (warden_client.c), which is as good. */
void launcher_client_stop(struct launcher_client *client)
{
    if (!client)
        return;
    loop_fd_remove(&client->watch);
    if (client->socket >= 0)
        close(client->socket);
    for (int i = 0; waitpid(client->pid, NULL, WNOHANG) == 0 && i < STOP_MAX_MS / STOP_POLL_MS; i++)
        (void)!poll(NULL, 0, STOP_POLL_MS);
    free(client);
}
