/* SPDX-License-Identifier: MIT */
/* encode.c — text encodings; tables and arithmetic only, no locale, no time zone database. */
#include "base/encode.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct bytes in)
{
    for (size_t i = 0; i < in.size; i += 3) {
        size_t n = MIN(in.size - i, (size_t)3);
        uint32_t group = (uint32_t)in.data[i] << 16;
        if (n > 1)
            group |= (uint32_t)in.data[i + 1] << 8;
        if (n > 2)
            group |= in.data[i + 2];
        uint8_t text[4] = {(uint8_t)base64_alphabet[group >> 18], (uint8_t)base64_alphabet[group >> 12 & 63],
                           n > 1 ? (uint8_t)base64_alphabet[group >> 6 & 63] : '=',
                           n > 2 ? (uint8_t)base64_alphabet[group & 63] : '='};
        buf_append(out, text, sizeof text);
    }
}

/* The value of each character of the alphabet, and one more: 0 is none. */
static const uint8_t base64_digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static int base64_value(uint8_t letter)
{
    return base64_digits[letter] - 1;
}

/* Whole groups of four, as far as all are of the alphabet, into room that was made before; the bytes read. */
static size_t decode_groups(struct buf *out, struct bytes in)
{
    size_t at = 0;
    for (; in.size - at >= 4; at += 4) {
        const uint8_t *text = in.data + at;
        uint32_t a = base64_digits[text[0]], b = base64_digits[text[1]], c = base64_digits[text[2]],
                 d = base64_digits[text[3]];
        if (!a || !b || !c || !d)
            break;
        uint32_t group = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        out->data[out->size++] = (uint8_t)(group >> 16);
        out->data[out->size++] = (uint8_t)(group >> 8);
        out->data[out->size++] = (uint8_t)group;
    }
    return at;
}

enum status base64_decode(struct buf *out, struct bytes in)
{
    if (in.size % 4 == 0)
        for (int pads = 0; pads < 2 && in.size && in.data[in.size - 1] == '='; pads++)
            in.size--;
    if (in.size % 4 == 1)
        return STATUS_MALFORMED;
    uint32_t group = 0;
    int bits = 0;
    bool room = !out->failed && buf_reserve(out, in.size / 4 * 3) == STATUS_OK;
    for (size_t i = room ? decode_groups(out, in) : 0; i < in.size; i++) {
        int v = base64_value(in.data[i]);
        if (v < 0)
            return STATUS_MALFORMED;
        group = group << 6 | (uint32_t)v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_append_byte(out, (uint8_t)(group >> bits));
        }
    }
    return buf_status(out);
}

void base64url_encode(struct buf *out, struct bytes in)
{
    size_t begin = out->size;
    base64_encode(out, in);
    if (out->failed)
        return;
    while (out->size > begin && out->data[out->size - 1] == '=')
        out->size--;
    for (size_t i = begin; i < out->size; i++) {
        if (out->data[i] == '+')
            out->data[i] = '-';
        else if (out->data[i] == '/')
            out->data[i] = '_';
    }
}

static int base64url_value(uint8_t letter)
{
    if (letter == '-')
        return 62;
    if (letter == '_')
        return 63;
    if (letter == '+' || letter == '/')
        return -1;
    return base64_value(letter);
}

enum status base64url_decode(struct buf *out, struct bytes in)
{
    if (in.size % 4 == 1)
        return STATUS_MALFORMED;
    uint32_t group = 0;
    int bits = 0;
    for (size_t i = 0; i < in.size; i++) {
        int value = base64url_value(in.data[i]);
        if (value < 0)
            return STATUS_MALFORMED;
        group = group << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_append_byte(out, (uint8_t)(group >> bits));
        }
    }
    if (group & ((1u << bits) - 1))
        return STATUS_MALFORMED;
    return buf_status(out);
}

void percent_encode(struct buf *out, struct bytes in, const char *keep)
{
    for (size_t i = 0; i < in.size; i++) {
        uint8_t c = in.data[i];
        bool plain =
            ascii_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (keep && c && strchr(keep, c));
        if (plain)
            buf_append_byte(out, c);
        else
            buf_append_fmt(out, "%%%02X", c);
    }
}

static void guid_bits(const uint8_t random[16], uint8_t ret_guid[16])
{
    memcpy(ret_guid, random, 16);
    ret_guid[6] = (uint8_t)((ret_guid[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4: version 4 */
    ret_guid[8] = (uint8_t)((ret_guid[8] & 0x3f) | 0x80); /* and the variant of section 4.1 */
}

static const char hex_digits[] = "0123456789abcdef";

void guid_format_digits(const uint8_t random[16], char ret_digits[GUID_DIGITS_SIZE + 1])
{
    uint8_t guid[16];
    guid_bits(random, guid);
    for (size_t i = 0; i < 16; i++) {
        ret_digits[2 * i] = hex_digits[guid[i] >> 4];
        ret_digits[2 * i + 1] = hex_digits[guid[i] & 15];
    }
    ret_digits[GUID_DIGITS_SIZE] = '\0';
}

void guid_format(const uint8_t random[16], char ret_text[GUID_TEXT_SIZE + 1])
{
    char digits[GUID_DIGITS_SIZE + 1];
    guid_format_digits(random, digits);
    snprintf(ret_text, GUID_TEXT_SIZE + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
             digits + 16, digits + 20);
}

#define SECONDS_PER_DAY 86400

/* The proleptic Gregorian date of a count of days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level
 * date algorithms"): a 400-year era has 146097 days, and years that start in March put the leap day last. */
static void date_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
    *ret_year = (int64_t)year_of_era + era * 400 + (*ret_month <= 2);
}

size_t time_format(int64_t unix_ns, int digits, char ret_text[TIME_TEXT_SIZE_MAX])
{
    int64_t seconds = unix_ns / NS_PER_S;
    int64_t fraction = unix_ns % NS_PER_S;
    if (fraction < 0) {
        fraction += NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t of_day = seconds % SECONDS_PER_DAY;
    if (of_day < 0) {
        of_day += SECONDS_PER_DAY;
        days--;
    }
    int64_t year;
    unsigned month, day;
    date_from_days(days, &year, &month, &day);
    int n = snprintf(ret_text, TIME_TEXT_SIZE_MAX, "%04d-%02u-%02uT%02d:%02d:%02d", (int)year, month, day,
                     (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (digits > 0) {
        char text[10];
        snprintf(text, sizeof text, "%09d", (int)fraction);
        n += snprintf(ret_text + n, TIME_TEXT_SIZE_MAX - (size_t)n, ".%.*s", MIN(digits, 9), text);
    }
    n += snprintf(ret_text + n, TIME_TEXT_SIZE_MAX - (size_t)n, "Z");
    return (size_t)n;
}
