/* SPDX-License-Identifier: MIT */
/* jmespath_lex.c — bytes to tokens.
 * A byte that is a token by itself is a row of `single`; those that may go on ("|" and "||", "[", "[]" and "[?") are rows
 * of `starts`, longest first; the rest are names, numbers, and the three kinds of quotes. */
#include "wire/json/jmespath_internal.h"

#include "base/text.h"

static const struct start {
    const char *text;
    enum jmespath_token token;
} starts[] = {
    {"[]", TOKEN_FLATTEN},       {"[?", TOKEN_FILTER}, {"[", TOKEN_LBRACKET},    {"||", TOKEN_OR},
    {"|", TOKEN_PIPE},           {"&&", TOKEN_AND},    {"&", TOKEN_EXPREF},      {"==", TOKEN_EQUAL},
    {"!=", TOKEN_NOT_EQUAL},     {"!", TOKEN_NOT},     {"<=", TOKEN_LESS_EQUAL}, {"<", TOKEN_LESS},
    {">=", TOKEN_GREATER_EQUAL}, {">", TOKEN_GREATER}, {".", TOKEN_DOT},         {"*", TOKEN_STAR},
    {"]", TOKEN_RBRACKET},       {",", TOKEN_COMMA},   {":", TOKEN_COLON},       {"@", TOKEN_CURRENT},
    {"(", TOKEN_LPAREN},         {")", TOKEN_RPAREN},  {"{", TOKEN_LBRACE},      {"}", TOKEN_RBRACE},
};

static enum status lexer_fault(struct jmespath_lexer *lexer, const char *what)
{
    return err_set(lexer->err, STATUS_INVALID_ARGUMENT, "%s at byte %zu of the query", what, lexer->token_at);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool name_begins(uint8_t byte)
{
    return ascii_alpha(byte) || byte == '_';
}

static bool name_goes_on(uint8_t byte)
{
    return name_begins(byte) || ascii_digit(byte);
}

static enum status lex_name(struct jmespath_lexer *lexer)
{
    size_t from = lexer->at;
    while (lexer->at < lexer->text.size && name_goes_on(lexer->text.data[lexer->at]))
        lexer->at++;

    lexer->token = TOKEN_NAME;
    lexer->name = bytes_slice(lexer->text, from, lexer->at - from);
    return STATUS_OK;
}

static enum status lex_number(struct jmespath_lexer *lexer)
{
    size_t from = lexer->at++;
    while (lexer->at < lexer->text.size && ascii_digit(lexer->text.data[lexer->at]))
        lexer->at++;

    lexer->token = TOKEN_NUMBER;
    if (bytes_parse_i64(bytes_slice(lexer->text, from, lexer->at - from), &lexer->number) != STATUS_OK)
        return lexer_fault(lexer, "not a number");
    return STATUS_OK;
}

/* The bytes between two quotes; behind a backslash a quote does not end them. */
static enum status between_quotes(struct jmespath_lexer *lexer, uint8_t quote, struct bytes *ret_inside)
{
    size_t from = ++lexer->at;
    while (lexer->at < lexer->text.size && lexer->text.data[lexer->at] != quote) {
        bool escaped = lexer->text.data[lexer->at] == '\\' && lexer->at + 1 < lexer->text.size;
        lexer->at += escaped ? 2 : 1;
    }
    if (lexer->at >= lexer->text.size)
        return lexer_fault(lexer, "a quote that does not end");

    *ret_inside = bytes_slice(lexer->text, from, lexer->at - from);
    lexer->at++;
    return STATUS_OK;
}

/* `inside` without the backslashes in front of `quote`; other backslashes mean themselves. */
static struct bytes without_escapes(struct jmespath_lexer *lexer, struct bytes inside, uint8_t quote)
{
    uint8_t *out = arena_alloc(lexer->arena, inside.size);
    if (!out)
        return (struct bytes){0};

