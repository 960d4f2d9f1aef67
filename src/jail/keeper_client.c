/* SPDX-License-Identifier: MIT */
/* keeper_client.c — messages out go straight to the socket: they are tiny, and a keeper that does not read them for
 * SEND_MAX_S is gone. Messages in come by the loop. */
#include "jail/keeper_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "jail/limit_values.h"
#include "jail/packet.h"

#define SEND_MAX_S 5

struct keeper_client {
    struct loop *loop;
    struct keeper_callbacks callbacks;
    struct loop_fd watch;
    struct loop_task lost; /* on_lost never comes from inside a call */
    struct keeper_message_gate gate;
    enum keeper_phase phase;
    int socket;
    bool gone;
    struct packet packet;
    struct keeper_report report;
    char text[KEEPER_TEXT_SIZE];
};

/* --- messages in --- */

static void copy_text(char ret_text[KEEPER_TEXT_SIZE], struct bytes text)
{
    size_t size = MIN(text.size, (size_t)KEEPER_TEXT_SIZE - 1);
    if (size > 0)
        memcpy(ret_text, text.data, size);
    ret_text[size] = '\0';
}

static void run_lost(struct loop_task *task)
{
    struct keeper_client *client = CONTAINER_OF(task, struct keeper_client, lost);
    client->callbacks.on_lost(client->callbacks.context, client->text);
}

/* Once, whatever is noticed first. Told in a turn of its own: the caller may be in the middle of a call to us. */
static void lose(struct keeper_client *client, const char *text)
{
    if (client->gone)
        return;
    client->gone = true;
    loop_fd_remove(&client->watch);
    copy_text(client->text, bytes_of_cstr(text));
    loop_defer(client->loop, &client->lost);
}

static void take_ready(struct keeper_client *client, const struct keeper_message *message)
{
    /* Three parts: identities, a word for each runtime; the layers that are not on; a report, which may have lines of its own. */
    struct bytes json = message->text;
    struct bytes identities = bytes_split(&json, '\n');
    struct bytes degraded = bytes_split(&json, '\n');
    snprintf(client->report.degraded, sizeof client->report.degraded, "%.*s", BYTES_FMT(degraded));
    for (int id = 0; id < RUNTIMES; id++) {
        struct bytes identity = bytes_split(&identities, ' ');
        snprintf(client->report.template_identity[id], TEMPLATE_IDENTITY_SIZE, "%.*s", BYTES_FMT(identity));
    }
    snprintf(client->report.json, sizeof client->report.json, "%.*s", BYTES_FMT(json));
    client->report.stores = message->flags & READY_FLAG_STORES;
    client->phase = KEEPER_PHASE_SERVING;
    client->callbacks.on_ready(client->callbacks.context, &client->report);
}

static int take_extra(const struct keeper_client *client, const struct keeper_message *message, unsigned flag,
                      unsigned *used)
{
    return message->flags & flag && *used < client->packet.fd_count ? client->packet.fds[(*used)++] : -1;
}

/* The first four are there: keeper_message_parse has counted them against its table. */
static void take_spawned(struct keeper_client *client, const struct keeper_message *message)
{
    bool known = message->runtime < RUNTIMES;
    unsigned used = 4; /* ORDER: the extras come in the order of their flags */
    const struct keeper_session session = {
        .ref = {message->slot, message->generation},
        .runtime = known ? (enum runtime_id)message->runtime : 0,
        .control_fd = client->packet.fds[0],
        .stdout_fd = client->packet.fds[1],
        .stderr_fd = client->packet.fds[2],
        .data_dir_fd = client->packet.fds[3],
        .calls_fd = take_extra(client, message, SPAWNED_FLAG_CALLS, &used),
        .cpu_fd = take_extra(client, message, SPAWNED_FLAG_CPU, &used),
        .memory_fd = take_extra(client, message, SPAWNED_FLAG_MEMORY, &used),
        .processes_fd = take_extra(client, message, SPAWNED_FLAG_PROCESSES, &used),
    };
    client->packet.fd_count = 0; /* they are the callee's */
    client->callbacks.on_spawned(client->callbacks.context, message->request, &session, NULL);
}

static void take_refused(struct keeper_client *client, const struct keeper_message *message)
{
    char text[KEEPER_TEXT_SIZE];
    copy_text(text, message->text);
    client->callbacks.on_spawned(client->callbacks.context, message->request, NULL, text);
}

static void take_ended(struct keeper_client *client, const struct keeper_message *message)
{
    const struct session_ref ref = {message->slot, message->generation};
    client->callbacks.on_ended(client->callbacks.context, ref, (enum session_end)message->code,
                               (int)message->detail);
}

static void take_stored(struct keeper_client *client, const struct keeper_message *message)
{
    const struct session_ref ref = {message->slot, message->generation};
    client->callbacks.on_stored(client->callbacks.context, ref, (int)message->code);
}

static void take_fatal(struct keeper_client *client, const struct keeper_message *message)
{
    char text[KEEPER_TEXT_SIZE];
    copy_text(text, message->text);
    lose(client, text);
}

