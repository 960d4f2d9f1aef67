/* SPDX-License-Identifier: MIT */
/* compose.c — the list of parts, the walk up (check, start), the wait until all of them answer, and the walk down
 * (stop, destroy). */
#include "cmd/compose.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/health.h"
#include "cmd/log_line.h"
#include "cmd/part.h"
#include "cmd/reload.h"
#include "os/clock.h"

#define AREA              "cmd"
#define READY_PATIENCE_NS (2 * NS_PER_S)  /* before a start that takes long is said to */
#define STANDARD_FDS      3               /* input, output, errors */
#define READY_REMINDER_NS (30 * NS_PER_S) /* between two times that it is said */

/* In the order of the start. The comment at the head of each part's file says why it stands where it does. */
static const struct part *const parts[] = {
    &part_pool,         &part_folder, &part_policy,      &part_launcher, &part_az,        &part_monitor,
    &part_certificates, &part_socket, &part_confinement, &part_traces,   &part_directory, &part_audit,
    &part_scheduler,    &part_grpc,   &part_page,        &part_http,     &part_tls,       &part_port,
    &part_identity,     &part_app,    &part_webhook,     &part_confirm,  &part_apps,      &part_control,
    &part_door,         &part_ready,
};

struct composition {
    struct server server;
    struct option_values settings; /* as they hold now; server.settings */
    struct reload reload;
    struct loop_task look_task; /* whether all parts answer */
    struct loop_timer patience; /* until it is said what is awaited */
    bool ready;                 /* the start is over */
    struct err failure;         /* why it did not succeed */
    bool stopping;
    size_t stop_index; /* of the part that is stopped next, plus one */
    struct loop_task stop_task;
    struct loop_timer stop_timer;
    bool cut_short;
    bool on_terminal[STANDARD_FDS]; /* at the start, and it has to do with it */
};

const struct part *const *compose_parts(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(parts);
    return parts;
}

/* --- up --- */

static enum status walk_up(struct server *server, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_SIZE(parts); i++) {
        if (server_has(server, parts[i]) && parts[i]->start)
            status = parts[i]->start(server, err);
    }
    return status;
}

static enum status check_settings(const struct server *server, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_SIZE(parts); i++) {
        if (server_has(server, parts[i]) && parts[i]->check)
            status = parts[i]->check(server, err);
    }
    return status;
}

/* Their defaults end or stop the process. Sessions get the defaults back (jail/session.c). */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGTTOU, SIGTTIN};
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

/* A `dev` on a terminal ends with it. Its descriptors tell: one of a terminal that is gone has hung up. */
static void look_at_terminal(struct composition *composition)
{
    for (int fd = 0; fd < STANDARD_FDS; fd++)
        composition->on_terminal[fd] = composition->server.command == COMMAND_DEV && isatty(fd);
}

static bool terminal_closed(const struct composition *composition)
{
    for (int fd = 0; fd < STANDARD_FDS; fd++) {
        struct pollfd pollfd = {.fd = fd};
        if (composition->on_terminal[fd] && poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLHUP)
            return true;
    }
    return false;
}

static void on_signal(void *context, int number);
static void look_whether_ready(struct loop_task *task);
static void say_what_is_awaited(struct loop_timer *timer);
static void stop_next(struct loop_task *task);
static void on_stop_timeout(struct loop_timer *timer);

/* ORDER: all settings are looked at before the first part starts: a mistake in the last one costs no half of a
 * start. */
static enum status start(struct composition *composition, struct err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, 0};
    struct server *server = &composition->server;
    enum status status = check_settings(server, err);
    if (status == STATUS_OK)
        status = loop_create(&server->loop, err);
    if (status == STATUS_OK)
        status = loop_signals(server->loop, signals, on_signal, composition, err);
    if (status)
        return status;
    return walk_up(server, err);
}

enum status compose_create(unsigned command, const struct option_values *values,
                           struct composition **ret_composition, struct err *err)
{
    struct composition *composition = calloc(1, sizeof *composition);
    if (!composition)
        return err_no_memory(err);
    composition->settings = *values;
    composition->server = (struct server){
        .command = command,
        .settings = &composition->settings,
        .parts = parts,
        .part_count = ARRAY_SIZE(parts),
        .started_ns = clock_monotonic_ns(),
        .memory_fd = -1,
        .data = FOLDER_HANDLE_NONE,
        .ready_folder = FOLDER_HANDLE_NONE,
    };
    composition->look_task.on_run = look_whether_ready;
    composition->patience.on_fire = say_what_is_awaited;
    composition->stop_index = ARRAY_SIZE(parts);
    composition->stop_task.on_run = stop_next;
    composition->stop_timer.on_fire = on_stop_timeout;
    ignore_signals();
    look_at_terminal(composition);
    enum status status = start(composition, err);
    if (status != STATUS_OK) {
        compose_destroy(composition);
        return status;
    }
    *ret_composition = composition;
    return STATUS_OK;
}

/* --- ready --- */

static enum status look_for_hope(struct composition *composition)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_SIZE(parts); i++) {
        if (server_has(&composition->server, parts[i]) && parts[i]->hopeless)
            status = parts[i]->hopeless(&composition->server, &composition->failure);
    }
    return status;
}

void server_changed(struct server *server)
{
    struct composition *composition = CONTAINER_OF(server, struct composition, server);
    if (!composition->ready && !composition->stopping)
        loop_defer(server->loop, &composition->look_task);
}

