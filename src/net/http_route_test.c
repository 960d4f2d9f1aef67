/* SPDX-License-Identifier: MIT */
/* http_route_test.c — patterns and rows, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/http_openapi.h"
#include "wire/json/json.h"

static void a_pattern_matches_words_and_values(void **state)
{
    static const struct {
        const char *pattern, *path, *value;
        bool matches;
    } cases[] = {
        {"/", "/", NULL, true},
        {"/", "", NULL, true},
        {"/", "/a", NULL, false},
        {"/code/execute", "//Code///EXECUTE/", NULL, true},
        {"/code/execute", "/code", NULL, false},
        {"/code/execute", "/code/execute/x", NULL, false},
        {"/v1/requests/{id}", "/v1/requests/a%20b", "a%20b", true},
        {"/v1/requests/{id}", "/v1/requests", NULL, false},
        {"/v1/requests/{id}", "/v1/requests/", NULL, false},
        {"/v1/requests/{id}", "/v1/requests/a/b", NULL, false},
        {"/v1/requests/{id}/decision", "/v1/requests/a/decision/", "a", true},
        {"/v1/requests/{id}/decision", "/v1/requests/decision", NULL, false},
        {"/files/{name*}", "/files/a", "a", true},
        {"/files/{name*}", "/files//a//b/", "/a//b", true},
        {"/files/{name*}", "/files//", NULL, false},
        {"/files/{name*}", "/files", NULL, false},
        {"/files/{name*}/content", "/files/a/b/content", "a/b", true},
        {"/files/{name*}/content", "/files/a//CONTENT/", "a", true},
        {"/files/{name*}/content", "/files/content", NULL, false},
        {"/files/{name*}/content", "/files/a/contents", NULL, false},
        {"/files/{name*}/content", "/files/content/content", "content", true},
        {"/files/content/{name*}", "/files/content/x/y", "x/y", true},
        {"/files/content/{name*}", "/files/content", NULL, false},
        {"/a", "*", NULL, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bytes values[HTTP_PATTERN_VALUES] = {0};
        bool matches = http_pattern_match(cases[i].pattern, bytes_of_cstr(cases[i].path), values);
        if (matches != cases[i].matches || !bytes_equal_cstr(values[0], cases[i].value))
            fail_msg("%s against %s: %d '%.*s'", cases[i].pattern, cases[i].path, matches,
                     BYTES_FMT(values[0]));
    }
}

static void a_pattern_has_two_values_at_most_in_their_order(void **state)
{
    static const char pattern[] = "/orchestrations/{id}/executions/{executionId}/history";
    struct bytes values[HTTP_PATTERN_VALUES] = {0};
    assert_false(http_pattern_match(pattern, BYTES_LITERAL("/orchestrations/a/executions/history"), values));
    assert_true(
        http_pattern_match(pattern, BYTES_LITERAL("/orchestrations/a%2Fb/Executions/c/history"), values));
    assert_true(bytes_equal_cstr(values[0], "a%2Fb"));
    assert_true(bytes_equal_cstr(values[1], "c"));
    assert_true(http_pattern_match("/orchestrations/{id}", BYTES_LITERAL("/orchestrations/a"), values));
    assert_null(values[1].data);
}

static void a_long_value_may_stand_behind_another(void **state)
{
    static const char pattern[] = "/requests/{id}/files/{path*}";
    struct bytes values[HTTP_PATTERN_VALUES] = {0};
    assert_false(http_pattern_match(pattern, BYTES_LITERAL("/requests/a/files"), values));
    assert_false(http_pattern_match(pattern, BYTES_LITERAL("/requests/a/inputs/b"), values));
    assert_true(http_pattern_match(pattern, BYTES_LITERAL("/requests/a/files/b%20c//d"), values));
    assert_true(bytes_equal_cstr(values[0], "a"));
    assert_true(bytes_equal_cstr(values[1], "b%20c//d"));
}

static void handle(void *context, struct http_request *request)
{
}

#define ROUTE(m, p)                                                                                          \
    {                                                                                                        \
        .method = m, .pattern = p, .query = "", .access = ACCESS_READ, .handle = handle, .summary = p        \
    }
static const struct http_route front[] = {ROUTE("GET", "/"), ROUTE("GET", "/healthz")};
static const struct http_route app[] = {ROUTE("GET", "/v1/{id}"), ROUTE("DELETE", "/v1/{id}"),
                                        ROUTE("POST", "/v1/new")};
static const struct http_route pool[] = {ROUTE("GET", "/files/content/{name*}"),
                                         ROUTE("GET", "/files/{name*}/content"),
                                         ROUTE("GET", "/files/{name*}"), ROUTE("POST", "/session")};
#define PART(n, ...)                                                                                         \
    {                                                                                                        \
        .name = #n, .routes = n, .route_count = ARRAY_SIZE(n), __VA_ARGS__                                   \
    }
static const struct http_part together[] = {PART(front, .prefix = ""), PART(app, .prefix = "", .claims = ""),
                                            PART(pool, .prefix = "/pools/{}", .claims = "/pools/")};
static const struct http_part alone[] = {PART(front, .prefix = ""),
                                         PART(pool, .prefix = "/pools/{}", .claims = "", .anywhere = true)};

static const struct http_route wide[] = {ROUTE("GET", "/pools/{rest*}"), ROUTE("PUT", "/pools/{rest*}")};
static const struct http_part beside[] = {PART(wide, .prefix = "", .wide = true, .claims = "/wide/"),
                                          PART(pool, .prefix = "/pools/{}", .claims = "/pools/")};

struct row {
    const struct http_part *parts;
    size_t count;
    const char *method, *path;
    const char *part, *route, *prefix, *value, *methods;
};

static void check(const struct row *row)
{
    struct bytes path = bytes_of_cstr(row->path);
    struct http_match match = http_route_find(row->parts, row->count, bytes_of_cstr(row->method), path);
    CLEANUP(buf_fini) struct buf methods = {0};
    http_route_methods(&match, path, &methods);
    bool same =
        (row->part ? match.part && strcmp(match.part->name, row->part) == 0 : !match.part) &&
        (row->route ? match.route && strcmp(match.route->pattern, row->route) == 0 : !match.route) &&
        bytes_equal_cstr(match.prefix, row->prefix) && bytes_equal_cstr(match.values[0], row->value) &&
        bytes_equal_cstr(buf_peek(&methods), row->methods) && match.path_known == (row->methods != NULL);
    if (!same)
        fail_msg("%s %s: part %s route %s prefix '%.*s' value '%.*s' methods '%.*s'", row->method, row->path,
                 match.part ? match.part->name : "-", match.route ? match.route->pattern : "-",
                 BYTES_FMT(match.prefix), BYTES_FMT(match.values[0]), BYTES_FMT(buf_peek(&methods)));
}

static void a_path_names_a_row_of_a_part(void **state)
{
    static const struct row rows[] = {
#define TOGETHER together, ARRAY_SIZE(together)
#define ALONE    alone, ARRAY_SIZE(alone)
#define BESIDE   beside, ARRAY_SIZE(beside)
        {BESIDE, "POST", "/pools/p/session", "pool", "/session", "/pools/p", NULL, "POST"},
        {BESIDE, "GET", "/pools/p/nothing", "pool", NULL, NULL, NULL, NULL},
        {BESIDE, "PUT", "/pools/p", "pool", NULL, NULL, NULL, NULL},
        {TOGETHER, "GET", "/", "front", "/", NULL, NULL, "GET, HEAD"},
        {TOGETHER, "HEAD", "/Healthz/", "front", "/healthz", NULL, NULL, "GET, HEAD"},
        {TOGETHER, "POST", "/healthz", "front", NULL, NULL, NULL, "GET, HEAD"},
        {TOGETHER, "get", "/healthz", "front", NULL, NULL, NULL, "GET, HEAD"},
        {TOGETHER, "GET", "/healthz/x", "app", NULL, NULL, NULL, NULL},
        {TOGETHER, "DELETE", "/v1/a", "app", "/v1/{id}", NULL, "a", "GET, HEAD, DELETE"},
        {TOGETHER, "POST", "/v1/new", "app", "/v1/new", NULL, NULL, "GET, HEAD, DELETE, POST"},
        {TOGETHER, "POST", "/session", "app", NULL, NULL, NULL, NULL},
        {TOGETHER, "POST", "/pools/p/session", "pool", "/session", "/pools/p", NULL, "POST"},
        {TOGETHER, "POST", "//pools//p//session", "pool", "/session", "//pools//p", NULL, "POST"},
        {TOGETHER, "POST", "/pools/p/x/session", "pool", NULL, NULL, NULL, NULL},
        {TOGETHER, "POST", "/pools/session", "pool", NULL, NULL, NULL, NULL},
        {TOGETHER, "GET", "/pools/p/files/content/x", "pool", "/files/content/{name*}", "/pools/p", "x",
         "GET, HEAD"},
        {TOGETHER, "GET", "/pools/p/files/x/content", "pool", "/files/{name*}/content", "/pools/p", "x",
         "GET, HEAD"},
        {TOGETHER, "GET", "/pools/p/files/content", "pool", "/files/{name*}", "/pools/p", "content",
         "GET, HEAD"},
        {TOGETHER, "OPTIONS", "*", "app", NULL, NULL, NULL, NULL},
        /* the pool by itself is found anywhere, but nothing inside its own prefix is a route */
        {ALONE, "POST", "/session", "pool", "/session", NULL, NULL, "POST"},
        {ALONE, "POST", "/a/b/session", "pool", "/session", "/a/b", NULL, "POST"},
        {ALONE, "POST", "/pools/session/session", "pool", "/session", "/pools/session", NULL, "POST"},
        {ALONE, "POST", "/pools/session", "pool", NULL, NULL, NULL, NULL},
        {ALONE, "GET", "/files/a/files/b", "pool", "/files/{name*}", NULL, "a/files/b", "GET, HEAD"},
        {ALONE, "GET", "/", "front", "/", NULL, NULL, "GET, HEAD"},
        {ALONE, "GET", "/nothing", "pool", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check(&rows[i]);
}

