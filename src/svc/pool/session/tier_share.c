/* SPDX-License-Identifier: MIT */
/* tier_share.c — two maps: orders that the tier has not answered, and sessions that it has not ended; each knows its pool, or
 * that it has none any more. */
#include "svc/pool/session/tier_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/no_memory.h"
#include "base/text.h"

#define REFUSALS_MAX 32 /* orders of one pool that found no memory in one turn of the loop */

struct tier_client;

struct tier_order {
    uint64_t number;            /* the tier's; its key */
    uint64_t request;           /* the pool's */
    struct tier_client *client; /* NULL: its pool is gone */
};

struct shared_session {
    uint64_t key[2]; /* of the tier_ref */
    struct tier_client *client;
};

/* One pool's part. */
struct tier_client {
    struct list link;
    struct tier_share *share;
    struct tier_events events;
    /* a pool that comes later hears what the others have heard, and of its refused orders */
    struct loop_task greeting;
    bool greeted;
    uint64_t refused[REFUSALS_MAX];
    size_t refused_count;
};

struct tier_share {
    struct loop *loop;
    const struct session_tier *tier;
    void *tier_self;
    struct list clients;
    struct map orders;   /* struct tier_order by number */
    struct map sessions; /* struct shared_session by reference */
    uint64_t last;
    /* What the tier said of itself last. */
    bool ready, lost;
    char *isolation;
    char degraded[256], identity[80], down[200];
    uint64_t memory_size_max;
};

static struct bytes ref_key(const uint64_t key[2])
{
    return bytes_of(key, 2 * sizeof key[0]);
}

