/* SPDX-License-Identifier: MIT */
/* time_parse.c — the fixed part by a picture of it ('d' is a digit), then fraction and offset; days by the civil
 * calendar from 1 March on, so that the leap day is the last of its year. */
#include "base/time_parse.h"

#include "base/text.h"

#define NS_OF_SECOND 1000000000LL
#define YEAR_MIN     1678
#define YEAR_MAX     2261

struct time_fields {
    int64_t year, month, day, hour, minute, second;
};

/* Takes `picture` off the front of `text`; the digits of the n-th run of 'd' become `numbers[n]`. */
static bool take(struct bytes *text, const char *picture, int64_t *numbers)
{
    size_t run = 0;
    size_t at = 0;
    for (; picture[at]; at++) {
        if (at >= text->size)
            return false;
        uint8_t byte = text->data[at];
        bool digit = picture[at] == 'd';
        if (digit ? !ascii_digit(byte) : byte != (uint8_t)picture[at])
            return false;
        bool begins = digit && (at == 0 || picture[at - 1] != 'd');
        if (begins)
            numbers[run++] = 0;
        if (digit)
            numbers[run - 1] = numbers[run - 1] * 10 + (byte - '0');
    }
    *text = bytes_slice(*text, at, SIZE_MAX);
    return true;
}

static bool leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool date_valid(const struct time_fields *fields)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (fields->month < 1 || fields->month > 12)
        return false;
    int64_t last = days[fields->month - 1] + (fields->month == 2 && leap_year(fields->year));
    return fields->day >= 1 && fields->day <= last;
}

/* A leap second counts as the one behind it: clocks have none. */
static bool fields_valid(const struct time_fields *fields)
{
    return date_valid(fields) && fields->hour <= 23 && fields->minute <= 59 && fields->second <= 60 &&
           fields->year >= YEAR_MIN && fields->year <= YEAR_MAX;
}

static int64_t days_since_1970(const struct time_fields *fields)
{
    int64_t year = fields->month <= 2 ? fields->year - 1 : fields->year;
    int64_t month = (fields->month + 9) % 12; /* March is 0 */
    int64_t day_of_year = (153 * month + 2) / 5 + fields->day - 1;
    return 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

/* ".388": the digits behind the point; false for a point without any. */
static bool take_fraction(struct bytes *text, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (text->size == 0 || text->data[0] != '.')
        return true;
    int64_t unit = NS_OF_SECOND / 10;
    size_t at = 1;
    for (; at < text->size && ascii_digit(text->data[at]); at++, unit /= 10)
        *ret_ns += (text->data[at] - '0') * unit;
    *text = bytes_slice(*text, at, SIZE_MAX);
    return at > 1;
}

/* "Z", "+01:00": seconds that local time is ahead. */
static bool take_offset(struct bytes *text, int64_t *ret_seconds)
{
    int64_t numbers[2] = {0};
    if (text->size == 0)
        return false;
    bool behind = text->data[0] == '-';
    if (text->size == 1 && ascii_lower(text->data[0]) == 'z') {
        *ret_seconds = 0;
        *text = bytes_slice(*text, 1, SIZE_MAX);
        return true;
    }
    if (!take(text, behind ? "-dd:dd" : "+dd:dd", numbers) || numbers[0] > 23 || numbers[1] > 59)
        return false;
    *ret_seconds = (numbers[0] * 60 + numbers[1]) * (behind ? -60 : 60);
    return true;
}

enum status time_parse(struct bytes text, int64_t *ret_unix_ns)
{
    int64_t date[3] = {0}, clock[3] = {0}, fraction_ns = 0, offset = 0;
    if (!take(&text, "dddd-dd-dd", date) || text.size == 0)
        return STATUS_MALFORMED;
    bool parted = ascii_lower(text.data[0]) == 't' || text.data[0] == ' ';
    text = bytes_slice(text, 1, SIZE_MAX);
    if (!parted || !take(&text, "dd:dd:dd", clock) || !take_fraction(&text, &fraction_ns) ||
        !take_offset(&text, &offset) || text.size)
        return STATUS_MALFORMED;

    struct time_fields fields = {date[0], date[1], date[2], clock[0], clock[1], clock[2]};
    if (!fields_valid(&fields))
        return STATUS_MALFORMED;
    int64_t seconds =
        days_since_1970(&fields) * 86400 + fields.hour * 3600 + fields.minute * 60 + fields.second - offset;
    *ret_unix_ns = seconds * NS_OF_SECOND + fraction_ns;
    return STATUS_OK;
}
