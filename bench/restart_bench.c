/* SPDX-License-Identifier: MIT */
/* restart_bench.c — how long a scheduler with many running instances takes from its start to its first
 * dispatch (performance.md section 1), store and engine apart. Usage: restart_bench FOLDER [INSTANCES].
 * Each instance has an input, a history of four events, an activity to be done and a timer. Exit 1 if not all
 * of them came back, or no work is sent; no time is judged. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "core/task/engine.h"
#include "lib/settled.h"
#include "os/clock.h"
#include "store/sqlite/sqlite_store.h"
#include "wire/pb/orchestrator_service.pb.h"

#define START_BATCH 500

struct bench {
    struct loop *loop;
    struct task_store *store;
    struct engine *engine;
    struct engine_actions actions;
    char path[256];
    uint32_t hub;
    int64_t key_next;
    uint64_t calls;
    size_t instances, items;
    bool answers; /* turns are answered */
};

static struct engine_time time_now(void)
{
    return (struct engine_time){.steady_ns = clock_monotonic_ns(), .unix_ns = clock_unix_ns()};
}

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "restart_bench: %s failed\n", what);
    exit(1);
}

static void call(struct bench *b, enum engine_method method, const struct pb_message *m, const void *request)
{
    struct buf message = {0};
    pb_encode(m, request, &message);
    must(buf_status(&message), "encoding");
    engine_call(b->engine, method, b->hub, ++b->calls, buf_peek(&message), time_now(), &b->actions);
    buf_fini(&message);
}

/* --- filling the store: a worker that schedules one activity and one timer, and does nothing more --- */

static void answer(struct bench *b, struct bytes message)
{
    struct arena a;
    struct pb_work_item item;
    arena_init(&a, 0);
    must(pb_work_item_decode(&a, message, &item), "decoding a work item");
    b->items++;
    if (b->answers && item.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST) {
        struct pb_schedule_task_action task = {.name = BYTES_LITERAL("Act"),
                                               .input = pb_some(BYTES_LITERAL("\"some input\""))};
        struct pb_create_timer_action timer = {.fire_at = pb_time_from_ns(clock_unix_ns() + 3600 * NS_PER_S)};
        struct pb_orchestrator_action actions[] = {
            {.id = 1,
             .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK,
             .schedule_task = &task},
            {.id = 2,
             .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER,
             .create_timer = &timer},
        };
        struct pb_orchestrator_response response = {.instance_id = item.orchestrator_request->instance_id,
                                                    .completion_token = item.completion_token,
                                                    .actions = actions,
                                                    .actions_count = ARRAY_SIZE(actions)};
        call(b, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    }
    arena_fini(&a);
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct bench *b = context;
    must(status, text ? text : "a commit");
    engine_committed(b->engine, sequence, time_now(), &b->actions);
}

static void fetch(struct bench *b, const struct engine_action *action)
{
    engine_fetched(b->engine, action->hub, action->instance_id, NULL, NULL, time_now(), &b->actions);
}

/* Carries out actions until nothing is left to write. */
static void settle(struct bench *b)
{
    do {
        for (struct list *it = b->actions.items.next; it != &b->actions.items; it = it->next) {
            struct engine_action *action = CONTAINER_OF(it, struct engine_action, link);
            if (action->kind == ENGINE_SEND_WORK)
                answer(b, action->message);
            else if (action->kind == ENGINE_FETCH)
                fetch(b, action);
            if (action->kind != ENGINE_COMMIT)
                continue;
            struct write_set *set = action->write_set;
            action->write_set = NULL;
            task_store_submit(b->store, set, on_done, b);
        }
        engine_actions_clear(&b->actions);
        engine_flush(b->engine, &b->actions);
        while (list_empty(&b->actions.items) && task_store_busy(b->store))
            must(loop_step(b->loop, 100, NULL), "the loop");
    } while (!list_empty(&b->actions.items));
}

static void open_stream(struct bench *b, bool turns)
{
    struct pb_activity_filter activities = {.name = BYTES_LITERAL("Act")};
    struct pb_orchestration_filter orchestrations = {.name = BYTES_LITERAL("Orch")};
    struct pb_work_item_filters filters = {.orchestrations = &orchestrations,
                                           .orchestrations_count = turns,
                                           .activities = &activities,
                                           .activities_count = !turns};
    struct pb_get_work_items_request request = {.max_concurrent_orchestration_work_items = 1000,
                                                .work_item_filters = &filters};
    struct buf message = {0};
    pb_get_work_items_request_encode(&request, &message);
    engine_stream_open(b->engine, b->hub, ++b->calls, buf_peek(&message),
                       &(struct engine_worker){.connection = 1}, time_now(), &b->actions);
    buf_fini(&message);
}

static void fill(struct bench *b)
{
    b->answers = true;
    open_stream(b, true);
    for (size_t n = 0; n < b->instances; n++) {
        char id[32];
        snprintf(id, sizeof id, "instance-%zu", n);
        struct pb_create_instance_request start = {
            .instance_id = bytes_of_cstr(id),
            .name = BYTES_LITERAL("Orch"),
            .input = pb_some(BYTES_LITERAL("{\"a\": \"hundred bytes or so of input, as a caller would give "
                                           "it, are what most instances have\"}"))};
        call(b, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
        if (n % START_BATCH == START_BATCH - 1)
            settle(b);
    }
    settle(b);
    b->answers = false;
}

/* --- starting --- */

static enum status load_hub(void *context, uint32_t hub, struct bytes name)
{
    return engine_load_hub(((struct bench *)context)->engine, hub, name);
}

static enum status load_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    return engine_load_instance(((struct bench *)context)->engine, row, payloads);
}

static enum status load_inbox(void *context, const struct inbox_row *row)
{
    return engine_load_inbox(((struct bench *)context)->engine, row);
}

static enum status load_activity(void *context, const struct activity_row *row)
{
    return engine_load_activity(((struct bench *)context)->engine, row);
}

static enum status skip_hub(void *context, uint32_t hub, struct bytes name)
{
    return STATUS_OK;
}

static enum status skip_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    return STATUS_OK;
}

