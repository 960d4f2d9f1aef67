/* SPDX-License-Identifier: MIT */
/* packet.c — sendmsg and recvmsg with one part and one control message. What came with a packet that is refused is
 * closed here, so that a peer cannot fill the receiver's table. */
#include "jail/packet.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

union packet_control {
    char space[CMSG_SPACE(sizeof(int) * (KEEPER_MESSAGE_FDS_MAX + 1))];
    struct cmsghdr align;
};

static enum status failed(const char *what, struct err *err)
{
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return err_set(err, STATUS_CLOSED, "the peer is gone");
    if (errno == EAGAIN)
        return err_set(err, STATUS_UNAVAILABLE, "%s would block", what);
    return err_set(err, STATUS_IO, "%s: %s", what, strerror(errno));
}

enum status packet_send(int socket, const struct keeper_message *message, const int *fds, unsigned fd_count,
                        struct err *err)
{
    /* On the stack: the zygote's heap must stay untouched (zygote/snapshot.h). */
    uint8_t space[KEEPER_MESSAGE_SIZE_MAX];
    struct buf bytes = {.data = space, .capacity = sizeof space, .limit = sizeof space};
    keeper_message_write(&bytes, message);
    enum status status = buf_status(&bytes);
    if (status != STATUS_OK)
        return err_set(err, status, "the message does not fit a packet");
    ASSERT(fd_count <= KEEPER_MESSAGE_FDS_MAX);
    union packet_control control = {0};
    struct iovec part = {bytes.data, bytes.size};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        head.msg_control = control.space;
        head.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *cmsghdr = CMSG_FIRSTHDR(&head);
        cmsghdr->cmsg_level = SOL_SOCKET;
        cmsghdr->cmsg_type = SCM_RIGHTS;
        cmsghdr->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(cmsghdr), fds, sizeof(int) * fd_count);
    }
    ssize_t n;
    do {
        n = sendmsg(socket, &head, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? failed("sendmsg", err) : STATUS_OK;
}

static void take_fds(struct msghdr *head, struct packet *packet)
{
    for (struct cmsghdr *cmsghdr = CMSG_FIRSTHDR(head); cmsghdr; cmsghdr = CMSG_NXTHDR(head, cmsghdr)) {
        if (cmsghdr->cmsg_level != SOL_SOCKET || cmsghdr->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (cmsghdr->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(cmsghdr) + i * sizeof(int), sizeof fd);
            if (packet->fd_count < KEEPER_MESSAGE_FDS_MAX)
                packet->fds[packet->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

enum status packet_receive(int socket, struct packet *ret_packet, struct err *err)
{
    union packet_control control = {0};
    struct packet *packet = ret_packet;
    struct iovec part = {packet->data, sizeof packet->data};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = sizeof control.space};
    ssize_t n;
    do {
        n = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    packet->fd_count = 0;
    if (n < 0)
        return failed("recvmsg", err);

    /* ORDER: the descriptors are taken before the packet is judged. They are in this process's table already, so
     * whoever refuses the packet has to close them. */
    take_fds(&head, packet);
    if (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        packet_close(packet);
        return err_set(err, STATUS_MALFORMED, "a packet is over the limit");
    }
    if (n == 0)
        return err_set(err, STATUS_CLOSED, "the peer is gone");
    packet->size = (size_t)n;
    return STATUS_OK;
}

void packet_close(struct packet *packet)
{
    for (unsigned i = 0; i < packet->fd_count; i++)
        close(packet->fds[i]);
    packet->fd_count = 0;
}

enum status packet_pair(int ret_sockets[2], struct err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_sockets) < 0)
        return err_set(err, STATUS_IO, "socketpair: %s", strerror(errno));
    return STATUS_OK;
}
