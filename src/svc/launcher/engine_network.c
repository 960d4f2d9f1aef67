/* SPDX-License-Identifier: MIT */
/* engine_network.c — ORDER: what listens here is made first, then the container's network is entered, and what listens there is
 * made; a child stays there for what comes in, the parent goes back for what comes out. */
#include "svc/launcher/engine_network.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/confine.h"
#include "svc/launcher/engine_program.h"
#include "svc/launcher/limit_values.h"
#include "svc/launcher/relay.h"

#define LOOK_FIRST_MS 50
#define LOOK_LAST_MS  1000

/* Routes of one relay. */
struct routes {
    struct relay_route all[2 * (CONTAINER_FORWARDS_MAX + 1)];
    size_t count;
};

static void tell(const char *what, unsigned port)
{
    fprintf(stderr, "sallyport: port %u: %s\n", port, what);
    (void)fflush(stderr);
}

static void add_route(struct routes *routes, uint16_t listens, uint16_t reaches)
{
    int listeners[2];
    size_t count = relay_listen(listens, listeners);
    if (count == 0)
        tell("somebody else listens there", listens);
    for (size_t i = 0; i < count; i++)
        routes->all[routes->count++] = (struct relay_route){.listener = listeners[i], .port = reaches};
}

/* 0: it has none, or not yet. */
static pid_t find_process(const struct engine_settings *settings, const char *name)
{
    struct engine_command command;
    char text[32];
    uint64_t number = 0;
    engine_command_find_process(settings, name, &command);
    struct bytes said = engine_program_ask(&command, text, sizeof text);
    bool good = bytes_parse_u64(bytes_trim(said), &number) == STATUS_OK && number <= INT32_MAX;
    return good ? (pid_t)number : 0;
}

/* The container's network, as a file. Numbers of processes come again: it counts only if the engine names the same one twice. */
static int open_network(const struct engine_settings *settings, const char *name)
{
    int wait_ms = LOOK_FIRST_MS;
    for (;;) {
        char path[64];
        pid_t process = find_process(settings, name);
        snprintf(path, sizeof path, "/proc/%d/ns/net", (int)process);
        int network = process > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (network >= 0 && find_process(settings, name) == process)
            return network;
        if (network >= 0)
            close(network);
        (void)!poll(NULL, 0, wait_ms);
        wait_ms = MIN(2 * wait_ms, LOOK_LAST_MS);
    }
}

static bool is_same(int one, int other)
{
    struct stat first;
    struct stat second;
    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

/* Without rights. ORDER: the kernel forgets who is to hear of the parent's end with a change of the user, so that is said behind
 * it. */
__attribute__((noreturn)) static void relay(const struct routes *routes, pid_t parent, int stop)
{
    uid_t user = confine_user_exists(CONFINE_USER_APPS) ? CONFINE_USER_APPS : 0;
    bool good = confine_enter_launcher(geteuid() == 0 ? user : 0, NULL) == STATUS_OK &&
                prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
    if (good)
        relay_run(routes->all, routes->count, stop);
    _exit(1);
}

/* In the container's network, for what comes in. It ends with its parent, by a pipe: a parent who is confined signals nobody. */
static void start_inner(const struct routes *routes)
{
    int ends[2];
    pid_t parent = getpid();
    if (routes->count == 0 || pipe2(ends, O_CLOEXEC) < 0)
        return;
    if (fork() != 0) {
        close(ends[0]);
        return;
    }
    close(ends[1]);
    relay(routes, parent, ends[0]);
}

void engine_network_run(const struct engine_settings *settings, const char *name,
                        const struct container_launch *launch, uint16_t port)
{
    struct routes in = {0};
    struct routes out = {0};
    pid_t parent = getppid();
    if (launch->target)
        add_route(&in, port, launch->target);

    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int there = open_network(settings, name);
    bool shared = is_same(here, there);
    if (!shared && setns(there, CLONE_NEWNET) < 0) {
        tell("the container's network cannot be entered; as root it can, or with --network host", port);
        _exit(1);
    }
    if (!shared)
        for (size_t i = 0; i < launch->forward_count; i++)
            add_route(&out, launch->forwards[i].inner, launch->forwards[i].outer);
    start_inner(&in);
    if (!shared && setns(here, CLONE_NEWNET) < 0)
        _exit(1);
    relay(&out, parent, -1);
}
