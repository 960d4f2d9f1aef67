/* SPDX-License-Identifier: MIT */
/* porters.c — one loop over two descriptors: orders, and children that exit. Its end of the keeper's socket is the
 * zygote's, so the keeper sees one peer. Whatever should not be ends it, and with it the zygote. */
#include "jail/zygote/porters.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "jail/namespace.h"
#include "jail/seccomp.h"
#include "jail/zygote/children.h"
#include "jail/zygote/spawn.h"

static const struct children_words words = {KEEPER_MESSAGE_PORTED, KEEPER_MESSAGE_UNPORTED,
                                            KEEPER_MESSAGE_PORTER_EXITED};

static void serve_order(int socket, struct keeper_message_gate *gate, struct children *children)
{
    static struct packet packet;
    struct keeper_message message;
    if (packet_receive(socket, &packet, NULL) != STATUS_OK ||
        keeper_message_parse(gate, KEEPER_PHASE_SERVING, bytes_of(packet.data, packet.size), packet.fd_count,
                             &message, NULL) != STATUS_OK ||
        message.type != KEEPER_MESSAGE_PORT || !children_free(children, message.slot))
        _exit(1);
    int pidfd = -1;
    pid_t pid = spawn_porter(&message, &packet, &pidfd);
    packet_close(&packet);
    children_answer(children, &message, pid, pidfd);
}

/* It has all that the zygote has, and so the zygote's filter, before the first order. */
__attribute__((noreturn)) static void serve(int socket)
{
    struct keeper_message_gate gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_ZYGOTE};
    struct children children = {.words = &words};
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "porters", 0, 0, 0);
    if (children_watch(&children, NULL) != STATUS_OK || children_map(&children, NULL) != STATUS_OK ||
        seccomp_enter_zygote(false, NULL) != STATUS_OK)
        _exit(1);
    for (;;) {
        struct pollfd watched[] = {{.fd = socket, .events = POLLIN},
                                   {.fd = children.signal_fd, .events = POLLIN}};
        if (poll(watched, ARRAY_SIZE(watched), -1) < 0 && errno != EINTR)
            _exit(1);
        if (watched[1].revents)
            children_reap(&children);
        if (watched[0].revents)
            serve_order(socket, &gate, &children);
    }
}

enum status porters_start(struct porters *ret_porters, struct err *err)
{
    int sockets[2];
    enum status status = packet_pair(sockets, err);
    if (status != STATUS_OK)
        return status;
    pid_t pid = namespace_clone(0, -1, NULL);
    if (pid == 0) {
        close(sockets[0]); /* or it would not see the end of the zygote */
        serve(sockets[1]);
    }
    close(sockets[1]);
    *ret_porters = (struct porters){.pid = pid, .socket = sockets[0]};
    return pid > 0 ? STATUS_OK : err_set(err, STATUS_IO, "who forks the porters: %s", strerror(-pid));
}

enum status porters_order(const struct porters *porters, const struct keeper_message *message,
                          const struct packet *packet, struct err *err)
{
    return packet_send(porters->socket, message, packet->fds, packet->fd_count, err);
}
