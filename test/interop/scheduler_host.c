/* SPDX-License-Identifier: MIT */
/* scheduler_host.c — the scheduler alone in a process, for tests with official SDKs and kill -9.
 * Usage: scheduler_host STORE [PORT [HUB...]]. Prints "port N" once it listens; SIGTERM ends it in good
 * order. A hub named "*" lets any name create one. SIGUSR1: the time of leases runs ahead by more than the
 * longest; SIGUSR2: by more than work that was lost is held back; prints "ahead" when it has. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/task/limits.h"
#include "lib/settled.h"
#include "net/limit_values.h"
#include "net/listener.h"
#include "os/clock.h"
#include "os/loop.h"
#include "svc/scheduler/scheduler_service.h"

#define LEASE_NS (25 * 3600 * NS_PER_S) /* an activity has a day (lib/settled.h) */
#define GRACE_NS (TASK_ACTIVITY_GRACE_NS + NS_PER_S)

static int64_t ahead_ns;

struct host {
    struct loop *loop;
    struct listener *listener;
    struct scheduler *scheduler;
    struct grpc_server *server;
};

static void sink(enum log_level level, const char *area, const char *line)
{
    fprintf(stderr, "%d %s %s\n", (int)level, area, line);
}

static int64_t steady_ns(void)
{
    return clock_monotonic_ns() + ahead_ns;
}

static void on_stopped(void *context)
{
    loop_stop(((struct host *)context)->loop);
}

static void on_signal(void *context, int number)
{
    struct host *h = context;
    if (number == SIGUSR1 || number == SIGUSR2) {
        ahead_ns += number == SIGUSR1 ? LEASE_NS : GRACE_NS;
        puts("ahead");
        fflush(stdout);
        return;
    }
    listener_close(h->listener);
    h->listener = NULL;
    scheduler_stop(h->scheduler, on_stopped, h);
}

static int die(const struct err *e)
{
    fprintf(stderr, "scheduler_host: %s\n", e->text);
    return 1;
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, 0};
    struct err e = {0};
    struct host h = {0};
    struct scheduler_options o = scheduler_options_default();
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    o.store.path = o.store.shown = argc > 1 ? argv[1] : NULL;
    o.engine = settled_engine();
    o.steady_ns = steady_ns;
    o.large_message_agents = "durabletask-js";
    if (!o.store.path) {
        fprintf(stderr, "usage: scheduler_host STORE [PORT [HUB...]]\n");
        return 2;
    }
    log_install(sink, LOG_LEVEL_INFO);
    (void)signal(SIGPIPE, SIG_IGN);
    o.hubs = (const char *const *)(argv + 3);
    for (int i = 3; i < argc; i++) {
        o.hubs_dynamic = o.hubs_dynamic || strcmp(argv[i], "*") == 0;
        o.hubs_managed = o.hubs_dynamic;
        o.hub_count += strcmp(argv[i], "*") != 0;
    }
    if (loop_create(&h.loop, &e) != STATUS_OK ||
        loop_signals(h.loop, signals, on_signal, &h, &e) != STATUS_OK)
        return die(&e);
    if (scheduler_create(h.loop, &o, &h.scheduler, &e) != STATUS_OK)
        return die(&e);
    struct grpc_handler handler = scheduler_handler(h.scheduler);
    if (grpc_server_create(h.loop, &limits, &handler, &h.server, &e) != STATUS_OK)
        return die(&e);
    scheduler_attach(h.scheduler, h.server);
    struct listener_options l = {.port = (uint16_t)(argc > 2 ? atoi(argv[2]) : 0),
                                 .grpc = h.server,
                                 .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS};
    if (listener_open(h.loop, &l, &h.listener, &e) != STATUS_OK)
        return die(&e);
    printf("port %d\n", listener_port(h.listener));
    fflush(stdout);
    enum status status = loop_run(h.loop, &e);
    listener_close(h.listener);
    grpc_server_destroy(h.server);
    scheduler_destroy(h.scheduler);
    loop_destroy(h.loop);
    return status == STATUS_OK ? 0 : die(&e);
}
