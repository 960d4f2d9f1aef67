/* SPDX-License-Identifier: MIT */
/* jmespath_parse.c — tokens to nodes, by Pratt's method.
 * Each token has a binding power. An expression begins with what its first token starts (`parse_prefix`) and grows to the
 * right (`parse_infix`) while the next token binds tighter than the caller asked for. A projection ends where a token
 * binds weaker than PROJECTION_ENDS: "a[*].b | c" applies c to the whole list. */
#include "base/no_memory.h"
#include "wire/json/jmespath_internal.h"

#include <stdlib.h>

enum power {
    POWER_NONE = 0,
    POWER_PIPE = 1,
    POWER_OR = 2,
    POWER_AND = 3,
    POWER_COMPARE = 5,
    POWER_FLATTEN = 9,
    PROJECTION_ENDS = 10,
    POWER_STAR = 20,
    POWER_FILTER = 21,
    POWER_DOT = 40,
    POWER_NOT = 45,
    POWER_LBRACE = 50,
    POWER_LBRACKET = 55,
    POWER_LPAREN = 60,
};

static const enum power powers[TOKEN_COUNT] = {
    [TOKEN_PIPE] = POWER_PIPE,
    [TOKEN_OR] = POWER_OR,
    [TOKEN_AND] = POWER_AND,
    [TOKEN_EQUAL] = POWER_COMPARE,
    [TOKEN_NOT_EQUAL] = POWER_COMPARE,
    [TOKEN_LESS] = POWER_COMPARE,
    [TOKEN_LESS_EQUAL] = POWER_COMPARE,
    [TOKEN_GREATER] = POWER_COMPARE,
    [TOKEN_GREATER_EQUAL] = POWER_COMPARE,
    [TOKEN_FLATTEN] = POWER_FLATTEN,
    [TOKEN_STAR] = POWER_STAR,
    [TOKEN_FILTER] = POWER_FILTER,
    [TOKEN_DOT] = POWER_DOT,
    [TOKEN_NOT] = POWER_NOT,
    [TOKEN_LBRACE] = POWER_LBRACE,
    [TOKEN_LBRACKET] = POWER_LBRACKET,
    [TOKEN_LPAREN] = POWER_LPAREN,
};

struct parser {
    struct jmespath_lexer lexer;
    struct arena *arena;
    int depth;
    enum status status; /* the first fault; then every step returns NULL */
};

static struct jmespath_node *parse_expression(struct parser *parser, enum power power);

/* --- steps --- */

static struct jmespath_node *parser_fail(struct parser *parser, enum status status, const char *text)
{
    if (parser->status == STATUS_OK)
        parser->status =
            err_set(parser->lexer.err, status, "%s at byte %zu of the query", text, parser->lexer.token_at);
    return NULL;
}

static struct jmespath_node *unexpected(struct parser *parser)
{
    bool ends = parser->lexer.token == TOKEN_END;
    return parser_fail(parser, STATUS_INVALID_ARGUMENT, ends ? "unexpected end" : "unexpected text");
}

static bool advance(struct parser *parser)
{
    if (parser->status == STATUS_OK)
        parser->status = jmespath_next(&parser->lexer);
    return parser->status == STATUS_OK;
}

static bool at(const struct parser *parser, enum jmespath_token token)
{
    return parser->status == STATUS_OK && parser->lexer.token == token;
}

/* Moves past `token`; anything else is a fault. */
static bool expect(struct parser *parser, enum jmespath_token token)
{
    if (at(parser, token))
        return advance(parser);
    (void)unexpected(parser);
    return false;
}

static struct jmespath_node *new_node(struct parser *parser, enum jmespath_node_type type)
{
    struct jmespath_node *node =
        parser->status == STATUS_OK ? arena_alloc(parser->arena, sizeof *node) : NULL;
    if (!node)
        return parser_fail(parser, STATUS_NO_MEMORY, ERR_NO_MEMORY);

    node->type = type;
    return node;
}

/* Puts `child` below `node`. The tree is as deep as the stack of a search, so it has a limit of its own: "a.b.c.d" is read
 * without recursion and searched with it. False for a NULL, which was told already. */
static bool put_below(struct parser *parser, struct jmespath_node *node, const struct jmespath_node *child)
{
    if (!node || !child)
        return false;

    node->height = MAX(node->height, child->height + 1);
    if (node->height <= JMESPATH_DEPTH_MAX)
        return true;
    (void)parser_fail(parser, STATUS_TOO_LARGE, "too many parts");
    return false;
}

static struct jmespath_node *new_single(struct parser *parser, enum jmespath_node_type type,
                                        struct jmespath_node *left)
{
    struct jmespath_node *node = new_node(parser, type);
    if (!put_below(parser, node, left))
        return NULL;

    node->left = left;
    return node;
}

