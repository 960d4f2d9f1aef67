/* SPDX-License-Identifier: MIT */
/* part_pool.c — the session pool. First to start: its keeper is a process, made before any thread exists. */
#include <stdio.h>
#include <string.h>

#include "cmd/part.h"
#include "cmd/weaker.h"
#include "os/clock.h"
#include "svc/pool/session/tier_process.h"

#define SLOTS_SPARE 16 /* sessions that are being ended */

static enum status check(const struct server *server, struct err *err)
{
    const char *name = setting_text(server->settings, "pool-name");
    if (!addresses_is_pool_name(bytes_of_cstr(name)))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "pool-name: \"%.80s\" must be 1 to %d letters, digits, '-', '_' or '.'", name,
                       POOL_NAME_SIZE_MAX);
    return weaker_check_names(setting_text(server->settings, "require"), err);
}

static void on_up(void *context)
{
    server_changed(context);
}

static uint32_t made_sessions_max(const struct server *server)
{
    if (server_has(server, &part_control))
        return (uint32_t)setting_number(server->settings, "made-sessions");
    return 0;
}

static struct pool_service_options service_options(const struct server *server)
{
    const struct option_values *values = server->settings;
    return (struct pool_service_options){
        .name = setting_text(values, "pool-name"),
        .sessions_max = (uint32_t)setting_number(values, "max-sessions"),
        .sessions_ready = (uint32_t)setting_number(values, "ready-sessions"),
        .cooldown_ns = setting_number(values, "cooldown"),
        .execution_max_ns = setting_number(values, "execution-timeout-max"),
        .grace_ns = setting_number(values, "interrupt-grace"),
        .upload_size_max = (size_t)setting_number(values, "upload-size-max"),
        .body_size_max = (size_t)setting_number(values, "call-size-max"),
        .output_size_max = (size_t)setting_number(values, "output-size-max"),
        .result_size_max = (size_t)setting_number(values, "result-size-max"),
        .uploads_size_max = (size_t)setting_number(values, "uploads-memory"),
        .memory_size_max = (size_t)setting_number(values, "pool-memory"),
        .lenient_versions = setting_flag(values, "lenient-versions"),
        .plain_numbers = setting_flag(values, "plain-numbers"),
        .isolation_wait_ns = setting_number(values, "isolation-wait"),
        .tier = &session_tier_shared,
        .set = server->pools,
    };
}

static enum status start_set(struct server *server, struct err *err)
{
    const struct pool_set_options options = {.service = service_options(server),
                                             .sessions_max = made_sessions_max(server)};
    return pool_set_create(server->loop, server->tier, &options, &server->pools, err);
}

static enum status start(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    weaker_note_command();
    enum status status = data_root_make(server->data_root, err);
    if (status != STATUS_OK)
        return status;
    struct keeper_options keeper = keeper_options_default();
    keeper.sessions_max =
        (uint32_t)(setting_number(values, "max-sessions") + setting_number(values, "ready-sessions")) +
        made_sessions_max(server) + SLOTS_SPARE;
    keeper.session_paths = setting_text(values, "session-path");
    keeper.limits.memory_bytes = (uint64_t)setting_number(values, "session-memory");
    keeper.limits.tasks = (uint32_t)setting_number(values, "session-tasks");
    keeper.limits.cpu_percent = (uint32_t)setting_number(values, "session-cpu-percent");
    keeper.limits.data_bytes = keeper.limits.file_bytes = (uint64_t)setting_number(values, "session-data");
    keeper.limits.read_bytes = (uint64_t)setting_number(values, "session-disk-read");
    keeper.limits.strict_proc = setting_flag(values, "strict-proc");
    keeper.limits.strict_locks = setting_flag(values, "strict-locks");
    const struct process_tier_options tier = {.keeper = keeper, .data_root = server->data_root};
    status = tier_share_create(server->loop, &session_tier_process, &tier, &server->tier, err);
    if (status == STATUS_OK && server_has(server, &part_control))
        status = start_set(server, err);
    if (status != STATUS_OK)
        return status;
    const struct shared_tier_options shared = {.share = server->tier};
    struct pool_service_options options = service_options(server);
    options.tier_options = &shared;
    status = pool_service_create(server->loop, &options, &server->pool, err);
    if (status == STATUS_OK)
        pool_service_on_up(server->pool, on_up, server);
    return status;
}

static void mount(struct server *server, struct front *front)
{
    front_add(front, pool_service_part(server->pool, server->command == COMMAND_POOL));
}

static void health(const struct server *server, struct causes *causes)
{
    struct pool_report pool = pool_service_facts(server->pool);
    char text[sizeof causes->at[0].text];
    snprintf(text, sizeof text, "no session has run yet%s%s", pool.cause[0] ? ": " : "", pool.cause);
    if (pool.lost)
        cause_add(causes, "pool", CAUSE_BROKEN, pool.lost);
    else if (!pool.up)
        cause_add(causes, "pool", CAUSE_BROKEN, text);

    struct bytes names = bytes_of_cstr(pool.degraded);
    while (names.size > 0) {
        struct bytes name = bytes_split(&names, ',');
        snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
        cause_add(causes, "isolation", CAUSE_WEAKER, text);
    }
}

static void report(const struct server *server, struct json_writer *json)
{
    CLEANUP(buf_fini) struct buf text = {0};
    pool_service_report(server->pool, &text);
    json_write_key(json, "pool");
    json_write_raw(json, buf_peek(&text));
}

static enum status hopeless(const struct server *server, struct err *err)
{
    struct pool_report pool = pool_service_facts(server->pool);
    if (pool.final)
        return err_set(err, STATUS_UNAVAILABLE, "sessions cannot be started: %s; try: sallyport doctor",
                       pool.lost);
    return weaker_check_required(setting_text(server->settings, "require"), pool.degraded, err);
}

static const void *metrics_source(const struct server *server)
{
    return server->pool;
}

static void announce(struct server *server)
{
    weaker_say(pool_service_facts(server->pool).degraded, setting_number(server->settings, "session-memory"),
               setting_number(server->settings, "session-tasks"));
}

static void destroy(struct server *server)
{
    pool_service_destroy(server->pool);
    pool_set_destroy(server->pools);
    tier_share_destroy(server->tier);
}

const struct part part_pool = {
    .name = "pool",
    .commands = COMMAND_DEV | COMMAND_POOL,
    .check = check,
    .start = start,
    .mount = mount,
    .health = health,
    .report = report,
    .metrics = pool_metrics,
    .metrics_source = metrics_source,
    .hopeless = hopeless,
    .announce = announce,
    .destroy = destroy,
};
