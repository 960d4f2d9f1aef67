/* SPDX-License-Identifier: MIT */
/* made_apps.c — from the inside out: an app's log, its process, the list of apps.
 *
 *            put               it ended              timer
 *   ENDED ─────────▶ RUNNING ─────────▶ WAITING ─────────────▶ RUNNING
 *                      │  put, stop, remove                     ▲
 *                      └──────────────────▶ ENDING ─────────────┘ if it is wanted, else ENDED, or freed
 */
#include "cmd/made_apps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/limit_values.h"
#include "os/clock.h"

#define AREA          "cmd"
#define BACK_OFF_MIN  NS_PER_S
#define BACK_OFF_OVER (60 * NS_PER_S) /* one that ran for so long begins with the shortest again */
#define READ_SIZE     ((size_t)16 << 10)
#define READS_A_TURN  4 /* in one turn of the loop */

static void start(struct made_app *app);

/* --- the log --- */

/* The newest bytes count; cut at a line where one ends. */
static void bound_log(struct made_app *app)
{
    if (app->log.size <= 2 * MADE_APP_LOG_MAX)
        return;
    buf_consume(&app->log, app->log.size - MADE_APP_LOG_MAX);
    size_t line = bytes_find(buf_peek(&app->log), BYTES_LITERAL("\n"));
    if (line < app->log.size)
        buf_consume(&app->log, line + 1);
}

static void note(struct made_app *app, const char *what)
{
    size_t before = app->log.size;
    buf_append_fmt(&app->log, "sallyport: %s\n", what);
    app->log_total += app->log.size - before;
    bound_log(app);
}

static void close_output(struct made_app *app)
{
    if (app->output.fd < 0)
        return;
    loop_fd_remove(&app->output);
    close(app->output.fd);
    app->output.fd = -1;
}

static void on_output(struct loop_fd *watch, uint32_t events)
{
    struct made_app *app = CONTAINER_OF(watch, struct made_app, output);
    uint8_t bytes[READ_SIZE];
    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t size = read(watch->fd, bytes, sizeof bytes);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size <= 0) {
            close_output(app);
            return;
        }
        buf_append(&app->log, bytes, (size_t)size);
        app->log_total += (size_t)size;
        bound_log(app);
        if (app->log.failed)
            buf_clear(&app->log);
    }
}

/* --- a process --- */

/* A copy that whoever has it can open: the file itself is the server's user's alone. -1: there is none. */
static int open_authority(const struct made_apps *apps)
{
    char bytes[8192];
    ssize_t size = 0;
    int from = apps->authority ? open(apps->authority, O_RDONLY | O_CLOEXEC) : -1;
    int copy = from >= 0 ? memfd_create("authority", MFD_CLOEXEC) : -1;
    while (copy >= 0 && (size = read(from, bytes, sizeof bytes)) > 0)
        if (write(copy, bytes, (size_t)size) != size)
            break;
    if (from >= 0)
        close(from);
    return copy;
}

static struct launcher_client *starter_of(const struct made_app *app, enum made_app_kind kind)
{
    return app->apps->starters[kind].client;
}

static enum status run(struct made_app *app, struct err *err)
{
    struct made_apps *apps = app->apps;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(err, STATUS_IO, "pipe: %s", strerror(errno));
    int authority = app->kind == MADE_APP_OWN ? open_authority(apps) : -1;
    const struct launch launch = {.slot = app->slot,
                                  .generation = ++apps->generations,
                                  .port = app->port,
                                  .description = buf_peek(&app->description),
                                  .output_fd = ends[1],
                                  .authority_fd = authority};
    close_output(app);
    enum status status = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0
                             ? err_set(err, STATUS_IO, "fcntl: %s", strerror(errno))
                             : loop_fd_add(apps->loop, &app->output, ends[0], EPOLLIN, err);
    if (status == STATUS_OK)
        status = launcher_client_launch(starter_of(app, app->kind), &launch, err);
    close(ends[1]);
    if (authority >= 0)
        close(authority);
    if (status != STATUS_OK) {
        loop_fd_remove(&app->output);
        close(ends[0]);
        app->output.fd = -1;
        return status;
    }
    app->generation = launch.generation;
    app->kind_runs = app->kind;
    app->started_ns = clock_monotonic_ns();
    app->started_unix_ns = clock_unix_ns();
    app->phase = MADE_APP_RUNNING;
    return STATUS_OK;
}

static void wait_for_the_next(struct made_app *app)
{
    struct made_apps *apps = app->apps;
    bool lasted = clock_monotonic_ns() - app->started_ns > BACK_OFF_OVER;
    bool first = lasted || app->back_off_ns == 0;
    app->back_off_ns = first ? BACK_OFF_MIN : MIN(2 * app->back_off_ns, MADE_APP_BACK_OFF_MAX);
    app->restarts++;
    app->phase = MADE_APP_WAITING;
    if (loop_timer_set(apps->loop, &app->again, loop_now(apps->loop) + app->back_off_ns) != STATUS_OK) {
        app->phase = MADE_APP_ENDED;
        log_error(AREA, "out of memory: an app is not started again key=\"%s\"", app->key);
    }
}

