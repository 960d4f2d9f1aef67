/* SPDX-License-Identifier: MIT */
/* A zygote's program: the warm interpreter of one language (runtime/interpreter.h). A program of its own, so that no
 * other process of the product links an interpreter, and so that the supervisor's memory layout tells nothing about a session's (doc/decisions/0003).
 * Started by the keeper inside the template root with an empty environment and the keeper's socket as
 * descriptor 3. It never holds a secret: every session has a readable copy of its memory.
 *
 *   CONFIG ──► warm up, filter ──► WARM, then for each FORK: FORKED or UNFORKED, later EXITED;
 *                                        for each PORT: PORTED or UNPORTED, later PORTER_EXITED. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/packet.h"
#include "jail/root.h"
#include "jail/session.h"
#include "jail/zygote/snapshot.h"
#include "jail/zygote/spawn.h"
#include "runtime/interpreter.h"

#define KEEPER_SOCKET 3
#define CHILDREN_MAX  65536

struct child {
    pid_t pid; /* 0: free */
    uint64_t generation;
};

/* What a slot may have at a time. */
enum child_kind { CHILD_SESSION, CHILD_PORTER, CHILD_KINDS };

/* What is said of a child that was made, that could not be made, and that has exited. */
static const struct {
    enum keeper_message_type made, refused, exited;
} words[CHILD_KINDS] = {
    [CHILD_SESSION] = {KEEPER_MESSAGE_FORKED, KEEPER_MESSAGE_UNFORKED, KEEPER_MESSAGE_EXITED},
    [CHILD_PORTER] = {KEEPER_MESSAGE_PORTED, KEEPER_MESSAGE_UNPORTED, KEEPER_MESSAGE_PORTER_EXITED},
};

/* By slot. A mapping of its own, made after the snapshot: it is written to. */
struct children {
    struct child of[CHILD_KINDS][CHILDREN_MAX];
};

struct zygote {
    struct keeper_message_gate gate;
    unsigned features;
    struct session_limits limits;
    struct seccomp_lock lock;
    char folders[8192]; /* what the template's list names, as root.c wrote it; the rules point into it */
    struct landlock_rule rules[ROOT_FOLDERS_MAX];
    size_t rule_count;
    int signal_fd;
    int null_fd;
    struct children *children;
    uint32_t slot_count; /* highest slot that was ever used, and one */
};

static void say(enum keeper_message_type type, const char *text)
{
    struct keeper_message message = {.type = type, .text = bytes_of_cstr(text)};
    (void)!packet_send(KEEPER_SOCKET, &message, NULL, 0, NULL);
}

__attribute__((noreturn)) static void give_up(const struct err *err)
{
    say(KEEPER_MESSAGE_BROKEN, err->text);
    _exit(1);
}

/* The next message of the keeper. Without a keeper there is no reason to live. */
static void receive(struct zygote *zygote, enum keeper_phase phase, struct packet *packet,
                    struct keeper_message *ret)
{
    struct err err = {0};
    if (packet_receive(KEEPER_SOCKET, packet, &err) != STATUS_OK ||
        keeper_message_parse(&zygote->gate, phase, bytes_of(packet->data, packet->size), packet->fd_count,
                             ret, &err) != STATUS_OK)
        _exit(1);
}

/* A thread of the zygote would be missing in every fork, with whatever lock it held. */
static enum status check_single_thread(struct err *err)
{
    DIR *d = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; d && (entry = readdir(d));)
        count += entry->d_name[0] != '.';
    if (d)
        closedir(d);
    return count > 1 ? err_set(err, STATUS_INTERNAL, "the zygote has %d threads", count) : STATUS_OK;
}

/* The folders of the list become rules of every session. Who could not read them would give sessions less,
 * never more. */
static enum status read_folders(struct zygote *zygote, struct err *err)
{
    int size = file_read(AT_FDCWD, ROOT_FOLDERS, zygote->folders, sizeof zygote->folders);
    if (size < 0 || size == (int)sizeof zygote->folders - 1)
        return err_set(err, STATUS_IO, ROOT_FOLDERS ": %s", size < 0 ? strerror(-size) : "too long");
    char *rest = zygote->folders;
    for (char *name; zygote->rule_count < ROOT_FOLDERS_MAX && (name = strsep(&rest, "\n"));) {
        if (name[0] == '/')
            zygote->rules[zygote->rule_count++] = (struct landlock_rule){name, LANDLOCK_EXECUTE, -1};
    }
    return STATUS_OK;
}

