/* SPDX-License-Identifier: MIT */
/* table.c — columns first, from all rows; then every cell as text, each as often as it is looked at: tables are small. */
#include "cmd/az/table.h"

#include "base/text.h"
#include "cmd/az/value.h"

#define HEADING_PAD 2   /* a column is wider than its heading by this */
#define COLUMNS_MAX 256 /* further ones are not shown */
#define COLUMN_GAP  "  "

static const char *const hidden[] = {"id", "type", "etag"};

struct column {
    char heading[512];
    const char *key; /* NULL: of rows that are arrays or single values */
    size_t index;    /* there, of an array */
    size_t width;    /* characters */
};

struct table {
    struct column columns[COLUMNS_MAX];
    size_t count;
};

/* --- cells --- */

/* Blanks at both ends are not kept; line ends are, and no other control character. */
static void append_text(struct buf *out, struct bytes text)
{
    text = bytes_trim(text);
    for (size_t at = 0; at < text.size; at++) {
        uint8_t byte = text.data[at];
        bool wide_control = byte == 0xc2 && at + 1 < text.size && text.data[at + 1] < 0xa0;
        if (wide_control)
            at++;
        else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f))
            buf_append_byte(out, byte);
    }
}

static void append_cell(struct buf *out, const json_t *value)
{
    char *nested;
    switch (json_typeof(value)) {
    case JSON_STRING:
        append_text(out, json_bytes(value));
        return;
    case JSON_INTEGER:
    case JSON_REAL:
        az_value_number(out, value);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_append_cstr(out, json_is_true(value) ? "True" : "False");
        return;
    case JSON_NULL:
        return;
    default:
        nested = json_dumps(value, JSON_COMPACT);
        append_text(out, bytes_of_cstr(nested));
        free(nested);
    }
}

static const json_t *value_at(const json_t *row, const struct column *column)
{
    if (json_is_object(row))
        return column->key ? json_object_get(row, column->key) : NULL;
    if (column->key)
        return NULL;
    return json_is_array(row) ? json_array_get(row, column->index) : row;
}

static void cell_text(const json_t *row, const struct column *column, struct buf *text)
{
    const json_t *value = value_at(row, column);
    buf_clear(text);
    if (value)
        append_cell(text, value);
}

/* --- columns --- */

static bool is_shown(const char *key, const json_t *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
        if (strcmp(key, hidden[i]) == 0)
            return false;
    }
    return !json_is_null(value) && !json_is_array(value) && !json_is_object(value);
}

static void add_column(struct table *table, const char *heading, const char *key, size_t index)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct column *column = &table->columns[i];
        bool same_key = column->key && key ? strcmp(column->key, key) == 0 : column->key == key;
        if (same_key && column->index == index)
            return;
    }
    if (table->count == COLUMNS_MAX)
        return;
    struct column *column = &table->columns[table->count++];
    *column = (struct column){.key = key, .index = index};
    CLEANUP(buf_fini) struct buf clean = {.limit = sizeof column->heading};
    append_text(&clean, bytes_utf8_prefix(bytes_of_cstr(heading), sizeof column->heading - 1));
    if (clean.size)
        memcpy(column->heading, clean.data, clean.size);
    if (ascii_alpha((uint8_t)column->heading[0]))
        column->heading[0] &= (char)~0x20; /* a capital */
    column->width = az_value_width(bytes_of_cstr(column->heading)) + HEADING_PAD;
}

static void add_columns_of(struct table *table, const json_t *row)
{
    const char *key;
    json_t *value;
    if (json_is_array(row)) {
        for (size_t i = 0; i < json_array_size(row); i++) {
            char heading[32];
            (void)snprintf(heading, sizeof heading, "Column%zu", i + 1);
            add_column(table, heading, NULL, i);
        }
        return;
    }
    if (!json_is_object(row)) {
        add_column(table, "Result", NULL, 0);
        return;
    }
    json_object_foreach((json_t *)row, key, value)
    {
        if (is_shown(key, value))
            add_column(table, key, key, 0);
    }
}

static void widen(struct table *table, const json_t *row, struct buf *text)
{
    for (size_t i = 0; i < table->count; i++) {
        struct column *column = &table->columns[i];
        cell_text(row, column, text);
        struct bytes rest = buf_peek(text);
        while (rest.data) {
            size_t width = az_value_width(bytes_split(&rest, '\n'));
            column->width = MAX(column->width, width);
        }
    }
}

/* --- lines --- */

static void end_line(struct buf *out, size_t start)
{
    while (out->size > start && out->data[out->size - 1] == ' ')
        out->size--;
    buf_append_byte(out, '\n');
}

static void append_padded(struct buf *out, struct bytes text, size_t width, uint8_t with)
{
    buf_append_bytes(out, text);
    for (size_t used = az_value_width(text); used < width; used++)
        buf_append_byte(out, with);
}

/* The n-th line of a text; empty behind the last. */
static struct bytes line_of(struct bytes text, size_t count)
{
    struct bytes line = bytes_split(&text, '\n');
    for (size_t i = 0; i < count; i++)
        line = bytes_split(&text, '\n');
    return line;
}

static size_t lines_in(struct bytes text)
{
    size_t lines = 1;
    for (size_t at = 0; at < text.size; at++)
        lines += text.data[at] == '\n';
    return lines;
}

static void write_row(const struct table *table, const json_t *row, struct buf *text, struct buf *out)
{
    size_t height = 1;
    for (size_t line = 0; line < height; line++) {
        size_t start = out->size;
        for (size_t i = 0; i < table->count; i++) {
            cell_text(row, &table->columns[i], text);
            height = MAX(height, lines_in(buf_peek(text)));
            if (i > 0)
                buf_append_cstr(out, COLUMN_GAP);
            append_padded(out, line_of(buf_peek(text), line), table->columns[i].width, ' ');
        }
        end_line(out, start);
    }
}

static void write_heading(const struct table *table, struct buf *out)
{
    size_t start = out->size;
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0)
            buf_append_cstr(out, COLUMN_GAP);
        append_padded(out, bytes_of_cstr(table->columns[i].heading), table->columns[i].width, ' ');
    }
    end_line(out, start);
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0)
            buf_append_cstr(out, COLUMN_GAP);
        append_padded(out, (struct bytes){0}, table->columns[i].width, '-');
    }
    buf_append_byte(out, '\n');
}

enum status az_table_write(const json_t *value, struct buf *out)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return STATUS_NO_MEMORY;
    bool many = json_is_array(value);
    size_t count = many ? json_array_size(value) : 1;
    CLEANUP(buf_fini) struct buf text = {0};
    for (size_t i = 0; i < count; i++)
        add_columns_of(table, many ? json_array_get(value, i) : value);
    for (size_t i = 0; i < count; i++)
        widen(table, many ? json_array_get(value, i) : value, &text);

    if (table->count == 0)
        buf_append_byte(out, '\n');
    else
        write_heading(table, out);
    for (size_t i = 0; table->count > 0 && i < count; i++)
        write_row(table, many ? json_array_get(value, i) : value, &text, out);
    bool whole = !text.failed;
    free(table);
    return whole ? buf_status(out) : STATUS_NO_MEMORY;
}
