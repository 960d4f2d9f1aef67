/* SPDX-License-Identifier: MIT */
/* output.c — the query first, then one writer a form, from a copy with sorted keys. Tab-separated columns are sorted only
 * in objects of the answer itself: those that a query makes anew keep the order that the query gives them. */
#include "cmd/az/output.h"

#include <stdlib.h>

#include "cmd/az/table.h"
#include "cmd/az/value.h"
#include "cmd/az/yaml.h"

#define INDENT 2

#define COLOUR_KEY    "\x1b[94m"
#define COLOUR_STRING "\x1b[33m"
#define COLOUR_OTHER  "\x1b[34m"
#define COLOUR_OFF    "\x1b[39;49;00m"

/* --- JSON --- */

struct json_style {
    struct buf *out;
    bool colours;
};

static void colour(const struct json_style *style, const char *code)
{
    if (style->colours)
        buf_append_cstr(style->out, code);
}

static void write_json(const struct json_style *style, const json_t *value, int depth);

static void new_line(struct buf *out, int depth)
{
    buf_append_fmt(out, "\n%*s", depth * INDENT, "");
}

static void write_object(const struct json_style *style, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    bool first = true;
    buf_append_byte(style->out, '{');
    json_object_foreach((json_t *)object, key, value)
    {
        if (!first)
            buf_append_byte(style->out, ',');
        first = false;
        new_line(style->out, depth + 1);
        colour(style, COLOUR_KEY);
        json_append_string(style->out, bytes_of_cstr(key), true);
        colour(style, COLOUR_OFF);
        buf_append_cstr(style->out, ": ");
        write_json(style, value, depth + 1);
    }
    if (!first)
        new_line(style->out, depth);
    buf_append_byte(style->out, '}');
}

static void write_array(const struct json_style *style, const json_t *array, int depth)
{
    size_t count = json_array_size(array);
    buf_append_byte(style->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(style->out, ',');
        new_line(style->out, depth + 1);
        write_json(style, json_array_get(array, i), depth + 1);
    }
    if (count > 0)
        new_line(style->out, depth);
    buf_append_byte(style->out, ']');
}

static void write_json(const struct json_style *style, const json_t *value, int depth)
{
    if (json_is_object(value)) {
        write_object(style, value, depth);
        return;
    }
    if (json_is_array(value)) {
        write_array(style, value, depth);
        return;
    }
    colour(style, json_is_string(value) ? COLOUR_STRING : COLOUR_OTHER);
    if (json_is_string(value))
        json_append_string(style->out, json_bytes(value), true);
    else if (json_is_number(value))
        az_value_number(style->out, value);
    else if (json_is_null(value))
        buf_append_cstr(style->out, "null");
    else
        buf_append_cstr(style->out, json_is_true(value) ? "true" : "false");
    colour(style, COLOUR_OFF);
}

static enum status write_json_document(const json_t *value, bool colours, struct buf *out)
{
    const struct json_style style = {.out = out, .colours = colours};
    write_json(&style, value, 0);
    buf_append_byte(out, '\n');
    return buf_status(out);
}

/* --- tab-separated --- */

/* A value in a row: of an array how many it has, of an object nothing. */
static void write_tsv_cell(const json_t *value, struct buf *out)
{
    if (json_is_string(value))
        buf_append_bytes(out, json_bytes(value));
    else if (json_is_number(value))
        az_value_number(out, value);
    else if (json_is_boolean(value))
        buf_append_cstr(out, json_is_true(value) ? "True" : "False");
    else if (json_is_null(value))
        buf_append_cstr(out, "None");
    else if (json_is_array(value))
        buf_append_fmt(out, "%zu", json_array_size(value));
}

static void write_tsv_row(const json_t *row, struct buf *out)
{
    const char *key;
    json_t *value;
    size_t cells = 0;
    if (json_is_array(row)) {
        for (; cells < json_array_size(row); cells++) {
            if (cells > 0)
                buf_append_byte(out, '\t');
            write_tsv_cell(json_array_get(row, cells), out);
        }
    } else if (json_is_object(row)) {
        json_object_foreach((json_t *)row, key, value)
        {
            if (cells++ > 0)
                buf_append_byte(out, '\t');
            write_tsv_cell(value, out);
        }
    } else if (json_is_boolean(row)) {
        buf_append_cstr(out, json_is_true(row) ? "true" : "false");
    } else {
        write_tsv_cell(row, out);
    }
    buf_append_byte(out, '\n');
}

