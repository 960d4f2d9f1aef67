/* SPDX-License-Identifier: MIT */
/* fake_tier.c — see the header. One loop, one thread; callbacks are deferred as the contract says. */
#include "fake_tier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "os/clock.h"
#include "runtime/runtime.h"
#include "svc/pool/session/stock_trial.h"
#include "wire/frame.h"
#include "wire/json/json.h"

struct fake;

struct fake_session {
    struct list link;
    struct fake *fake;
    uint64_t request;
    struct tier_ref ref;
    struct loop_timer step; /* building, then ending */
    bool built;
    bool ending;
    enum tier_end end;
    int detail;
    struct loop_fd control;
    struct loop_fd out;
    int err_fd;
    struct buf in;
    uint64_t cell;
    bool after_interrupt; /* of that cell */
    bool sleeping;
    uint64_t cells;
    size_t flood; /* bytes still to be written */
    char dir[64];
};

struct fake {
    struct loop *loop;
    struct fake_tier_options options;
    struct tier_events cb;
    struct list sessions;
    struct fake_counts counts;
    uint32_t slot_next;
    bool refuse;
    struct loop_task ready;
    struct loop_task lost;
    struct loop_timer comeback;
};

static struct fake *the_fake;

static void set_step(struct fake_session *s, int64_t after_ns)
{
    ASSERT(loop_timer_set(s->fake->loop, &s->step, loop_now(s->fake->loop) + after_ns) == STATUS_OK);
}

static void end_soon(struct fake_session *s, enum tier_end end, int detail)
{
    if (s->ending)
        return;
    s->ending = true;
    s->end = end;
    s->detail = detail;
    loop_fd_remove(&s->control);
    loop_fd_remove(&s->out);
    if (s->built) {
        close(s->control.fd);
        close(s->out.fd);
        close(s->err_fd);
        s->fake->counts.alive--;
    }
    if (s->built)
        set_step(s, 0);
}

static void send_frame(struct fake_session *s, enum frame_type type, struct bytes payload)
{
    CLEANUP(buf_fini) struct buf out = {0};
    frame_write(&out, type, payload);
    ASSERT(send(s->control.fd, out.data, out.size, MSG_NOSIGNAL) == (ssize_t)out.size);
}

static void send_result(struct fake_session *s, uint64_t id, bool ok, const char *value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    buf_append_fmt(&out, "{\"id\":%llu,\"ok\":%s,\"duration_us\":1500,", (unsigned long long)id,
                   ok ? "true" : "false");
    if (ok)
        buf_append_fmt(&out, "\"value\":%s}", value);
    else
        buf_append_fmt(&out, "\"error\":{\"name\":\"%s\",\"value\":\"v\",\"traceback\":[\"t\"]}}", value);
    send_frame(s, FRAME_RESULT, buf_peek(&out));
}

static void write_text(int fd, struct bytes text)
{
    ssize_t n = write(fd, text.data, text.size);
    ASSERT(n == (ssize_t)text.size);
}

static bool take_prefix(struct bytes *code, const char *prefix)
{
    if (!bytes_starts_with(*code, bytes_of_cstr(prefix)))
        return false;
    *code = bytes_slice(*code, strlen(prefix), code->size);
    return true;
}

static void run(struct fake_session *s, struct bytes code)
{
    char text[512];
    const struct runtime *trial = runtime_row(RUNTIME_DEFAULT);
    s->cells++;
    if (bytes_equal_cstr(code, trial->trial_cell))
        s->fake->counts.trials++;
    if (bytes_equal_cstr(code, trial->trial_cell) && s->fake->options.silent)
        return;
    if (bytes_equal_cstr(code, trial->trial_cell)) {
        send_result(s, s->cell, true, s->fake->options.wrong ? "43" : trial->trial_answer);
    } else if (take_prefix(&code, "value:")) {
        snprintf(text, sizeof text, "%.*s", BYTES_FMT(code));
        send_result(s, s->cell, true, text);
    } else if (take_prefix(&code, "out:")) {
        write_text(s->out.fd, code);
        send_result(s, s->cell, true, "\"\"");
    } else if (take_prefix(&code, "err:")) {
        write_text(s->err_fd, code);
        send_result(s, s->cell, false, "ValueError");
    } else if (take_prefix(&code, "both:")) {
        write_text(s->out.fd, code);
        write_text(s->err_fd, code);
        send_result(s, s->cell, true, "\"\"");
    } else if (take_prefix(&code, "late:")) {
        send_result(s, s->cell, true, "\"\"");
        write_text(s->out.fd, code);
    } else if (bytes_equal_cstr(code, "sleep")) {
        s->sleeping = true;
    } else if (take_prefix(&code, "flood:")) {
        uint64_t n;
        ASSERT(bytes_parse_u64(code, &n) == STATUS_OK);
        s->flood = n;
        ASSERT(loop_fd_change(&s->out, EPOLLOUT, NULL) == STATUS_OK);
    } else if (take_prefix(&code, "exit:")) {
        uint64_t n;
        ASSERT(bytes_parse_u64(code, &n) == STATUS_OK);
        end_soon(s, TIER_END_EXITED, (int)n);
    } else if (bytes_equal_cstr(code, "oom")) {
        end_soon(s, TIER_END_MEMORY_LIMIT, 9);
    } else if (bytes_equal_cstr(code, "junk")) {
        write_text(s->control.fd, BYTES_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff"));
    } else if (bytes_equal_cstr(code, "huge")) {
        write_text(s->control.fd, BYTES_LITERAL("\xff\xff\xff\x7f\x03\0\0\0"));
    } else if (bytes_equal_cstr(code, "wrong-id")) {
        send_result(s, s->cell + 1, true, "1");
    } else if (bytes_equal_cstr(code, "twice")) {
        send_result(s, s->cell, true, "1");
        send_result(s, s->cell, true, "2");
    } else if (bytes_equal_cstr(code, "ahead")) {
        send_result(s, s->cell, true, "1");
        write_text(s->control.fd, BYTES_LITERAL("\x10\0\0\0\x03"));
    } else if (bytes_equal_cstr(code, "too-large")) {
        write_text(s->control.fd, BYTES_LITERAL("\0\x10\0\0\x03\0\0\0"));
        for (int i = 0; i < 0x1000 / 16; i++)
            write_text(s->control.fd, BYTES_LITERAL("0123456789abcdef"));
    } else if (bytes_equal_cstr(code, "count")) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)s->cells);
        send_result(s, s->cell, true, text);
    } else if (bytes_equal_cstr(code, "warned")) {
        send_result(s, s->cell, true, s->after_interrupt ? "true" : "false");
    } /* "hang": nothing ever */
}