static enum status prepare(struct zygote *zygote, struct err *err)
{
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, NULL);
    zygote->signal_fd = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    zygote->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (zygote->signal_fd < 0 || zygote->null_fd < 0)
        return err_set(err, STATUS_IO, "the zygote's descriptors: %s", strerror(errno));
    enum status status = read_folders(zygote, err);
    if (status == STATUS_OK)
        status = interpreter.start(err);
    if (status == STATUS_OK)
        status = check_single_thread(err);
    if (status == STATUS_OK)
        status = seccomp_lock_init(&zygote->lock, zygote->limits.strict_locks, err);
    if (status == STATUS_OK)
        status = seccomp_enter_zygote(err);
    spawn_init();
    return status;
}

#define SETTLE_ROUNDS 4
#define SETTLE_BYTES  (100 << 10) /* under malloc's threshold for mmap, over every free chunk's size class */

/* Gives back free memory and has malloc put its free chunks in order. It does the second at the first large
 * request after many frees, writing to each chunk: 1800 pages in every session if it were left to them. */
static void settle_heap(void)
{
    malloc_trim(0);
    for (int i = 0; i < SETTLE_ROUNDS; i++) {
        void *volatile large = malloc(SETTLE_BYTES);
        free(large);
    }
}

/* Last, when everything is in memory. Without it sessions only start more slowly. */
static void take_snapshot(char *ret_text, size_t size)
{
    struct err err = {0};
    size_t bytes = 0;
    settle_heap();
    if (snapshot_take(&bytes, &err) == STATUS_OK)
        snprintf(ret_text, size, "%s, %zu KiB moved", interpreter.version, bytes >> 10);
    else
        snprintf(ret_text, size, "%s, %s", interpreter.version, err.text);
}

/* The descriptor behind `flag`, if the message has it: they come in the order of their flags. */
static int take_optional(const struct keeper_message *message, const struct packet *packet, unsigned flag,
                         unsigned *used)
{
    return message->flags & flag && *used < packet->fd_count ? packet->fds[(*used)++] : -1;
}

/* All that are left. */
static unsigned take_joins(const struct packet *packet, unsigned used, int ret_fds[KEEPER_MESSAGE_FDS_MAX])
{
    unsigned count = 0;
    while (used < packet->fd_count)
        ret_fds[count++] = packet->fds[used++];
    return count;
}

static void answer_order(struct zygote *zygote, const struct keeper_message *order, enum child_kind kind,
                         pid_t pid, int pidfd)
{
    struct keeper_message answer = {
        .type = words[kind].made, .slot = order->slot, .generation = order->generation};
    if (pid < 0) {
        answer.type = words[kind].refused;
        answer.code = (uint32_t)-pid;
    } else {
        zygote->children->of[kind][order->slot] = (struct child){pid, order->generation};
        zygote->slot_count = MAX(zygote->slot_count, order->slot + 1);
    }
    if (packet_send(KEEPER_SOCKET, &answer, &pidfd, pid < 0 ? 0 : 1, NULL) != STATUS_OK)
        _exit(1);
    if (pidfd >= 0)
        close(pidfd);
}

/* FORK brings: setup socket, control socket, stdout, stderr, then the v2 directory and the mount of
 * /mnt/data if the flags say so, then the cgroup files to join. */
static void serve_fork(struct zygote *zygote, const struct keeper_message *message, struct packet *packet)
{
    unsigned used = 4;
    int cgroup_fd = take_optional(message, packet, JAIL_CGROUP_START, &used);
    struct jail_session session = {
        .features = zygote->features,
        .limits = zygote->limits,
        .uid = message->uid,
        .setup_fd = packet->fds[0],
        .control_fd = packet->fds[1],
        .stdout_fd = packet->fds[2],
        .stderr_fd = packet->fds[3],
        .null_fd = zygote->null_fd,
        .data_mount_fd = take_optional(message, packet, JAIL_DATA_MOUNT, &used),
        .lock = &zygote->lock,
        .rules = zygote->rules,
        .rule_count = zygote->rule_count,
        .data_fd = -1,
    };
    session.join_count = take_joins(packet, used, session.join_fds);
    int pidfd = -1;
    pid_t pid = spawn_session(&session, cgroup_fd, &pidfd);
    packet_close(packet);
    answer_order(zygote, message, CHILD_SESSION, pid, pidfd);
}