static struct jmespath_node *new_pair(struct parser *parser, enum jmespath_node_type type,
                                      struct jmespath_node *left, struct jmespath_node *right)
{
    struct jmespath_node *node = new_single(parser, type, left);
    if (!put_below(parser, node, right))
        return NULL;

    node->right = right;
    return node;
}

static struct jmespath_node *identity(struct parser *parser)
{
    return new_node(parser, NODE_IDENTITY);
}

/* --- lists of expressions --- */

/* The children of `node`: expressions with commas between them, up to and including `closing`. */
static bool parse_children(struct parser *parser, enum jmespath_token closing, struct jmespath_node *node)
{
    struct jmespath_node **end = &node->children;
    for (;;) {
        struct jmespath_node *item = parse_expression(parser, POWER_NONE);
        if (!put_below(parser, node, item))
            return false;

        *end = item;
        end = &item->next;
        if (!at(parser, TOKEN_COMMA))
            return expect(parser, closing);
        if (!advance(parser))
            return false;
    }
}

/* [a, b], the bracket behind us. */
static struct jmespath_node *parse_multi_list(struct parser *parser)
{
    struct jmespath_node *list = new_node(parser, NODE_MULTI_LIST);
    return list && parse_children(parser, TOKEN_RBRACKET, list) ? list : NULL;
}

static struct jmespath_node *parse_hash_member(struct parser *parser)
{
    if (!at(parser, TOKEN_NAME) && !at(parser, TOKEN_QUOTED_NAME))
        return unexpected(parser);

    struct bytes key = parser->lexer.name;
    if (!advance(parser) || !expect(parser, TOKEN_COLON))
        return NULL;

    /* The member's node carries the key, so a key never overwrites the name of a field. */
    struct jmespath_node *value = parse_expression(parser, POWER_NONE);
    struct jmespath_node *member = new_pair(parser, NODE_CHAIN, value, identity(parser));
    if (member)
        member->name = key;
    return member;
}

/* {key: a, other: b}, the brace behind us. */
static struct jmespath_node *parse_multi_hash(struct parser *parser)
{
    struct jmespath_node *hash = new_node(parser, NODE_MULTI_HASH);
    if (!hash)
        return NULL;

    struct jmespath_node **end = &hash->children;
    for (;;) {
        struct jmespath_node *member = parse_hash_member(parser);
        if (!put_below(parser, hash, member))
            return NULL;

        *end = member;
        end = &member->next;
        if (!at(parser, TOKEN_COMMA))
            return expect(parser, TOKEN_RBRACE) ? hash : NULL;
        if (!advance(parser))
            return NULL;
    }
}

/* --- the right side of a projection, and what may follow a dot --- */

static struct jmespath_node *parse_behind_dot(struct parser *parser, enum power power)
{
    switch (parser->lexer.token) {
    case TOKEN_NAME:
    case TOKEN_QUOTED_NAME:
    case TOKEN_STAR:
        return parse_expression(parser, power);
    case TOKEN_LBRACKET:
        if (!advance(parser))
            return NULL;
        return parse_multi_list(parser);
    case TOKEN_LBRACE:
        if (!advance(parser))
            return NULL;
        return parse_multi_hash(parser);
    default:
        return unexpected(parser);
    }
}

static struct jmespath_node *parse_projected(struct parser *parser, enum power power)
{
    enum jmespath_token token = parser->lexer.token;
    if (powers[token] < PROJECTION_ENDS)
        return identity(parser);
    if (token == TOKEN_LBRACKET || token == TOKEN_FILTER)
        return parse_expression(parser, power);
    if (token == TOKEN_DOT)
        return advance(parser) ? parse_behind_dot(parser, power) : NULL;
    return unexpected(parser);
}

static struct jmespath_node *parse_list_projection(struct parser *parser, struct jmespath_node *left)
{
    return new_pair(parser, NODE_LIST_PROJECTION, left, parse_projected(parser, POWER_STAR));
}

/* [? condition ], the opening behind us. */
static struct jmespath_node *parse_filter(struct parser *parser, struct jmespath_node *left)
{
    struct jmespath_node *condition = parse_expression(parser, POWER_NONE);
    if (!condition || !expect(parser, TOKEN_RBRACKET))
        return NULL;

    /* Another [] makes the list flat; it is not asked of each item. */
    struct jmespath_node *right =
        at(parser, TOKEN_FLATTEN) ? identity(parser) : parse_projected(parser, POWER_FILTER);
    struct jmespath_node *filter = new_pair(parser, NODE_FILTER, left, right);
    if (!put_below(parser, filter, condition))
        return NULL;

    filter->condition = condition;
    return filter;
}

