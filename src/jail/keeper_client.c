/* SPDX-License-Identifier: MIT */
/* Messages out go straight to the socket: they are tiny, and a keeper that does not read them for
 * SEND_MAX_S is gone. Messages in come by the loop. */
#include "jail/keeper_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* --- messages in ----------------------------------------------------------------------------------- */

static void copy_text(char ret_text[KEEPER_TEXT_SIZE], struct bytes text)
{
    size_t size = MIN(text.size, (size_t)KEEPER_TEXT_SIZE - 1);
    if (size > 0)
        memcpy(ret_text, text.data, size);
    ret_text[size] = '\0';
}

static void run_lost(struct loop_task *t)
{
    struct keeper_client *k = CONTAINER_OF(t, struct keeper_client, lost);
    k->callbacks.on_lost(k->callbacks.context, k->text);
}

static void lose(struct keeper_client *k, const char *text)
{
    if (k->gone)
        return;
    k->gone = true;
    loop_fd_remove(&k->watch);
    copy_text(k->text, bytes_of_cstr(text));
    loop_defer(k->loop, &k->lost);
}

static void take_ready(struct keeper_client *k, const struct keeper_message *m)
{
    struct bytes json = m->text;
    struct bytes identity = bytes_split(&json, '\n');
    struct bytes degraded = bytes_split(&json, '\n');
    snprintf(k->report.degraded, sizeof k->report.degraded, "%.*s", BYTES_FMT(degraded));
    snprintf(k->report.template_identity, sizeof k->report.template_identity, "%.*s", BYTES_FMT(identity));
    snprintf(k->report.json, sizeof k->report.json, "%.*s", BYTES_FMT(json));
    k->phase = KEEPER_PHASE_SERVING;
    k->callbacks.on_ready(k->callbacks.context, &k->report);
}

static void take_spawned(struct keeper_client *k, const struct keeper_message *m)
{
    const struct keeper_session session = {
        .ref = {m->slot, m->generation},
        .control_fd = k->packet.fds[0],
        .stdout_fd = k->packet.fds[1],
        .stderr_fd = k->packet.fds[2],
        .data_dir_fd = k->packet.fds[3],
    };
    k->packet.fd_count = 0; /* they are the callee's */
    k->callbacks.on_spawned(k->callbacks.context, m->request, &session, NULL);
}

static void take_refused(struct keeper_client *k, const struct keeper_message *m)
{
    char text[KEEPER_TEXT_SIZE];
    copy_text(text, m->text);
    k->callbacks.on_spawned(k->callbacks.context, m->request, NULL, text);
}

static void take_ended(struct keeper_client *k, const struct keeper_message *m)
{
    const struct session_ref ref = {m->slot, m->generation};
    k->callbacks.on_ended(k->callbacks.context, ref, (enum session_end)m->code, (int)m->detail);
}

static void take_fatal(struct keeper_client *k, const struct keeper_message *m)
{
    char text[KEEPER_TEXT_SIZE];
    copy_text(text, m->text);
    lose(k, text);
}

static void on_message(struct loop_fd *w, uint32_t events)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper_client *,
                                                        const struct keeper_message *) = {
        [KEEPER_MESSAGE_READY] = take_ready,     [KEEPER_MESSAGE_SPAWNED] = take_spawned,
        [KEEPER_MESSAGE_REFUSED] = take_refused, [KEEPER_MESSAGE_ENDED] = take_ended,
        [KEEPER_MESSAGE_FATAL] = take_fatal,
    };
    struct keeper_client *k = CONTAINER_OF(w, struct keeper_client, watch);
    struct keeper_message m;
    struct err e = {0};
    if (packet_receive(k->socket, &k->packet, &e) != STATUS_OK) {
        lose(k, "the keeper ended");
        return;
    }
    if (keeper_message_parse(&k->gate, k->phase, bytes_of(k->packet.data, k->packet.size), k->packet.fd_count,
                             &m, &e) != STATUS_OK)
        lose(k, e.text);
    else
        handlers[m.type](k, &m);
    packet_close(&k->packet);
}

/* --- messages out ---------------------------------------------------------------------------------- */

static void tell(struct keeper_client *k, const struct keeper_message *m)
{
    struct err e = {0};
    if (!k->gone && packet_send(k->socket, m, NULL, 0, &e) != STATUS_OK)
        lose(k, e.text);
}

void keeper_client_spawn(struct keeper_client *k, uint64_t request)
{
    tell(k, &(struct keeper_message){.type = KEEPER_MESSAGE_SPAWN, .request = request});
}

void keeper_client_interrupt(struct keeper_client *k, struct session_ref ref)
{
    tell(k, &(struct keeper_message){
                .type = KEEPER_MESSAGE_INTERRUPT, .slot = ref.slot, .generation = ref.generation});
}

void keeper_client_kill(struct keeper_client *k, struct session_ref ref)
{
    tell(k, &(struct keeper_message){
                .type = KEEPER_MESSAGE_KILL, .slot = ref.slot, .generation = ref.generation});
}

/* --- start and stop -------------------------------------------------------------------------------- */

enum status keeper_client_start(struct loop *l, struct warden_client *warden, const struct keeper_options *o,
                                const struct keeper_callbacks *cb, struct keeper_client **ret_client,
                                struct err *e)
{
    struct keeper_client *k = calloc(1, sizeof *k);
    if (!k)
        return err_set(e, STATUS_NO_MEMORY, "no memory for the keeper's client");
    *k = (struct keeper_client){
        .loop = l,
        .callbacks = *cb,
        .watch = {.on_ready = on_message},
        .lost = {.on_run = run_lost},
        .gate = {.sender = KEEPER_PARTY_KEEPER, .receiver = KEEPER_PARTY_POOL},
        .phase = KEEPER_PHASE_OPEN,
        .socket = -1,
    };
    CLEANUP(buf_fini) struct buf paths = {0};
    buf_append_fmt(&paths, "%s\n%s", o->zygote_path ? o->zygote_path : "",
                   o->session_paths ? o->session_paths : "");
    const struct keeper_message open = {.type = KEEPER_MESSAGE_OPEN,
                                        .sessions_max = o->sessions_max,
                                        .flags = o->other_ids ? KEEPER_FLAG_OTHER_IDS : 0,
                                        .limits = o->limits,
                                        .text = buf_peek(&paths)};
    enum status s = buf_status(&paths);
    if (s == STATUS_OK)
        s = warden_client_order(warden, o->beside, &k->socket, e);
    const struct timeval most = {.tv_sec = SEND_MAX_S};
    if (s == STATUS_OK) {
        (void)!setsockopt(k->socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
        s = packet_send(k->socket, &open, NULL, 0, e);
    }
    if (s == STATUS_OK)
        s = loop_fd_add(l, &k->watch, k->socket, EPOLLIN, e);
    if (s != STATUS_OK) {
        k->gone = true;
        keeper_client_stop(k);
        return s;
    }
    *ret_client = k;
    return STATUS_OK;
}

void keeper_client_stop(struct keeper_client *k)
{
    if (!k)
        return;
    loop_fd_remove(&k->watch);
    loop_defer_cancel(&k->lost);
    if (k->socket >= 0)
        close(k->socket);
    free(k);
}
