/* SPDX-License-Identifier: MIT */
/* expression.h — one expression of the template language as a tree:
 *
 *   expression = ( 'text' | number | name "(" [ expression { "," expression } ] ")" ) { "." name | "[" expression "]" }
 *
 * A quote inside a text is doubled. Pure; bounded by EXPRESSION_SIZE_MAX and EXPRESSION_DEPTH_MAX. */
#ifndef CORE_TEMPLATE_EXPRESSION_H
#define CORE_TEMPLATE_EXPRESSION_H

#include "base/arena.h"

#define EXPRESSION_SIZE_MAX      ((size_t)24576) /* bytes */
#define EXPRESSION_DEPTH_MAX     32
#define EXPRESSION_ARGUMENTS_MAX 256

enum expression_kind {
    EXPRESSION_TEXT,
    EXPRESSION_NUMBER,
    EXPRESSION_CALL,
    EXPRESSION_MEMBER, /* arguments[0] is looked into, arguments[1] is the name or the index */
};

struct expression {
    enum expression_kind kind;
    struct bytes text; /* of a text; the name of a function */
    int64_t number;
    const struct expression **arguments;
    size_t argument_count;
};

/* True if a text of a template is one: "[…]", and not "[[…", which stands for a text that begins with a bracket. */
bool expression_is(struct bytes text);
/* Reads what stands between the brackets. The tree lives as long as arena and text. MALFORMED: `err` says where; TOO_LARGE: too
 * long, too deep, too many arguments; NO_MEMORY. */
STATUS_RESULT expression_parse(struct arena *arena, struct bytes text, const struct expression **ret_tree,
                               struct err *err);

#endif