static void look_whether_ready(struct loop_task *task)
{
    struct composition *composition = CONTAINER_OF(task, struct composition, look_task);
    struct server *server = &composition->server;
    if (composition->ready || composition->stopping)
        return;
    /* ORDER: what can never come up is said before what may: nobody waits in vain. */
    if (look_for_hope(composition) != STATUS_OK) {
        loop_stop(server->loop);
        return;
    }
    char cause[480];
    if (!health_started(server, cause, sizeof cause))
        return;
    composition->ready = true;
    loop_timer_cancel(&composition->patience);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (server_has(server, parts[i]) && parts[i]->announce)
            parts[i]->announce(server);
    }
}

static void be_patient(struct composition *composition, int64_t patience_ns)
{
    struct loop *loop = composition->server.loop;
    if (loop_timer_set(loop, &composition->patience, loop_now(loop) + patience_ns) != STATUS_OK)
        log_error(AREA, "out of memory: a start that takes long will not be told of");
}

/* A start that takes long says why, again and again. */
static void say_what_is_awaited(struct loop_timer *timer)
{
    struct composition *composition = CONTAINER_OF(timer, struct composition, patience);
    char cause[480];
    if (!health_started(&composition->server, cause, sizeof cause))
        log_warn(AREA, "not ready yet cause=\"%s\"", cause);
    server_changed(&composition->server);
    be_patient(composition, READY_REMINDER_NS);
}

/* --- down --- */

static void stop_next(struct loop_task *task)
{
    struct composition *composition = CONTAINER_OF(task, struct composition, stop_task);
    struct server *server = &composition->server;
    while (composition->stop_index > 0) {
        const struct part *part = parts[--composition->stop_index];
        if (server_has(server, part) && part->stop) {
            part->stop(server);
            return;
        }
    }
    loop_timer_cancel(&composition->stop_timer);
    loop_stop(server->loop);
}

/* Never goes on inside the caller: it may be called from what is being stopped. */
void server_part_stopped(void *server)
{
    struct composition *composition = CONTAINER_OF((struct server *)server, struct composition, server);
    loop_defer(composition->server.loop, &composition->stop_task);
}

static void cut_short(struct composition *composition, const char *why)
{
    log_warn(AREA, "stopping at once cause=\"%s\"", why);
    composition->cut_short = true;
    loop_stop(composition->server.loop);
}

static void on_stop_timeout(struct loop_timer *timer)
{
    cut_short(CONTAINER_OF(timer, struct composition, stop_timer),
              "the orderly stop took longer than shutdown-timeout");
}

static void read_settings_again(struct composition *composition)
{
    CLEANUP(buf_fini) struct buf changed = {0};
    CLEANUP(buf_fini) struct buf restart = {0};
    struct err why = {0};
    if (reload_settings(&composition->reload, &composition->settings, &changed, &restart, &why) !=
        STATUS_OK) {
        log_error(AREA, "the settings are as before, the file was not taken cause=\"%s\"", why.text);
        return;
    }
    log_info(AREA, "the settings were read again changed=%.*s", BYTES_FMT(buf_peek(&changed)));
    if (restart.size)
        log_warn(AREA, "settings differ that need a restart settings=%.*s", BYTES_FMT(buf_peek(&restart)));
    enum log_level least;
    if (log_level_parse(setting_text(&composition->settings, "log-level"), &least))
        log_set_least(least);
}

static void on_signal(void *context, int number)
{
    struct composition *composition = context;
    struct server *server = &composition->server;
    if (number == SIGHUP && !terminal_closed(composition)) {
        read_settings_again(composition);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            if (server_has(server, parts[i]) && parts[i]->reload)
                parts[i]->reload(server);
        }
        return;
    }
    if (composition->stopping) {
        cut_short(composition, "a second signal");
        return;
    }
    log_info(AREA, "stopping signal=%d", number);
    composition->stopping = true;
    loop_timer_cancel(&composition->patience);
    int64_t patience_ns = setting_number(server->settings, "shutdown-timeout");
    if (loop_timer_set(server->loop, &composition->stop_timer, loop_now(server->loop) + patience_ns) !=
        STATUS_OK)
        log_warn(AREA, "out of memory: the stop has no time limit");
    server_part_stopped(server);
}

enum status compose_run(struct composition *composition, struct err *err)
{
    be_patient(composition, READY_PATIENCE_NS);
    server_changed(&composition->server);
    enum status status = loop_run(composition->server.loop, err);
    if (status == STATUS_OK && composition->failure.status != STATUS_OK) {
        *err = composition->failure;
        return composition->failure.status;
    }
    if (status == STATUS_OK && composition->cut_short)
        return err_set(err, STATUS_CANCELLED, "the orderly stop was cut short");
    return status;
}

/* ORDER: against that of the start, also behind a start that failed: a part finds all that it was built upon. */
void compose_destroy(struct composition *composition)
{
    if (!composition)
        return;
    struct server *server = &composition->server;
    if (server->loop) {
        loop_timer_cancel(&composition->patience);
        loop_timer_cancel(&composition->stop_timer);
    }
    for (size_t i = ARRAY_SIZE(parts); i > 0; i--) {
        if (server_has(server, parts[i - 1]) && parts[i - 1]->destroy)
            parts[i - 1]->destroy(server);
    }
    loop_destroy(server->loop);
    reload_fini(&composition->reload);
    free(composition);
}
