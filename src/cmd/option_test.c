/* SPDX-License-Identifier: MIT */
/* option_test.c — where a value comes from, and what a wrong one is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/option.h"

enum { COMMAND_ONE = 1, COMMAND_TWO = 2 };

static const struct option_spec table[] = {
    {"config", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, COMMAND_ONE | COMMAND_TWO, "settings file"},
    {"port", OPTION_COUNT, "PORT", "T_PORT", "8080", 0, 65535, COMMAND_ONE, "port"},
    {"wait", OPTION_DURATION, "TIME", NULL, "24h", 0, INT64_MAX, COMMAND_ONE, "how long"},
    {"size", OPTION_SIZE, "BYTES", NULL, "1M", 0, 1LL << 40, COMMAND_ONE, "how much"},
    {"loud", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_ONE, "noise"},
    {"level", OPTION_TEXT, "LEVEL", NULL, "low", 0, 0, COMMAND_ONE, "how loud", .words = "low high"},
    {"word", OPTION_TEXT, "WORD", "T_WORD", NULL, 0, 0, COMMAND_ONE, "a secret", .secret = true},
    {"word-file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, COMMAND_ONE, "a file with it", .file_of = "word"},
    {"other", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, COMMAND_TWO, "not for one"},
    {.name = NULL},
};

static const struct option_syntax syntax = {.sets = {{table, COMMAND_ONE}}, .file = "config"};

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static const char *port_from_environment(const char *name)
{
    return strcmp(name, "T_PORT") == 0 ? "7000" : NULL;
}

static enum status parse(const char *(*environment)(const char *), struct option_values *values,
                         struct err *err, const char *a, const char *b)
{
    char *argv[2] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b};
    return option_parse(&syntax, (a != NULL) + (b != NULL), argv, environment, values, err);
}

static const struct option_value *get(const struct option_values *values, const char *name)
{
    return option_get(values, name);
}

static void values_come_from_the_nearest_source(void **state)
{
    (void)state;
    struct err err = {0};
    struct option_values values;
    assert_int_equal(parse(no_environment, &values, &err, NULL, NULL), STATUS_OK);
    assert_int_equal(get(&values, "port")->number, 8080);
    assert_false(get(&values, "port")->given);
    assert_true(get(&values, "wait")->number == 86400LL * 1000000000);
    assert_int_equal(get(&values, "size")->number, 1 << 20);
    assert_int_equal(get(&values, "loud")->number, 0);
    assert_int_equal(parse(port_from_environment, &values, &err, "--loud", NULL), STATUS_OK);
    assert_int_equal(get(&values, "port")->number, 7000);
    assert_int_equal(get(&values, "loud")->number, 1);
    assert_int_equal(parse(port_from_environment, &values, &err, "--port", "1"), STATUS_OK);
    assert_int_equal(get(&values, "port")->number, 1);
    assert_int_equal(parse(no_environment, &values, &err, "--wait=250ms", NULL), STATUS_OK);
    assert_int_equal(get(&values, "wait")->number, 250000000);
}

static void wrong_values_say_what_to_type(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"--prot", "1"},        {"--port", "x"},
                                         {"--port", "65536"},    {"--port", NULL},
                                         {"--wait", "5 s"},      {"--size", "1T"},
                                         {"--other", "x"},       {"port", NULL},
                                         {"--loud=maybe", NULL}, {"--wait", "99999999999999999999"}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = {0};
        struct option_values values;
        assert_int_equal(parse(no_environment, &values, &err, bad[i][0], bad[i][1]), STATUS_INVALID_ARGUMENT);
        assert_true(err.text[0]);
    }
    struct err err = {0};
    struct option_values values;
    assert_int_equal(parse(no_environment, &values, &err, "--prot", "1"), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "did you mean \"port\"?"));
}

static void wrong_values_name_kind_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *want;
    } rows[] = {
        {"--port", "x", "command line: port is \"x\", but must be a whole number"},
        {"--port", "65536", "command line: port is 65536, but must be from 0 to 65535"},
        {"--size", "1T", "command line: size is \"1T\", but must be bytes such as 65536, 512K, 64M or 2G"},
        {"--size", "2000G", "command line: size is 2000G, but must be from 0 to 1099511627776 bytes"},
        {"--wait", "soon",
         "command line: wait is \"soon\", but must be a time such as 500ms, 30s, 2m, 1h or 7d"},
        {"--loud=maybe", NULL, "command line: loud is \"maybe\", but must be true, false, yes, no, 1 or 0"},
        {"--loud=on", NULL, "command line: loud is \"on\", but must be true, false, yes, no, 1 or 0"},
        {"--level=hihg", NULL,
         "command line: level is \"hihg\", but must be one of: low high; did you mean \"high\"?"},
        {"--level=x", NULL, "command line: level is \"x\", but must be one of: low high"},
        {"--config=", NULL, "command line: config is \"\", but must be a text that is not empty"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct option_values values;
        assert_int_equal(parse(no_environment, &values, &err, rows[i].name, rows[i].value),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.text, rows[i].want);
    }
}

/* Parses `text` as the configuration file, with one more argument (or NULL). */
static enum status parse_with_file(const char *text, size_t size, const char *argument,
                                   struct option_values *values, struct err *err)
{
    char path[] = "/tmp/option-test-XXXXXX", config[100];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
    snprintf(config, sizeof config, "--config=%s", path);
    enum status status = parse(no_environment, values, err, config, argument);
    unlink(path);
    return status;
}

