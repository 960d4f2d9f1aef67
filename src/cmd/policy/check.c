/* SPDX-License-Identifier: MIT */
/* check.c — policy check and policy words: what a file says, and what files may say. */
#include <stdio.h>

#include "cmd/cli/print.h"
#include "cmd/cli/server.h"
#include "cmd/policy/policy_file.h"
#include "core/policy/describe.h"
#include "core/policy/policy_read.h"
#include "wire/json/json.h"

/* --- reading --- */

static void say_fault(const char *path, const struct yaml_tree_fault *fault, bool as_json)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (!as_json && fault->line)
        buf_append_fmt(&out, "%s:%d:%d: %s\n", path, fault->line, fault->column, fault->text);
    else if (!as_json)
        buf_append_fmt(&out, "%s: %s\n", path, fault->text);
    if (as_json) {
        json_write_begin_object(&json);
        json_write_member_bool(&json, "valid", false);
        json_write_member_int(&json, "line", fault->line);
        json_write_member_int(&json, "column", fault->column);
        json_write_member_cstr(&json, "text", fault->text);
        json_write_end_object(&json);
        buf_append_byte(&out, '\n');
    }
    (void)print_out(&out);
}

int policy_file_read(const char *path, bool as_json, struct policy **ret_policy)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct yaml_tree_fault fault = {0};
    if (!server_read_file(path, YAML_TREE_SIZE_MAX, &text)) {
        fprintf(
            stderr,
            "sallyport policy: %s cannot be read, or is longer than %zu bytes (limit yaml-tree-size-max)\n",
            path, YAML_TREE_SIZE_MAX);
        return EXIT_FAILED;
    }
    enum status status = policy_read(buf_peek(&text), ret_policy, &fault);
    if (status == STATUS_OK)
        return EXIT_GOOD;
    if (fault.text[0])
        say_fault(path, &fault, as_json);
    else
        fprintf(stderr, "sallyport policy: %s: %s\n", path, status_name(status));
    return EXIT_FAILED;
}

/* --- check --- */

static const char *cell_of(struct buf *text)
{
    buf_append_byte(text, '\0');
    return text->failed ? NULL : (const char *)text->data;
}

static void add_pair(struct print_table *table, const char *name, struct buf *value)
{
    const char *cells[] = {name, cell_of(value)};
    print_table_row(table, cells, ARRAY_SIZE(cells));
    buf_clear(value);
}

static void write_defaults(const struct policy *policy, struct buf *out)
{
    CLEANUP(buf_fini) struct buf value = {0};
    struct print_table table = {0};
    policy_write_track(&policy->defaults.track, &value);
    add_pair(&table, "defaults", &value);
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        if (!policy->defaults.given[term])
            continue;
        policy_write_term(term, policy->defaults.terms[term], &value);
        add_pair(&table, policy_terms[term].name, &value);
    }
    print_table_write(&table, out);
    print_table_fini(&table);
}

static void write_rule(const struct policy_rule *rule, struct print_table *table)
{
    CLEANUP(buf_fini) struct buf name = {0}, when = {0}, due = {0};
    buf_append_bytes(&name, rule->name);
    policy_write_conditions(rule, &when);
    policy_write_track(&rule->demands.track, &due);
    const char *cells[] = {policy_do_name(rule->action), cell_of(&name), cell_of(&when), cell_of(&due)};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

/* Deny, ask, allow: in the order of their weight, as they are decided. */
static void write_rules(const struct policy *policy, struct buf *out)
{
    static const char *const headings[] = {"DO", "RULE", "WHEN", "PEOPLE"};
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (int action = POLICY_DENY; action >= POLICY_ALLOW; action--) {
        for (size_t i = 0; i < policy->rule_count; i++)
            if ((int)policy->rules[i].action == action)
                write_rule(&policy->rules[i], &table);
    }
    buf_append_byte(out, '\n');
    print_table_write(&table, out);
    print_table_fini(&table);
}

int policy_check(const struct command *command, const struct option_values *values)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    struct policy *policy = NULL;
    const char *path = values->positionals[0];
    bool as_json = setting_flag(values, "json");
    int code = policy_file_read(path, as_json, &policy);
    if (code != EXIT_GOOD)
        return code;

    if (as_json) {
        json_write_begin_object(&json);
        json_write_member_bool(&json, "valid", true);
        json_write_key(&json, "policy");
        policy_write_json(policy, &json);
        json_write_end_object(&json);
        buf_append_byte(&out, '\n');
    } else {
        buf_append_fmt(&out, "%s: no faults, %zu rules\n\n", path, policy->rule_count);
        write_defaults(policy, &out);
        if (policy->rule_count)
            write_rules(policy, &out);
    }
    policy_destroy(policy);
    return !json.failed && print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- words --- */

static void write_list(const json_t *words, const char *list, const char *title, struct buf *out)
{
    const char *headings[] = {title, "VALUE", "WHAT IT IS"};
    struct print_table table = {0};
    size_t index;
    const json_t *row;
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    json_array_foreach(json_object_get(words, list), index, row)
    {
        const char *cells[] = {json_member_text(row, "name"), json_member_text(row, "form"),
                               json_member_text(row, "text")};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    buf_append_cstr(out, out->size ? "\n" : "");
    print_table_write(&table, out);
    print_table_fini(&table);
}

int policy_words(const struct command *command, const struct option_values *values)
{
    CLEANUP(buf_fini) struct buf text = {0}, out = {0};
    CLEANUP(json_release) json_t *words = NULL;
    struct json_writer json = {.out = &text};
    policy_words_write_json(&json);
    if (json_write_status(&json) != STATUS_OK || json_parse(buf_peek(&text), NULL, &words, NULL) != STATUS_OK)
        return EXIT_FAILED;
    if (setting_flag(values, "json")) {
        print_json_value(&out, words);
    } else {
        write_list(words, "keys", "KEY", &out);
        write_list(words, "terms", "DEMAND", &out);
        write_list(words, "conditions", "CONDITION", &out);
    }
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}
