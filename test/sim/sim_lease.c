/* SPDX-License-Identifier: MIT */
#include "sim_lease.h"

#include <stdlib.h>

#include "base/buf.h"
#include "core/task/engine_state.h"
#include "core/task/memory.h"
#include "lib/copies.h"

struct item {
    struct list link;
    uint64_t stream, connection;
    int64_t lease_end_ns; /* of the clock that nobody sets */
    struct bytes token;
    bool free;        /* its stream is no more, or rests, or another has it: it may go to any */
    struct bytes key; /* what it is about; empty for an entity's batch */
};

void sim_leases_init(struct sim_leases *leases, const struct engine_options *options)
{
    list_init(&leases->items);
    leases->turn_ns = options->orchestrator_lease_ns;
    leases->activity_ns = options->activity_lease_ns;
}

static void drop(struct item *item)
{
    list_remove(&item->link);
    test_copy_free(&item->token);
    test_copy_free(&item->key);
    free(item);
}

/* An execution has one turn at a time, and one activity of a number. */
static struct bytes key_of(const struct pb_work_item *item)
{
    CLEANUP(buf_fini) struct buf key = {0};
    if (item->request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST) {
        const struct pb_orchestrator_request *turn = item->orchestrator_request;
        buf_append_fmt(&key, "%.*s %.*s", BYTES_FMT(turn->instance_id), BYTES_FMT(turn->execution_id.value));
    } else if (item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST) {
        const struct pb_orchestration_instance *of = item->activity_request->orchestration_instance;
        buf_append_fmt(&key, "%.*s %.*s %d", BYTES_FMT(of->instance_id), BYTES_FMT(of->execution_id.value),
                       item->activity_request->task_id);
    }
    return test_copy(buf_peek(&key));
}

static bool is_overdue(const struct sim_leases *leases, uint64_t stream, int64_t now_ns)
{
    list_each (it, &leases->items) {
        const struct item *item = CONTAINER_OF(it, struct item, link);
        if (item->stream == stream && item->lease_end_ns <= now_ns)
            return true;
    }
    return false;
}

static void check_move(struct sim_leases *leases, const struct rig *rig, const struct item *sent)
{
    list_each (it, &leases->items) {
        struct item *item = CONTAINER_OF(it, struct item, link);
        if (item->free || item->stream == sent->stream || sent->key.size == 0 ||
            !bytes_equal(item->key, sent->key))
            continue;
        ASSERT(is_overdue(leases, item->stream, rig->now_ns) &&
               "work was taken from a worker that has not been late");
        item->free = true;
        leases->moved++;
    }
}

/* Tried with one item of a kind, and with no more. */
static void check_silence(const struct stream *stream, const struct pb_work_item *item)
{
    enum work_kind kind = item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST       ? WORK_ACTIVITY
                          : item->request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST ? WORK_TURN
                                                                                    : WORK_ENTITY;
    ASSERT((!stream->stalled || stream->kinds[kind].out <= 1) &&
           "a worker that does not answer is sent more work");
}

void sim_leases_sent(struct sim_leases *leases, struct rig *rig, uint64_t stream,
                     const struct pb_work_item *item)
{
    bool activity = item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST;
    const struct stream *to = map_get(&rig->engine->streams, map_u64_key(&stream));
    if (!to) /* it was closed meanwhile: the work goes nowhere, and comes back */
        return;
    struct item *sent = memory_new(sizeof *sent);
    sent->stream = stream;
    sent->connection = to->connection;
    sent->lease_end_ns = rig->now_ns + (activity ? leases->activity_ns : leases->turn_ns);
    sent->token = test_copy(item->completion_token);
    sent->key = key_of(item);
    check_silence(to, item);
    check_move(leases, rig, sent);
    list_push_back(&leases->items, &sent->link);
}

/* While its worker was late, what it held may have been taken back, and waits to be sent. */
static void free_all(struct sim_leases *leases, uint64_t stream)
{
    list_each (it, &leases->items)
        if (CONTAINER_OF(it, struct item, link)->stream == stream)
            CONTAINER_OF(it, struct item, link)->free = true;
}

void sim_leases_answered(struct sim_leases *leases, const struct rig *rig,
                         const struct pb_work_item *answered)
{
    list_each_safe (it, &leases->items) {
        struct item *item = CONTAINER_OF(it, struct item, link);
        if (!bytes_equal(item->token, answered->completion_token))
            continue;
        if (is_overdue(leases, item->stream, rig->now_ns))
            free_all(leases, item->stream);
        drop(item);
    }
}

void sim_leases_end(struct sim_leases *leases, uint64_t connection)
{
    list_each (it, &leases->items)
        if (CONTAINER_OF(it, struct item, link)->connection == connection)
            CONTAINER_OF(it, struct item, link)->free = true;
}

void sim_leases_end_all(struct sim_leases *leases)
{
    list_each_safe (it, &leases->items)
        drop(CONTAINER_OF(it, struct item, link));
}
