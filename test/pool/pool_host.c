/* SPDX-License-Identifier: MIT */
/* pool_host.c — a session pool as a process of its own, for tests and benchmarks: loop, listener, HTTP server
 * and pool on loopback. Prints "port=N" once it listens and "up" once sessions can be made. Ends on SIGTERM,
 * SIGINT, or when its standard input closes. Settings are "name=value" arguments; tier=fake takes the tests'
 * own tier. `pool_host keeper` is the keeper, as keeper_client starts it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "fake_tier.h"
#include "jail/data_root.h"
#include "jail/warden_client.h"
#include "net/limit_values.h"
#include "net/listener.h"
#include "os/clock.h"
#include "os/memory.h"
#include "svc/keeper/warden.h"
#include "svc/pool/http/pool_service.h"
#include "svc/pool/session/tier_process.h"

struct host {
    struct loop *loop;
    struct pool_service *pool;
    struct http_router router;
    struct http_part parts[2];
    struct loop_fd input;
};

static void on_signal(void *context, int number)
{
    loop_stop(((struct host *)context)->loop);
}

static void on_input(struct loop_fd *w, uint32_t events)
{
    char bytes[64];
    if (read(w->fd, bytes, sizeof bytes) <= 0)
        loop_stop(w->loop);
}

static void on_up(void *context)
{
    struct host *h = context;
    const char *lost = pool_service_facts(h->pool).lost;
    printf("%s\n", lost ? lost : "up");
    fflush(stdout);
}

static void on_report(void *context, struct http_request *r)
{
    struct host *h = context;
    struct buf body = {0};
    pool_service_report(h->pool, &body);
    http_respond(r, 200, "application/json", buf_peek(&body));
    buf_fini(&body);
}

static const struct http_route report_route = {
    "GET", "/healthz", "", ACCESS_ANYONE, .handle = on_report, .summary = "What the pool says of itself"};

static void print_log(enum log_level level, const char *area, const char *line)
{
    fprintf(stderr, "%s: %s\n", area, line);
}

static const char *setting(int argc, char **argv, const char *name, const char *fallback)
{
    size_t size = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, size) == 0 && argv[i][size] == '=')
            return argv[i] + size + 1;
    return fallback;
}

static double number(int argc, char **argv, const char *name, double fallback)
{
    const char *text = setting(argc, argv, name, NULL);
    return text ? strtod(text, NULL) : fallback;
}

static int fail(const struct err *e)
{
    fprintf(stderr, "pool_host: %s\n", e->text);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "warden") == 0)
        return warden_main(WARDEN_SOCKET_FD, argv[2]);
    struct err e = {0};
    struct host h = {0};
    struct http_server *http;
    struct listener *listener;
    static const int signals[] = {SIGTERM, SIGINT, 0};
    memory_configure();
    log_install(print_log, LOG_LEVEL_INFO);
    signal(SIGPIPE, SIG_IGN);
    if (loop_create(&h.loop, &e) || loop_signals(h.loop, signals, on_signal, &h, &e))
        return fail(&e);
    uint32_t most = (uint32_t)number(argc, argv, "max", 20);
    uint32_t ready = (uint32_t)number(argc, argv, "ready", 3);
    bool fake = strcmp(setting(argc, argv, "tier", "process"), "fake") == 0;
    char data_root[DATA_ROOT_PATH_SIZE];
    if (!fake && data_root_make(data_root, &e))
        return fail(&e);
    struct process_tier_options process = {.keeper = keeper_options_default(), .data_root = data_root};
    process.keeper.sessions_max = 2 * most + 8;
    process.keeper.zygote_path = setting(argc, argv, "zygote", NULL);
    process.keeper.limits.memory_bytes = (uint64_t)number(argc, argv, "memory_mb", 512) << 20;
    process.keeper.limits.tasks = 64;
    process.keeper.limits.cpu_percent = 100;
    process.keeper.limits.data_bytes = process.keeper.limits.file_bytes = (uint64_t)256 << 20;
    process.keeper.limits.read_bytes = (uint64_t)64 << 20;
    struct fake_tier_options fake_options = {.data_dir = setting(argc, argv, "data_dir", NULL)};
    struct pool_service_options o = {
        .name = "test",
        .sessions_max = most,
        .sessions_ready = ready,
        .cooldown_ns = (int64_t)(number(argc, argv, "cooldown_s", 300) * NS_PER_S),
        .execution_max_ns = (int64_t)(number(argc, argv, "execution_max_s", 220) * NS_PER_S),
        .grace_ns = (int64_t)(number(argc, argv, "grace_s", 2) * NS_PER_S),
        .result_size_max = (size_t)number(argc, argv, "result_max", 8 << 20),
        .uploads_size_max = (size_t)number(argc, argv, "uploads_memory_max", 1 << 30),
        .memory_size_max = (size_t)number(argc, argv, "pool_memory_max", 256 << 20),
        .upload_size_max = (size_t)number(argc, argv, "upload_max", 128 << 20),
        .body_size_max = 8 << 20,
        .output_size_max = (size_t)number(argc, argv, "output_kb", 1024) << 10,
        .isolation_wait_ns = 60 * NS_PER_S,
        .lenient_versions = number(argc, argv, "lenient_versions", 0) > 0,
        .plain_numbers = number(argc, argv, "plain_numbers", 0) > 0,
        .tier = fake ? &fake_tier : &session_tier_process,
        .tier_options = fake ? (const void *)&fake_options : &process,
        .unproven = fake,
    };
    if (http_server_create(h.loop, NULL, &http, &e) || pool_service_create(h.loop, &o, &h.pool, &e))
        return fail(&e);
    h.parts[0] = (struct http_part){
        .name = "report", .prefix = "", .routes = &report_route, .route_count = 1, .context = &h};
    h.parts[1] = pool_service_part(h.pool, true);
    http_router_init(&h.router, h.parts, ARRAY_SIZE(h.parts));
    pool_service_on_up(h.pool, on_up, &h);
    struct listener_options at = {.http = http, .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS};
    static const struct bytes names[] = {BYTES_LITERAL("pool.example")};
    static const struct site site = {.names = names, .name_count = ARRAY_SIZE(names)};
    http_server_known_as(http, &site);
    http_server_serve(http, &h.router.handler);
    if (listener_open(h.loop, &at, &listener, &e))
        return fail(&e);
    printf("port=%d\n", (int)listener_port(listener));
    fflush(stdout);
    h.input.on_ready = on_input;
    bool watched = loop_fd_add(h.loop, &h.input, 0, EPOLLIN, &e) == STATUS_OK; /* not if it is a file */
    enum status s = loop_run(h.loop, &e);
    if (watched)
        loop_fd_remove(&h.input);
    listener_close(listener);
    http_server_destroy(http);
    pool_service_destroy(h.pool);
    loop_destroy(h.loop);
    return s ? fail(&e) : 0;
}
