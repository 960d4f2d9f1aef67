/* SPDX-License-Identifier: MIT */
/* execute_request_test.c — bodies of execute calls, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/http/execute_request.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void test_execute_request(void **state)
{
    struct arena arena;
    struct execute_request request;
    struct err err = {0};
    arena_init(&arena, 0);
    assert_int_equal(
        execute_request_parse(&arena,
                              b("{\"properties\":{\"CODEINPUTTYPE\":\"inLINE\",\"code\":\"1+1\","
                                "\"executionType\":\"ASYNCHRONOUS\",\"timeoutInSeconds\":5.0,"
                                "\"outputStreamsMaxLength\":7,\"useEmptyKernel\":true,\"x\":[]}}"),
                              &request, &err),
        STATUS_OK);
    assert_true(bytes_equal_cstr(request.code, "1+1"));
    assert_true(bytes_equal_cstr(request.execution_type, "ASYNCHRONOUS"));
    assert_true(request.asynchronous && request.empty_kernel);
    assert_int_equal(request.timeout_s, 5);
    assert_int_equal(request.output_size_max, 7);
    assert_int_equal(
        execute_request_parse(&arena, b("{\"pythonCode\":\"x\",\"timeoutInSeconds\":null}"), &request, &err),
        STATUS_OK);
    assert_true(bytes_equal_cstr(request.execution_type, "Synchronous"));
    assert_false(request.asynchronous || request.empty_kernel || request.timeout_s);
    assert_int_equal(
        execute_request_parse(&arena, b("{\"code\":\"cHJpbnQoMSk=\",\"codeInputType\":\"InlineBase64\"}"),
                              &request, &err),
        STATUS_OK);
    assert_true(bytes_equal_cstr(request.code, "print(1)"));
    assert_int_equal(execute_request_parse(&arena, b("{\"code\":\"\"}"), &request, &err), STATUS_OK);
    assert_true(request.code.data && request.code.size == 0);
    assert_int_equal(execute_request_parse(&arena, b("{\"code\":\"\",\"codeInputType\":\"InlineBase64\"}"),
                                           &request, &err),
                     STATUS_OK);
    assert_true(request.code.data && request.code.size == 0);
    const char *most =
        "{\"code\":\"1\",\"timeoutInSeconds\":9223372036854775807,\"outputStreamsMaxLength\":2147483647}";
    assert_int_equal(execute_request_parse(&arena, b(most), &request, &err), STATUS_OK);
    assert_true(request.timeout_s == INT64_MAX && request.output_size_max == INT32_MAX);
    arena_fini(&arena);
}

static void test_execute_request_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "1",
        "{}",
        "{\"code\":1}",
        "{\"code\":null}",
        "{\"properties\":1}",
        "{\"properties\":{}}",
        "{\"code\":\"1\",\"code\":\"2\"}",
        "{\"code\":\"1\",\"codeInputType\":\"file\"}",
        "{\"code\":\"1\",\"codeInputType\":1}",
        "{\"code\":\"!\",\"codeInputType\":\"InlineBase64\"}",
        "{\"code\":\"/w==\",\"codeInputType\":\"InlineBase64\"}",
        "{\"code\":\"1\",\"executionType\":\"later\"}",
        "{\"code\":\"1\",\"timeoutInSeconds\":\"5\"}",
        "{\"code\":\"1\",\"timeoutInSeconds\":-1}",
        "{\"code\":\"1\",\"timeoutInSeconds\":0.5}",
        "{\"code\":\"1\",\"timeoutInSeconds\":1e30}",
        "{\"code\":\"1\",\"timeoutInSeconds\":9223372036854775808}",
        "{\"code\":\"1\",\"outputStreamsMaxLength\":2147483648}",
        "{\"code\":\"1\",\"outputStreamsMaxLength\":[]}",
        "{\"code\":\"1\",\"useEmptyKernel\":1}",
        "{\"code\":\"\\ud800\"}",
        "{\"code\":\"\xff\"}",
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct execute_request request;
        struct err err = {0};
        enum status status = execute_request_parse(&arena, b(bad[i]), &request, &err);
        if ((status != STATUS_MALFORMED && status != STATUS_INVALID_ARGUMENT) || !err.text[0])
            fail_msg("%s: %s", bad[i], status_name(status));
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_execute_request),
        cmocka_unit_test(test_execute_request_refuses),
    };
    return cmocka_run_group_tests_name("execute_request", tests, NULL, NULL);
}
