/* SPDX-License-Identifier: MIT */
/* stack.c — start, signals, and the orderly stop as a list of steps. */
#include "cmd/stack.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/front.h"
#include "cmd/health.h"
#include "cmd/host_names.h"
#include "cmd/own_user.h"
#include "cmd/ready.h"
#include "cmd/state_dir.h"
#include "cmd/weaker.h"
#include "jail/confine.h"
#include "jail/data_root.h"
#include "net/listener.h"
#include "os/clock.h"
#include "svc/pool/session/tier_process.h"

#define AREA              "cmd"
#define POLL_READY_NS     (5 * NS_PER_MS) /* between two looks whether everything answers */
#define READY_PATIENCE_NS (2 * NS_PER_S)  /* before a start that takes long is said to */
#define READY_REMINDER_NS (30 * NS_PER_S)
#define HOST_DEFAULT      "127.0.0.1" /* of the setting `host` */
#define HUBS_MAX          100
#define POOL_NAME_MAX     60 /* bytes; make_addresses has room for it */
#define SLOTS_SPARE       16 /* sessions that are being ended */
#define POOL_PATH         "/subscriptions/local/resourceGroups/local/sessionPools/"

struct stack {
    unsigned command;
    const struct option_values *settings;
    struct loop *loop;
    char *data_dir;            /* as people write it */
    struct folder_handle data; /* the same, for this process */
    struct folder_handle ready_folder;
    char ready_path[PATH_MAX]; /* of the ready file, through the handle; "": none is wanted */
    char *hub_names;           /* cut into names */
    const char *hub;           /* of the connection string: the app's, else the first of hub_names */
    struct host_names names;
    struct http_server *http;
    struct grpc_server *grpc;
    struct listener *listener;
    struct pool_service *pool;
    struct scheduler *scheduler;
    struct app_service *app;
    struct health health;
    struct front front;
    struct addresses addresses;
    struct loop_timer ready_timer;
    int64_t patience_ends_ns;            /* monotonic: when it is next said that the start takes long */
    char data_root[DATA_ROOT_PATH_SIZE]; /* of jail/data_root.h */
    struct err failure;                  /* why the start did not succeed */
    bool ready;                          /* the ready file says so */
    bool stopping;
    size_t stop_step; /* index in stop_steps */
    struct loop_task stop_task;
    struct loop_timer stop_timer;
    bool cut_short;
};

/* --- start --- */

/* What root can reach and the user of the server perhaps cannot is opened before the change. */
static enum status open_folders(struct stack *s, char ret_ready_folder[PATH_MAX], struct err *e)
{
    const char *ready = setting_text(s->settings, "ready-file");
    enum status status = s->data_dir ? folder_handle_open(s->data_dir, &s->data, e) : STATUS_OK;
    if (status != STATUS_OK || !ready)
        return status;

    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s", ready);
    snprintf(ret_ready_folder, PATH_MAX, "%s", ready);
    (void)dirname(ret_ready_folder);
    status = folder_handle_open(ret_ready_folder, &s->ready_folder, e);
    if (status == STATUS_OK)
        snprintf(s->ready_path, sizeof s->ready_path, "%s/%s", s->ready_folder.path, basename(name));
    return status;
}

/* The server gives up what it does not need: from here on it may write below its data folder and into
 * sessions only. Threads inherit this, so it comes before the first of them. */
static enum status confine(struct stack *s, struct err *e)
{
    char ready_folder[PATH_MAX] = "";
    enum status status = open_folders(s, ready_folder, e);
    if (status != STATUS_OK)
        return status;
    const char *write_paths[2] = {s->ready_path[0] ? s->ready_folder.path : NULL, NULL};
    struct own_user user;
    status = own_user_settle(setting_text(s->settings, "user"), s->data_dir, write_paths[0], ready_folder,
                             &user, e);
    if (status != STATUS_OK)
        return status;
    const struct confine_options o = {.uid = user.uid,
                                      .data_dir = s->data_dir ? s->data.path : NULL,
                                      .data_root = s->pool ? s->data_root : NULL,
                                      .write_paths = write_paths};
    struct confine_report report = {.detail = ""};
    status = confine_enter(&o, &report, e);
    if (status != STATUS_OK)
        return status;
    s->health.confined = report.detail[0] == '\0';
    snprintf(s->health.confine_detail, sizeof s->health.confine_detail, "%s",
             user.why[0] ? user.why : report.detail);
    snprintf(s->health.confine_json, sizeof s->health.confine_json,
             "{\"user\":%u,\"capabilities\":[],\"systemCallFilter\":%s,\"landlockAbi\":%d}",
             (unsigned)report.uid, report.filter ? "true" : "false", report.landlock_abi);
    if (!s->health.confined)
        log_warn(AREA, "the server process is not wholly confined cause=\"%s\"", s->health.confine_detail);
    return STATUS_OK;
}

