/* SPDX-License-Identifier: MIT */
/* warden.c — one thread, one loop: a START, the death of a keeper, or the end of the server. */
#include "svc/keeper/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched.h>

#include "jail/file.h"
#include "jail/packet.h"
#include "svc/keeper/keeper.h"
#include "svc/keeper/limit_values.h"

#define WARDEN_NAME "sallyport-ward"

struct warden {
    int server;
    const char *data_root;
    struct keeper_message_gate gate;
    int keepers[WARDEN_KEEPERS_MAX]; /* pidfds; -1: free */
};

/* The OOM killer shall look elsewhere first. Without the right to ask for that it stays as it is. */
static void protect(const char *score)
{
    (void)!file_write(AT_FDCWD, "/proc/self/oom_score_adj", score);
}

static void end_keeper(int *keeper, int patience_ms)
{
    struct pollfd watched = {.fd = *keeper, .events = POLLIN};
    if (*keeper < 0)
        return;
    if (poll(&watched, 1, patience_ms) <= 0)
        (void)!syscall(SYS_pidfd_send_signal, *keeper, SIGKILL, NULL, 0);
    file_close(keeper);
}

static void end_all(struct warden *warden, int patience_ms)
{
    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++)
        end_keeper(&warden->keepers[i], patience_ms);
}

static int *free_place(struct warden *warden)
{
    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++) {
        if (warden->keepers[i] < 0)
            return &warden->keepers[i];
    }
    return NULL;
}

/* The parent of a keeper is the server: it collects its end, and the keeper sees who its server is. The kernel
 * takes the signal at the end from the warden then, and none from here. */
static long fork_keeper(int *ret_pidfd)
{
    struct clone_args arguments = {.flags = CLONE_PARENT | CLONE_PIDFD,
                                   .pidfd = (uint64_t)(uintptr_t)ret_pidfd};
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

__attribute__((noreturn)) static void run_keeper(struct warden *warden, int socket)
{
    file_close(&warden->server);
    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++)
        file_close(&warden->keepers[i]);
    protect("0");
    _exit(keeper_main(socket, warden->data_root));
}

/* False when the warden cannot go on. */
static bool start_keeper(struct warden *warden, int socket, bool beside)
{
    if (!beside)
        end_all(warden, WARDEN_REPLACE_MAX_MS);
    int *place = free_place(warden);
    if (!place)
        return false;
    /* Without a process the socket just closes, which the server takes for a keeper that died. */
    int pidfd = -1;
    long pid = fork_keeper(&pidfd);
    if (pid == 0)
        run_keeper(warden, socket);
    if (pid > 0)
        *place = pidfd;
    return true;
}

static bool take_order(struct warden *warden)
{
    static struct packet packet;
    struct keeper_message message;
    if (packet_receive(warden->server, &packet, NULL) != STATUS_OK)
        return false;
    bool good = keeper_message_parse(&warden->gate, KEEPER_PHASE_NEW, bytes_of(packet.data, packet.size),
                                     packet.fd_count, &message, NULL) == STATUS_OK;
    if (good)
        good = start_keeper(warden, packet.fds[0], message.flags & WARDEN_FLAG_BESIDE);
    packet_close(&packet);
    return good;
}

static bool wait_for_news(struct warden *warden)
{
    struct pollfd watched[1 + WARDEN_KEEPERS_MAX] = {{.fd = warden->server, .events = POLLIN}};
    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++)
        watched[1 + i] = (struct pollfd){.fd = warden->keepers[i], .events = POLLIN};
    if (poll(watched, ARRAY_SIZE(watched), -1) < 0)
        return errno == EINTR;

    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++) {
        if (watched[1 + i].revents)
            file_close(&warden->keepers[i]);
    }
    return !watched[0].revents || take_order(warden);
}

int warden_main(int fd, const char *data_root)
{
    struct warden warden = {
        .server = fd,
        .data_root = data_root,
        .gate = {.sender = KEEPER_PARTY_POOL, .receiver = KEEPER_PARTY_WARDEN},
    };
    for (size_t i = 0; i < WARDEN_KEEPERS_MAX; i++)
        warden.keepers[i] = -1;
    (void)!prctl(PR_SET_NAME, WARDEN_NAME, 0, 0, 0);
    (void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* What a terminal sends is for the server; its end of the socket is our end. */
    const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
    protect("-1000");
    while (wait_for_news(&warden))
        continue;
    end_all(&warden, WARDEN_FAREWELL_MAX_MS);
    return 0;
}
