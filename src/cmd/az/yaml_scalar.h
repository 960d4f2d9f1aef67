/* SPDX-License-Identifier: MIT */
/* yaml_scalar.h — one string as YAML 1.1: plain, in single or in double quotes, folded at 80 columns. Pure. */
#ifndef CMD_AZ_YAML_SCALAR_H
#define CMD_AZ_YAML_SCALAR_H

#include <regex.h>

#include "base/buf.h"

#define YAML_COLUMNS 80 /* a longer line is folded at its next blank */

enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE };

struct yaml_scalar {
    struct bytes text; /* UTF-8 */
    enum yaml_style style;
    bool empty;
    bool many_lines;
};

/* The texts that a reader takes for a number, a time, a truth value or nothing. Compiled once for a document. NO_MEMORY. */
STATUS_RESULT yaml_words_init(regex_t *words);

/* How `text` must be written. `is_key`: it stands before a colon, on one line. */
struct yaml_scalar yaml_scalar_choose(struct bytes text, bool is_key, const regex_t *words);
/* Appends it; `*column` is where the line stands, and then where it ends; lines that are folded go on at `indent`. */
void yaml_scalar_write(const struct yaml_scalar *scalar, bool may_fold, size_t indent, size_t *column,
                       struct buf *out);

#endif
