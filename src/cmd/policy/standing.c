/* SPDX-License-Identifier: MIT */
/* standing.c — policy standing and revoke: approvals that stand on a server. One has the id of the request that it was made with. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cmd/cli/print.h"
#include "cmd/policy/policy_file.h"
#include "cmd/review/call.h"
#include "wire/json/json.h"

#define STANDING_PATH "/v1/policy/standing"
#define ON_A_PAGE     500

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static int print_json(const json_t *value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    print_json_value(&out, value);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- standing --- */

/* "sam", "env=test". */
static void write_whom(const json_t *standing, struct buf *out)
{
    const json_t *label = json_object_get(standing, "label");
    if (label)
        buf_append_fmt(out, "%s=%s", text_or(json_member_text(label, "key"), ""),
                       text_or(json_member_text(label, "value"), ""));
    else
        buf_append_cstr(out, text_or(json_member_text(json_object_get(standing, "submitter"), "name"), ""));
    buf_append_byte(out, '\0');
}

static void write_makers(const json_t *standing, struct buf *out)
{
    const json_t *by = json_object_get(standing, "by");
    for (size_t i = 0; i < json_array_size(by); i++)
        buf_append_fmt(out, "%s%s", i ? ", " : "",
                       text_or(json_member_text(json_array_get(by, i), "name"), ""));
    buf_append_byte(out, '\0');
}

static void add_standing(struct print_table *table, const json_t *standing)
{
    CLEANUP(buf_fini) struct buf whom = {0};
    CLEANUP(buf_fini) struct buf makers = {0};
    char uses[48];
    write_whom(standing, &whom);
    write_makers(standing, &makers);
    (void)snprintf(uses, sizeof uses, "%" PRId64 " of %" PRId64, number_of(standing, "usesLeft"),
                   number_of(standing, "uses"));
    bool whole = buf_status(&whom) == STATUS_OK && buf_status(&makers) == STATUS_OK;
    const char *const cells[] = {json_member_text(standing, "id"),
                                 json_member_text(standing, "state"),
                                 json_member_text(standing, "of"),
                                 whole ? (const char *)whom.data : "",
                                 uses,
                                 json_member_text(standing, "expiresAt"),
                                 whole ? (const char *)makers.data : ""};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

static int fetch(const struct review_call *call, int64_t limit, json_t *ret_standing)
{
    int64_t after = 0;
    do {
        CLEANUP(json_release) json_t *page = NULL;
        char path[120];
        int64_t missing = limit - (int64_t)json_array_size(ret_standing);
        (void)snprintf(path, sizeof path, STANDING_PATH "?limit=%" PRId64 "&after=%" PRId64,
                       MIN(missing, ON_A_PAGE), after);
        int code = review_get(call, path, SERVER_PATIENCE_MS, &page);
        if (code != EXIT_GOOD)
            return code;
        json_array_extend(ret_standing, json_object_get(page, "standing"));
        after = number_of(page, "next");
    } while (after > 0 && (int64_t)json_array_size(ret_standing) < limit);
    return EXIT_GOOD;
}

int policy_standing(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"ID", "STATE", "OF", "FOR", "USES LEFT", "EXPIRES", "BY"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *standing = json_array();
    CLEANUP(buf_fini) struct buf out = {0};
    int code = fetch(&call, setting_number(values, "limit"), standing);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(standing);
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(standing); i++)
        add_standing(&table, json_array_get(standing, i));
    print_table_write(&table, &out);
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- revoke --- */

int policy_revoke(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *standing = NULL;
    char id[REVIEW_ID_SIZE], path[sizeof STANDING_PATH + REVIEW_ID_SIZE + 1];
    int code = review_find(&call, id);
    if (code != EXIT_GOOD)
        return code;
    (void)snprintf(path, sizeof path, STANDING_PATH "/%s", id);
    code = review_delete(&call, path, &standing);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(standing);
    printf("%s stands no more\n", id);
    return EXIT_GOOD;
}
