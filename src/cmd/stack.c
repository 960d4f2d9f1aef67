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
#include "cmd/tls_setup.h"
#include "cmd/weaker.h"
#include "jail/confine.h"
#include "jail/data_root.h"
#include "net/listener.h"
#include "os/clock.h"
#include "svc/pool/session/tier_process.h"
#include "svc/scheduler/http/scheduler_http.h"

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
    struct scheduler_http *scheduler_http;
    struct app_service *app;
    struct health health;
    struct front front;
    struct addresses addresses; /* for others … */
    struct addresses inner;     /* … and for the app of this process, which needs no TLS to itself */
    struct tls_setup tls;
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
static enum status open_folders(struct stack *stack, char ret_ready_folder[PATH_MAX], struct err *err)
{
    const char *ready = setting_text(stack->settings, "ready-file");
    enum status status = stack->data_dir ? folder_handle_open(stack->data_dir, &stack->data, err) : STATUS_OK;
    if (status != STATUS_OK || !ready)
        return status;

    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s", ready);
    snprintf(ret_ready_folder, PATH_MAX, "%s", ready);
    (void)dirname(ret_ready_folder);
    status = folder_handle_open(ret_ready_folder, &stack->ready_folder, err);
    if (status == STATUS_OK)
        snprintf(stack->ready_path, sizeof stack->ready_path, "%s/%s", stack->ready_folder.path,
                 basename(name));
    return status;
}

/* The server gives up what it does not need: from here on it may write below its data folder and into
 * sessions only. Threads inherit this, so it comes before the first of them. */
