/* SPDX-License-Identifier: MIT */
/* audit_export_test.c — if this fails, an export is taken for whole that is not. */
#include "store/audit/audit_export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/secret.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char list[] =
    "{\"files\":[{\"path\":\"out/a\",\"sha256\":\"" A "\"},{\"path\":\"../up\",\"sha256\":\"" B "\"}]}";

static json_t *receipt_with(const char *list_hash)
{
    char manifest[300];
    (void)snprintf(manifest, sizeof manifest,
                   "{\"files\":{\"sha256\":\"%s\"},\"result\":{\"sha256\":\"" A "\"}}", list_hash);
    return json_pack(
        "{s:[{s:s, s:{s:I, s:s, s:[{s:s, s:s}]}}, {s:s, s:{s:I, s:s}}, {s:s, s:{s:s}}], s:{s:s}}", "examined",
        "action", "request.submitted", "details", "revision", (json_int_t)1, "codeSha256", A, "files", "path",
        "in/x", "sha256", B, "action", "request.revised", "details", "revision", (json_int_t)2, "codeSha256",
        B, "action", "request.voted", "details", "manifestSha256", A, "shown", "manifest", manifest);
}

static void each_file_has_the_hash_that_proves_it(void **state)
{
    static const struct {
        const char *path, *sha256;
    } rows[] = {
        {"revisions/1/code.py", A},  {"revisions/2/code.py", B}, {"revisions/1/inputs/in/x", B},
        {"manifests/" A ".json", A}, {"result.json", A},         {"files/out/a", A},
        {"files-by-hash/" B, B},
    };
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_of_cstr(list), hash);
    CLEANUP(json_release) json_t *receipt = receipt_with(hash);
    CLEANUP(json_release) json_t *named = NULL;
    assert_int_equal(audit_export_named(receipt, bytes_of_cstr(list), &named, NULL), STATUS_OK);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(json_string_value(json_object_get(named, rows[i].path)), rows[i].sha256);
    assert_string_equal(json_string_value(json_object_get(named, "files.json")), hash);
    assert_non_null(json_object_get(named, "manifest.json"));
    assert_int_equal(json_object_size(named), ARRAY_SIZE(rows) + 2);
}

static void another_list_is_refused(void **state)
{
    CLEANUP(json_release) json_t *receipt = receipt_with(A);
    json_t *named = NULL;
    assert_int_equal(audit_export_named(receipt, bytes_of_cstr(list), &named, NULL), STATUS_DATA_LOSS);
    assert_int_equal(audit_export_named(receipt, (struct bytes){0}, &named, NULL), STATUS_OK);
    json_decref(named);
}

static void what_proves_nothing_is_known(void **state)
{
    assert_true(audit_export_is_aside(BYTES_LITERAL("README.txt")));
    assert_false(audit_export_is_aside(BYTES_LITERAL("files/README.txt")));
    assert_true(audit_export_is_optional(BYTES_LITERAL("manifests/x.json")));
    assert_false(audit_export_is_optional(BYTES_LITERAL("manifest.json")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_has_the_hash_that_proves_it),
        cmocka_unit_test(another_list_is_refused),
        cmocka_unit_test(what_proves_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
