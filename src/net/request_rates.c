/* SPDX-License-Identifier: MIT */
/* request_rates.c — a bucket is one number: the time at which it is full again. Each request moves it by the time in which one comes
 * back; there is room while it is not further away than the minute in which all do. */
#include "net/request_rates.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/macros.h"

#define MINUTE_NS (60 * NS_PER_S)

struct rate {
    struct list link; /* of request_rates.recent */
    int64_t full_ns;
    size_t size;
    char who[];
};

void request_rates_init(struct request_rates *rates, int64_t per_minute, const uint64_t seed[2])
{
    ASSERT(per_minute > 0);
    *rates = (struct request_rates){.per_minute = per_minute};
    map_init(&rates->by_who, seed[0], seed[1]);
    list_init(&rates->recent);
}

static struct bytes key_of(const struct rate *rate)
{
    return bytes_of(rate->who, rate->size);
}

static void forget(struct request_rates *rates, struct rate *rate)
{
    (void)map_take(&rates->by_who, key_of(rate));
    list_remove(&rate->link);
    rates->count--;
    free(rate);
}

void request_rates_fini(struct request_rates *rates)
{
    list_each_safe (at, &rates->recent)
        forget(rates, CONTAINER_OF(at, struct rate, link));
    map_fini(&rates->by_who);
}

static struct rate *add(struct request_rates *rates, struct bytes who)
{
    if (rates->count >= REQUEST_RATES_MAX)
        forget(rates, CONTAINER_OF(rates->recent.prev, struct rate, link));

    struct rate *rate = calloc(1, sizeof *rate + who.size);
    if (!rate)
        return NULL;
    rate->size = who.size;
    memcpy(rate->who, who.data, who.size);
    if (map_put(&rates->by_who, key_of(rate), rate) != STATUS_OK) {
        free(rate);
        return NULL;
    }
    list_push_front(&rates->recent, &rate->link);
    rates->count++;
    return rate;
}

static int64_t seconds_up(int64_t time_ns)
{
    return (MAX(time_ns, 0) + NS_PER_S - 1) / NS_PER_S;
}

struct request_rate request_rates_take(struct request_rates *rates, struct bytes who, int64_t now_ns)
{
    int64_t each_ns = MINUTE_NS / rates->per_minute;
    int64_t all_ns = each_ns * rates->per_minute;
    struct rate *rate = map_get(&rates->by_who, who);
    if (!rate)
        rate = add(rates, who);
    if (!rate)
        return (struct request_rate){.granted = true, .remaining = rates->per_minute - 1};

    list_remove(&rate->link);
    list_push_front(&rates->recent, &rate->link);

    int64_t debt_ns = MAX(rate->full_ns - now_ns, 0);
    struct request_rate result = {.granted = debt_ns + each_ns <= all_ns};
    if (result.granted) {
        debt_ns += each_ns;
        rate->full_ns = now_ns + debt_ns;
    }
    result.remaining = (all_ns - debt_ns) / each_ns;
    result.full_s = seconds_up(debt_ns);
    result.wait_s = seconds_up(debt_ns + each_ns - all_ns);
    return result;
}
