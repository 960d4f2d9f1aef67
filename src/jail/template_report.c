/* SPDX-License-Identifier: MIT */
/* template_report.c — the list as JSON, for `sallyport doctor --json` and for the tests that hold a session
 * against it. */
#include "jail/template.h"
#include "wire/json/json.h"

static void write_paths(struct json_writer *writer, const struct template_plan *plan,
                        const struct template_row *row)
{
    json_write_begin_array(writer);
    for (size_t i = 0; i < plan->entry_count; i++) {
        if (plan->entries[i].row == row)
            json_write_string(writer, bytes_of_cstr(plan->entries[i].path));
    }
    json_write_end_array(writer);
}

static void write_gaps(struct json_writer *writer, const struct template_plan *plan,
                       const struct template_row *row)
{
    json_write_begin_array(writer);
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (plan->gaps[i].row == row)
            json_write_string(writer, bytes_of_cstr(plan->gaps[i].name));
    }
    json_write_end_array(writer);
}

static void write_row(struct json_writer *writer, const struct template_plan *plan,
                      const struct template_row *row)
{
    json_write_begin_object(writer);
    json_write_member_cstr(writer, "title", row ? row->title : "libraries and session paths");
    json_write_member_cstr(writer, "kind", row ? template_kind_name(row->kind) : "added");
    json_write_member_cstr(writer, "reason",
                           row ? row->reason : "what the rows above ask for, and --session-path");
    json_write_key(writer, "there");
    write_paths(writer, plan, row);
    json_write_key(writer, "missing");
    write_gaps(writer, plan, row);
    json_write_end_object(writer);
}

enum status template_plan_json(const struct template_plan *plan, struct buf *out)
{
    struct json_writer writer = {.out = out};
    json_write_begin_object(&writer);
    json_write_member_cstr(&writer, "identity", plan->identity);
    json_write_member_int(&writer, "copiedBytes", (int64_t)plan->copy_bytes);
    json_write_key(&writer, "rows");
    json_write_begin_array(&writer);
    const struct template_row *row;
    for (size_t i = 0; (row = template_row(i)) != NULL; i++)
        write_row(&writer, plan, row);
    write_row(&writer, plan, NULL);
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return json_write_status(&writer);
}
