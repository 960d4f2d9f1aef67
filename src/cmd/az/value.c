/* SPDX-License-Identifier: MIT */
/* value.c — keys sorted by qsort; of a real number the fewest digits that read back as the same number. */
#include "cmd/az/value.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX   17 /* of a double: more say nothing */
#define EXPONENT_MIN (-4)
#define EXPONENT_MAX 16 /* from here on Python writes an exponent */

static int compare_keys(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static json_t *sorted_array(const json_t *array)
{
    json_t *copy = json_array();
    for (size_t i = 0; copy && i < json_array_size(array); i++) {
        if (json_array_append_new(copy, az_value_sorted(json_array_get(array, i))) != 0) {
            json_decref(copy);
            copy = NULL;
        }
    }
    return copy;
}

static json_t *sorted_object(const json_t *object)
{
    size_t count = json_object_size(object);
    const char **keys = calloc(count + 1, sizeof *keys);
    json_t *copy = keys ? json_object() : NULL;
    const char *key;
    json_t *member;
    size_t used = 0;
    json_object_foreach((json_t *)object, key, member)
    {
        if (keys)
            keys[used++] = key;
    }
    if (keys)
        qsort(keys, used, sizeof *keys, compare_keys);
    for (size_t i = 0; copy && i < used; i++) {
        if (json_object_set_new_nocheck(copy, keys[i], az_value_sorted(json_object_get(object, keys[i]))) !=
            0) {
            json_decref(copy);
            copy = NULL;
        }
    }
    free(keys);
    return copy;
}

json_t *az_value_sorted(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return sorted_object(value);
    case JSON_ARRAY:
        return sorted_array(value);
    default:
        return json_incref((json_t *)value);
    }
}

/* "1234.5" from the digits "12345" and the exponent 3. */
static void append_fixed(struct buf *out, const char *digits, int count, int exponent)
{
    if (exponent < 0) {
        buf_append_cstr(out, "0.");
        for (int i = -1; i > exponent; i--)
            buf_append_byte(out, '0');
        buf_append(out, digits, (size_t)count);
        return;
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1)
            buf_append_byte(out, '.');
        buf_append_byte(out, i < count ? (uint8_t)digits[i] : '0');
    }
    if (count <= exponent + 1)
        buf_append_cstr(out, ".0");
}

static void append_real(struct buf *out, double number)
{
    char text[40];
    int precision = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, number);
    } while (strtod(text, NULL) != number && ++precision < DIGITS_MAX);

    /* "-d.ddde±xx" */
    const char *at = text;
    char digits[DIGITS_MAX + 1];
    int count = 0;
    if (*at == '-')
        buf_append_byte(out, (uint8_t)*at++);
    for (; *at && *at != 'e'; at++) {
        if (*at != '.' && count < DIGITS_MAX)
            digits[count++] = *at;
    }
    int exponent = *at ? (int)strtol(at + 1, NULL, 10) : 0;
    if (exponent >= EXPONENT_MIN && exponent < EXPONENT_MAX) {
        append_fixed(out, digits, count, exponent);
        return;
    }
    buf_append(out, digits, 1);
    if (count > 1)
        buf_append_fmt(out, ".%.*s", count - 1, digits + 1);
    buf_append_fmt(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

void az_value_number(struct buf *out, const json_t *number)
{
    if (json_is_integer(number))
        buf_append_fmt(out, "%lld", (long long)json_integer_value(number));
    else
        append_real(out, json_real_value(number));
}

size_t az_value_width(struct bytes text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.size; at++)
        width += (text.data[at] & 0xc0) != 0x80;
    return width;
}
