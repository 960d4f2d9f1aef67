/* SPDX-License-Identifier: MIT */
/* command_test.c — names of several words: which row a command line means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/command.h"

static const struct command server_rows[] = {
    {.name = "dev", .summary = "run it", .about = "All."},
    {.name = NULL},
};
static const struct command client_rows[] = {
    {.name = "instance", .summary = "one"},
    {.name = "instance ls", .summary = "list"},
    {.name = "instance show", .summary = "show", .syntax = {.positionals = "ID"}, .about = "One instance."},
    {.name = "key create", .summary = "make a key"},
    {.name = NULL},
};
static const struct command_list lists[] = {{NULL, server_rows}, {"clients", client_rows}};

/* The words of a command line; `ret_argv` has room for ten. */
static int split(const char *line, char *buffer, char **ret_argv)
{
    int argc = 0;
    char *rest = NULL;
    strcpy(buffer, line);
    for (char *word = strtok_r(buffer, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        ret_argv[argc++] = word;
    return argc;
}

/* If this fails, `sallyport instance ls` runs something else, or takes "ls" for an id. */
static void the_longest_name_wins(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name;
        int words;
    } rows[] = {
        {"dev --port 1", "dev", 1},
        {"instance ls", "instance ls", 2},
        {"instance show x", "instance show", 2},
        {"instance --json", "instance", 1},
        {"instance lsx", "instance", 1},
        {"key create a", "key create", 2},
        {"key", NULL, 0},
        {"key creat", NULL, 0},
        {"nothing", NULL, 0},
        {"", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[100];
        char *argv[10];
        int words = 0;
        int argc = split(rows[i].line, buffer, argv);
        const struct command *command = command_find(lists, ARRAY_SIZE(lists), argc, argv, &words);
        if (!rows[i].name) {
            assert_null(command);
            continue;
        }
        assert_non_null(command);
        assert_string_equal(command->name, rows[i].name);
        assert_int_equal(words, rows[i].words);
    }
}

static void the_first_words_of_several_commands_are_a_group(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is;
    } rows[] = {{"key", true},  {"key --json", true}, {"key x", false},
                {"dev", false}, {"", false},          {"k", false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[100];
        char name[50];
        char *argv[10];
        int argc = split(rows[i].line, buffer, argv);
        assert_int_equal(command_is_group(lists, ARRAY_SIZE(lists), argc, argv, name, sizeof name),
                         rows[i].is);
    }
}

static void what_is_not_there_is_answered_with_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"dew", "there is no command \"dew\"; did you mean \"dev\"?"},
        {"key creat", "there is no command \"key creat\"; did you mean \"key create\"?"},
        {"dvv instance", "there is no command \"dvv\"; did you mean \"dev\"?"},
        {"completely-else", "there is no command \"completely-else\""},
        {"--verbose", "there is no command \"--verbose\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        char buffer[100];
        char *argv[10];
        int argc = split(rows[i].line, buffer, argv);
        command_say_unknown(lists, ARRAY_SIZE(lists), argc, argv, &out);
        buf_append_byte(&out, 0);
        assert_string_equal((const char *)out.data, rows[i].want);
    }
}

static void help_lists_all_or_one_group(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf all = {0};
    CLEANUP(buf_fini) struct buf group = {0};
    CLEANUP(buf_fini) struct buf one = {0};
    command_help_list(lists, ARRAY_SIZE(lists), NULL, &all);
    command_help_list(lists, ARRAY_SIZE(lists), "key", &group);
    command_help(&client_rows[2], &one);
    buf_append_byte(&all, 0);
    buf_append_byte(&group, 0);
    buf_append_byte(&one, 0);
    assert_non_null(strstr((const char *)all.data, "\nclients:\n  instance "));
    assert_string_equal((const char *)group.data, "  key create      make a key\n");
    assert_non_null(strstr((const char *)one.data, "usage: sallyport instance show ID [options]\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_name_wins),
        cmocka_unit_test(the_first_words_of_several_commands_are_a_group),
        cmocka_unit_test(what_is_not_there_is_answered_with_the_nearest),
        cmocka_unit_test(help_lists_all_or_one_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