static enum status confine(struct stack *stack, struct err *err)
{
    char ready_folder[PATH_MAX] = "";
    enum status status = open_folders(stack, ready_folder, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(arena_fini) struct arena arena = {0};
    const char *read_paths[TLS_SETUP_FOLDERS];
    status = tls_setup_folders(stack->settings, &arena, read_paths, err);
    if (status != STATUS_OK)
        return status;
    const char *write_paths[2] = {stack->ready_path[0] ? stack->ready_folder.path : NULL, NULL};
    struct own_user user;
    status = own_user_settle(setting_text(stack->settings, "user"), stack->data_dir, write_paths[0],
                             ready_folder, &user, err);
    if (status != STATUS_OK)
        return status;
    const struct confine_options options = {.uid = user.uid,
                                            .data_dir = stack->data_dir ? stack->data.path : NULL,
                                            .data_root = stack->pool ? stack->data_root : NULL,
                                            .write_paths = write_paths,
                                            .read_paths = read_paths};
    struct confine_report report = {.detail = ""};
    status = confine_enter(&options, &report, err);
    if (status != STATUS_OK)
        return status;
    stack->health.confined = report.detail[0] == '\0';
    snprintf(stack->health.confine_detail, sizeof stack->health.confine_detail, "%s",
             user.why[0] ? user.why : report.detail);
    snprintf(stack->health.confine_json, sizeof stack->health.confine_json,
             "{\"user\":%u,\"capabilities\":[],\"systemCallFilter\":%s,\"landlockAbi\":%d}",
             (unsigned)report.uid, report.filter ? "true" : "false", report.landlock_abi);
    if (!stack->health.confined)
        log_warn(AREA, "the server process is not wholly confined cause=\"%s\"",
                 stack->health.confine_detail);
    return STATUS_OK;
}

static enum status start_pool(struct stack *stack, struct err *err)
{
    const struct option_values *values = stack->settings;
    enum status status = data_root_make(stack->data_root, err);
    if (status != STATUS_OK)
        return status;
    const struct keeper_options keeper = {
        .sessions_max =
            (uint32_t)(setting_number(values, "max-sessions") + setting_number(values, "ready-sessions")) +
            SLOTS_SPARE,
        .session_paths = setting_text(values, "session-path"),
        .limits =
            {
                .memory_bytes = (uint64_t)setting_number(values, "session-memory"),
                .tasks = (uint32_t)setting_number(values, "session-tasks"),
                .cpu_percent = (uint32_t)setting_number(values, "session-cpu-percent"),
                .data_bytes = (uint64_t)setting_number(values, "session-data"),
                .read_bytes = (uint64_t)setting_number(values, "session-disk-read"),
                .strict_proc = setting_flag(values, "strict-proc"),
                .strict_locks = setting_flag(values, "strict-locks"),
            },
    };
    const struct process_tier_options tier = {.keeper = keeper, .data_root = stack->data_root};
    struct pool_service_options options = {
        .name = setting_text(values, "pool-name"),
        .sessions_max = (uint32_t)setting_number(values, "max-sessions"),
        .sessions_ready = (uint32_t)setting_number(values, "ready-sessions"),
        .cooldown_ns = setting_number(values, "cooldown"),
        .execution_max_ns = setting_number(values, "execution-timeout-max"),
        .upload_size_max = (size_t)setting_number(values, "upload-size-max"),
        .body_size_max = (size_t)setting_number(values, "call-size-max"),
        .output_size_max = (size_t)setting_number(values, "output-size-max"),
        .result_size_max = (size_t)setting_number(values, "result-size-max"),
        .uploads_size_max = (size_t)setting_number(values, "uploads-memory"),
        .memory_size_max = (size_t)setting_number(values, "pool-memory"),
        .lenient_versions = setting_flag(values, "lenient-versions"),
        .plain_numbers = setting_flag(values, "plain-numbers"),
        .isolation_wait_ns = setting_number(values, "isolation-wait"),
        .tier_options = &tier,
    };
    return pool_service_create(stack->loop, &options, &stack->pool, err);
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

static enum status start_scheduler(struct stack *stack, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    char *path = arena_fmt(&arena, "%s/scheduler.db", stack->data.path);
    char *shown = arena_fmt(&arena, "%s/scheduler.db", stack->data_dir);
    stack->hub_names = strdup(setting_text(stack->settings, "task-hubs"));
    if (!path || !shown || !stack->hub_names)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    const char *hubs[HUBS_MAX + 1]; /* and the app's */
    size_t hub_count = split_names(stack->hub_names, hubs, HUBS_MAX);
    if (hub_count == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "task-hubs: at least one name is needed");
    stack->hub = hubs[0];
    if (stack->command == COMMAND_DEV)
        stack->hub = hubs[hub_count++] = setting_text(stack->settings, "app-hub");
    struct scheduler_options options = {
        .store = {.path = path, .shown = shown},
        .hubs = hubs,
        .hub_count = hub_count,
        .hubs_dynamic = setting_flag(stack->settings, "dynamic-task-hubs"),
        .hubs_managed = setting_flag(stack->settings, "manage-task-hubs"),
        .large_message_agents = setting_text(stack->settings, "large-message-agents"),
        .engine = {.payload_size_max = (size_t)setting_number(stack->settings, "payload-size-max"),
                   .payload_resident_size_max = (size_t)setting_number(stack->settings, "resident-size-max"),
                   .history_resident_size_max = (size_t)setting_number(stack->settings, "resident-size-max"),
                   .activity_lease_ns = setting_number(stack->settings, "activity-lease")},
    };
    enum status status = scheduler_create(stack->loop, &options, &stack->scheduler, err);
    if (status != STATUS_OK)
        return status;
    struct grpc_handler handler = scheduler_handler(stack->scheduler);
    const struct grpc_server_limits limits = {
        .ping_interval_ns = setting_number(stack->settings, "peer-ping-interval"),
        .ping_timeout_ns = setting_number(stack->settings, "peer-ping-timeout"),
    };
    status = grpc_server_create(stack->loop, &limits, &handler, &stack->grpc, err);
    if (status != STATUS_OK)
        return status;
    scheduler_attach(stack->scheduler, stack->grpc);
    return scheduler_http_create(stack->loop, stack->scheduler, &stack->scheduler_http, err);
}

static enum status start_port(struct stack *stack, struct err *err)
{
    struct listener_options options = {
        .host = setting_text(stack->settings, "host"),
        .port = (uint16_t)setting_number(stack->settings, "port"),
        .loopback_v6 = strcmp(setting_text(stack->settings, "host"), HOST_DEFAULT) == 0,
        .http = stack->http,
        .grpc = stack->grpc,
        .tls_only = setting_flag(stack->settings, "tls-only"),
        .allow_remote = setting_flag(stack->settings, "insecure-no-auth"),
    };
    enum status status = tls_setup_start(&stack->tls, stack->settings, stack->loop, stack->data.path,
                                         stack->data_dir, &stack->names.site, err);
    if (status != STATUS_OK)
        return status;
    options.tls = stack->tls.server;
    status = listener_open(stack->loop, &options, &stack->listener, err);
    if (status == STATUS_IO) { /* most often: another server is there */
        struct err why = *err;
        (void)err_set(err, status, "%s (choose another with --port or --host)", why.text);
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
    const struct stack *stack = context;
    if (unfinished && !bytes_equal_nocase(name, bytes_of_cstr(stack->hub)))
        log_warn(AREA,
                 "a task hub that is not the app's holds unfinished instances hub=%.*s instances=%llu "
                 "app-hub=%s",
                 BYTES_FMT(name), (unsigned long long)unfinished, stack->hub);
}

/* Where each part can be reached, as others write it. */
static void make_addresses(const struct stack *stack, const char *scheme, struct addresses *addresses)
{
    const char *host = setting_text(stack->settings, "host");
    if (strcmp(host, HOST_DEFAULT) == 0) /* what the vendor's samples compare with, to skip credentials */
        host = "localhost";
    const char *open = strchr(host, ':') ? "[" : "";
    snprintf(addresses->url, sizeof addresses->url, "%s://%s%.100s%s:%u", scheme, open, host, *open ? "]" : "",
             listener_port(stack->listener));
    if (stack->pool && stack->command == COMMAND_DEV)
        snprintf(addresses->pool_url, sizeof addresses->pool_url, "%.120s" POOL_PATH "%.60s", addresses->url,
                 setting_text(stack->settings, "pool-name"));
    else if (stack->pool)
        snprintf(addresses->pool_url, sizeof addresses->pool_url, "%s", addresses->url);
    if (stack->scheduler)
        snprintf(addresses->connection_string, sizeof addresses->connection_string,
                 "Endpoint=%.120s;TaskHub=%.100s;Authentication=None", addresses->url, stack->hub);
    if (stack->scheduler)
        scheduler_hubs(stack->scheduler, add_hub_name, addresses->hubs);
    addresses->data_dir = stack->data_dir;
    addresses->certificate = stack->tls.certificate;
    addresses->authority = stack->tls.authority;
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
static enum status check_settings(const struct stack *stack, struct err *err)
{
    const char *compat = setting_text(stack->settings, "compat");
    if (compat && strcmp(compat, "sample") != 0)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "compat: \"%.40s\" is not known; the only mode is \"sample\"", compat);
    const char *pool_name = setting_text(stack->settings, "pool-name");
    if (!is_pool_name(bytes_of_cstr(pool_name)))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "pool-name: \"%.80s\" must be 1 to %d letters, digits, '-', '_' or '.'", pool_name,
                       POOL_NAME_MAX);
    enum status status = weaker_check_names(setting_text(stack->settings, "require"), err);
    if (status == STATUS_OK)
        status = tls_setup_check(stack->settings, stack->command & (COMMAND_DEV | COMMAND_SCHEDULER), err);
    if (status != STATUS_OK)
        return status;
    const char *ready = setting_text(stack->settings, "ready-file");
    return ready ? ready_file_prepare(ready, err) : STATUS_OK;
}

static enum status start_app(struct stack *stack, struct err *err)
{
    const struct option_values *values = stack->settings;
    bool alone = stack->command == COMMAND_APP;
    struct app_options options = {
        .connection_string = alone ? setting_text(values, "scheduler") : stack->inner.connection_string,
        .pool_url = alone ? setting_text(values, "session-pool-url") : stack->inner.pool_url,
        .pool_token = alone ? setting_text(values, "session-pool-token") : NULL,
        .ca_file = alone ? setting_text(values, "ca-file") : NULL,
        .scheduler_token = alone ? setting_text(values, "scheduler-token") : NULL,
        .approval_timeout_ns = setting_number(values, "approval-timeout"),
        .run_timeout_ns = setting_number(values, "run-timeout"),
        .code_size_max = (size_t)setting_number(values, "code-size-max"),
        .compat_sample = setting_text(values, "compat") != NULL,
        .isolation_wait_ns = setting_number(values, "isolation-wait"),
        .stop_grace_ns = setting_number(values, "shutdown-timeout") * 3 / 4,
    };
    return app_service_create(stack->loop, &options, &stack->app, err);
}

static enum status start_http(struct stack *stack, struct err *err)
{
    enum status status = host_names_init(&stack->names, setting_text(stack->settings, "host"),
                                         setting_text(stack->settings, "host-names"), err);
    if (status == STATUS_OK)
        status = http_server_create(stack->loop, NULL, &stack->http, err);
    if (status == STATUS_OK)
        http_server_known_as(stack->http, &stack->names.site);
    if (status == STATUS_OK && !stack->grpc) /* HTTP/2 is spoken by every command */
        status = grpc_server_create(stack->loop, NULL, NULL, &stack->grpc, err);
    if (status == STATUS_OK) {
        grpc_server_known_as(stack->grpc, &stack->names.site);
        grpc_server_set_http(stack->grpc, stack->http);
    }
    if (status == STATUS_OK && setting_flag(stack->settings, "access-log"))
        front_log_access(stack->http);
    return status;
}

/* ORDER: after the last service was made, since its routes are rows like all others; nobody is served before. */
static enum status mount_routes(struct stack *stack, struct err *err)
{
    stack->health.pool = stack->pool;
    stack->health.scheduler = stack->scheduler;
    stack->health.app = stack->app;
    health_init(&stack->health);
    front_init(&stack->front, &stack->health);
    if (stack->app)
        front_add(&stack->front, app_service_part(stack->app));
    if (stack->scheduler)
        front_add(&stack->front, scheduler_http_part(stack->scheduler_http));
    if (stack->pool)
        front_add(&stack->front, pool_service_part(stack->pool, stack->command == COMMAND_POOL));
    return front_mount(&stack->front, stack->http, err);
}

static void on_signal(void *context, int signal);

static enum status start(struct stack *stack, struct err *err)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, 0};
    enum status status = check_settings(stack, err);
    if (status == STATUS_OK)
        status = loop_create(&stack->loop, err);
    if (status == STATUS_OK)
        status = loop_signals(stack->loop, signals, on_signal, stack, err);
    if (status == STATUS_OK && (stack->command & (COMMAND_DEV | COMMAND_POOL)))
        status = start_pool(stack, err);
    umask(
        077); /* what is written from here on is the owner's; the keeper, which builds roots, is not meant */
    bool keeps_state = (stack->command & (COMMAND_DEV | COMMAND_SCHEDULER)) != 0;
    if (status == STATUS_OK && keeps_state)
        status = state_dir_open(setting_text(stack->settings, "data"), &stack->data_dir, err);
    if (status == STATUS_OK)
        status = tls_setup_open(&stack->tls, stack->settings, err);
    if (status == STATUS_OK)
        status = confine(stack, err);
    if (status == STATUS_OK && keeps_state)
        status = start_scheduler(stack, err);
    if (status == STATUS_OK)
        status = start_http(stack, err);
    if (status == STATUS_OK)
        status = start_port(stack, err);
    if (status != STATUS_OK)
        return status;
    make_addresses(stack, "http", &stack->inner);
    make_addresses(stack, stack->tls.server ? "https" : "http", &stack->addresses);
    if (stack->command & (COMMAND_DEV | COMMAND_APP))
        status = start_app(stack, err);
    return status == STATUS_OK ? mount_routes(stack, err) : status;
}

