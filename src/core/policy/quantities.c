/* SPDX-License-Identifier: MIT */
/* quantities.c — a comparison is a range: "> 3" goes from 4 on. */
#include "core/policy/quantities.h"

#include "base/duration.h"
#include "base/quantity.h"

static const struct quantity_unit byte_units[] = {
    {"", 1},
    {"K", 1LL << 10},
    {"M", 1LL << 20},
    {"G", 1LL << 30},
};

/* "22:30"; 24:00 is the end of a day. */
static STATUS_RESULT parse_clock(struct bytes text, int64_t *ret_ns)
{
    struct bytes minutes = text;
    struct bytes hours = bytes_split(&minutes, ':');
    uint64_t hour, minute;
    if (hours.size != 2 || minutes.size != 2 || bytes_parse_u64(hours, &hour) != STATUS_OK ||
        bytes_parse_u64(minutes, &minute) != STATUS_OK)
        return STATUS_MALFORMED;
    if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
        return STATUS_MALFORMED;
    *ret_ns = (int64_t)(hour * 60 + minute) * 60 * NS_PER_S;
    return STATUS_OK;
}

enum status policy_quantity_parse(enum policy_fact_kind kind, struct bytes text, int64_t *ret_number)
{
    switch (kind) {
    case POLICY_FACT_COUNT:
        return quantity_parse(text, byte_units, 1, ret_number);
    case POLICY_FACT_BYTES:
        return quantity_parse(text, byte_units, ARRAY_SIZE(byte_units), ret_number);
    case POLICY_FACT_AGE:
        if (bytes_equal_cstr(text, "never")) {
            *ret_number = POLICY_NEVER;
            return STATUS_OK;
        }
        return duration_parse(text, ret_number);
    case POLICY_FACT_DURATION:
        return duration_parse(text, ret_number);
    case POLICY_FACT_CLOCK:
        return parse_clock(text, ret_number);
    default:
        return STATUS_MALFORMED;
    }
}

/* --- ranges --- */

static STATUS_RESULT parse_two(enum policy_fact_kind kind, struct bytes text, struct bytes mark,
                               struct policy_range *ret_range)
{
    size_t at = bytes_find(text, mark);
    struct bytes from = bytes_trim(bytes_slice(text, 0, at));
    struct bytes to = bytes_trim(bytes_slice(text, at + mark.size, text.size));
    struct policy_range range = {0};
    if (at == text.size || policy_quantity_parse(kind, from, &range.from) != STATUS_OK ||
        policy_quantity_parse(kind, to, &range.to) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_range = range;
    return STATUS_OK;
}

/* A time of day may go past midnight; its end is not part of it. */
static STATUS_RESULT parse_clock_range(struct bytes text, struct policy_range *ret_range)
{
    if (parse_two(POLICY_FACT_CLOCK, text, BYTES_LITERAL("-"), ret_range) != STATUS_OK ||
        ret_range->from == ret_range->to)
        return STATUS_MALFORMED;
    ret_range->to--;
    return STATUS_OK;
}

/* In an order in which none is the beginning of a later one. */
static const struct {
    struct bytes sign;
    enum { BELOW, UP_TO, ABOVE, FROM, OTHER, SAME } meaning;
} comparisons[] = {
    {BYTES_LITERAL("<="), UP_TO}, {BYTES_LITERAL(">="), FROM}, {BYTES_LITERAL("!="), OTHER},
    {BYTES_LITERAL("=="), SAME},  {BYTES_LITERAL("<"), BELOW}, {BYTES_LITERAL(">"), ABOVE},
    {BYTES_LITERAL("="), SAME},   {BYTES_LITERAL(""), SAME},
};

static STATUS_RESULT parse_comparison(enum policy_fact_kind kind, struct bytes text,
                                      struct policy_range *ret_range)
{
    size_t row = 0;
    int64_t number;
    while (!bytes_starts_with(text, comparisons[row].sign))
        row++;
    text = bytes_trim(bytes_slice(text, comparisons[row].sign.size, text.size));
    if (policy_quantity_parse(kind, text, &number) != STATUS_OK)
        return STATUS_MALFORMED;

    struct policy_range range = {.from = number, .to = number};
    switch (comparisons[row].meaning) {
    case BELOW:
        range = (struct policy_range){.from = INT64_MIN, .to = number - 1};
        break;
    case UP_TO:
        range.from = INT64_MIN;
        break;
    case ABOVE:
        range = (struct policy_range){.from = number < INT64_MAX ? number + 1 : number, .to = INT64_MAX};
        break;
    case FROM:
        range.to = INT64_MAX;
        break;
    case OTHER:
        range.outside = true;
        break;
    case SAME:
        break;
    }
    *ret_range = range;
    return STATUS_OK;
}

enum status policy_range_parse(enum policy_fact_kind kind, struct bytes text, struct policy_range *ret_range)
{
    int64_t age;
    text = bytes_trim(text);
    if (kind == POLICY_FACT_CLOCK)
        return parse_clock_range(text, ret_range);
    if (kind == POLICY_FACT_AGE) {
        if (policy_quantity_parse(kind, text, &age) != STATUS_OK || age == POLICY_NEVER)
            return STATUS_MALFORMED;
        *ret_range = (struct policy_range){.from = INT64_MIN, .to = age};
        return STATUS_OK;
    }
    if (bytes_find(text, BYTES_LITERAL("..")) == text.size)
        return parse_comparison(kind, text, ret_range);
    if (parse_two(kind, text, BYTES_LITERAL(".."), ret_range) != STATUS_OK || ret_range->from > ret_range->to)
        return STATUS_MALFORMED;
    return STATUS_OK;
}

bool policy_range_holds(const struct policy_range *range, int64_t number)
{
    bool inside = range->from <= range->to ? number >= range->from && number <= range->to
                                           : number >= range->from || number <= range->to;
    return inside != range->outside;
}

void policy_duration_write(int64_t duration_ns, struct buf *out)
{
    static const struct {
        int64_t ns;
        const char *suffix;
    } units[] = {{86400 * NS_PER_S, "d"}, {3600 * NS_PER_S, "h"}, {60 * NS_PER_S, "m"}, {NS_PER_S, "s"}};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (duration_ns && duration_ns % units[i].ns == 0) {
            buf_append_fmt(out, "%lld%s", (long long)(duration_ns / units[i].ns), units[i].suffix);
            return;
        }
    }
    buf_append_fmt(out, "%lldms", (long long)(duration_ns / NS_PER_MS));
}