static void on_out(struct loop_fd *w, uint32_t events)
{
    struct fake_session *s = CONTAINER_OF(w, struct fake_session, out);
    static uint8_t chunk[65536];
    memset(chunk, 'x', sizeof chunk);
    ssize_t n = write(w->fd, chunk, MIN(sizeof chunk, s->flood));
    if (n > 0)
        s->flood -= (size_t)n;
    if (s->flood)
        return;
    ASSERT(loop_fd_change(w, 0, NULL) == STATUS_OK);
    send_result(s, s->cell, true, "\"\"");
}

static void on_control(struct loop_fd *w, uint32_t events)
{
    struct fake_session *s = CONTAINER_OF(w, struct fake_session, control);
    ASSERT(buf_reserve(&s->in, 65536) == STATUS_OK);
    ssize_t n = recv(w->fd, s->in.data + s->in.size, 65536, MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            end_soon(s, TIER_END_EXITED, 0);
        return;
    }
    s->in.size += (size_t)n;
    struct frame f;
    size_t size;
    while (!s->ending && frame_parse(buf_peek(&s->in), FRAME_PAYLOAD_SIZE_MAX, &f, &size) == STATUS_OK) {
        CLEANUP(json_release) json_t *cell = NULL;
        ASSERT(json_parse(f.payload, NULL, &cell, NULL) == STATUS_OK);
        s->cell = (uint64_t)json_integer_value(json_object_get(cell, "id"));
        s->after_interrupt = json_is_true(json_object_get(cell, "after_interrupt"));
        run(s, json_bytes(json_object_get(cell, "code")));
        buf_consume(&s->in, size);
    }
}

static void free_session(struct fake_session *s)
{
    char command[128];
    if (s->dir[0]) {
        snprintf(command, sizeof command, "rm -rf %s", s->dir);
        ASSERT(system(command) == 0);
    }
    loop_timer_cancel(&s->step);
    list_remove(&s->link);
    buf_fini(&s->in);
    free(s);
}

static void build(struct fake_session *s)
{
    struct fake *f = s->fake;
    unsigned alive = f->counts.alive;
    if (f->refuse || (f->options.slots && alive >= f->options.slots)) {
        f->counts.refused++;
        f->cb.on_spawned(f->cb.context, s->request, NULL, "no slot is free");
        free_session(s);
        return;
    }
    int control[2], out[2], err[2];
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control) == 0);
    ASSERT(pipe2(out, O_CLOEXEC | O_NONBLOCK) == 0 && pipe2(err, O_CLOEXEC | O_NONBLOCK) == 0);
    const char *dir = f->options.data_dir;
    if (!dir) {
        snprintf(s->dir, sizeof s->dir, "/tmp/fake-session-XXXXXX");
        dir = mkdtemp(s->dir);
    }
    s->control.on_ready = on_control;
    s->out.on_ready = on_out;
    s->err_fd = err[1];
    ASSERT(loop_fd_add(f->loop, &s->control, control[1], EPOLLIN, NULL) == STATUS_OK);
    ASSERT(loop_fd_add(f->loop, &s->out, out[1], 0, NULL) == STATUS_OK);
    s->built = true;
    s->ref = (struct tier_ref){f->slot_next++ % 4, f->slot_next};
    f->counts.spawned++;
    f->counts.alive++;
    struct tier_session k = {.ref = s->ref,
                             .control_fd = control[0],
                             .stdout_fd = out[0],
                             .stderr_fd = err[0],
                             .calls_fd = -1,
                             .cpu_fd = -1,
                             .memory_fd = -1,
                             .processes_fd = -1,
                             .data_dir_fd = open(dir, O_DIRECTORY | O_CLOEXEC)};
    f->cb.on_spawned(f->cb.context, s->request, &k, "");
    if (!s->ending)
        send_frame(s, FRAME_READY, (struct bytes){0});
}

