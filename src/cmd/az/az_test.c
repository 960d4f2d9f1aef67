/* SPDX-License-Identifier: MIT */
/* az_test.c — rows, words, arguments, requests and shapes: what is decided before and after a request. If this fails, a
 * script of the cloud's `az` means something else here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cmd/az/az.h"
#include "cmd/az/parse.h"
#include "cmd/az/request.h"
#include "cmd/az/server.h"
#include "cmd/az/shape.h"
#include "cmd/az/shorthand.h"
#include "wire/json/jmespath.h"

#define SUBSCRIPTION "11111111-2222-3333-4444-555555555555"
#define WORDS_MAX    40

/* A command line; words are separated by "|" here, so that they may hold blanks. */
static int split(const char *line, char *buffer, char **ret_argv)
{
    int argc = 0;
    char *rest = buffer;
    strcpy(buffer, line);
    for (char *word = strsep(&rest, "|"); word && argc < WORDS_MAX; word = strsep(&rest, "|"))
        ret_argv[argc++] = word;
    return *line ? argc : 0;
}

struct typed {
    char buffer[1000];
    char *argv[WORDS_MAX];
    struct az_values values;
    struct buf refusal;
};

static bool parse(struct typed *typed, const char *line, const struct az_presets *presets)
{
    int used = 0;
    int argc = split(line, typed->buffer, typed->argv);
    const struct az_command *command = az_parse_command(argc, typed->argv, &used);
    assert_non_null(command);
    typed->refusal = (struct buf){0};
    return az_parse(command, argc - used, typed->argv + used, presets, &typed->values, &typed->refusal);
}

static void is_refused(const char *line, const char *wanted)
{
    struct typed typed;
    assert_false(parse(&typed, line, NULL));
    if (!bytes_equal_cstr(buf_peek(&typed.refusal), wanted))
        fail_msg("%s\nsays:   %.*s\nwanted: %s", line, BYTES_FMT(buf_peek(&typed.refusal)), wanted);
    buf_fini(&typed.refusal);
}

/* --- rows --- */

/* If this fails, a row has a query or a body that nobody could use, or two arguments that cannot be told apart. */
static void every_row_is_whole(void **state)
{
    (void)state;
    const struct az_command *command;
    size_t count = 0;
    for (; (command = az_row_at(count)) != NULL; count++) {
        const char *const queries[] = {command->select, command->table};
        for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
            struct jmespath *path = NULL;
            if (queries[i])
                assert_int_equal(jmespath_compile(bytes_of_cstr(queries[i]), &path, NULL), STATUS_OK);
            jmespath_destroy(path);
        }
        json_t *body = NULL;
        if (command->body)
            assert_int_equal(json_parse(bytes_of_cstr(command->body), NULL, &body, NULL), STATUS_OK);
        json_decref(body);
        assert_true(command->run || (command->method && command->path));
        assert_non_null(command->summary);
        char words[64];
        assert_true(az_word(command->name, 0, words, sizeof words));

        const struct az_argument *argument, *other;
        for (size_t i = 0; (argument = az_argument_at(command, i)) != NULL; i++) {
            assert_true(i < AZ_ARGUMENTS_MAX);
            assert_non_null(argument->help);
            assert_true(!argument->member || command->body);
            char name[64], second[64];
            for (size_t n = 0; az_word(argument->names, n, name, sizeof name); n++) {
                for (size_t k = i + 1; (other = az_argument_at(command, k)) != NULL; k++) {
                    for (size_t m = 0; az_word(other->names, m, second, sizeof second); m++) {
                        if (strcmp(name, second) == 0)
                            fail_msg("%s: %s twice", command->name, name);
                    }
                }
            }
        }
    }
    assert_true(count > 60);
}

/* --- words --- */

static void words_name_a_command(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name;
    } rows[] = {{"group|create|-n|g", "group create"},
                {"containerapp|create", "containerapp create"},
                {"containerapp|env|create", "containerapp env create"},
                {"login", "login"},
                {"group", NULL},
                {"group|creat", NULL},
                {"", NULL}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[200];
        char *argv[WORDS_MAX];
        int used;
        const struct az_command *command = az_parse_command(split(rows[i].line, buffer, argv), argv, &used);
        assert_true(!command == !rows[i].name);
        if (command)
            assert_string_equal(command->name, rows[i].name);
    }
}