/* Their defaults end or stop the process. Sessions get the defaults back (jail/session.c). */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGTTOU, SIGTTIN};
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        signal(ignored[i], SIG_IGN);
}

enum status stack_create(unsigned command, const struct option_values *values, struct stack **ret_stack,
                         struct err *err)
{
    struct stack *stack = calloc(1, sizeof *stack);
    if (!stack)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    stack->command = command;
    stack->data = FOLDER_HANDLE_NONE;
    stack->ready_folder = FOLDER_HANDLE_NONE;
    stack->settings = values;
    weaker_note_command();
    ignore_signals();
    enum status status = start(stack, err);
    if (status != STATUS_OK) {
        stack_destroy(stack);
        return status;
    }
    *ret_stack = stack;
    return STATUS_OK;
}

/* --- ready --- */

/* A start that takes long says why, again and again. */
static void say_what_is_awaited(struct stack *stack, const char *what)
{
    int64_t now_ns = loop_now(stack->loop);
    if (!stack->patience_ends_ns)
        stack->patience_ends_ns = now_ns + READY_PATIENCE_NS;
    if (now_ns < stack->patience_ends_ns)
        return;
    stack->patience_ends_ns = now_ns + READY_REMINDER_NS;
    log_warn(AREA, "not ready yet cause=\"%s\"", what);
}