static void a_media_type_is_read_once(void **state)
{
    static const struct {
        const char *value;
        unsigned type;
    } cases[] = {
        {"application/json", HTTP_TYPE_JSON},
        {"Application/JSON; charset=\"UTF-8\"", HTTP_TYPE_JSON},
        {"text/json", HTTP_TYPE_JSON},
        {"application/problem+json", HTTP_TYPE_JSON},
        {"application/json; charset=us-ascii", HTTP_TYPE_JSON},
        {"multipart/form-data; boundary=b", HTTP_TYPE_FORM},
        {"text/x-python", HTTP_TYPE_TEXT},
        {"text/x-python; charset=latin1", 0},
        {"text/plain", 0},
        {"application/yaml", HTTP_TYPE_YAML},
        {"text/yaml; charset=utf-8", HTTP_TYPE_YAML},
        {"application/yaml; charset=latin1", 0},
        {"text/plain; charset=utf-8", 0},
        {"application/json; charset=utf-16", 0},
        {"text/html", 0},
        {"text/html; application/json", 0},
        {"text/x+json", 0},
        {"+json", 0},
        {"application/jsonp", 0},
        {"", 0},
        {";", 0},
    };
    CLEANUP(arena_fini) struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (http_type_of(&arena, bytes_of_cstr(cases[i].value)) != cases[i].type)
            fail_msg("%s", cases[i].value);
}