static void a_wrong_word_is_named_with_its_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text;
        int depth;
    } rows[] = {
        {"group|crate", "'crate' is misspelled or not recognized by the system.\nDid you mean 'create' ?", 1},
        {"group|lis", "'lis' is misspelled or not recognized by the system.\nDid you mean 'list' ?", 1},
        {"qqqq|x", "'qqqq' is misspelled or not recognized by the system.", 0},
        {"group", "the following arguments are required: _subcommand", 1},
        {"containerapp|env|-n", "the following arguments are required: _subcommand", 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        char buffer[200];
        char *argv[WORDS_MAX];
        int depth = -1;
        az_parse_say_unknown(split(rows[i].line, buffer, argv), argv, &depth, &text);
        if (!bytes_equal_cstr(buf_peek(&text), rows[i].text) || depth != rows[i].depth)
            fail_msg("%s: %d %.*s", rows[i].line, depth, BYTES_FMT(buf_peek(&text)));
    }
}

/* --- arguments --- */

/* Measured: azure-cli 2.91.0 says the same. */
static void what_is_wrong_is_said_in_the_words_of_az(void **state)
{
    (void)state;
    is_refused("group|create|-n|g1", "the following arguments are required: --location/-l");
    is_refused("group|delete", "the following arguments are required: --name/-n/--resource-group/-g");
    is_refused("group|create|--name", "argument --name/--resource-group/-n/-g: expected one argument");
    is_refused("group|create|-n|g1|--locaton|x|-l|y", "unrecognized arguments: --locaton x");
    is_refused("group|create|-n|g1|-l|y|extra", "unrecognized arguments: extra");
    is_refused("group|list|-o|foo",
               "az group list: 'foo' is not a valid value for '--output'. Allowed values: json, "
               "jsonc, yaml, yamlc, table, tsv, none.");
    is_refused("containerapp|sessionpool|create|-n|p|-g|g|--max-sessions|many",
               "argument --max-sessions: invalid int value: 'many'");
    is_refused("containerapp|sessionpool|create|-n|p|-g|g|--max|1",
               "ambiguous option: --max could match --max-sessions, --max-alive-period");
    is_refused("role|assignment|delete|--ids", "argument --ids: expected at least one argument");
    is_refused("group|delete|-n|g|--yes=1", "argument --yes/-y: ignored explicit argument '1'");
}

static void names_may_be_short_or_joined(void **state)
{
    (void)state;
    static const char *const lines[] = {"group|create|--name|g1|--location|x",
                                        "group|create|-n|g1|-l|x",
                                        "group|create|-ng1|-lx",
                                        "group|create|--name=g1|--loc=x",
                                        "group|create|-n=g1|-l|x",
                                        "group|create|--resource-group|g1|-l|x",
                                        "group|create|-n|other|-l|x|-g|g1"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct typed typed;
        assert_true(parse(&typed, lines[i], NULL));
        assert_string_equal(az_text_of(&typed.values, "name"), "g1");
        assert_string_equal(az_text_of(&typed.values, "location"), "x");
    }
}

static void values_are_what_they_look_like(void **state)
{
    (void)state;
    struct typed typed;
    assert_true(parse(&typed,
                      "containerapp|create|-n|a|-g|g|--environment|e|--env-vars|A=-1|B=2|--target-port|-1|--"
                      "args|-|-x y|-o|TSV|--yes-no",
                      NULL) == false);
    buf_fini(&typed.refusal);
    assert_true(parse(&typed,
                      "containerapp|create|-n|a|-g|g|--environment|e|--env-vars|A=-1|B=2|--target-port|-1|--"
                      "args|-|-x y|-o|TSV",
                      NULL));
    assert_int_equal(az_value_of(&typed.values, "env-vars")->count, 2);
    assert_int_equal(az_value_of(&typed.values, "args")->count, 2);
    assert_string_equal(az_text_of(&typed.values, "target-port"), "-1");
    assert_string_equal(az_text_of(&typed.values, "output"), "tsv"); /* choices in any case */
    assert_string_equal(az_text_of(&typed.values, "revisions-mode"), "single");
    assert_null(az_text_of(&typed.values, "image"));
    assert_null(az_text_of(&typed.values, "no-such"));
    assert_true(parse(&typed, "containerapp|logs|show|-n|a|-g|g|--follow", NULL));
    assert_true(az_flag_of(&typed.values, "follow"));
    assert_true(parse(&typed, "containerapp|logs|show|-n|a|-g|g|--follow|FALSE", NULL));
    assert_false(az_flag_of(&typed.values, "follow"));
}

