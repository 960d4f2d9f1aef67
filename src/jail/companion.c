/* SPDX-License-Identifier: MIT */
/* companion.c — between fork and exec only async-signal-safe calls. */
#include "jail/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jail/packet.h"

#define FAILED_EXEC 127

__attribute__((noreturn)) static void run(const struct companion_command *command, char *path, int socket)
{
    char *const arguments[] = {(char *)"sallyport", (char *)command->word, (char *)command->argument, NULL};
    char *const environment[] = {(char *)"LANG=C.UTF-8", path, NULL};
    int end = command->socket_fd;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Standard input is the caller's terminal or worse; nothing but the socket is read. */
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(FAILED_EXEC);
    if (socket == end ? fcntl(socket, F_SETFD, 0) < 0 : dup2(socket, end) < 0)
        _exit(FAILED_EXEC);
    if (close_range((unsigned)end + 1, ~0u, 0) < 0)
        _exit(FAILED_EXEC);
    execve(command->program, arguments, environment);
    _exit(FAILED_EXEC);
}

enum status companion_start(const struct companion_command *command, int *ret_socket, pid_t *ret_pid,
                            struct err *err)
{
    int sockets[2];
    char path[128];
    (void)snprintf(path, sizeof path, "PATH=%s", command->path);
    enum status status = packet_pair(sockets, err);
    if (status != STATUS_OK)
        return status;

    pid_t pid = fork();
    if (pid == 0)
        run(command, path, sockets[1]);
    int reason = errno;
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        return err_set(err, STATUS_IO, "fork: %s", strerror(reason));
    }
    *ret_socket = sockets[0];
    *ret_pid = pid;
    return STATUS_OK;
}
