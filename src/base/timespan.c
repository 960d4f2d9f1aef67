/* SPDX-License-Identifier: MIT */
/* timespan.c — split at the marks, then number by number. */
#include "base/timespan.h"

#include "base/duration.h"
#include "base/macros.h"

#define TICK_DIGITS 7
#define DAYS_MAX    10675199 /* .NET's longest */

/* `digits` behind the point, as 100 ns each. */
static STATUS_RESULT read_ticks(struct bytes digits, int64_t *ret_ns)
{
    int64_t ticks = 0;
    if (!digits.size)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < MAX(digits.size, TICK_DIGITS); i++) {
        uint8_t digit = i < digits.size ? digits.data[i] : '0';
        if (digit < '0' || digit > '9')
            return STATUS_MALFORMED;
        if (i < TICK_DIGITS)
            ticks = ticks * 10 + (digit - '0');
    }
    *ret_ns = ticks * TIMESPAN_TICK_NS;
    return STATUS_OK;
}

/* A whole number, below `limit`. */
static STATUS_RESULT read_part(struct bytes text, uint64_t limit, int64_t *ret_number)
{
    uint64_t number;
    if (bytes_parse_u64(text, &number) != STATUS_OK || number >= limit)
        return STATUS_MALFORMED;
    *ret_number = (int64_t)number;
    return STATUS_OK;
}

enum status timespan_parse(struct bytes text, int64_t *ret_ns)
{
    struct bytes rest = text;
    struct bytes head = bytes_split(&rest, ':'); /* "d.hh" or "hh" */
    struct bytes minutes = bytes_split(&rest, ':');
    struct bytes seconds = bytes_split(&rest, '.');
    struct bytes days = BYTES_LITERAL("0");
    if (bytes_find(head, BYTES_LITERAL(".")) < head.size)
        days = bytes_split(&head, '.');

    int64_t day, hour, minute, second;
    int64_t fraction_ns = 0;
    if (read_part(days, DAYS_MAX, &day) != STATUS_OK || read_part(head, 24, &hour) != STATUS_OK ||
        read_part(minutes, 60, &minute) != STATUS_OK || read_part(seconds, 60, &second) != STATUS_OK)
        return STATUS_MALFORMED;
    if (rest.size && read_ticks(rest, &fraction_ns) != STATUS_OK)
        return STATUS_MALFORMED;

    int64_t whole = ((day * 24 + hour) * 60 + minute) * 60 + second;
    *ret_ns = whole > INT64_MAX / NS_PER_S - 1 ? INT64_MAX : whole * NS_PER_S + fraction_ns;
    return STATUS_OK;
}

enum status timespan_parse_seconds(struct bytes value, int64_t *ret_ns)
{
    struct bytes rest = value;
    struct bytes whole_text = bytes_split(&rest, '.');
    int64_t whole;
    int64_t fraction_ns = 0;
    if (read_part(whole_text, (uint64_t)(INT64_MAX / NS_PER_S), &whole) != STATUS_OK)
        return STATUS_MALFORMED;
    if (rest.size && read_ticks(rest, &fraction_ns) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_ns = whole * NS_PER_S + fraction_ns;
    return STATUS_OK;
}
