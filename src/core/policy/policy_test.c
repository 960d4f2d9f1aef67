/* SPDX-License-Identifier: MIT */
/* policy_test.c — files that are taken, files that are refused and where, and the examples of doc/policy.md. If it fails, a
 * policy says something else than it looks like, or an error sends people to the wrong place. */
#include "core/policy/describe.h"
#include "core/policy/policy_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *page_path;

static struct policy *read_good(const char *text)
{
    struct policy *policy = NULL;
    struct yaml_tree_fault fault = {0};
    if (policy_read(bytes_of_cstr(text), &policy, &fault) != STATUS_OK)
        fail_msg("%d:%d: %s in:\n%s", fault.line, fault.column, fault.text, text);
    return policy;
}

static const char usual[] = "defaults:\n"
                            "  gate: after\n"
                            "  approvals: 1\n"
                            "  reviewers: [role:reviewer]\n"
                            "  self_approval: false\n"
                            "  timeout: 24h\n"
                            "  on_timeout: reject\n"
                            "  on_failure: fail\n"
                            "  comment: [reject, changes]\n"
                            "  reminders: [4h, 1h]\n"
                            "  retention: 90d\n"
                            "rules:\n"
                            "  - name: network attempts want two people from security\n"
                            "    when: { effects.network.attempts: \"> 0\" }\n"
                            "    do: ask\n"
                            "    approvals: 2\n"
                            "    reviewers: [group:security]\n"
                            "  - name: bytes approved before\n"
                            "    when: { exact_repeat: 30d, labels.env: test }\n"
                            "    do: allow\n"
                            "  - name: nobody deletes\n"
                            "    when:\n"
                            "      - code_matches: 'shutil\\.rmtree|DROP TABLE'\n"
                            "      - { calls: [os.remove, os.unlink] }\n"
                            "    do: deny\n"
                            "    message: Ask the data team first.\n";

/* Broken: the file of the product's own page is not understood. */
static void test_usual_file(void **state)
{
    (void)state;
    struct policy *policy = read_good(usual);
    CLEANUP(buf_fini) struct buf text = {0};
    assert_int_equal(policy->rule_count, 3);
    assert_int_equal(policy->defaults.terms[POLICY_GATE], POLICY_GATE_AFTER);
    assert_int_equal(policy->defaults.terms[POLICY_COMMENT], 1 << 1 | 1 << 2);
    assert_int_equal(policy->defaults.terms[POLICY_TIMEOUT] / 1000000000, 86400);
    assert_int_equal(policy->defaults.reminder_count, 2);
    policy_write_track(&policy->defaults.track, &text);
    buf_append_cstr(&text, "; ");
    policy_write_track(&policy->rules[0].demands.track, &text);
    buf_append_cstr(&text, "; ");
    policy_write_conditions(&policy->rules[2], &text);
    buf_append_byte(&text, 0);
    assert_string_equal((const char *)text.data,
                        "1 of role:reviewer; 2 of group:security; "
                        "code_matches: shutil\\.rmtree|DROP TABLE, or calls: os.remove, os.unlink");
    assert_true(bytes_equal_cstr(policy->rules[2].message, "Ask the data team first."));
    assert_int_equal(policy->rules[2].line, 21);
    policy_destroy(policy);
}

static void test_what_is_not_said(void **state)
{
    (void)state;
    struct policy *policy = read_good("");
    assert_int_equal(policy->rule_count, 0);
    assert_int_equal(policy->defaults.track.stage_count, 1);
    assert_int_equal(policy->defaults.track.stages[0].approvals, 1);
    assert_int_equal(policy->defaults.track.stages[0].reviewers[0].kind, POLICY_ANYONE);
    policy_destroy(policy);
    /* A rule takes its reviewers from the defaults, also where those stand behind it. */
    policy = read_good("rules:\n- { name: a, do: ask, when: { language: python }, approvals: 3 }\n"
                       "defaults: { reviewers: [group:x] }\n");
    assert_int_equal(policy->rules[0].demands.track.stages[0].approvals, 3);
    assert_true(bytes_equal_cstr(policy->rules[0].demands.track.stages[0].reviewers[0].name, "x"));
    policy_destroy(policy);
}

#define RULE(rest) "rules:\n  - name: a\n    do: ask\n    when: { language: python }\n" rest