static void on_message(struct loop_fd *watch, uint32_t events)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper_client *,
                                                        const struct keeper_message *) = {
        [KEEPER_MESSAGE_READY] = take_ready,     [KEEPER_MESSAGE_SPAWNED] = take_spawned,
        [KEEPER_MESSAGE_REFUSED] = take_refused, [KEEPER_MESSAGE_ENDED] = take_ended,
        [KEEPER_MESSAGE_STORED] = take_stored,   [KEEPER_MESSAGE_FATAL] = take_fatal,
    };
    struct keeper_client *client = CONTAINER_OF(watch, struct keeper_client, watch);
    struct keeper_message message;
    struct err err = {0};
    if (packet_receive(client->socket, &client->packet, &err) != STATUS_OK) {
        lose(client, "the keeper ended");
        return;
    }
    /* The keeper is trusted more than a session, but not with our memory: its words pass the same table as
     * anybody's. */
    if (keeper_message_parse(&client->gate, client->phase, bytes_of(client->packet.data, client->packet.size),
                             client->packet.fd_count, &message, &err) != STATUS_OK)
        lose(client, err.text);
    else
        handlers[message.type](client, &message);
    packet_close(&client->packet);
}

/* --- messages out --- */

static void tell_with(struct keeper_client *client, const struct keeper_message *message, const int *fds,
                      unsigned count)
{
    struct err err = {0};
    if (!client->gone && packet_send(client->socket, message, fds, count, &err) != STATUS_OK)
        lose(client, err.text);
}

static void tell(struct keeper_client *client, const struct keeper_message *message)
{
    tell_with(client, message, NULL, 0);
}

void keeper_client_spawn(struct keeper_client *client, uint64_t request, enum runtime_id runtime)
{
    tell(client,
         &(struct keeper_message){.type = KEEPER_MESSAGE_SPAWN, .request = request, .runtime = runtime});
}

void keeper_client_interrupt(struct keeper_client *client, struct session_ref ref)
{
    tell(client, &(struct keeper_message){
                     .type = KEEPER_MESSAGE_INTERRUPT, .slot = ref.slot, .generation = ref.generation});
}

void keeper_client_kill(struct keeper_client *client, struct session_ref ref)
{
    tell(client, &(struct keeper_message){
                     .type = KEEPER_MESSAGE_KILL, .slot = ref.slot, .generation = ref.generation});
}

void keeper_client_store(struct keeper_client *client, struct session_ref ref, int pipe_fd, int file_fd,
                         uint64_t size)
{
    const int fds[] = {pipe_fd, file_fd};
    const struct keeper_message message = {
        .type = KEEPER_MESSAGE_STORE, .slot = ref.slot, .generation = ref.generation, .size = size};
    tell_with(client, &message, fds, ARRAY_SIZE(fds));
}

/* --- start and stop --- */

struct keeper_options keeper_options_default(void)
{
    return (struct keeper_options){
        .limits =
            {
                .tmp_bytes = SESSION_TMP_SIZE_MAX,
                .files = SESSION_FILES_MAX,
                .open_files = SESSION_OPEN_FILES_MAX,
            },
    };
}

enum status keeper_client_start(struct loop *loop, struct warden_client *warden,
                                const struct keeper_options *options, const struct keeper_callbacks *cb,
                                struct keeper_client **ret_client, struct err *err)
{
    struct keeper_client *client = calloc(1, sizeof *client);
    if (!client)
        return err_set(err, STATUS_NO_MEMORY, "no memory for the keeper's client");
    *client = (struct keeper_client){
        .loop = loop,
        .callbacks = *cb,
        .watch = {.on_ready = on_message},
        .lost = {.on_run = run_lost},
        .gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_POOL},
        .phase = KEEPER_PHASE_OPEN,
        .socket = -1,
    };
    CLEANUP(buf_fini) struct buf paths = {0};
    buf_append_fmt(&paths, "%s\n%s", text_or(options->zygote_path, ""), text_or(options->session_paths, ""));
    const struct keeper_message open = {.type = KEEPER_MESSAGE_OPEN,
                                        .sessions_max = options->sessions_max,
                                        .flags = (options->other_ids ? KEEPER_FLAG_OTHER_IDS : 0) |
                                                 (options->listen ? KEEPER_FLAG_LISTEN : 0),
                                        .limits = options->limits,
                                        .text = buf_peek(&paths)};
    enum status status = buf_status(&paths);
    if (status == STATUS_OK)
        status = warden_client_order(warden, options->beside, &client->socket, err);
    const struct timeval most = {.tv_sec = SEND_MAX_S};
    if (status == STATUS_OK) {
        (void)!setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
        status = packet_send(client->socket, &open, NULL, 0, err);
    }
    if (status == STATUS_OK)
        status = loop_fd_add(loop, &client->watch, client->socket, EPOLLIN, err);
    if (status != STATUS_OK) {
        /* A keeper that was ordered already ends when it sees its socket closed. */
        client->gone = true;
        keeper_client_stop(client);
        return status;
    }
    *ret_client = client;
    return STATUS_OK;
}

void keeper_client_stop(struct keeper_client *client)
{
    if (!client)
        return;
    loop_fd_remove(&client->watch);
    loop_defer_cancel(&client->lost);
    if (client->socket >= 0)
        close(client->socket);
    free(client);
}
