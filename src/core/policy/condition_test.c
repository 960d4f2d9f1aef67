/* SPDX-License-Identifier: MIT */
/* condition_test.c — each kind of condition over facts that are there, that are empty and that nobody knows; and patterns that
 * try to use up the server. If it fails, a rule matches what it does not say, or code of a stranger holds up all others. */
#include "core/policy/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "wire/json/json.h"

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static enum policy_truth truth_of(const char *condition_text, const char *facts_text)
{
    struct yaml_tree_node *root = NULL;
    struct yaml_tree_fault fault = {0};
    struct policy_condition condition;
    struct policy_facts facts;
    struct err err = {0};
    CLEANUP(json_release) json_t *value = NULL;
    assert_int_equal(yaml_tree_read(bytes_of_cstr(condition_text), &arena, &root, &fault), STATUS_OK);
    if (policy_condition_read(root->first, &arena, &condition, &fault) != STATUS_OK)
        fail_msg("%s: %s", condition_text, fault.text);
    assert_int_equal(json_parse(bytes_of_cstr(facts_text), NULL, &value, &err), STATUS_OK);
    if (policy_facts_read(value, &arena, &facts, &err) != STATUS_OK)
        fail_msg("%s: %s", facts_text, err.text);
    enum policy_truth truth = policy_condition_holds(&condition, &facts);
    policy_condition_fini(&condition);
    return truth;
}

static const struct {
    const char *condition, *facts;
    enum policy_truth truth;
} rows[] = {
    {"language: python", "{\"language\": \"python\"}", POLICY_YES},
    {"language: python", "{\"language\": \"node\"}", POLICY_NO},
    {"language: python", "{}", POLICY_UNKNOWN},
    {"language: '!= python'", "{\"language\": \"node\"}", POLICY_YES},
    {"language: '!= python'", "{}", POLICY_UNKNOWN},
    {"groups: [a, b]", "{\"groups\": [\"c\", \"b\"]}", POLICY_YES},
    {"groups: [a, b]", "{\"groups\": []}", POLICY_NO},
    {"groups: '!= a'", "{\"groups\": []}", POLICY_YES},
    {"groups: '!= a'", "{\"groups\": [\"b\", \"a\"]}", POLICY_NO},
    {"files.paths: '*.so'", "{\"files.paths\": [\"a.txt\", \"lib/x.so\"]}", POLICY_YES},
    {"files.paths: 'a*b*c'", "{\"files.paths\": [\"abXbXc\"]}", POLICY_YES},
    {"files.paths: 'a*b*c'", "{\"files.paths\": [\"abXbX\"]}", POLICY_NO},
    {"files.paths: '*'", "{\"files.paths\": [\"\"]}", POLICY_YES},
    {"imports_only: [math, 'os.*']", "{\"imports\": [\"math\", \"os.path\"]}", POLICY_YES},
    {"imports_only: [math]", "{\"imports\": [\"math\", \"os\"]}", POLICY_NO},
    {"imports_only: [math, os]", "{\"imports\": [\"math.sqrt\", \"os\", \"os.path\"]}", POLICY_YES},
    {"imports_only: [math, os]", "{\"imports\": [\"mathx\", \"os\"]}", POLICY_NO},
    {"imports_only: [math]", "{\"imports\": []}", POLICY_YES},
    {"imports_only: [math]", "{}", POLICY_UNKNOWN},
    {"labels.env: prod", "{\"labels\": {\"env\": \"prod\"}}", POLICY_YES},
    {"labels.env: prod", "{\"labels\": {\"other\": \"prod\"}}", POLICY_NO},
    {"labels.env: '!= prod'", "{\"labels\": {}}", POLICY_YES},
    {"labels.env: prod", "{}", POLICY_UNKNOWN},
    {"files.made: '> 0'", "{\"files.made\": 0}", POLICY_NO},
    {"files.made: '> 0'", "{\"files.made\": 1}", POLICY_YES},
    {"files.made: '>0'", "{}", POLICY_UNKNOWN},
    {"files.made: '>= 2'", "{\"files.made\": 2}", POLICY_YES},
    {"files.made: '< 2'", "{\"files.made\": 2}", POLICY_NO},
    {"files.made: '<= 2'", "{\"files.made\": 2}", POLICY_YES},
    {"files.made: '!= 2'", "{\"files.made\": 2}", POLICY_NO},
    {"files.made: '!= 2'", "{}", POLICY_UNKNOWN},
    {"files.made: 2", "{\"files.made\": 2}", POLICY_YES},
    {"files.made: 2..4", "{\"files.made\": 5}", POLICY_NO},
    {"files.made: 2..4", "{\"files.made\": 4}", POLICY_YES},
    {"code.size: '> 1K'", "{\"code.size\": 1024}", POLICY_NO},
    {"code.size: '> 1K'", "{\"code.size\": \"2M\"}", POLICY_YES},
    {"duration: '> 30s'", "{\"duration\": \"30001ms\"}", POLICY_YES},
    {"duration: '> 30s'", "{\"duration\": 30}", POLICY_NO},
    {"exact_repeat: 30d", "{\"exact_repeat\": \"30d\"}", POLICY_YES},
    {"exact_repeat: 30d", "{\"exact_repeat\": \"31d\"}", POLICY_NO},
    {"exact_repeat: 30d", "{\"exact_repeat\": \"never\"}", POLICY_NO},
    {"exact_repeat: 30d", "{}", POLICY_UNKNOWN},
    {"time_of_day: 22:00-06:00", "{\"time_of_day\": \"23:30\"}", POLICY_YES},
    {"time_of_day: 22:00-06:00", "{\"time_of_day\": \"05:59\"}", POLICY_YES},
    {"time_of_day: 22:00-06:00", "{\"time_of_day\": \"06:00\"}", POLICY_NO},
    {"time_of_day: 22:00-00:00", "{\"time_of_day\": \"23:59\"}", POLICY_YES},
    {"time_of_day: 09:00-17:00", "{\"time_of_day\": \"17:00\"}", POLICY_NO},
    {"weekday: [sat, sun]", "{\"weekday\": \"sun\"}", POLICY_YES},
    {"code_matches: 'shutil\\.rmtree|DROP TABLE'", "{\"code\": \"x = 1\\nshutil.rmtree(p)\"}", POLICY_YES},
    {"code_matches: 'shutil\\.rmtree|DROP TABLE'", "{\"code\": \"shutilXrmtree\"}", POLICY_NO},
    {"code_matches: '^import os$'", "{\"code\": \"x\\nimport os\\ny\"}", POLICY_YES},
    {"code_matches: [zzz, 'b.d']", "{\"code\": \"a\\u0000b\\u00e9d\"}", POLICY_YES},
    {"code_matches: x", "{}", POLICY_UNKNOWN},
};

