/* SPDX-License-Identifier: MIT */
/* pool_parse_test.c — the pool's readers of outside bytes: captured output, result frames, execute bodies,
 * routes, file names. Negative cases as plenty as positive ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/execute_request.h"
#include "svc/pool/file_path.h"
#include "svc/pool/output_capture.h"
#include "svc/pool/pool_route.h"
#include "svc/pool/result_frame.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void check_text(struct buf *out, const char *expected)
{
    assert_int_equal(buf_status(out), STATUS_OK);
    assert_int_equal(out->size, strlen(expected));
    assert_memory_equal(out->data, expected, out->size);
    buf_fini(out);
}

/* --- output --- */

static void capture(size_t head, size_t tail, const char *const *pieces, const char *expected, uint64_t lost)
{
    struct output_capture c;
    output_capture_init(&c, head, tail);
    for (; *pieces; pieces++)
        assert_int_equal(output_capture_add(&c, b(*pieces)), STATUS_OK);
    struct buf out = {0};
    output_capture_render(&c, &out);
    assert_int_equal(output_capture_lost(&c), lost);
    check_text(&out, expected);
    output_capture_fini(&c);
}

static void test_capture_keeps_both_ends(void **state)
{
    capture(4, 4, (const char *const[]){"", NULL}, "", 0);
    capture(4, 4, (const char *const[]){"abcd", NULL}, "abcd", 0);
    capture(4, 4, (const char *const[]){"abcd", "efgh", NULL}, "abcdefgh", 0);
    capture(4, 4, (const char *const[]){"ab", "cde", "fgh", NULL}, "abcdefgh", 0);
    capture(4, 4, (const char *const[]){"abcdefghi", NULL}, "abcd\n... 1 bytes left out ...\nfghi", 1);
    capture(4, 4, (const char *const[]){"abcdef", "ghijk", "lm", NULL},
            "abcd\n... 5 bytes left out ...\njklm", 5);
    capture(4, 0, (const char *const[]){"abc", "def", NULL}, "abcd", 2);
    capture(4, 4, (const char *const[]){"0123456789abcdefghij", "Z", NULL},
            "0123\n... 13 bytes left out ...\nhijZ", 13);
}

/* A limit may fall into a character; no piece of it may be shown. */
static void test_capture_cuts_characters_whole(void **state)
{
    capture(4, 0, (const char *const[]){"ab\xe2\x82\xac", NULL}, "ab", 1);
    capture(5, 0, (const char *const[]){"ab\xe2\x82\xac", "x", NULL}, "ab\xe2\x82\xac", 1);
    capture(2, 4, (const char *const[]){"xy", "\xe2\x82\xac\xe2\x82\xac", NULL},
            "xy\n... 2 bytes left out ...\n\xe2\x82\xac", 2);
    capture(4, 0, (const char *const[]){"\xff\xff\xff\xff\xff", NULL}, "\xef\xbf\xbd",
            1); /* repair may not outgrow the limit */
}

static void test_capture_changes_limits(void **state)
{
    struct output_capture c;
    output_capture_init(&c, 3, 3);
    assert_int_equal(output_capture_add(&c, b("abcdefgh")), STATUS_OK);
    assert_int_equal(output_capture_set_limits(&c, 2, 0), STATUS_OK);
    assert_int_equal(output_capture_lost(&c), 6);
    output_capture_clear(&c);
    assert_int_equal(output_capture_lost(&c), 0);
    assert_int_equal(output_capture_set_limits(&c, 8, 8), STATUS_OK);
    assert_int_equal(output_capture_add(&c, b("abcdefgh")), STATUS_OK);
    assert_int_equal(output_capture_lost(&c), 0);
    output_capture_fini(&c);
}

static void test_repair(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"plain", "plain"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xe2\x82z", "a\xef\xbf\xbdz"},                         /* a maximal part is one mark */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
        {"\xf0\x9f\x98\x80\xf5", "\xf0\x9f\x98\x80\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = {0};
        utf8_append_repaired(&out, b(cases[i].in));
        check_text(&out, cases[i].out);
    }
}

/* --- result frames --- */

