/* SPDX-License-Identifier: MIT */
/* expression.c — recursive descent, a function a rule. */
#include "core/template/expression.h"

#include "base/text.h"

struct expression_reader {
    struct arena *arena;
    struct bytes text;
    size_t at;
    int depth;
    struct err *err;
};

static enum status read_expression(struct expression_reader *reader, const struct expression **ret_tree);

static enum status fail(struct expression_reader *reader, const char *what)
{
    return err_set(reader->err, STATUS_MALFORMED, "at character %zu of the expression: %s", reader->at + 1,
                   what);
}

static enum status no_memory(struct expression_reader *reader)
{
    return err_no_memory(reader->err);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void skip_blanks(struct expression_reader *reader)
{
    while (reader->at < reader->text.size && is_blank(reader->text.data[reader->at]))
        reader->at++;
}

/* 0 at the end. */
static uint8_t peek(struct expression_reader *reader)
{
    skip_blanks(reader);
    return reader->at < reader->text.size ? reader->text.data[reader->at] : 0;
}

static bool take(struct expression_reader *reader, uint8_t wanted)
{
    if (peek(reader) != wanted)
        return false;
    reader->at++;
    return true;
}

static struct expression *make(struct expression_reader *reader, enum expression_kind kind)
{
    struct expression *tree = arena_alloc(reader->arena, sizeof *tree);
    if (tree)
        *tree = (struct expression){.kind = kind};
    return tree;
}

static bool is_name_byte(uint8_t byte, bool first)
{
    return ascii_alpha(byte) || byte == '_' || (!first && (ascii_digit(byte) || byte == '$'));
}

static struct bytes take_name(struct expression_reader *reader)
{
    size_t start = reader->at;
    while (reader->at < reader->text.size && is_name_byte(reader->text.data[reader->at], reader->at == start))
        reader->at++;
    return bytes_slice(reader->text, start, reader->at - start);
}

/* Behind the first quote. The text is copied, since quotes in it are doubled. */
static enum status read_text(struct expression_reader *reader, const struct expression **ret_tree)
{
    struct expression *tree = make(reader, EXPRESSION_TEXT);
    uint8_t *copy = arena_alloc(reader->arena, reader->text.size - reader->at + 1);
    size_t size = 0;
    if (!tree || !copy)
        return no_memory(reader);
    for (;;) {
        if (reader->at >= reader->text.size)
            return fail(reader, "a text has no quote at its end");
        uint8_t c = reader->text.data[reader->at++];
        bool doubled = c == '\'' && reader->at < reader->text.size && reader->text.data[reader->at] == '\'';
        if (c == '\'' && !doubled)
            break;
        reader->at += doubled;
        copy[size++] = c;
    }
    tree->text = bytes_of(copy, size);
    *ret_tree = tree;
    return STATUS_OK;
}

static enum status read_number(struct expression_reader *reader, const struct expression **ret_tree)
{
    struct expression *tree = make(reader, EXPRESSION_NUMBER);
    size_t start = reader->at;
    if (!tree)
        return no_memory(reader);
    reader->at += reader->text.data[reader->at] == '-';
    while (reader->at < reader->text.size && ascii_digit(reader->text.data[reader->at]))
        reader->at++;
    struct bytes digits = bytes_slice(reader->text, start, reader->at - start);
    if (bytes_parse_i64(digits, &tree->number) != STATUS_OK)
        return fail(reader, "not a whole number");
    *ret_tree = tree;
    return STATUS_OK;
}

/* Behind the parenthesis. */
static enum status read_arguments(struct expression_reader *reader, struct expression *call)
{
    const struct expression *found[EXPRESSION_ARGUMENTS_MAX];
    size_t count = 0;
    if (take(reader, ')'))
        return STATUS_OK;
    do {
        if (count == EXPRESSION_ARGUMENTS_MAX)
            return err_set(reader->err, STATUS_TOO_LARGE, "a function has over %d arguments",
                           EXPRESSION_ARGUMENTS_MAX);
        enum status status = read_expression(reader, &found[count]);
        if (status != STATUS_OK)
            return status;
        count++;
    } while (take(reader, ','));
    if (!take(reader, ')'))
        return fail(reader, "a ',' or a ')' is missing");
    call->arguments = arena_alloc_array(reader->arena, count, sizeof *call->arguments);
    if (!call->arguments)
        return no_memory(reader);
    memcpy((void *)call->arguments, (const void *)found, count * sizeof *call->arguments);
    call->argument_count = count;
    return STATUS_OK;
}

static enum status read_primary(struct expression_reader *reader, const struct expression **ret_tree)
{
    uint8_t c = peek(reader);
    if (c == '\'') {
        reader->at++;
        return read_text(reader, ret_tree);
    }
    if (ascii_digit(c) || c == '-')
        return read_number(reader, ret_tree);
    if (!is_name_byte(c, true))
        return fail(reader, "a function, a text in single quotes or a number is missing");
    struct expression *call = make(reader, EXPRESSION_CALL);
    if (!call)
        return no_memory(reader);
    call->text = take_name(reader);
    if (!take(reader, '('))
        return fail(reader, "a '(' is missing behind the name of a function");
    *ret_tree = call;
    return read_arguments(reader, call);
}

/* ".name" or "[expression]" behind `inner`. */
static enum status read_member(struct expression_reader *reader, const struct expression *inner, bool dotted,
                               const struct expression **ret_tree)
{
    struct expression *member = make(reader, EXPRESSION_MEMBER);
    struct expression *name = make(reader, EXPRESSION_TEXT);
    const struct expression **both = arena_alloc_array(reader->arena, 2, sizeof *both);
    if (!member || !name || !both)
        return no_memory(reader);
    both[0] = inner;
    both[1] = name;
    member->arguments = both;
    member->argument_count = 2;
    *ret_tree = member;
    if (dotted) {
        name->text = take_name(reader);
        return name->text.size ? STATUS_OK : fail(reader, "a name is missing behind the '.'");
    }
    enum status status = read_expression(reader, &both[1]);
    if (status != STATUS_OK)
        return status;
    return take(reader, ']') ? STATUS_OK : fail(reader, "a ']' is missing");
}

static enum status read_expression(struct expression_reader *reader, const struct expression **ret_tree)
{
    if (++reader->depth > EXPRESSION_DEPTH_MAX)
        return err_set(reader->err, STATUS_TOO_LARGE, "an expression is nested more than %d deep",
                       EXPRESSION_DEPTH_MAX);
    size_t members = 0;
    enum status status = read_primary(reader, ret_tree);
    while (status == STATUS_OK) {
        bool dotted = take(reader, '.');
        if (!dotted && !take(reader, '['))
            break;
        if (++members > EXPRESSION_DEPTH_MAX)
            return err_set(reader->err, STATUS_TOO_LARGE, "over %d members behind each other",
                           EXPRESSION_DEPTH_MAX);
        status = read_member(reader, *ret_tree, dotted, ret_tree);
    }
    reader->depth--;
    return status;
}

bool expression_is(struct bytes text)
{
    return text.size >= 2 && text.data[0] == '[' && text.data[1] != '[' && text.data[text.size - 1] == ']';
}

enum status expression_parse(struct arena *arena, struct bytes text, const struct expression **ret_tree,
                             struct err *err)
{
    struct expression_reader reader = {.arena = arena, .text = text, .err = err};
    if (text.size > EXPRESSION_SIZE_MAX)
        return err_set(err, STATUS_TOO_LARGE, "an expression is longer than %zu bytes", EXPRESSION_SIZE_MAX);
    const struct expression *tree = NULL;
    enum status status = read_expression(&reader, &tree);
    if (status != STATUS_OK)
        return status;
    if (peek(&reader))
        return fail(&reader, "something stands behind its end");
    *ret_tree = tree;
    return STATUS_OK;
}
