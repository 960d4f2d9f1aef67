/* SPDX-License-Identifier: MIT */
/* scheduler_service_test.c — the whole scheduler in one process over real loopback sockets: clients and a
 * worker made of grpc_client, a store on disk, and a disk that fills up. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_vfs.h"
#include "net/grpc_client.h"
#include "os/clock.h"
#include "svc/scheduler/scheduler_service.h"
#include "wire/pb/orchestrator_service.pb.h"

#define PATIENCE_NS (120 * NS_PER_S)
#define SERVICE     "/TaskHubSidecarService/"

/* --- the server --- */

struct fixture {
    char folder[64];
    char path[128];
    const char *vfs;
    const char *const *hubs;
    size_t hub_count;
    bool hubs_dynamic;
    bool hubs_managed;
    const char *retention;
    int64_t (*unix_ns)(void);
    struct loop *loop;
    struct scheduler *scheduler;
    struct grpc_server *server;
    bool stopped;
    struct client *clients[8]; /* open ones, for a test that fails */
};

static void server_open(struct fixture *f)
{
    struct err e = {0};
    struct scheduler_options o = {.store = {.path = f->path, .vfs = f->vfs},
                                  .hubs = f->hubs,
                                  .hub_count = f->hub_count,
                                  .hubs_dynamic = f->hubs_dynamic,
                                  .hubs_managed = f->hubs_managed,
                                  .retention = f->retention,
                                  .retention_interval_ns = NS_PER_S / 50,
                                  .unix_ns = f->unix_ns};
    enum status status = scheduler_create(f->loop, &o, &f->scheduler, &e);
    if (status != STATUS_OK)
        print_error("%s\n", e.text);
    assert_int_equal(status, STATUS_OK);
    struct grpc_handler h = scheduler_handler(f->scheduler);
    assert_int_equal(grpc_server_create(f->loop, NULL, &h, &f->server, &e), STATUS_OK);
    scheduler_attach(f->scheduler, f->server);
}

static void step(struct fixture *f, int wait_ms)
{
    assert_int_equal(loop_step(f->loop, wait_ms, NULL), STATUS_OK);
}

static void server_close(struct fixture *f)
{
    grpc_server_destroy(f->server);
    scheduler_destroy(f->scheduler);
    f->server = NULL;
    f->scheduler = NULL;
    step(f, 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/sallyport-scheduler-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/tasks.db", f->folder);
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    *state = f;
    return 0;
}

static void client_close(struct client *c);

static int teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(f->clients); i++)
        if (f->clients[i])
            client_close(f->clients[i]);
    if (f->scheduler)
        server_close(f);
    loop_destroy(f->loop);
    DIR *d = opendir(f->folder);
    struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

/* --- a client connection --- */

struct client {
    struct fixture *f;
    struct loop_fd watch;
    struct grpc_client *grpc;
    const char *hub;    /* metadata; NULL: none */
    const char *worker; /* workerid; NULL: none */
};

static void client_flush(struct client *c)
{
    CLEANUP(buf_fini) struct buf out = {0};
    if (grpc_client_output(c->grpc, &out, NULL) != STATUS_OK)
        return; /* the session is over: after a GOAWAY, say */
    size_t done = 0;
    while (done < out.size) {
        ssize_t n = write(c->watch.fd, out.data + done, out.size - done);
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            return; /* the server is gone; reading will tell */
        }
        done += (size_t)n;
    }
}

static void client_ready(struct loop_fd *w, uint32_t events)
{
    struct client *c = CONTAINER_OF(w, struct client, watch);
    static uint8_t block[65536];
    ssize_t n = read(w->fd, block, sizeof block);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || grpc_client_receive(c->grpc, bytes_of(block, (size_t)n), NULL) != STATUS_OK)
        loop_fd_remove(w);
    else
        client_flush(c);
}

static void client_open(struct client *c, struct fixture *f)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    int other = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listener);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(grpc_server_adopt(f->server, transport_plain(other), NULL), STATUS_OK);
    struct grpc_client_options o = {.authority = "127.0.0.1:1"};
    const char *hub = c->hub, *worker = c->worker;
    *c = (struct client){.f = f, .hub = hub, .worker = worker, .watch.on_ready = client_ready};
    assert_int_equal(grpc_client_create(&o, &c->grpc, NULL), STATUS_OK);
    assert_int_equal(loop_fd_add(f->loop, &c->watch, fd, EPOLLIN, NULL), STATUS_OK);
    size_t i = 0;
    while (f->clients[i])
        i++;
    f->clients[i] = c;
    client_flush(c);
}

