/* SPDX-License-Identifier: MIT */
/* log_line.c — the writer cuts what does not fit, but always leaves room for what closes the line. */
#include "cmd/log_line.h"

#include <stdio.h>
#include <string.h>

#include "base/hidden.h"
#include "base/text.h"

#define ROOM_TO_CLOSE 8 /* bytes: quote, two braces, line feed */

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const format_names[] = {[LOG_FORMAT_TEXT] = "text", [LOG_FORMAT_JSON] = "json"};
static const int priorities[] = {7, 6, 4, 3}; /* of syslog, by level */

const char *log_level_name(enum log_level level)
{
    ASSERT((size_t)level < ARRAY_SIZE(level_names));
    return level_names[level];
}

static bool find_name(const char *const *names, size_t count, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *ret_index = i;
        return true;
    }
    return false;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
    size_t index;
    if (!find_name(level_names, ARRAY_SIZE(level_names), name, &index))
        return false;
    *ret_level = (enum log_level)index;
    return true;
}

bool log_format_parse(const char *name, enum log_format *ret_format)
{
    size_t index;
    if (!find_name(format_names, ARRAY_SIZE(format_names), name, &index))
        return false;
    *ret_format = (enum log_format)index;
    return true;
}

struct writer {
    char *line;
    size_t size;
};

static void put(struct writer *writer, const char *text, size_t size)
{
    if (writer->size + size > LOG_LINE_SIZE_MAX - ROOM_TO_CLOSE)
        return;
    memcpy(writer->line + writer->size, text, size);
    writer->size += size;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* The number of the hidden character of UTF-8 that is there: none has more than three bytes. */
static unsigned hidden_code(struct bytes text, size_t at, size_t size)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f};
    unsigned code = text.data[at] & lead_bits[MIN(size, ARRAY_SIZE(lead_bits) - 1)];
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (text.data[at + i] & 0x3f);
    return code;
}

static void put_code(struct writer *writer, unsigned code)
{
    char text[8];
    int size = snprintf(text, sizeof text, "\\u%04x", code & 0xffff);
    put(writer, text, (size_t)size);
}

static void put_escaped(struct writer *writer, struct bytes text)
{
    bool valid = bytes_utf8_valid(text);
    for (size_t at = 0, step; at < text.size; at += step) {
        char byte = (char)text.data[at];
        size_t hidden = valid || (unsigned char)byte < 128 ? hidden_size(text, at) : 0;
        step = MAX(hidden, (size_t)1);
        if (byte == '"' || byte == '\\')
            put(writer, (const char[]){'\\', byte}, 2);
        else if (hidden)
            put_code(writer, hidden_code(text, at, hidden));
        else
            put(writer, valid || (unsigned char)byte < 128 ? &byte : "?", 1);
    }
}

/* `,"name":"value"`, without the comma at first. */
static void put_member(struct writer *writer, struct bytes name, struct bytes value, bool *first)
{
    put_text(writer, *first ? "\"" : ",\"");
    put_escaped(writer, name);
    put_text(writer, "\":\"");
    put_escaped(writer, value);
    put_text(writer, "\"");
    *first = false;
}

/* Where the next `key=` begins at or after `from`: at the start of a word. `text.size` if there is none. */
static size_t find_key(struct bytes text, size_t from, size_t *ret_name_size)
{
    for (size_t start = from; start < text.size; start++) {
        if (start && text.data[start - 1] != ' ')
            continue;
        size_t end = start;
        while (end < text.size && (ascii_alnum(text.data[end]) || strchr("_-.", text.data[end])))
            end++;
        if (end > start && end < text.size && text.data[end] == '=') {
            *ret_name_size = end - start;
            return start;
        }
    }
    return text.size;
}

static struct bytes without_quotes(struct bytes value)
{
    bool quoted = value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
    return quoted ? bytes_slice(value, 1, value.size - 2) : value;
}

/* A value in quotes ends at the last quote before the next key or the end: texts of others may hold quotes. */
static void put_fields(struct writer *writer, struct bytes text, size_t at, size_t name_size)
{
    bool first = true;
    while (at < text.size) {
        size_t value_start = at + name_size + 1, next_name_size = 0;
        size_t next = find_key(text, value_start, &next_name_size);
        bool quoted = value_start < text.size && text.data[value_start] == '"';
        while (quoted && next < text.size && (next < value_start + 3 || text.data[next - 2] != '"'))
            next = find_key(text, next + 1, &next_name_size);
        struct bytes value = bytes_trim(bytes_slice(text, value_start, next - value_start));
        put_member(writer, bytes_slice(text, at, name_size), without_quotes(value), &first);
        at = next;
        name_size = next_name_size;
    }
}

static void put_json(struct writer *writer, const struct log_event *event)
{
    struct bytes text = bytes_of_cstr(event->text);
    size_t name_size = 0, fields = find_key(text, 0, &name_size);
    bool first = true;
    put_text(writer, "{");
    put_member(writer, BYTES_LITERAL("time"), bytes_of_cstr(event->at), &first);
    put_member(writer, BYTES_LITERAL("level"), bytes_of_cstr(log_level_name(event->level)), &first);
    put_member(writer, BYTES_LITERAL("area"), bytes_of_cstr(event->area), &first);
    put_member(writer, BYTES_LITERAL("message"), bytes_trim(bytes_slice(text, 0, fields)), &first);
    if (fields < text.size) {
        put_text(writer, ",\"fields\":{");
        put_fields(writer, text, fields, name_size);
        put_text(writer, "}");
    }
    writer->line[writer->size++] = '}';
}

/* What cannot be seen, or is no UTF-8, is a question mark: a terminal obeys none of it, and the line ends where it ends. */
static void put_shown(struct writer *writer, struct bytes text)
{
    bool valid = bytes_utf8_valid(text);
    for (size_t at = 0, step; at < text.size; at += step) {
        bool known = valid || text.data[at] < 128;
        size_t hidden = known ? hidden_size(text, at) : 0;
        step = MAX(hidden, (size_t)1);
        put(writer, known && !hidden ? (const char *)text.data + at : "?", 1);
    }
}

static void put_plain(struct writer *writer, const struct log_event *event)
{
    put_text(writer, event->at);
    put_text(writer, " level=");
    put_text(writer, log_level_name(event->level));
    put_text(writer, " area=");
    put_text(writer, event->area);
    put_text(writer, " ");
    put_shown(writer, bytes_of_cstr(event->text));
}

size_t log_line_format(const struct log_event *event, enum log_format format,
                       char ret_line[LOG_LINE_SIZE_MAX])
{
    struct writer writer = {.line = ret_line};
    char priority[8];
    snprintf(priority, sizeof priority, "<%d>", priorities[event->level]);
    if (event->journal)
        put_text(&writer, priority);
    if (format == LOG_FORMAT_JSON)
        put_json(&writer, event);
    else
        put_plain(&writer, event);
    ret_line[writer.size++] = '\n';
    return writer.size;
}
