/* SPDX-License-Identifier: MIT */
/* main.c — a zygote's program: the warm interpreter of one language (runtime/interpreter.h). A program of its own,
 * so that no other process of the product links an interpreter, and so that the supervisor's memory layout tells
 * nothing about a session's (doc/decisions/0003). Started by the keeper inside the template root with an empty
 * environment and the keeper's socket as descriptor 3. It never holds a secret: every session has a readable copy
 * of its memory.
 *
 *   CONFIG ──► warm up, filter ──► WARM, then for each FORK: FORKED or UNFORKED, later EXITED;
 *                                        for each PORT: PORTED or UNPORTED, later PORTER_EXITED (porters.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/packet.h"
#include "jail/root.h"
#include "jail/session.h"
#include "jail/zygote/children.h"
#include "jail/zygote/porters.h"
#include "jail/zygote/snapshot.h"
#include "jail/zygote/spawn.h"
#include "runtime/interpreter.h"

static const struct children_words words = {KEEPER_MESSAGE_FORKED, KEEPER_MESSAGE_UNFORKED,
                                            KEEPER_MESSAGE_EXITED};

struct zygote {
    struct keeper_message_gate gate;
    unsigned features;
    struct session_limits limits;
    struct seccomp_lock lock;
    char folders[8192]; /* what the template's list names, as root.c wrote it; the rules point into it */
    struct landlock_rule rules[ROOT_FOLDERS_MAX];
    size_t rule_count;
    int null_fd;
    struct children children; /* the sessions */
    struct porters porters;
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
    if (size < 0)
        return err_set(err, STATUS_IO, ROOT_FOLDERS ": %s", strerror(-size));
    if (size == (int)sizeof zygote->folders - 1)
        return err_set(err, STATUS_IO, ROOT_FOLDERS ": too long");
    char *rest = zygote->folders;
    for (char *name; zygote->rule_count < ROOT_FOLDERS_MAX && (name = strsep(&rest, "\n"));) {
        if (name[0] == '/')
            zygote->rules[zygote->rule_count++] = (struct landlock_rule){name, LANDLOCK_EXECUTE, -1};
    }
    return STATUS_OK;
}

static enum status prepare(struct zygote *zygote, struct err *err)
{
    zygote->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (zygote->null_fd < 0)
        return err_set(err, STATUS_IO, "/dev/null: %s", strerror(errno));
    bool listens = zygote->features & JAIL_LISTEN && seccomp_can_listen();
    if (!listens)
        zygote->features &= ~(unsigned)JAIL_LISTEN;
    enum status status = porters_start(&zygote->porters, err); /* ORDER: before the interpreter is warm */
    if (status == STATUS_OK)
        status = children_watch(&zygote->children, err);
    if (status == STATUS_OK)
        status = read_folders(zygote, err);
    if (status == STATUS_OK)
        status = interpreter.start(err);
    if (status == STATUS_OK)
        status = check_single_thread(err);
    if (status == STATUS_OK)
        status = seccomp_lock_init(&zygote->lock, zygote->limits.strict_locks, listens, err);
    if (status == STATUS_OK)
        status = seccomp_enter_zygote(listens, err);
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

/* FORK brings: setup socket, control socket, stdout, stderr, then the v2 directory and the mount of
 * /mnt/data if the flags say so, then the cgroup files to join. */
static void serve_fork(struct zygote *zygote, const struct keeper_message *message, struct packet *packet)
{
    unsigned used = 4;
    int cgroup_fd = spawn_take_optional(message, packet, JAIL_CGROUP_START, &used);
    struct jail_session session = {
        .features = zygote->features,
        .limits = zygote->limits,
        .uid = message->uid,
        .setup_fd = packet->fds[0],
        .control_fd = packet->fds[1],
        .stdout_fd = packet->fds[2],
        .stderr_fd = packet->fds[3],
        .null_fd = zygote->null_fd,
        .data_mount_fd = spawn_take_optional(message, packet, JAIL_DATA_MOUNT, &used),
        .lock = &zygote->lock,
        .rules = zygote->rules,
        .rule_count = zygote->rule_count,
        .data_fd = -1,
        .listener_fd = -1,
    };
    session.join_count = spawn_take_joins(packet, used, session.join_fds);
    int pidfd = -1;
    pid_t pid = spawn_session(&session, cgroup_fd, &pidfd);
    packet_close(packet);
    children_answer(&zygote->children, message, pid, pidfd);
}

static void serve_order(struct zygote *zygote, struct packet *packet)
{
    struct keeper_message message;
    receive(zygote, KEEPER_PHASE_SERVING, packet, &message);
    if (message.type == KEEPER_MESSAGE_PORT) {
        if (porters_order(&zygote->porters, &message, packet, NULL) != STATUS_OK)
            _exit(1);
        packet_close(packet);
        return;
    }
    if (!children_free(&zygote->children, message.slot))
        _exit(1); /* the keeper never does this */
    serve_fork(zygote, &message, packet);
}

__attribute__((noreturn)) static void serve(struct zygote *zygote)
{
    static struct packet packet; /* on its own pages, not on the stack that sessions copy */
    for (;;) {
        struct pollfd watched[] = {{.fd = KEEPER_SOCKET, .events = POLLIN},
                                   {.fd = zygote->children.signal_fd, .events = POLLIN}};
        if (poll(watched, ARRAY_SIZE(watched), -1) < 0 && errno != EINTR)
            _exit(1);
        if (watched[1].revents && children_reap(&zygote->children) == zygote->porters.pid)
            _exit(1);
        if (watched[0].revents)
            serve_order(zygote, &packet);
    }
}

int main(void)
{
    static struct zygote zygote = {.gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_ZYGOTE},
                                   .children = {.words = &words}};
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
    if (children_map(&zygote.children, &err) !=
        STATUS_OK) /* ORDER: not in the snapshot, for it is written to */
        give_up(&err);
    say(KEEPER_MESSAGE_WARM, text);
    serve(&zygote);
}
