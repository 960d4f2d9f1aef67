/* SPDX-License-Identifier: MIT */
/* session_channel.c — three parts: sending, taking frames apart, receiving. */
#include "svc/pool/session/session_channel.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE        65536               /* bytes at a time */
#define READS_PER_TURN   4                   /* so that other sessions get their turn */
#define UNCHARGED_SIZE   (2 * (size_t)65536) /* bytes of `in` that every session may hold for nothing */
#define STORAGE_KEPT_MAX (4 * (size_t)65536) /* bytes of an empty `in` that are kept for the next frame */
#define OUT_SIZE_MAX     (FRAME_PAYLOAD_SIZE_MAX + FRAME_HEAD_SIZE)

static void fault(struct session_channel *channel, enum channel_fault which)
{
    channel->events->on_fault(channel, which);
}

/* The process closed its socket or died: nothing more is read from it. */
static void hang_up(struct session_channel *channel)
{
    loop_fd_remove(&channel->socket);
    loop_timer_cancel(&channel->patience);
    channel->events->on_hangup(channel);
}

/* --- sending --- */

static void watch_what_is_needed(struct session_channel *channel)
{
    uint32_t events = EPOLLIN | (channel->out.size ? EPOLLOUT : 0);
    if (channel->socket.loop && loop_fd_change(&channel->socket, events, NULL) != STATUS_OK)
        fault(channel, CHANNEL_FAULT_WATCH);
}

static void send_out(struct session_channel *channel)
{
    struct buf *out = &channel->out;
    while (out->size) {
        ssize_t sent = send(channel->socket.fd, out->data, out->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            hang_up(channel);
            return;
        }
        buf_consume(out, (size_t)sent);
    }
    if (!out->size && out->capacity > STORAGE_KEPT_MAX)
        buf_fini(out);
    watch_what_is_needed(channel);
}

/* Also what the kernel still holds: a cell may have written an answer to the next one before it ended. */
static bool has_unread_bytes(const struct session_channel *channel)
{
    int waiting = 0;
    return channel->in.size || channel->skip ||
           (ioctl(channel->socket.fd, FIONREAD, &waiting) == 0 && waiting > 0);
}

void session_channel_ask(struct session_channel *channel, enum frame_type type, struct bytes payload)
{
    if (has_unread_bytes(channel)) {
        fault(channel, CHANNEL_FAULT_UNASKED);
        return;
    }
    frame_write(&channel->out, type, payload);
    if (buf_status(&channel->out) != STATUS_OK) {
        fault(channel, CHANNEL_FAULT_MEMORY);
        return;
    }
    send_out(channel);
}

/* --- taking frames apart --- */

static void give_back(struct session_channel *channel)
{
    memory_budget_give(channel->budget, channel->charged);
    channel->charged = 0;
}

/* Charges the frame of `size` bytes that stands at the front of `in` before the rest of it is received. */
static bool charge(struct session_channel *channel, size_t size)
{
    size_t wanted = size > UNCHARGED_SIZE ? size : 0;
    if (wanted <= channel->charged)
        return true;
    if (!memory_budget_take(channel->budget, wanted - channel->charged))
        return false;
    channel->charged = wanted;
    return true;
}

/* From now on the bytes of the frame at the front of `in` are dropped as they come. */
static void refuse(struct session_channel *channel, const struct frame_head *head,
                   enum channel_refusal refusal)
{
    channel->skip = FRAME_HEAD_SIZE + head->payload_size;
    channel->skipped_type = head->type;
    channel->refusal = refusal;
    give_back(channel);
}

/* True when the refused frame has come to its end. */
static bool skip_bytes(struct session_channel *channel, size_t *done)
{
    size_t skipped = MIN(channel->skip, channel->in.size - *done);
    channel->skip -= skipped;
    *done += skipped;
    return channel->skip == 0;
}

/* Takes the next whole frame out of `in` from `*done` on and tells the owner. False: there is none yet, or
 * the owner has closed the channel. */
