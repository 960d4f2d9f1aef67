/* SPDX-License-Identifier: MIT */
/* pool_route_test.c — paths and the operations that they name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/http/pool_route.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
    };
    return cmocka_run_group_tests_name("pool_route", tests, NULL, NULL);
}