static const struct {
    const char *text;
    int line, column;
    const char *says[3];
} refused[] = {
    {"default:\n  gate: after\n",
     1,
     1,
     {"no key \"default\" is known at the top", "did you mean \"defaults\"?"}},
    {"defaults:\n  gates: after\n", 2, 3, {"no key \"gates\" is known in defaults", "\"gate\"?"}},
    {"defaults:\n  gate: befor\n", 2, 9, {"gate: expected one of: after before both", "\"before\"?"}},
    {"defaults: { on_timeout: approve }", 1, 25, {"on_timeout: expected one of: fail reject"}},
    {"defaults: { self_approval: no }", 1, 28, {"false alone true"}},
    {"defaults: { timeout: soon }", 1, 22, {"timeout: expected a duration"}},
    {"defaults: { timeout: 0s }", 1, 22, {"above 0"}},
    {"defaults: { approvals: 0 }", 1, 24, {"from 1 to 20"}},
    {"defaults: { approvals: two }", 1, 24, {"from 1 to 20"}},
    {"defaults: { reviewers: role:reviewer }", 1, 24, {"reviewers: expected a list of role:NAME"}},
    {"defaults: { reviewers: [role:reviewr] }", 1, 25, {"role: expected one of:", "\"reviewer\"?"}},
    {"defaults: { reviewers: [mina] }", 1, 25, {"reviewers: expected a list"}},
    {"defaults: { comment: reject }",
     1,
     22,
     {"comment: expected a list with some of: approve changes reject"}},
    {"defaults: { comment: [rejekt] }", 1, 23, {"\"reject\"?"}},
    {"defaults: { when: { language: x } }", 1, 13, {"there may be no \"when\" in defaults"}},
    {"defaults: [a]", 1, 11, {"defaults: expected a map"}},
    {"- a", 1, 1, {"expected a map with defaults and rules"}},
    {"rules: x", 1, 8, {"rules: expected a list of maps"}},
    {"rules: [{ name: a, do: allow, when: { language: x, effects.network.hosts: good.example:443 } }]",
     1,
     52,
     {"effects.network.hosts is the code's own word", "a rule that allows"}},
    {"rules:\n  - name: a\n", 2, 5, {"\"do\" is missing here: expected allow, ask or deny"}},
    {"rules:\n  - do: ask\n    when: { language: x }\n", 2, 5, {"\"name\" is missing"}},
    {"rules:\n  - name: a\n    do: ask\n", 2, 5, {"\"when\" is missing"}},
    {"rules:\n  - { name: a, do: ask, when: {} }\n", 2, 31, {"when: expected a map of conditions"}},
    {"rules:\n  - { name: a, do: alow, when: { language: x } }\n",
     2,
     20,
     {"do: expected one of", "\"allow\"?"}},
    {"rules:\n- {name: a, do: deny, when: {language: x}, approvals: 2}\n",
     2,
     44,
     {"no \"approvals\" in a rule that does not ask"}},
    {"rules:\n- {name: a, do: deny, when: {language: x}}\n- {name: a, do: deny, when: {language: x}}\n",
     3,
     10,
     {"another rule is called so, in line 2"}},
    {RULE("    approval: 2\n"), 5, 5, {"no key \"approval\" is known in a rule that asks", "\"approvals\"?"}},
    {RULE("    approvals: 2\n    reviewers: [user:mina]\n"),
     2,
     5,
     {"2 approvals are asked of 1 named people"}},
    {RULE("    approvals: 2\n    stages: [{ approvals: 1 }]\n"), 6, 5, {"stages take the place"}},
    {RULE("    stages: [{ aprovals: 1 }]\n"),
     5,
     16,
     {"no key \"aprovals\" is known in a stage", "\"approvals\"?"}},
    {"rules:\n- {name: a, do: ask, when: {efects.network.attempts: \"> 0\"}}\n",
     2,
     29,
     {"there is no condition \"efects.network.attempts\"", "\"effects.network.attempts\"?"}},
    {"rules:\n- {name: a, do: ask, when: {files.made: lots}}\n",
     2,
     41,
     {"files.made: expected a whole number"}},
    {"rules:\n- {name: a, do: ask, when: {code.size: \"> 4X\"}}\n", 2, 40, {"code.size: expected bytes"}},
    {"rules:\n- {name: a, do: ask, when: {weekday: son}}\n",
     2,
     38,
     {"weekday: \"son\" is none of", "did you mean"}},
    {"rules:\n- {name: a, do: ask, when: {code_matches: \"(a\"}}\n",
     2,
     43,
     {"code_matches: missing closing parenthesis, at byte 3 of the pattern"}},
    {"rules:\n- {name: a, do: ask, when: {code_matches: '(a)\\1'}}\n", 2, 43, {"back references"}},
    {"rules:\n- {name: a, do: ask, when: {exact_repeat: never}}\n",
     2,
     43,
     {"exact_repeat: expected a number with s, m, h or d"}},
    {"rules:\n- {name: a, do: ask, when: {time_of_day: 9-17}}\n", 2, 42, {"time_of_day: expected a range"}},
    {"rules:\n  - name: a\n   do: ask\n", 3, 4, {"did not find expected"}},
};

