/* SPDX-License-Identifier: MIT */
/* result_check.c — five parts: text, values, outputs, hosts, errors. Each writes what it knows and drops the rest. */
#include "svc/pool/session/result_check.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "svc/pool/session/image_text.h"

#define NUMBER_SIZE_MAX     40  /* bytes: the longest text of a double has 24, of an integer of 64 bits 20 */
#define MEDIA_TYPE_SIZE_MAX 100 /* bytes */
#define COUNTS_END          ((uint64_t)1 << 52) /* beyond it a double does not keep every integer */
#define ERROR_KEY_SIZE_MAX  40                  /* bytes of the name of an error's member */

/* --- text --- */

static struct bytes inside_quotes(struct bytes json)
{
    return bytes_slice(json, 1, json.size - 2);
}

/* The size of the JSON character at `at`, and how many bytes of UTF-8 it is. The text is well-formed. */
static size_t character_size(struct bytes text, size_t at, size_t *ret_utf8_size)
{
    uint8_t first = text.data[at];
    if (first != '\\') {
        *ret_utf8_size = utf8_lead_size(first);
        return *ret_utf8_size;
    }
    int unit = result_code_unit(text, at);
    if (unit < 0) { /* \n and the like */
        *ret_utf8_size = 1;
        return 2;
    }
    int next = unit >= 0xd800 && unit <= 0xdbff ? result_code_unit(text, at + 6) : -1;
    if (next >= 0xdc00 && next <= 0xdfff) {
        *ret_utf8_size = 4;
        return 12;
    }
    *ret_utf8_size = 3;
    if (unit < 0x80)
        *ret_utf8_size = 1;
    else if (unit < 0x800)
        *ret_utf8_size = 2;
    return 6;
}

/* The longest front part that is at most `size_max` bytes of UTF-8. */
static struct bytes text_prefix(struct bytes text, size_t size_max)
{
    size_t end = 0;
    size_t utf8_size = 0;
    while (end < text.size) {
        size_t more;
        size_t size = character_size(text, end, &more);
        if (more > size_max - utf8_size)
            break;
        utf8_size += more;
        end += size;
    }
    return bytes_slice(text, 0, end);
}

/* A string value, quotes and all, cut to its limit. */
static void append_text(struct buf *out, struct result_value value, size_t size_max,
                        struct result_damage *damage)
{
    struct bytes text = inside_quotes(value.json);
    struct bytes kept = text.size <= size_max ? text : text_prefix(text, size_max);
    if (kept.size < text.size)
        damage->cut = true;
    buf_append_byte(out, '"');
    result_value_append(out, (struct result_value){.type = RESULT_STRING, .json = kept});
    buf_append_byte(out, '"');
}

/* Every reader must be able to hold it: an integer of 64 bits, or a double that is finite. */
static bool number_is_safe(struct bytes json)
{
    int64_t whole;
    char text[NUMBER_SIZE_MAX + 1];
    if (json.size > NUMBER_SIZE_MAX)
        return false;
    memcpy(text, json.data, json.size);
    text[json.size] = 0;
    bool real = strpbrk(text, ".eE") != NULL;
    return real ? isfinite(strtod(text, NULL)) : bytes_parse_i64(json, &whole) == STATUS_OK;
}

/* --- values --- */

/* {"type":"image","format":…,"base64_data":…} and no other object. */
static bool append_image_value(struct buf *out, struct result_value value)
{
    struct result_value type = {0}, format = {0}, data = {0}, member;
    struct bytes key;
    struct result_walk walk;
    for (result_walk_begin(&walk, value); result_walk_next(&walk, &key, &member);) {
        if (bytes_equal_cstr(key, "type"))
            type = member;
        else if (bytes_equal_cstr(key, "format"))
            format = member;
        else if (bytes_equal_cstr(key, "base64_data"))
            data = member;
    }
    if (!bytes_equal_cstr(type.json, "\"image\"") || format.type != RESULT_STRING)
        return false;
    const char *name = image_text_format(inside_quotes(format.json));
    if (!name)
        return false;

    size_t begin = out->size;
    buf_append_fmt(out, "{\"type\":\"image\",\"format\":\"%s\",\"base64_data\":", name);
    if (data.type != RESULT_STRING || !image_text_append(out, name, inside_quotes(data.json))) {
        out->size = begin;
        return false;
    }
    buf_append_byte(out, '}');
    return true;
}

enum result_type result_check_value(struct buf *out, struct result_value value, size_t text_size_max,
                                    struct result_damage *damage)
{
    switch (value.type) {
    case RESULT_NONE:
        return RESULT_NONE;
    case RESULT_STRING:
        append_text(out, value, text_size_max, damage);
        return RESULT_STRING;
    case RESULT_NULL:
    case RESULT_BOOL:
        buf_append_bytes(out, value.json);
        return value.type;
    case RESULT_NUMBER:
        if (!number_is_safe(value.json))
            break;
        buf_append_bytes(out, value.json);
        return RESULT_NUMBER;
    case RESULT_OBJECT:
        if (!append_image_value(out, value))
            break;
        return RESULT_OBJECT;
    case RESULT_ARRAY:
        break;
    }
    damage->dropped = true;
    return RESULT_NONE;
}

