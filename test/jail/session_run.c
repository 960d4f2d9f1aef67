/* SPDX-License-Identifier: MIT */
/* session_run: a hand-held pool for tests. It starts a keeper, obeys one command a line on stdin, and prints
 * one JSON object a line on stdout.
 *
 *   session_run --program KEEPER --zygote ZYGOTE --scripts DIR [--limit NAME=NUMBER]... [--session-path PATHS]
 *   spawn NAME [RUNTIME]    {"spawned","us","ready_us"} or {"refused"}
 *   run NAME FILE MS        {"ran","us",…} after the RESULT frame, or after the session's end; SIGINT after
 * MS, SIGKILL 2 s later say NAME CODE           as run, with the rest of the line as code interrupt NAME |
 * kill NAME | ls NAME | get NAME PATH | put NAME FILE | quit
 *   store NAME FILE [HOW]   as put, but by a porter: {"stored","error","copied"} with an errno each, the second of the copy alone. HOW sends descriptors that the
 * keeper must refuse (see wrong_load), `twice` says it twice, `liar` that it is empty, `open` leaves the end of the file to
 *   close NAME
 *
 * The end of a session prints {"ended","end","detail","us"}: `us` from the kill, where there was one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/confine.h"
#include "jail/data_root.h"
#include "jail/keeper_client.h"
#include "os/clock.h"
#include "svc/pool/files/session_files.h"
#include "wire/frame.h"

#define SESSIONS_MAX 128
#define OUTPUT_MAX   ((size_t)1 << 20) /* bytes kept of each stream; a flood beyond ends the session */
#define FLOOD_MAX    ((size_t)64 << 20)
#define GRACE_NS     (2 * NS_PER_S)
#define EOF_GRACE_NS (500 * NS_PER_MS)
#define COMMAND_MAX  ((size_t)1 << 20)

enum phase { PHASE_UNUSED, PHASE_SPAWNING, PHASE_WARMING, PHASE_IDLE, PHASE_RUNNING, PHASE_ENDED };

struct stream {
    struct loop_fd watch;
    struct session *session;
    struct buf kept;
    size_t seen;
};

struct session {
    char name[32];
    enum phase phase;
    struct keeper_session keeper;
    struct loop_fd control;
    struct stream out, err;
    struct buf in;
    struct loop_timer deadline;
    bool interrupted, answer_owed;
    bool after_interrupt; /* one was sent since the last cell began */
    uint64_t count;
    int64_t spawned_ns, began_ns, killed_ns, stored_ns;
    struct buf result;
    struct file_writer writer; /* of the file that is stored */
    int held_pipe;             /* its pipe, of `open` */
};

static struct loop *loop;
static struct warden_client *warden;
static char data_root[DATA_ROOT_PATH_SIZE];
static struct keeper_client *client;
static struct session sessions[SESSIONS_MAX];
static struct loop_fd commands;
static struct buf line_buf = {.limit = COMMAND_MAX};
static int64_t started_ns;
static const char *read_paths[2]; /* where the scripts are */

static void print(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    puts(text ? text : "{\"error\":\"not printable\"}");
    fflush(stdout);
    free(text);
    json_decref(object);
}

static int64_t us_since(int64_t begin)
{
    return (clock_monotonic_ns() - begin) / NS_PER_US;
}

static struct session *find(const char *name)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (sessions[i].phase != PHASE_UNUSED && strcmp(sessions[i].name, name) == 0)
            return &sessions[i];
    }
    return NULL;
}

static struct session *find_ref(struct session_ref ref)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *s = &sessions[i];
        if (s->phase > PHASE_SPAWNING && s->keeper.ref.slot == ref.slot &&
            s->keeper.ref.generation == ref.generation)
            return s;
    }
    return NULL;
}