static void look_whether_ready(struct loop_timer *timer)
{
    struct stack *stack = CONTAINER_OF(timer, struct stack, ready_timer);
    struct pool_report pool = {.final = false};
    if (stack->pool)
        pool = pool_service_facts(stack->pool);
    if (pool.final) {
        (void)err_set(&stack->failure, STATUS_UNAVAILABLE,
                      "sessions cannot be started: %s; try: sallyport doctor", pool.lost);
        loop_stop(stack->loop);
        return;
    }
    enum status status = STATUS_OK;
    if (stack->pool)
        status =
            weaker_check_required(setting_text(stack->settings, "require"), pool.degraded, &stack->failure);
    if (status != STATUS_OK) {
        loop_stop(stack->loop);
        return;
    }
    char cause[480];
    if (!health_started(&stack->health, cause, sizeof cause)) {
        say_what_is_awaited(stack, cause);
        if (loop_timer_set(stack->loop, timer, loop_now(stack->loop) + POLL_READY_NS) != STATUS_OK)
            log_error(AREA, "out of memory");
        return;
    }
    if (stack->pool)
        weaker_say(pool.degraded, setting_number(stack->settings, "session-memory"),
                   setting_number(stack->settings, "session-tasks"));
    ready_banner(&stack->addresses, stack->app != NULL);
    if (stack->app && stack->scheduler)
        scheduler_hubs(stack->scheduler, say_where_work_is, stack);
    struct err err = {0};
    if (!stack->ready_path[0])
        return;
    stack->ready = ready_file_write(stack->ready_path, &stack->addresses, &err) == STATUS_OK;
    if (!stack->ready)
        log_error(AREA, "ready file not written cause=\"%s\"", err.text);
}