/* PORT brings: a pipe's read end, the file, then the v2 directory if the flags say so, then the cgroup files to join. */
static void serve_port(struct zygote *zygote, const struct keeper_message *message, struct packet *packet)
{
    unsigned used = 2;
    int cgroup_fd = take_optional(message, packet, JAIL_CGROUP_START, &used);
    struct porter porter = {.pipe_fd = packet->fds[0], .file_fd = packet->fds[1], .uid = message->uid};
    porter.join_count = take_joins(packet, used, porter.join_fds);
    int pidfd = -1;
    pid_t pid = spawn_porter(&porter, cgroup_fd, &pidfd);
    packet_close(packet);
    answer_order(zygote, message, CHILD_PORTER, pid, pidfd);
}

static void serve_order(struct zygote *zygote, struct packet *packet)
{
    struct keeper_message message;
    receive(zygote, KEEPER_PHASE_SERVING, packet, &message);
    enum child_kind kind = message.type == KEEPER_MESSAGE_PORT ? CHILD_PORTER : CHILD_SESSION;
    if (message.slot >= CHILDREN_MAX || zygote->children->of[kind][message.slot].pid != 0)
        _exit(1); /* the keeper never does this */
    if (kind == CHILD_PORTER)
        serve_port(zygote, &message, packet);
    else
        serve_fork(zygote, &message, packet);
}

static struct child *find_child(struct zygote *zygote, pid_t pid, enum child_kind *ret_kind,
                                uint32_t *ret_slot)
{
    for (int kind = 0; kind < CHILD_KINDS; kind++) {
        for (uint32_t slot = 0; slot < zygote->slot_count; slot++) {
            if (zygote->children->of[kind][slot].pid != pid)
                continue;
            *ret_kind = (enum child_kind)kind;
            *ret_slot = slot;
            return &zygote->children->of[kind][slot];
        }
    }
    return NULL;
}

static void report_exit(struct zygote *zygote, pid_t pid, int status)
{
    enum child_kind kind;
    uint32_t slot;
    struct child *child = find_child(zygote, pid, &kind, &slot);
    if (!child)
        return;
    unsigned detail = WIFSIGNALED(status) ? ZYGOTE_INIT_KILLED | (128u + (unsigned)WTERMSIG(status))
                                          : (unsigned)WEXITSTATUS(status);
    struct keeper_message message = {
        .type = words[kind].exited, .slot = slot, .generation = child->generation, .detail = detail};
    child->pid = 0;
    if (packet_send(KEEPER_SOCKET, &message, NULL, 0, NULL) != STATUS_OK)
        _exit(1);
}

static void reap(struct zygote *zygote)
{
    struct signalfd_siginfo info;
    while (read(zygote->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        ;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        report_exit(zygote, pid, status);
}

__attribute__((noreturn)) static void serve(struct zygote *zygote)
{
    static struct packet packet; /* on its own pages, not on the stack that sessions copy */
    for (;;) {
        struct pollfd watched[] = {{.fd = KEEPER_SOCKET, .events = POLLIN},
                                   {.fd = zygote->signal_fd, .events = POLLIN}};
        if (poll(watched, ARRAY_SIZE(watched), -1) < 0 && errno != EINTR)
            _exit(1);
        if (watched[1].revents)
            reap(zygote);
        if (watched[0].revents)
            serve_order(zygote, &packet);
    }
}

int main(void)
{
    static struct zygote zygote = {.gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_ZYGOTE}};
    static struct packet packet;
    struct keeper_message config;
    struct err err = {0};
    zygote.gate.seen = 1u << KEEPER_MESSAGE_MAPPED; /* that one was for the builder, before this program */
    receive(&zygote, KEEPER_PHASE_NEW, &packet, &config);
    if (config.type != KEEPER_MESSAGE_CONFIG)
        _exit(1);
    zygote.features = config.flags;
    zygote.limits = config.limits;
    if (prepare(&zygote, &err) != STATUS_OK)
        give_up(&err);
    static char text[320];
    take_snapshot(text, sizeof text);
    /* Untouched beyond the slots in use. */
    zygote.children = mmap(NULL, sizeof *zygote.children, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zygote.children == MAP_FAILED) {
        (void)!err_set(&err, STATUS_NO_MEMORY, "no memory for the children");
        give_up(&err);
    }
    say(KEEPER_MESSAGE_WARM, text);
    serve(&zygote);
}
