/* SPDX-License-Identifier: MIT */
/* yaml.c — the tree: mappings and sequences in block style, indented by two; a sequence in a mapping is not indented. */
#include "cmd/az/yaml.h"

#include "cmd/az/value.h"
#include "cmd/az/yaml_scalar.h"

#define INDENT 2
#define KEY_SIZE_MAX                                                                                         \
    128 /* characters; a longer key, an empty one and one of several lines get a line of their own */

struct document {
    struct buf *out;
    regex_t words;
    size_t column;
};

static void put(struct document *document, const char *text)
{
    buf_append_cstr(document->out, text);
    document->column += strlen(text);
}

static void new_line(struct document *document, size_t indent)
{
    buf_append_fmt(document->out, "\n%*s", (int)indent, "");
    document->column = indent;
}

static void write_string(struct document *document, struct bytes text, bool is_key, size_t indent)
{
    struct yaml_scalar scalar = yaml_scalar_choose(text, is_key, &document->words);
    yaml_scalar_write(&scalar, !is_key, indent, &document->column, document->out);
}

/* A real number of YAML has a dot, of Python it need not: 1e+16. */
static void write_number(struct document *document, const json_t *number)
{
    CLEANUP(buf_fini) struct buf text = {0};
    az_value_number(&text, number);
    buf_append_byte(&text, '\0');
    const char *digits = text.failed ? "" : (const char *)text.data;
    const char *exponent = strchr(digits, 'e');
    if (!exponent || strchr(digits, '.')) {
        put(document, digits);
        return;
    }
    buf_append(document->out, digits, (size_t)(exponent - digits));
    put(document, ".0");
    put(document, exponent);
}

static void write_single(struct document *document, const json_t *value, size_t indent)
{
    if (json_is_string(value))
        write_string(document, json_bytes(value), false, indent);
    else if (json_is_number(value))
        write_number(document, value);
    else if (json_is_boolean(value))
        put(document, json_is_true(value) ? "true" : "false");
    else if (json_is_null(value))
        put(document, "null");
    else
        put(document, json_is_array(value) ? "[]" : "{}");
}

static bool is_block(const json_t *value)
{
    return json_array_size(value) > 0 || json_object_size(value) > 0;
}

static void write_block(struct document *document, const json_t *value, size_t indent);

static void write_sequence(struct document *document, const json_t *array, size_t indent)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (i > 0)
            new_line(document, indent);
        put(document, "- ");
        if (is_block(item))
            write_block(document, item, indent + INDENT);
        else
            write_single(document, item, indent + INDENT);
    }
}

/* True if the value has to stand on a line of its own, since its key does. */
static bool write_key(struct document *document, const char *key, size_t indent)
{
    struct yaml_scalar scalar = yaml_scalar_choose(bytes_of_cstr(key), true, &document->words);
    bool simple = !scalar.empty && !scalar.many_lines && az_value_width(scalar.text) < KEY_SIZE_MAX;
    if (simple) {
        yaml_scalar_write(&scalar, false, indent, &document->column, document->out);
        put(document, ":");
        return false;
    }
    put(document, "? ");
    write_string(document, scalar.text, false, indent + INDENT);
    new_line(document, indent);
    put(document, ":");
    return true;
}

static void write_mapping(struct document *document, const json_t *object, size_t indent)
{
    const char *key;
    json_t *value;
    bool first = true;
    json_object_foreach((json_t *)object, key, value)
    {
        if (!first)
            new_line(document, indent);
        first = false;
        bool own_line = write_key(document, key, indent);
        if (!is_block(value)) {
            put(document, " ");
            write_single(document, value, indent + INDENT);
        } else if (own_line) {
            put(document, " ");
            write_block(document, value, indent + INDENT);
        } else {
            size_t inner = json_is_array(value) ? indent : indent + INDENT;
            new_line(document, inner);
            write_block(document, value, inner);
        }
    }
}

static void write_block(struct document *document, const json_t *value, size_t indent)
{
    if (json_is_array(value))
        write_sequence(document, value, indent);
    else
        write_mapping(document, value, indent);
}

/* Behind a plain value that is all there is, YAML wants to see an end. */
static bool needs_end(const struct document *document, const json_t *value)
{
    if (is_block(value) || json_is_array(value) || json_is_object(value))
        return false;
    return !json_is_string(value) ||
           yaml_scalar_choose(json_bytes(value), false, &document->words).style == YAML_PLAIN;
}

enum status az_yaml_write(const json_t *value, struct buf *out, struct err *err)
{
    struct document document = {.out = out};
    enum status status = yaml_words_init(&document.words);
    if (status != STATUS_OK)
        return err_no_memory(err);
    if (is_block(value))
        write_block(&document, value, 0);
    else
        write_single(&document, value, INDENT);
    buf_append_cstr(out, needs_end(&document, value) ? "\n...\n" : "\n");
    regfree(&document.words);
    return buf_status(out);
}