static bool take_frame(struct session_channel *channel, size_t *done)
{
    if (channel->skip) {
        if (!skip_bytes(channel, done))
            return false;
        channel->events->on_refused(channel, channel->skipped_type, channel->refusal);
        return channel->socket.loop != NULL;
    }

    struct bytes rest = bytes_slice(buf_peek(&channel->in), *done, channel->in.size);
    struct frame_head head;
    enum status status = frame_head_parse(rest, &head);
    if (status == STATUS_TRUNCATED)
        return false;
    if (status != STATUS_OK) {
        fault(channel, CHANNEL_FAULT_PROTOCOL);
        return false;
    }
    if (head.payload_size > channel->payload_size_max) {
        refuse(channel, &head, CHANNEL_REFUSAL_TOO_LARGE);
        return true;
    }
    if (!charge(channel, FRAME_HEAD_SIZE + head.payload_size)) {
        refuse(channel, &head, CHANNEL_REFUSAL_BUDGET);
        return true;
    }
    if (rest.size - FRAME_HEAD_SIZE < head.payload_size)
        return false;

    struct frame frame = {
        .type = head.type,
        .payload = bytes_slice(rest, FRAME_HEAD_SIZE, head.payload_size),
    };
    *done += FRAME_HEAD_SIZE + head.payload_size;
    channel->events->on_frame(channel, &frame);
    return channel->socket.loop != NULL;
}

/* What was begun must end in time: half a frame holds memory that others could have. */
static void keep_patience(struct session_channel *channel)
{
    bool unfinished = channel->in.size || channel->skip;
    if (!unfinished) {
        loop_timer_cancel(&channel->patience);
        return;
    }
    if (channel->patience.loop)
        return;
    int64_t deadline = loop_now(channel->loop) + CHANNEL_FRAME_TIME_MAX_NS;
    if (loop_timer_set(channel->loop, &channel->patience, deadline) != STATUS_OK)
        fault(channel, CHANNEL_FAULT_MEMORY);
}

static void take_frames(struct session_channel *channel)
{
    size_t done = 0;
    while (take_frame(channel, &done))
        loop_timer_cancel(&channel->patience); /* the next frame has its own time */
    if (!channel->socket.loop)
        return; /* closed inside; `in` is gone */

    buf_consume(&channel->in, done);
    if (!channel->in.size) {
        give_back(channel);
        if (channel->in.capacity > STORAGE_KEPT_MAX)
            buf_fini(&channel->in);
    }
    keep_patience(channel);
}

static void on_patience_over(struct loop_timer *timer)
{
    fault(CONTAINER_OF(timer, struct session_channel, patience), CHANNEL_FAULT_SLOW);
}

/* --- receiving --- */

/* Room for the rest of a charged frame at once, so that a large one is not copied again and again. */
static enum status make_room(struct session_channel *channel)
{
    size_t rest = channel->charged > channel->in.size ? channel->charged - channel->in.size : 0;
    return buf_reserve(&channel->in, rest + READ_SIZE);
}

static void receive(struct session_channel *channel)
{
    bool ended = false;
    for (int i = 0; i < READS_PER_TURN && !ended; i++) {
        if (make_room(channel) != STATUS_OK) {
            fault(channel, CHANNEL_FAULT_MEMORY);
            return;
        }
        ssize_t got = recv(channel->socket.fd, channel->in.data + channel->in.size, READ_SIZE, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        ended = got <= 0;
        if (ended)
            break;
        channel->in.size += (size_t)got;
        if (got < READ_SIZE)
            break;
    }
    take_frames(channel); /* what came before the end still counts */
    if (ended && channel->socket.loop)
        hang_up(channel);
}

static void on_ready(struct loop_fd *watch, uint32_t events)
{
    struct session_channel *channel = CONTAINER_OF(watch, struct session_channel, socket);
    if (events & EPOLLOUT)
        send_out(channel);
    if (channel->socket.loop && events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        receive(channel);
}

/* --- opening and closing --- */

void session_channel_init(struct session_channel *channel, struct loop *loop,
                          const struct channel_events *events, struct memory_budget *budget,
                          size_t payload_size_max)
{
    *channel = (struct session_channel){
        .loop = loop,
        .events = events,
        .budget = budget,
        .payload_size_max = payload_size_max,
        .socket = {.fd = -1, .on_ready = on_ready},
        .patience = {.on_fire = on_patience_over},
    };
    buf_init(&channel->in, payload_size_max + FRAME_HEAD_SIZE + 2 * READS_PER_TURN * READ_SIZE);
    buf_init(&channel->out, OUT_SIZE_MAX);
}

enum status session_channel_open(struct session_channel *channel, int fd)
{
    channel->socket.fd = fd;
    return loop_fd_add(channel->loop, &channel->socket, fd, EPOLLIN, NULL);
}

void session_channel_close(struct session_channel *channel)
{
    loop_timer_cancel(&channel->patience);
    loop_fd_remove(&channel->socket);
    if (channel->socket.fd >= 0)
        close(channel->socket.fd);
    channel->socket.fd = -1;
    buf_fini(&channel->in);
    buf_fini(&channel->out);
    give_back(channel);
    channel->skip = 0;
}
