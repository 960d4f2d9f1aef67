/* SPDX-License-Identifier: MIT */
/* service_rig.c — in four parts: the server, a client's connection, its calls, and the worker. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/settled.h"
#include "os/clock.h"
#include "service_rig.h"

#define PATIENCE_NS (120 * NS_PER_S)
#define SERVICE     "/TaskHubSidecarService/"

/* --- the server --- */

void rig_serve(struct service_rig *rig)
{
    struct err e = {0};
    struct scheduler_options o = scheduler_options_default();
    o.store.path = o.store.shown = rig->path;
    o.store.vfs = rig->vfs;
    o.engine = settled_engine();
    o.large_message_agents = "durabletask-js";
    o.hubs = rig->hubs;
    o.hub_count = rig->hub_count;
    o.hubs_dynamic = rig->hubs_dynamic;
    o.hubs_managed = rig->hubs_managed;
    o.retention = rig->retention;
    o.retention_interval_ns = NS_PER_S / 50;
    if (rig->unix_ns)
        o.unix_ns = rig->unix_ns;
    enum status status = scheduler_create(rig->loop, &o, &rig->scheduler, &e);
    if (status != STATUS_OK)
        print_error("%s\n", e.text);
    assert_int_equal(status, STATUS_OK);
    struct grpc_handler h = scheduler_handler(rig->scheduler);
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    assert_int_equal(grpc_server_create(rig->loop, &limits, &h, &rig->server, &e), STATUS_OK);
    scheduler_attach(rig->scheduler, rig->server);
}

void rig_step(struct service_rig *rig, int wait_ms)
{
    assert_int_equal(loop_step(rig->loop, wait_ms, NULL), STATUS_OK);
}

void rig_close(struct service_rig *rig)
{
    grpc_server_destroy(rig->server);
    scheduler_destroy(rig->scheduler);
    rig->server = NULL;
    rig->scheduler = NULL;
    rig_step(rig, 0);
}

int rig_setup(void **state)
{
    struct service_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/sallyport-scheduler-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof rig->path, "%s/tasks.db", rig->folder);
    assert_int_equal(loop_create(&rig->loop, NULL), STATUS_OK);
    *state = rig;
    return 0;
}

int rig_teardown(void **state)
{
    struct service_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rig->clients); i++)
        if (rig->clients[i])
            client_close(rig->clients[i]);
    if (rig->scheduler)
        rig_close(rig);
    loop_destroy(rig->loop);
    DIR *d = opendir(rig->folder);
    struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    (void)rmdir(rig->folder);
    free(rig);
    return 0;
}

/* --- a client connection --- */

void client_flush(struct client *client)
{
    CLEANUP(buf_fini) struct buf out = {0};
    if (grpc_client_output(client->grpc, &out, NULL) != STATUS_OK)
        return; /* the session is over: after a GOAWAY, say */
    size_t done = 0;
    while (done < out.size) {
        ssize_t n = write(client->watch.fd, out.data + done, out.size - done);
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            return; /* the server is gone; reading will tell */
        }
        done += (size_t)n;
    }
}

static void client_ready(struct loop_fd *watch, uint32_t events)
{
    struct client *client = CONTAINER_OF(watch, struct client, watch);
    static uint8_t block[65536];
    ssize_t n = read(watch->fd, block, sizeof block);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || grpc_client_receive(client->grpc, bytes_of(block, (size_t)n), NULL) != STATUS_OK)
        loop_fd_remove(watch);
    else
        client_flush(client);
}

void client_open(struct client *client, struct service_rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int other = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listener);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(grpc_server_adopt(rig->server, transport_plain(other), NULL), STATUS_OK);
    struct grpc_client_options o = {.authority = "127.0.0.1:1", .response_size_max = (size_t)64 << 20};
    const char *hub = client->hub, *worker = client->worker;
    *client = (struct client){.rig = rig, .hub = hub, .worker = worker, .watch.on_ready = client_ready};
    assert_int_equal(grpc_client_create(&o, &client->grpc, NULL), STATUS_OK);
    assert_int_equal(loop_fd_add(rig->loop, &client->watch, fd, EPOLLIN, NULL), STATUS_OK);
    size_t i = 0;
    while (rig->clients[i])
        i++;
    rig->clients[i] = client;
    client_flush(client);
}