/* A part's own words of what goes in and out. If they are lost, programs are made that send and expect just anything. */
static void a_document_says_what_goes_in_and_out(void **state)
{
    static const struct http_route rows[] = {
        {"POST", "/a/{id}", "wait other", ACCESS_SUBMIT, .types = HTTP_TYPE_JSON | HTTP_TYPE_FORM,
         .handle = handle, .summary = "s"},
        {"GET", "/b", "", ACCESS_READ, .handle = handle, .summary = "s"},
    };
    const struct http_part part = {
        .name = "p",
        .prefix = "",
        .routes = rows,
        .route_count = ARRAY_SIZE(rows),
        .schemas = "{\"schemas\":{\"One\":{\"type\":\"object\"}},\"operations\":{\"POST /a/{id}\":{"
                   "\"parameters\":{\"id\":{\"type\":\"integer\"},\"wait\":{\"type\":\"boolean\"}},"
                   "\"headers\":{\"If-Match\":{\"type\":\"string\"},\"If-None-Match?\":{\"type\":\"integer\"}"
                   "},\"body\":{\"type\":\"array\"},"
                   "\"form\":{\"schema\":{}},\"answer\":{\"$ref\":\"#/components/schemas/One\"}},"
                   "\"GET /b\":{\"type\":\"text/plain\"}}}"};
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *root = NULL;
    http_openapi_write(&part, 1, "t", "1", &out);
    assert_int_equal(json_parse(buf_peek(&out), NULL, &root, NULL), STATUS_OK);

    const char *parameters = NULL, *body = NULL, *answer = NULL, *plain = NULL, *one = NULL;
    json_t *post = NULL, *get = NULL;
    assert_int_equal(json_unpack(root, "{s:{s:{s:o},s:{s:o}},s:{s:{s:{s:s}}}}", "paths", "/a/{id}", "post",
                                 &post, "/b", "get", &get, "components", "schemas", "One", "type", &one),
                     0);
    assert_string_equal(one, "object");
    assert_int_equal(json_unpack(post, "{s:[{s:{s:s}},{s:{s:s}},{s:{s:s}},{s:s,s:b}]}", "parameters",
                                 "schema", "type", &parameters, "schema", "type", &body, "schema", "type",
                                 &answer, "in", &plain, "required", &(int){0}),
                     0);
    assert_string_equal(parameters, "integer");
    assert_string_equal(body, "boolean");
    assert_string_equal(answer, "string"); /* of which nothing is said */
    assert_string_equal(plain, "header");
    const json_t *optional = json_array_get(json_object_get(post, "parameters"), 4);
    assert_string_equal(json_string_value(json_object_get(optional, "name")), "If-None-Match");
    assert_true(json_is_false(json_object_get(optional, "required")));
    assert_int_equal(json_unpack(post, "{s:{s:{s:{s:{s:s}},s:{s:{}}}},s:{s:{s:{s:{s:{s:s}}}}}}",
                                 "requestBody", "content", "application/json", "schema", "type", &body,
                                 "multipart/form-data", "schema", "responses", "2XX", "content",
                                 "application/json", "schema", "$ref", &answer),
                     0);
    assert_string_equal(body, "array");
    assert_string_equal(answer, "#/components/schemas/One");
    json_t *nothing = NULL;
    assert_int_equal(
        json_unpack(get, "{s:{s:{s:{s:o}}}}", "responses", "2XX", "content", "text/plain", &nothing), 0);
    assert_int_equal(json_object_size(nothing), 0);
}

