/* SPDX-License-Identifier: MIT */
/* mcp_message_test.c — messages of a client, one by one: what is asked of the HTTP API for each, and what is
 * answered without it. */
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

static enum mcp_next take(struct mcp_exchange *exchange, const char *message)
{
    *exchange = (struct mcp_exchange){0};
    return mcp_take(exchange, bytes_of_cstr(message));
}

static enum mcp_next answer(struct mcp_exchange *exchange, int http_status, const char *body)
{
    return mcp_answered(exchange, http_status, BYTES_LITERAL("application/json"), bytes_of_cstr(body));
}

static json_t *read_answer(const struct mcp_exchange *exchange)
{
    json_t *value = NULL;
    assert_int_equal(json_parse(buf_peek(&exchange->answer), NULL, &value, NULL), STATUS_OK);
    return value;
}

static void assert_asks(const struct mcp_exchange *exchange, const char *method, const char *target,
                        const char *body)
{
    assert_string_equal(exchange->method, method);
    assert_true(bytes_equal_cstr(buf_peek(&exchange->target), target));
    assert_true(bytes_equal_cstr(buf_peek(&exchange->body), body));
}

/* The text of a tool's result; `ret_is_error` as it says. */
static const char *result_text(const json_t *root, bool *ret_is_error)
{
    const json_t *result = json_object_get(root, "result");
    const json_t *content = json_array_get(json_object_get(result, "content"), 0);
    *ret_is_error = json_is_true(json_object_get(result, "isError"));
    assert_int_equal(json_integer_value(json_object_get(root, "id")), 7);
    return json_string_value(json_object_get(content, "text"));
}

static void what_is_no_message_is_an_error(void **state)
{
    static const struct {
        const char *message;
        int code;
    } rows[] = {
        {"{", MCP_PARSE_ERROR},
        {"", MCP_PARSE_ERROR},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
         MCP_PARSE_ERROR},
        {"[]", MCP_INVALID_REQUEST},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", MCP_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", MCP_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", MCP_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", MCP_INVALID_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rob\"}", MCP_METHOD_NOT_FOUND},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", MCP_INVALID_PARAMS},
        {CALL("nope", "{}"), MCP_INVALID_PARAMS},
        {CALL("run_code", "{\"code\":7}"), MCP_INVALID_PARAMS},
        {CALL("get_request", "{}"), MCP_INVALID_PARAMS},
        {CALL("get_request", "{\"id\":\"\"}"), MCP_INVALID_PARAMS},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{}}", MCP_INVALID_PARAMS},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///etc/"
         "passwd\"}}",
         MCP_RESOURCE_NOT_FOUND},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"sallyport://"
         "requests/a/result\"}}",
         MCP_RESOURCE_NOT_FOUND},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        assert_int_equal(take(&exchange, rows[i].message), MCP_DONE);
        CLEANUP(json_release) json_t *root = read_answer(&exchange);
        const json_t *code = json_object_get(json_object_get(root, "error"), "code");
        assert_int_equal(json_integer_value(code), rows[i].code);
        mcp_exchange_fini(&exchange);
    }
}

static void nothing_is_said_to_a_notification(void **state)
{
    static const char *const messages[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"no such\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        struct mcp_exchange exchange;
        assert_int_equal(take(&exchange, messages[i]), MCP_SILENT);
        mcp_exchange_fini(&exchange);
    }
}

static void the_revision_is_agreed_upon(void **state)
{
    static const char *const rows[][2] = {{"2025-06-18", "2025-06-18"},
                                          {"2024-01-01", MCP_REVISION_NEWEST},
                                          {MCP_REVISION_NEWEST, MCP_REVISION_NEWEST}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        char message[200];
        (void)snprintf(message, sizeof message,
                       "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"initialize\",\"params\":{"
                       "\"protocolVersion\":\"%s\"}}",
                       rows[i][0]);
        assert_int_equal(take(&exchange, message), MCP_DONE);
        CLEANUP(json_release) json_t *root = read_answer(&exchange);
        const json_t *result = json_object_get(root, "result");
        assert_string_equal(json_string_value(json_object_get(result, "protocolVersion")), rows[i][1]);
        mcp_exchange_fini(&exchange);
    }
    assert_true(mcp_revision_known(BYTES_LITERAL("2025-06-18")));
    assert_false(mcp_revision_known(BYTES_LITERAL("1")));
}

static void each_tool_has_a_schema(void **state)
{
    struct mcp_exchange exchange;
    assert_int_equal(take(&exchange, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), MCP_DONE);
    CLEANUP(json_release) json_t *root = read_answer(&exchange);
    const json_t *tools = json_object_get(json_object_get(root, "result"), "tools");
    assert_int_equal(json_array_size(tools), 5);
    for (size_t i = 0; i < json_array_size(tools); i++)
        assert_true(json_is_object(json_object_get(json_array_get(tools, i), "inputSchema")));
    mcp_exchange_fini(&exchange);
}