static void drain(struct stream *s)
{
    char chunk[65536];
    ssize_t n;
    while (s->watch.loop && (n = read(s->watch.fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        s->seen += (size_t)n;
        buf_append(&s->kept, chunk, MIN((size_t)n, OUTPUT_MAX - MIN(s->kept.size, OUTPUT_MAX)));
        if (s->seen > FLOOD_MAX)
            keeper_client_kill(client, s->session->keeper.ref);
        if (s->seen > 2 * FLOOD_MAX)
            return;
    }
    if (s->watch.loop) {
        loop_fd_remove(&s->watch);
        close(s->watch.fd);
    }
}

static json_t *text_of(struct buf *b)
{
    bool valid = bytes_utf8_valid(buf_peek(b));
    for (size_t i = 0; !valid && i < b->size; i++)
        b->data[i] = b->data[i] < 0x80 ? b->data[i] : '?';
    return json_stringn(b->size ? (const char *)b->data : "", b->size);
}

static void answer(struct session *s, json_t *result)
{
    drain(&s->out);
    drain(&s->err);
    print(json_pack("{s:s,s:I,s:o,s:o,s:I,s:I,s:o}", "ran", s->name, "us", us_since(s->began_ns), "stdout",
                    text_of(&s->out.kept), "stderr", text_of(&s->err.kept), "stdout_bytes",
                    (json_int_t)s->out.seen, "stderr_bytes", (json_int_t)s->err.seen, "result", result));
    s->answer_owed = false;
    loop_timer_cancel(&s->deadline);
}

static void bad(struct session *s)
{
    loop_fd_remove(&s->control);
    keeper_client_kill(client, s->keeper.ref);
}

static void on_control(struct loop_fd *w, uint32_t events)
{
    struct session *s = CONTAINER_OF(w, struct session, control);
    char chunk[65536];
    ssize_t n = read(w->fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* usually it is dying by itself, and a kill would hide of what */
        loop_fd_remove(w);
        s->interrupted = true;
        (void)!loop_timer_set(loop, &s->deadline, clock_monotonic_ns() + EOF_GRACE_NS);
        return;
    }
    buf_append(&s->in, chunk, (size_t)n);
    struct frame f;
    size_t size;
    enum status status;
    while ((status = frame_parse(buf_peek(&s->in), FRAME_PAYLOAD_SIZE_MAX, &f, &size)) == STATUS_OK) {
        if (f.type == FRAME_READY && s->phase == PHASE_WARMING) {
            s->phase = PHASE_IDLE;
            print(json_pack("{s:s,s:I}", "ready", s->name, "us", us_since(s->spawned_ns)));
        } else if (f.type == FRAME_RESULT && s->phase == PHASE_RUNNING) {
            json_t *result = json_loadb((const char *)f.payload.data, f.payload.size, 0, NULL);
            s->phase = PHASE_IDLE;
            answer(s, result ? result : json_string("not JSON"));
        } else {
            bad(s);
            return;
        }
        buf_consume(&s->in, size);
    }
    if (status != STATUS_TRUNCATED)
        bad(s);
}

static void on_output(struct loop_fd *w, uint32_t events)
{
    struct stream *s = CONTAINER_OF(w, struct stream, watch);
    char chunk[65536];
    ssize_t n = read(w->fd, chunk, sizeof chunk);
    if (n <= 0 && !(n < 0 && (errno == EAGAIN || errno == EINTR))) {
        loop_fd_remove(w);
        close(w->fd);
    } else if (n > 0) {
        s->seen += (size_t)n;
        buf_append(&s->kept, chunk, MIN((size_t)n, OUTPUT_MAX - MIN(s->kept.size, OUTPUT_MAX)));
        if (s->seen > FLOOD_MAX)
            keeper_client_kill(client, s->session->keeper.ref);
    }
}

static void on_deadline(struct loop_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, deadline);
    if (s->interrupted) {
        keeper_client_kill(client, s->keeper.ref);
        return;
    }
    s->interrupted = s->after_interrupt = true;
    keeper_client_interrupt(client, s->keeper.ref);
    (void)!loop_timer_set(loop, t, clock_monotonic_ns() + GRACE_NS);
}

/* --- callbacks of the client ------------------------------------------------------------------------ */

static void on_ready(void *context, const struct keeper_report *report)
{
    /* As the product does it: what works below works without a single capability. */
    const struct confine_options confine = {.data_root = data_root, .read_paths = read_paths};
    struct confine_report confined = {0};
    struct err e = {0};
    if (confine_enter(&confine, &confined, &e) != STATUS_OK) {
        fprintf(stderr, "session_run: %s\n", e.text);
        exit(1);
    }
    print(json_pack("{s:I,s:b,s:o}", "warm_us", us_since(started_ns), "landlock", confined.landlock_abi > 0,
                    "report", json_loads(report->json, 0, NULL)));
    (void)!loop_fd_add(loop, &commands, 0, EPOLLIN, NULL);
}

static void on_spawned(void *context, uint64_t request, const struct keeper_session *session,
                       const char *text)
{
    struct session *s = &sessions[request];
    if (!session) {
        print(json_pack("{s:s,s:s,s:s}", "spawned", s->name, "refused", text, "name", s->name));
        s->phase = PHASE_UNUSED;
        return;
    }
    s->keeper = *session;
    s->phase = PHASE_WARMING;
    s->in.limit = FRAME_PAYLOAD_SIZE_MAX + (1 << 20);
    (void)!loop_fd_add(loop, &s->control, session->control_fd, EPOLLIN, NULL);
    (void)!loop_fd_add(loop, &s->out.watch, session->stdout_fd, EPOLLIN, NULL);
    (void)!loop_fd_add(loop, &s->err.watch, session->stderr_fd, EPOLLIN, NULL);
    print(json_pack("{s:s,s:I}", "spawned", s->name, "us", us_since(s->spawned_ns)));
}

static void on_ended(void *context, struct session_ref ref, enum session_end end, int detail)
{
    static const char *const names[] = {"exited", "killed", "memory-limit", "failed"};
    struct session *s = find_ref(ref);
    if (!s)
        return;
    json_int_t us = s->killed_ns ? us_since(s->killed_ns) : 0;
    s->phase = PHASE_ENDED;
    if (s->answer_owed)
        answer(s, json_null());
    print(json_pack("{s:s,s:s,s:i,s:I}", "ended", s->name, "end", names[end], "detail", detail, "us", us));
    loop_timer_cancel(&s->deadline);
    loop_fd_remove(&s->control);
    close(s->keeper.control_fd);
    struct stream *streams[] = {&s->out, &s->err};
    for (size_t i = 0; i < 2; i++) {
        if (streams[i]->watch.loop)
            close(streams[i]->watch.fd);
        loop_fd_remove(&streams[i]->watch);
        buf_fini(&streams[i]->kept);
    }
    close(s->keeper.data_dir_fd);
    buf_fini(&s->in);
    *s = (struct session){0};
}

static void on_stored(void *context, struct session_ref ref, int error)
{
    struct session *s = find_ref(ref);
    struct err e = {0};
    struct file_info info;
    int copied = error;
    if (!s)
        return;
    if (error == 0)
        error = file_writer_finish(&s->writer, &info, &e) == STATUS_OK ? 0 : EIO;
    else
        file_writer_abort(&s->writer);
    print(json_pack("{s:s,s:i,s:i,s:I}", "stored", s->name, "error", error, "copied", copied, "us",
                    us_since(s->stored_ns)));
}

static void on_lost(void *context, const char *text)
{
    print(json_pack("{s:s}", "lost", text));
    loop_stop(loop);
}

/* --- commands ---------------------------------------------------------------------------------------- */

static void execute(struct session *s, const char *code, size_t size, int64_t limit_ns)
{
    json_t *request = json_pack("{s:I,s:o,s:b,s:b}", "id", (json_int_t)++s->count, "code",
                                json_stringn_nocheck(size ? code : "", size), "empty", 0, "after_interrupt",
                                s->after_interrupt);
    s->after_interrupt = false;
    char *text = json_dumps(request, JSON_COMPACT);
    struct buf frame = {0};
    frame_write(&frame, FRAME_EXECUTE, bytes_of_cstr(text));
    buf_clear(&s->out.kept);
    buf_clear(&s->err.kept);
    s->out.seen = s->err.seen = 0;
    s->phase = PHASE_RUNNING;
    s->interrupted = false;
    s->answer_owed = true;
    s->began_ns = clock_monotonic_ns();
    if (write(s->keeper.control_fd, frame.data, frame.size) != (ssize_t)frame.size)
        bad(s);
    (void)!loop_timer_set(loop, &s->deadline, s->began_ns + limit_ns);
    buf_fini(&frame);
    free(text);
    json_decref(request);
}

static void spawn(const char *name, int runtime)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *s = &sessions[i];
        if (s->phase != PHASE_UNUSED)
            continue;
        *s = (struct session){.phase = PHASE_SPAWNING, .spawned_ns = clock_monotonic_ns()};
        snprintf(s->name, sizeof s->name, "%s", name);
        s->control.on_ready = on_control;
        s->out.watch.on_ready = s->err.watch.on_ready = on_output;
        s->out.session = s->err.session = s;
        s->deadline.on_fire = on_deadline;
        keeper_client_spawn(client, i, (enum runtime_id)runtime);
        return;
    }
    print(json_pack("{s:s}", "error", "too many sessions"));
}