static enum status start_pool(struct stack *s, struct err *e)
{
    const struct option_values *v = s->settings;
    enum status status = data_root_make(s->data_root, e);
    if (status != STATUS_OK)
        return status;
    const struct keeper_options keeper = {
        .sessions_max =
            (uint32_t)(setting_number(v, "max-sessions") + setting_number(v, "ready-sessions")) + SLOTS_SPARE,
        .session_paths = setting_text(v, "session-path"),
        .limits =
            {
                .memory_bytes = (uint64_t)setting_number(v, "session-memory"),
                .tasks = (uint32_t)setting_number(v, "session-tasks"),
                .cpu_percent = (uint32_t)setting_number(v, "session-cpu-percent"),
                .data_bytes = (uint64_t)setting_number(v, "session-data"),
                .read_bytes = (uint64_t)setting_number(v, "session-disk-read"),
                .strict_proc = setting_flag(v, "strict-proc"),
                .strict_locks = setting_flag(v, "strict-locks"),
            },
    };
    const struct process_tier_options tier = {.keeper = keeper, .data_root = s->data_root};
    struct pool_service_options o = {
        .name = setting_text(v, "pool-name"),
        .sessions_max = (uint32_t)setting_number(v, "max-sessions"),
        .sessions_ready = (uint32_t)setting_number(v, "ready-sessions"),
        .cooldown_ns = setting_number(v, "cooldown"),
        .execution_max_ns = setting_number(v, "execution-timeout-max"),
        .upload_size_max = (size_t)setting_number(v, "upload-size-max"),
        .body_size_max = (size_t)setting_number(v, "call-size-max"),
        .output_size_max = (size_t)setting_number(v, "output-size-max"),
        .result_size_max = (size_t)setting_number(v, "result-size-max"),
        .uploads_size_max = (size_t)setting_number(v, "uploads-memory"),
        .memory_size_max = (size_t)setting_number(v, "pool-memory"),
        .lenient_versions = setting_flag(v, "lenient-versions"),
        .plain_numbers = setting_flag(v, "plain-numbers"),
        .isolation_wait_ns = setting_number(v, "isolation-wait"),
        .tier_options = &tier,
    };
    return pool_service_create(s->loop, &o, &s->pool, e);
}

/* The names of `task-hubs`, cut in place; returns how many. */
static size_t split_names(char *text, const char **ret_names, size_t names_max)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *name = strtok_r(text, ", ", &rest); name && count < names_max;
         name = strtok_r(NULL, ", ", &rest))
        ret_names[count++] = name;
    return count;
}

