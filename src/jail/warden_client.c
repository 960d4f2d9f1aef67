/* SPDX-License-Identifier: MIT */
/* warden_client.c — like the launcher, the warden is started by fork and exec before the server's first thread.
 * Its keepers become the server's own children, which are collected whenever something is ordered. */
#include "jail/warden_client.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "jail/companion.h"
#include "jail/packet.h"

#define SEND_MAX_S   5
#define STOP_MAX_MS  20000 /* the warden's own patience with keepers is shorter */
#define STOP_POLL_MS 5

struct warden_client {
    int socket;
    pid_t pid; /* 0: it was collected */
};

enum status warden_client_start(const char *program, const char *data_root, struct warden_client **ret_client,
                                struct err *error)
{
    struct warden_client *client = calloc(1, sizeof *client);
    if (!client)
        return err_no_memory(error);
    const struct companion_command command = {.program = text_or(program, "/proc/self/exe"),
                                              .word = "warden",
                                              .argument = data_root,
                                              .path = "/usr/sbin:/usr/bin:/sbin:/bin",
                                              .socket_fd = WARDEN_SOCKET_FD};
    enum status status = companion_start(&command, &client->socket, &client->pid, error);
    if (status != STATUS_OK) {
        free(client);
        return status;
    }

    const struct timeval most = {.tv_sec = SEND_MAX_S};
    (void)!setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    *ret_client = client;
    return STATUS_OK;
}

/* All children of this process are the warden or its keepers. Returns false when there is none any more. */
static bool collect_children(struct warden_client *client)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        if (pid == client->pid)
            client->pid = 0;
    }
    return pid == 0;
}

enum status warden_client_order(struct warden_client *client, bool beside, int *ret_socket, struct err *error)
{
    (void)collect_children(client);
    int sockets[2];
    enum status status = packet_pair(sockets, error);
    if (status != STATUS_OK)
        return status;

    const struct keeper_message start = {.type = KEEPER_MESSAGE_START,
                                         .flags = beside ? WARDEN_FLAG_BESIDE : 0};
    status = packet_send(client->socket, &start, &sockets[1], 1, error);
    close(sockets[1]);
    if (status != STATUS_OK) {
        close(sockets[0]);
        return err_set(error, STATUS_UNAVAILABLE,
                       "the process that starts keepers is gone: restart the server");
    }
    *ret_socket = sockets[0];
    return STATUS_OK;
}

void warden_client_stop(struct warden_client *client)
{
    if (!client)
        return;
    close(client->socket);
    for (int i = 0; collect_children(client) && i < STOP_MAX_MS / STOP_POLL_MS; i++)
        (void)!poll(NULL, 0, STOP_POLL_MS);
    free(client);
}