static void presets_stand_behind_what_is_typed(void **state)
{
    (void)state;
    struct typed typed;
    const struct az_presets presets = {.group = "preset", .location = "there"};
    assert_true(parse(&typed, "durabletask|scheduler|create|-n|s", &presets));
    assert_string_equal(az_text_of(&typed.values, "resource-group"), "preset");
    assert_string_equal(az_text_of(&typed.values, "location"), "there");
    assert_true(parse(&typed, "durabletask|scheduler|create|-n|s|-g|typed", &presets));
    assert_string_equal(az_text_of(&typed.values, "resource-group"), "typed");
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    static char word[] = "x";
    static char flag[] = "--tags";
    char *argv[AZ_TEXTS_MAX + 10];
    struct az_values values;
    CLEANUP(buf_fini) struct buf refusal = {0};
    char *name[] = {(char[]){"group"}, (char[]){"create"}};
    int used;
    const struct az_command *command = az_parse_command(2, name, &used);
    argv[0] = flag;
    for (size_t i = 1; i < ARRAY_SIZE(argv); i++)
        argv[i] = word;
    assert_false(az_parse(command, ARRAY_SIZE(argv), argv, NULL, &values, &refusal));
    assert_true(bytes_equal_cstr(buf_peek(&refusal), "argument --tags: too many values"));
}

/* --- requests --- */

static void a_path_is_made_of_the_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *line, *path;
    } rows[] = {
        {"group|show|-n|g", "/subscriptions/" SUBSCRIPTION "/resourcegroups/g?api-version=2024-11-01"},
        {"durabletask|taskhub|show|-n|h|--scheduler-name|s|-g|g",
         "/subscriptions/" SUBSCRIPTION
         "/resourceGroups/g/providers/Microsoft.DurableTask/schedulers/s/taskHubs/h?api-version=2025-11-01"},
        {"identity|list",
         "/subscriptions/" SUBSCRIPTION
         "/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2023-01-31"},
        {"identity|list|-g|a/../b",
         "/subscriptions/" SUBSCRIPTION "/resourceGroups/a%2F..%2Fb/providers/"
         "Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2023-01-31"},
        {"ad|user|show|--id|ann@example.org", "/v1.0/users/ann%40example.org"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct typed typed;
        CLEANUP(buf_fini) struct buf path = {0};
        assert_true(parse(&typed, rows[i].line, NULL));
        const struct az_command *command = typed.values.command;
        assert_int_equal(
            az_request_path(&typed.values, command->path, command->version, SUBSCRIPTION, &path, NULL),
            STATUS_OK);
        if (!bytes_equal_cstr(buf_peek(&path), rows[i].path))
            fail_msg("%s: %.*s", rows[i].line, BYTES_FMT(buf_peek(&path)));
    }
    struct typed typed;
    CLEANUP(buf_fini) struct buf path = {0};
    assert_true(parse(&typed, "group|show|-n|", NULL)); /* an empty name is no group */
    assert_int_equal(
        az_request_path(&typed.values, typed.values.command->path, NULL, SUBSCRIPTION, &path, NULL),
        STATUS_INVALID_ARGUMENT);
}