/* --- outputs --- */

/* What may be in a bundle. SVG and HTML are text here, since they may hold scripts. */
static const struct {
    const char *media_type;
    const char *image_format; /* NULL: text */
} representations[] = {
    {"text/plain", NULL},   {"text/html", NULL},     {"text/markdown", NULL},    {"text/latex", NULL},
    {"text/csv", NULL},     {"image/svg+xml", NULL}, {"application/json", NULL}, {"image/png", "png"},
    {"image/jpeg", "jpeg"}, {"image/gif", "gif"},    {"image/webp", "webp"},
};

#define VENDOR_JSON ARRAY_SIZE(representations) /* stands for one "application/…+json" of a bundle */
#define UNKNOWN     (VENDOR_JSON + 1)

/* JSON of some library's own, such as "application/vnd.plotly.v1+json": text for who knows it. */
static bool is_vendor_json(struct bytes media_type)
{
    struct bytes begin = BYTES_LITERAL("application/");
    struct bytes end = BYTES_LITERAL("+json");
    if (media_type.size > MEDIA_TYPE_SIZE_MAX || media_type.size <= begin.size + end.size ||
        !bytes_starts_with(media_type, begin) ||
        !bytes_equal(bytes_slice(media_type, media_type.size - end.size, end.size), end))
        return false;
    for (size_t i = begin.size; i < media_type.size; i++)
        if (!ascii_alnum(media_type.data[i]) && !strchr("+-._", media_type.data[i]))
            return false;
    return true;
}

/* The row, VENDOR_JSON or UNKNOWN. */
static size_t find_representation(struct bytes media_type)
{
    for (size_t row = 0; row < ARRAY_SIZE(representations); row++)
        if (bytes_equal_cstr(media_type, representations[row].media_type))
            return row;
    return is_vendor_json(media_type) ? VENDOR_JSON : UNKNOWN;
}

static void append_comma(struct buf *out, bool needed)
{
    if (needed)
        buf_append_byte(out, ',');
}

/* Appends `"type":data` to the bundle. False, and nothing is appended, if the data is not of that type. `media_type` is
 * one that find_representation knows, so it needs no escapes. */
static bool append_representation(struct buf *out, bool first, size_t row, struct bytes media_type,
                                  struct result_value data, size_t text_size_max,
                                  struct result_damage *damage)
{
    const char *format = row == VENDOR_JSON ? NULL : representations[row].image_format;
    size_t begin = out->size;
    append_comma(out, !first);
    buf_append_fmt(out, "\"%.*s\":", BYTES_FMT(media_type));
    if (!format && data.type == RESULT_STRING) {
        append_text(out, data, text_size_max, damage);
        return true;
    }
    if (format && data.type == RESULT_STRING && image_text_append(out, format, inside_quotes(data.json)))
        return true;
    out->size = begin;
    return false;
}

/* False, and nothing is appended, if nothing is left of it. */
static bool append_bundle(struct buf *out, bool first, struct result_value bundle, size_t text_size_max,
                          struct result_damage *damage)
{
    struct result_walk walk;
    struct result_value data;
    struct bytes media_type;
    size_t begin = out->size;
    unsigned seen = 0; /* a bit for each row that is in the bundle */
    append_comma(out, !first);
    buf_append_byte(out, '{');
    for (result_walk_begin(&walk, bundle); result_walk_next(&walk, &media_type, &data);) {
        size_t row = find_representation(media_type);
        bool allowed = row != UNKNOWN && !(seen & 1u << row);
        if (allowed && append_representation(out, seen == 0, row, media_type, data, text_size_max, damage))
            seen |= 1u << row;
        else
            damage->dropped = true;
    }
    buf_append_byte(out, '}');
    if (!seen)
        out->size = begin;
    return seen != 0;
}

void result_check_outputs(struct buf *out, struct result_value outputs, size_t text_size_max,
                          struct result_damage *damage)
{
    struct result_walk walk;
    struct result_value bundle;
    size_t begin = out->size;
    size_t count = 0;
    buf_append_byte(out, '[');
    for (result_walk_begin(&walk, outputs); result_walk_next(&walk, NULL, &bundle);) {
        if (count == RESULT_OUTPUTS_MAX) {
            damage->cut = true;
            break;
        }
        if (bundle.type == RESULT_OBJECT && append_bundle(out, count == 0, bundle, text_size_max, damage))
            count++;
        else
            damage->dropped = true;
    }
    buf_append_byte(out, ']');
    if (!count)
        out->size = begin;
}

/* --- hosts --- */

