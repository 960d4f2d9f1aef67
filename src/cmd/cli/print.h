/* SPDX-License-Identifier: MIT */
/* print.h — what commands print: tables and pairs for people, JSON for programs. What came from a scheduler is made
 * harmless for a terminal: no control character of it is printed. */
#ifndef CMD_CLI_PRINT_H
#define CMD_CLI_PRINT_H

#include "base/buf.h"
#include "wire/json/json.h"

#define PRINT_COLUMNS_MAX 8
#define PRINT_CELL_WIDTH  48 /* characters of a cell that the others of its column make room for */
#define PRINT_TIME_SIZE   40 /* bytes of a time as text with its NUL */

/* Rows of cells under headings; each column is as wide as its widest cell. One that is wider than PRINT_CELL_WIDTH moves what
 * stands behind it, and no other row: a single long id would make all of them too wide. Zero-initialise. */
struct print_table {
    struct buf cells; /* NUL-terminated texts, row by row, the headings first */
    size_t column_count;
    size_t widths[PRINT_COLUMNS_MAX]; /* characters */
};

/* Adds a row; NULL is an empty cell. The first row, the headings, says how many columns there are. */
void print_table_row(struct print_table *table, const char *const *cells, size_t count);
/* Writes the table to `out`: columns with two spaces between them, nothing at a line's end. */
void print_table_write(const struct print_table *table, struct buf *out);
void print_table_fini(struct print_table *table);

/* "name    value", the name padded; a value of several lines stays under itself. NULL writes nothing. */
void print_pair(struct buf *out, const char *name, const char *value);
/* The same for a value in several parts; `line` is closed by it. Nothing if memory has run out on the way. */
void print_pair_line(struct buf *out, const char *name, struct buf *line);
/* A text of several lines; of its control and hidden characters only line feeds and tabs are kept. */
void print_text(struct buf *out, const char *text);
/* The same of what may have a NUL in it, behind which nothing may be lost: a reviewer must see what would be released. */
void print_bytes(struct buf *out, struct bytes text);
/* "2026-11-28 11:52:53Z"; "" for 0. */
const char *print_time(int64_t unix_ns, char ret_text[PRINT_TIME_SIZE]);
/* A member with a time as RFC 3339; nothing for 0. */
void print_json_time(struct json_writer *json, const char *name, int64_t unix_ns);
/* A member with a text; nothing for NULL. */
void print_json_text(struct json_writer *json, const char *name, const char *value);
/* A value on one line, and a line feed; for a terminal what is not ASCII is escaped, so that nothing of it steers. */
void print_json_value(struct buf *out, const json_t *value);
/* Writes the text to standard output; false if that did not take it all. */
bool print_out(const struct buf *out);

#endif
