/* SPDX-License-Identifier: MIT */
/* jmespath_internal.h — what the sources of jmespath.h share: tokens, nodes, and the state of a search.
 * Only those sources include it. */
#ifndef WIRE_JSON_JMESPATH_INTERNAL_H
#define WIRE_JSON_JMESPATH_INTERNAL_H

#include "base/arena.h"
#include "wire/json/jmespath.h"

/* --- tokens --- */

enum jmespath_token {
    TOKEN_END,
    TOKEN_NAME,        /* foo */
    TOKEN_QUOTED_NAME, /* "foo bar" */
    TOKEN_LITERAL,     /* `[1]` and 'raw' */
    TOKEN_NUMBER,      /* an index */
    TOKEN_RBRACKET,
    TOKEN_RPAREN,
    TOKEN_COMMA,
    TOKEN_RBRACE,
    TOKEN_CURRENT, /* @ */
    TOKEN_EXPREF,  /* & */
    TOKEN_COLON,
    TOKEN_PIPE,
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_FLATTEN, /* [] */
    TOKEN_STAR,
    TOKEN_FILTER, /* [? */
    TOKEN_DOT,
    TOKEN_NOT,
    TOKEN_LBRACE,
    TOKEN_LBRACKET,
    TOKEN_LPAREN,
    TOKEN_COUNT,
};

struct jmespath_lexer {
    struct bytes text;
    size_t at; /* the next byte that no token has */
    struct arena *arena;
    json_t *literals; /* an array: keeps each literal alive as long as the expression */
    struct err *err;

    /* The token in hand. */
    enum jmespath_token token;
    size_t token_at;
    struct bytes name; /* TOKEN_NAME, TOKEN_QUOTED_NAME; in the text or in the arena */
    json_t *literal;   /* TOKEN_LITERAL; borrowed from `literals` */
    int64_t number;    /* TOKEN_NUMBER */
};

/* Moves on to the next token; at the end it stays at TOKEN_END. INVALID_ARGUMENT: no token begins with this byte, or
 * one that began does not end; NO_MEMORY. */
STATUS_RESULT jmespath_next(struct jmespath_lexer *lexer);

/* --- nodes --- */

enum jmespath_node_type {
    NODE_IDENTITY,
    NODE_FIELD,            /* name */
    NODE_LITERAL,          /* literal */
    NODE_INDEX,            /* index */
    NODE_SLICE,            /* slice */
    NODE_CHAIN,            /* right of what left finds: a.b, a[0], a | b */
    NODE_FLATTEN,          /* left */
    NODE_LIST_PROJECTION,  /* right of each item of left */
    NODE_VALUE_PROJECTION, /* right of each member's value of left */
    NODE_FILTER,           /* right of each item of left that condition holds for */
    NODE_OR,
    NODE_AND,
    NODE_NOT,     /* left */
    NODE_COMPARE, /* left, comparison, right */
    NODE_MULTI_LIST,
    NODE_MULTI_HASH,
    NODE_CALL,   /* name(children) */
    NODE_EXPREF, /* left, handed over as it is */
};

/* The children of a multi-select and the arguments of a call are a list through `next`. */
struct jmespath_node {
    enum jmespath_node_type type;
    int height; /* nodes below it, on the longest way */
    struct jmespath_node *left;
    struct jmespath_node *right;
    struct jmespath_node *condition;
    struct jmespath_node *children;
    struct jmespath_node *next;
    enum jmespath_token comparison;
    struct bytes name; /* a field, a function, the key of a child of a NODE_MULTI_HASH */
    json_t *literal;
    int64_t index;
    struct jmespath_slice {
        int64_t start, stop, step;
        bool has_start, has_stop;
    } slice;
};

struct jmespath {
    struct arena arena; /* all nodes and names */
    json_t *literals;
    struct jmespath_node *root;
};

/* --- a search --- */

struct jmespath_run {
    size_t steps_left;
    enum status status; /* the first fault; later ones are not told */
    struct err *err;
};

/* Notes a fault and returns NULL, so that `return jmespath_fail(…)` reads as one step. */
json_t *jmespath_fail(struct jmespath_run *run, enum status status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same of an allocation that failed. */
json_t *jmespath_no_memory(struct jmespath_run *run);

/* What `node` finds in `value`: a new reference, or NULL after a fault. `value` is borrowed. */
json_t *jmespath_evaluate(struct jmespath_run *run, const struct jmespath_node *node, json_t *value);

/* The value of a NODE_CALL, as above. */
json_t *jmespath_call(struct jmespath_run *run, const struct jmespath_node *call, json_t *value);

/* Two values of the same type and content; 1 equals 1.0. */
bool jmespath_equal(const json_t *left, const json_t *right);

/* Below, at or above 0 as `left` is before, with or behind `right`. Both are numbers, or both are strings (by code
 * point, which is the order of their bytes). */
int jmespath_order(const json_t *left, const json_t *right);

#endif