static enum status skip_inbox(void *context, const struct inbox_row *row)
{
    return STATUS_OK;
}

static enum status skip_activity(void *context, const struct activity_row *row)
{
    return STATUS_OK;
}

static void on_hub_made(void *context, enum status status, const char *text, uint32_t hub)
{
    ((struct bench *)context)->hub = hub;
    must(status, text);
}

static void open_all(struct bench *b)
{
    struct sqlite_store_options store = sqlite_store_options_default();
    store.path = store.shown = b->path;
    store.sync_off = true;
    struct engine_options engine = settled_engine();
    engine.seed[0] = (uint64_t)clock_unix_ns();
    engine.seed[1] = 1;
    struct err e = {0};
    if (sqlite_store_open(&store, b->loop, &b->store, &e) != STATUS_OK)
        must(e.status, e.text);
    task_store_hub(b->store, BYTES_LITERAL("default"), true, on_hub_made, b);
    task_store_wait(b->store);
    must(engine_create(&engine, &b->engine), "the engine");
}

static void close_all(struct bench *b)
{
    engine_actions_clear(&b->actions);
    task_store_close(b->store);
    engine_destroy(b->engine);
    must(loop_step(b->loop, 0, NULL), "the loop");
}

static void on_loaded(void *context, enum status status, const char *text, int64_t key_next)
{
    ((struct bench *)context)->key_next = key_next;
    must(status, text);
}

static void load(struct bench *b, const struct task_store_loader *loader)
{
    task_store_load(b->store, loader);
    task_store_wait(b->store);
    if (loader->on_instance == load_instance)
        engine_load_done(b->engine, b->key_next, time_now());
}

/* A point in time: what passed, and what of it was ours on a busy machine. */
struct moment {
    int64_t wall_ns;
    clock_t cpu;
};

static struct moment moment_now(void)
{
    return (struct moment){clock_monotonic_ns(), clock()};
}

static double report(const char *what, struct moment *from)
{
    struct moment now = moment_now();
    double ms = (double)(now.wall_ns - from->wall_ns) / 1e6;
    printf("%-24s %8.1f ms, of it %8.1f ms of processor time\n", what, ms,
           (double)(now.cpu - from->cpu) * 1e3 / CLOCKS_PER_SEC);
    *from = now;
    return ms;
}

static int measure(struct bench *b)
{
    const struct task_store_loader skip = {skip_hub, skip_instance, skip_inbox, skip_activity, on_loaded, b};
    const struct task_store_loader real = {load_hub, load_instance, load_inbox, load_activity, on_loaded, b};
    struct moment at = moment_now();
    open_all(b);
    double total_ms = report("open the store", &at);
    load(b, &skip);
    report("read, for comparison", &at);
    load(b, &real);
    total_ms += report("read into the engine", &at);
    struct engine_stats stats;
    engine_stats(b->engine, &stats);
    b->items = 0;
    open_stream(b, false);
    total_ms += report("stream to first dispatch", &at);
    settle(b);
    printf("%zu running instances: start to first dispatch %.1f ms\n", stats.resident, total_ms);
    bool whole = stats.resident == b->instances && stats.activities_ready == b->instances && b->items > 0;
    close_all(b);
    return whole ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct bench b = {.instances = 100000};
    uint64_t instances = 0;
    if (argc < 2 || (argc > 2 && bytes_parse_u64(bytes_of_cstr(argv[2]), &instances) != STATUS_OK)) {
        fprintf(stderr, "usage: restart_bench FOLDER [INSTANCES]\n");
        return 2;
    }
    if (argc > 2)
        b.instances = (size_t)instances;
    snprintf(b.path, sizeof b.path, "%s/restart.db", argv[1]);
    engine_actions_init(&b.actions);
    must(loop_create(&b.loop, NULL), "the loop");
    open_all(&b);
    must(engine_load_hub(b.engine, b.hub, BYTES_LITERAL("default")), "the hub");
    engine_load_done(b.engine, 1, time_now());
    fill(&b);
    close_all(&b);
    int code = measure(&b);
    loop_destroy(b.loop);
    engine_actions_fini(&b.actions);
    return code;
}
