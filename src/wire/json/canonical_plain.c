/* SPDX-License-Identifier: MIT */
/* canonical_plain.c — one pass over a text that is canonical already, as a log's lines are. It builds nothing, so it is several times as
 * fast as reading and writing anew; what it does not know is false, and for the slow way. */
#include "wire/json/canonical.h"

#include <string.h>

#include "base/text.h"

#define DIGITS_PLAIN 15 /* each such integer is a double, and prints as its digits */

struct plain_reader {
    const uint8_t *at;
    const uint8_t *end;
    size_t depth, depth_max;
    size_t values, values_max; /* counted as json_parse counts */
};

static bool take_byte(struct plain_reader *reader, uint8_t byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct plain_reader *reader, struct bytes word)
{
    if (!bytes_starts_with(bytes_of(reader->at, (size_t)(reader->end - reader->at)), word))
        return false;
    reader->at += word.size;
    return true;
}

static bool is_one_of(uint8_t byte, struct bytes bytes)
{
    return memchr(bytes.data, byte, bytes.size) != NULL;
}

static bool take_number(struct plain_reader *reader)
{
    bool negative = take_byte(reader, '-');
    const uint8_t *first = reader->at;
    while (reader->at < reader->end && ascii_digit(*reader->at))
        reader->at++;
    size_t digits = (size_t)(reader->at - first);
    if (digits == 0 || digits > DIGITS_PLAIN || (*first == '0' && (digits > 1 || negative)))
        return false;
    bool goes_on = reader->at < reader->end && is_one_of(*reader->at, BYTES_LITERAL(".eE"));
    return !goes_on;
}

/* The four digits of \u: of a control character that has no shorter escape, in small letters. */
static bool take_code(struct plain_reader *reader)
{
    static const bool has_short_form[32] = {
        ['\b'] = true, ['\t'] = true, ['\n'] = true, ['\f'] = true, ['\r'] = true};
    if (!take_word(reader, BYTES_LITERAL("00")) || reader->end - reader->at < 2)
        return false;
    int high = ascii_hex_value(reader->at[0]), low = ascii_hex_value(reader->at[1]);
    bool small = !is_one_of(reader->at[1], BYTES_LITERAL("ABCDEF"));
    reader->at += 2;
    return small && (high == 0 || high == 1) && low >= 0 && !has_short_form[high << 4 | low];
}

static bool take_escape(struct plain_reader *reader)
{
    if (reader->at == reader->end)
        return false;
    uint8_t kind = *reader->at++;
    return kind == 'u' ? take_code(reader) : is_one_of(kind, BYTES_LITERAL("\"\\bfnrt"));
}

/* `ret_plain`: printable ASCII without escapes. */
static bool take_string(struct plain_reader *reader, bool *ret_plain)
{
    bool has_escapes = false, has_high = false;
    if (!take_byte(reader, '"'))
        return false;
    const uint8_t *first = reader->at;
    while (reader->at < reader->end && *reader->at != '"') {
        uint8_t byte = *reader->at++;
        if (byte < 0x20 || (byte == '\\' && !take_escape(reader)))
            return false;
        has_escapes |= byte == '\\';
        has_high |= byte >= 0x80;
    }
    struct bytes inside = bytes_of(first, (size_t)(reader->at - first));
    *ret_plain = !has_escapes && !has_high;
    return take_byte(reader, '"') && (!has_high || bytes_utf8_valid(inside));
}

static bool take_value(struct plain_reader *reader);

static bool begin(struct plain_reader *reader, uint8_t byte)
{
    reader->values++;
    return ++reader->depth <= reader->depth_max && take_byte(reader, byte);
}

/* Behind a value of an array or object. False: it was the last. */
static bool another(struct plain_reader *reader)
{
    bool more = take_byte(reader, ',');
    reader->values += more;
    return more;
}

static bool take_array(struct plain_reader *reader)
{
    if (!begin(reader, '['))
        return false;
    if (take_byte(reader, ']')) {
        reader->depth--;
        return true;
    }
    do
        if (!take_value(reader))
            return false;
    while (another(reader));
    reader->depth--;
    return take_byte(reader, ']');
}

/* Names in their order: so none is there twice. */
static int order_of_plain(struct bytes one, struct bytes other)
{
    int order = memcmp(one.data, other.data, MIN(one.size, other.size));
    return order ? order : (one.size > other.size) - (one.size < other.size);
}

static void note(struct canonical_member *members, size_t count, struct bytes name, struct bytes text)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_cstr(name, members[i].name))
            members[i].text = text;
}

static bool take_member(struct plain_reader *reader, struct bytes *last_name,
                        struct canonical_member *members, size_t count)
{
    bool is_plain = false;
    const uint8_t *first = reader->at;
    if (!take_string(reader, &is_plain) || !is_plain)
        return false;
    struct bytes name = bytes_of(first + 1, (size_t)(reader->at - first) - 2);
    if (last_name->data && order_of_plain(*last_name, name) >= 0)
        return false;
    *last_name = name;
    reader->values++;
    if (!take_byte(reader, ':'))
        return false;
    first = reader->at;
    if (!take_value(reader))
        return false;
    note(members, count, name, bytes_of(first, (size_t)(reader->at - first)));
    return true;
}

static bool take_object(struct plain_reader *reader, struct canonical_member *members, size_t count)
{
    struct bytes last_name = {0};
    if (!begin(reader, '{'))
        return false;
    if (take_byte(reader, '}')) {
        reader->depth--;
        return true;
    }
    do
        if (!take_member(reader, &last_name, members, count))
            return false;
    while (another(reader));
    reader->depth--;
    return take_byte(reader, '}');
}

static bool take_value(struct plain_reader *reader)
{
    bool ignored;
    if (reader->at == reader->end)
        return false;
    switch (*reader->at) {
    case '{':
        return take_object(reader, NULL, 0);
    case '[':
        return take_array(reader);
    case '"':
        return take_string(reader, &ignored);
    case 't':
        return take_word(reader, BYTES_LITERAL("true"));
    case 'f':
        return take_word(reader, BYTES_LITERAL("false"));
    case 'n':
        return take_word(reader, BYTES_LITERAL("null"));
    default:
        return take_number(reader);
    }
}

bool canonical_is_plain(struct bytes text, const struct json_limits *limits, struct canonical_member *members,
                        size_t count)
{
    struct plain_reader reader = {.at = text.data,
                                  .end = text.data + text.size,
                                  .depth_max = limits->depth_max,
                                  .values = 1,
                                  .values_max = limits->values_max};
    if (text.size == 0 || text.size > limits->size_max)
        return false;
    return take_object(&reader, members, count) && reader.at == reader.end &&
           reader.values <= reader.values_max;
}