void client_close(struct client *client)
{
    int fd = client->watch.fd;
    for (size_t i = 0; i < ARRAY_SIZE(client->rig->clients); i++)
        if (client->rig->clients[i] == client)
            client->rig->clients[i] = NULL;
    loop_fd_remove(&client->watch);
    grpc_client_destroy(client->grpc);
    close(fd);
    client->grpc = NULL;
}

/* --- one call --- */

static void on_message(void *context, struct bytes message)
{
    struct answer *answer = context;
    buf_clear(&answer->message);
    buf_append_bytes(&answer->message, message);
    answer->messages++;
}

static void on_done(void *context, enum status status, const char *text)
{
    struct answer *answer = context;
    answer->done = true;
    answer->status = status;
    snprintf(answer->text, sizeof answer->text, "%s", text);
}

void client_start_with(struct client *client, const char *method, struct bytes message,
                       void (*message_in)(void *, struct bytes),
                       void (*done)(void *, enum status, const char *), void *context,
                       struct grpc_client_call **ret_call)
{
    char path[128];
    snprintf(path, sizeof path, SERVICE "%s", method);
    struct grpc_metadata metadata[2];
    size_t count = 0;
    if (client->hub)
        metadata[count++] = (struct grpc_metadata){"taskhub", client->hub};
    if (client->worker)
        metadata[count++] = (struct grpc_metadata){"workerid", client->worker};
    struct grpc_call_options o = {.path = path,
                                  .metadata = metadata,
                                  .metadata_count = count,
                                  .on_message = message_in,
                                  .on_done = done,
                                  .context = context};
    assert_int_equal(grpc_client_start(client->grpc, &o, message, ret_call, NULL), STATUS_OK);
    client_flush(client);
}

void client_start(struct client *client, const char *method, struct bytes message, struct answer *answer)
{
    *answer = (struct answer){0};
    client_start_with(client, method, message, on_message, on_done, answer, &answer->call);
}

void rig_await(struct service_rig *rig, const bool *flag)
{
    int64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
    while (!*flag) {
        assert_true(clock_monotonic_ns() < deadline);
        rig_step(rig, 100);
    }
}

enum status client_ask(struct client *client, const char *method, struct bytes message, struct answer *answer)
{
    client_start(client, method, message, answer);
    rig_await(client->rig, &answer->done);
    return answer->status;
}

/* A call whose request has one string in field 1. */
enum status client_ask_id(struct client *client, const char *method, const char *id, struct answer *answer)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = bytes_of_cstr(id), .get_inputs_and_outputs = true};
    pb_get_instance_request_encode(&r, &message);
    return client_ask(client, method, buf_peek(&message), answer);
}

enum status client_start_instance(struct client *client, const char *id, const char *name,
                                  struct answer *answer)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                           .name = bytes_of_cstr(name),
                                           .input = pb_some(BYTES_LITERAL("\"in\""))};
    pb_create_instance_request_encode(&r, &message);
    enum status status = client_ask(client, "StartInstance", buf_peek(&message), answer);
    buf_fini(&answer->message);
    return status;
}

/* The status of an instance, or -1 if it does not exist. */
int client_status_of(struct client *client, const char *id)
{
    struct answer answer;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_get_instance_response r;
    arena_init(&arena, 0);
    assert_int_equal(client_ask_id(client, "GetInstance", id, &answer), STATUS_OK);
    assert_int_equal(pb_get_instance_response_decode(&arena, buf_peek(&answer.message), &r), STATUS_OK);
    assert_int_equal(r.exists, r.orchestration_state != NULL);
    int status = r.exists ? r.orchestration_state->orchestration_status : -1;
    buf_fini(&answer.message);
    return status;
}