static void client_close(struct client *c)
{
    int fd = c->watch.fd;
    for (size_t i = 0; i < ARRAY_SIZE(c->f->clients); i++)
        if (c->f->clients[i] == c)
            c->f->clients[i] = NULL;
    loop_fd_remove(&c->watch);
    grpc_client_destroy(c->grpc);
    close(fd);
    c->grpc = NULL;
}

/* --- one call --- */

struct answer {
    bool done;
    enum status status;
    char text[256];
    struct buf message;
    size_t messages;
    struct grpc_client_call *call;
};

static void on_message(void *context, struct bytes message)
{
    struct answer *a = context;
    buf_clear(&a->message);
    buf_append_bytes(&a->message, message);
    a->messages++;
}

static void on_done(void *context, enum status status, const char *text)
{
    struct answer *a = context;
    a->done = true;
    a->status = status;
    snprintf(a->text, sizeof a->text, "%s", text);
}

static void start_with(struct client *c, const char *method, struct bytes message,
                       void (*message_in)(void *, struct bytes),
                       void (*done)(void *, enum status, const char *), void *context,
                       struct grpc_client_call **ret_call)
{
    char path[128];
    snprintf(path, sizeof path, SERVICE "%s", method);
    struct grpc_metadata metadata[2];
    size_t count = 0;
    if (c->hub)
        metadata[count++] = (struct grpc_metadata){"taskhub", c->hub};
    if (c->worker)
        metadata[count++] = (struct grpc_metadata){"workerid", c->worker};
    struct grpc_call_options o = {.path = path,
                                  .metadata = metadata,
                                  .metadata_count = count,
                                  .on_message = message_in,
                                  .on_done = done,
                                  .context = context};
    assert_int_equal(grpc_client_start(c->grpc, &o, message, ret_call, NULL), STATUS_OK);
    client_flush(c);
}

static void start(struct client *c, const char *method, struct bytes message, struct answer *a)
{
    *a = (struct answer){0};
    start_with(c, method, message, on_message, on_done, a, &a->call);
}

static void await_flag(struct fixture *f, const bool *flag)
{
    int64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
    while (!*flag) {
        assert_true(clock_monotonic_ns() < deadline);
        step(f, 100);
    }
}

static enum status ask(struct client *c, const char *method, struct bytes message, struct answer *a)
{
    start(c, method, message, a);
    await_flag(c->f, &a->done);
    return a->status;
}

/* A call whose request has one string in field 1. */
static enum status ask_id(struct client *c, const char *method, const char *id, struct answer *a)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = bytes_of_cstr(id), .get_inputs_and_outputs = true};
    pb_get_instance_request_encode(&r, &message);
    return ask(c, method, buf_peek(&message), a);
}

static enum status start_instance(struct client *c, const char *id, const char *name, struct answer *a)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                           .name = bytes_of_cstr(name),
                                           .input = pb_some(BYTES_LITERAL("\"in\""))};
    pb_create_instance_request_encode(&r, &message);
    enum status status = ask(c, "StartInstance", buf_peek(&message), a);
    buf_fini(&a->message);
    return status;
}

/* The status of an instance, or -1 if it does not exist. */
static int status_of(struct client *c, const char *id)
{
    struct answer a;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_get_instance_response r;
    arena_init(&arena, 0);
    assert_int_equal(ask_id(c, "GetInstance", id, &a), STATUS_OK);
    assert_int_equal(pb_get_instance_response_decode(&arena, buf_peek(&a.message), &r), STATUS_OK);
    assert_int_equal(r.exists, r.orchestration_state != NULL);
    int status = r.exists ? r.orchestration_state->orchestration_status : -1;
    buf_fini(&a.message);
    return status;
}

/* --- a worker: one activity, then done --- */

struct worker {
    struct client client;
    struct grpc_client_call *stream;
    bool ended;
    enum status end_status;
    char end_text[256];
    size_t turns, activities, pings;
    bool silent; /* takes items and says nothing */
};

static void ignore_done(void *context, enum status status, const char *text)
{
}

