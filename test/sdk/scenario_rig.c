/* SPDX-License-Identifier: MIT */
#include "scenario_rig.h"

#include <time.h>

const char *connection;
const char *program;
const char *without[WITHOUT_MAX];
size_t without_count;
struct dt_client *client;
struct dt_worker *worker;
atomic_int runs;

bool lacks(const char *feature)
{
    for (size_t i = 0; i < without_count; i++)
        if (strcmp(without[i], feature) == 0)
            return true;
    return false;
}

void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

void log_line(enum dt_log_level level, const char *line, void *context)
{
    if (getenv("SDK_LOG"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

struct dt_connect_options connect_options(void)
{
    struct dt_connect_options o = DT_INIT(struct dt_connect_options);
    o.connection_string = connection;
    o.retry_first_ms = 50;
    o.retry_max_ms = 500;
    o.log = log_line;
    return o;
}

void check(enum dt_status s, const struct dt_error *e)
{
    if (s != DT_OK)
        fail_msg("%s: %s", dt_status_name(s), e->text);
}

struct dt_worker *make_bare_worker(const struct dt_worker_options *o)
{
    struct dt_connect_options c = connect_options();
    struct dt_worker *w;
    struct dt_error e;
    check(dt_worker_create(&c, o, &w, &e), &e);
    return w;
}

void add_functions(struct dt_worker *w, const struct rig_function *functions)
{
    struct dt_error e;
    for (const struct rig_function *f = functions; f->name; f++)
        check(f->orchestrator ? dt_worker_register_orchestrator(w, f->name, NULL, f->orchestrator, NULL, &e)
                              : dt_worker_register_activity(w, f->name, NULL, f->activity, NULL, &e),
              &e);
}

struct dt_worker *make_worker(void)
{
    struct dt_worker *w = make_bare_worker(NULL);
    struct dt_error e;
    check(dt_worker_register_schedules(w, &e), &e);
    add_functions(w, flow_functions);
    add_functions(w, call_functions);
    add_functions(w, client_functions);
    add_functions(w, entity_functions);
    add_functions(w, repair_functions);
    add_entities(w);
    return w;
}

void start_worker(struct dt_worker *w)
{
    struct dt_error e;
    check(dt_worker_start(w, &e), &e);
    check(dt_worker_wait_connected(w, WAIT_MS, &e), &e);
}

int set_up(void **state)
{
    struct dt_connect_options c = connect_options();
    struct dt_error e;
    check(dt_client_create(&c, &client, &e), &e);
    worker = make_worker();
    start_worker(worker);
    return 0;
}

int tear_down(void **state)
{
    dt_worker_destroy(worker);
    dt_client_destroy(client);
    return 0;
}

void start(const char *name, const char *input, char id[DT_INSTANCE_ID_SIZE])
{
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    struct dt_error e;
    o.input = input;
    check(dt_client_start(client, name, &o, id, &e), &e);
    assert_true(id[0] != '\0');
}

struct dt_instance *finish(const char *id, enum dt_instance_status status)
{
    struct dt_instance *instance;
    struct dt_error e;
    check(dt_client_wait_completion(client, id, WAIT_MS, &instance, &e), &e);
    if (dt_instance_status(instance) != status)
        fail_msg("%s is %s, not %s: %s", dt_instance_name(instance),
                 dt_instance_status_name(dt_instance_status(instance)), dt_instance_status_name(status),
                 dt_instance_failure(instance) ? dt_instance_failure(instance)->message : "");
    return instance;
}

void finish_with(const char *id, const char *output)
{
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_string_equal(dt_instance_output(instance), output);
    assert_null(dt_instance_failure(instance));
    dt_instance_destroy(instance);
}

void wait_status(const char *id, enum dt_instance_status status)
{
    for (int i = 0; i < WAIT_MS / 20; i++) {
        struct dt_instance *instance;
        struct dt_error e;
        check(dt_client_get(client, id, false, &instance, &e), &e);
        enum dt_instance_status now = dt_instance_status(instance);
        dt_instance_destroy(instance);
        if (now == status)
            return;
        sleep_ms(20);
    }
    fail_msg("the instance never became %s", dt_instance_status_name(status));
}

void wait_custom_status(const char *id, const char *status)
{
    for (int i = 0; i < WAIT_MS / 20; i++) {
        struct dt_instance *instance;
        struct dt_error e;
        check(dt_client_get(client, id, true, &instance, &e), &e);
        const char *now = dt_instance_custom_status(instance);
        bool same = now && strcmp(now, status) == 0;
        dt_instance_destroy(instance);
        if (same)
            return;
        sleep_ms(20);
    }
    fail_msg("the custom status never became %s", status);
}

void tell(const char *id, const char *name, const char *data)
{
    struct dt_error e;
    check(dt_client_raise_event(client, id, name, data, &e), &e);
}