size_t client_query_count(struct client *client, const struct pb_instance_query *query, struct buf *ret_token)
{
    CLEANUP(buf_fini) struct buf message = {0};
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_instances_request r = {.query = (struct pb_instance_query *)query};
    struct pb_query_instances_response response;
    struct answer a;
    arena_init(&arena, 0);
    pb_query_instances_request_encode(&r, &message);
    assert_int_equal(client_ask(client, "QueryInstances", buf_peek(&message), &a), STATUS_OK);
    assert_int_equal(pb_query_instances_response_decode(&arena, buf_peek(&a.message), &response), STATUS_OK);
    for (size_t i = 0; i < response.orchestration_state_count; i++) {
        const struct pb_orchestration_state *s = &response.orchestration_state[i];
        assert_true(s->created_timestamp.present && s->last_updated_timestamp.present);
        assert_int_equal(s->input.present, query->fetch_inputs_and_outputs);
    }
    buf_clear(ret_token);
    assert_int_equal(response.continuation_token.present, response.continuation_token.value.size > 0);
    buf_append_bytes(ret_token, response.continuation_token.value);
    buf_fini(&a.message);
    return response.orchestration_state_count;
}

/* --- a worker: one activity, then done --- */

static void ignore_done(void *context, enum status status, const char *text)
{
}

static void answer_turn(struct worker *worker, const struct pb_work_item *item)
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
    client_start_with(&worker->client, "CompleteOrchestratorTask", buf_peek(&message), NULL, ignore_done,
                      NULL, &call);
}

static void answer_activity(struct worker *worker, const struct pb_work_item *item)
{
    const struct pb_activity_request *q = item->activity_request;
    struct pb_activity_response r = {.instance_id = q->orchestration_instance->instance_id,
                                     .task_id = q->task_id,
                                     .result = pb_some(BYTES_LITERAL("\"done\"")),
                                     .completion_token = item->completion_token};
    CLEANUP(buf_fini) struct buf message = {0};
    struct grpc_client_call *call;
    pb_activity_response_encode(&r, &message);
    client_start_with(&worker->client, "CompleteActivityTask", buf_peek(&message), NULL, ignore_done, NULL,
                      &call);
}

static void on_item(void *context, struct bytes message)
{
    struct worker *worker = context;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_work_item item;
    arena_init(&arena, 0);
    assert_int_equal(pb_work_item_decode(&arena, message, &item), STATUS_OK);
    if (item.request_case == PB_WORK_ITEM_HEALTH_PING) {
        worker->pings++;
        return;
    }
    assert_true(item.completion_token.size > 0);
    if (item.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST) {
        worker->turns++;
        if (!worker->silent)
            answer_turn(worker, &item);
    } else {
        assert_int_equal(item.request_case, PB_WORK_ITEM_ACTIVITY_REQUEST);
        worker->activities++;
        if (!worker->silent)
            answer_activity(worker, &item);
    }
}

static void on_stream_end(void *context, enum status status, const char *text)
{
    struct worker *worker = context;
    worker->ended = true;
    worker->end_status = status;
    snprintf(worker->end_text, sizeof worker->end_text, "%s", text);
}

void worker_open(struct worker *worker, struct service_rig *rig, const char *id)
{
    *worker = (struct worker){.client.worker = id};
    client_open(&worker->client, rig);
    client_start_with(&worker->client, "GetWorkItems", (struct bytes){0}, on_item, on_stream_end, worker,
                      &worker->stream);
}

/* Waits for completion and checks the output. */
void client_assert_completes(struct client *client, const char *id)
{
    struct answer answer;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_get_instance_response r;
    arena_init(&arena, 0);
    assert_int_equal(client_ask_id(client, "WaitForInstanceCompletion", id, &answer), STATUS_OK);
    assert_int_equal(pb_get_instance_response_decode(&arena, buf_peek(&answer.message), &r), STATUS_OK);
    assert_true(r.exists);
    assert_int_equal(r.orchestration_state->orchestration_status, PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_true(bytes_equal_cstr(r.orchestration_state->output.value, "\"done\""));
    buf_fini(&answer.message);
}