/* RP-31. */
static void test_truth_of_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (truth_of(rows[i].condition, rows[i].facts) != rows[i].truth)
            fail_msg("%s over %s is not %d", rows[i].condition, rows[i].facts, rows[i].truth);
    }
}

/* --- bombs --- */

/* PCRE2 looks for the last byte that must be there first, so each code has that. Each takes exponential or quadratic time, deep backtracking, or both, in code made for it. */
static const struct {
    const char *pattern, *piece, *tail;
} bombs[] = {
    {"(a+)+$", "a", "!"},          {"(a|a)*xy", "a", "y"},          {"(?:a*)*xy", "a", "y"},
    {".*.*.*xy", "ab", "y"},       {"(?s).*?.*?.*?xy", "ab", "y"},  {"(?s)(?:.|\\n)*xy", "ab", "y"},
    {"\\w*+\\W*+xy", "a", "y"},    {"(?:a?){60}a{60}xy", "a", "y"}, {"(?:(?:ab)*(?:ba)*)*xy", "ab", "y"},
    {"(?=(?s:.*)xy)a", "ab", "y"}, {"(a(?R)?b)+xy", "a", "y"},      {"(?<=a|bb|ccc)a*xy", "a", "y"},
};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* RP-31. Broken: a stranger's half megabyte stops the server for minutes, by a pattern that means well. */
static void test_bombs_are_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf code = {0}, why = {0};
    for (size_t i = 0; i < ARRAY_SIZE(bombs); i++) {
        struct policy_pattern *pattern = NULL;
        buf_clear(&code);
        while (code.size < (512 << 10))
            buf_append_cstr(&code, bombs[i].piece);
        buf_append_cstr(&code, bombs[i].tail);
        assert_int_equal(policy_pattern_compile(bytes_of_cstr(bombs[i].pattern), &pattern, &why), STATUS_OK);
        double begin = seconds();
        enum policy_truth truth = policy_pattern_search(pattern, buf_peek(&code));
        double took = seconds() - begin;
        policy_pattern_free(pattern);
        print_message("%-22s %d in %.3f s\n", bombs[i].pattern, truth, took);
        assert_int_not_equal(truth, POLICY_YES);
        /* 0.04 s in a release build; a sanitizer's build on a busy machine takes longer */
        assert_true(took < 20);
    }
}

/* Broken: a pattern over long but harmless code is given up, so that every long request is denied. */
static void test_long_code_is_searched_to_its_end(void **state)
{
    (void)state;
    static const char *const patterns[] = {"shutil\\.rmtree|DROP TABLE", "(?i)\\bdrop\\s+table\\b",
                                           "\\beval\\s*\\(", "^\\s*import\\s+socket",
                                           "subprocess\\.\\w+\\(.*shell\\s*=\\s*True"};
    CLEANUP(buf_fini) struct buf code = {0}, why = {0};
    while (code.size < (512 << 10))
        buf_append_cstr(
            &code, "    total = subprocess_count + evaluate(rows[index], drop=False)  # table of imports\n");
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct policy_pattern *pattern = NULL;
        assert_int_equal(policy_pattern_compile(bytes_of_cstr(patterns[i]), &pattern, &why), STATUS_OK);
        if (policy_pattern_search(pattern, buf_peek(&code)) != POLICY_NO)
            fail_msg("%s was given up", patterns[i]);
        policy_pattern_free(pattern);
    }
}

static void test_facts_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"[]", "object"},
        {"{\"file.made\": 1}", "did you mean \"files.made\"?"},
        {"{\"files.made\": -1}", "files.made"},
        {"{\"files.made\": true}", "files.made"},
        {"{\"groups\": [1]}", "groups"},
        {"{\"labels\": [\"a\"]}", "labels"},
        {"{\"phase\": \"during\"}", "phase"},
        {"{\"duration\": 1e300}", "duration"},
        {"{\"duration\": 9223372036854775807}", "duration"},
        {"{\"time_of_day\": \"24:01\"}", "time_of_day"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        CLEANUP(json_release) json_t *value = NULL;
        struct policy_facts facts;
        struct err err = {0};
        assert_int_equal(json_parse(bytes_of_cstr(wrong[i].text), NULL, &value, &err), STATUS_OK);
        assert_int_equal(policy_facts_read(value, &arena, &facts, &err), STATUS_INVALID_ARGUMENT);
        if (!strstr(err.text, wrong[i].says))
            fail_msg("%s: %s", wrong[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_truth_of_each_kind, clean),
        cmocka_unit_test_teardown(test_bombs_are_bounded, clean),
        cmocka_unit_test_teardown(test_long_code_is_searched_to_its_end, clean),
        cmocka_unit_test_teardown(test_facts_are_checked, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
