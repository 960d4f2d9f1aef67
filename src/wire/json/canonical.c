/* SPDX-License-Identifier: MIT */
/* canonical.c — a walk over the value that writes as it goes. A number is printed with ever more digits until it reads
 * back as itself; the digits are then set as ECMAScript sets them. */
#include "wire/json/canonical.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DIGITS_MAX 17 /* of a double: with so many it always reads back as itself */

/* Where ECMAScript changes to exponents: 21 digits before the point, six zeros behind it. */
#define POINT_MAX 21
#define POINT_MIN (-5)

#define EXACT_INTEGER ((json_int_t)1 << 53) /* up to there each is a double, and prints as its digits */

/* --- numbers --- */

/* The fewest digits that read back as `number`, without a point; returns where the point stands: after so many of
 * them (0.012 is "12" with -1). */
static int shortest_digits(double number, char digits[static DIGITS_MAX + 1])
{
    char text[CANONICAL_NUMBER_SIZE] = "";
    for (int count = 1; count <= DIGITS_MAX; count++) {
        (void)snprintf(text, sizeof text, "%.*e", count - 1, number);
        if (strtod(text, NULL) == number)
            break;
    }

    char *exponent = strchr(text, 'e');
    ASSERT(exponent);
    size_t count = 0;
    for (const char *at = text; at < exponent; at++)
        if (*at != '.')
            digits[count++] = *at;
    digits[count] = '\0';
    return (int)strtol(exponent + 1, NULL, 10) + 1;
}

/* 123 with the point after 5 digits: 12300. */
static void set_integer(char *text, const char *digits, int point)
{
    (void)snprintf(text, CANONICAL_NUMBER_SIZE, "%s%.*s", digits, point - (int)strlen(digits),
                   "00000000000000000000");
}

/* 123 with the point after 1 digit: 1.23. */
static void set_fraction(char *text, const char *digits, int point)
{
    (void)snprintf(text, CANONICAL_NUMBER_SIZE, "%.*s.%s", point, digits, digits + point);
}

/* 123 with the point 2 digits before: 0.00123. */
static void set_small(char *text, const char *digits, int point)
{
    (void)snprintf(text, CANONICAL_NUMBER_SIZE, "0.%.*s%s", -point, "00000", digits);
}

/* 123 with the point after 30 digits: 1.23e+29. */
static void set_exponent(char *text, const char *digits, int point)
{
    const char *dot = digits[1] ? "." : "";
    (void)snprintf(text, CANONICAL_NUMBER_SIZE, "%c%s%s%s%d", digits[0], dot, digits + 1,
                   point > 0 ? "e+" : "e", point - 1);
}

void canonical_number(double number, char text[static CANONICAL_NUMBER_SIZE])
{
    ASSERT(isfinite(number));
    if (number == 0) { /* and minus zero */
        memcpy(text, "0", sizeof "0");
        return;
    }
    if (number < 0)
        *text = '-';

    char digits[DIGITS_MAX + 1] = "";
    char unsigned_text[CANONICAL_NUMBER_SIZE];
    int point = shortest_digits(fabs(number), digits);
    if (point > POINT_MAX || point < POINT_MIN)
        set_exponent(unsigned_text, digits, point);
    else if (point <= 0)
        set_small(unsigned_text, digits, point);
    else if (point < (int)strlen(digits))
        set_fraction(unsigned_text, digits, point);
    else
        set_integer(unsigned_text, digits, point);

    char *start = text + (number < 0);
    (void)snprintf(start, CANONICAL_NUMBER_SIZE - (size_t)(number < 0), "%s", unsigned_text);
}

/* Numbers are doubles to other readers: an integer whose digits a double does not keep would be another one there. */
static enum status append_integer(struct buf *out, json_int_t integer, struct err *err)
{
    char text[CANONICAL_NUMBER_SIZE], digits[CANONICAL_NUMBER_SIZE];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)integer);
    if (integer >= -EXACT_INTEGER && integer <= EXACT_INTEGER) {
        buf_append_cstr(out, digits);
        return STATUS_OK;
    }
    canonical_number((double)integer, text);
    if (strcmp(text, digits) != 0)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "an integer that other readers would round has no canonical form: write it as a string");
    buf_append_cstr(out, text);
    return STATUS_OK;
}

static enum status append_real(struct buf *out, double number, struct err *err)
{
    if (!isfinite(number))
        return err_set(err, STATUS_INVALID_ARGUMENT, "a number that is not finite has no canonical form");
    char text[CANONICAL_NUMBER_SIZE];
    canonical_number(number, text);
    buf_append_cstr(out, text);
    return STATUS_OK;
}

