/* SPDX-License-Identifier: MIT */
/* stopping.c — two time limits, one after the other: until the first, running items may finish; then they
 * are given back, and until the second the worker waits for the answers to that. sdk_stopping_check
 * declares the end. */
#include "sdk/worker/stopping.h"

#include "base/duration.h"
#include "sdk/clock.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/work_pools.h"
#include "sdk/worker/work_stream.h"
#include "sdk/worker/worker_state.h"

#define ABANDON_TIMEOUT_NS (5 * NS_PER_S) /* for the abandonments of a stop */

void sdk_stopping_check(struct dt_worker *worker)
{
    /* Over when no stream brings more, every item is answered or given up, and no abandonment is under way. */
    if (!worker->stop_begun || worker->stream_id || worker->late_abandons)
        return;
    list_each (link, &worker->items) {
        if (!CONTAINER_OF(link, struct sdk_work_item, link)->given_up)
            return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->stopped = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

static void on_late_abandoned(void *context, const struct sdk_result *result)
{
    struct dt_worker *worker = context;
    worker->late_abandons--;
    sdk_stopping_check(worker);
}

/* Time is up: what still runs is given back, and its result will be dropped. The second time nothing is
 * waited for. */
static void stop_late(void *context)
{
    struct dt_worker *worker = context;
    list_each (link, &worker->items) {
        struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, link);
        if (!worker->stop_late && item->with_pool &&
            sdk_work_item_send_abandon(item, on_late_abandoned, worker) == STATUS_OK)
            worker->late_abandons++;
        item->given_up |= item->with_pool || worker->stop_late;
    }
    if (worker->stop_late ||
        sdk_timer_set(worker->channel, &worker->stop_limit, sdk_now_ns() + ABANDON_TIMEOUT_NS) != STATUS_OK)
        worker->late_abandons = 0;
    worker->stop_late = true;
    sdk_stopping_check(worker);
}

void sdk_stopping_begin(struct dt_worker *worker)
{
    /* ORDER: said first, so that what comes from the stream is given back at once; then the queues; then the stream, which
     * may still bring what was sent before it heard. Running code sees `stopping` and may end early. */
    worker->stop_begun = true;
    atomic_store(&worker->stopping, true);
    sdk_work_pools_abandon_queued(worker);
    sdk_work_stream_end(worker);
    if (sdk_timer_set(worker->channel, &worker->stop_limit,
                      sdk_now_ns() + worker->options.stop_timeout_ms * NS_PER_MS) != STATUS_OK)
        stop_late(worker);
    sdk_stopping_check(worker);
}

void sdk_stopping_init(struct dt_worker *worker)
{
    worker->stop_limit = (struct sdk_timer){.on_fire = stop_late, .context = worker};
}
