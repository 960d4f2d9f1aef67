/* SPDX-License-Identifier: MIT */
/* relaxed.c — one walk over the bytes: texts are copied, comments left out, names quoted. */
#include "core/template/relaxed.h"

#include "base/text.h"

struct relaxed_walk {
    struct bytes text;
    size_t at;
    struct buf *out;
};

static uint8_t byte_at(const struct relaxed_walk *walk, size_t at)
{
    return at < walk->text.size ? walk->text.data[at] : 0;
}

/* What a text may hold only escaped, is. */
static void copy_text(struct relaxed_walk *walk)
{
    buf_append_byte(walk->out, '"');
    walk->at++;
    while (walk->at < walk->text.size) {
        uint8_t c = walk->text.data[walk->at++];
        if (c == '\\' && walk->at < walk->text.size) {
            buf_append_byte(walk->out, c);
            c = walk->text.data[walk->at++];
        } else if (c == '\n' || c == '\r' || c == '\t') {
            static const char letters[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
            buf_append_byte(walk->out, '\\');
            c = (uint8_t)letters[c];
        } else if (c == '"') {
            buf_append_byte(walk->out, c);
            return;
        }
        buf_append_byte(walk->out, c);
    }
}

/* True if one was skipped. */
static bool skip_comment(struct relaxed_walk *walk)
{
    if (byte_at(walk, walk->at) != '/')
        return false;
    struct bytes rest = bytes_slice(walk->text, walk->at, SIZE_MAX);
    if (byte_at(walk, walk->at + 1) == '/') {
        walk->at += bytes_find(rest, BYTES_LITERAL("\n"));
        return true;
    }
    if (byte_at(walk, walk->at + 1) != '*')
        return false;
    rest = bytes_slice(rest, 2, SIZE_MAX);
    size_t end = bytes_find(rest, BYTES_LITERAL("*/"));
    walk->at += end < rest.size ? end + 4 : rest.size + 2;
    return true;
}

/* Blanks and comments; nothing is appended. */
static void skip_between(struct relaxed_walk *walk)
{
    for (;;) {
        uint8_t c = byte_at(walk, walk->at);
        bool blank = walk->at < walk->text.size && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
        if (blank)
            walk->at++;
        else if (!skip_comment(walk))
            return;
    }
}

/* A name in front of a colon gets quotes; true, false, null and numbers stay as they are. */
static void copy_word(struct relaxed_walk *walk)
{
    size_t start = walk->at;
    while (ascii_alnum(byte_at(walk, walk->at)) || byte_at(walk, walk->at) == '_' ||
           byte_at(walk, walk->at) == '$')
        walk->at++;
    struct bytes word = bytes_slice(walk->text, start, walk->at - start);
    skip_between(walk);
    bool name = byte_at(walk, walk->at) == ':';
    if (name)
        buf_append_byte(walk->out, '"');
    buf_append_bytes(walk->out, word);
    buf_append_byte(walk->out, name ? '"' : ' ');
}

/* One behind the last item is left out. */
static void copy_comma(struct relaxed_walk *walk)
{
    walk->at++;
    skip_between(walk);
    uint8_t next = byte_at(walk, walk->at);
    if (next != '}' && next != ']')
        buf_append_byte(walk->out, ',');
}

void relaxed_to_json(struct bytes text, struct buf *out)
{
    struct relaxed_walk walk = {.text = text, .out = out};
    while (walk.at < text.size) {
        uint8_t c = text.data[walk.at];
        if (c == '"') {
            copy_text(&walk);
        } else if (ascii_alpha(c) || c == '_' || c == '$') {
            copy_word(&walk);
        } else if (c == ',') {
            copy_comma(&walk);
        } else if (!skip_comment(&walk)) {
            buf_append_byte(out, c);
            walk.at++;
        }
    }
}
