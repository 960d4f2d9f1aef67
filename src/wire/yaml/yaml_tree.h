/* SPDX-License-Identifier: MIT */
/* yaml_tree.h — a file in YAML as a tree of texts, each with its line and column.
 *
 * libyaml reads; this layer bounds it and takes only what a file of settings needs: maps with plain names, lists, and texts. Refused
 * are aliases and anchors (a few lines of them unfold to gigabytes), tags, names that are no texts, a name given twice, and
 * a second document. No text becomes a number or a truth value here, so `no` and `1e3` are what stands there; who reads the
 * tree knows what belongs where. Pure; any thread. */
#ifndef WIRE_YAML_YAML_TREE_H
#define WIRE_YAML_YAML_TREE_H

#include "base/arena.h"

#define YAML_TREE_SIZE_MAX  ((size_t)256 << 10) /* bytes of a file */
#define YAML_TREE_NODES_MAX 20000
#define YAML_TREE_DEPTH_MAX 8 /* maps and lists inside of each other */

enum yaml_tree_kind {
    YAML_TREE_TEXT,
    YAML_TREE_LIST,
    YAML_TREE_MAP,
};

/* Lines and columns begin at 1; columns count characters. */
struct yaml_tree_node {
    enum yaml_tree_kind kind;
    int line;
    int column;
    struct bytes text;            /* of a text: without its quotes, UTF-8, may hold line feeds */
    bool quoted;                  /* of a text: it stood in quotes or in a block */
    struct yaml_tree_node *first; /* of a list or a map: its items in order */
    struct yaml_tree_node *next;  /* the next one of the same list or map */
    struct bytes name;            /* in a map: what it is called, and where the name stands */
    int name_line;
    int name_column;
};

/* Why a file is refused, and where. */
struct yaml_tree_fault {
    int line; /* 0: the whole of it */
    int column;
    char text[400]; /* what is wrong, and what was expected */
};

/* The tree lives in `arena`. An empty file is an empty map. MALFORMED: `ret_fault` says what and where; TOO_LARGE: more than
 * the limits above, also with `ret_fault`; NO_MEMORY. */
STATUS_RESULT yaml_tree_read(struct bytes text, struct arena *arena, struct yaml_tree_node **ret_root,
                             struct yaml_tree_fault *ret_fault);

/* Fills in a fault and returns MALFORMED, so that `return yaml_tree_refuse(…)` reads as one step. */
enum status yaml_tree_refuse(struct yaml_tree_fault *ret_fault, int line, int column, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
