/* SPDX-License-Identifier: MIT */
/* Like the launcher, the warden is started by fork and exec before the server's first thread. Its
 * keepers become the server's own children, which are collected whenever something is ordered. */
#include "jail/warden_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/packet.h"

#define SEND_MAX_S   5
#define STOP_MAX_MS  20000 /* the warden's own patience with keepers is shorter */
#define STOP_POLL_MS 5

struct warden_client {
    int socket;
    pid_t pid; /* 0: it was collected */
};

/* Between fork and exec only async-signal-safe calls. */
__attribute__((noreturn)) static void run_warden(const char *program, const char *data_root, int socket)
{
    char *const arguments[] = {(char *)"sallyport", (char *)"warden", (char *)data_root, NULL};
    char *const environment[] = {(char *)"LANG=C.UTF-8", (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Standard input is the caller's terminal or worse; nothing but the socket is read. */
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(127);
    if (socket == WARDEN_SOCKET_FD ? fcntl(socket, F_SETFD, 0) < 0 : dup2(socket, WARDEN_SOCKET_FD) < 0)
        _exit(127);
    if (close_range(WARDEN_SOCKET_FD + 1, ~0u, 0) < 0)
        _exit(127);
    execve(program, arguments, environment);
    _exit(127);
}

enum status warden_client_start(const char *program, const char *data_root, struct warden_client **ret_client,
                                struct err *error)
{
    struct warden_client *client = malloc(sizeof *client);
    int sockets[2];
    if (!client)
        return err_set(error, STATUS_NO_MEMORY, "out of memory");
    enum status status = packet_pair(sockets, error);
    if (status != STATUS_OK) {
        free(client);
        return status;
    }

    pid_t pid = fork();
    if (pid == 0)
        run_warden(program ? program : "/proc/self/exe", data_root, sockets[1]);
    int reason = errno;
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        free(client);
        return err_set(error, STATUS_IO, "fork: %s", strerror(reason));
    }

    const struct timeval most = {.tv_sec = SEND_MAX_S};
    (void)!setsockopt(sockets[0], SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    *client = (struct warden_client){.socket = sockets[0], .pid = pid};
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