static enum status start_scheduler(struct stack *s, struct err *e)
{
    CLEANUP(arena_fini) struct arena a = {0};
    char *path = arena_fmt(&a, "%s/scheduler.db", s->data.path);
    char *shown = arena_fmt(&a, "%s/scheduler.db", s->data_dir);
    s->hub_names = strdup(setting_text(s->settings, "task-hubs"));
    if (!path || !shown || !s->hub_names)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    const char *hubs[HUBS_MAX + 1]; /* and the app's */
    size_t hub_count = split_names(s->hub_names, hubs, HUBS_MAX);
    if (hub_count == 0)
        return err_set(e, STATUS_INVALID_ARGUMENT, "task-hubs: at least one name is needed");
    s->hub = hubs[0];
    if (s->command == COMMAND_DEV)
        s->hub = hubs[hub_count++] = setting_text(s->settings, "app-hub");
    struct scheduler_options o = {
        .store = {.path = path, .shown = shown},
        .hubs = hubs,
        .hub_count = hub_count,
        .hubs_dynamic = setting_flag(s->settings, "dynamic-task-hubs"),
        .large_message_agents = setting_text(s->settings, "large-message-agents"),
        .engine = {.payload_size_max = (size_t)setting_number(s->settings, "payload-size-max"),
                   .payload_resident_size_max = (size_t)setting_number(s->settings, "resident-size-max"),
                   .history_resident_size_max = (size_t)setting_number(s->settings, "resident-size-max"),
                   .activity_lease_ns = setting_number(s->settings, "activity-lease")},
    };
    enum status status = scheduler_create(s->loop, &o, &s->scheduler, e);
    if (status != STATUS_OK)
        return status;
    struct grpc_handler handler = scheduler_handler(s->scheduler);
    const struct grpc_server_limits limits = {
        .ping_interval_ns = setting_number(s->settings, "peer-ping-interval"),
        .ping_timeout_ns = setting_number(s->settings, "peer-ping-timeout"),
    };
    status = grpc_server_create(s->loop, &limits, &handler, &s->grpc, e);
    if (status == STATUS_OK)
        scheduler_attach(s->scheduler, s->grpc);
    return status;
}

static enum status start_port(struct stack *s, struct err *e)
{
    struct listener_options o = {
        .host = setting_text(s->settings, "host"),
        .port = (uint16_t)setting_number(s->settings, "port"),
        .loopback_v6 = strcmp(setting_text(s->settings, "host"), HOST_DEFAULT) == 0,
        .http = s->http,
        .grpc = s->grpc,
        .allow_remote = setting_flag(s->settings, "insecure-no-auth"),
    };
    enum status status = listener_open(s->loop, &o, &s->listener, e);
    if (status == STATUS_IO) { /* most often: another server is there */
        struct err why = *e;
        (void)err_set(e, status, "%s (choose another with --port or --host)", why.text);
    }
    return status;
}

static void add_hub_name(void *context, struct bytes name, uint64_t unfinished)
{
    (void)unfinished;
    char *names = context;
    size_t used = strlen(names);
    snprintf(names + used, ADDRESSES_HUBS_SIZE - used, "%s%.*s", used ? ", " : "", BYTES_FMT(name));
}

/* Whoever names another hub than before must not wonder where the requests are. */
static void say_where_work_is(void *context, struct bytes name, uint64_t unfinished)
{
    const struct stack *s = context;
    if (unfinished && !bytes_equal_nocase(name, bytes_of_cstr(s->hub)))
        log_warn(AREA,
                 "a task hub that is not the app's holds unfinished instances hub=%.*s instances=%llu "
                 "app-hub=%s",
                 BYTES_FMT(name), (unsigned long long)unfinished, s->hub);
}

/* Where each part can be reached, as others write it. */
static void make_addresses(struct stack *s)
{
    struct addresses *a = &s->addresses;
    const char *host = setting_text(s->settings, "host");
    if (strcmp(host, HOST_DEFAULT) == 0) /* what the vendor's samples compare with, to skip credentials */
        host = "localhost";
    const char *open = strchr(host, ':') ? "[" : "";
    snprintf(a->url, sizeof a->url, "http://%s%.100s%s:%u", open, host, *open ? "]" : "",
             listener_port(s->listener));
    if (s->pool && s->command == COMMAND_DEV)
        snprintf(a->pool_url, sizeof a->pool_url, "%.120s" POOL_PATH "%.60s", a->url,
                 setting_text(s->settings, "pool-name"));
    else if (s->pool)
        snprintf(a->pool_url, sizeof a->pool_url, "%s", a->url);
    if (s->scheduler)
        snprintf(a->connection_string, sizeof a->connection_string,
                 "Endpoint=%.120s;TaskHub=%.100s;Authentication=None", a->url, s->hub);
    if (s->scheduler)
        scheduler_hubs(s->scheduler, add_hub_name, a->hubs);
    a->data_dir = s->data_dir;
}