static void a_body_is_made_of_the_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *line, *body;
    } rows[] = {
        {"group|create|-n|g|-l|West US 2|--tags|a=b|c|d=e=f",
         "{\"location\":\"westus2\",\"tags\":{\"a\":\"b\",\"c\":\"\",\"d\":\"e=f\"}}"},
        {"group|update|-n|g|--tags|", "{\"tags\":{}}"},
        {"group|update|--tags|-n|g", "{\"tags\":{}}"}, /* its argparse has nargs='*' for them */
        {"durabletask|scheduler|create|-n|s|-g|g",
         "{\"properties\":{\"ipAllowlist\":[\"0.0.0.0/0\"],\"sku\":{\"name\":\"Consumption\"}}}"},
        {"durabletask|scheduler|update|-n|s|-g|g|--ip-allowlist|[10.0.0.0/8,::1]|--sku-capacity|2",
         "{\"properties\":{\"ipAllowlist\":[\"10.0.0.0/8\",\"::1\"],\"sku\":{\"capacity\":2}}}"},
        {"durabletask|scheduler|update|-n|s|-g|g|--ip-allowlist|10.0.0.0/8|::1",
         "{\"properties\":{\"ipAllowlist\":[\"10.0.0.0/8\",\"::1\"]}}"},
        {"durabletask|scheduler|update|-n|s|-g|g|--ip-allowlist|[]", "{\"properties\":{\"ipAllowlist\":[]}}"},
        {"containerapp|sessionpool|update|-n|p|-g|g|--max-sessions|7|--network-status|egressenabled",
         "{\"properties\":{\"scaleConfiguration\":{\"maxConcurrentSessions\":7},"
         "\"sessionNetworkConfiguration\":{"
         "\"status\":\"EgressEnabled\"}}}"},
        {"containerapp|update|-n|a|-g|g|--min-replicas|0",
         "{\"properties\":{\"template\":{\"scale\":{\"minReplicas\":0}}}}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct typed typed;
        json_t *body = NULL;
        json_t *wanted = json_loads(rows[i].body, 0, NULL);
        assert_non_null(wanted);
        assert_true(parse(&typed, rows[i].line, NULL));
        assert_int_equal(az_request_body(&typed.values, SUBSCRIPTION, &body, NULL), STATUS_OK);
        char *text = json_dumps(body, JSON_COMPACT);
        if (!json_equal(body, wanted))
            fail_msg("%s: %s", rows[i].line, text);
        free(text);
        json_decref(body);
        json_decref(wanted);
    }
    struct typed typed;
    json_t *body = NULL;
    assert_true(parse(&typed, "durabletask|scheduler|update|-n|s|-g|g|--ip-allowlist|[a", NULL));
    assert_int_equal(az_request_body(&typed.values, SUBSCRIPTION, &body, NULL), STATUS_MALFORMED);
    assert_true(parse(&typed, "containerapp|sessionpool|create|-n|p|-g|g|--environment|e", NULL));
    assert_int_equal(az_request_body(&typed.values, SUBSCRIPTION, &body, NULL), STATUS_OK);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(body, "properties"), "environmentId")),
        "/subscriptions/" SUBSCRIPTION "/resourceGroups/g/providers/Microsoft.App/managedEnvironments/e");
    json_decref(body);
}

static void shorthand_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"[a,b]", "[\"a\",\"b\"]"},
        {"{a:1,b:[true,null,x y],c:{d:'e,f'}}", "{\"a\":1,\"b\":[true,null,\"x y\"],\"c\":{\"d\":\"e,f\"}}"},
        {"['it''s',\"a\\\"b\"]", "[\"it's\",\"a\\\"b\"]"},
        {"[]", "[]"},
        {"{\"a\": 1.5}", "{\"a\": 1.5}"},
        {"[::1/128,10.0.0.0/8]", "[\"::1/128\",\"10.0.0.0/8\"]"}};
    static const char *const wrong[] = {"[a",  "{a}",  "{a:}", "[a]b",
                                        "['a", "{:1}", "[a,]", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *value = NULL;
        json_t *wanted = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        assert_int_equal(shorthand_parse(bytes_of_cstr(rows[i].text), &value, NULL), STATUS_OK);
        assert_true(json_equal(value, wanted));
        json_decref(value);
        json_decref(wanted);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        json_t *value = NULL;
        if (shorthand_parse(bytes_of_cstr(wrong[i]), &value, NULL) == STATUS_OK)
            fail_msg("%s was taken", wrong[i]);
    }
}

/* --- answers --- */