static struct jmespath_node *parse_flatten(struct parser *parser, struct jmespath_node *left)
{
    struct jmespath_node *flat = new_single(parser, NODE_FLATTEN, left);
    return new_pair(parser, NODE_LIST_PROJECTION, flat, parse_projected(parser, POWER_FLATTEN));
}

/* --- what stands in brackets --- */

/* start:stop:step, each of which may be missing; the parts behind a colon are read in order. */
static struct jmespath_node *parse_slice(struct parser *parser, bool has_start, int64_t start)
{
    struct jmespath_node *node = new_node(parser, NODE_SLICE);
    if (!node)
        return NULL;

    struct jmespath_slice *slice = &node->slice;
    *slice = (struct jmespath_slice){.has_start = has_start, .start = start, .step = 1};
    for (int colons = 0; colons < 2 && at(parser, TOKEN_COLON); colons++) {
        if (!advance(parser))
            return NULL;
        if (!at(parser, TOKEN_NUMBER))
            continue;

        if (colons == 0) {
            slice->has_stop = true;
            slice->stop = parser->lexer.number;
        } else {
            slice->step = parser->lexer.number;
        }
        if (!advance(parser))
            return NULL;
    }
    return expect(parser, TOKEN_RBRACKET) ? node : NULL;
}

/* An index or a slice of what `left` finds; a slice makes a projection. */
static struct jmespath_node *parse_index(struct parser *parser, struct jmespath_node *left)
{
    bool has_start = at(parser, TOKEN_NUMBER);
    int64_t start = has_start ? parser->lexer.number : 0;
    if (has_start && !advance(parser))
        return NULL;

    if (at(parser, TOKEN_COLON)) {
        struct jmespath_node *slice = parse_slice(parser, has_start, start);
        return parse_list_projection(parser, new_pair(parser, NODE_CHAIN, left, slice));
    }

    struct jmespath_node *index = new_node(parser, NODE_INDEX);
    if (!index || !expect(parser, TOKEN_RBRACKET))
        return NULL;
    index->index = start;
    return new_pair(parser, NODE_CHAIN, left, index);
}

/* [*] behind `left`; the bracket behind us, the star in hand. */
static struct jmespath_node *parse_star_in_brackets(struct parser *parser, struct jmespath_node *left)
{
    if (!advance(parser) || !expect(parser, TOKEN_RBRACKET))
        return NULL;
    return parse_list_projection(parser, left);
}

static bool at_index(const struct parser *parser)
{
    return at(parser, TOKEN_NUMBER) || at(parser, TOKEN_COLON);
}

/* A bracket that begins an expression: [0], [*], or [a, b]. "[*" without its bracket is the list [*, …]. */
static struct jmespath_node *parse_leading_bracket(struct parser *parser)
{
    if (at_index(parser))
        return parse_index(parser, identity(parser));
    if (!at(parser, TOKEN_STAR))
        return parse_multi_list(parser);

    struct jmespath_lexer before = parser->lexer;
    if (!advance(parser))
        return NULL;

    bool closes = at(parser, TOKEN_RBRACKET);
    parser->lexer = before;
    if (closes)
        return parse_star_in_brackets(parser, identity(parser));
    return parse_multi_list(parser);
}

static struct jmespath_node *parse_bracket_behind(struct parser *parser, struct jmespath_node *left)
{
    if (at_index(parser))
        return parse_index(parser, left);
    if (at(parser, TOKEN_STAR))
        return parse_star_in_brackets(parser, left);
    return unexpected(parser);
}

/* --- expressions --- */

/* The token that begins an expression is behind us. */
static struct jmespath_node *parse_prefix(struct parser *parser, const struct jmespath_lexer *first)
{
    struct jmespath_node *node;
    switch (first->token) {
    case TOKEN_NAME:
    case TOKEN_QUOTED_NAME:
        if (first->token == TOKEN_QUOTED_NAME && at(parser, TOKEN_LPAREN))
            return unexpected(parser);
        node = new_node(parser, NODE_FIELD);
        if (node)
            node->name = first->name;
        return node;
    case TOKEN_LITERAL:
        node = new_node(parser, NODE_LITERAL);
        if (node)
            node->literal = first->literal;
        return node;
    case TOKEN_CURRENT:
        return identity(parser);
    case TOKEN_STAR:
        /* "[*, a]": the star stands alone in a list. */
        return new_pair(parser, NODE_VALUE_PROJECTION, identity(parser), parse_projected(parser, POWER_STAR));
    case TOKEN_FILTER:
        return parse_filter(parser, identity(parser));
    case TOKEN_FLATTEN:
        return parse_flatten(parser, identity(parser));
    case TOKEN_LBRACE:
        return parse_multi_hash(parser);
    case TOKEN_LBRACKET:
        return parse_leading_bracket(parser);
    case TOKEN_LPAREN:
        node = parse_expression(parser, POWER_NONE);
        return node && expect(parser, TOKEN_RPAREN) ? node : NULL;
    case TOKEN_NOT:
        return new_single(parser, NODE_NOT, parse_expression(parser, POWER_NOT));
    case TOKEN_EXPREF:
        return new_single(parser, NODE_EXPREF, parse_expression(parser, POWER_NONE));
    default:
        parser->lexer = *first;
        return unexpected(parser);
    }
}