static void test_result_frame(void **state)
{
    struct result_frame f;
    const char *text =
        " {\"id\" : 7,\"ok\":true,\"duration_us\":15 , \"value\":{\"a\":[1,{\"b\":\"\\u20ac\"}]},"
        "\"outputs\":[{\"text/plain\":\"x\"}],\"new\":null,\"truncated\":true}\n";
    assert_int_equal(result_frame_parse(b(text), &f), STATUS_OK);
    assert_int_equal(f.id, 7);
    assert_true(f.ok && f.truncated);
    assert_int_equal(f.duration_us, 15);
    assert_int_equal(f.value.type, RESULT_OBJECT);
    assert_true(bytes_equal_cstr(f.value.json, "{\"a\":[1,{\"b\":\"\\u20ac\"}]}"));
    assert_int_equal(f.outputs.type, RESULT_ARRAY);
    assert_int_equal(f.error.type, RESULT_NONE);
    text = "{\"id\":1,\"ok\":false,\"duration_us\":0,\"value\":123456789012345678901234567890,\"error\":{},"
           "\"outputs\":null}";
    assert_int_equal(result_frame_parse(b(text), &f), STATUS_OK);
    assert_true(bytes_equal_cstr(f.value.json, "123456789012345678901234567890"));
    assert_int_equal(f.outputs.type, RESULT_NONE);
}

static void test_result_frame_refuses(void **state)
{
#define REST ",\"ok\":true,\"duration_us\":1}"
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"id\":1}",
        "{\"id\":1" REST "x",
        "{\"id\":1" REST "{}",
        "{\"id\":-1" REST,
        "{\"id\":1.5" REST,
        "{\"id\":1e2" REST,
        "{\"id\":\"1\"" REST,
        "{\"id\":01" REST,
        "{\"id\":99999999999999999999" REST,
        "{\"id\":1,\"id\":1" REST,
        "{\"id\":1,}",
        "{\"id\":1,\"value\":}",
        "{\"id\":1,\"value\":[1,]" REST,
        "{\"id\":1,\"value\":[1 2]" REST,
        "{\"id\":1,\"value\":{\"a\"}" REST,
        "{\"id\":1,\"value\":{1:2}" REST,
        "{\"id\":1,\"value\":[}" REST,
        "{\"id\":1,\"value\":tru" REST,
        "{\"id\":1,\"value\":NaN" REST,
        "{\"id\":1,\"value\":+1" REST,
        "{\"id\":1,\"value\":1." REST,
        "{\"id\":1,\"value\":\"\\x\"" REST,
        "{\"id\":1,\"value\":\"\\u12g4\"" REST,
        "{\"id\":1,\"value\":\"line\nfeed\"" REST,
        "{\"id\":1,\"value\":\"\xff\"" REST,
        "{\"id\":1,\"outputs\":{}" REST,
        "{\"id\":1,\"error\":[]" REST,
        "{\"id\":1,\"ok\":1,\"duration_us\":1}",
        "{\"id\":1,\"value\":\"open",
        "{\"id\":1,\"value\":\"\\",
        "{\"id\":1,\"value\":\"\\u00",
    };
#undef REST
    struct result_frame f;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (result_frame_parse(b(bad[i]), &f) != STATUS_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    struct buf deep = {0};
    buf_append_cstr(&deep, "{\"id\":1,\"value\":");
    for (int i = 0; i < 1000; i++)
        buf_append_byte(&deep, '[');
    assert_int_equal(result_frame_parse(buf_peek(&deep), &f), STATUS_TOO_LARGE);
    buf_fini(&deep);
}

/* Strict readers refuse a lone surrogate, and Python can make one. */
static void test_lone_surrogates(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
        {"\"\\ud800\"", "\"\\ufffd\""},
        {"\"\\udc00\\ud800\"", "\"\\ufffd\\ufffd\""},
        {"\"\\\\ud800\"", "\"\\\\ud800\""},
        {"\"\\ud800\\n\"", "\"\\ufffd\\n\""},
        {"\"\\ud800\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = {0};
        result_value_append(&out, (struct result_value){RESULT_STRING, b(cases[i].in)});
        check_text(&out, cases[i].out);
    }
}

/* --- execute bodies --- */

