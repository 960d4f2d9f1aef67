/* SPDX-License-Identifier: MIT */
/* keeper.c — the life of the process: start, give up what the start needed, serve, end. Everything runs on one
 * thread and blocks only in sends that have a time limit. */
#include "svc/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/file.h"
#include "jail/keeper_client.h"
#include "svc/keeper/filter.h"
#include "svc/keeper/pool_side.h"
#include "svc/keeper/porter.h"
#include "svc/keeper/session_side.h"
#include "svc/keeper/slots.h"
#include "svc/keeper/startup.h"
#include "svc/keeper/state.h"
#include "svc/keeper/watch.h"
#include "svc/keeper/zygote_side.h"

#define SEND_MAX_S 5

/* Until one of the two has to look again; -1: until there is a message. */
static int patience_ms(struct keeper *keeper)
{
    int slots = slots_sweep(keeper);
    int watch = watch_sweep(keeper);
    return slots < 0 || watch < 0 ? MAX(slots, watch) : MIN(slots, watch);
}

static void serve(struct keeper *keeper)
{
    while (!keeper->over) {
        struct epoll_event events[32];
        int n = epoll_wait(keeper->epoll, events, ARRAY_SIZE(events), patience_ms(keeper));
        /* The zygote first: its FORKED comes before the session's own ENTERED is of use. */
        for (int i = 0; i < n; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag >= TAG_ZYGOTE && tag < TAG_SLOT)
                zygote_side_read(keeper, (enum runtime_id)(tag - TAG_ZYGOTE));
        }
        for (int i = 0; i < n && !keeper->over; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == TAG_CLIENT)
                pool_side_read(keeper);
            else if (tag >= TAG_SLOT && keeper->slots[tag - TAG_SLOT].setup >= 0 &&
                     keeper->slots[tag - TAG_SLOT].state != SLOT_FORKING)
                session_side_read(keeper, &keeper->slots[tag - TAG_SLOT]);
        }
    }
}

static void limit_send_time(int socket)
{
    const struct timeval most = {.tv_sec = SEND_MAX_S};
    (void)!setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

static bool watch_peer(struct keeper *keeper, int socket, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    limit_send_time(socket);
    return epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, socket, &event) == 0;
}

static enum status watch_peers(struct keeper *keeper, struct err *err)
{
    keeper->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool watched = keeper->epoll >= 0 && watch_peer(keeper, keeper->client, TAG_CLIENT);
    for (int id = 0; watched && id < RUNTIMES; id++)
        watched = watch_peer(keeper, keeper->zygotes[id].process.socket, TAG_ZYGOTE + (uint64_t)id);
    if (!watched)
        return err_set(err, STATUS_IO, "epoll: %s", strerror(errno));
    return STATUS_OK;
}

/* What is left to do: make file systems, kill processes of other users, hand groups to the zygote. */
static enum status give_up_rights(const struct keeper *keeper, struct err *err)
{
    const unsigned long long keep =
        1ull << CAP_SYS_ADMIN | 1ull << CAP_KILL | 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE;
    enum status status = keeper->facts.privileged ? capability_limit(keep, err) : STATUS_OK;
    if (status)
        return status;
    return filter_enter(keeper->watches, err);
}

/* ORDER: start-up needs all rights and makes processes; epoll needs their sockets; then the rights go, and with
 * them all that was only for the start. */
static enum status start(struct keeper *keeper, struct err *err)
{
    enum status status = startup_run(keeper, err);
    if (status == STATUS_OK)
        status = watch_peers(keeper, err);
    if (status == STATUS_OK)
        status = give_up_rights(keeper, err);
    return status;
}

static void announce(struct keeper *keeper)
{
    CLEANUP(buf_fini) struct buf json = {.limit = KEEPER_MESSAGE_SIZE_MAX};
    for (int id = 0; id < RUNTIMES; id++)
        buf_append_fmt(&json, "%s%s", id ? " " : "", keeper->zygotes[id].template_identity);
    buf_append_byte(&json, '\n');
    probe_degraded(&keeper->facts, &json);
    buf_append_byte(&json, '\n');
    probe_json(&keeper->facts, &json);
    const struct keeper_message message = {.type = KEEPER_MESSAGE_READY,
                                           .flags = porter_possible(keeper) ? READY_FLAG_STORES : 0,
                                           .text = buf_peek(&json)};
    /* ORDER: before it is told: the pool's first order may come at once, and is measured by the phase. */
    keeper->phase = KEEPER_PHASE_SERVING;
    keeper_tell(keeper, keeper->client, &message, NULL, 0);
}

/* A zygote is PID 1 of the namespace above all its sessions: the kernel kills them with it. */
static void end_zygote(struct zygote_process *zygote)
{
    if (zygote->pid <= 0)
        return;
    (void)!syscall(SYS_pidfd_send_signal, zygote->pidfd, SIGKILL, NULL, 0);
    (void)!waitpid(zygote->pid, NULL, 0);
    file_close(&zygote->pidfd);
    file_close(&zygote->socket);
}

/* ORDER: the zygotes first. Their sessions die with them, so the groups are empty, or about to be, when they are
 * removed. */
static void end(struct keeper *keeper)
{
    for (int id = 0; id < RUNTIMES; id++)
        end_zygote(&keeper->zygotes[id].process);
    for (uint32_t i = 0; keeper->slots && i < keeper->slot_count; i++)
        slot_close(&keeper->slots[i]);
    if (keeper->groups.slots)
        cgroup_close(&keeper->groups);
    file_close(&keeper->epoll);
    free(keeper->slots);
    free(keeper->zygote_path);
    free(keeper->session_paths);
}

int keeper_main(int fd, const char *data_root)
{
    struct keeper keeper = {
        .client = fd,
        .data_root = data_root,
        .epoll = -1,
        .phase = KEEPER_PHASE_NEW,
        .client_gate = {.sender = KEEPER_PARTY_POOL, .receiver = KEEPER_PARTY_KEEPER},
    };
    for (int id = 0; id < RUNTIMES; id++)
        keeper.zygotes[id] = (struct keeper_zygote){
            .process = {.pidfd = -1, .socket = -1},
            .gate = {.sender = KEEPER_PARTY_ZYGOTE, .receiver = KEEPER_PARTY_KEEPER},
        };
    struct err err = {0};
    (void)!prctl(PR_SET_NAME, CGROUP_OWNER_NAME, 0, 0, 0);
    (void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGINT, SIG_IGN);  /* the terminal's ^C is for the pool; */
    signal(SIGTERM, SIG_IGN); /* its end of the socket is our end */
    enum status status = start(&keeper, &err);
    if (status == STATUS_OK) {
        announce(&keeper);
        serve(&keeper);
    } else {
        keeper_give_up(&keeper, err.text);
    }
    end(&keeper);
    return status == STATUS_OK ? 0 : 1;
}
