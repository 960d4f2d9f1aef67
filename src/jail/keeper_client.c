/* SPDX-License-Identifier: MIT */
/* Messages out go straight to the socket: they are tiny, and a keeper that does not read them for
 * SEND_MAX_S is gone. Messages in come by the loop. */
#include "jail/keeper_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/packet.h"

#define SEND_MAX_S   5
#define STOP_MAX_MS  10000
#define STOP_POLL_MS 5
#define TEXT_SIZE    256

struct keeper_client {
    struct loop *loop;
    struct keeper_callbacks callbacks;
    void (*on_built)(void *context, int data_root_fd);
    void *built_context;
    struct loop_fd watch;
    struct loop_task lost; /* on_lost never comes from inside a call */
    struct keeper_message_gate gate;
    enum keeper_phase phase;
    int socket;
    pid_t pid;
    bool gone;
    struct packet packet;
    struct keeper_report report;
    char text[TEXT_SIZE];
};

/* --- the keeper's process -------------------------------------------------------------------------- */

/* Between fork and exec only async-signal-safe calls. */
__attribute__((noreturn)) static void run_keeper(const char *program, int socket)
{
    char *const argv[] = {(char *)"sallyport", (char *)"keeper", NULL};
    char *const environment[] = {(char *)"LANG=C.UTF-8", (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Standard input is the caller's terminal or worse; the keeper reads nothing but its socket. */
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(127);
    if (socket == KEEPER_SOCKET_FD ? fcntl(socket, F_SETFD, 0) < 0 : dup2(socket, KEEPER_SOCKET_FD) < 0)
        _exit(127);
    if (close_range(KEEPER_SOCKET_FD + 1, ~0u, 0) < 0)
        _exit(127);
    execve(program, argv, environment);
    _exit(127);
}

static enum status start_process(struct keeper_client *k, const char *program, struct err *e)
{
    int sockets[2];
    enum status s = packet_pair(sockets, e);
    if (s != STATUS_OK)
        return s;
    pid_t pid = fork();
    if (pid == 0)
        run_keeper(program ? program : "/proc/self/exe", sockets[1]);
    close(sockets[1]);
    if (pid < 0) {
        close(sockets[0]);
        return err_set(e, STATUS_IO, "fork: %s", strerror(errno));
    }
    k->socket = sockets[0];
    k->pid = pid;
    const struct timeval most = {.tv_sec = SEND_MAX_S};
    (void)!setsockopt(k->socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    return STATUS_OK;
}

/* --- messages in ----------------------------------------------------------------------------------- */

static void copy_text(char ret_text[TEXT_SIZE], struct bytes text)
{
    size_t size = MIN(text.size, (size_t)TEXT_SIZE - 1);
    if (size > 0)
        memcpy(ret_text, text.data, size);
    ret_text[size] = '\0';
}

static void run_lost(struct loop_task *t)
{
    struct keeper_client *k = CONTAINER_OF(t, struct keeper_client, lost);
    k->callbacks.on_lost(k->callbacks.context, k->text);
}

static void lose(struct keeper_client *k, const char *text)
{
    if (k->gone)
        return;
    k->gone = true;
    loop_fd_remove(&k->watch);
    copy_text(k->text, bytes_of_cstr(text));
    loop_defer(k->loop, &k->lost);
}

static void take_root(struct keeper_client *k, const struct keeper_message *m)
{
    k->report.data_root_fd = k->packet.fds[0];
    k->packet.fd_count = 0;
    if (k->on_built)
        k->on_built(k->built_context, k->report.data_root_fd);
}

static void take_ready(struct keeper_client *k, const struct keeper_message *m)
{
    size_t size = MIN(m->text.size, sizeof k->report.json - 1);
    memcpy(k->report.json, m->text.data, size);
    k->report.json[size] = '\0';
    k->phase = KEEPER_PHASE_SERVING;
    k->callbacks.on_ready(k->callbacks.context, &k->report);
}

static void take_spawned(struct keeper_client *k, const struct keeper_message *m)
{
    const struct keeper_session session = {
        .ref = {m->slot, m->generation},
        .control_fd = k->packet.fds[0],
        .stdout_fd = k->packet.fds[1],
        .stderr_fd = k->packet.fds[2],
        .data_dir_fd = k->packet.fds[3],
    };
    k->packet.fd_count = 0; /* they are the callee's */
    k->callbacks.on_spawned(k->callbacks.context, m->request, &session, NULL);
}

static void take_refused(struct keeper_client *k, const struct keeper_message *m)
{
    char text[TEXT_SIZE];
    copy_text(text, m->text);
    k->callbacks.on_spawned(k->callbacks.context, m->request, NULL, text);
}

static void take_ended(struct keeper_client *k, const struct keeper_message *m)
{
    const struct session_ref ref = {m->slot, m->generation};
    k->callbacks.on_ended(k->callbacks.context, ref, (enum session_end)m->code, (int)m->detail);
}

static void take_fatal(struct keeper_client *k, const struct keeper_message *m)
{
    char text[TEXT_SIZE];
    copy_text(text, m->text);
    lose(k, text);
}

static void on_message(struct loop_fd *w, uint32_t events)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper_client *,
                                                        const struct keeper_message *) = {
        [KEEPER_MESSAGE_ROOT] = take_root,       [KEEPER_MESSAGE_READY] = take_ready,
        [KEEPER_MESSAGE_SPAWNED] = take_spawned, [KEEPER_MESSAGE_REFUSED] = take_refused,
        [KEEPER_MESSAGE_ENDED] = take_ended,     [KEEPER_MESSAGE_FATAL] = take_fatal,
    };
    struct keeper_client *k = CONTAINER_OF(w, struct keeper_client, watch);
    struct keeper_message m;
    struct err e = {0};
    if (packet_receive(k->socket, &k->packet, &e) != STATUS_OK) {
        lose(k, "the keeper ended");
        return;
    }
    if (keeper_message_parse(&k->gate, k->phase, bytes_of(k->packet.data, k->packet.size), k->packet.fd_count,
                             &m, &e) != STATUS_OK)
        lose(k, e.text);
    else
        handlers[m.type](k, &m);
    packet_close(&k->packet);
}

/* --- messages out ---------------------------------------------------------------------------------- */

static void tell(struct keeper_client *k, const struct keeper_message *m)
{
    struct err e = {0};
    if (!k->gone && packet_send(k->socket, m, NULL, 0, &e) != STATUS_OK)
        lose(k, e.text);
}

void keeper_client_spawn(struct keeper_client *k, uint64_t request)
{
    tell(k, &(struct keeper_message){.type = KEEPER_MESSAGE_SPAWN, .request = request});
}

void keeper_client_interrupt(struct keeper_client *k, struct session_ref ref)
{
    tell(k, &(struct keeper_message){
                .type = KEEPER_MESSAGE_INTERRUPT, .slot = ref.slot, .generation = ref.generation});
}

void keeper_client_kill(struct keeper_client *k, struct session_ref ref)
{
    tell(k, &(struct keeper_message){
                .type = KEEPER_MESSAGE_KILL, .slot = ref.slot, .generation = ref.generation});
}

/* --- start and stop -------------------------------------------------------------------------------- */

enum status keeper_client_start(struct loop *l, const struct keeper_options *o,
                                const struct keeper_callbacks *cb, struct keeper_client **ret_client,
                                struct err *e)
{
    struct keeper_client *k = calloc(1, sizeof *k);
    if (!k)
        return err_set(e, STATUS_NO_MEMORY, "no memory for the keeper's client");
    *k = (struct keeper_client){
        .loop = l,
        .callbacks = *cb,
        .watch = {.on_ready = on_message},
        .lost = {.on_run = run_lost},
        .gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_POOL},
        .phase = KEEPER_PHASE_OPEN,
        .socket = -1,
        .report = {.data_root_fd = -1},
        .on_built = o->on_built,
        .built_context = o->built_context,
    };
    CLEANUP(buf_fini) struct buf paths = {0};
    buf_append_fmt(&paths, "%s\n%s", o->zygote_path ? o->zygote_path : "",
                   o->session_paths ? o->session_paths : "");
    const struct keeper_message open = {.type = KEEPER_MESSAGE_OPEN,
                                        .sessions_max = o->sessions_max,
                                        .limits = o->limits,
                                        .text = buf_peek(&paths)};
    enum status s = buf_status(&paths);
    if (s == STATUS_OK)
        s = start_process(k, o->program_path, e);
    if (s == STATUS_OK)
        s = packet_send(k->socket, &open, NULL, 0, e);
    if (s == STATUS_OK)
        s = loop_fd_add(l, &k->watch, k->socket, EPOLLIN, e);
    if (s != STATUS_OK) {
        k->gone = true;
        keeper_client_stop(k);
        return s;
    }
    *ret_client = k;
    return STATUS_OK;
}

/* Its end of the socket is closed; what is left is the exit itself, or it hangs. */
static void await_exit(pid_t pid)
{
    for (int i = 0; i < STOP_MAX_MS / STOP_POLL_MS; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        (void)!poll(NULL, 0, STOP_POLL_MS);
    }
    kill(pid, SIGKILL);
    (void)!waitpid(pid, NULL, 0);
}

/* A socket of SEQPACKET says POLLHUP when the keeper has closed its end, which it does by exiting. */
void keeper_client_stop(struct keeper_client *k)
{
    if (!k)
        return;
    loop_fd_remove(&k->watch);
    loop_defer_cancel(&k->lost);
    if (k->socket >= 0) {
        (void)!shutdown(k->socket, SHUT_WR);
        struct pollfd watched = {.fd = k->socket, .events = POLLRDHUP};
        while (poll(&watched, 1, STOP_MAX_MS) < 0 && errno == EINTR)
            ;
        close(k->socket);
    }
    if (k->pid > 0)
        await_exit(k->pid);
    if (k->report.data_root_fd >= 0)
        close(k->report.data_root_fd);
    free(k);
}
