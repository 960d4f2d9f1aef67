/* SPDX-License-Identifier: MIT */
#include "sdk/worker/stopping.h"

#include "base/duration.h"
#include "sdk/clock.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/work_pools.h"
#include "sdk/worker/work_stream.h"
#include "sdk/worker/worker_state.h"

#define ABANDON_TIMEOUT_NS (5 * NS_PER_S) /* for the abandonments of a stop */

void sdk_stopping_check(struct dt_worker *w)
{
    if (!w->stop_begun || w->stream_id || w->late_abandons)
        return;
    list_each (link, &w->items) {
        if (!CONTAINER_OF(link, struct sdk_work_item, link)->given_up)
            return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopped = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void on_late_abandoned(void *context, const struct sdk_result *result)
{
    struct dt_worker *w = context;
    w->late_abandons--;
    sdk_stopping_check(w);
}

/* Time is up: what still runs is given back, and its result will be dropped. The second time nothing is
 * waited for. */
static void stop_late(void *context)
{
    struct dt_worker *w = context;
    list_each (link, &w->items) {
        struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, link);
        if (!w->stop_late && item->with_pool &&
            sdk_work_item_send_abandon(item, on_late_abandoned, w) == STATUS_OK)
            w->late_abandons++;
        item->given_up |= item->with_pool || w->stop_late;
    }
    if (w->stop_late ||
        sdk_timer_set(w->channel, &w->stop_limit, sdk_now_ns() + ABANDON_TIMEOUT_NS) != STATUS_OK)
        w->late_abandons = 0;
    w->stop_late = true;
    sdk_stopping_check(w);
}

void sdk_stopping_begin(struct dt_worker *w)
{
    w->stop_begun = true;
    atomic_store(&w->stopping, true);
    sdk_work_pools_abandon_queued(w);
    sdk_work_stream_end(w);
    if (sdk_timer_set(w->channel, &w->stop_limit, sdk_now_ns() + w->options.stop_timeout_ms * NS_PER_MS) !=
        STATUS_OK)
        stop_late(w);
    sdk_stopping_check(w);
}

void sdk_stopping_init(struct dt_worker *w)
{
    w->stop_limit = (struct sdk_timer){.on_fire = stop_late, .context = w};
}