/* --- stop --- */

static void step_done(void *context);

static void stop_listener(struct stack *stack)
{
    loop_timer_cancel(&stack->ready_timer);
    listener_close(stack->listener);
    stack->listener = NULL;
    step_done(stack);
}

static void stop_app(struct stack *stack)
{
    if (stack->app)
        app_service_stop(stack->app, step_done, stack);
    else
        step_done(stack);
}

static void stop_http(struct stack *stack)
{
    http_server_drain(stack->http, step_done, stack);
}

static void stop_scheduler(struct stack *stack)
{
    if (stack->scheduler)
        scheduler_stop(stack->scheduler, step_done, stack); /* and the gRPC server with it */
    else if (stack->grpc)
        grpc_server_drain(stack->grpc, step_done, stack);
    else
        step_done(stack);
}

static void stop_loop(struct stack *stack)
{
    loop_timer_cancel(&stack->stop_timer);
    loop_stop(stack->loop);
}

/* Each step calls step_done once, now or later. */
static void (*const stop_steps[])(struct stack *s) = {stop_listener, stop_app, stop_http, stop_scheduler,
                                                      stop_loop};

static void run_stop_step(struct loop_task *task)
{
    struct stack *stack = CONTAINER_OF(task, struct stack, stop_task);
    if (stack->stop_step < ARRAY_SIZE(stop_steps))
        stop_steps[stack->stop_step++](stack);
}

