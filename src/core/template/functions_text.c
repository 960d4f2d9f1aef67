/* SPDX-License-Identifier: MIT */
/* functions_text.c — functions that make texts. Lengths and places are counted in characters, as the language does; a character
 * outside of the first 65,536 counts as one here. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/template/functions.h"

#define ANY EXPRESSION_ARGUMENTS_MAX

/* Of the ids that guid() makes: a name space of its own, RFC 9562 version 5. */
static const uint8_t guid_space[16] = {0x11, 0xfb, 0x06, 0xfb, 0x71, 0x2d, 0x4d, 0xdd,
                                       0x98, 0xc7, 0xe7, 0x1b, 0xbd, 0x58, 0x88, 0x30};

/* --- characters --- */

static bool is_start(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

static size_t count_characters(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += is_start(text.data[i]);
    return count;
}

/* Where character number `count` begins; the size of the text if it has fewer. */
static size_t place_of(struct bytes text, size_t count)
{
    size_t at = 0;
    for (; at < text.size; at++)
        if (is_start(text.data[at]) && count-- == 0)
            return at;
    return at;
}

static size_t clamp(int64_t number)
{
    return number < 0 ? 0 : (size_t)number;
}

/* --- joining --- */

static json_t *finish(const struct template_call *call, struct buf *out)
{
    json_t *text = buf_status(out) == STATUS_OK ? template_text(call->scope, buf_peek(out)) : NULL;
    buf_fini(out);
    return text;
}

static json_t *concat_arrays(const struct template_call *call)
{
    json_t *all = json_array();
    for (size_t i = 0; i < call->count && all; i++) {
        bool good = json_is_array(call->values[i]) &&
                    template_spend(call->scope, json_array_size(call->values[i]) * sizeof(void *)) &&
                    json_array_extend(all, call->values[i]) == 0;
        if (good)
            continue;
        json_decref(all);
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "texts and arrays cannot be joined");
    }
    return all;
}

static json_t *concat(const struct template_call *call)
{
    struct buf out = {0};
    if (json_is_array(call->values[0]))
        return concat_arrays(call);
    for (size_t i = 0; i < call->count; i++)
        if (!template_print(call->scope, &out, call->values[i])) {
            buf_fini(&out);
            return NULL;
        }
    return finish(call, &out);
}

/* "{0}" and "{{"; what follows a colon in braces is for numbers, and is not obeyed. */
static json_t *format(const struct template_call *call)
{
    struct bytes text;
    struct buf out = {0};
    bool good = template_take_text(call, 0, &text);
    for (size_t i = 0; i < text.size && good; i++) {
        uint8_t c = text.data[i];
        bool brace = c == '{' || c == '}';
        if (!brace || (i + 1 < text.size && text.data[i + 1] == c)) {
            i += brace;
            buf_append_byte(&out, c);
            continue;
        }
        struct bytes rest = bytes_slice(text, i + 1, SIZE_MAX);
        size_t end = bytes_find(rest, BYTES_LITERAL("}"));
        struct bytes inner = bytes_slice(rest, 0, end);
        uint64_t number;
        struct bytes digits = bytes_slice(inner, 0, bytes_find(inner, BYTES_LITERAL(":")));
        good = c == '{' && end < rest.size && bytes_parse_u64(digits, &number) == STATUS_OK &&
               number + 1 < call->count;
        if (!good)
            (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                                "a brace in the text names no argument that is there");
        good = good && template_print(call->scope, &out, call->values[number + 1]);
        i += end + 1;
    }
    if (good)
        return finish(call, &out);
    buf_fini(&out);
    return NULL;
}

static json_t *join(const struct template_call *call)
{
    struct bytes between;
    struct buf out = {0};
    bool good = template_take_text(call, 1, &between);
    if (good && !json_is_array(call->values[0]))
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 must be an array");
    for (size_t i = 0; i < json_array_size(call->values[0]) && good; i++) {
        if (i > 0)
            buf_append_bytes(&out, between);
        good = template_print(call->scope, &out, json_array_get(call->values[0], i));
    }
    if (good)
        return finish(call, &out);
    buf_fini(&out);
    return NULL;
}