/* It stands in URLs as it is. */
static bool is_pool_name(struct bytes name)
{
    const struct bytes marks = BYTES_LITERAL("-_.");
    for (size_t i = 0; i < name.size; i++)
        if (!ascii_alnum(name.data[i]) && bytes_find(marks, bytes_slice(name, i, 1)) == marks.size)
            return false;
    return name.size <= POOL_NAME_MAX;
}

/* What can be said to be wrong before anything is started. */
static enum status check_settings(const struct stack *s, struct err *e)
{
    const char *compat = setting_text(s->settings, "compat");
    if (compat && strcmp(compat, "sample") != 0)
        return err_set(e, STATUS_INVALID_ARGUMENT,
                       "compat: \"%.40s\" is not known; the only mode is \"sample\"", compat);
    const char *pool_name = setting_text(s->settings, "pool-name");
    if (!is_pool_name(bytes_of_cstr(pool_name)))
        return err_set(e, STATUS_INVALID_ARGUMENT,
                       "pool-name: \"%.80s\" must be 1 to %d letters, digits, '-', '_' or '.'", pool_name,
                       POOL_NAME_MAX);
    enum status status = weaker_check_names(setting_text(s->settings, "require"), e);
    if (status != STATUS_OK)
        return status;
    const char *ready = setting_text(s->settings, "ready-file");
    return ready ? ready_file_prepare(ready, e) : STATUS_OK;
}

static enum status start_app(struct stack *s, struct err *e)
{
    const struct option_values *v = s->settings;
    bool alone = s->command == COMMAND_APP;
    struct app_options o = {
        .connection_string = alone ? setting_text(v, "scheduler") : s->addresses.connection_string,
        .pool_url = alone ? setting_text(v, "session-pool-url") : s->addresses.pool_url,
        .pool_token = alone ? setting_text(v, "session-pool-token") : NULL,
        .scheduler_token = alone ? setting_text(v, "scheduler-token") : NULL,
        .approval_timeout_ns = setting_number(v, "approval-timeout"),
        .run_timeout_ns = setting_number(v, "run-timeout"),
        .code_size_max = (size_t)setting_number(v, "code-size-max"),
        .compat_sample = setting_text(v, "compat") != NULL,
        .isolation_wait_ns = setting_number(v, "isolation-wait"),
        .stop_grace_ns = setting_number(v, "shutdown-timeout") * 3 / 4,
    };
    return app_service_create(s->loop, &o, &s->app, e);
}

static enum status start_http(struct stack *s, struct err *e)
{
    enum status status = host_names_init(&s->names, setting_text(s->settings, "host"),
                                         setting_text(s->settings, "host-names"), e);
    if (status == STATUS_OK)
        status = http_server_create(s->loop, NULL, &s->http, e);
    if (status == STATUS_OK)
        http_server_known_as(s->http, &s->names.site);
    if (status == STATUS_OK && !s->grpc) /* HTTP/2 is spoken by every command */
        status = grpc_server_create(s->loop, NULL, NULL, &s->grpc, e);
    if (status == STATUS_OK) {
        grpc_server_known_as(s->grpc, &s->names.site);
        grpc_server_set_http(s->grpc, s->http);
    }
    if (status == STATUS_OK && setting_flag(s->settings, "access-log"))
        front_log_access(s->http);
    return status;
}

/* ORDER: after the last service was made, since its routes are rows like all others; nobody is served before. */
static enum status mount_routes(struct stack *s, struct err *e)
{
    s->health.pool = s->pool;
    s->health.scheduler = s->scheduler;
    s->health.app = s->app;
    health_init(&s->health);
    front_init(&s->front, &s->health);
    if (s->app)
        front_add(&s->front, app_service_part(s->app));
    if (s->pool)
        front_add(&s->front, pool_service_part(s->pool, s->command == COMMAND_POOL));
    return front_mount(&s->front, s->http, e);
}

static void on_signal(void *context, int signal);