/* What answers 204 has nothing to read, and a schema that two parts have is there once. Else programs wait for a body, and
 * readers of JSON refuse the document. */
static void a_document_says_an_empty_answer_and_each_schema_once(void **state)
{
    static const struct http_route rows[] = {
        {"DELETE", "/c", "", ACCESS_SUBMIT, .handle = handle, .summary = "s"},
    };
    static const struct http_route others[] = {
        {"DELETE", "/d", "", ACCESS_SUBMIT, .handle = handle, .summary = "s"},
    };
    const struct http_part parts[] = {
        {.name = "p",
         .prefix = "",
         .routes = rows,
         .route_count = ARRAY_SIZE(rows),
         .schemas =
             "{\"schemas\":{\"Two\":{\"type\":\"array\"}},\"operations\":{\"DELETE /c\":{\"empty\":true}}}"},
        {.name = "q",
         .prefix = "",
         .routes = others,
         .route_count = ARRAY_SIZE(others),
         .schemas = "{\"schemas\":{\"Two\":{\"type\":\"array\"},\"Three\":{\"type\":\"null\"}}}"}};
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *root = NULL;
    http_openapi_write(parts, ARRAY_SIZE(parts), "t", "1", &out);
    assert_int_equal(json_parse(buf_peek(&out), NULL, &root, NULL), STATUS_OK); /* no name twice */

    const char *two = NULL, *three = NULL;
    json_t *deleted = NULL, *other = NULL;
    assert_int_equal(json_unpack(root, "{s:{s:{s:{s:o}},s:{s:{s:o}}},s:{s:{s:{s:s},s:{s:s}}}}", "paths", "/c",
                                 "delete", "responses", &deleted, "/d", "delete", "responses", &other,
                                 "components", "schemas", "Two", "type", &two, "Three", "type", &three),
                     0);
    assert_string_equal(two, "array");
    assert_string_equal(three, "null");
    assert_null(json_object_get(json_object_get(deleted, "204"), "content"));
    assert_non_null(json_object_get(deleted, "204"));
    assert_null(json_object_get(deleted, "2XX"));
    assert_non_null(json_object_get(other, "2XX"));
}

static void a_document_says_each_route(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *root = NULL;
    http_openapi_write(together, ARRAY_SIZE(together), "t", "1", &out);
    assert_int_equal(json_parse(buf_peek(&out), NULL, &root, NULL), STATUS_OK);
    const json_t *paths = json_object_get(root, "paths");
    assert_int_equal(json_object_size(paths), 8);
    const json_t *get = json_object_get(json_object_get(paths, "/pools/{}/files/{name}/content"), "get");
    assert_string_equal(json_string_value(json_object_get(get, "x-access")), "read");
    assert_string_equal(json_string_value(json_object_get(get, "operationId")),
                        "pool_get_files_name_content");
    assert_non_null(json_object_get(json_object_get(paths, "/v1/{id}"), "delete"));
    CLEANUP(buf_fini) struct buf list = {0};
    http_route_list(&together[1], &list);
    assert_true(bytes_equal_cstr(buf_peek(&list), "GET /v1/{id}, DELETE /v1/{id}, POST /v1/new"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_words_and_values),
        cmocka_unit_test(a_pattern_has_two_values_at_most_in_their_order),
        cmocka_unit_test(a_long_value_may_stand_behind_another),
        cmocka_unit_test(a_path_names_a_row_of_a_part),
        cmocka_unit_test(a_media_type_is_read_once),
        cmocka_unit_test(a_document_says_what_goes_in_and_out),
        cmocka_unit_test(a_document_says_an_empty_answer_and_each_schema_once),
        cmocka_unit_test(a_document_says_each_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
