/* SPDX-License-Identifier: MIT */
/* timer.h — deadlines and pauses of a channel: all of it on the channel's thread ("loop" in channel.h). */
#ifndef SDK_CHANNEL_TIMER_H
#define SDK_CHANNEL_TIMER_H

#include "sdk/channel/channel_types.h"

/* Sets or moves a timer. NO_MEMORY. */
STATUS_RESULT sdk_timer_set(struct sdk_channel *ch, struct sdk_timer *timer, int64_t at_ns);
void sdk_timer_clear(struct sdk_channel *ch, struct sdk_timer *timer);
/* Fires those that are due, the earliest first. One that fires is no longer set: it may set itself again, or another. */
void sdk_timer_fire_due(struct sdk_channel *ch);
/* A random pause between 0 and first·2^failures, at most `max`. */
int64_t sdk_channel_pause_ns(struct sdk_channel *ch, int failures, int64_t first_ns, int64_t max_ns);

#endif
