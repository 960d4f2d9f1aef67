/* SPDX-License-Identifier: MIT */
/* launcher_loop.c — one thread, one loop: a message, the end of a child, the end of somebody's patience, or the
 * end of the server. */
#include "svc/launcher/launcher_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "jail/file.h"
#include "os/clock.h"
#include "svc/launcher/limit_values.h"

struct launched {
    int pidfd; /* -1: free */
    uint32_t slot;
    uint64_t generation;
    int64_t kill_ns; /* 0: nobody asked it to end */
};

struct launcher {
    int server;
    const struct launcher_kind *kind;
    struct keeper_message_gate gate;
    struct launched apps[LAUNCHER_APPS_MAX];
};

static struct launched *find(struct launcher *launcher, uint32_t slot)
{
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++)
        if (launcher->apps[i].pidfd >= 0 && launcher->apps[i].slot == slot)
            return &launcher->apps[i];
    return NULL;
}

static struct launched *free_place(struct launcher *launcher)
{
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++)
        if (launcher->apps[i].pidfd < 0)
            return &launcher->apps[i];
    return NULL;
}

/* --- starting --- */

void launcher_hear_signals(void)
{
    static const int heard[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < ARRAY_SIZE(heard); i++)
        signal(heard[i], SIG_DFL);
}

static void tell_left(struct launcher *launcher, uint32_t slot, uint64_t generation, int status)
{
    const struct keeper_message left = {
        .type = KEEPER_MESSAGE_LEFT, .slot = slot, .generation = generation, .detail = (uint32_t)status};
    (void)!packet_send(launcher->server, &left, NULL, 0, NULL); /* a server that is gone is seen by poll */
}

/* False for what a server of ours does not say. */
static bool launch(struct launcher *launcher, const struct keeper_message *message,
                   const struct packet *packet)
{
    const struct launcher_kind *kind = launcher->kind;
    struct launched *place = free_place(launcher);
    if (kind->prepare(kind->context, message, packet, NULL) != STATUS_OK || !place ||
        find(launcher, message->slot))
        return false;
    int pidfd = -1;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        kind->run(kind->context);
    if (pid < 0)
        tell_left(launcher, message->slot, message->generation, 127 << 8);
    else
        *place = (struct launched){.pidfd = pidfd, .slot = message->slot, .generation = message->generation};
    return true;
}

/* --- ending --- */

static void send_signal(const struct launched *app, int number)
{
    (void)!syscall(SYS_pidfd_send_signal, app->pidfd, number, NULL, 0);
}

static void halt(const struct launcher *launcher, struct launched *app)
{
    if (app->kill_ns)
        return;
    app->kill_ns = clock_monotonic_ns() + launcher->kind->patience_ms * NS_PER_MS;
    send_signal(app, SIGTERM);
}

/* ORDER: the server is told before the place is free; the number may be launched again by its next message. */
static void collect(struct launcher *launcher, struct launched *app)
{
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)app->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    int status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    tell_left(launcher, app->slot, app->generation, status);
    file_close(&app->pidfd);
}

/* Kills those whose time is over; milliseconds until the next one's, -1: there is none. */
static int look_at_time(struct launcher *launcher)
{
    int64_t now_ns = clock_monotonic_ns();
    int wait_ms = -1;
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++) {
        struct launched *app = &launcher->apps[i];
        if (app->pidfd < 0 || !app->kill_ns)
            continue;
        if (app->kill_ns <= now_ns) {
            send_signal(app, SIGKILL);
            app->kill_ns = now_ns + launcher->kind->patience_ms * NS_PER_MS;
        }
        int left_ms = (int)((app->kill_ns - now_ns) / NS_PER_MS) + 1;
        wait_ms = wait_ms < 0 ? left_ms : MIN(wait_ms, left_ms);
    }
    return wait_ms;
}

/* --- the loop --- */

static bool take_message(struct launcher *launcher)
{
    static struct packet packet;
    struct keeper_message message;
    if (packet_receive(launcher->server, &packet, NULL) != STATUS_OK)
        return false;
    bool good = keeper_message_parse(&launcher->gate, KEEPER_PHASE_ANY, bytes_of(packet.data, packet.size),
                                     packet.fd_count, &message, NULL) == STATUS_OK;
    if (good && message.type == KEEPER_MESSAGE_LAUNCH) {
        good = launch(launcher, &message, &packet);
    } else if (good) {
        struct launched *app = find(launcher, message.slot);
        if (app && app->generation == message.generation)
            halt(launcher, app);
    }
    packet_close(&packet);
    explicit_bzero(packet.data, packet.size); /* secrets of apps */
    return good;
}

/* `served`: the server is there. False when it is not any more, or when nothing is left without it. */
static bool wait_for_news(struct launcher *launcher, bool served)
{
    struct pollfd watched[1 + LAUNCHER_APPS_MAX] = {{.fd = served ? launcher->server : -1, .events = POLLIN}};
    bool any = false;
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++) {
        watched[1 + i] = (struct pollfd){.fd = launcher->apps[i].pidfd, .events = POLLIN};
        any = any || launcher->apps[i].pidfd >= 0;
    }
    if (!served && !any)
        return false;
    if (poll(watched, ARRAY_SIZE(watched), look_at_time(launcher)) < 0)
        return errno == EINTR;
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++)
        if (watched[1 + i].revents)
            collect(launcher, &launcher->apps[i]);
    /* ORDER: who has ended is collected before the next message: it may want the place. */
    return !watched[0].revents || take_message(launcher);
}

/* ORDER: while the server is there, as it says; then all apps are asked to end, and killed when their patience is
 * over. The launcher is the last to go: what it has started must not outlive it. */
int launcher_serve(int fd, const struct launcher_kind *kind)
{
    struct launcher launcher = {
        .server = fd,
        .kind = kind,
        .gate = {.sender = KEEPER_PARTY_POOL, .receiver = KEEPER_PARTY_LAUNCHER},
    };
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++)
        launcher.apps[i].pidfd = -1;
    while (wait_for_news(&launcher, true))
        continue;
    for (size_t i = 0; i < LAUNCHER_APPS_MAX; i++)
        if (launcher.apps[i].pidfd >= 0)
            halt(&launcher, &launcher.apps[i]);
    while (wait_for_news(&launcher, false))
        continue;
    return 0;
}

void launcher_settle(int fd, const char *name)
{
    static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    (void)!prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* What a terminal sends is for the server; its end of the socket is our end. */
    (void)!setsid();
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
}