static void an_answer_gets_the_shape_that_az_shows(void **state)
{
    (void)state;
    const struct az_command flat = {.flat = true, .nulls = "tags more", .drops = "systemData"};
    const struct az_command list = {.select = "value"};
    json_t *answer = json_loads("{\"id\":\"/subscriptions/s/resourceGroups/g1/providers/p/t/"
                                "n\",\"type\":\"outer\",\"systemData\":{},\"properties\":{"
                                "\"type\":\"inner\",\"clientId\":\"c\",\"provisioningState\":\"Succeeded\"}}",
                                0, NULL);
    json_t *wanted = json_loads("{\"id\":\"/subscriptions/s/resourceGroups/g1/providers/p/t/"
                                "n\",\"type\":\"outer\",\"clientId\":\"c\","
                                "\"tags\":null,\"more\":null,\"resourceGroup\":\"g1\"}",
                                0, NULL);
    json_t *shown = NULL;
    assert_int_equal(az_shape(&flat, answer, &shown, NULL), STATUS_OK);
    assert_true(json_equal(shown, wanted));
    json_decref(shown);
    json_decref(answer);
    json_decref(wanted);
    answer = json_loads("{\"value\":[{\"id\":\"/subscriptions/s/resourceGroups/g1\"}]}", 0, NULL);
    assert_int_equal(az_shape(&list, answer, &shown, NULL), STATUS_OK);
    assert_int_equal(json_array_size(shown), 1);
    assert_null(json_object_get(json_array_get(shown, 0), "resourceGroup")); /* a group is not in itself */
    json_decref(shown);
    json_decref(answer);
}

/* If this fails, a token passes a network in clear text. */
static void secrets_go_over_tls_or_stay_on_this_machine(void **state)
{
    (void)state;
    static const char *const may[] = {"https://a.example",  "http://localhost:8080", "http://127.0.0.1/x",
                                      "http://127.9.9.9:1", "http://[::1]:80/",      "HTTPS://x",
                                      "http://LOCALHOST"};
    static const char *const may_not[] = {"http://a.example",
                                          "http://localhost.evil",
                                          "http://127.0.0.1.evil",
                                          "http://[::2]",
                                          "http://128.0.0.1",
                                          "http://localhost@evil",
                                          "http://127.0.0.1@evil",
                                          "ftp://localhost",
                                          "http://[::1]evil",
                                          "localhost",
                                          "",
                                          "http://",
                                          "http://localhost:80@evil"};
    for (size_t i = 0; i < ARRAY_SIZE(may); i++) {
        if (!az_server_may_have_secrets(may[i]))
            fail_msg("%s", may[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(may_not); i++) {
        if (az_server_may_have_secrets(may_not[i]))
            fail_msg("%s", may_not[i]);
    }
}

/* --- completion --- */

static void is_offered(const char *line, const char *wanted)
{
    CLEANUP(buf_fini) struct buf out = {0};
    char buffer[200];
    char *argv[WORDS_MAX];
    az_complete(split(line, buffer, argv), argv, &out);
    if (!bytes_equal_cstr(buf_peek(&out), wanted))
        fail_msg("%s\noffers: %.*s\nwanted: %s", line, BYTES_FMT(buf_peek(&out)), wanted);
}

static void the_rows_are_what_is_offered(void **state)
{
    (void)state;
    is_offered("gr", "group\n");
    is_offered("group|", "create\nshow\nlist\nexists\nupdate\ndelete\n");
    is_offered("containerapp|e", "env\n");
    is_offered("containerapp|sessionpool|create|--max", "--max-sessions\n--max-alive-period\n");
    is_offered("group|list|-o|t", "table\ntsv\n");
    is_offered("containerapp|sessionpool|create|--container-type|",
               "PythonLTS\nNodeLTS\nShell\nCustomContainer\n");
    is_offered("group|create|--name|", "");
    is_offered("nothing|", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(words_name_a_command),
        cmocka_unit_test(a_wrong_word_is_named_with_its_nearest),
        cmocka_unit_test(what_is_wrong_is_said_in_the_words_of_az),
        cmocka_unit_test(names_may_be_short_or_joined),
        cmocka_unit_test(values_are_what_they_look_like),
        cmocka_unit_test(presets_stand_behind_what_is_typed),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_path_is_made_of_the_arguments),
        cmocka_unit_test(a_body_is_made_of_the_arguments),
        cmocka_unit_test(shorthand_is_read),
        cmocka_unit_test(an_answer_gets_the_shape_that_az_shows),
        cmocka_unit_test(secrets_go_over_tls_or_stay_on_this_machine),
        cmocka_unit_test(the_rows_are_what_is_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