static void run_file(struct session *s, const char *path, int64_t limit_ns)
{
    struct buf code = {0};
    char chunk[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0;)
        buf_append(&code, chunk, (size_t)n);
    if (fd < 0)
        print(json_pack("{s:s}", "error", "no such file"));
    else
        execute(s, (const char *)code.data, code.size, limit_ns);
    if (fd >= 0)
        close(fd);
    buf_fini(&code);
}

static void list_data(struct session *s)
{
    json_t *names = json_array();
    DIR *d = fdopendir(openat(s->keeper.data_dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] != '.')
            json_array_append_new(names, json_string(entry->d_name));
    }
    if (d)
        closedir(d);
    print(json_pack("{s:o}", "files", names));
}

/* Into the session and out of it as the pool does it: svc/pool/session_files.h. */
static void put_file(struct session *s, const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char chunk[65536];
    struct err e = {0};
    struct file_info info;
    struct file_writer w;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    enum status status = from < 0 ? err_set(&e, STATUS_NOT_FOUND, "no such file")
                                  : file_writer_begin(&w, s->keeper.data_dir_fd, name, &e);
    if (status == STATUS_OK) {
        for (ssize_t n; status == STATUS_OK && (n = read(from, chunk, sizeof chunk)) > 0;)
            status = file_writer_append(&w, bytes_of(chunk, (size_t)n), &e);
        if (status == STATUS_OK)
            status = file_writer_finish(&w, &info, &e);
        else
            file_writer_abort(&w);
    }
    if (from >= 0)
        close(from);
    print(json_pack("{s:s,s:b,s:s}", "put", name, "ok", status == STATUS_OK, "error", e.text));
}

