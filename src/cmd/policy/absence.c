/* SPDX-License-Identifier: MIT */
/* absence.c — absence add, list and end: who is away from a server's requests, and who stands in. */
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/cli/print.h"
#include "cmd/policy/policy_file.h"
#include "cmd/review/call.h"
#include "wire/json/json.h"

#define ABSENCES_PATH "/v1/absences"
#define DATE_SIZE     10 /* 2026-12-24 */

static int print_json(const json_t *value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    print_json_value(&out, value);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* "mina: otto until 2026-12-25T00:00:00Z" */
static void print_absence(const json_t *absence)
{
    printf("%s  %s: %s stands in until %s\n", text_or(json_member_text(absence, "id"), ""),
           text_or(json_member_text(json_object_get(absence, "person"), "name"), ""),
           text_or(json_member_text(absence, "delegate"), ""),
           text_or(json_member_text(absence, "until"), ""));
}

/* --- add --- */

/* A date alone is the beginning of that day, UTC, and of `until` its end. NULL: it was not typed. */
static json_t *time_typed(const struct option_values *values, const char *name, const char *of_day)
{
    const char *text = setting_text(values, name);
    if (!text)
        return NULL;
    bool is_date = strlen(text) == DATE_SIZE;
    return json_sprintf("%s%s", text, is_date ? of_day : "");
}

int absence_add(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *absence = NULL;
    json_t *body =
        json_pack("{s:s, s:s*, s:o*, s:o*, s:s*}", "delegate", values->positionals[0], "person",
                  setting_text(values, "person"), "from", time_typed(values, "from", "T00:00:00Z"), "until",
                  time_typed(values, "until", "T23:59:59Z"), "comment", setting_text(values, "message"));
    int code = review_post(&call, ABSENCES_PATH, body, &absence);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(absence);
    print_absence(absence);
    return EXIT_GOOD;
}

/* --- list --- */

int absence_list(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"ID", "AWAY", "STANDS IN", "FROM", "UNTIL", "COMMENT"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *answer = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    int code = review_get(&call, ABSENCES_PATH, SERVER_PATIENCE_MS, &answer);
    if (code != EXIT_GOOD)
        return code;
    const json_t *absences = json_object_get(answer, "absences");
    if (setting_flag(values, "json"))
        return print_json(absences);
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(absences); i++) {
        const json_t *absence = json_array_get(absences, i);
        const char *const cells[] = {json_member_text(absence, "id"),
                                     json_member_text(json_object_get(absence, "person"), "name"),
                                     json_member_text(absence, "delegate"),
                                     json_member_text(absence, "from"),
                                     json_member_text(absence, "until"),
                                     json_member_text(absence, "comment")};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    print_table_write(&table, &out);
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- end --- */

int absence_end(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *absence = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    buf_append_cstr(&path, ABSENCES_PATH "/");
    percent_encode(&path, bytes_of_cstr(values->positionals[0]), NULL);
    buf_append_byte(&path, '\0');
    if (buf_status(&path) != STATUS_OK)
        return review_no_memory(&call);
    int code = review_delete(&call, (const char *)path.data, &absence);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(absence);
    printf("%s is back\n", text_or(json_member_text(json_object_get(absence, "person"), "name"), ""));
    return EXIT_GOOD;
}
