/* SPDX-License-Identifier: MIT */
/* limit_rows.h — the one table of limits: what is bounded, by how much, and why.
 *
 * A limit that people can set is a row of settings.c and no row here; the command `limits` and doc/limits.md list
 * both. A limit's name is its macro's in lower case with hyphens, without a unit at its end, and messages about it say "(limit NAME)":
 * test/tree/limits_test.py compares. Never changes while a server runs. */
#ifndef CMD_LIMIT_ROWS_H
#define CMD_LIMIT_ROWS_H

#include <stdint.h>

enum limit_unit {
    LIMIT_BYTES,
    LIMIT_COUNT,
    LIMIT_PER_SECOND,
    LIMIT_NS,
    LIMIT_MS,
    LIMIT_DAYS,
};

struct limit_row {
    const char *part; /* "pool": who obeys it */
    const char *macro;
    int64_t value; /* in the unit */
    enum limit_unit unit;
    const char *what;   /* is bounded; a sentence without its full stop */
    const char *source; /* that it comes from: "DT 2.6", "RFC 9113 6.5.2"; "": ours */
};

#define LIMIT_NAME_SIZE 64 /* bytes, with the NUL */

extern const struct limit_row limits_table[]; /* up to a row without a part */

const char *limit_unit_name(enum limit_unit unit);
void limit_name(const struct limit_row *row, char ret_name[LIMIT_NAME_SIZE]);

#endif