/* False, and nothing is appended, if it is none. */
static bool append_host(struct buf *out, bool first, struct result_value item)
{
    struct result_value host = {0}, port = {0}, times = {0}, member;
    struct result_damage ignored = {0};
    struct result_walk walk;
    struct bytes key;
    uint64_t count;
    for (result_walk_begin(&walk, item); result_walk_next(&walk, &key, &member);) {
        if (bytes_equal_cstr(key, "host"))
            host = member;
        else if (bytes_equal_cstr(key, "port"))
            port = member;
        else if (bytes_equal_cstr(key, "count"))
            times = member;
    }
    bool good = item.type == RESULT_OBJECT && host.type == RESULT_STRING && host.json.size > 2 &&
                bytes_parse_u64(times.json, &count) == STATUS_OK && count > 0 && count <= COUNTS_END;
    if (!good)
        return false;
    append_comma(out, !first);
    buf_append_cstr(out, "{\"host\":");
    append_text(out, host, RESULT_HOST_ROOM, &ignored);
    if (port.type == RESULT_STRING && port.json.size > 2) {
        buf_append_cstr(out, ",\"port\":");
        append_text(out, port, RESULT_PORT_ROOM, &ignored);
    }
    buf_append_fmt(out, ",\"count\":%llu}", (unsigned long long)count);
    return true;
}

size_t result_check_hosts(struct buf *out, struct result_value hosts)
{
    struct result_walk walk;
    struct result_value item;
    size_t count = 0, left_out = 0;
    buf_append_byte(out, '[');
    for (result_walk_begin(&walk, hosts); result_walk_next(&walk, NULL, &item);) {
        if (count < RESULT_HOSTS_ROOM && append_host(out, count == 0, item))
            count++;
        else
            left_out++;
    }
    buf_append_byte(out, ']');
    return left_out;
}

/* --- errors --- */

/* The lines of a traceback, all within one limit. */
static void append_lines(struct buf *out, struct result_value lines, struct result_damage *damage)
{
    struct result_walk walk;
    struct result_value line;
    size_t left = RESULT_ERROR_TEXT_SIZE_MAX;
    bool first = true;
    buf_append_byte(out, '[');
    for (result_walk_begin(&walk, lines); result_walk_next(&walk, NULL, &line);) {
        if (line.type != RESULT_STRING) {
            damage->dropped = true;
            continue;
        }
        if (!left) {
            damage->cut = true;
            break;
        }
        append_comma(out, !first);
        first = false;
        append_text(out, line, left, damage);
        left -= MIN(left, line.json.size);
    }
    buf_append_byte(out, ']');
}

static bool is_plain_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!ascii_alpha(name.data[i]) && name.data[i] != '_')
            return false;
    return name.size > 0 && name.size <= ERROR_KEY_SIZE_MAX;
}

/* Members beside the contract's three: words of the runner's own. */
struct extras {
    struct buf json; /* ,"name":"text" each */
    struct bytes names[RESULT_ERROR_EXTRAS_MAX];
    size_t count;
};

static bool has_extra(const struct extras *extras, struct bytes name)
{
    for (size_t i = 0; i < extras->count; i++)
        if (bytes_equal(extras->names[i], name))
            return true;
    return false;
}

static void add_extra(struct extras *extras, struct bytes name, struct result_value text,
                      struct result_damage *damage)
{
    bool allowed = text.type == RESULT_STRING && is_plain_name(name) &&
                   extras->count < RESULT_ERROR_EXTRAS_MAX && !has_extra(extras, name);
    if (!allowed) {
        damage->dropped = true;
        return;
    }
    extras->names[extras->count++] = name;
    buf_append_fmt(&extras->json, ",\"%.*s\":", BYTES_FMT(name));
    append_text(&extras->json, text, RESULT_ERROR_EXTRA_SIZE_MAX, damage);
}

/* A member that must be text; the empty one if it is not. */
static void append_member_text(struct buf *out, const char *before, struct result_value text, size_t size_max,
                               struct result_damage *damage)
{
    buf_append_cstr(out, before);
    if (text.type == RESULT_STRING) {
        append_text(out, text, size_max, damage);
        return;
    }
    damage->dropped = true;
    buf_append_cstr(out, "\"\"");
}

/* The contract's three members come first and are always there; the runner's own words follow. */
void result_check_error(struct buf *out, struct result_value error, struct result_damage *damage)
{
    struct result_value name = {0}, text = {0}, traceback = {0}, member;
    struct extras extras = {0};
    struct result_walk walk;
    struct bytes key;
    for (result_walk_begin(&walk, error); result_walk_next(&walk, &key, &member);) {
        if (bytes_equal_cstr(key, "name"))
            name = member;
        else if (bytes_equal_cstr(key, "value"))
            text = member;
        else if (bytes_equal_cstr(key, "traceback"))
            traceback = member;
        else
            add_extra(&extras, key, member, damage);
    }

    append_member_text(out, "{\"name\":", name, RESULT_ERROR_NAME_SIZE_MAX, damage);
    append_member_text(out, ",\"value\":", text, RESULT_ERROR_TEXT_SIZE_MAX, damage);
    buf_append_cstr(out, ",\"traceback\":");
    if (traceback.type != RESULT_ARRAY)
        damage->dropped = true;
    append_lines(out, traceback, damage);
    buf_append_bytes(out, buf_peek(&extras.json));
    buf_append_byte(out, '}');
    out->failed = out->failed || extras.json.failed;
    buf_fini(&extras.json);
}