/* --- members --- */

struct sorted_member {
    struct bytes name;
    json_t *value;
};

/* The next code point of well-formed UTF-8, and how many bytes it takes. */
static uint32_t code_point(struct bytes text, size_t at, size_t *ret_size)
{
    uint8_t lead = text.data[at];
    size_t size = utf8_lead_size(lead);
    static const uint8_t lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = lead & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (text.data[at + i] & 0x3fu);
    *ret_size = size;
    return point;
}

/* The order of UTF-16 units: surrogates (0xd800 to 0xdfff, for what lies above the plane) come before 0xe000. */
static uint32_t utf16_rank(uint32_t point)
{
    bool in_plane_behind_surrogates = point >= 0xe000 && point <= 0xffff;
    return in_plane_behind_surrogates ? point + 0x200000 : point;
}

/* Names are equal up to `at`, and both go on. */
static int order_of_characters(struct bytes left, struct bytes right, size_t at)
{
    size_t size;
    uint32_t left_rank = utf16_rank(code_point(left, at, &size));
    uint32_t right_rank = utf16_rank(code_point(right, at, &size));
    return (left_rank > right_rank) - (left_rank < right_rank);
}

static int order_of_names(const void *left_member, const void *right_member)
{
    struct bytes left = ((const struct sorted_member *)left_member)->name;
    struct bytes right = ((const struct sorted_member *)right_member)->name;
    for (size_t at = 0, size = 0; at < left.size && at < right.size; at += size) {
        int order = order_of_characters(left, right, at);
        if (order != 0)
            return order;
        (void)code_point(left, at, &size);
    }
    return (left.size > right.size) - (left.size < right.size);
}

/* The members in their order; the caller frees it. NULL without memory; never for an object without members. */
static struct sorted_member *sorted_members(json_t *object, size_t count)
{
    struct sorted_member *members = calloc(count, sizeof *members);
    if (!members)
        return NULL;
    size_t next = 0;
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        struct bytes name = bytes_of(json_object_iter_key(at), json_object_iter_key_len(at));
        members[next++] = (struct sorted_member){name, json_object_iter_value(at)};
    }
    qsort(members, count, sizeof *members, order_of_names);
    return members;
}

/* --- the walk --- */

static enum status append_value(struct buf *out, json_t *value, size_t depth, struct err *err);

static enum status append_object(struct buf *out, json_t *object, size_t depth, struct err *err)
{
    size_t count = json_object_size(object);
    struct sorted_member *members = count > 0 ? sorted_members(object, count) : NULL;
    if (count > 0 && !members)
        return err_set(err, STATUS_NO_MEMORY, "no memory to sort the members of an object");

    enum status status = STATUS_OK;
    buf_append_byte(out, '{');
    for (size_t i = 0; i < count && !status; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        (void)json_append_string(out, members[i].name, false); /* jansson's texts are UTF-8 */
        buf_append_byte(out, ':');
        status = append_value(out, members[i].value, depth + 1, err);
    }
    buf_append_byte(out, '}');
    free(members);
    return status;
}

static enum status append_array(struct buf *out, json_t *array, size_t depth, struct err *err)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        enum status status = append_value(out, json_array_get(array, i), depth + 1, err);
        if (status)
            return status;
    }
    buf_append_byte(out, ']');
    return STATUS_OK;
}

static enum status append_value(struct buf *out, json_t *value, size_t depth, struct err *err)
{
    if (depth > CANONICAL_DEPTH_MAX)
        return err_set(err, STATUS_TOO_LARGE, "nested deeper than %d", CANONICAL_DEPTH_MAX);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return append_object(out, value, depth, err);
    case JSON_ARRAY:
        return append_array(out, value, depth, err);
    case JSON_STRING:
        (void)json_append_string(out, json_bytes(value), false);
        return STATUS_OK;
    case JSON_INTEGER:
        return append_integer(out, json_integer_value(value), err);
    case JSON_REAL:
        return append_real(out, json_real_value(value), err);
    case JSON_TRUE:
        buf_append_cstr(out, "true");
        return STATUS_OK;
    case JSON_FALSE:
        buf_append_cstr(out, "false");
        return STATUS_OK;
    case JSON_NULL:
        break;
    }
    buf_append_cstr(out, "null");
    return STATUS_OK;
}

enum status canonical_append(struct buf *out, json_t *value, struct err *err)
{
    enum status status = append_value(out, value, 0, err);
    if (status)
        return status;
    return buf_status(out);
}