static void start(struct made_app *app)
{
    struct err err = {0};
    if (run(app, &err) == STATUS_OK)
        return;
    log_warn(AREA, "an app could not be started key=\"%s\" cause=\"%s\"", app->key, err.text);
    snprintf(app->ending, sizeof app->ending, "%.79s", err.text);
    wait_for_the_next(app);
}

static void on_again(struct loop_timer *timer)
{
    start(CONTAINER_OF(timer, struct made_app, again));
}

static void halt(struct made_app *app)
{
    struct err err = {0};
    app->phase = MADE_APP_ENDING;
    if (launcher_client_halt(starter_of(app, app->kind_runs), app->slot, app->generation, &err) != STATUS_OK)
        log_warn(AREA, "an app cannot be asked to end key=\"%s\" cause=\"%s\"", app->key, err.text);
}

/* --- its end --- */

static void release(struct made_app *app)
{
    close_output(app);
    loop_timer_cancel(&app->again);
    if (app->description.data)
        explicit_bzero(app->description.data, app->description.size);
    buf_fini(&app->description);
    buf_fini(&app->log);
    list_remove(&app->link);
    app->apps->count--;
    free(app);
}

static void look_whether_stopped(struct made_apps *apps)
{
    if (!apps->stopping || !apps->on_stopped)
        return;
    list_each (it, &apps->all) {
        const struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        if (app->phase == MADE_APP_RUNNING || app->phase == MADE_APP_ENDING)
            return;
    }
    void (*on_stopped)(void *) = apps->on_stopped;
    apps->on_stopped = NULL;
    on_stopped(apps->stopped_context);
}

static void describe_ending(struct made_app *app, int status)
{
    if (WIFEXITED(status))
        snprintf(app->ending, sizeof app->ending, "the process ended with status %d", WEXITSTATUS(status));
    else
        snprintf(app->ending, sizeof app->ending, "the process was ended by signal %d", WTERMSIG(status));
}

static void on_left(void *context, uint32_t slot, uint64_t generation, int status)
{
    const struct made_apps_starter *starter = context;
    struct made_apps *apps = starter->apps;
    list_each (it, &apps->all) {
        struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        if (app->slot != slot || app->generation != generation)
            continue;
        bool asked = app->phase == MADE_APP_ENDING;
        on_output(&app->output, 0); /* what it wrote last */
        describe_ending(app, status);
        note(app, app->ending);
        app->phase = MADE_APP_ENDED;
        if (app->key[0] == '\0')
            release(app);
        else if (app->wanted && !apps->stopping && asked)
            start(app);
        else if (app->wanted && !apps->stopping)
            wait_for_the_next(app);
        break;
    }
    look_whether_stopped(apps);
}

static void on_lost(void *context)
{
    struct made_apps_starter *starter = context;
    struct made_apps *apps = starter->apps;
    starter->lost = true;
    if (!apps->stopping)
        log_error(AREA,
                  "a process that starts apps is gone: its apps do not run until the server is restarted");
    for (struct list *it = apps->all.next, *next; it != &apps->all; it = next) {
        struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        next = it->next;
        if (starter != &apps->starters[app->kind_runs])
            continue;
        loop_timer_cancel(&app->again);
        app->phase = MADE_APP_ENDED;
        snprintf(app->ending, sizeof app->ending, "the process that starts apps is gone: restart the server");
        if (app->key[0] == '\0')
            release(app);
    }
    look_whether_stopped(apps);
}

/* --- the list --- */

