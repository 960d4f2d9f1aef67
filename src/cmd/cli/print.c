/* SPDX-License-Identifier: MIT */
/* print.c — text is cleaned where it enters a buffer, so that nothing can be forgotten later. */
#include "cmd/cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/text.h"

#define PAIR_WIDTH 15 /* characters of a name and what follows it */

/* `lines`: line feeds, with `indent` spaces behind them, and tabs are kept. */
static void append_clean(struct buf *out, struct bytes text, bool lines, size_t indent)
{
    for (size_t at = 0; at < text.size;) {
        size_t control = hidden_size(text, at);
        if (control && lines && text.data[at] == '\n')
            buf_append_fmt(out, "\n%*s", (int)indent, "");
        else if (control && lines && text.data[at] == '\t')
            buf_append_byte(out, '\t');
        else if (control)
            buf_append_byte(out, '?');
        else
            buf_append_byte(out, text.data[at]);
        at += control ? control : 1;
    }
}

/* Characters of UTF-8: bytes that do not go on with one. */
static size_t width_of(struct bytes text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.size; at++)
        width += (text.data[at] & 0xc0) != 0x80;
    return width;
}

void print_table_row(struct print_table *table, const char *const *cells, size_t count)
{
    if (table->column_count == 0)
        table->column_count = count;
    ASSERT(count == table->column_count && count <= PRINT_COLUMNS_MAX);
    for (size_t column = 0; column < count; column++) {
        size_t before = table->cells.size;
        append_clean(&table->cells, bytes_of_cstr(text_or(cells[column], "")), false, 0);
        struct bytes cell = bytes_slice(buf_peek(&table->cells), before, SIZE_MAX);
        if (width_of(cell) <= PRINT_CELL_WIDTH)
            table->widths[column] = MAX(table->widths[column], width_of(cell));
        buf_append_byte(&table->cells, '\0');
    }
}

void print_table_write(const struct print_table *table, struct buf *out)
{
    struct bytes rest = buf_peek(&table->cells);
    for (size_t column = 0; rest.size; column = (column + 1) % table->column_count) {
        struct bytes cell = bytes_split(&rest, '\0');
        bool last = column + 1 == table->column_count;
        buf_append_bytes(out, cell);
        if (last)
            buf_append_byte(out, '\n');
        else
            buf_append_fmt(out, "%*s", (int)(MAX(table->widths[column], width_of(cell)) - width_of(cell) + 2),
                           "");
    }
    if (table->cells.failed)
        out->failed = true;
}

void print_table_fini(struct print_table *table)
{
    buf_fini(&table->cells);
}

void print_pair(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_append_fmt(out, "%-*s", PAIR_WIDTH, name);
    append_clean(out, bytes_of_cstr(value), true, PAIR_WIDTH);
    buf_append_byte(out, '\n');
}

void print_pair_line(struct buf *out, const char *name, struct buf *line)
{
    buf_append_byte(line, '\0');
    if (buf_status(line) == STATUS_OK)
        print_pair(out, name, (const char *)line->data);
}

void print_text(struct buf *out, const char *text)
{
    append_clean(out, bytes_of_cstr(text), true, 0);
}

void print_bytes(struct buf *out, struct bytes text)
{
    append_clean(out, text, true, 0);
}

const char *print_time(int64_t unix_ns, char ret_text[PRINT_TIME_SIZE])
{
    ret_text[0] = '\0';
    if (unix_ns == 0)
        return ret_text;
    char text[TIME_TEXT_SIZE_MAX];
    size_t size = time_format(unix_ns, 0, text);
    (void)snprintf(ret_text, PRINT_TIME_SIZE, "%.*s", (int)size, text);
    char *mark = strchr(ret_text, 'T');
    if (mark)
        *mark = ' ';
    return ret_text;
}

void print_json_time(struct json_writer *json, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    if (unix_ns == 0)
        return;
    size_t size = time_format(unix_ns, 9, text);
    json_write_member_string(json, name, bytes_of(text, size));
}

void print_json_text(struct json_writer *json, const char *name, const char *value)
{
    if (value)
        json_write_member_cstr(json, name, value);
}

void print_json_value(struct buf *out, const json_t *value)
{
    char *text =
        json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0));
    if (text)
        buf_append_cstr(out, text);
    else
        out->failed = true;
    buf_append_byte(out, '\n');
    free(text);
}

bool print_out(const struct buf *out)
{
    if (buf_status(out) != STATUS_OK) {
        fputs("sallyport: out of memory\n", stderr);
        return false;
    }
    bool whole = fwrite(out->data, 1, out->size, stdout) == out->size && fflush(stdout) == 0;
    if (!whole)
        perror("sallyport: standard output");
    return whole;
}
