/* SPDX-License-Identifier: MIT */
/* inputs_test.c — the input files of two revisions side by side. If this fails, a reviewer is told that nothing changed. */
#include "core/review/inputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *file(const char *path, int size, const char *sha256)
{
    return json_pack("{s:s, s:i, s:s}", "path", path, "size", size, "sha256", sha256);
}

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void what_differs_is_told_by_path_and_hash(void **state)
{
    (void)state;
    json_t *before = json_pack("[o, o, o]", file("a", 1, "x"), file("b", 2, "y"), file("c", 3, "z"));
    json_t *after = json_pack("[o, o, o]", file("d", 3, "z"), file("b", 2, "other"), file("a", 1, "x"));
    json_t *found = review_inputs_difference(before, after);
    const json_t *added = json_object_get(found, "added"), *removed = json_object_get(found, "removed");
    const json_t *changed = json_object_get(found, "changed");
    assert_int_equal(json_array_size(added), 1);
    assert_string_equal(text(json_array_get(added, 0), "path"), "d");
    assert_int_equal(json_array_size(removed), 1);
    assert_string_equal(text(json_array_get(removed, 0), "path"), "c");
    assert_int_equal(json_array_size(changed), 1);
    assert_string_equal(text(json_array_get(changed, 0), "path"), "b");
    assert_string_equal(text(json_object_get(json_array_get(changed, 0), "from"), "sha256"), "y");
    assert_string_equal(text(json_object_get(json_array_get(changed, 0), "to"), "sha256"), "other");
    assert_int_equal(json_integer_value(json_object_get(found, "same")), 1);
    json_decref(found);

    found = review_inputs_difference(NULL, after); /* an older record has none */
    assert_int_equal(json_array_size(json_object_get(found, "added")), 3);
    json_decref(found);
    json_decref(before);
    json_decref(after);
}

static void a_file_is_found_by_its_hash_in_any_revision(void **state)
{
    (void)state;
    json_t *request = json_pack("{s:[{s:i}, {s:i, s:[o]}, {s:i, s:[o]}]}", "revisions", "number", 1, "number",
                                2, "files", file("a", 1, "x"), "number", 3, "files", file("b", 2, "y"));
    assert_string_equal(text(review_input_named(request, "x"), "path"), "a");
    assert_string_equal(text(review_input_named(request, "y"), "path"), "b");
    assert_null(review_input_named(request, "z"));
    assert_null(review_input_named(request, NULL));
    assert_string_equal(
        text(review_input_at(json_object_get(review_revision_of(request, 3), "files"), "b"), "sha256"), "y");
    assert_null(review_revision_of(request, 4));
    json_decref(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_is_told_by_path_and_hash),
        cmocka_unit_test(a_file_is_found_by_its_hash_in_any_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
