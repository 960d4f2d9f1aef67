/* SPDX-License-Identifier: MIT */
/* server_policy.c — policy apply, test, show, rules and history: the policy of a server. Applying looks first which version is in force and says
 * that this one is to be replaced, so that nobody's change is undone unseen. */
#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/cli/print.h"
#include "cmd/policy/policy_file.h"
#include "cmd/review/call.h"
#include "wire/json/json.h"
#include "wire/yaml/yaml_tree.h"

#define POLICY_PATH      "/v1/policy"
#define HTTP_UNPROCESSED 422

#define REHEARSAL_WAITED_MS 600000 /* patterns over a thousand large requests take their time */

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

/* --- apply --- */

/* The file that was typed. False: it is said that it cannot be read. */
static bool read_typed(const struct review_call *call, struct buf *ret_text)
{
    const char *path = call->values->positionals[0];
    if (server_read_file(path, YAML_TREE_SIZE_MAX, ret_text))
        return true;
    fprintf(stderr,
            "sallyport policy: %s cannot be read, or is longer than %zu bytes (limit yaml-tree-size-max)\n",
            path, YAML_TREE_SIZE_MAX);
    return false;
}

/* A fault is told as `policy check` tells it. */
static int explain_fault(const struct review_call *call, const struct server_answer *answer)
{
    CLEANUP(json_release) json_t *problem = NULL;
    if (answer->http_status != HTTP_UNPROCESSED ||
        json_parse(buf_peek(&answer->body), NULL, &problem, NULL) != STATUS_OK)
        return server_explain(call->command, call->values, answer);
    fprintf(stderr, "%s:%" PRId64 ":%" PRId64 ": %s\n", call->values->positionals[0],
            number_of(problem, "line"), number_of(problem, "column"),
            text_or(json_member_text(problem, "detail"), ""));
    return EXIT_FAILED;
}

static int tell_applied(const struct review_call *call, const json_t *version, int64_t former)
{
    if (setting_flag(call->values, "json"))
        return print_json(version);
    int64_t now = number_of(version, "version");
    if (now == former)
        printf("version %" PRId64 " is in force, and is the same\n", now);
    else
        printf("version %" PRId64 " is in force: %" PRId64 " rules\n", now, number_of(version, "rules"));
    return EXIT_GOOD;
}

/* Sends the text; EXIT_GOOD: the caller releases `*ret_answer`. */
static int send(const struct review_call *call, const struct server_request *request, json_t **ret_answer)
{
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    server_ask(call->values, request, &answer);
    if (answer.http_status != 200)
        return explain_fault(call, &answer);
    if (json_parse(buf_peek(&answer.body), NULL, ret_answer, NULL) == STATUS_OK)
        return EXIT_GOOD;
    *ret_answer = NULL;
    return server_failed(call->command, EXIT_FAILED, "the server's answer is no JSON", NULL);
}

/* Puts the text in the place of version `former`. */
static int put(const struct review_call *call, struct bytes text, int64_t former)
{
    CLEANUP(json_release) json_t *version = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    const char *comment = setting_text(call->values, "message");
    char match[48];
    (void)snprintf(match, sizeof match, "If-Match: \"%" PRId64 "\"", former);
    buf_append_cstr(&path, POLICY_PATH);
    if (comment) {
        buf_append_cstr(&path, "?comment=");
        percent_encode(&path, bytes_of_cstr(comment), NULL);
    }
    buf_append_byte(&path, '\0');
    if (buf_status(&path) != STATUS_OK)
        return review_no_memory(call);

    const struct server_request request = {.method = "PUT",
                                           .path = (const char *)path.data,
                                           .content_type = "application/yaml",
                                           .body = text,
                                           .header = match,
                                           .patience_ms = SERVER_PATIENCE_MS};
    int code = send(call, &request, &version);
    return code == EXIT_GOOD ? tell_applied(call, version, former) : code;
}

int policy_apply(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *present = NULL;
    if (!read_typed(&call, &text))
        return EXIT_FAILED;
    if (option_get(values, "replaces")->given)
        return put(&call, buf_peek(&text), setting_number(values, "replaces"));
    int code = review_get(&call, POLICY_PATH, SERVER_PATIENCE_MS, &present);
    return code == EXIT_GOOD ? put(&call, buf_peek(&text), number_of(present, "version")) : code;
}

/* --- test --- */

/* "1 of role:reviewer", and by which rule. */
static const char *due_of(const json_t *outcome)
{
    const char *due = json_member_text(outcome, "due");
    return due && *due ? due : json_member_text(outcome, "settled");
}