/* --- parts --- */

/* Of a text or an array; `from` and `most` count characters or items. */
static json_t *part(const struct template_call *call, size_t from, size_t most)
{
    const json_t *value = call->values[0];
    if (json_is_string(value)) {
        struct bytes rest = bytes_slice(json_bytes(value), place_of(json_bytes(value), from), SIZE_MAX);
        return template_text(call->scope, bytes_slice(rest, 0, place_of(rest, most)));
    }
    if (!json_is_array(value))
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 must be a text or an array");
    json_t *items = json_array();
    size_t left = json_array_size(value) > from ? MIN(json_array_size(value) - from, most) : 0;
    bool good = items && template_spend(call->scope, left * sizeof(void *));
    for (size_t i = 0; i < left && good; i++)
        good = json_array_append(items, json_array_get(value, from + i)) == 0;
    if (good)
        return items;
    json_decref(items);
    return NULL;
}

static json_t *take_first(const struct template_call *call)
{
    int64_t most;
    return template_take_number(call, 1, &most) ? part(call, 0, clamp(most)) : NULL;
}

static json_t *skip_first(const struct template_call *call)
{
    int64_t from;
    return template_take_number(call, 1, &from) ? part(call, clamp(from), SIZE_MAX) : NULL;
}

static json_t *substring(const struct template_call *call)
{
    struct bytes text;
    int64_t from;
    int64_t most = INT64_MAX;
    if (!template_take_text(call, 0, &text) || !template_take_number(call, 1, &from) ||
        (call->count > 2 && !template_take_number(call, 2, &most)))
        return NULL;
    size_t size = count_characters(text);
    bool within = from >= 0 && (uint64_t)from <= size && most >= 0 &&
                  (call->count < 3 || (uint64_t)most <= size - (size_t)from);
    if (!within)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "the part is not within the text");
    return part(call, (size_t)from, (size_t)most);
}

static json_t *split(const struct template_call *call)
{
    struct bytes text;
    struct bytes marks[EXPRESSION_ARGUMENTS_MAX / 8];
    size_t count = 0;
    bool several = json_is_array(call->values[1]);
    bool good = template_take_text(call, 0, &text);
    if (good && !several && template_take_text(call, 1, &marks[0]))
        count = 1;
    for (size_t i = 0; several && i < json_array_size(call->values[1]) && i < ARRAY_SIZE(marks); i++)
        marks[count++] = json_bytes(json_array_get(call->values[1], i));
    if (!good || count == 0)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 2 must be a text, or texts");

    json_t *items = json_array();
    size_t start = 0;
    for (size_t at = 0; at <= text.size && good; at++) {
        size_t width = at == text.size ? 1 : 0;
        for (size_t i = 0; i < count && !width; i++)
            if (marks[i].size > 0 && bytes_starts_with(bytes_slice(text, at, SIZE_MAX), marks[i]))
                width = marks[i].size;
        if (!width)
            continue;
        json_t *item = template_text(call->scope, bytes_slice(text, start, at - start));
        good = items && item && json_array_append_new(items, item) == 0;
        start = at + width;
        at = start - 1;
    }
    if (good)
        return items;
    json_decref(items);
    return NULL;
}

/* --- changing --- */

static json_t *in_case(const struct template_call *call, bool upper)
{
    struct bytes text;
    struct buf out = {0};
    if (!template_take_text(call, 0, &text))
        return NULL;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (!upper)
            byte = ascii_lower(byte);
        else if (byte >= 'a' && byte <= 'z')
            byte = (uint8_t)(byte - 'a' + 'A');
        buf_append_byte(&out, byte);
    }
    return finish(call, &out);
}

static json_t *to_lower(const struct template_call *call)
{
    return in_case(call, false);
}

static json_t *to_upper(const struct template_call *call)
{
    return in_case(call, true);
}

static json_t *trim(const struct template_call *call)
{
    struct bytes text;
    return template_take_text(call, 0, &text) ? template_text(call->scope, bytes_trim(text)) : NULL;
}

