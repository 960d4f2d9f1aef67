/* SPDX-License-Identifier: MIT */
/* template_test.c — if these fail, a template makes something else than it says, or one of a few lines holds the server up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/template/relaxed.h"
#include "core/template/template.h"

#define GROUP "/subscriptions/s-1/resourceGroups/g-1"

static const struct template_place place = {.subscription = "s-1",
                                            .tenant = "t-1",
                                            .group = "g-1",
                                            .group_location = "local",
                                            .name = "d-1",
                                            .url = "http://here"};

/* There is one resource outside of the template, and one inside that is not made yet. */
static enum status refer(void *context, struct bytes id, bool full, json_t **ret_value, struct err *err)
{
    (void)context;
    if (bytes_equal_cstr(id, "later"))
        return err_set(err, STATUS_UNAVAILABLE, "not made yet");
    if (!bytes_equal_cstr(id, "there"))
        return err_set(err, STATUS_NOT_FOUND, "no such resource");
    *ret_value = full ? json_pack("{s:s, s:{s:s}}", "location", "local", "properties", "endpoint", "http://x")
                      : json_pack("{s:s}", "endpoint", "http://x");
    return STATUS_OK;
}

/* No hash, but other bytes for other texts. */
static void sha1(void *context, struct bytes text, uint8_t ret_hash[20])
{
    (void)context;
    uint32_t sum = 7;
    for (size_t i = 0; i < text.size; i++)
        sum = sum * 31 + text.data[i];
    for (size_t i = 0; i < 20; i++, sum = sum * 1664525 + 1013904223)
        ret_hash[i] = (uint8_t)(sum >> 24);
}

static void random_bytes(void *context, uint8_t ret_bytes[16])
{
    (void)context;
    memset(ret_bytes, 0x5a, 16);
}

static const struct template_world world = {
    .refer = refer, .sha1 = sha1, .random = random_bytes, .unix_ns = INT64_C(1764374400000000000)};

/* 'single' quotes stand for double ones where JSON has them; `"` in an expression is written as it is. */
static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_ALLOW_NUL, &error);
    if (!value)
        fail_msg("%s: %s", error.text, text);
    return value;
}

static enum status open_template(const char *text, const char *given, struct deployment_plan **ret,
                                 struct err *err)
{
    CLEANUP(json_release) json_t *parameters = given ? parse(given) : NULL;
    enum status status = template_open(parse(text), parameters, &place, &world, ret, err);
    if (status != STATUS_OK)
        print_message("%s\n", err->text);
    return status;
}

/* The value of one output, as JSON; or the text of the error. */
static const char *value_of(const char *expression)
{
    static char result[4096];
    CLEANUP(json_release)
    json_t *plan =
        json_pack("{s:{s:{s:s, s:s}, s:{s:s, s:[i,i,i]}, s:{s:s, s:{s:s}}}, s:{s:s, s:s, s:s, s:{s:s}, "
                  "s:[{s:s,s:i,s:s}]}, s:[], "
                  "s:{s:{s:s, s:s}}}",
                  "parameters", "name", "type", "string", "defaultValue", "Ann", "list", "type", "array",
                  "defaultValue", 1, 2, 3, "thing", "type", "object", "defaultValue", "inner", "deep",
                  "variables", "plain", "v", "twice", "[concat(variables('plain'), variables('plain'))]",
                  "self", "[variables('self')]", "map", "k", "[parameters('name')]", "copy", "name", "many",
                  "count", 3, "input", "[mul(copyIndex('many'), 2)]", "resources", "outputs", "o", "type",
                  "string", "value", expression);
    struct deployment_plan *opened = NULL;
    struct err err = {0};
    json_t *outputs = NULL;
    enum status status = template_open(json_incref(plan), NULL, &place, &world, &opened, &err);
    if (status == STATUS_OK)
        status = template_outputs(opened, &outputs, &err);
    if (status == STATUS_OK) {
        char *text = json_dumps(json_object_get(json_object_get(outputs, "o"), "value"),
                                JSON_ENCODE_ANY | JSON_COMPACT);
        snprintf(result, sizeof result, "%s", text);
        free(text);
    } else {
        snprintf(result, sizeof result, "%s", err.text);
    }
    json_decref(outputs);
    template_close(opened);
    return result;
}