/* The objects of an answer, to tell them from those that a query made. */
struct objects {
    const json_t **at;
    size_t count;
};

static size_t count_objects(const json_t *value, const json_t **ret_objects)
{
    const char *key;
    json_t *member;
    size_t count = 0;
    if (json_is_object(value)) {
        if (ret_objects)
            ret_objects[0] = value;
        count = 1;
        json_object_foreach((json_t *)value, key, member)
        {
            count += count_objects(member, ret_objects ? ret_objects + count : NULL);
        }
    }
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        count += count_objects(json_array_get(value, i), ret_objects ? ret_objects + count : NULL);
    return count;
}

/* Any order will do, as long as it is one. */
static int compare_addresses(const void *one, const void *other)
{
    return memcmp(one, other, sizeof(const json_t *));
}

static enum status write_tsv_line(const json_t *row, const struct objects *objects, struct buf *out)
{
    bool own = json_is_object(row) &&
               bsearch(&row, objects->at, objects->count, sizeof *objects->at, compare_addresses) != NULL;
    CLEANUP(json_release) json_t *sorted = own ? az_value_sorted(row) : json_incref((json_t *)row);
    if (!sorted)
        return STATUS_NO_MEMORY;
    write_tsv_row(sorted, out);
    return buf_status(out);
}

static enum status write_tsv(const json_t *value, const json_t *answer, struct buf *out)
{
    struct objects objects = {.count = count_objects(answer, NULL)};
    objects.at = calloc(objects.count + 1, sizeof *objects.at);
    if (!objects.at)
        return STATUS_NO_MEMORY;
    (void)count_objects(answer, objects.at);
    qsort(objects.at, objects.count, sizeof *objects.at, compare_addresses);

    bool many = json_is_array(value);
    size_t count = many ? json_array_size(value) : 1;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = write_tsv_line(many ? json_array_get(value, i) : value, &objects, out);
    free(objects.at);
    return status;
}

/* --- all of them --- */

/* What the query finds, or all; the caller owns it. */
static enum status find(json_t *answer, const struct jmespath *query, json_t **ret_found, struct err *err)
{
    if (query)
        return jmespath_search(query, answer, ret_found, err);
    *ret_found = json_incref(answer);
    return STATUS_OK;
}

/* Replaces `*value` by its sorted copy. */
static enum status sort(json_t **value)
{
    json_t *sorted = az_value_sorted(*value);
    if (!sorted)
        return STATUS_NO_MEMORY;
    json_decref(*value);
    *value = sorted;
    return STATUS_OK;
}

static enum status write_table(json_t *answer, const struct az_view *view, struct buf *out, struct err *err)
{
    struct jmespath *columns = NULL;
    enum status status = STATUS_OK;
    if (!view->query && view->table)
        status = jmespath_compile(bytes_of_cstr(view->table), &columns, err);
    CLEANUP(json_release) json_t *found = NULL;
    if (status == STATUS_OK)
        status = find(answer, view->query ? view->query : columns, &found, err);
    if (status == STATUS_OK && !view->query && !columns)
        status = sort(&found);
    if (status == STATUS_OK && !json_is_null(found))
        status = az_table_write(found, out);
    jmespath_destroy(columns);
    return status;
}

enum status az_output(json_t *answer, const struct az_view *view, struct buf *out, struct err *err)
{
    if (view->format == AZ_TABLE)
        return write_table(answer, view, out, err);

    CLEANUP(json_release) json_t *found = NULL;
    enum status status = find(answer, view->query, &found, err);
    if (status != STATUS_OK || json_is_null(found) || view->format == AZ_NONE)
        return status;

    if (view->format == AZ_TSV)
        return write_tsv(found, answer, out);
    status = sort(&found);
    if (status != STATUS_OK)
        return status;
    if (view->format == AZ_YAML || view->format == AZ_YAMLC)
        return az_yaml_write(found, out, err);
    return write_json_document(found, view->format == AZ_JSONC && view->colours, out);
}
