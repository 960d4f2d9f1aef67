/* SPDX-License-Identifier: MIT */
/* shorthand.c — JSON is tried first; what is none is read by a descent that takes bare words for texts. */
#include "cmd/az/shorthand.h"

#include "base/text.h"

struct reader {
    struct bytes text;
    size_t at;
    unsigned depth;
    struct err *err;
};

static enum status fault(const struct reader *reader, const char *what)
{
    return err_set(reader->err, STATUS_MALFORMED, "%s at byte %zu", what, reader->at);
}

static uint8_t peek(const struct reader *reader)
{
    return reader->at < reader->text.size ? reader->text.data[reader->at] : 0;
}

static void skip_blanks(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\n' || peek(reader) == '\r')
        reader->at++;
}

static bool take(struct reader *reader, uint8_t byte)
{
    skip_blanks(reader);
    if (peek(reader) != byte)
        return false;
    reader->at++;
    return true;
}

/* In quotes: up to the same quote, which is doubled, or behind a backslash, if it is meant. */
static enum status read_quoted(struct reader *reader, struct buf *word)
{
    uint8_t quote = reader->text.data[reader->at++];
    while (reader->at < reader->text.size) {
        uint8_t byte = reader->text.data[reader->at++];
        bool escaped = byte == '\\' && (peek(reader) == quote || peek(reader) == '\\');
        if (escaped || (byte == quote && peek(reader) == quote))
            byte = reader->text.data[reader->at++];
        else if (byte == quote)
            return STATUS_OK;
        buf_append_byte(word, byte);
    }
    return fault(reader, "a quote without its end");
}

/* A bare word goes up to what separates; an address may hold colons, so a key ends at one and a value does not. */
static enum status read_word(struct reader *reader, bool is_key, struct buf *word, bool *ret_quoted)
{
    skip_blanks(reader);
    *ret_quoted = peek(reader) == '\'' || peek(reader) == '"';
    if (*ret_quoted)
        return read_quoted(reader, word);
    size_t start = reader->at;
    while (reader->at < reader->text.size &&
           !(reader->depth > 0 && strchr(is_key ? ",]}[{:" : ",]}[{", peek(reader))))
        reader->at++;
    buf_append_bytes(word, bytes_trim(bytes_slice(reader->text, start, reader->at - start)));
    if (word->size || word->failed)
        return STATUS_OK;
    return fault(reader, "a value is missing");
}

/* What a word without quotes is: a number, a truth value, null, or a text. */
static json_t *value_of(struct bytes word, bool quoted)
{
    int64_t number;
    if (quoted || !word.size)
        return json_stringn((const char *)word.data, word.size);
    if (bytes_equal_cstr(word, "null"))
        return json_null();
    if (bytes_equal_cstr(word, "true") || bytes_equal_cstr(word, "false"))
        return json_boolean(word.data[0] == 't');
    if (bytes_parse_i64(word, &number) == STATUS_OK)
        return json_integer(number);
    return json_stringn((const char *)word.data, word.size);
}

static enum status read_value(struct reader *reader, json_t **ret_value);

static enum status read_array(struct reader *reader, json_t *array)
{
    if (take(reader, ']'))
        return STATUS_OK;
    do {
        json_t *item = NULL;
        enum status status = read_value(reader, &item);
        if (status != STATUS_OK)
            return status;
        if (json_array_append_new(array, item) != 0)
            return STATUS_NO_MEMORY;
    } while (take(reader, ','));
    if (!take(reader, ']'))
        return fault(reader, "expected \",\" or \"]\"");
    return STATUS_OK;
}

static enum status read_member(struct reader *reader, json_t *object)
{
    CLEANUP(buf_fini) struct buf key = {0};
    bool quoted;
    json_t *value = NULL;
    enum status status = read_word(reader, true, &key, &quoted);
    if (status == STATUS_OK && !take(reader, ':'))
        status = fault(reader, "expected \":\"");
    if (status == STATUS_OK)
        status = read_value(reader, &value);
    if (status != STATUS_OK)
        return status;
    buf_append_byte(&key, '\0');
    if (key.failed || json_object_set_new(object, (const char *)key.data, value) != 0)
        return fault(reader, "a key that cannot be kept");
    return STATUS_OK;
}

static enum status read_object(struct reader *reader, json_t *object)
{
    if (take(reader, '}'))
        return STATUS_OK;
    do {
        enum status status = read_member(reader, object);
        if (status != STATUS_OK)
            return status;
    } while (take(reader, ','));
    if (!take(reader, '}'))
        return fault(reader, "expected \",\" or \"}\"");
    return STATUS_OK;
}

static enum status read_value(struct reader *reader, json_t **ret_value)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(buf_fini) struct buf word = {0};
    bool quoted;
    enum status status;
    if (reader->depth == SHORTHAND_DEPTH_MAX)
        return fault(reader, "nested too deeply");
    skip_blanks(reader);
    if (peek(reader) == '[' || peek(reader) == '{') {
        bool array = peek(reader) == '[';
        reader->at++;
        reader->depth++;
        value = array ? json_array() : json_object();
        if (!value)
            status = STATUS_NO_MEMORY;
        else if (array)
            status = read_array(reader, value);
        else
            status = read_object(reader, value);
        reader->depth--;
    } else {
        status = read_word(reader, false, &word, &quoted);
        if (status == STATUS_OK)
            value = value_of(buf_peek(&word), quoted);
        if (status == STATUS_OK && (word.failed || !value))
            status = fault(reader, "no text");
    }
    if (status == STATUS_OK) {
        *ret_value = value;
        value = NULL;
    }
    return status;
}

enum status shorthand_parse(struct bytes text, json_t **ret_value, struct err *err)
{
    if (text.size > SHORTHAND_SIZE_MAX)
        return err_set(err, STATUS_TOO_LARGE, "longer than %zu bytes", SHORTHAND_SIZE_MAX);
    const struct json_limits limits = {.depth_max = SHORTHAND_DEPTH_MAX};
    if (json_parse(text, &limits, ret_value, NULL) == STATUS_OK)
        return STATUS_OK;

    struct reader reader = {.text = text, .err = err};
    json_t *value = NULL;
    enum status status = read_value(&reader, &value);
    skip_blanks(&reader);
    if (status == STATUS_OK && reader.at < text.size) {
        json_decref(value);
        return fault(&reader, "more than one value");
    }
    if (status == STATUS_OK)
        *ret_value = value;
    return status;
}
