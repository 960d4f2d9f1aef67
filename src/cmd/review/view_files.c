/* SPDX-License-Identifier: MIT */
/* view_files.c — a row a file, and a sentence a file; hashes are shortened, whole ones are in the JSON. */
#include "cmd/review/view_files.h"

#include <stdio.h>

#include "base/text.h"
#include "wire/json/json.h"

#define HASH_SHOWN 12 /* digits of a hash */

void view_files_head(struct print_table *table)
{
    static const char *const head[] = {"KIND", "SIZE", "SHA256", "PATH"};
    print_table_row(table, head, ARRAY_SIZE(head));
}

/* A size that nobody knows is "?". */
static const char *size_text(const json_t *file, char ret_text[32])
{
    const json_t *size = json_object_get(file, "size");
    (void)snprintf(ret_text, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(size));
    return json_is_integer(size) ? ret_text : "?";
}

static const char *hash_text(const json_t *file, char ret_text[HASH_SHOWN + 1])
{
    (void)snprintf(ret_text, HASH_SHOWN + 1, "%s", text_or(json_member_text(file, "sha256"), "?"));
    return ret_text;
}

void view_files_rows(struct print_table *table, const char *kind, const json_t *files)
{
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        const char *cause = json_member_text(file, "cause");
        const char *what = text_or(kind, text_or(json_member_text(file, "change"), "?"));
        char reason[64];
        if (cause) {
            (void)snprintf(reason, sizeof reason, "%.20s: %.30s", text_or(kind, ""), cause);
            what = reason;
        }

        char size[32], hash[HASH_SHOWN + 1];
        const char *cells[] = {what, size_text(file, size), hash_text(file, hash),
                               json_member_text(file, "path")};
        print_table_row(table, cells, ARRAY_SIZE(cells));
    }
}

static void append_file(struct buf *out, const char *word, const json_t *file)
{
    CLEANUP(buf_fini) struct buf line = {0};
    char size[32], hash[HASH_SHOWN + 1];
    buf_append_fmt(&line, "input %s: %s (%s bytes, %s)", word, text_or(json_member_text(file, "path"), "?"),
                   size_text(file, size), hash_text(file, hash));
    buf_append_byte(&line, '\0');
    if (buf_status(&line) == STATUS_OK)
        print_text(out, (const char *)line.data);
    buf_append_byte(out, '\n');
}

void view_inputs_difference(const json_t *difference, struct buf *out)
{
    const json_t *added = json_object_get(difference, "added"),
                 *removed = json_object_get(difference, "removed");
    const json_t *changed = json_object_get(difference, "changed");
    for (size_t i = 0; i < json_array_size(removed); i++)
        append_file(out, "removed", json_array_get(removed, i));
    for (size_t i = 0; i < json_array_size(added); i++)
        append_file(out, "added", json_array_get(added, i));
    for (size_t i = 0; i < json_array_size(changed); i++) {
        append_file(out, "before", json_object_get(json_array_get(changed, i), "from"));
        append_file(out, "now", json_object_get(json_array_get(changed, i), "to"));
    }
}

void view_files(const json_t *request, struct buf *out)
{
    static const struct {
        const char *member, *kind;
    } lists[] = {{"files", NULL}, {"filesNotKept", "not kept"}};
    const json_t *revisions = json_object_get(request, "revisions");
    const json_t *present = json_array_get(revisions, json_array_size(revisions) - 1);
    CLEANUP(buf_fini) struct buf rows = {0};
    struct print_table table = {0};
    view_files_head(&table);
    view_files_rows(&table, "input", json_object_get(present, "files"));
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        view_files_rows(&table, lists[i].kind, json_object_get(request, lists[i].member));
    print_table_write(&table, &rows);
    print_table_fini(&table);
    bool some = json_array_size(json_object_get(present, "files")) > 0;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        some = some || json_array_size(json_object_get(request, lists[i].member)) > 0;
    if (some)
        print_pair_line(out, "files", &rows);
}