static void expressions_have_their_values(void **state)
{
    static const char *const rows[][2] = {
        {"text", "\"text\""},
        {"[[text]", "\"[text]\""},
        {"['it''s']", "\"it's\""},
        {"[concat('a', 1, true())]", "\"a1True\""},
        {"[concat(parameters('list'), createArray(4))]", "[1,2,3,4]"},
        {"[format('{0}-{1:N}-{{}}', 'a', 2)]", "\"a-2-{}\""},
        {"[toLower(parameters('NAME'))]", "\"ann\""},
        {"[toUpper('ab')]", "\"AB\""},
        {"[trim('  a ')]", "\"a\""},
        {"[take('abcdef', 2)]", "\"ab\""},
        {"[skip(parameters('list'), 2)]", "[3]"},
        {"[take('ab', 9)]", "\"ab\""},
        {"[substring('abcdef', 2, 3)]", "\"cde\""},
        {"[replace('a-b-c', '-', '')]", "\"abc\""},
        {"[split('a,b;c', createArray(',', ';'))]", "[\"a\",\"b\",\"c\"]"},
        {"[split('a--b', '--')]", "[\"a\",\"b\"]"},
        {"[join(createArray('a', 2), '/')]", "\"a/2\""},
        {"[padLeft(7, 3, '0')]", "\"007\""},
        {"[base64('abc')]", "\"YWJj\""},
        {"[base64ToString('YWJj')]", "\"abc\""},
        {"[uriComponent('a b')]", "\"a%20b\""},
        {"[startsWith('Hello', 'he')]", "true"},
        {"[endsWith('Hello', 'LO')]", "true"},
        {"[indexOf('abc', 'c')]", "2"},
        {"[length('\xc3\xa4"
         "b')]",
         "2"},
        {"[substring('\xc3\xa4"
         "b', 1)]",
         "\"b\""},
        {"[if(equals(1, 1), 'yes', fail())]", "\"yes\""},
        {"[and(true(), not(false()))]", "true"},
        {"[or(false(), equals('a', 'A'))]", "false"},
        {"[coalesce(null(), 'a', fail())]", "\"a\""},
        {"[add(2, 3)]", "5"},
        {"[mod(-7, 3)]", "-1"},
        {"[max(createArray(1, 9, 3))]", "9"},
        {"[range(2, 3)]", "[2,3,4]"},
        {"[int('42')]", "42"},
        {"[bool('TRUE')]", "true"},
        {"[string(createObject('a', 1))]", "\"{\\\"a\\\":1}\""},
        {"[json('{\"a\":[1]}').a[0]]", "1"},
        {"[empty(createArray())]", "true"},
        {"[contains('abc', 'b')]", "true"},
        {"[contains(createObject('Key', 1), 'kEY')]", "true"},
        {"[first('abc')]", "\"a\""},
        {"[last(parameters('list'))]", "3"},
        {"[union(createObject('a', createObject('b', 1)), createObject('a', createObject('c', 2)))]",
         "{\"a\":{\"b\":1,\"c\":2}}"},
        {"[union(createArray(1, 2), createArray(2, 3))]", "[1,2,3]"},
        {"[intersection(createArray(1, 2), createArray(2, 3))]", "[2]"},
        {"[items(createObject('b', 1, 'a', 2))[0].key]", "\"a\""},
        {"[parameters('thing').inner]", "\"deep\""},
        {"[parameters('thing')['INNER']]", "\"deep\""},
        {"[variables('twice')]", "\"vv\""},
        {"[variables('map').k]", "\"Ann\""},
        {"[variables('many')]", "[0,2,4]"},
        {"[resourceId('Microsoft.DurableTask/schedulers/taskHubs', 'a', 'b')]",
         "\"" GROUP "/providers/Microsoft.DurableTask/schedulers/a/taskHubs/b\""},
        {"[resourceId('other', 'Microsoft.App/sessionPools', 'p')]",
         "\"/subscriptions/s-1/resourceGroups/other/providers/Microsoft.App/sessionPools/p\""},
        {"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
         "\"/subscriptions/s-1/providers/Microsoft.Authorization/roleDefinitions/r\""},
        {"[extensionResourceId('/x', 'Microsoft.Authorization/roleAssignments', 'r')]",
         "\"/x/providers/Microsoft.Authorization/roleAssignments/r\""},
        {"[resourceGroup().location]", "\"local\""},
        {"[subscription().subscriptionId]", "\"s-1\""},
        {"[tenant().tenantId]", "\"t-1\""},
        {"[deployment().name]", "\"d-1\""},
        {"[environment().resourceManager]", "\"http://here\""},
        {"[reference('there').endpoint]", "\"http://x\""},
        {"[reference('there', '2024-01-01', 'Full').location]", "\"local\""},
        {"[equals(uniqueString('a'), uniqueString('a'))]", "true"},
        {"[equals(uniqueString('a'), uniqueString('b'))]", "false"},
        {"[length(uniqueString(resourceGroup().id))]", "13"},
        {"[equals(guid('a', 'b'), guid('a', 'b'))]", "true"},
        {"[substring(guid('a'), 14, 1)]", "\"5\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(value_of(rows[i][0]), rows[i][1]);
    (void)state;
}

static void what_is_wrong_is_said(void **state)
{
    static const char *const rows[][2] = {
        {"[nothing('a')]", "the template function 'nothing' is not known here"},
        {"[concat('a'", "\"[concat('a'\""}, /* no bracket at its end: a text */
        {"[concat('a']", "missing"},
        {"[concat('a) ]", "no quote"},
        {"[concat('a') b]", "behind its end"},
        {"[parameters('none')]", "there is no parameter 'none'"},
        {"[variables('none')]", "there is no variable 'none'"},
        {"[variables('self')]", "needs itself"},
        {"[parameters('thing').none]", "there is no member 'none'"},
        {"[parameters('list')[9]]", "there is no item 9"},
        {"[parameters('list').a]", "only an object has members"},
        {"[add('a', 1)]", "argument 1 must be a whole number"},
        {"[div(1, 0)]", "no whole number"},
        {"[mul(9223372036854775807, 2)]", "no whole number"},
        {"[substring('abc', 2, 2)]", "not within"},
        {"[format('{1}', 'a')]", "names no argument"},
        {"[resourceId('Microsoft.App/sessionPools', 'a', 'b')]", "another number of parts"},
        {"[reference('none')]", "no such resource"},
        {"[copyIndex()]", "in no loop"},
        {"[newGuid()]", "default of a parameter"},
        {"[utcNow()]", "default of a parameter"},
        {"[if('a', 1, 2)]", "must be true or false"},
        {"[json('{')]", "not JSON"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_non_null(strstr(value_of(rows[i][0]), rows[i][1]));
    (void)state;
}

/* Each doubles what the one before has: a few lines that would come to 2^60. */
static void values_that_double_are_held_up(void **state)
{
    static const char *const doublings[][3] = {
        {"concat(", "", ", "}, {"createArray(", "", ", "}, {"createObject(", "'a', ", ", 'b', "}};
    for (size_t kind = 0; kind < ARRAY_SIZE(doublings); kind++) {
        CLEANUP(buf_fini) struct buf text = {0};
        struct deployment_plan *plan = NULL;
        struct err err = {0};
        json_t *outputs = NULL;
        buf_append_cstr(&text, "{\"resources\":[],\"variables\":{\"v0\":\"0123456789\"");
        for (int i = 1; i <= 30; i++) {
            char one[32];
            snprintf(one, sizeof one, "variables('v%d')", i - 1);
            const char *const *words = doublings[kind];
            buf_append_fmt(&text, ",\"v%d\":\"[%s%s%s%s%s)]\"", i, words[0], words[1], one, words[2], one);
        }
        buf_append_cstr(&text,
                        "},\"outputs\":{\"o\":{\"type\":\"string\",\"value\":\"[variables('v30')]\"}}}");
        buf_append_byte(&text, '\0');
        assert_int_equal(open_template((const char *)text.data, NULL, &plan, &err), STATUS_OK);
        assert_int_equal(template_outputs(plan, &outputs, &err), STATUS_TOO_LARGE);
        template_close(plan);
    }
    (void)state;
}

static void parameters_are_held_against_the_template(void **state)
{
    static const char text[] =
        "{\"parameters\":{\"n\":{\"type\":\"int\",\"minValue\":1,\"maxValue\":3},"
        "\"s\":{\"type\":\"string\",\"defaultValue\":\"a\",\"allowedValues\":[\"a\",\"b\"]},"
        "\"p\":{\"type\":\"secureString\",\"defaultValue\":\"[newGuid()]\"}},\"resources\":[]}";
    static const struct {
        const char *given, *said;
    } rows[] = {
        {"{\"n\":{\"value\":2}}", NULL},
        {"{\"N\":{\"value\":2},\"s\":{\"value\":\"b\"}}", NULL},
        {"{}", "has no value"},
        {"{\"n\":{\"value\":4}}", "not one that the template allows"},
        {"{\"n\":{\"value\":\"2\"}}", "is not a int"},
        {"{\"n\":{\"value\":2},\"s\":{\"value\":\"c\"}}", "not one that the template allows"},
        {"{\"n\":{\"value\":2},\"x\":{\"value\":1}}", "has no parameter 'x'"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct deployment_plan *plan = NULL;
        struct err err = {0};
        enum status status = open_template(text, rows[i].given, &plan, &err);
        assert_int_equal(status == STATUS_OK, rows[i].said == NULL);
        if (rows[i].said)
            assert_non_null(strstr(err.text, rows[i].said));
        if (status == STATUS_OK) {
            CLEANUP(json_release) json_t *shown = template_parameters(plan);
            assert_null(json_object_get(json_object_get(shown, "p"), "value"));
            assert_non_null(json_object_get(json_object_get(shown, "n"), "value"));
        }
        template_close(plan);
    }
    (void)state;
}

static const char resources[] =
    "{\"variables\":{\"n\":2},\"resources\":["
    "{\"type\":\"Microsoft.DurableTask/schedulers/taskHubs\",\"apiVersion\":\"2025-11-01\",\"name\":\"one/"
    "hub\","
    "\"dependsOn\":[\"[resourceId('Microsoft.DurableTask/schedulers', 'one')]\"],\"properties\":{}},"
    "{\"type\":\"Microsoft.DurableTask/"
    "schedulers\",\"apiVersion\":\"2025-11-01\",\"name\":\"one\",\"location\":\"local\","
    "\"properties\":{\"later\":\"[reference('later').x]\"},"
    "\"resources\":[{\"type\":\"taskHubs\",\"apiVersion\":\"2025-11-01\",\"name\":\"child\"}]},"
    "{\"type\":\"Microsoft.App/sessionPools\",\"apiVersion\":\"2025-07-01\",\"name\":\"[format('p{0}', "
    "copyIndex(1))]\","
    "\"copy\":{\"name\":\"pools\",\"count\":\"[variables('n')]\"},\"location\":\"local\","
    "\"properties\":{\"copy\":[{\"name\":\"list\",\"count\":2,\"input\":\"[copyIndex('list')]\"}],\"own\":\"["
    "copyIndex()]\"}},"
    "{\"type\":\"Microsoft.App/"
    "sessionPools\",\"apiVersion\":\"2025-07-01\",\"name\":\"none\",\"condition\":false},"
    "{\"type\":\"Microsoft.Authorization/roleAssignments\",\"apiVersion\":\"2022-04-01\",\"name\":\"r\","
    "\"scope\":\"Microsoft.App/sessionPools/p1\",\"dependsOn\":[\"pools\",\"none\"]},"
    "{\"type\":\"Microsoft.App/sessionPools/providers/roleAssignments\",\"apiVersion\":\"2022-04-01\","
    "\"name\":\"p1/Microsoft.Authorization/q\"}]}";

static const char *body_of(struct deployment_plan *plan, size_t i)
{
    static char result[1024];
    json_t *body = NULL;
    struct err err = {0};
    if (template_body(plan, (&plan->resources[i]), &body, &err) != STATUS_OK)
        return strcpy(result, err.text);
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(result, sizeof result, "%s", text);
    free(text);
    json_decref(body);
    return result;
}

static void resources_have_ids_and_an_order(void **state)
{
    static const char *const ids[] = {
        GROUP "/providers/Microsoft.DurableTask/schedulers/one/taskHubs/hub",
        GROUP "/providers/Microsoft.DurableTask/schedulers/one",
        GROUP "/providers/Microsoft.DurableTask/schedulers/one/taskHubs/child",
        GROUP "/providers/Microsoft.App/sessionPools/p1",
        GROUP "/providers/Microsoft.App/sessionPools/p2",
        GROUP "/providers/Microsoft.App/sessionPools/none",
        "/subscriptions/s-1/resourceGroups/g-1/providers/Microsoft.App/sessionPools/p1/providers/"
        "Microsoft.Authorization/roleAssignments/r",
        GROUP "/providers/Microsoft.App/sessionPools/p1/providers/Microsoft.Authorization/roleAssignments/q",
    };
    struct deployment_plan *plan = NULL;
    struct err err = {0};
    assert_int_equal(open_template(resources, NULL, &plan, &err), STATUS_OK);
    assert_int_equal(plan->resource_count, ARRAY_SIZE(ids));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_string_equal((&plan->resources[i])->id, ids[i]);
    assert_false(template_is_due(plan, (&plan->resources[0])));
    assert_true(template_is_due(plan, (&plan->resources[1])));
    assert_false(template_is_due(plan, (&plan->resources[2]))); /* a child */
    assert_false(template_is_due(plan, (&plan->resources[6]))); /* a loop */
    (&plan->resources[1])->phase = TEMPLATE_MADE;
    assert_true(template_is_due(plan, (&plan->resources[0])));
    assert_true(template_is_due(plan, (&plan->resources[2])));
    (&plan->resources[3])->phase = TEMPLATE_MADE;
    assert_false(template_is_due(plan, (&plan->resources[6])));
    (&plan->resources[4])->phase = TEMPLATE_MADE;
    assert_true(template_is_due(plan, (&plan->resources[6])));
    assert_int_equal((&plan->resources[5])->phase, TEMPLATE_LEFT_OUT);
    assert_string_equal(body_of(plan, 4),
                        "{\"location\":\"local\",\"properties\":{\"list\":[0,1],\"own\":1}}");
    assert_non_null(strstr(body_of(plan, 1), "not made yet"));
    template_close(plan);
    (void)state;
}

static void templates_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"[]", "must be an object"},
        {"{\"resources\":3}", "must be an array or an object"},
        {"{\"resources\":[3]}", "must be an object"},
        {"{\"resources\":[{\"type\":\"a/b\",\"name\":\"c\"}]}", "no 'apiVersion'"},
        {"{\"resources\":[{\"type\":\"a/b\",\"apiVersion\":\"1\",\"name\":\"c/d\"}]}",
         "another number of parts"},
        {"{\"resources\":[{\"type\":\"a/b\",\"apiVersion\":\"1\",\"name\":\"c\",\"dependsOn\":[\"x\"]}]}",
         "depends on 'x'"},
        {"{\"resources\":[{\"type\":\"a/"
         "b\",\"apiVersion\":\"1\",\"name\":\"c\",\"copy\":{\"name\":\"l\",\"count\":801}}]}",
         "0 to 800 rounds"},
        {"{\"functions\":[{}],\"resources\":[]}", "'functions' is not known"},
        {"{\"parameters\":{\"a\":{\"type\":\"colour\"}},\"resources\":[]}", "has no value"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct deployment_plan *plan = NULL;
        struct err err = {0};
        assert_int_not_equal(open_template(rows[i].text, NULL, &plan, &err), STATUS_OK);
        assert_non_null(strstr(err.text, rows[i].said));
    }
    (void)state;
}

static void symbols_are_names_of_resources(void **state)
{
    static const char text[] =
        "{\"languageVersion\":\"2.0\",\"resources\":{"
        "\"a\":{\"type\":\"x/y\",\"apiVersion\":\"1\",\"name\":\"n\",\"existing\":true},"
        "\"b\":{\"type\":\"x/y\",\"apiVersion\":\"1\",\"name\":\"m\",\"dependsOn\":[\"a\"]}}}";
    struct deployment_plan *plan = NULL;
    struct err err = {0};
    (void)state;
    assert_int_equal(open_template(text, NULL, &plan, &err), STATUS_OK);
    assert_int_equal((&plan->resources[0])->phase, TEMPLATE_LEFT_OUT);
    assert_true(template_is_due(plan, (&plan->resources[1])));
    assert_ptr_equal(template_find(plan, BYTES_LITERAL("b")), (&plan->resources[1]));
    template_close(plan);
}

/* The first is how the cloud's az puts a template's text into its request. */
static void json_as_people_write_it_is_read(void **state)
{
    static const char *const rows[][2] = {
        {"{\"properties\": {\"mode\": \"Incremental\", template:{ \"a\": 1 }}}",
         "{\"properties\":{\"mode\":\"Incremental\",\"template\":{\"a\":1}}}"},
        {"{ // one\n\"a\": 1, /* two */ \"b\": [1, 2, ], }", "{\"a\":1,\"b\":[1,2]}"},
        {"{\"a\": \"// no comment /* */ , } \\\" template: \"}",
         "{\"a\":\"// no comment /* */ , } \\\" template: \"}"},
        {"{\"a\": \"two\nlines\"}", "{\"a\":\"two\\nlines\"}"},
        {"{$x : true, y: null, z: -1.5e3}", "{\"$x\":true,\"y\":null,\"z\":-1500.0}"},
        {"[1,2] // end", "[1,2]"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf strict = {0};
        json_t *value = NULL;
        relaxed_to_json(bytes_of_cstr(rows[i][0]), &strict);
        assert_int_equal(json_parse(buf_peek(&strict), NULL, &value, NULL), STATUS_OK);
        char *text = json_dumps(value, JSON_COMPACT);
        assert_string_equal(text, rows[i][1]);
        free(text);
        json_decref(value);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_have_their_values),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(values_that_double_are_held_up),
        cmocka_unit_test(parameters_are_held_against_the_template),
        cmocka_unit_test(resources_have_ids_and_an_order),
        cmocka_unit_test(templates_that_cannot_be_are_refused),
        cmocka_unit_test(symbols_are_names_of_resources),
        cmocka_unit_test(json_as_people_write_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