static void a_file_gives_what_the_command_line_did_not(void **state)
{
    (void)state;
    static const char text[] = "# settings\n\n port = 9 \nwait=3s\n";
    struct err err = {0};
    struct option_values values;
    assert_int_equal(parse_with_file(text, sizeof text - 1, "--port=4", &values, &err), STATUS_OK);
    assert_int_equal(get(&values, "port")->number, 4);
    assert_true(get(&values, "wait")->number == 3000000000);
    option_values_fini(&values);
}

static void a_wrong_file_is_refused_by_its_line(void **state)
{
    (void)state;
#define FILE_TEXT(text) text, sizeof text - 1
    static const struct {
        const char *text;
        size_t size;
        const char *want; /* part of the refusal */
    } rows[] = {
        {FILE_TEXT("prot = 8\n"), ":1: there is no setting \"prot\"; did you mean \"port\"?"},
        {FILE_TEXT("\nnonsense\n"), ":2: expected \"name = value\""},
        {FILE_TEXT("port = 1\nport = 2\n"), ":2: port is set twice"},
        {FILE_TEXT("port = 1\nwait =\n"), ":2: wait is \"\""},
        {FILE_TEXT("port = 1\n\0prot = 2\n"), "it is not text"},
        {FILE_TEXT("other = x\n"), "there is no setting \"other\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct option_values values;
        assert_int_equal(parse_with_file(rows[i].text, rows[i].size, NULL, &values, &err),
                         STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, rows[i].want));
    }
    struct err err = {0};
    struct option_values values;
    assert_int_equal(parse(no_environment, &values, &err, "--config=/nonexistent", NULL),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(parse(no_environment, &values, &err, "--config=/tmp", NULL), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "Is a directory"));
}

static void help_shows_only_what_the_command_knows(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    option_help(&syntax, &out);
    buf_append_byte(&out, 0);
    assert_non_null(strstr((char *)out.data, "--port PORT"));
    assert_non_null(strstr((char *)out.data, "[8080]"));
    assert_null(strstr((char *)out.data, "--other"));
}

/* --- positionals, letters, several tables --- */

enum { FIND = 1, LIST = 2 };

static const struct option_spec find_table[] = {
    {"name", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, FIND, "which", .letter = 'n'},
    {"follow", OPTION_FLAG, NULL, NULL, NULL, 0, 0, FIND | LIST, "go on", .letter = 'f'},
    {.name = NULL},
};

static const struct option_syntax find_syntax = {
    .sets = {{table, COMMAND_ONE}, {find_table, FIND}},
    .positionals = "ID [FILE]",
};

static enum status find(const char *line, const struct option_syntax *with, struct option_values *values,
                        struct err *err)
{
    static char text[200];
    char *argv[10];
    int argc = 0;
    char *rest = NULL;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    return option_parse(with, argc, argv, no_environment, values, err);
}