/* Never goes on inside the caller: a step may be called from what it stops. */
static void step_done(void *context)
{
    struct stack *stack = context;
    loop_defer(stack->loop, &stack->stop_task);
}

static void cut_short(struct stack *stack, const char *why)
{
    log_warn(AREA, "stopping at once cause=\"%s\"", why);
    stack->cut_short = true;
    loop_stop(stack->loop);
}

static void on_stop_timeout(struct loop_timer *timer)
{
    cut_short(CONTAINER_OF(timer, struct stack, stop_timer),
              "the orderly stop took longer than shutdown-timeout");
}

/* It tells of a server that can be reached; from here on this one cannot. */
static void remove_ready_file(struct stack *stack)
{
    if (stack->ready && unlink(stack->ready_path) != 0)
        log_warn(AREA, "the ready file stays path=\"%s\" cause=\"%s\"",
                 setting_text(stack->settings, "ready-file"), strerror(errno));
}

static void on_signal(void *context, int number)
{
    struct stack *stack = context;
    /* A terminal that closes ends what runs in it; a service reads its certificate again, its settings at the
     * start only. */
    if (number == SIGHUP && stack->command != COMMAND_DEV) {
        log_info(AREA, "%s signal=%d",
                 stack->tls.server ? "the certificate is read again; for settings restart instead"
                                   : "nothing is read again, restart instead",
                 number);
        tls_setup_reload(&stack->tls);
        return;
    }
    if (stack->stopping) {
        cut_short(stack, "a second signal");
        return;
    }
    remove_ready_file(stack);
    log_info(AREA, "stopping signal=%d", number);
    stack->stopping = true;
    stack->stop_timer.on_fire = on_stop_timeout;
    int64_t patience_ns = setting_number(stack->settings, "shutdown-timeout");
    if (loop_timer_set(stack->loop, &stack->stop_timer, loop_now(stack->loop) + patience_ns) != STATUS_OK)
        log_warn(AREA, "out of memory: the stop has no time limit");
    step_done(stack);
}

enum status stack_run(struct stack *stack, struct err *err)
{
    stack->stop_task.on_run = run_stop_step;
    stack->ready_timer.on_fire = look_whether_ready;
    enum status status = loop_timer_set(stack->loop, &stack->ready_timer, loop_now(stack->loop));
    if (status == STATUS_OK)
        status = loop_run(stack->loop, err);
    if (status == STATUS_OK && stack->failure.status != STATUS_OK) {
        *err = stack->failure;
        return stack->failure.status;
    }
    if (status == STATUS_OK && stack->cut_short)
        exit(1); /* what was acknowledged is on disk; the keeper ends its sessions when our socket closes */
    return status;
}

void stack_destroy(struct stack *stack)
{
    if (!stack)
        return;
    listener_close(stack->listener);
    app_service_destroy(stack->app);
    http_server_destroy(stack->http);
    host_names_fini(&stack->names);
    front_fini(&stack->front);
    tls_setup_fini(&stack->tls);
    grpc_server_destroy(stack->grpc);
    scheduler_destroy(stack->scheduler);
    scheduler_http_destroy(stack->scheduler_http);
    pool_service_destroy(stack->pool);
    loop_destroy(stack->loop);
    free(stack->hub_names);
    free(stack->data_dir);
    folder_handle_close(&stack->data);
    folder_handle_close(&stack->ready_folder);
    free(stack);
}