static enum status start(struct stack *s, struct err *e)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, 0};
    enum status status = check_settings(s, e);
    if (status == STATUS_OK)
        status = loop_create(&s->loop, e);
    if (status == STATUS_OK)
        status = loop_signals(s->loop, signals, on_signal, s, e);
    if (status == STATUS_OK && (s->command & (COMMAND_DEV | COMMAND_POOL)))
        status = start_pool(s, e);
    umask(
        077); /* what is written from here on is the owner's; the keeper, which builds roots, is not meant */
    bool keeps_state = (s->command & (COMMAND_DEV | COMMAND_SCHEDULER)) != 0;
    if (status == STATUS_OK && keeps_state)
        status = state_dir_open(setting_text(s->settings, "data"), &s->data_dir, e);
    if (status == STATUS_OK)
        status = confine(s, e);
    if (status == STATUS_OK && keeps_state)
        status = start_scheduler(s, e);
    if (status == STATUS_OK)
        status = start_http(s, e);
    if (status == STATUS_OK)
        status = start_port(s, e);
    if (status != STATUS_OK)
        return status;
    make_addresses(s);
    if (s->command & (COMMAND_DEV | COMMAND_APP))
        status = start_app(s, e);
    return status == STATUS_OK ? mount_routes(s, e) : status;
}

/* Their defaults end or stop the process. Sessions get the defaults back (jail/session.c). */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGTTOU, SIGTTIN};
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

enum status stack_create(unsigned command, const struct option_values *v, struct stack **ret_stack,
                         struct err *e)
{
    struct stack *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    s->command = command;
    s->data = FOLDER_HANDLE_NONE;
    s->ready_folder = FOLDER_HANDLE_NONE;
    s->settings = v;
    weaker_note_command();
    ignore_signals();
    enum status status = start(s, e);
    if (status != STATUS_OK) {
        stack_destroy(s);
        return status;
    }
    *ret_stack = s;
    return STATUS_OK;
}

/* --- ready --- */

/* A start that takes long says why, again and again. */
static void say_what_is_awaited(struct stack *s, const char *what)
{
    int64_t now_ns = loop_now(s->loop);
    if (!s->patience_ends_ns)
        s->patience_ends_ns = now_ns + READY_PATIENCE_NS;
    if (now_ns < s->patience_ends_ns)
        return;
    s->patience_ends_ns = now_ns + READY_REMINDER_NS;
    log_warn(AREA, "not ready yet cause=\"%s\"", what);
}

static void look_whether_ready(struct loop_timer *t)
{
    struct stack *s = CONTAINER_OF(t, struct stack, ready_timer);
    struct pool_report pool = {.final = false};
    if (s->pool)
        pool = pool_service_facts(s->pool);
    if (pool.final) {
        (void)err_set(&s->failure, STATUS_UNAVAILABLE,
                      "sessions cannot be started: %s; try: sallyport doctor", pool.lost);
        loop_stop(s->loop);
        return;
    }
    enum status status = STATUS_OK;
    if (s->pool)
        status = weaker_check_required(setting_text(s->settings, "require"), pool.degraded, &s->failure);
    if (status != STATUS_OK) {
        loop_stop(s->loop);
        return;
    }
    char cause[480];
    if (!health_started(&s->health, cause, sizeof cause)) {
        say_what_is_awaited(s, cause);
        if (loop_timer_set(s->loop, t, loop_now(s->loop) + POLL_READY_NS) != STATUS_OK)
            log_error(AREA, "out of memory");
        return;
    }
    if (s->pool)
        weaker_say(pool.degraded, setting_number(s->settings, "session-memory"),
                   setting_number(s->settings, "session-tasks"));
    ready_banner(&s->addresses, s->app != NULL);
    if (s->app && s->scheduler)
        scheduler_hubs(s->scheduler, say_where_work_is, s);
    struct err e = {0};
    if (!s->ready_path[0])
        return;
    s->ready = ready_file_write(s->ready_path, &s->addresses, &e) == STATUS_OK;
    if (!s->ready)
        log_error(AREA, "ready file not written cause=\"%s\"", e.text);
}

/* --- stop --- */

static void step_done(void *context);

static void stop_listener(struct stack *s)
{
    loop_timer_cancel(&s->ready_timer);
    listener_close(s->listener);
    s->listener = NULL;
    step_done(s);
}