static struct jmespath_node *parse_call(struct parser *parser, struct jmespath_node *left)
{
    if (left->type != NODE_FIELD)
        return unexpected(parser);

    struct jmespath_node *call = new_node(parser, NODE_CALL);
    if (!call)
        return NULL;

    call->name = left->name;
    bool read = at(parser, TOKEN_RPAREN) ? advance(parser) : parse_children(parser, TOKEN_RPAREN, call);
    return read ? call : NULL;
}

static struct jmespath_node *parse_dot(struct parser *parser, struct jmespath_node *left)
{
    if (!at(parser, TOKEN_STAR))
        return new_pair(parser, NODE_CHAIN, left, parse_behind_dot(parser, POWER_DOT));
    if (!advance(parser))
        return NULL;
    return new_pair(parser, NODE_VALUE_PROJECTION, left, parse_projected(parser, POWER_STAR));
}

/* `token`, which is behind us, goes on from `left`. */
static struct jmespath_node *parse_infix(struct parser *parser, enum jmespath_token token,
                                         struct jmespath_node *left)
{
    struct jmespath_node *node;
    switch (token) {
    case TOKEN_DOT:
        return parse_dot(parser, left);
    case TOKEN_PIPE:
        return new_pair(parser, NODE_CHAIN, left, parse_expression(parser, POWER_PIPE));
    case TOKEN_OR:
        return new_pair(parser, NODE_OR, left, parse_expression(parser, POWER_OR));
    case TOKEN_AND:
        return new_pair(parser, NODE_AND, left, parse_expression(parser, POWER_AND));
    case TOKEN_LPAREN:
        return parse_call(parser, left);
    case TOKEN_FILTER:
        return parse_filter(parser, left);
    case TOKEN_FLATTEN:
        return parse_flatten(parser, left);
    case TOKEN_LBRACKET:
        return parse_bracket_behind(parser, left);
    default:
        if (powers[token] != POWER_COMPARE)
            return unexpected(parser);
        node = new_pair(parser, NODE_COMPARE, left, parse_expression(parser, POWER_COMPARE));
        if (node)
            node->comparison = token;
        return node;
    }
}

static struct jmespath_node *parse_expression(struct parser *parser, enum power power)
{
    if (++parser->depth > JMESPATH_DEPTH_MAX)
        return parser_fail(parser, STATUS_TOO_LARGE, "nested too deeply");

    struct jmespath_lexer first = parser->lexer;
    struct jmespath_node *left = advance(parser) ? parse_prefix(parser, &first) : NULL;
    while (left && parser->status == STATUS_OK && powers[parser->lexer.token] > power) {
        enum jmespath_token token = parser->lexer.token;
        left = advance(parser) ? parse_infix(parser, token, left) : NULL;
    }

    parser->depth--;
    return parser->status == STATUS_OK ? left : NULL;
}

/* --- the whole --- */

static enum status compile(struct jmespath *path, struct bytes text, struct err *err)
{
    struct bytes kept = arena_copy(&path->arena, text);
    path->literals = json_array();
    if (!kept.data || !path->literals)
        return err_no_memory(err);

    struct parser parser = {
        .lexer = {.text = kept, .arena = &path->arena, .literals = path->literals, .err = err},
        .arena = &path->arena,
    };
    if (!advance(&parser))
        return parser.status;

    path->root = parse_expression(&parser, POWER_NONE);
    if (path->root && !at(&parser, TOKEN_END))
        (void)unexpected(&parser);
    return parser.status;
}

enum status jmespath_compile(struct bytes text, struct jmespath **ret_path, struct err *err)
{
    if (text.size > JMESPATH_SIZE_MAX)
        return err_set(err, STATUS_TOO_LARGE, "the query is longer than %zu bytes (limit jmespath-size-max)",
                       JMESPATH_SIZE_MAX);
    if (!bytes_utf8_valid(text))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the query is not UTF-8");

    struct jmespath *path = calloc(1, sizeof *path);
    if (!path)
        return err_no_memory(err);

    arena_init(&path->arena, 0);
    enum status status = compile(path, text, err);
    if (status) {
        jmespath_destroy(path);
        return status;
    }
    *ret_path = path;
    return STATUS_OK;
}

void jmespath_destroy(struct jmespath *path)
{
    if (!path)
        return;
    json_decref(path->literals);
    arena_fini(&path->arena);
    free(path);
}