    size_t size = 0;
    for (size_t i = 0; i < inside.size; i++) {
        bool escape = inside.data[i] == '\\' && i + 1 < inside.size && inside.data[i + 1] == quote;
        if (!escape)
            out[size++] = inside.data[i];
    }
    return bytes_of(out, size);
}

/* Takes over `value`; NULL is out of memory. */
static enum status lexer_take_literal(struct jmespath_lexer *lexer, json_t *value)
{
    if (!value || json_array_append_new(lexer->literals, value) < 0)
        return err_no_memory(lexer->err);

    lexer->token = TOKEN_LITERAL;
    lexer->literal = value;
    return STATUS_OK;
}

static json_t *string_of(struct bytes text)
{
    return json_stringn(text.size ? (const char *)text.data : "", text.size);
}

static enum status lex_raw_string(struct jmespath_lexer *lexer)
{
    struct bytes inside = {0};
    enum status status = between_quotes(lexer, '\'', &inside);
    if (status)
        return status;

    struct bytes text = without_escapes(lexer, inside, '\'');
    return lexer_take_literal(lexer, text.data ? string_of(text) : NULL);
}

/* JSON; what is no JSON is a string, as in the language's first version, whose literals had no quotes inside. */
static enum status lex_literal(struct jmespath_lexer *lexer)
{
    struct bytes inside = {0};
    enum status status = between_quotes(lexer, '`', &inside);
    if (status)
        return status;

    struct bytes text = without_escapes(lexer, inside, '`');
    if (!text.data)
        return err_no_memory(lexer->err);

    json_t *value = NULL;
    if (json_parse(text, NULL, &value, NULL) == STATUS_OK)
        return lexer_take_literal(lexer, value);

    while (text.size && is_blank(text.data[0]))
        text = bytes_slice(text, 1, text.size);
    if (memchr(text.size ? text.data : (const uint8_t *)"", '"', text.size))
        return lexer_fault(lexer, "a literal that is not JSON");
    return lexer_take_literal(lexer, string_of(text));
}

/* "name" is a JSON string with its quotes. */
static enum status lex_quoted_name(struct jmespath_lexer *lexer)
{
    struct bytes inside = {0};
    enum status status = between_quotes(lexer, '"', &inside);
    if (status)
        return status;

    json_t *name = NULL;
    struct bytes quoted = bytes_slice(lexer->text, lexer->token_at, lexer->at - lexer->token_at);
    if (json_parse(quoted, NULL, &name, NULL) != STATUS_OK)
        return lexer_fault(lexer, "a name that is not a JSON string");

    lexer->token = TOKEN_QUOTED_NAME;
    lexer->name = arena_copy(lexer->arena, json_bytes(name));
    json_decref(name);
    if (!lexer->name.data)
        return err_no_memory(lexer->err);
    return STATUS_OK;
}

static enum status lex_punctuation(struct jmespath_lexer *lexer)
{
    struct bytes rest = bytes_slice(lexer->text, lexer->at, lexer->text.size);
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        struct bytes text = bytes_of_cstr(starts[i].text);
        if (!bytes_starts_with(rest, text))
            continue;

        lexer->token = starts[i].token;
        lexer->at += text.size;
        return STATUS_OK;
    }
    return lexer_fault(lexer, "an unknown character");
}

enum status jmespath_next(struct jmespath_lexer *lexer)
{
    while (lexer->at < lexer->text.size && is_blank(lexer->text.data[lexer->at]))
        lexer->at++;

    lexer->token_at = lexer->at;
    lexer->token = TOKEN_END;
    if (lexer->at == lexer->text.size)
        return STATUS_OK;

    uint8_t byte = lexer->text.data[lexer->at];
    if (name_begins(byte))
        return lex_name(lexer);
    if (ascii_digit(byte) || byte == '-')
        return lex_number(lexer);

    switch (byte) {
    case '\'':
        return lex_raw_string(lexer);
    case '`':
        return lex_literal(lexer);
    case '"':
        return lex_quoted_name(lexer);
    default:
        return lex_punctuation(lexer);
    }
}