static void test_execute_request(void **state)
{
    struct arena arena;
    struct execute_request r;
    struct err e = {0};
    arena_init(&arena, 0);
    assert_int_equal(
        execute_request_parse(&arena,
                              b("{\"properties\":{\"CODEINPUTTYPE\":\"inLINE\",\"code\":\"1+1\","
                                "\"executionType\":\"ASYNCHRONOUS\",\"timeoutInSeconds\":5.0,"
                                "\"outputStreamsMaxLength\":7,\"useEmptyKernel\":true,\"x\":[]}}"),
                              &r, &e),
        STATUS_OK);
    assert_true(bytes_equal_cstr(r.code, "1+1"));
    assert_true(bytes_equal_cstr(r.execution_type, "ASYNCHRONOUS"));
    assert_true(r.asynchronous && r.empty_kernel);
    assert_int_equal(r.timeout_s, 5);
    assert_int_equal(r.output_size_max, 7);
    assert_int_equal(
        execute_request_parse(&arena, b("{\"pythonCode\":\"x\",\"timeoutInSeconds\":null}"), &r, &e),
        STATUS_OK);
    assert_true(bytes_equal_cstr(r.execution_type, "Synchronous"));
    assert_false(r.asynchronous || r.empty_kernel || r.timeout_s);
    assert_int_equal(execute_request_parse(
                         &arena, b("{\"code\":\"cHJpbnQoMSk=\",\"codeInputType\":\"InlineBase64\"}"), &r, &e),
                     STATUS_OK);
    assert_true(bytes_equal_cstr(r.code, "print(1)"));
    assert_int_equal(execute_request_parse(&arena, b("{\"code\":\"\"}"), &r, &e), STATUS_OK);
    assert_true(r.code.data && r.code.size == 0);
    assert_int_equal(
        execute_request_parse(&arena, b("{\"code\":\"\",\"codeInputType\":\"InlineBase64\"}"), &r, &e),
        STATUS_OK);
    assert_true(r.code.data && r.code.size == 0);
    const char *most =
        "{\"code\":\"1\",\"timeoutInSeconds\":9223372036854775807,\"outputStreamsMaxLength\":2147483647}";
    assert_int_equal(execute_request_parse(&arena, b(most), &r, &e), STATUS_OK);
    assert_true(r.timeout_s == INT64_MAX && r.output_size_max == INT32_MAX);
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
        struct execute_request r;
        struct err e = {0};
        enum status s = execute_request_parse(&arena, b(bad[i]), &r, &e);
        if ((s != STATUS_MALFORMED && s != STATUS_INVALID_ARGUMENT) || !e.text[0])
            fail_msg("%s: %s", bad[i], status_name(s));
    }
    arena_fini(&arena);
}

/* --- routes --- */

static void test_routes(void **state)
{
#define CLOUD "/subscriptions/files/resourceGroups/session/sessionPools/metadata"
    static const struct {
        const char *path;
        enum pool_route_kind kind;
        const char *prefix;
        const char *name;
    } cases[] = {
        {"/code/execute", POOL_ROUTE_CODE_EXECUTE, "", ""},
        {"//Code///Execute/", POOL_ROUTE_CODE_EXECUTE, "", ""},
        {CLOUD "/code/execute", POOL_ROUTE_CODE_EXECUTE, CLOUD, ""},
        {CLOUD "/files/session", POOL_ROUTE_FILE, CLOUD, "session"},
        {CLOUD, POOL_ROUTE_NONE, "", ""},
        {CLOUD "/more/files", POOL_ROUTE_NONE, "", ""},
        {"/a/b/executions", POOL_ROUTE_EXECUTIONS, "/a/b", ""},
        {"/a/execute", POOL_ROUTE_EXECUTIONS, "/a", ""},
        {"/a/code/execute", POOL_ROUTE_CODE_EXECUTE, "/a", ""},
        {"/execute/x", POOL_ROUTE_NONE, "", ""},
        {"/a/executions/x%20y", POOL_ROUTE_EXECUTION, "/a", "x y"},
        {"/executions/a/b", POOL_ROUTE_NONE, "", ""},
        {"/files", POOL_ROUTE_FILES, "", ""},
        {"/metadata/files/", POOL_ROUTE_FILES, "/metadata", ""},
        {"/files/upload", POOL_ROUTE_FILE, "", "upload"},
        {"/files/content", POOL_ROUTE_FILE, "", "content"},
        {"/files/content/x", POOL_ROUTE_FILE_CONTENT, "", "x"},
        {"/files/content/content", POOL_ROUTE_FILE_CONTENT, "", "content"},
        {"/files/x/content", POOL_ROUTE_FILE_CONTENT, "", "x/"},
        {"/files/content/sub/dir/x.bin", POOL_ROUTE_FILE_CONTENT, "", "sub/dir/x.bin"},
        {"/files/sub/dir/x.bin/content", POOL_ROUTE_FILE_CONTENT, "", "sub/dir/x.bin/"},
        {"/files/a%2Fb.txt/content", POOL_ROUTE_FILE_CONTENT, "", "a/b.txt/"},
        {"/files/%252e", POOL_ROUTE_FILE, "", "%2e"}, /* decoded once */
        {"/session", POOL_ROUTE_SESSION, "", ""},
        {"/LISTSESSIONS", POOL_ROUTE_LIST_SESSIONS, "", ""},
        {"/metadata", POOL_ROUTE_METADATA, "", ""},
        {"/.management/stopSession", POOL_ROUTE_STOP_SESSION, "", ""},
        {"//python/execute", POOL_ROUTE_PYTHON_EXECUTE, "", ""},
        {"/python/execute/code/execute", POOL_ROUTE_CODE_EXECUTE, "/python/execute", ""},
        {"/python/uploadFile", POOL_ROUTE_NONE, "", ""},
        {"/", POOL_ROUTE_NONE, "", ""},
        {"", POOL_ROUTE_NONE, "", ""},
        {"///", POOL_ROUTE_NONE, "", ""},
        {"*", POOL_ROUTE_NONE, "", ""},
    };
#undef CLOUD
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pool_route r;
        assert_int_equal(pool_route_parse(&arena, b(cases[i].path), &r), STATUS_OK);
        struct bytes name = r.name;
        while (name.size && name.data[0] == '/')
            name = bytes_slice(name, 1, name.size);
        if (r.kind != cases[i].kind || !bytes_equal_cstr(r.prefix, cases[i].prefix) ||
            !bytes_equal_cstr(name, cases[i].name))
            fail_msg("%s: kind %d prefix '%.*s' name '%.*s'", cases[i].path, (int)r.kind, BYTES_FMT(r.prefix),
                     BYTES_FMT(name));
    }
    arena_fini(&arena);
}