static void on_step(struct loop_timer *t)
{
    struct fake_session *s = CONTAINER_OF(t, struct fake_session, step);
    if (!s->ending) {
        build(s);
        return;
    }
    struct tier_events cb = s->fake->cb;
    struct tier_ref ref = s->ref;
    enum tier_end end = s->end;
    int detail = s->detail;
    free_session(s);
    cb.on_ended(cb.context, ref, end, detail);
}

static void on_ready(struct loop_task *t)
{
    struct fake *f = CONTAINER_OF(t, struct fake, ready);
    static const struct tier_report report = {.isolation_json = "{\"tier\":\"fake\",\"degraded\":[]}",
                                              .memory_size_max = 64 << 20};
    f->cb.on_ready(f->cb.context, &report);
}

static void drop_all(struct fake *f)
{
    while (!list_empty(&f->sessions)) {
        struct fake_session *s = CONTAINER_OF(f->sessions.next, struct fake_session, link);
        end_soon(s, TIER_END_KILLED, 0);
        free_session(s);
    }
}

static void on_comeback(struct loop_timer *t)
{
    struct fake *f = CONTAINER_OF(t, struct fake, comeback);
    loop_defer(f->loop, &f->ready);
}

static void set_comeback(struct fake *f)
{
    f->comeback.on_fire = on_comeback;
    int64_t at_ns = loop_now(f->loop) + f->options.comeback_ns;
    if (f->options.comeback_ns)
        ASSERT(loop_timer_set(f->loop, &f->comeback, at_ns) == STATUS_OK);
}

static void on_lost(struct loop_task *t)
{
    struct fake *f = CONTAINER_OF(t, struct fake, lost);
    drop_all(f);
    if (f->options.comes_back) {
        f->cb.on_down(f->cb.context, "killed by the test");
        set_comeback(f);
        return;
    }
    f->cb.on_lost(f->cb.context, "killed by the test");
}

static enum status fake_start(struct loop *l, const void *options, const struct tier_events *cb,
                              void **ret_self, struct err *e)
{
    struct fake *f = calloc(1, sizeof *f);
    ASSERT(f != NULL);
    f->loop = l;
    if (options)
        f->options = *(const struct fake_tier_options *)options;
    f->cb = *cb;
    list_init(&f->sessions);
    f->ready.on_run = on_ready;
    f->lost.on_run = on_lost;
    if (!f->options.not_up)
        loop_defer(l, &f->ready);
    *ret_self = the_fake = f;
    return STATUS_OK;
}

static void fake_stop(void *self)
{
    struct fake *f = self;
    drop_all(f);
    loop_defer_cancel(&f->ready);
    loop_defer_cancel(&f->lost);
    loop_timer_cancel(&f->comeback);
    the_fake = NULL;
    free(f);
}

static void fake_spawn(void *self, uint64_t request, enum runtime_id runtime)
{
    struct fake *f = self;
    struct fake_session *s = calloc(1, sizeof *s);
    ASSERT(s != NULL);
    s->fake = f;
    s->request = request;
    s->step.on_fire = on_step;
    list_push_back(&f->sessions, &s->link);
    set_step(s, f->options.build_ns);
}

static struct fake_session *find(struct fake *f, struct tier_ref ref)
{
    list_each (it, &f->sessions) {
        struct fake_session *s = CONTAINER_OF(it, struct fake_session, link);
        if (s->built && s->ref.slot == ref.slot && s->ref.generation == ref.generation)
            return s;
    }
    return NULL;
}

static void fake_interrupt(void *self, struct tier_ref ref)
{
    struct fake_session *s = find(self, ref);
    ((struct fake *)self)->counts.interrupts++;
    if (!s || s->ending || !s->sleeping)
        return;
    s->sleeping = false;
    send_result(s, s->cell, false, "KeyboardInterrupt");
}

static void fake_kill(void *self, struct tier_ref ref)
{
    struct fake_session *s = find(self, ref);
    ((struct fake *)self)->counts.kills++;
    if (s)
        end_soon(s, TIER_END_KILLED, 9);
}

const struct session_tier fake_tier = {
    .name = "fake",
    .start = fake_start,
    .stop = fake_stop,
    .spawn = fake_spawn,
    .interrupt = fake_interrupt,
    .kill = fake_kill,
};

struct fake_counts fake_tier_counts(void)
{
    return the_fake->counts;
}

void fake_tier_refuse(bool refuse)
{
    the_fake->refuse = refuse;
}

void fake_tier_lose(void)
{
    loop_defer(the_fake->loop, &the_fake->lost);
}

void fake_tier_kill_one(void)
{
    list_each (it, &the_fake->sessions) {
        struct fake_session *s = CONTAINER_OF(it, struct fake_session, link);
        if (s->built && !s->ending) {
            end_soon(s, TIER_END_EXITED, 9);
            return;
        }
    }
}