static void answer_turn(struct worker *w, const struct pb_work_item *item)
{
    const struct pb_orchestrator_request *q = item->orchestrator_request;
    const struct pb_history_event *result = NULL;
    for (size_t i = 0; i < q->new_events_count; i++)
        if (q->new_events[i].event_type_case == PB_HISTORY_EVENT_TASK_COMPLETED)
            result = &q->new_events[i];
    struct pb_schedule_task_action schedule = {.name = BYTES_LITERAL("Act"),
                                               .input = pb_some(BYTES_LITERAL("\"x\""))};
    struct pb_complete_orchestration_action complete = {.orchestration_status =
                                                            PB_ORCHESTRATION_STATUS_COMPLETED};
    struct pb_orchestrator_action action = {.id = 1,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK,
                                            .schedule_task = &schedule};
    if (result) {
        complete.result = result->task_completed->result;
        action.id = 2;
        action.orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION;
        action.complete_orchestration = &complete;
    }
    struct pb_orchestrator_response r = {.instance_id = q->instance_id,
                                         .actions = &action,
                                         .actions_count = 1,
                                         .completion_token = item->completion_token};
    CLEANUP(buf_fini) struct buf message = {0};
    struct grpc_client_call *call;
    pb_orchestrator_response_encode(&r, &message);
    start_with(&w->client, "CompleteOrchestratorTask", buf_peek(&message), NULL, ignore_done, NULL, &call);
}

static void answer_activity(struct worker *w, const struct pb_work_item *item)
{
    const struct pb_activity_request *q = item->activity_request;
    struct pb_activity_response r = {.instance_id = q->orchestration_instance->instance_id,
                                     .task_id = q->task_id,
                                     .result = pb_some(BYTES_LITERAL("\"done\"")),
                                     .completion_token = item->completion_token};
    CLEANUP(buf_fini) struct buf message = {0};
    struct grpc_client_call *call;
    pb_activity_response_encode(&r, &message);
    start_with(&w->client, "CompleteActivityTask", buf_peek(&message), NULL, ignore_done, NULL, &call);
}

static void on_item(void *context, struct bytes message)
{
    struct worker *w = context;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_work_item item;
    arena_init(&arena, 0);
    assert_int_equal(pb_work_item_decode(&arena, message, &item), STATUS_OK);
    if (item.request_case == PB_WORK_ITEM_HEALTH_PING) {
        w->pings++;
        return;
    }
    assert_true(item.completion_token.size > 0);
    if (item.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST) {
        w->turns++;
        if (!w->silent)
            answer_turn(w, &item);
    } else {
        assert_int_equal(item.request_case, PB_WORK_ITEM_ACTIVITY_REQUEST);
        w->activities++;
        if (!w->silent)
            answer_activity(w, &item);
    }
}

static void on_stream_end(void *context, enum status status, const char *text)
{
    struct worker *w = context;
    w->ended = true;
    w->end_status = status;
    snprintf(w->end_text, sizeof w->end_text, "%s", text);
}

static void worker_open(struct worker *w, struct fixture *f, const char *id)
{
    *w = (struct worker){.client.worker = id};
    client_open(&w->client, f);
    start_with(&w->client, "GetWorkItems", (struct bytes){0}, on_item, on_stream_end, w, &w->stream);
}