static json_t *replace(const struct template_call *call)
{
    struct bytes text;
    struct bytes old;
    struct bytes instead;
    struct buf out = {0};
    if (!template_take_text(call, 0, &text) || !template_take_text(call, 1, &old) ||
        !template_take_text(call, 2, &instead))
        return NULL;
    while (text.size > 0) {
        bool found = old.size > 0 && bytes_starts_with(text, old);
        if (found && !template_spend(call->scope, instead.size)) {
            buf_fini(&out);
            return NULL;
        }
        buf_append_bytes(&out, found ? instead : bytes_slice(text, 0, 1));
        text = bytes_slice(text, found ? old.size : 1, SIZE_MAX);
    }
    return finish(call, &out);
}

static json_t *pad_left(const struct template_call *call)
{
    int64_t width;
    struct bytes with = BYTES_LITERAL(" ");
    struct buf text = {0};
    struct buf out = {0};
    if (!template_take_number(call, 1, &width) || (call->count > 2 && !template_take_text(call, 2, &with)))
        return NULL;
    if (width < 0 || width > 1024 || with.size != 1)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                             "a width is at most 1,024, and filled with one character");
    bool good = template_print(call->scope, &text, call->values[0]);
    for (size_t size = count_characters(buf_peek(&text)); good && size < (size_t)width; size++)
        buf_append_bytes(&out, with);
    buf_append_bytes(&out, buf_peek(&text));
    buf_fini(&text);
    if (good)
        return finish(call, &out);
    buf_fini(&out);
    return NULL;
}

static json_t *as_text(const struct template_call *call)
{
    struct buf out = {0};
    if (template_print(call->scope, &out, call->values[0]))
        return finish(call, &out);
    buf_fini(&out);
    return NULL;
}

static json_t *to_base64(const struct template_call *call)
{
    struct bytes text;
    struct buf out = {0};
    if (!template_take_text(call, 0, &text))
        return NULL;
    base64_encode(&out, text);
    return finish(call, &out);
}

static json_t *from_base64(const struct template_call *call)
{
    struct bytes text;
    struct buf out = {0};
    if (!template_take_text(call, 0, &text))
        return NULL;
    if (base64_decode(&out, text) == STATUS_OK)
        return finish(call, &out);
    buf_fini(&out);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "argument 1 is not base64");
}

static json_t *uri_component(const struct template_call *call)
{
    struct bytes text;
    struct buf out = {0};
    if (!template_take_text(call, 0, &text))
        return NULL;
    percent_encode(&out, text, NULL);
    return finish(call, &out);
}

/* --- places and answers --- */

static json_t *starts_with(const struct template_call *call)
{
    struct bytes text;
    struct bytes start;
    if (!template_take_text(call, 0, &text) || !template_take_text(call, 1, &start))
        return NULL;
    return json_boolean(bytes_starts_with_nocase(text, start));
}

static json_t *ends_with(const struct template_call *call)
{
    struct bytes text;
    struct bytes end;
    if (!template_take_text(call, 0, &text) || !template_take_text(call, 1, &end))
        return NULL;
    return json_boolean(end.size <= text.size &&
                        bytes_equal_nocase(bytes_slice(text, text.size - end.size, end.size), end));
}

static json_t *index_of(const struct template_call *call)
{
    struct bytes text;
    struct bytes wanted;
    if (!template_take_text(call, 0, &text) || !template_take_text(call, 1, &wanted))
        return NULL;
    for (size_t at = 0; at + wanted.size <= text.size; at++)
        if (bytes_equal_nocase(bytes_slice(text, at, wanted.size), wanted))
            return json_integer((json_int_t)count_characters(bytes_slice(text, 0, at)));
    return json_integer(-1);
}

/* --- names that are made --- */

/* The arguments with '-' between them. */
static bool join_arguments(const struct template_call *call, struct buf *out)
{
    for (size_t i = 0; i < call->count; i++) {
        struct bytes text;
        if (!template_take_text(call, i, &text) || !template_spend(call->scope, text.size))
            return false;
        if (i > 0)
            buf_append_byte(out, '-');
        buf_append_bytes(out, text);
    }
    return buf_status(out) == STATUS_OK;
}

