/* SPDX-License-Identifier: MIT */
/* pool_routes_test.c — paths as clients write them, and the rows that they name. If this fails, an unmodified
 * client of the cloud finds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/http/pool_service_internal.h"

static void a_path_names_an_operation_behind_any_prefix(void **state)
{
#define CLOUD "/subscriptions/files/resourceGroups/session/sessionPools/metadata"
    static const struct {
        const char *method, *path;
        const char *pattern; /* NULL: none */
        const char *prefix, *name;
    } cases[] = {
        {"POST", "/code/execute", "/code/execute", NULL, NULL},
        {"POST", "//Code///Execute/", "/code/execute", NULL, NULL},
        {"POST", CLOUD "/code/execute", "/code/execute", CLOUD, NULL},
        {"GET", CLOUD "/files/session", "/files/{name*}", CLOUD, "session"},
        {"GET", CLOUD, NULL, NULL, NULL},
        {"GET", CLOUD "/more/files", NULL, NULL, NULL},
        {"POST", "/a/b/executions", "/executions", "/a/b", NULL},
        {"POST", "/a/execute", "/execute", "/a", NULL},
        {"POST", "/a/code/execute", "/code/execute", "/a", NULL},
        {"POST", "/execute/x", NULL, NULL, NULL},
        {"GET", "/a/executions/x%20y", "/executions/{id}", "/a", "x%20y"},
        {"GET", "/executions/a/b", NULL, NULL, NULL},
        {"GET", "/files", "/files", NULL, NULL},
        {"GET", "/metadata/files/", "/files", "/metadata", NULL},
        {"POST", "/files/upload", "/files/upload", NULL, NULL},
        {"GET", "/files/upload", "/files/{name*}", NULL, "upload"},
        {"POST", "/files/other", NULL, NULL, NULL},
        {"GET", "/files/content", "/files/{name*}", NULL, "content"},
        {"GET", "/files/content/x", "/files/content/{name*}", NULL, "x"},
        {"GET", "/files/content/content", "/files/content/{name*}", NULL, "content"},
        {"GET", "/files/x/content", "/files/{name*}/content", NULL, "x"},
        {"GET", "/files/content/sub/dir/x.bin", "/files/content/{name*}", NULL, "sub/dir/x.bin"},
        {"GET", "/files/sub/dir/x.bin/content", "/files/{name*}/content", NULL, "sub/dir/x.bin"},
        {"GET", "/files/a%2Fb.txt/content", "/files/{name*}/content", NULL, "a%2Fb.txt"},
        {"DELETE", "/files/a/content", "/files/{name*}", NULL, "a/content"},
        {"DELETE", "/session", "/session", NULL, NULL},
        {"GET", "/LISTSESSIONS", "/listSessions", NULL, NULL},
        {"HEAD", "/metadata", "/metadata", NULL, NULL},
        {"POST", "/.management/stopSession", "/.management/stopSession", NULL, NULL},
        {"POST", "//python/execute", "/python/execute", NULL, NULL},
        {"POST", "/python/execute/code/execute", "/code/execute", "/python/execute", NULL},
        {"POST", "/python/uploadFile", NULL, NULL, NULL},
        {"GET", "/", NULL, NULL, NULL},
        {"GET", "///", NULL, NULL, NULL},
        {"GET", "*", NULL, NULL, NULL},
    };
    struct pool_service service = {0};
    const struct http_part part = pool_service_part(&service, true);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_match match =
            http_route_find(&part, 1, bytes_of_cstr(cases[i].method), bytes_of_cstr(cases[i].path));
        const char *pattern = match.route ? match.route->pattern : "-";
        if (strcmp(pattern, cases[i].pattern ? cases[i].pattern : "-") != 0 ||
            (match.route && !bytes_equal_cstr(match.prefix, cases[i].prefix)) ||
            !bytes_equal_cstr(match.values[0], cases[i].name))
            fail_msg("%s: %s prefix '%.*s' name '%.*s'", cases[i].path, pattern, BYTES_FMT(match.prefix),
                     BYTES_FMT(match.values[0]));
    }
}

static void beside_the_app_it_is_found_behind_the_prefix_of_the_cloud_only(void **state)
{
    struct pool_service service = {0};
    const struct http_part part = pool_service_part(&service, false);
    const struct bytes get = BYTES_LITERAL("GET");
    assert_non_null(http_route_find(&part, 1, get, bytes_of_cstr(CLOUD "/session")).route);
    assert_null(http_route_find(&part, 1, get, bytes_of_cstr("/session")).route);
    assert_null(http_route_find(&part, 1, get, bytes_of_cstr("/subscriptions/session")).route);
}

static void the_text_of_the_versions_has_each_of_them(void **state)
{
    char text[256];
    pool_versions_text(text, sizeof text);
    assert_string_equal(text, "2023-08-01-preview, 2024-02-02-preview, 2024-08-02-preview, 2024-09-01, "
                              "2024-10-02-preview, 2025-02-02-preview, 2025-10-02-preview");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_names_an_operation_behind_any_prefix),
        cmocka_unit_test(beside_the_app_it_is_found_behind_the_prefix_of_the_cloud_only),
        cmocka_unit_test(the_text_of_the_versions_has_each_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