static void add_rehearsed(struct print_table *table, const json_t *row)
{
    const json_t *was = json_object_get(row, "was"), *would = json_object_get(row, "would");
    const char *title = json_member_text(row, "purpose");
    const char *const cells[] = {json_member_text(row, "id"), due_of(was), due_of(would),
                                 text_or(json_member_text(would, "settledBy"), "defaults"), title};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

static int tell_rehearsal(const struct review_call *call, const json_t *answer)
{
    static const char *const headings[] = {"REQUEST", "WAS", "WOULD BE", "BY", "PURPOSE"};
    CLEANUP(buf_fini) struct buf out = {0};
    const json_t *rows = json_object_get(answer, "rows");
    bool all = setting_flag(call->values, "all");
    struct print_table table = {0};
    if (setting_flag(call->values, "json"))
        return print_json(answer);
    buf_append_fmt(&out, "%" PRId64 " of %" PRId64 " requests would change\n", number_of(answer, "changed"),
                   number_of(answer, "of"));
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (all || json_is_true(json_object_get(row, "changed")))
            add_rehearsed(&table, row);
    }
    if (all || number_of(answer, "changed") > 0) {
        buf_append_byte(&out, '\n');
        print_table_write(&table, &out);
    }
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

int policy_test(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *answer = NULL;
    char path[64];
    if (!read_typed(&call, &text))
        return EXIT_FAILED;
    (void)snprintf(path, sizeof path, POLICY_PATH "/rehearse?last=%" PRId64, setting_number(values, "last"));
    const struct server_request request = {.method = "POST",
                                           .path = path,
                                           .content_type = "application/yaml",
                                           .body = buf_peek(&text),
                                           .patience_ms = REHEARSAL_WAITED_MS};
    int code = send(&call, &request, &answer);
    return code == EXIT_GOOD ? tell_rehearsal(&call, answer) : code;
}

/* --- show --- */

int policy_show(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *version = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    char path[64] = POLICY_PATH;
    if (option_get(values, "number")->given)
        (void)snprintf(path, sizeof path, POLICY_PATH "/versions/%" PRId64, setting_number(values, "number"));
    int code = review_get(&call, path, SERVER_PATIENCE_MS, &version);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(version);
    /* As it was applied: what is printed can be changed and applied again. */
    print_bytes(&out, json_member_bytes(version, "text"));
    fprintf(stderr, "version %" PRId64 "%s%s\n", number_of(version, "version"),
            json_member_text(version, "appliedAt") ? ", applied " : "",
            text_or(json_member_text(version, "appliedAt"), ""));
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- rules --- */

static void add_rule(struct print_table *table, const json_t *rule)
{
    static const char *const counts[] = {"matched", "allowed", "asked", "denied"};
    char numbers[ARRAY_SIZE(counts)][24];
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        (void)snprintf(numbers[i], sizeof numbers[i], "%" PRId64, number_of(rule, counts[i]));
    const char *const cells[] = {
        json_member_text(rule, "do"),  numbers[0], numbers[1], numbers[2], numbers[3],
        json_member_text(rule, "name")};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

int policy_rules(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"DO", "MATCHED", "ALLOWED", "ASKED", "DENIED", "RULE"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *answer = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    int code = review_get(&call, POLICY_PATH "/rules", SERVER_PATIENCE_MS, &answer);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(answer);

    const json_t *rules = json_object_get(answer, "rules");
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(rules); i++)
        add_rule(&table, json_array_get(rules, i));
    print_table_write(&table, &out);
    print_table_fini(&table);
    fprintf(stderr, "version %" PRId64 ", requests since %s\n", number_of(answer, "version"),
            text_or(json_member_text(answer, "since"), ""));
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- history --- */

static void add_version(struct print_table *table, const json_t *version)
{
    char number[24], rules[24];
    (void)snprintf(number, sizeof number, "%" PRId64, number_of(version, "version"));
    (void)snprintf(rules, sizeof rules, "%" PRId64, number_of(version, "rules"));
    const char *const cells[] = {number,
                                 json_member_text(version, "appliedAt"),
                                 json_member_text(json_object_get(version, "by"), "name"),
                                 json_member_text(version, "via"),
                                 rules,
                                 json_member_text(version, "comment")};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

static int fetch_versions(const struct review_call *call, int64_t limit, json_t *ret_versions)
{
    int64_t after = 0;
    do {
        CLEANUP(json_release) json_t *page = NULL;
        char path[120];
        int64_t missing = limit - (int64_t)json_array_size(ret_versions);
        (void)snprintf(path, sizeof path, POLICY_PATH "/versions?limit=%" PRId64 "&after=%" PRId64,
                       MIN(missing, 500), after);
        int code = review_get(call, path, SERVER_PATIENCE_MS, &page);
        if (code != EXIT_GOOD)
            return code;
        json_array_extend(ret_versions, json_object_get(page, "versions"));
        after = number_of(page, "next");
    } while (after > 0 && (int64_t)json_array_size(ret_versions) < limit);
    return EXIT_GOOD;
}

int policy_history(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"VERSION", "APPLIED", "BY", "VIA", "RULES", "COMMENT"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *versions = json_array();
    CLEANUP(buf_fini) struct buf out = {0};
    int code = fetch_versions(&call, setting_number(values, "limit"), versions);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return print_json(versions);
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(versions); i++)
        add_version(&table, json_array_get(versions, i));
    print_table_write(&table, &out);
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}