/* RP-32. Broken: a wrong file is taken, or its error names another place. */
static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct policy *policy = NULL;
        struct yaml_tree_fault fault = {0};
        if (policy_read(bytes_of_cstr(refused[i].text), &policy, &fault) != STATUS_MALFORMED)
            fail_msg("taken: %s", refused[i].text);
        for (size_t j = 0; j < 3 && refused[i].says[j]; j++) {
            if (!strstr(fault.text, refused[i].says[j]) || fault.line != refused[i].line ||
                fault.column != refused[i].column)
                fail_msg("%s\n%d:%d: %s", refused[i].text, fault.line, fault.column, fault.text);
        }
        assert_null(policy);
    }
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0};
    struct policy *policy = NULL;
    struct yaml_tree_fault fault;
    buf_append_cstr(&text, "rules:\n- {name: a, do: deny, when: {code_matches: [x");
    for (int i = 0; i < POLICY_PATTERNS_MAX; i++)
        buf_append_cstr(&text, ", x");
    buf_append_cstr(&text, "]}}\n");
    assert_int_equal(policy_read(buf_peek(&text), &policy, &fault), STATUS_MALFORMED);
    assert_non_null(strstr(fault.text, "policy-patterns-max"));
    buf_clear(&text);
    buf_append_cstr(&text, "rules:\n");
    for (int i = 0; i <= POLICY_RULES_MAX; i++)
        buf_append_fmt(&text, "- {name: r%d, do: deny, when: {language: x}}\n", i);
    assert_int_equal(policy_read(buf_peek(&text), &policy, &fault), STATUS_MALFORMED);
    assert_non_null(strstr(fault.text, "policy-rules-max"));
}

/* Broken: what a policy means cannot be read by a program. */
static void test_as_json(void **state)
{
    (void)state;
    struct policy *policy = read_good(usual);
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *value = NULL;
    struct json_writer json = {.out = &text};
    policy_write_json(policy, &json);
    assert_int_equal(json_write_status(&json), STATUS_OK);
    assert_int_equal(json_parse(buf_peek(&text), NULL, &value, NULL), STATUS_OK);
    const json_t *defaults = json_object_get(value, "defaults");
    assert_string_equal(json_string_value(json_object_get(defaults, "timeout")), "1d");
    assert_string_equal(json_string_value(json_object_get(defaults, "comment")), "changes, reject");
    assert_int_equal(json_array_size(json_object_get(value, "rules")), 3);
    policy_destroy(policy);
}

/* Every block of the page between ```yaml and ``` is a policy. Broken: people copy what is refused. */
static void test_examples_of_the_page(void **state)
{
    (void)state;
    static char page[1 << 18];
    FILE *file = fopen(page_path, "re");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    page[size] = '\0';
    int blocks = 0;
    for (char *at = strstr(page, "```yaml\n"); at; at = strstr(at, "```yaml\n")) {
        char *end = strstr(at + 8, "```");
        assert_non_null(end);
        *end = '\0';
        policy_destroy(read_good(at + 8));
        blocks++;
        at = end + 3;
    }
    assert_true(blocks >= 5);
}

int main(int argc, char **argv)
{
    page_path = argc > 1 ? argv[1] : "doc/policy.md";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_file), cmocka_unit_test(test_what_is_not_said),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_as_json),    cmocka_unit_test(test_examples_of_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
