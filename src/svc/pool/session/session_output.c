/* SPDX-License-Identifier: MIT */
/* session_output.c — reading, and when not to read. */
#include "svc/pool/session/session_output.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os/clock.h"
#include "svc/pool/session/limit_values.h"

#define READ_SIZE      65536           /* bytes at a time; what a pipe holds unless it was made larger */
#define READS_PER_TURN 4               /* of one pipe, so that other sessions get their turn */
#define BUSY_READ_SIZE 16384           /* bytes: a read of less was not worth its turn */
#define READ_PAUSE_NS  (2 * NS_PER_MS) /* between two reads of a session that floods or writes crumbs */
#define DRAIN_SIZE_MAX (1 << 20)       /* bytes: the largest pipe that an unprivileged process may make */

/* --- reading --- */

/* Keeps what the limits and the budget have room for. The rest is counted, never stored. */
static void keep(struct session_output *output, struct output_capture *capture, struct bytes fresh)
{
    uint64_t lost = output_capture_lost(capture);
    size_t growth = MIN(fresh.size, output_capture_room(capture));
    bool taken = memory_budget_take(output->budget, growth);
    if (taken)
        output->charged += growth;
    if (!taken || output_capture_add(capture, fresh) != STATUS_OK)
        capture->total += fresh.size;
    output->dropped += output_capture_lost(capture) - lost;
    if (output->on_more)
        loop_defer(output->loop, &output->telling);
}

static void on_telling(struct loop_task *task)
{
    struct session_output *output = CONTAINER_OF(task, struct session_output, telling);
    if (output->on_more)
        output->on_more(output->watcher);
}

void session_output_watch(struct session_output *output, void (*on_more)(void *context), void *context)
{
    output->on_more = on_more;
    output->watcher = context;
    if (on_more)
        loop_defer(output->loop, &output->telling);
}

/* Reads at most `size_max` bytes; returns how many came, 0 if the pipe is empty or closed. */
static size_t read_pipe(struct session_output *output, size_t stream, size_t size_max)
{
    struct loop_fd *pipe = &output->pipes[stream];
    uint8_t chunk[READ_SIZE];
    ssize_t got = read(pipe->fd, chunk, MIN(size_max, sizeof chunk));
    if (got > 0) {
        keep(output, &output->streams[stream], bytes_of(chunk, (size_t)got));
        return (size_t)got;
    }
    bool over = got == 0 || (errno != EAGAIN && errno != EINTR);
    if (over)
        loop_fd_remove(pipe); /* closed inside; what comes over the control socket decides the rest */
    return 0;
}

void session_output_drain(struct session_output *output)
{
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++) {
        int waiting = 0;
        if (!output->pipes[stream].loop || ioctl(output->pipes[stream].fd, FIONREAD, &waiting) < 0)
            continue;
        size_t left = (size_t)MIN(MAX(waiting, 0), DRAIN_SIZE_MAX);
        while (left) {
            size_t got = read_pipe(output, stream, left);
            if (got == 0)
                break;
            left -= got;
        }
    }
}

/* --- when not to read --- */

static void watch_pipes(struct session_output *output, uint32_t events)
{
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++) {
        struct loop_fd *pipe = &output->pipes[stream];
        if (pipe->loop && loop_fd_change(pipe, events, NULL) != STATUS_OK)
            loop_fd_remove(pipe);
    }
}

/* Without memory for the timer the pipes are read at once: dear, but right. */
static void pause_reading(struct session_output *output)
{
    if (output->pause.loop)
        return;
    int64_t deadline = loop_now(output->loop) + READ_PAUSE_NS;
    if (loop_timer_set(output->loop, &output->pause, deadline) == STATUS_OK)
        watch_pipes(output, 0);
}

static void on_pause_over(struct loop_timer *timer)
{
    watch_pipes(CONTAINER_OF(timer, struct session_output, pause), EPOLLIN);
}

/* A stream that fills its pipe is read on at once, so that a large honest output is not slowed down. One that
 * writes crumbs waits until a pipeful of them may have come: the writer notices nothing, since its pipe has
 * room. One that floods waits too, and does notice. */
static void on_readable(struct session_output *output, size_t stream)
{
    bool flood = output->dropped > SESSION_FLOOD_SIZE;
    size_t total = 0;
    for (int i = 0; i < (flood ? 1 : READS_PER_TURN); i++) {
        size_t got = read_pipe(output, stream, READ_SIZE);
        total += got;
        if (got < READ_SIZE)
            break;
    }
    if (flood || total < BUSY_READ_SIZE)
        pause_reading(output);
}

static void on_stdout(struct loop_fd *watch, uint32_t events)
{
    on_readable(CONTAINER_OF(watch, struct session_output, pipes[SESSION_STDOUT]), SESSION_STDOUT);
}

static void on_stderr(struct loop_fd *watch, uint32_t events)
{
    on_readable(CONTAINER_OF(watch, struct session_output, pipes[SESSION_STDERR]), SESSION_STDERR);
}

/* --- opening and closing --- */

void session_output_init(struct session_output *output, struct loop *loop, struct memory_budget *budget,
                         size_t head_max, size_t tail_max)
{
    *output = (struct session_output){.loop = loop,
                                      .budget = budget,
                                      .pause = {.on_fire = on_pause_over},
                                      .telling = {.on_run = on_telling}};
    output->pipes[SESSION_STDOUT] = (struct loop_fd){.fd = -1, .on_ready = on_stdout};
    output->pipes[SESSION_STDERR] = (struct loop_fd){.fd = -1, .on_ready = on_stderr};
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++)
        output_capture_init(&output->streams[stream], head_max, tail_max);
}

enum status session_output_open(struct session_output *output, int stdout_fd, int stderr_fd)
{
    output->pipes[SESSION_STDOUT].fd = stdout_fd;
    output->pipes[SESSION_STDERR].fd = stderr_fd;
    enum status status = STATUS_OK;
    for (size_t stream = 0; stream < SESSION_STREAMS && status == STATUS_OK; stream++) {
        struct loop_fd *pipe = &output->pipes[stream];
        status = loop_fd_add(output->loop, pipe, pipe->fd, EPOLLIN, NULL);
    }
    return status;
}

enum status session_output_begin_cell(struct session_output *output, size_t head_max, size_t tail_max)
{
    enum status status = STATUS_OK;
    output->dropped = 0;
    for (size_t stream = 0; stream < SESSION_STREAMS && status == STATUS_OK; stream++)
        status = output_capture_set_limits(&output->streams[stream], head_max, tail_max);
    return status;
}

void session_output_clear(struct session_output *output)
{
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++)
        output_capture_clear(&output->streams[stream]);
    memory_budget_give(output->budget, output->charged);
    output->charged = 0;
}

void session_output_close(struct session_output *output)
{
    loop_timer_cancel(&output->pause);
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++) {
        struct loop_fd *pipe = &output->pipes[stream];
        loop_fd_remove(pipe);
        if (pipe->fd >= 0)
            close(pipe->fd);
        pipe->fd = -1;
    }
}

void session_output_fini(struct session_output *output)
{
    session_output_close(output);
    loop_defer_cancel(&output->telling);
    session_output_clear(output);
    for (size_t stream = 0; stream < SESSION_STREAMS; stream++)
        output_capture_fini(&output->streams[stream]);
}