static void arguments_without_a_name_are_positionals(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t count;
        const char *first;
    } rows[] = {
        {"abc", 1, "abc"},          {"abc file", 2, "abc"},   {"-n x abc --port 7", 1, "abc"},
        {"--follow abc", 1, "abc"}, {"-- --abc", 1, "--abc"}, {"-f -", 1, "-"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct option_values values;
        assert_int_equal(find(rows[i].line, &find_syntax, &values, &err), STATUS_OK);
        assert_int_equal(values.positional_count, rows[i].count);
        assert_string_equal(values.positionals[0], rows[i].first);
    }
}

static void wrong_positionals_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"", "ID is missing"},
        {"--follow", "ID is missing"},
        {"abc file more", "unexpected argument \"more\""},
        {"abc -x", "command line: there is no setting \"-x\""},
        {"abc -nx", "command line: there is no setting \"-nx\""},
        {"abc -n", "--name needs NAME"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = {0};
        struct option_values values;
        assert_int_equal(find(rows[i].line, &find_syntax, &values, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.text, rows[i].want);
    }
}

static void the_last_positional_may_be_repeated(void **state)
{
    (void)state;
    static const struct option_syntax many = {.sets = {{find_table, LIST}}, .positionals = "ID..."};
    struct err err = {0};
    struct option_values values;
    assert_int_equal(find("a b c d", &many, &values, &err), STATUS_OK);
    assert_int_equal(values.positional_count, 4);
    assert_int_equal(find("-f", &many, &values, &err), STATUS_INVALID_ARGUMENT);
}

static void settings_of_several_tables_are_told_apart(void **state)
{
    (void)state;
    struct err err = {0};
    struct option_values values;
    assert_int_equal(find("-n x abc --port 7", &find_syntax, &values, &err), STATUS_OK);
    assert_string_equal(setting_text(&values, "name"), "x");
    assert_int_equal(setting_number(&values, "port"), 7);
    assert_false(setting_flag(&values, "follow"));
    assert_int_equal(setting_number(&values, "size"), 1 << 20);
}

static void flags_are_six_words(void **state)
{
    static const char *const yes[] = {"--loud", "--loud=true", "--loud=YES", "--loud=1"};
    static const char *const no[] = {"--loud=false", "--loud=no", "--loud=0"};
    struct err err = {0};
    struct option_values values;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        assert_int_equal(parse(no_environment, &values, &err, yes[i], NULL), STATUS_OK);
        assert_true(setting_flag(&values, "loud"));
    }
    for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
        assert_int_equal(parse(no_environment, &values, &err, no[i], NULL), STATUS_OK);
        assert_false(setting_flag(&values, "loud"));
    }
}

struct faults {
    int count;
    int places[8][2];
};

static void on_fault(void *context, const struct option_fault *fault)
{
    struct faults *faults = context;
    faults->places[faults->count][0] = fault->line;
    faults->places[faults->count++][1] = fault->column;
    assert_true(fault->text[0] && fault->text[0] != ':');
}

static void each_fault_of_a_file_has_its_place(void **state)
{
    static const char text[] = "port = x\n\t prot = 1\n# fine\nwait = 3s\nwait = 4s\n level\n";
    static const int want[][2] = {{1, 8}, {2, 3}, {5, 1}, {6, 2}};
    char path[] = "/tmp/option-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct faults faults = {0};
    struct err err = {0};
    assert_int_equal(option_check_file(&syntax, path, on_fault, &faults, &err), STATUS_OK);
    unlink(path);
    assert_int_equal(faults.count, ARRAY_SIZE(want));
    assert_memory_equal(faults.places, want, sizeof want);
    assert_int_equal(option_check_file(&syntax, path, on_fault, &faults, &err), STATUS_INVALID_ARGUMENT);
}