/* --- file names --- */

static void test_file_paths(void **state)
{
    static const struct {
        const char *directory;
        const char *name;
        const char *path; /* NULL: refused */
    } cases[] = {
        {"", "a.txt", "a.txt"},
        {"", "/mnt/data/a.txt", "a.txt"},
        {"/mnt/data", "a.txt", "a.txt"},
        {"/mnt/data/", "a.txt", "a.txt"},
        {"/", "a.txt", "a.txt"},
        {"sub//dir/", "/mnt/data/b", "sub/dir/b"},
        {"", "/mnt/database", "mnt/database"},
        {"", "/etc/passwd", "etc/passwd"},
        {"", "mnt/data/x", "mnt/data/x"},
        {"/mnt/data", "", ""},
        {"", "h\xc3\xa9 \xe4\xb8\x96", "h\xc3\xa9 \xe4\xb8\x96"},
        {"", "...", "..."},
        {"", "..", NULL},
        {"", ".", NULL},
        {"a", "../b", NULL},
        {"..", "b", NULL},
        {"", "a/./b", NULL},
        {"", "a\nb", NULL},
        {"", "a\x7f", NULL},
        {"", "\xff", NULL},
        {"", FILE_TEMPORARY_PREFIX "x", NULL},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *path = NULL;
        struct err e = {0};
        enum status s = file_path_join(&arena, b(cases[i].directory), b(cases[i].name), &path, &e);
        assert_int_equal(s, cases[i].path ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        if (cases[i].path)
            assert_string_equal(path, cases[i].path);
    }
    const char *const foreign[] = {"/etc/passwd", "//tmp/x", "/mnt/database/x", "/a//b"};
    const char *const ours[] = {"",    "/",         "/a.txt", "//a.txt", "/mnt/data", "/mnt/data/a/b",
                                "a/b", "etc/passwd"};
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
        assert_true(file_path_foreign(b(foreign[i])));
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        assert_false(file_path_foreign(b(ours[i])));
    const char *path = NULL;
    struct err e = {0};
    assert_int_equal(file_path_join(&arena, b(""), bytes_of("a\0b", 3), &path, &e), STATUS_INVALID_ARGUMENT);
    static char longest[FILE_PATH_SIZE_MAX + 10];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 255), &path, &e), STATUS_OK);
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 256), &path, &e),
                     STATUS_INVALID_ARGUMENT);
    for (size_t i = 200; i < sizeof longest; i += 200)
        longest[i] = '/';
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, sizeof longest), &path, &e),
                     STATUS_INVALID_ARGUMENT);
    for (size_t i = 1; i < sizeof longest; i += 2)
        longest[i] = '/';
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 2 * FILE_PATH_DEPTH_MAX), &path, &e),
                     STATUS_OK);
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 2 * FILE_PATH_DEPTH_MAX + 2), &path, &e),
                     STATUS_INVALID_ARGUMENT);
    assert_string_equal(file_content_type("a.b/data.CSV"), "text/csv; charset=utf-8");
    assert_string_equal(file_content_type("a.csv/data"), "application/octet-stream");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture_keeps_both_ends),
        cmocka_unit_test(test_capture_cuts_characters_whole),
        cmocka_unit_test(test_capture_changes_limits),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_result_frame),
        cmocka_unit_test(test_result_frame_refuses),
        cmocka_unit_test(test_lone_surrogates),
        cmocka_unit_test(test_execute_request),
        cmocka_unit_test(test_execute_request_refuses),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_file_paths),
    };
    return cmocka_run_group_tests_name("pool_parse", tests, NULL, NULL);
}