enum status made_apps_init(struct made_apps *apps, struct loop *loop,
                           struct launcher_client *const clients[MADE_APP_KINDS], size_t most,
                           struct err *err)
{
    *apps = (struct made_apps){.loop = loop, .authority = apps->authority, .most = most};
    list_init(&apps->all);
    for (int kind = 0; kind < MADE_APP_KINDS; kind++) {
        struct made_apps_starter *starter = &apps->starters[kind];
        const struct launcher_callbacks callbacks = {
            .on_left = on_left, .on_lost = on_lost, .context = starter};
        *starter = (struct made_apps_starter){.apps = apps, .client = clients[kind]};
        enum status status =
            clients[kind] ? launcher_client_watch(clients[kind], loop, &callbacks, err) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void made_apps_stop(struct made_apps *apps, void (*on_stopped)(void *context), void *context)
{
    apps->stopping = true;
    apps->on_stopped = on_stopped;
    apps->stopped_context = context;
    if (!apps->loop) {
        on_stopped(context);
        return;
    }
    list_each (it, &apps->all) {
        struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        loop_timer_cancel(&app->again);
        if (app->phase == MADE_APP_RUNNING)
            halt(app);
    }
    look_whether_stopped(apps);
}

void made_apps_fini(struct made_apps *apps)
{
    while (apps->loop && !list_empty(&apps->all))
        release(CONTAINER_OF(apps->all.next, struct made_app, link));
}

struct made_app *made_apps_find(struct made_apps *apps, struct bytes key)
{
    list_each (it, &apps->all) {
        struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        if (key.size > 0 && bytes_equal_cstr(key, app->key))
            return app;
    }
    return NULL;
}

const struct made_app *made_apps_find_host(struct made_apps *apps, struct bytes host)
{
    list_each (it, &apps->all) {
        const struct made_app *app = CONTAINER_OF(it, struct made_app, link);
        if (app->key[0] && app->host[0] && bytes_equal_nocase(host, bytes_of_cstr(app->host)))
            return app;
    }
    return NULL;
}

static bool slot_is_taken(struct made_apps *apps, uint32_t slot)
{
    list_each (it, &apps->all)
        if (CONTAINER_OF(it, struct made_app, link)->slot == slot)
            return true;
    return false;
}

/* Those that are deleted and still end have a slot, too, of which there are as many again. */
static enum status make(struct made_apps *apps, struct bytes key, struct made_app **ret_app, struct err *err)
{
    size_t living = 0;
    list_each (it, &apps->all)
        living += CONTAINER_OF(it, struct made_app, link)->key[0] != '\0';
    if (living >= apps->most || apps->count >= LAUNCHER_APPS_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "there are %zu apps, as many as there may be (--made-apps)", apps->most);
    struct made_app *app = calloc(1, sizeof *app);
    if (!app)
        return err_no_memory(err);
    if (key.size >= sizeof app->key) {
        free(app);
        return err_set(err, STATUS_TOO_LARGE, "the names of group and app are too long");
    }
    memcpy(app->key, key.data, key.size);
    app->apps = apps;
    app->output = (struct loop_fd){.fd = -1, .on_ready = on_output};
    app->again.on_fire = on_again;
    while (slot_is_taken(apps, app->slot))
        app->slot++;
    list_push_back(&apps->all, &app->link);
    apps->count++;
    *ret_app = app;
    return STATUS_OK;
}

/* True if the process that runs is not the one that is wanted. */
static bool take(struct made_app *app, const struct made_app_wish *wish)
{
    bool same = app->port == wish->port && app->kind == wish->kind &&
                bytes_equal(wish->description, buf_peek(&app->description));
    app->port = wish->port;
    app->kind = wish->kind;
    app->wanted = wish->wanted;
    app->external = wish->external;
    size_t size = wish->host.size < sizeof app->host ? wish->host.size : 0;
    memcpy(app->host, wish->host.data, size);
    app->host[size] = '\0';
    if (!same) {
        if (app->description.data)
            explicit_bzero(app->description.data, app->description.size);
        buf_clear(&app->description);
        buf_append_bytes(&app->description, wish->description);
    }
    return !same || !wish->wanted;
}

enum status made_apps_put(struct made_apps *apps, struct bytes key, const struct made_app_wish *wish,
                          struct err *err)
{
    struct made_app *app = made_apps_find(apps, key);
    const struct made_apps_starter *starter = &apps->starters[wish->kind];
    if (!starter->client || starter->lost || apps->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "no app can be started: %s",
                       apps->stopping ? "the server is stopping" : "restart the server");
    enum status status = app ? STATUS_OK : make(apps, key, &app, err);
    if (status != STATUS_OK)
        return status;
    bool differs = take(app, wish);
    if (buf_status(&app->description) != STATUS_OK)
        return err_no_memory(err);
    if (app->phase == MADE_APP_RUNNING && differs)
        halt(app);
    bool idle = app->phase == MADE_APP_ENDED || app->phase == MADE_APP_WAITING;
    if (idle && differs) {
        loop_timer_cancel(&app->again);
        app->phase = MADE_APP_ENDED;
        app->back_off_ns = 0;
    }
    if (wish->wanted && app->phase == MADE_APP_ENDED)
        start(app);
    return STATUS_OK;
}

void made_apps_remove(struct made_apps *apps, struct bytes key)
{
    struct made_app *app = made_apps_find(apps, key);
    if (!app)
        return;
    app->key[0] = '\0';
    app->wanted = false;
    if (app->phase == MADE_APP_RUNNING)
        halt(app);
    if (app->phase != MADE_APP_ENDING)
        release(app);
}

void made_app_tell(const struct made_app *app, struct control_app_state *ret_state)
{
    static const char *const words[] = {[MADE_APP_ENDED] = "Stopped",
                                        [MADE_APP_RUNNING] = "Running",
                                        [MADE_APP_ENDING] = "Progressing",
                                        [MADE_APP_WAITING] = "Progressing"};
    *ret_state = (struct control_app_state){.status = words[app->phase],
                                            .runs = app->phase == MADE_APP_RUNNING,
                                            .restarts = app->restarts,
                                            .started_unix_ns = app->started_unix_ns,
                                            .log = buf_peek(&app->log),
                                            .log_total = app->log_total};
    bool waits = app->phase == MADE_APP_WAITING;
    if (waits || (app->phase == MADE_APP_ENDED && app->wanted))
        snprintf(ret_state->why, sizeof ret_state->why, "%s%s; its log says more", app->ending,
                 waits ? ", and is started again" : "");
}
