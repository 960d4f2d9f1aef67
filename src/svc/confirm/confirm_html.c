/* SPDX-License-Identifier: MIT */
/* confirm_html.c — text of others, character by character; then the small pieces that are made of it. */
#include "svc/confirm/confirm_html.h"

#include <string.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/text.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

/* --- text of others --- */

static unsigned code_point(struct bytes text, size_t at, size_t size)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned point = text.data[at] & first[MIN(size, ARRAY_SIZE(first) - 1)];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (text.data[at + i] & 0x3f);
    return point;
}

void confirm_html_text(struct buf *out, struct bytes text, bool lines)
{
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = text.data[at];
        bool stays = lines && (byte == '\n' || byte == '\t');
        size_t hidden = stays ? 0 : hidden_size(text, at);
        if (hidden > 0)
            buf_append_fmt(out, "<span class=\"hid\">U+%04X</span>",
                           code_point(text, at, utf8_lead_size(byte)));
        else if (strchr("<>&\"'", byte) && byte)
            buf_append_fmt(out, "&#%d;", byte);
        else
            buf_append_byte(out, byte);
        at += MAX(hidden, (size_t)1);
    }
}

/* As it is typed: what the field sends back must be the same. */
void confirm_html_typed(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            buf_append_fmt(out, "&#%d;", *text);
        else
            buf_append_byte(out, (uint8_t)*text);
    }
}

void confirm_html_line(struct buf *out, const json_t *text)
{
    confirm_html_text(out, json_bytes(text), false);
}

/* --- small pieces --- */

const char *confirm_html_member(const json_t *object, const char *name)
{
    return text_or(json_member_text(object, name), "");
}

/* "2026-11-29 17:51 UTC" of a time as the API writes it. */
void confirm_html_time(struct buf *out, const json_t *time)
{
    struct bytes text = json_bytes(time);
    confirm_html_text(out, bytes_slice(text, 0, 10), false);
    buf_append_byte(out, ' ');
    confirm_html_text(out, bytes_slice(text, 11, 5), false);
    buf_append_cstr(out, " UTC");
}

/* Who somebody is: {"id","name"}, or a name. */
void confirm_html_person(struct buf *out, const json_t *person)
{
    confirm_html_line(out, json_is_object(person) ? json_object_get(person, "name") : person);
}

/* As much of a long text as a page of this kind shows; the rest is said. */
void confirm_html_pre(struct buf *out, struct bytes text, const char *label)
{
    struct bytes shown = bytes_utf8_prefix(text, CONFIRM_TEXT_SIZE_MAX);
    buf_append_fmt(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"%s\">", label);
    confirm_html_text(out, shown, true);
    buf_append_cstr(out, "</pre>\n");
    if (shown.size < text.size)
        buf_append_fmt(
            out,
            "<p class=\"note\">%zu bytes more are not shown here: open the request before you decide.</p>\n",
            text.size - shown.size);
}

void confirm_html_note(struct buf *out, const char *words)
{
    buf_append_fmt(out, "<p class=\"card note\" role=\"status\">%s</p>\n", words);
}