static void code_is_submitted_and_waited_for(void **state)
{
    struct mcp_exchange exchange;
    bool is_error;
    assert_int_equal(take(&exchange, CALL("run_code", "{\"code\":\"print(1)\",\"purpose\":\"p\","
                                                      "\"wait_seconds\":3}")),
                     MCP_CALL);
    assert_asks(&exchange, "POST", "/v1/requests", "{\"code\":\"print(1)\",\"purpose\":\"p\"}");
    assert_int_equal(answer(&exchange, 201, "{\"id\":\"a b\"}"), MCP_CALL);
    assert_asks(&exchange, "GET", "/v1/requests/a%20b?wait=3s&until=over", "");
    assert_int_equal(answer(&exchange, 200,
                            "{\"id\":\"a b\",\"state\":\"approved\",\"result\":{\"stdout\":"
                            "\"1\\n\",\"result\":6}}"),
                     MCP_DONE);
    CLEANUP(json_release) json_t *root = read_answer(&exchange);
    assert_string_equal(result_text(root, &is_error),
                        "Request a b: approved. A person approved it.\nstdout:\n1\n\nresult:\n6");
    assert_false(is_error);
    mcp_exchange_fini(&exchange);
}

static void a_revision_goes_to_its_request(void **state)
{
    struct mcp_exchange exchange;
    assert_int_equal(
        take(&exchange, CALL("run_code", "{\"code\":\"2\",\"purpose\":\"why\",\"revises\":\"a\"}")),
        MCP_CALL);
    assert_asks(&exchange, "POST", "/v1/requests/a/revisions", "{\"code\":\"2\",\"comment\":\"why\"}");
    mcp_exchange_fini(&exchange);
}

static void output_is_given_out_after_an_approval_only(void **state)
{
    static const char *const rows[] = {"queued",    "running", "waiting",   "changes-requested", "rejected",
                                       "timed-out", "failed",  "cancelled", "of a later version"};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mcp_exchange exchange;
        char body[300];
        (void)snprintf(
            body, sizeof body,
            "{\"id\":\"a\",\"state\":\"%s\",\"result\":{\"stdout\":\"SECRET\"},\"files\":[{\"path\":"
            "\"SECRET\"}]}",
            rows[i]);
        assert_int_equal(take(&exchange, CALL("get_request", "{\"id\":\"a\"}")), MCP_CALL);
        assert_int_equal(answer(&exchange, 200, body), MCP_DONE);
        assert_int_equal(bytes_find(buf_peek(&exchange.answer), BYTES_LITERAL("SECRET")),
                         exchange.answer.size);
        mcp_exchange_fini(&exchange);

        assert_int_equal(take(&exchange, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/read\","
                                         "\"params\":{\"uri\":\"sallyport://requests/a\"}}"),
                         MCP_CALL);
        assert_int_equal(answer(&exchange, 200, body), MCP_DONE);
        assert_int_equal(bytes_find(buf_peek(&exchange.answer), BYTES_LITERAL("SECRET")),
                         exchange.answer.size);
        mcp_exchange_fini(&exchange);
    }
}

static void a_uri_cannot_leave_its_place(void **state)
{
    struct mcp_exchange exchange;
    assert_int_equal(take(&exchange,
                          "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/read\",\"params\":{"
                          "\"uri\":\"sallyport://requests/..%2F..%2Faudit%0d%0a\"}}"),
                     MCP_CALL);
    assert_asks(&exchange, "GET", "/v1/requests/..%2F..%2Faudit%0D%0A", "");
    mcp_exchange_fini(&exchange);
}

static void a_refusal_is_told_to_the_model(void **state)
{
    struct mcp_exchange exchange;
    bool is_error;
    assert_int_equal(take(&exchange, CALL("cancel_request", "{\"id\":\"a\",\"reason\":\"r\"}")), MCP_CALL);
    assert_asks(&exchange, "POST", "/v1/requests/a/cancel", "{\"reason\":\"r\"}");
    assert_int_equal(answer(&exchange, 403, "{\"detail\":\"You may not.\"}"), MCP_DONE);
    CLEANUP(json_release) json_t *root = read_answer(&exchange);
    assert_string_equal(result_text(root, &is_error), "You may not. Tell the user; do not try another way.");
    assert_true(is_error);
    mcp_exchange_fini(&exchange);

    assert_int_equal(take(&exchange, CALL("list_requests", "{\"state\":\"waiting\"}")), MCP_CALL);
    assert_asks(&exchange, "GET", "/v1/requests?order=desc&limit=20&state=waiting", "");
    assert_int_equal(answer(&exchange, 0, ""), MCP_DONE);
    mcp_exchange_fini(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_message_is_an_error),
        cmocka_unit_test(nothing_is_said_to_a_notification),
        cmocka_unit_test(the_revision_is_agreed_upon),
        cmocka_unit_test(each_tool_has_a_schema),
        cmocka_unit_test(code_is_submitted_and_waited_for),
        cmocka_unit_test(a_revision_goes_to_its_request),
        cmocka_unit_test(output_is_given_out_after_an_approval_only),
        cmocka_unit_test(a_uri_cannot_leave_its_place),
        cmocka_unit_test(a_refusal_is_told_to_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
