/* SPDX-License-Identifier: MIT */
/* h2_budget.c — the price list, and a bucket of points. */
#include "net/h2_budget.h"

#include "base/duration.h"
#include "wire/grpc/h2_frame.h"

#define SMALL_DATA_SIZE  256 /* bytes: a DATA frame below this costs us more than its sender */
#define FIELD_UNIT_SIZE  64  /* bytes of decoded headers for a point */
#define ANSWERED_CALL    64  /* points: its frames, its share of the connection's own */
#define ANSWERED_HEADERS 16  /* bytes of headers for a point; less than both units that charge them */

/* Points of a frame, and how many bytes of its payload cost a point more; 0: the payload costs nothing. */
static const struct price {
    uint16_t frame;
    uint16_t unit_size;
} prices[H2_FRAME_TYPE_COUNT] = {
    [H2_FRAME_DATA] = {0, 0},     /* see h2_frame_points */
    [H2_FRAME_HEADERS] = {4, 32}, /* a stream is made, and each byte may be a field */
    [H2_FRAME_PRIORITY] = {1, 0},      [H2_FRAME_RST_STREAM] = {4, 0},
    [H2_FRAME_SETTINGS] = {4, 6}, /* answered; a new window size is told to each stream */
    [H2_FRAME_PUSH_PROMISE] = {1, 0},  [H2_FRAME_PING] = {1, 0},
    [H2_FRAME_GOAWAY] = {1, 0},        [H2_FRAME_WINDOW_UPDATE] = {1, 0},
    [H2_FRAME_CONTINUATION] = {4, 32},
};

void h2_budget_init(struct h2_budget *budget, uint64_t burst, uint64_t per_second, int64_t now_ns)
{
    *budget =
        (struct h2_budget){.burst = burst, .per_second = per_second, .points = burst, .filled_ns = now_ns};
}

/* Only whole points are given, and only their time is taken, so nothing is lost between two calls. */
static void fill_by_time(struct h2_budget *budget, int64_t now_ns)
{
    if (now_ns <= budget->filled_ns || budget->per_second == 0)
        return;

    int64_t ns_per_point = MAX(NS_PER_S / (int64_t)budget->per_second, 1);
    int64_t points = (now_ns - budget->filled_ns) / ns_per_point;
    budget->filled_ns += points * ns_per_point;
    h2_budget_give(budget, (uint64_t)points);
}

bool h2_budget_take(struct h2_budget *budget, uint64_t points, int64_t now_ns)
{
    fill_by_time(budget, now_ns);
    bool enough = points <= budget->points;
    budget->points -= MIN(points, budget->points);
    return enough;
}

void h2_budget_give(struct h2_budget *budget, uint64_t points)
{
    budget->points += MIN(points, budget->burst - budget->points);
}

uint64_t h2_frame_points(uint8_t type, size_t payload_size)
{
    if (type >= H2_FRAME_TYPE_COUNT)
        return prices[H2_FRAME_PING].frame;
    if (type == H2_FRAME_DATA && payload_size == 0)
        return 2;
    if (type == H2_FRAME_DATA)
        return payload_size < SMALL_DATA_SIZE ? 1 : 0;

    const struct price *price = &prices[type];
    return price->frame + (price->unit_size ? payload_size / price->unit_size : 0);
}

uint64_t h2_field_points(size_t field_size)
{
    return field_size / FIELD_UNIT_SIZE;
}

uint64_t h2_call_points(size_t headers_size)
{
    return ANSWERED_CALL + headers_size / ANSWERED_HEADERS;
}