static void a_setting_may_be_given_several_times(void **state)
{
    static const struct option_spec many[] = {
        {"file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, 1, "one of several", .repeats = true},
        {"once", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, 1, "the last counts"},
        {.name = NULL},
    };
    static const struct option_syntax repeating = {.sets = {{many, 1}}};
    static char words[][12] = {"--file", "one", "--once=a", "--file=two", "--once=b"};
    char *argv[ARRAY_SIZE(words)];
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        argv[i] = words[i];
    struct option_values values;
    struct err err = {0};
    assert_int_equal(option_parse(&repeating, ARRAY_SIZE(argv), argv, no_environment, &values, &err),
                     STATUS_OK);
    assert_string_equal(setting_each(&values, "file", 0), "one");
    assert_string_equal(setting_each(&values, "file", 1), "two");
    assert_null(setting_each(&values, "file", 2));
    assert_null(setting_each(&values, "once", 0));
    assert_string_equal(setting_text(&values, "once"), "b");
    option_values_fini(&values);
}

static const char *word_from_environment(const char *name)
{
    return strcmp(name, "T_WORD") == 0 ? "of-the-environment" : NULL;
}

static void write_secret(char path[64], const char *text, size_t size)
{
    snprintf(path, 64, "/tmp/option_test.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static void write_over(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* If this fails, a password has to stand where every user of the machine sees it, or another one is taken than was meant. */
static void a_secret_may_stand_in_a_file(void **state)
{
    (void)state;
    char path[64], typed[96];
    struct err err = {0};
    struct option_values values;
    write_secret(path, "p w\r\n", 5);
    snprintf(typed, sizeof typed, "--word-file=%s", path);
    char *argv[] = {typed};
    assert_int_equal(option_parse(&syntax, 1, argv, no_environment, &values, &err), STATUS_OK);
    assert_string_equal(get(&values, "word")->text, "p w");
    assert_int_equal(get(&values, "word")->origin, OPTION_FROM_COMMAND_LINE);
    struct option_values again;
    write_over(path, "another\n");
    assert_int_equal(option_parse_again(&values, &again, &err), STATUS_OK);
    assert_string_equal(get(&again, "word")->text, "p w");
    option_values_fini(&again);
    option_values_fini(&values);

    assert_int_equal(parse(word_from_environment, &values, &err, typed, NULL), STATUS_OK);
    assert_string_equal(get(&values, "word")->text, "another"); /* it was typed */
    option_values_fini(&values);
    assert_int_equal(parse(no_environment, &values, &err, typed, "--word=typed"), STATUS_INVALID_ARGUMENT);
    assert_string_equal(err.text, "word and word-file: choose one");
    unlink(path);
    assert_int_equal(parse(no_environment, &values, &err, typed, NULL), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, path));
}

static void what_is_no_secret_is_refused(void **state)
{
    static char longer[5000];
    memset(longer, 'x', sizeof longer);
    const struct {
        const char *text;
        size_t size;
        const char *why;
    } rows[] = {{"", 0, "its first line is empty"},
                {"\n", 1, "its first line is empty"},
                {"s3cret\nmore\n", 12, "it has more than one line"},
                {"s3cret\0x", 8, "it is not text"},
                {longer, sizeof longer, "limit option-secret-size-max"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char path[64], typed[96];
        struct err err = {0};
        struct option_values values;
        write_secret(path, rows[i].text, rows[i].size);
        snprintf(typed, sizeof typed, "--word-file=%s", path);
        assert_int_equal(parse(no_environment, &values, &err, typed, NULL), STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, rows[i].why));
        assert_null(strstr(err.text, "s3cret"));
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_may_be_given_several_times),
        cmocka_unit_test(values_come_from_the_nearest_source),
        cmocka_unit_test(wrong_values_say_what_to_type),
        cmocka_unit_test(wrong_values_name_kind_and_range),
        cmocka_unit_test(a_file_gives_what_the_command_line_did_not),
        cmocka_unit_test(a_wrong_file_is_refused_by_its_line),
        cmocka_unit_test(a_secret_may_stand_in_a_file),
        cmocka_unit_test(what_is_no_secret_is_refused),
        cmocka_unit_test(flags_are_six_words),
        cmocka_unit_test(each_fault_of_a_file_has_its_place),
        cmocka_unit_test(help_shows_only_what_the_command_knows),
        cmocka_unit_test(arguments_without_a_name_are_positionals),
        cmocka_unit_test(wrong_positionals_are_refused),
        cmocka_unit_test(the_last_positional_may_be_repeated),
        cmocka_unit_test(settings_of_several_tables_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