/* Waits for completion and checks the output. */
static void assert_completes(struct client *c, const char *id)
{
    struct answer a;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_get_instance_response r;
    arena_init(&arena, 0);
    assert_int_equal(ask_id(c, "WaitForInstanceCompletion", id, &a), STATUS_OK);
    assert_int_equal(pb_get_instance_response_decode(&arena, buf_peek(&a.message), &r), STATUS_OK);
    assert_true(r.exists);
    assert_int_equal(r.orchestration_state->orchestration_status, PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_true(bytes_equal_cstr(r.orchestration_state->output.value, "\"done\""));
    buf_fini(&a.message);
}

/* --- tests --- */

static void test_a_run_from_start_to_completion(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    assert_int_equal(ask(&c, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(a.messages, 1);
    assert_int_equal(a.message.size, 0);
    assert_int_equal(status_of(&c, "one"), -1);
    assert_int_equal(start_instance(&c, "one", "Orch", &a), STATUS_OK);
    assert_completes(&c, "one");
    assert_int_equal(w.turns, 2);
    assert_int_equal(w.activities, 1);
    assert_int_equal(start_instance(&c, "", "", &a), STATUS_INVALID_ARGUMENT);
    struct scheduler_stats stats;
    scheduler_stats(f->scheduler, &stats);
    assert_int_equal(stats.engine.streams, 1);
    assert_int_equal(stats.calls_open, 1);
    assert_true(stats.store.commits >= 3);
    client_close(&c);
    client_close(&w.client);
}

static void test_many_runs_share_commits(void **state)
{
    struct fixture *f = *state;
    enum { N = 200 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    static struct answer answers[N];
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    for (int i = 0; i < N; i++) {
        CLEANUP(buf_fini) struct buf message = {0};
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("Orch")};
        pb_create_instance_request_encode(&r, &message);
        start(&c, "StartInstance", buf_peek(&message), &answers[i]);
    }
    for (int i = 0; i < N; i++) {
        char id[16];
        await_flag(f, &answers[i].done);
        assert_int_equal(answers[i].status, STATUS_OK);
        buf_fini(&answers[i].message);
        snprintf(id, sizeof id, "i%d", i);
        assert_completes(&c, id);
    }
    struct scheduler_stats stats;
    scheduler_stats(f->scheduler, &stats);
    print_message("%d runs in %llu commits\n", N, (unsigned long long)stats.store.commits);
    assert_true(stats.store.commits < N);
    client_close(&c);
    client_close(&w.client);
}

/* If this fails, a purge of much keeps the loop and the writer, and every start waits for it. */
static void test_a_purge_by_filter_goes_in_small_steps(void **state)
{
    struct fixture *f = *state;
    enum { N = 200, STEP_MAX = 50 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(start_instance(&c, id, "Orch", &a), STATUS_OK);
        assert_completes(&c, id);
    }

    struct scheduler_stats before;
    struct scheduler_stats after;
    scheduler_stats(f->scheduler, &before);
    struct pb_purge_instance_filter filter = {0};
    struct pb_purge_instances_request purge = {
        .request_case = PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER, .purge_instance_filter = &filter};
    CLEANUP(buf_fini) struct buf message = {0};
    pb_purge_instances_request_encode(&purge, &message);
    assert_int_equal(ask(&c, "PurgeInstances", buf_peek(&message), &a), STATUS_OK);
    buf_fini(&a.message);
    scheduler_stats(f->scheduler, &after);
    assert_true(after.store.commits - before.store.commits >= N / STEP_MAX);
    assert_int_equal(status_of(&c, "i0"), -1);
    client_close(&c);
    client_close(&w.client);
}

static void test_hubs(void **state)
{
    struct fixture *f = *state;
    static const char *const hubs[] = {"Alpha", "beta"};
    struct answer a;
    static struct client none, alpha = {.hub = "ALPHA"}, other = {.hub = "gamma"};
    f->hubs = hubs;
    f->hub_count = 2;
    server_open(f);
    client_open(&none, f);
    client_open(&alpha, f);
    client_open(&other, f);
    assert_int_equal(ask(&none, "Hello", (struct bytes){0}, &a), STATUS_INVALID_ARGUMENT);
    assert_int_equal(ask(&alpha, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(ask(&other, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_string_equal(a.text, "Task hub not found: gamma");
    assert_int_equal(start_instance(&alpha, "here", "Orch", &a), STATUS_OK);
    client_close(&none);
    client_close(&alpha);
    client_close(&other);
    /* On one more start, any name will do, and hubs stay apart. */
    server_close(f);
    f->hubs_dynamic = true;
    server_open(f);
    client_open(&alpha, f);
    client_open(&other, f);
    assert_int_equal(ask(&other, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(status_of(&other, "here"), -1);
    assert_int_equal(status_of(&alpha, "here"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(start_instance(&other, "there", "Orch", &a), STATUS_OK);
    client_close(&alpha);
    client_close(&other);
}

/* If this fails, a client that may create and delete hubs cannot, or a hub that is gone comes back with what was in it. */
static void test_clients_manage_hubs(void **state)
{
    struct fixture *f = *state;
    static const char *const hubs[] = {"alpha"};
    static struct client alpha = {.hub = "alpha"}, made = {.hub = "made"};
    struct answer a;
    f->hubs_managed = true;
    f->hubs = hubs;
    f->hub_count = 1;
    server_open(f);
    client_open(&alpha, f);
    client_open(&made, f);
    assert_int_equal(ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(ask(&made, "DeleteTaskHub", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(ask(&made, "CreateTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(start_instance(&made, "here", "Orch", &a), STATUS_OK);
    assert_int_equal(start_instance(&alpha, "here", "Orch", &a), STATUS_OK);
    assert_int_equal(ask(&made, "DeleteTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    client_close(&alpha);
    client_close(&made);
    server_close(f);

    server_open(f); /* from the store */
    client_open(&alpha, f);
    client_open(&made, f);
    assert_int_equal(ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(status_of(&alpha, "here"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(ask(&made, "CreateTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(status_of(&made, "here"), -1);
    client_close(&alpha);
    client_close(&made);
}

static void test_what_is_absent_says_so(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    struct answer a;
    server_open(f);
    client_open(&c, f);
    assert_int_equal(ask(&c, "NoSuchMethod", (struct bytes){0}, &a), STATUS_UNIMPLEMENTED);
    assert_true(strlen(a.text) > 10);
    assert_int_equal(ask(&c, "QueryInstances", BYTES_LITERAL("\xff\xff"), &a), STATUS_INVALID_ARGUMENT);
    assert_int_equal(ask(&c, "ListInstanceIds", BYTES_LITERAL("\xff\xff"), &a), STATUS_INVALID_ARGUMENT);
    assert_int_equal(ask(&c, "PurgeInstances", BYTES_LITERAL("\xff\xff"), &a), STATUS_INVALID_ARGUMENT);
    assert_int_equal(ask(&c, "StartInstance", BYTES_LITERAL("\xff\xff"), &a), STATUS_INVALID_ARGUMENT);
    client_close(&c);
}

static size_t query_count(struct client *c, const struct pb_instance_query *q, struct buf *ret_token)
{
    CLEANUP(buf_fini) struct buf message = {0};
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_instances_request r = {.query = (struct pb_instance_query *)q};
    struct pb_query_instances_response response;
    struct answer a;
    arena_init(&arena, 0);
    pb_query_instances_request_encode(&r, &message);
    assert_int_equal(ask(c, "QueryInstances", buf_peek(&message), &a), STATUS_OK);
    assert_int_equal(pb_query_instances_response_decode(&arena, buf_peek(&a.message), &response), STATUS_OK);
    for (size_t i = 0; i < response.orchestration_state_count; i++) {
        const struct pb_orchestration_state *s = &response.orchestration_state[i];
        assert_true(s->created_timestamp.present && s->last_updated_timestamp.present);
        assert_int_equal(s->input.present, q->fetch_inputs_and_outputs);
    }
    buf_clear(ret_token);
    assert_int_equal(response.continuation_token.present, response.continuation_token.value.size > 0);
    buf_append_bytes(ret_token, response.continuation_token.value);
    buf_fini(&a.message);
    return response.orchestration_state_count;
}

static void test_query_list_and_purge(void **state)
{
    struct fixture *f = *state;
    enum { N = 21 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "q%02d", i);
        assert_int_equal(start_instance(&c, id, "Orch", &a), STATUS_OK);
        assert_completes(&c, id);
    }
    /* 21 rows by 5 make 5 pages, the last without a token. */
    CLEANUP(buf_fini) struct buf token = {0};
    size_t pages = 0, rows = 0;
    do {
        struct pb_instance_query q = {.max_instance_count = 5,
                                      .fetch_inputs_and_outputs = true,
                                      .continuation_token = pb_some(buf_peek(&token))};
        CLEANUP(buf_fini) struct buf next = {0};
        rows += query_count(&c, &q, &next);
        buf_clear(&token);
        buf_append_bytes(&token, buf_peek(&next));
        pages++;
    } while (token.size);
    assert_int_equal(pages, 5);
    assert_int_equal(rows, N);
    int32_t running = PB_ORCHESTRATION_STATUS_RUNNING, impossible = 77;
    struct pb_instance_query q = {.runtime_status = &running, .runtime_status_count = 1};
    assert_int_equal(query_count(&c, &q, &token), 0);
    q.runtime_status = &impossible;
    assert_int_equal(query_count(&c, &q, &token), 0);
    q = (struct pb_instance_query){.instance_id_prefix = pb_some(BYTES_LITERAL("q1")),
                                   .max_instance_count = INT32_MAX};
    assert_int_equal(query_count(&c, &q, &token), 10);
    q = (struct pb_instance_query){.continuation_token = pb_some(BYTES_LITERAL("rubbish"))};
    struct pb_query_instances_request bad = {.query = &q};
    CLEANUP(buf_fini) struct buf message = {0};
    pb_query_instances_request_encode(&bad, &message);
    assert_int_equal(ask(&c, "QueryInstances", buf_peek(&message), &a), STATUS_INVALID_ARGUMENT);

    struct pb_list_instance_ids_request list = {.page_size = 20,
                                                .last_instance_key = pb_some((struct bytes){0})};
    struct pb_list_instance_ids_response ids;
    buf_clear(&message);
    pb_list_instance_ids_request_encode(&list, &message);
    assert_int_equal(ask(&c, "ListInstanceIds", buf_peek(&message), &a), STATUS_OK);
    assert_int_equal(pb_list_instance_ids_response_decode(&arena, buf_peek(&a.message), &ids), STATUS_OK);
    assert_int_equal(ids.instance_ids_count, 20);
    assert_true(ids.last_instance_key.present);
    buf_fini(&a.message);

    struct pb_purge_instance_filter filter = {.runtime_status = &running, .runtime_status_count = 1};
    struct pb_purge_instances_request purge = {
        .request_case = PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER, .purge_instance_filter = &filter};
    struct pb_purge_instances_response purged;
    for (int round = 0; round < 2; round++) {
        buf_clear(&message);
        pb_purge_instances_request_encode(&purge, &message);
        assert_int_equal(ask(&c, "PurgeInstances", buf_peek(&message), &a), STATUS_OK);
        assert_int_equal(pb_purge_instances_response_decode(&arena, buf_peek(&a.message), &purged),
                         STATUS_OK);
        assert_true(purged.is_complete.present && purged.is_complete.value);
        assert_int_equal(purged.deleted_instance_count, round == 0 ? 0 : N);
        buf_fini(&a.message);
        filter.runtime_status_count = 0;
    }
    assert_int_equal(status_of(&c, "q00"), -1);
    q = (struct pb_instance_query){0};
    assert_int_equal(query_count(&c, &q, &token), 0);
    client_close(&c);
    client_close(&w.client);
}

static void test_everything_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    server_open(f);
    client_open(&c, f);
    assert_int_equal(start_instance(&c, "early", "Orch", &a), STATUS_OK);
    worker_open(&w, f, "w1");
    w.silent = true;
    bool two = false;
    assert_int_equal(start_instance(&c, "taken", "Orch", &a), STATUS_OK);
    while (!two) {
        step(f, 100);
        two = w.turns == 2;
    }
    /* A waiting caller and a worker with items in hand: both lose their connection. */
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("taken")};
    pb_get_instance_request_encode(&r, &message);
    start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    step(f, 10);
    server_close(f);
    client_close(&c);
    assert_true(wait.done);
    assert_int_equal(wait.status, STATUS_UNAVAILABLE);
    client_close(&w.client);
    assert_true(w.ended);
    server_open(f);
    client_open(&c, f);
    assert_int_equal(status_of(&c, "early"), PB_ORCHESTRATION_STATUS_PENDING);
    worker_open(&w, f, "w2");
    assert_completes(&c, "early");
    assert_completes(&c, "taken");
    client_close(&c);
    client_close(&w.client);
}

static void test_a_waiting_caller_that_leaves_is_forgotten(void **state)
{
    struct fixture *f = *state;
    static struct client c, d;
    struct answer a;
    server_open(f);
    client_open(&c, f);
    client_open(&d, f);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("nobody")};
    pb_get_instance_request_encode(&r, &message);
    start(&c, "WaitForInstanceStart", buf_peek(&message), &a);
    assert_int_equal(status_of(&d, "x"), -1);
    struct scheduler_stats stats;
    scheduler_stats(f->scheduler, &stats);
    assert_int_equal(stats.calls_open, 1);
    grpc_client_cancel(c.grpc, a.call);
    client_flush(&c);
    assert_int_equal(status_of(&c, "x"), -1);
    scheduler_stats(f->scheduler, &stats);
    assert_int_equal(stats.calls_open, 0);
    assert_int_equal(stats.engine.calls_waiting, 0);
    client_close(&c);
    client_close(&d);
}

static void test_a_full_disk_refuses_writes_and_keeps_the_rest(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    struct scheduler_health health;
    f->vfs = fault_vfs_register();
    fault_vfs_reset(1);
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    assert_int_equal(start_instance(&c, "before", "Orch", &a), STATUS_OK);
    assert_completes(&c, "before");
    w.silent = true;
    assert_int_equal(start_instance(&c, "half", "Orch", &a), STATUS_OK);
    while (w.turns < 3)
        step(f, 100);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("half")};
    pb_get_instance_request_encode(&r, &message);
    start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);

    fault_vfs_fail_writes(FAULT_FULL);
    assert_int_equal(start_instance(&c, "lost", "Orch", &a), STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(a.text, "disk full"));
    scheduler_health(f->scheduler, &health);
    assert_false(health.writable);
    assert_non_null(strstr(health.text, "disk full"));
    assert_int_equal(start_instance(&c, "lost", "Orch", &a), STATUS_RESOURCE_EXHAUSTED);
    /* Reads go on, the worker keeps its stream, the waiting caller waits. */
    assert_int_equal(status_of(&c, "before"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(status_of(&c, "half"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(status_of(&c, "lost"), -1);
    CLEANUP(buf_fini) struct buf token = {0};
    struct pb_instance_query q = {0};
    assert_int_equal(query_count(&c, &q, &token), 2);
    assert_false(w.ended);
    assert_false(wait.done);
    size_t turns = w.turns;

    /* With room on the disk it goes on by itself, and the work is delivered again. */
    w.silent = false;
    fault_vfs_fail_writes(FAULT_NONE);
    await_flag(f, &wait.done);
    assert_int_equal(wait.status, STATUS_OK);
    buf_fini(&wait.message);
    assert_true(w.turns > turns);
    scheduler_health(f->scheduler, &health);
    assert_true(health.writable);
    assert_int_equal(start_instance(&c, "lost", "Orch", &a), STATUS_OK);
    assert_completes(&c, "lost");
    struct scheduler_stats stats;
    scheduler_stats(f->scheduler, &stats);
    assert_int_equal(stats.failures, 1);
    client_close(&c);
    client_close(&w.client);
}

static void test_a_failed_read_fails_its_call_and_no_other(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    f->vfs = fault_vfs_register();
    fault_vfs_reset(1);
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    assert_int_equal(start_instance(&c, "old", "Orch", &a), STATUS_OK);
    assert_completes(&c, "old");
    client_close(&c);
    client_close(&w.client);
    server_close(f);
    server_open(f); /* nothing finished is in memory, and SQLite's cache is cold */
    client_open(&c, f);
    assert_int_equal(start_instance(&c, "live", "Orch", &a), STATUS_OK);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("live")};
    pb_get_instance_request_encode(&r, &message);
    start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    fault_vfs_fail_reads(true);
    assert_int_equal(ask_id(&c, "StreamInstanceHistory", "old", &a), STATUS_UNAVAILABLE);
    fault_vfs_fail_reads(false);
    struct scheduler_health health;
    do {
        step(f, 100);
        scheduler_health(f->scheduler, &health);
    } while (!health.writable);
    worker_open(&w, f, "w2");
    assert_int_equal(status_of(&c, "old"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_completes(&c, "live");
    await_flag(f, &wait.done);
    buf_fini(&wait.message);
    client_close(&c);
    client_close(&w.client);
}

static void test_a_worker_that_does_not_read_is_not_drowned(void **state)
{
    struct fixture *f = *state;
    enum { N = 30, SIZE = 900 << 10 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    static uint8_t input[SIZE];
    struct answer a;
    memset(input, 'x', sizeof input);
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    assert_int_equal(ask(&w.client, "Hello", (struct bytes){0}, &a), STATUS_OK);
    int fd = w.client.watch.fd;
    loop_fd_remove(&w.client.watch);
    for (int i = 0; i < N; i++) {
        CLEANUP(buf_fini) struct buf message = {0};
        char id[16];
        snprintf(id, sizeof id, "big%d", i);
        struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("Orch"),
                                               .input = pb_some(bytes_of(input, sizeof input))};
        pb_create_instance_request_encode(&r, &message);
        assert_int_equal(ask(&c, "StartInstance", buf_peek(&message), &a), STATUS_OK);
        buf_fini(&a.message);
    }
    struct scheduler_stats stats;
    scheduler_stats(f->scheduler, &stats);
    assert_true(stats.engine.orchestrators_leased < 20);
    assert_int_equal(stats.engine.orchestrators_leased + stats.engine.orchestrators_ready, N);
    assert_int_equal(loop_fd_add(f->loop, &w.client.watch, fd, EPOLLIN, NULL), STATUS_OK);
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "big%d", i);
        assert_completes(&c, id);
    }
    client_close(&c);
    client_close(&w.client);
}

static void on_stopped(void *context)
{
    ((struct fixture *)context)->stopped = true;
}

static void test_stopping_ends_streams_and_lets_calls_finish(void **state)
{
    struct fixture *f = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer wait, last;
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("never")};
    pb_get_instance_request_encode(&r, &message);
    start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    assert_int_equal(status_of(&c, "x"), -1);
    CLEANUP(buf_fini) struct buf create = {0};
    struct pb_create_instance_request s = {.instance_id = BYTES_LITERAL("late"),
                                           .name = BYTES_LITERAL("Orch")};
    pb_create_instance_request_encode(&s, &create);
    start(&c, "StartInstance", buf_peek(&create), &last);
    struct scheduler_stats stats;
    do {
        step(f, 1);
        scheduler_stats(f->scheduler, &stats);
    } while (stats.calls_open < 3 && !last.done);
    scheduler_stop(f->scheduler, on_stopped, f);
    await_flag(f, &wait.done);
    assert_int_equal(wait.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(wait.text, "stopping"));
    await_flag(f, &w.ended);
    assert_int_equal(w.end_status, STATUS_UNAVAILABLE);
    await_flag(f, &last.done);
    assert_int_equal(last.status, STATUS_OK);
    buf_fini(&last.message);
    await_flag(f, &f->stopped);
    client_close(&c);
    client_close(&w.client);
}

static int64_t clock_step_ns;

static int64_t stepped_unix_ns(void)
{
    return clock_unix_ns() + clock_step_ns;
}

static void start_at(struct client *c, const char *id, int64_t when_ns)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct answer a;
    struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                           .name = BYTES_LITERAL("Orc"),
                                           .scheduled_start_timestamp = pb_time_from_ns(when_ns)};
    pb_create_instance_request_encode(&r, &message);
    assert_int_equal(ask(c, "StartInstance", buf_peek(&message), &a), STATUS_OK);
    buf_fini(&a.message);
}

static void await_gone(struct fixture *f, struct client *c, const char *id)
{
    for (int n = 0; n < 500 && status_of(c, id) != -1; n++)
        step(f, 10);
    assert_int_equal(status_of(c, id), -1);
}

/* If this fails, what is over is kept for ever, or deleted before its time, or what runs is deleted (DT-170). */
static void test_retention_deletes_what_is_old_enough(void **state)
{
    struct fixture *f = *state;
    static struct client c;
    static struct worker w;
    struct answer a;
    clock_step_ns = 0;
    f->unix_ns = stepped_unix_ns;
    f->retention = "completed=0, terminated=1d";
    server_open(f);
    client_open(&c, f);
    start_at(&c, "stopped", stepped_unix_ns() + 240 * 3600 * NS_PER_S);
    start_at(&c, "runs", stepped_unix_ns() + 240 * 3600 * NS_PER_S);
    assert_int_equal(ask_id(&c, "TerminateInstance", "stopped", &a), STATUS_OK);
    assert_int_equal(status_of(&c, "stopped"), PB_ORCHESTRATION_STATUS_TERMINATED);
    worker_open(&w, f, "w1");
    assert_int_equal(start_instance(&c, "done", "Orch", &a), STATUS_OK);
    await_gone(f, &c, "done");
    assert_int_equal(status_of(&c, "stopped"), PB_ORCHESTRATION_STATUS_TERMINATED);
    clock_step_ns = 25 * 3600 * NS_PER_S;
    await_gone(f, &c, "stopped");
    assert_int_equal(status_of(&c, "runs"), PB_ORCHESTRATION_STATUS_PENDING);
    client_close(&c);
    client_close(&w.client);
}

/* If this fails, a step of the wall clock, ahead or back, is not noticed by a server that runs: what waits
 * for it sleeps on, or for as long again as the step was wide. */
static void test_a_stepped_clock_is_noticed(void **state)
{
    struct fixture *f = *state;
    static struct client c;
    static struct worker w;
    f->unix_ns = stepped_unix_ns;
    clock_step_ns = 0;
    server_open(f);
    client_open(&c, f);
    worker_open(&w, f, "w1");
    start_at(&c, "ahead", stepped_unix_ns() + 3600 * NS_PER_S);
    clock_step_ns = 3600 * NS_PER_S;
    assert_completes(&c, "ahead");
    clock_step_ns = -3600 * NS_PER_S;
    start_at(&c, "back", stepped_unix_ns() + NS_PER_S / 2);
    assert_completes(&c, "back");
    client_close(&w.client);
    client_close(&c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_run_from_start_to_completion),
        T(test_many_runs_share_commits),
        T(test_a_purge_by_filter_goes_in_small_steps),
        T(test_hubs),
        T(test_clients_manage_hubs),
        T(test_retention_deletes_what_is_old_enough),
        T(test_what_is_absent_says_so),
        T(test_query_list_and_purge),
        T(test_everything_is_there_after_a_restart),
        T(test_a_waiting_caller_that_leaves_is_forgotten),
        T(test_a_full_disk_refuses_writes_and_keeps_the_rest),
        T(test_a_failed_read_fails_its_call_and_no_other),
        T(test_a_worker_that_does_not_read_is_not_drowned),
        T(test_stopping_ends_streams_and_lets_calls_finish),
        T(test_a_stepped_clock_is_noticed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_vfs_reset(0);
    return failed;
}