static void close_all(const struct tier_session *session)
{
    int fds[] = {session->control_fd, session->stdout_fd, session->stderr_fd, session->data_dir_fd,
                 session->calls_fd,   session->cpu_fd,    session->memory_fd, session->processes_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* --- what the tier says of itself --- */

/* Greeted before it is told: on_greeting must not tell it a second time. */
static void tell_ready(const struct tier_share *share, struct tier_client *client)
{
    const struct tier_report report = {.isolation_json = text_or(share->isolation, ""),
                                       .degraded = share->degraded,
                                       .memory_size_max = share->memory_size_max,
                                       .template_identity = share->identity};
    client->greeted = true;
    client->events.on_ready(client->events.context, &report);
}

static void on_ready(void *context, const struct tier_report *report)
{
    struct tier_share *share = context;
    free(share->isolation);
    share->isolation = strdup(text_or(report->isolation_json, ""));
    snprintf(share->degraded, sizeof share->degraded, "%s", text_or(report->degraded, ""));
    snprintf(share->identity, sizeof share->identity, "%s", text_or(report->template_identity, ""));
    share->memory_size_max = report->memory_size_max;
    share->ready = true;
    share->down[0] = '\0';
    list_each_safe (it, &share->clients)
        tell_ready(share, CONTAINER_OF(it, struct tier_client, link));
}

/* INVARIANT: the tier says nothing more of what it had before it went down. */
static void forget_all(struct tier_share *share)
{
    size_t position = 0;
    struct tier_order *order;
    struct shared_session *session;
    while ((order = map_drain(&share->orders, &position)))
        free(map_take(&share->orders, map_u64_key(&order->number)));
    position = 0;
    while ((session = map_drain(&share->sessions, &position)))
        free(map_take(&share->sessions, ref_key(session->key)));
}

static void go_down(struct tier_share *share, const char *text, bool lost)
{
    snprintf(share->down, sizeof share->down, "%s", text_or(text, ""));
    share->ready = false;
    share->lost = lost;
    forget_all(share);
    list_each_safe (it, &share->clients) {
        struct tier_client *client = CONTAINER_OF(it, struct tier_client, link);
        client->greeted = true;
        if (lost)
            client->events.on_lost(client->events.context, share->down);
        else
            client->events.on_down(client->events.context, share->down);
    }
}

static void on_down(void *context, const char *text)
{
    go_down(context, text, false);
}

static void on_lost(void *context, const char *text)
{
    go_down(context, text, true);
}

/* --- what it says of orders and sessions --- */

static bool keep_session(struct tier_share *share, struct tier_ref ref, struct tier_client *client)
{
    struct shared_session *kept = calloc(1, sizeof *kept);
    if (!kept)
        return false;
    *kept = (struct shared_session){.key = {ref.slot, ref.generation}, .client = client};
    if (map_put(&share->sessions, ref_key(kept->key), kept) == STATUS_OK)
        return true;
    free(kept);
    return false;
}

/* A session that nobody has any more, or that cannot be noted, is ended here: its descriptors are ours until a
 * pool has them. */
static void on_spawned(void *context, uint64_t number, const struct tier_session *session, const char *text)
{
    struct tier_share *share = context;
    struct tier_order *order = map_take(&share->orders, map_u64_key(&number));
    struct tier_client *client = order ? order->client : NULL;
    uint64_t request = order ? order->request : 0;
    free(order);
    if (session && (!client || !keep_session(share, session->ref, client))) {
        close_all(session);
        share->tier->kill(share->tier_self, session->ref);
        session = NULL;
        text = ERR_NO_MEMORY;
    }
    if (client)
        client->events.on_spawned(client->events.context, request, session, text);
}

static void on_ended(void *context, struct tier_ref ref, enum tier_end end, int detail)
{
    struct tier_share *share = context;
    uint64_t key[2] = {ref.slot, ref.generation};
    struct shared_session *session = map_take(&share->sessions, ref_key(key));
    struct tier_client *client = session ? session->client : NULL;
    free(session);
    if (client)
        client->events.on_ended(client->events.context, ref, end, detail);
}

static void on_stored(void *context, struct tier_ref ref, int error)
{
    struct tier_share *share = context;
    uint64_t key[2] = {ref.slot, ref.generation};
    const struct shared_session *session = map_get(&share->sessions, ref_key(key));
    if (session && session->client)
        session->client->events.on_stored(session->client->events.context, ref, error);
}

/* --- the shares --- */

/* In a turn of its own, since the pool is still being made when it comes; and refused orders, which must not be
 * answered from within the order. */
static void on_greeting(struct loop_task *task)
{
    struct tier_client *client = CONTAINER_OF(task, struct tier_client, greeting);
    struct tier_share *share = client->share;
    while (client->refused_count > 0)
        client->events.on_spawned(client->events.context, client->refused[--client->refused_count], NULL,
                                  ERR_NO_MEMORY);
    if (client->greeted)
        return;
    if (share->ready) {
        tell_ready(share, client);
    } else if (share->down[0]) {
        client->greeted = true;
        if (share->lost)
            client->events.on_lost(client->events.context, share->down);
        else
            client->events.on_down(client->events.context, share->down);
    }
}

static enum status share_start(struct loop *loop, const void *options, const struct tier_events *events,
                               void **ret_tier, struct err *error)
{
    struct tier_share *share = ((const struct shared_tier_options *)options)->share;
    struct tier_client *client = calloc(1, sizeof *client);
    if (!client)
        return err_no_memory(error);
    ASSERT(share->loop == loop);
    client->share = share;
    client->events = *events;
    client->greeting.on_run = on_greeting;
    list_push_back(&share->clients, &client->link);
    loop_defer(loop, &client->greeting);
    *ret_tier = client;
    return STATUS_OK;
}

/* Its sessions end, and what was ordered ends when it comes. */
static void share_stop(void *context)
{
    struct tier_client *client = context;
    struct tier_share *share = client->share;
    struct tier_order *order;
    struct shared_session *session;
    size_t position = 0;
    while ((order = map_next(&share->orders, &position)))
        if (order->client == client)
            order->client = NULL;
    position = 0;
    while ((session = map_next(&share->sessions, &position))) {
        if (session->client != client)
            continue;
        session->client = NULL;
        share->tier->kill(share->tier_self, (struct tier_ref){.slot = (uint32_t)session->key[0],
                                                              .generation = session->key[1]});
    }
    loop_defer_cancel(&client->greeting);
    list_remove(&client->link);
    free(client);
}

static void refuse(struct tier_client *client, uint64_t request)
{
    if (client->refused_count == REFUSALS_MAX) {
        log_error("svc/pool", "no memory for an order, nor to say so");
        return;
    }
    client->refused[client->refused_count++] = request;
    loop_defer(client->share->loop, &client->greeting);
}

/* ORDER: noted before the tier is asked: a session that comes for an order that is not noted has no pool. The number is the
 * share's, for pools count their orders by themselves. */
static void share_spawn(void *context, uint64_t request, enum runtime_id runtime)
{
    struct tier_client *client = context;
    struct tier_share *share = client->share;
    struct tier_order *order = calloc(1, sizeof *order);
    if (!order) {
        refuse(client, request);
        return;
    }
    *order = (struct tier_order){.number = ++share->last, .request = request, .client = client};
    if (map_put(&share->orders, map_u64_key(&order->number), order) != STATUS_OK) {
        free(order);
        refuse(client, request);
        return;
    }
    share->tier->spawn(share->tier_self, order->number, runtime);
}

static void share_interrupt(void *context, struct tier_ref ref)
{
    const struct tier_client *client = context;
    client->share->tier->interrupt(client->share->tier_self, ref);
}

static void share_kill(void *context, struct tier_ref ref)
{
    const struct tier_client *client = context;
    client->share->tier->kill(client->share->tier_self, ref);
}

static void share_store(void *context, struct tier_ref ref, int pipe_fd, int file_fd, size_t size)
{
    const struct tier_client *client = context;
    client->share->tier->store(client->share->tier_self, ref, pipe_fd, file_fd, size);
}

const struct session_tier session_tier_shared = {
    .name = "process",
    .start = share_start,
    .stop = share_stop,
    .spawn = share_spawn,
    .interrupt = share_interrupt,
    .kill = share_kill,
    .store = share_store,
};

/* --- the tier --- */

enum status tier_share_create(struct loop *loop, const struct session_tier *tier, const void *options,
                              struct tier_share **ret_share, struct err *err)
{
    struct tier_share *share = calloc(1, sizeof *share);
    if (!share)
        return err_no_memory(err);
    share->loop = loop;
    share->tier = tier;
    list_init(&share->clients);
    map_init(&share->orders, 0, 0);
    map_init(&share->sessions, 0, 0);
    const struct tier_events events = {.on_ready = on_ready,
                                       .on_spawned = on_spawned,
                                       .on_ended = on_ended,
                                       .on_stored = on_stored,
                                       .on_down = on_down,
                                       .on_lost = on_lost,
                                       .context = share};
    enum status status = tier->start(loop, options, &events, &share->tier_self, err);
    if (status == STATUS_OK) {
        *ret_share = share;
        return STATUS_OK;
    }
    map_fini(&share->orders);
    map_fini(&share->sessions);
    free(share);
    return status;
}

void tier_share_destroy(struct tier_share *share)
{
    if (!share)
        return;
    ASSERT(list_empty(&share->clients));
    share->tier->stop(share->tier_self);
    forget_all(share);
    map_fini(&share->orders);
    map_fini(&share->sessions);
    free(share->isolation);
    free(share);
}