static void send_all(int fd, const char *path)
{
    char chunk[65536];
    int from = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; from >= 0 && (n = read(from, chunk, sizeof chunk)) > 0;) {
        for (ssize_t done = 0, m; done < n && (m = write(fd, chunk + done, (size_t)(n - done))) > 0;)
            done += m;
    }
    if (from >= 0)
        close(from);
}

/* Descriptors that are not a pipe's read end and a file of the session, open for writing only. */
static void wrong_load(const struct session *s, const char *how, int load[2])
{
    const char *name = s->writer.temporary;
    int dir = s->writer.dir_fd;
    if (strcmp(how, "elsewhere") == 0)
        load[1] = memfd_create("elsewhere", MFD_CLOEXEC);
    else if (strcmp(how, "readable") == 0)
        load[1] = openat(dir, name, O_RDWR | O_CLOEXEC);
    else if (strcmp(how, "path") == 0)
        load[1] = openat(dir, name, O_PATH | O_CLOEXEC);
    else if (strcmp(how, "folder") == 0)
        load[1] = dup(dir);
    else if (strcmp(how, "pipe") == 0)
        load[1] = load[0];
    else if (strcmp(how, "no-pipe") == 0)
        load[0] = openat(dir, name, O_RDONLY | O_CLOEXEC);
    else if (strcmp(how, "socket") == 0)
        load[0] = s->keeper.control_fd;
    else if (find(how))
        load[1] = openat(find(how)->keeper.data_dir_fd, "planted", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static void store_file(struct session *s, const char *path, const char *how)
{
    struct err e = {0};
    struct stat facts = {0};
    int ends[2];
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (stat(path, &facts) < 0 || pipe2(ends, O_CLOEXEC) < 0 ||
        file_writer_begin(&s->writer, s->keeper.data_dir_fd, name, &e) != STATUS_OK) {
        print(json_pack("{s:s,s:i,s:s}", "stored", s->name, "error", -1, "text", e.text));
        return;
    }
    int load[2] = {ends[0], s->writer.fd};
    wrong_load(s, how, load);
    s->stored_ns = clock_monotonic_ns();
    int times = strcmp(how, "twice") == 0 ? 2 : 1;
    uint64_t size = strcmp(how, "liar") == 0 ? 0 : (uint64_t)facts.st_size;
    while (times-- > 0)
        keeper_client_store(client, s->keeper.ref, load[0], load[1], size);
    close(ends[0]);
    send_all(ends[1], path);
    s->held_pipe = ends[1];
    if (strcmp(how, "open") != 0)
        close(ends[1]);
}

static void get_file(struct session *s, const char *path)
{
    char text[4096];
    int fd = -1;
    struct err e = {0};
    struct file_info info = {0};
    ssize_t n = 0;
    enum status status = session_file_open(s->keeper.data_dir_fd, path, &fd, &info, &e);
    if (status == STATUS_OK) {
        n = read(fd, text, sizeof text);
        close(fd);
    }
    print(json_pack("{s:s,s:b,s:I,s:s,s:o}", "got", path, "ok", status == STATUS_OK, "size",
                    (json_int_t)info.size, "error", e.text, "text",
                    json_stringn_nocheck(text, n > 0 ? (size_t)n : 0)));
}

static void obey(char *line)
{
    char verb[16] = "", name[32] = "", path[512] = "", how[32] = "";
    long ms = 0;
    int at = 0;
    int n = sscanf(line, "%15s %31s %n%511s %ld", verb, name, &at, path, &ms);
    struct session *s = find(name);
    if (strcmp(verb, "quit") == 0)
        loop_stop(loop);
    else if (strcmp(verb, "spawn") == 0 && n >= 2)
        spawn(name, atoi(path));
    else if (!s || s->phase < PHASE_IDLE || s->phase == PHASE_ENDED)
        print(json_pack("{s:s}", "error", "no such session, or it is not ready"));
    else if (strcmp(verb, "run") == 0 && n == 4)
        run_file(s, path, (int64_t)ms * NS_PER_MS);
    else if (strcmp(verb, "say") == 0)
        execute(s, line + at, strlen(line + at), 60 * NS_PER_S);
    else if (strcmp(verb, "put") == 0)
        put_file(s, path);
    else if (strcmp(verb, "store") == 0) {
        (void)!sscanf(line, "%*s %*s %*s %31s", how);
        store_file(s, path, how);
    } else if (strcmp(verb, "close") == 0)
        close(s->held_pipe);
    else if (strcmp(verb, "get") == 0)
        get_file(s, path);
    else if (strcmp(verb, "ls") == 0)
        list_data(s);
    else if (strcmp(verb, "interrupt") == 0) {
        s->after_interrupt = true;
        keeper_client_interrupt(client, s->keeper.ref);
    } else if (strcmp(verb, "kill") == 0) {
        s->killed_ns = clock_monotonic_ns();
        keeper_client_kill(client, s->keeper.ref);
    } else
        print(json_pack("{s:s}", "error", "unknown command"));
}

static void on_command(struct loop_fd *w, uint32_t events)
{
    char chunk[4096];
    ssize_t n = read(0, chunk, sizeof chunk);
    if (n <= 0) {
        loop_stop(loop);
        return;
    }
    buf_append(&line_buf, chunk, (size_t)n);
    uint8_t *end;
    while (line_buf.size > 0 && (end = memchr(line_buf.data, '\n', line_buf.size))) {
        *end = '\0';
        size_t size = (size_t)(end - line_buf.data) + 1;
        char *line = strdup((char *)line_buf.data);
        buf_consume(&line_buf, size);
        obey(line);
        free(line);
    }
}

static void set_limit(struct keeper_options *o, const char *text)
{
    unsigned long long n = 0;
    char name[32] = "";
    struct session_limits *l = &o->limits;
    if (sscanf(text, "%31[a-z_]=%llu", name, &n) != 2)
        exit(2);
    if (strcmp(name, "memory_bytes") == 0)
        l->memory_bytes = n;
    else if (strcmp(name, "tasks") == 0)
        l->tasks = (uint32_t)n;
    else if (strcmp(name, "cpu_percent") == 0)
        l->cpu_percent = (uint32_t)n;
    else if (strcmp(name, "data_bytes") == 0)
        l->data_bytes = n;
    else if (strcmp(name, "files") == 0)
        l->files = (uint32_t)n;
    else if (strcmp(name, "strict_locks") == 0)
        l->strict_locks = n != 0;
    else if (strcmp(name, "read_bytes") == 0)
        l->read_bytes = n;
    else if (strcmp(name, "strict_proc") == 0)
        l->strict_proc = n != 0;
    else if (strcmp(name, "sessions_max") == 0)
        o->sessions_max = (uint32_t)n;
    else
        exit(2);
}

int main(int argc, char **argv)
{
    struct keeper_options o = keeper_options_default();
    o.sessions_max = 100;
    o.limits.memory_bytes = (uint64_t)512 << 20;
    o.limits.tasks = 64;
    o.limits.cpu_percent = 100;
    o.limits.data_bytes = (uint64_t)256 << 20;
    o.limits.read_bytes = (uint64_t)64 << 20;
    const char *program = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--program") == 0)
            program = argv[i + 1];
        else if (strcmp(argv[i], "--zygote") == 0)
            o.zygote_path = argv[i + 1];
        else if (strcmp(argv[i], "--session-path") == 0)
            o.session_paths = argv[i + 1];
        else if (strcmp(argv[i], "--scripts") == 0)
            read_paths[0] = argv[i + 1];
        else
            set_limit(&o, argv[i + 1]);
    }
    o.limits.file_bytes = o.limits.data_bytes;
    signal(SIGPIPE, SIG_IGN);
    struct err e = {0};
    const struct keeper_callbacks callbacks = {on_ready, on_spawned, on_ended, on_stored, on_lost, NULL};
    commands.on_ready = on_command;
    started_ns = clock_monotonic_ns();
    if (loop_create(&loop, &e) != STATUS_OK || data_root_make(data_root, &e) != STATUS_OK ||
        warden_client_start(program, data_root, &warden, &e) != STATUS_OK ||
        keeper_client_start(loop, warden, &o, &callbacks, &client, &e) != STATUS_OK ||
        loop_run(loop, &e) != STATUS_OK) {
        fprintf(stderr, "session_run: %s\n", e.text);
        return 1;
    }
    loop_fd_remove(&commands);
    int64_t begin = clock_monotonic_ns();
    keeper_client_stop(client);
    warden_client_stop(warden);
    print(json_pack("{s:I}", "stopped_us", us_since(begin)));
    return 0;
}
