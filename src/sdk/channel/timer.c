/* SPDX-License-Identifier: MIT */
/* timer.c — one heap of deadlines, and pauses of random length: many clients that lost one service must not come back at
 * the same moment. */
#include "sdk/channel/timer.h"

#include "base/macros.h"
#include "sdk/channel/channel_state.h"
#include "sdk/clock.h"

#define PAUSE_DOUBLINGS 20 /* more would overflow, and every maximum is below */

enum status sdk_timer_set(struct sdk_channel *ch, struct sdk_timer *timer, int64_t at_ns)
{
    heap_remove(&ch->timers, &timer->node);
    return heap_insert(&ch->timers, &timer->node, at_ns);
}

void sdk_timer_clear(struct sdk_channel *ch, struct sdk_timer *timer)
{
    heap_remove(&ch->timers, &timer->node);
}

void sdk_timer_fire_due(struct sdk_channel *ch)
{
    int64_t now = sdk_now_ns();
    struct heap_node *node;
    while ((node = heap_peek(&ch->timers)) && node->key <= now) {
        struct sdk_timer *timer = CONTAINER_OF(node, struct sdk_timer, node);
        heap_remove(&ch->timers, node);
        timer->on_fire(timer->context);
    }
}

int64_t sdk_channel_pause_ns(struct sdk_channel *ch, int failures, int64_t first_ns, int64_t max_ns)
{
    int doublings = MIN(failures, PAUSE_DOUBLINGS);
    int64_t longest = first_ns > max_ns >> doublings ? max_ns : first_ns << doublings;
    return (int64_t)(prng_next(&ch->random) % ((uint64_t)longest + 1));
}