static void stop_app(struct stack *s)
{
    if (s->app)
        app_service_stop(s->app, step_done, s);
    else
        step_done(s);
}

static void stop_http(struct stack *s)
{
    http_server_drain(s->http, step_done, s);
}

static void stop_scheduler(struct stack *s)
{
    if (s->scheduler)
        scheduler_stop(s->scheduler, step_done, s); /* and the gRPC server with it */
    else if (s->grpc)
        grpc_server_drain(s->grpc, step_done, s);
    else
        step_done(s);
}

static void stop_loop(struct stack *s)
{
    loop_timer_cancel(&s->stop_timer);
    loop_stop(s->loop);
}

/* Each step calls step_done once, now or later. */
static void (*const stop_steps[])(struct stack *s) = {stop_listener, stop_app, stop_http, stop_scheduler,
                                                      stop_loop};

static void run_stop_step(struct loop_task *t)
{
    struct stack *s = CONTAINER_OF(t, struct stack, stop_task);
    if (s->stop_step < ARRAY_SIZE(stop_steps))
        stop_steps[s->stop_step++](s);
}

/* Never goes on inside the caller: a step may be called from what it stops. */
static void step_done(void *context)
{
    struct stack *s = context;
    loop_defer(s->loop, &s->stop_task);
}

static void cut_short(struct stack *s, const char *why)
{
    log_warn(AREA, "stopping at once cause=\"%s\"", why);
    s->cut_short = true;
    loop_stop(s->loop);
}

static void on_stop_timeout(struct loop_timer *t)
{
    cut_short(CONTAINER_OF(t, struct stack, stop_timer),
              "the orderly stop took longer than shutdown-timeout");
}

/* It tells of a server that can be reached; from here on this one cannot. */
static void remove_ready_file(struct stack *s)
{
    if (s->ready && unlink(s->ready_path) != 0)
        log_warn(AREA, "the ready file stays path=\"%s\" cause=\"%s\"",
                 setting_text(s->settings, "ready-file"), strerror(errno));
}

static void on_signal(void *context, int number)
{
    struct stack *s = context;
    /* A terminal that closes ends what runs in it; a service is told in vain, for it reads its settings at
     * the start only. */
    if (number == SIGHUP && s->command != COMMAND_DEV) {
        log_info(AREA, "nothing is read again, restart instead signal=%d", number);
        return;
    }
    if (s->stopping) {
        cut_short(s, "a second signal");
        return;
    }
    remove_ready_file(s);
    log_info(AREA, "stopping signal=%d", number);
    s->stopping = true;
    s->stop_timer.on_fire = on_stop_timeout;
    int64_t patience_ns = setting_number(s->settings, "shutdown-timeout");
    if (loop_timer_set(s->loop, &s->stop_timer, loop_now(s->loop) + patience_ns) != STATUS_OK)
        log_warn(AREA, "out of memory: the stop has no time limit");
    step_done(s);
}

enum status stack_run(struct stack *s, struct err *e)
{
    s->stop_task.on_run = run_stop_step;
    s->ready_timer.on_fire = look_whether_ready;
    enum status status = loop_timer_set(s->loop, &s->ready_timer, loop_now(s->loop));
    if (status == STATUS_OK)
        status = loop_run(s->loop, e);
    if (status == STATUS_OK && s->failure.status != STATUS_OK) {
        *e = s->failure;
        return s->failure.status;
    }
    if (status == STATUS_OK && s->cut_short)
        exit(1); /* what was acknowledged is on disk; the keeper ends its sessions when our socket closes */
    return status;
}

void stack_destroy(struct stack *s)
{
    if (!s)
        return;
    listener_close(s->listener);
    app_service_destroy(s->app);
    http_server_destroy(s->http);
    host_names_fini(&s->names);
    front_fini(&s->front);
    grpc_server_destroy(s->grpc);
    scheduler_destroy(s->scheduler);
    pool_service_destroy(s->pool);
    loop_destroy(s->loop);
    free(s->hub_names);
    free(s->data_dir);
    folder_handle_close(&s->data);
    folder_handle_close(&s->ready_folder);
    free(s);
}
