/* SPDX-License-Identifier: MIT */
/* yaml_tree_test.c — what is read, with its places, and what is refused. If it fails, an error of a policy points elsewhere,
 * or a file unfolds in memory. */
#include "wire/yaml/yaml_tree.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static const struct yaml_tree_node *read_good(const char *text)
{
    struct yaml_tree_node *root = NULL;
    struct yaml_tree_fault fault;
    assert_int_equal(yaml_tree_read(bytes_of_cstr(text), &arena, &root, &fault), STATUS_OK);
    return root;
}

/* Broken: an error names a line that is not the one. */
static void test_places(void **state)
{
    (void)state;
    const struct yaml_tree_node *root = read_good("# a comment\n"
                                                  "gate: after\n"
                                                  "rules:\n"
                                                  "  - name: \"caf\xc3\xa9: \\u00e9\"\n"
                                                  "    list: ['a''b', no]\n");
    assert_int_equal(root->kind, YAML_TREE_MAP);
    const struct yaml_tree_node *gate = root->first, *rules = gate->next, *rule = rules->first;
    assert_true(bytes_equal_cstr(gate->name, "gate") && bytes_equal_cstr(gate->text, "after"));
    assert_int_equal(gate->name_line, 2);
    assert_int_equal(gate->name_column, 1);
    assert_int_equal(gate->column, 7);
    assert_false(gate->quoted);
    assert_int_equal(rules->kind, YAML_TREE_LIST);
    assert_int_equal(rule->kind, YAML_TREE_MAP);
    assert_true(bytes_equal_cstr(rule->first->text, "caf\xc3\xa9: \xc3\xa9"));
    assert_true(rule->first->quoted);
    const struct yaml_tree_node *list = rule->first->next;
    assert_int_equal(list->line, 5);
    assert_true(bytes_equal_cstr(list->first->text, "a'b"));
    assert_true(bytes_equal_cstr(list->first->next->text, "no")); /* a text, never false */
    assert_int_equal(list->first->next->column, 20);
    assert_null(list->first->next->next);
    assert_null(rules->next);
}

static void test_empty_is_a_map(void **state)
{
    (void)state;
    assert_int_equal(read_good("")->kind, YAML_TREE_MAP);
    assert_null(read_good("# nothing\n")->first);
}

static const struct {
    const char *text;
    int line, column;
    const char *says;
} refused[] = {
    {"a: &x 1\n", 1, 4, "anchors"},
    {"a: 1\nb: *a\n", 2, 4, "aliases"},
    {"a: !!int 1\n", 1, 4, "tags"},
    {"a: 1\nb: 2\na: 3\n", 3, 1, "\"a\" is given twice; it stands in line 1 already"},
    {"[a]: 1\n", 1, 1, "a name was expected"},
    {"a: 1\n---\nb: 2\n", 2, 1, "second document"},
    {"a: [1, 2\n", 2, 1, "did not find expected"},
    {"a: 1\n b: 2\n", 2, 3, "mapping values are not allowed"},
    {"a: \"open\n", 2, 1, "unexpected end of stream"},
    {"a: [[[[[[[[1]]]]]]]]\n", 1, 11, "limit yaml-tree-depth-max"},
    {"a: \x01\n", 0, 0, "control characters"},
    {"a: \xff\n", 0, 0, "not UTF-8"},
    {"\tb: 1\n", 1, 1, "cannot start any token"},
};

/* Broken: somebody looks for a fault where it is not, or a file of a kilobyte fills the memory. */
static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct yaml_tree_node *root = NULL;
        struct yaml_tree_fault fault;
        assert_int_not_equal(yaml_tree_read(bytes_of_cstr(refused[i].text), &arena, &root, &fault),
                             STATUS_OK);
        if (!strstr(fault.text, refused[i].says) || fault.line != refused[i].line ||
            fault.column != refused[i].column)
            fail_msg("%s: %d:%d: %s", refused[i].text, fault.line, fault.column, fault.text);
    }
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0};
    struct yaml_tree_node *root = NULL;
    struct yaml_tree_fault fault;
    buf_append_cstr(&text, "[");
    for (int i = 0; i < YAML_TREE_NODES_MAX; i++)
        buf_append_cstr(&text, "a,");
    buf_append_cstr(&text, "]");
    assert_int_equal(yaml_tree_read(buf_peek(&text), &arena, &root, &fault), STATUS_TOO_LARGE);
    assert_non_null(strstr(fault.text, "yaml-tree-nodes-max"));
    while (text.size <= YAML_TREE_SIZE_MAX)
        buf_append_cstr(&text, "                                ");
    assert_int_equal(yaml_tree_read(buf_peek(&text), &arena, &root, &fault), STATUS_TOO_LARGE);
    assert_non_null(strstr(fault.text, "yaml-tree-size-max"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_places, clean),
        cmocka_unit_test_teardown(test_empty_is_a_map, clean),
        cmocka_unit_test_teardown(test_refusals, clean),
        cmocka_unit_test_teardown(test_limits, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
