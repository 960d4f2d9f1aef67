/* SPDX-License-Identifier: MIT */
/* mcp_files_test.c — files of a run in the tools' answers, as the server's API tells them. If one fails: a model
 * hands in or gets back other files than it is told. */
#include "svc/mcp/mcp_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CALL(tool, arguments)                                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"" tool                   \
    "\",\"arguments\":" arguments "}}"
#define APPROVED                                                                                             \
    "{\"id\":\"a\",\"state\":\"approved\",\"files\":[{\"path\":\"out/é 1.csv\",\"size\":4},{\"path\":"      \
    "\"great\",\"size\":1048577}]}"

static enum mcp_next take(struct mcp_exchange *exchange, const char *message)
{
    *exchange = (struct mcp_exchange){0};
    return mcp_take(exchange, bytes_of_cstr(message));
}

static enum mcp_next answer(struct mcp_exchange *exchange, int http_status, const char *content_type,
                            struct bytes body)
{
    return mcp_answered(exchange, http_status, bytes_of_cstr(content_type), body);
}

/* The first content of a tool's result; `ret_is_error` as it says. */
static const json_t *read_content(const struct mcp_exchange *exchange, json_t **ret_root, bool *ret_is_error)
{
    assert_int_equal(json_parse(buf_peek(&exchange->answer), NULL, ret_root, NULL), STATUS_OK);
    const json_t *result = json_object_get(*ret_root, "result");
    *ret_is_error = json_is_true(json_object_get(result, "isError"));
    return json_array_get(json_object_get(result, "content"), 0);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void files_of_run_code_are_submitted(void **state)
{
    struct mcp_exchange exchange;
    assert_int_equal(
        take(&exchange, CALL("run_code", "{\"code\":\"1\",\"files\":[{\"path\":\"a.csv\",\"text\":\"x,y\"},"
                                         "{\"path\":\"b\",\"base64\":\"AAE=\"},{\"path\":\"c\",\"text\":"
                                         "\"\"}]}")),
        MCP_CALL);
    assert_true(
        bytes_equal_cstr(buf_peek(&exchange.body),
                         "{\"code\":\"1\",\"files\":[{\"path\":\"a.csv\",\"content\":\"eCx5\"},"
                         "{\"path\":\"b\",\"content\":\"AAE=\"},{\"path\":\"c\",\"content\":\"\"}]}"));
    mcp_exchange_fini(&exchange);
}

static void files_of_another_shape_are_told_to_the_model(void **state)
{
    static const char *const messages[] = {
        CALL("run_code", "{\"code\":\"1\",\"files\":\"a\"}"),
        CALL("run_code", "{\"code\":\"1\",\"files\":{}}"),
        CALL("run_code", "{\"code\":\"1\",\"files\":[7]}"),
        CALL("run_code", "{\"code\":\"1\",\"files\":[{\"path\":\"a\"}]}"),
        CALL("run_code", "{\"code\":\"1\",\"files\":[{\"text\":\"a\"}]}"),
        CALL("run_code", "{\"code\":\"1\",\"files\":[{\"path\":\"a\",\"text\":\"b\",\"base64\":\"AA==\"}]}"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        struct mcp_exchange exchange;
        bool is_error;
        CLEANUP(json_release) json_t *root = NULL;
        assert_int_equal(take(&exchange, messages[i]), MCP_DONE);
        assert_string_equal(text_of(read_content(&exchange, &root, &is_error), "text"),
                            "Each of \"files\" must have \"path\", and \"text\" or \"base64\".");
        assert_true(is_error);
        mcp_exchange_fini(&exchange);
    }
}

static void an_approved_request_lists_its_files(void **state)
{
    struct mcp_exchange exchange;
    bool is_error;
    CLEANUP(json_release) json_t *root = NULL;
    assert_int_equal(take(&exchange, CALL("get_request", "{\"id\":\"a\"}")), MCP_CALL);
    assert_int_equal(answer(&exchange, 200, "application/json", BYTES_LITERAL(APPROVED)), MCP_DONE);
    assert_string_equal(text_of(read_content(&exchange, &root, &is_error), "text"),
                        "Request a: approved. A person approved it.\nfiles, for get_file:\n"
                        "out/é 1.csv (4 bytes)\ngreat (1048577 bytes)");
    mcp_exchange_fini(&exchange);
}

/* Up to the call that fetches the file. */
static void begin_file(struct mcp_exchange *exchange)
{
    assert_int_equal(take(exchange, CALL("get_file", "{\"id\":\"a\",\"path\":\"out/é 1.csv\"}")), MCP_CALL);
    assert_true(bytes_equal_cstr(buf_peek(&exchange->target), "/v1/requests/a"));
    assert_int_equal(answer(exchange, 200, "application/json", BYTES_LITERAL(APPROVED)), MCP_CALL);
    assert_string_equal(exchange->method, "GET");
    assert_true(bytes_equal_cstr(buf_peek(&exchange->target), "/v1/requests/a/files/out/%C3%A9%201.csv"));
}

static void a_file_is_handed_on_as_what_it_is(void **state)
{
    static const struct {
        const char *content_type;
        struct bytes body;
        const char *type, *member, *value;
    } rows[] = {
        {"text/csv", BYTES_LITERAL("a,b\n"), "text", "text", "a,b\n"},
        {"application/json", BYTES_LITERAL("{}"), "text", "text", "{}"},
        {"image/png", BYTES_LITERAL("\x89PNG"), "image", "data", "iVBORw=="},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        bool is_error;
        CLEANUP(json_release) json_t *root = NULL;
        begin_file(&exchange);
        assert_int_equal(answer(&exchange, 200, rows[i].content_type, rows[i].body), MCP_DONE);
        assert_true(exchange.answer.size > 0);
        assert_int_equal(json_parse(buf_peek(&exchange.answer), NULL, &root, NULL), STATUS_OK);
        const json_t *list = json_object_get(json_object_get(root, "result"), "content"), *content = NULL;
        is_error = json_is_true(json_object_get(json_object_get(root, "result"), "isError"));
        for (size_t at = 0; at < json_array_size(list); at++)
            if (strcmp(text_of(json_array_get(list, at), "type"), rows[i].type) == 0)
                content = json_array_get(list, at);
        assert_false(is_error);
        assert_string_equal(text_of(content, rows[i].member), rows[i].value);
        mcp_exchange_fini(&exchange);
    }
}

static void bytes_that_are_no_text_become_a_resource(void **state)
{
    static const struct {
        const char *content_type;
        struct bytes body;
        const char *mime, *blob;
    } rows[] = {
        {"application/octet-stream", BYTES_LITERAL("abc"), "application/octet-stream", "YWJj"},
        {"text/plain; charset=utf-8", BYTES_LITERAL("a\0b"), "text/plain", "YQBi"},
        {"text/plain", BYTES_LITERAL("\xff"), "text/plain", "/w=="},
        {"", BYTES_LITERAL("a"), "application/octet-stream", "YQ=="},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        CLEANUP(json_release) json_t *root = NULL;
        begin_file(&exchange);
        assert_int_equal(answer(&exchange, 200, rows[i].content_type, rows[i].body), MCP_DONE);
        assert_int_equal(json_parse(buf_peek(&exchange.answer), NULL, &root, NULL), STATUS_OK);
        const json_t *list = json_object_get(json_object_get(root, "result"), "content");
        const json_t *resource = json_object_get(json_array_get(list, json_array_size(list) - 1), "resource");
        assert_string_equal(text_of(resource, "uri"), "sallyport://requests/a/files/out/%C3%A9%201.csv");
        assert_string_equal(text_of(resource, "mimeType"), rows[i].mime);
        assert_string_equal(text_of(resource, "blob"), rows[i].blob);
        mcp_exchange_fini(&exchange);
    }
}

static void no_file_is_asked_for_before_an_approval(void **state)
{
    static const char *const rows[] = {"queued",    "running", "waiting",   "changes-requested", "rejected",
                                       "timed-out", "failed",  "cancelled", "of a later version"};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        bool is_error;
        char body[200];
        CLEANUP(json_release) json_t *root = NULL;
        (void)snprintf(body, sizeof body,
                       "{\"id\":\"a\",\"state\":\"%s\",\"files\":[{\"path\":\"f\",\"size\":1}]}", rows[i]);
        assert_int_equal(take(&exchange, CALL("get_file", "{\"id\":\"a\",\"path\":\"f\"}")), MCP_CALL);
        assert_int_equal(answer(&exchange, 200, "application/json", bytes_of_cstr(body)), MCP_DONE);
        (void)read_content(&exchange, &root, &is_error);
        assert_true(is_error);
        mcp_exchange_fini(&exchange);
    }
}

static void a_file_that_is_too_large_or_not_there_is_told(void **state)
{
    static const struct {
        const char *message, *says;
    } rows[] = {
        {CALL("get_file", "{\"id\":\"a\",\"path\":\"great\"}"), "too large"},
        {CALL("get_file", "{\"id\":\"a\",\"path\":\"other\"}"), "made no such file"},
        {CALL("get_file", "{\"id\":\"a\",\"path\":\"../a\"}"), "made no such file"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        bool is_error;
        CLEANUP(json_release) json_t *root = NULL;
        assert_int_equal(take(&exchange, rows[i].message), MCP_CALL);
        assert_int_equal(answer(&exchange, 200, "application/json", BYTES_LITERAL(APPROVED)), MCP_DONE);
        assert_non_null(strstr(text_of(read_content(&exchange, &root, &is_error), "text"), rows[i].says));
        assert_true(is_error);
        mcp_exchange_fini(&exchange);
    }
    struct mcp_exchange exchange;
    bool is_error;
    CLEANUP(json_release) json_t *root = NULL;
    begin_file(&exchange);
    assert_int_equal(
        answer(&exchange, 403, "application/problem+json", BYTES_LITERAL("{\"detail\":\"No.\"}")), MCP_DONE);
    assert_string_equal(text_of(read_content(&exchange, &root, &is_error), "text"),
                        "No. Tell the user; do not try another way.");
    assert_true(is_error);
    mcp_exchange_fini(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_run_code_are_submitted),
        cmocka_unit_test(files_of_another_shape_are_told_to_the_model),
        cmocka_unit_test(an_approved_request_lists_its_files),
        cmocka_unit_test(a_file_is_handed_on_as_what_it_is),
        cmocka_unit_test(bytes_that_are_no_text_become_a_resource),
        cmocka_unit_test(no_file_is_asked_for_before_an_approval),
        cmocka_unit_test(a_file_that_is_too_large_or_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
