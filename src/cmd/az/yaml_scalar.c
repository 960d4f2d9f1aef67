/* SPDX-License-Identifier: MIT */
/* yaml_scalar.c — a walk over the characters says what each style could not bear; then one writer a style. The rules are
 * YAML 1.1's (yaml.org/spec/1.1, chapters 5, 7 and 9; yaml.org/type for the words), the choices between what it permits
 * are PyYAML's. */
#include "cmd/az/yaml_scalar.h"

#include <stdio.h>

#include "base/text.h"

#define NONE            UINT32_MAX /* no character: before the first, behind the last */
#define NEXT_LINE       0x85
#define LINE_BREAK      0x2028
#define PARAGRAPH       0x2029
#define BYTE_ORDER_MARK 0xfeff
#define WORD_SIZE_MAX   256 /* bytes: no number or time is longer than this and still meant as one */

/* yaml.org/type: null, bool, int, float, timestamp, merge, value. */
static const char words_pattern[] =
    "^(~|null|Null|NULL|<<|=|"
    "yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|"
    "[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+|"
    "[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"
    "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)|"
    "[0-9]{4}-[0-9]{2}-[0-9]{2}|"
    "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?"
    "([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)$";

enum status yaml_words_init(regex_t *words)
{
    return regcomp(words, words_pattern, REG_EXTENDED | REG_NOSUB) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static bool is_word(struct bytes text, const regex_t *words)
{
    char copy[WORD_SIZE_MAX];
    if (text.size >= sizeof copy || memchr(text.data, '\0', text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return regexec(words, copy, 0, NULL, 0) == 0;
}

/* --- characters --- */

/* The character at `at`, and its size; bytes that are none count one by one. NONE at the end. */
static uint32_t character_at(struct bytes text, size_t at, size_t *ret_size)
{
    *ret_size = 1;
    if (at >= text.size)
        return NONE;
    uint8_t lead = text.data[at];
    size_t size = utf8_lead_size(lead);
    if (size == 1 || at + size > text.size || !bytes_utf8_valid(bytes_slice(text, at, size)))
        return lead;
    uint32_t character = lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (text.data[at + i] & 0x3f);
    *ret_size = size;
    return character;
}

static bool is_break(uint32_t character)
{
    return character == '\n' || character == NEXT_LINE || character == LINE_BREAK || character == PARAGRAPH;
}

/* A blank in the sense of what stands before a "#" or behind a ":". */
static bool is_blank(uint32_t character)
{
    return character == NONE || character == '\0' || character == ' ' || character == '\t' ||
           character == '\r' || is_break(character);
}

/* Characters that only double quotes can show. */
static bool is_special(uint32_t character)
{
    if (character == '\n' || (character >= 0x20 && character <= 0x7e) || character == NEXT_LINE)
        return false;
    bool printable = (character >= 0xa0 && character <= 0xd7ff) ||
                     (character >= 0xe000 && character <= 0xfffd) ||
                     (character >= 0x10000 && character < 0x10ffff);
    return !printable || character == BYTE_ORDER_MARK;
}

/* --- the choice --- */

/* What was seen in a text. */
struct facts {
    bool indicator; /* read as syntax, if there are no quotes */
    bool line_break;
    bool special;
    bool blank_at_an_end;
    bool break_space; /* a line that begins with a blank */
    bool space_break; /* one that ends with it */
};

static bool is_indicator(uint32_t character, uint32_t before, uint32_t after)
{
    if (before == NONE) {
        bool alone =
            character < 0x80 && character != 0 && strchr("#,[]{}&*!|>'\"%@`", (int)character) != NULL;
        bool with_blank = (character == '?' || character == ':' || character == '-') && is_blank(after);
        return alone || with_blank;
    }
    return (character == ':' && is_blank(after)) || (character == '#' && is_blank(before));
}

static struct facts look_at(struct bytes text)
{
    struct facts facts = {.indicator = bytes_starts_with(text, BYTES_LITERAL("---")) ||
                                       bytes_starts_with(text, BYTES_LITERAL("..."))};
    uint32_t before = NONE;
    size_t size, after_size;
    for (size_t at = 0; at < text.size; at += size) {
        uint32_t character = character_at(text, at, &size);
        uint32_t after = character_at(text, at + size, &after_size);
        bool at_an_end = before == NONE || after == NONE;
        facts.indicator |= is_indicator(character, before, after);
        facts.line_break |= is_break(character);
        facts.special |= is_special(character);
        facts.blank_at_an_end |= at_an_end && (character == ' ' || is_break(character));
        facts.break_space |= character == ' ' && before != NONE && is_break(before);
        facts.space_break |= is_break(character) && before == ' ';
        before = character;
    }
    return facts;
}

struct yaml_scalar yaml_scalar_choose(struct bytes text, bool is_key, const regex_t *words)
{
    struct facts facts = look_at(text);
    struct yaml_scalar scalar = {.text = text, .empty = text.size == 0, .many_lines = facts.line_break};
    bool plain = !scalar.empty && !facts.indicator && !facts.line_break && !facts.special &&
                 !facts.blank_at_an_end && !facts.break_space && !facts.space_break && !is_word(text, words);
    bool single = !facts.special && !facts.space_break && !facts.break_space && !(is_key && facts.line_break);
    scalar.style = single ? YAML_SINGLE : YAML_DOUBLE;
    if (plain)
        scalar.style = YAML_PLAIN;
    return scalar;
}

/* --- writing --- */

struct yaml_writer {
    struct buf *out;
    size_t column;
    size_t indent;
    bool may_fold;
};

static void put(struct yaml_writer *writer, struct bytes text)
{
    size_t size;
    buf_append_bytes(writer->out, text);
    for (size_t at = 0; at < text.size; at += size) {
        (void)character_at(text, at, &size);
        writer->column++;
    }
}

static void put_cstr(struct yaml_writer *writer, const char *text)
{
    put(writer, bytes_of_cstr(text));
}

static void new_line(struct yaml_writer *writer)
{
    buf_append_fmt(writer->out, "\n%*s", (int)writer->indent, "");
    writer->column = writer->indent;
}

static bool is_too_long(const struct yaml_writer *writer)
{
    return writer->may_fold && writer->column > YAML_COLUMNS;
}

/* Plain, and in single quotes: text, runs of blanks, runs of line ends. */
static void write_flowing(struct yaml_writer *writer, struct bytes text, bool quoted)
{
    size_t size;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        uint32_t character = character_at(text, at, &size);
        if (character == ' ') {
            while (at < text.size && text.data[at] == ' ')
                at++;
            bool inside = !quoted || (start > 0 && at < text.size);
            if (at == start + 1 && inside && is_too_long(writer))
                new_line(writer);
            else
                put(writer, bytes_slice(text, start, at - start));
        } else if (is_break(character)) {
            /* One line end is a blank to the reader, so the first is written twice. */
            if (character == '\n')
                buf_append_byte(writer->out, '\n');
            while (at < text.size && is_break(character_at(text, at, &size))) {
                buf_append_bytes(writer->out, bytes_slice(text, at, size));
                at += size;
            }
            buf_append_fmt(writer->out, "%*s", (int)writer->indent, "");
            writer->column = writer->indent;
        } else if (quoted && character == '\'') {
            put_cstr(writer, "''");
            at++;
        } else {
            put(writer, bytes_slice(text, at, size));
            at += size;
        }
    }
}

static void put_escape(struct yaml_writer *writer, uint32_t character)
{
    static const char letters[0x80] = {
        ['\0'] = '0', ['\a'] = 'a', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v',
        ['\f'] = 'f', ['\r'] = 'r', [0x1b] = 'e', ['"'] = '"',  ['\\'] = '\\'};
    char text[16];
    char letter = '\0';
    if (character < sizeof letters)
        letter = letters[character];
    else if (character == NEXT_LINE)
        letter = 'N';
    else if (character == LINE_BREAK)
        letter = 'L';
    else if (character == PARAGRAPH)
        letter = 'P';

    if (letter)
        snprintf(text, sizeof text, "\\%c", letter);
    else if (character <= 0xff)
        snprintf(text, sizeof text, "\\x%02X", character);
    else if (character <= 0xffff)
        snprintf(text, sizeof text, "\\u%04X", character);
    else
        snprintf(text, sizeof text, "\\U%08X", character);
    put_cstr(writer, text);
}

static bool stands_in_quotes(uint32_t character)
{
    if (character == '"' || character == '\\' || character == BYTE_ORDER_MARK)
        return false;
    return (character >= 0x20 && character <= 0x7e) ||
           (character >= 0xa0 && character <= 0xd7ff && !is_break(character)) ||
           (character >= 0xe000 && character <= 0xfffd);
}

static size_t characters_in(struct bytes text)
{
    size_t count = 0, size;
    for (size_t at = 0; at < text.size; at += size, count++)
        (void)character_at(text, at, &size);
    return count;
}

/* Text is held back from `start` on, since a line may be folded in the middle of it. */
static void write_double(struct yaml_writer *writer, struct bytes text)
{
    size_t start = 0, size;
    for (size_t end = 0; end <= text.size; end += size) {
        uint32_t character = character_at(text, end, &size);
        if (character == NONE || !stands_in_quotes(character)) {
            put(writer, bytes_slice(text, start, end - start));
            start = end;
            if (character != NONE) {
                put_escape(writer, character);
                start = end + size;
            }
        }
        bool inside = end > 0 && end + size < text.size;
        size_t held = start < end ? characters_in(bytes_slice(text, start, end - start)) : 0;
        bool too_long = writer->may_fold && writer->column + held > YAML_COLUMNS + (start > end ? 1 : 0);
        if (!inside || !too_long || (character != ' ' && start < end))
            continue;
        if (start < end) {
            put(writer, bytes_slice(text, start, end - start));
            start = end;
        }
        put_cstr(writer, "\\");
        new_line(writer);
        if (start < text.size && text.data[start] == ' ')
            put_cstr(writer, "\\");
    }
}

void yaml_scalar_write(const struct yaml_scalar *scalar, bool may_fold, size_t indent, size_t *column,
                       struct buf *out)
{
    struct yaml_writer writer = {.out = out, .column = *column, .indent = indent, .may_fold = may_fold};
    static const char *const quotes[] = {[YAML_PLAIN] = "", [YAML_SINGLE] = "'", [YAML_DOUBLE] = "\""};
    const char *quote = quotes[scalar->style];
    put_cstr(&writer, quote);
    if (scalar->style == YAML_DOUBLE)
        write_double(&writer, scalar->text);
    else
        write_flowing(&writer, scalar->text, scalar->style == YAML_SINGLE);
    put_cstr(&writer, quote);
    *column = writer.column;
}