static bool hash_arguments(const struct template_call *call, struct bytes space, uint8_t ret_hash[20])
{
    struct buf text = {0};
    buf_append_bytes(&text, space);
    bool good = join_arguments(call, &text);
    if (good)
        call->scope->world->sha1(call->scope->world->context, buf_peek(&text), ret_hash);
    buf_fini(&text);
    return good;
}

/* The cloud's own hash is not published: the same arguments give the same 13 characters here, and others than there. */
static json_t *unique_string(const struct template_call *call)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t hash[20];
    char text[13];
    if (!hash_arguments(call, BYTES_LITERAL("uniqueString"), hash))
        return NULL;
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | hash[i];
    for (size_t i = 0; i < sizeof text; i++, number >>= 5)
        text[i] = digits[number & 31];
    return template_text(call->scope, bytes_of(text, sizeof text));
}

static json_t *guid_text(const struct template_call *call, const uint8_t bytes[16], int version)
{
    char text[GUID_TEXT_SIZE + 1];
    guid_format(bytes, text);
    text[14] = (char)('0' + version); /* guid_format makes random ones, of version 4 */
    return template_text(call->scope, bytes_of(text, GUID_TEXT_SIZE));
}

static json_t *guid(const struct template_call *call)
{
    uint8_t hash[20];
    return hash_arguments(call, bytes_of(guid_space, sizeof guid_space), hash) ? guid_text(call, hash, 5)
                                                                               : NULL;
}

static json_t *new_guid(const struct template_call *call)
{
    uint8_t random[16];
    if (!call->scope->is_default)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                             "can be used in the default of a parameter only");
    call->scope->world->random(call->scope->world->context, random);
    return guid_text(call, random, 4);
}

/* "yyyyMMddTHHmmssZ", or as the argument says with yyyy, MM, dd, HH, mm and ss. */
static json_t *utc_now(const struct template_call *call)
{
    struct bytes form = BYTES_LITERAL("yyyyMMddTHHmmssZ");
    char now[TIME_TEXT_SIZE_MAX];
    struct buf out = {0};
    static const struct {
        const char *mark;
        size_t from;
    } marks[] = {{"yyyy", 0}, {"MM", 5}, {"dd", 8}, {"HH", 11}, {"mm", 14}, {"ss", 17}};
    if (!call->scope->is_default)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                             "can be used in the default of a parameter only");
    if (call->count > 0 && !template_take_text(call, 0, &form))
        return NULL;
    (void)time_format(call->scope->world->unix_ns, 0, now);
    while (form.size > 0) {
        size_t used = 1;
        for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
            struct bytes mark = bytes_of_cstr(marks[i].mark);
            if (!bytes_starts_with(form, mark))
                continue;
            buf_append(&out, now + marks[i].from, mark.size);
            used = mark.size;
            break;
        }
        if (used == 1)
            buf_append_bytes(&out, bytes_slice(form, 0, 1));
        form = bytes_slice(form, used, SIZE_MAX);
    }
    return finish(call, &out);
}

const struct template_function template_text_functions[] = {
    {"concat", 1, ANY, concat},
    {"format", 1, ANY, format},
    {"join", 2, 2, join},
    {"take", 2, 2, take_first},
    {"skip", 2, 2, skip_first},
    {"substring", 2, 3, substring},
    {"split", 2, 2, split},
    {"toLower", 1, 1, to_lower},
    {"toUpper", 1, 1, to_upper},
    {"trim", 1, 1, trim},
    {"replace", 3, 3, replace},
    {"padLeft", 2, 3, pad_left},
    {"string", 1, 1, as_text},
    {"base64", 1, 1, to_base64},
    {"base64ToString", 1, 1, from_base64},
    {"uriComponent", 1, 1, uri_component},
    {"startsWith", 2, 2, starts_with},
    {"endsWith", 2, 2, ends_with},
    {"indexOf", 2, 2, index_of},
    {"uniqueString", 1, ANY, unique_string},
    {"guid", 1, ANY, guid},
    {"newGuid", 0, 0, new_guid},
    {"utcNow", 0, 1, utc_now},
    {.name = NULL},
};
