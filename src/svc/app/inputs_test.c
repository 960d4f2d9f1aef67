/* SPDX-License-Identifier: MIT */
/* inputs_test.c — what is taken as an input file and what is not. If this fails, a name leads where nobody looked. */
#include "svc/app/inputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "svc/app/limit_values.h"

static const struct input_rules rules = {.size_max = 1000}, revising = {.size_max = 1000, .by_hash = true};

static json_t *one(const char *path, const char *content)
{
    return json_pack("[{s:s, s:s}]", "path", path, "content", content);
}

/* The HTTP status of a refusal; 0: taken. */
static int take(json_t *files, const struct input_rules *by)
{
    struct inputs inputs = {0};
    bool taken = inputs_take_json(&inputs, files, by);
    int http_status = inputs.http_status;
    assert_int_equal(taken, http_status == 0);
    assert_int_equal(taken, inputs.refusal[0] == '\0');
    inputs_fini(&inputs);
    json_decref(files);
    return http_status;
}

static void names_are_checked_as_the_pool_checks_them(void **state)
{
    (void)state;
    static const struct {
        const char *said, *path; /* NULL: refused */
    } rows[] = {
        {"a.csv", "a.csv"},
        {"sub//dir/./x", NULL},
        {"sub//dir/x", "sub/dir/x"},
        {"/mnt/data/a", "a"},
        {"../a", NULL},
        {"a/../../etc/passwd", NULL},
        {"..", NULL},
        {"/etc/passwd", NULL},
        {"/a", NULL},
        {"/mnt/data", NULL},
        {"/mnt/data/", NULL},
        {"", NULL},
        {"/", NULL},
        {"a\nb", NULL},
        {"a\x1b[2J", NULL},
        {"a\xe2\x80\xaetxt.exe", NULL}, /* reads as exe.txt */
        {"a\xe2\x80\x8b", NULL},
        {"\xef\xbb\xbf"
         "a",
         NULL},
        {"h\xc3\xa9 \xe4\xb8\x96.txt", "h\xc3\xa9 \xe4\xb8\x96.txt"},
        {"..a", "..a"},
        {".sallyport-upload-x", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inputs inputs = {0};
        json_t *files = one(rows[i].said, "YQ==");
        bool taken = inputs_take_json(&inputs, files, &rules);
        if (taken != (rows[i].path != NULL))
            fail_msg("%s: %s", rows[i].said, inputs.refusal);
        if (taken) {
            assert_string_equal(inputs.files[0].path, rows[i].path);
            assert_int_equal(inputs.size, 1);
        } else {
            assert_int_equal(inputs.http_status, 400);
        }
        inputs_fini(&inputs);
        json_decref(files);
    }
    json_t *with_nul = json_pack("[{s:s%, s:s}]", "path", "a\0b", (size_t)3, "content", "");
    assert_int_equal(take(with_nul, &rules), 400);
    char deep[100] = "";
    for (int i = 0; i < 33; i++)
        strcat(deep, "a/");
    assert_int_equal(take(one(deep, ""), &rules), 400);
}

static void shapes_are_checked(void **state)
{
    (void)state;
    assert_int_equal(take(json_array(), &rules), 0);
    assert_int_equal(take(json_string("x"), &rules), 400);
    assert_int_equal(take(json_pack("[s]", "x"), &rules), 400);
    assert_int_equal(take(json_pack("[{s:s}]", "path", "a"), &rules), 400);
    assert_int_equal(take(json_pack("[{s:s}]", "content", ""), &rules), 400);
    assert_int_equal(take(json_pack("[{s:i, s:s}]", "path", 1, "content", ""), &rules), 400);
    assert_int_equal(take(one("a", "%"), &rules), 400);
    assert_int_equal(take(one("a", ""), &rules), 0);
    assert_int_equal(take(json_pack("[{s:s,s:s},{s:s,s:s}]", "path", "a", "content", "", "path",
                                    "/mnt/data/a", "content", ""),
                          &rules),
                     400);
    assert_int_equal(
        take(json_pack("[{s:s,s:s},{s:s,s:s}]", "path", "a/b", "content", "", "path", "a", "content", ""),
             &rules),
        400);
    assert_int_equal(
        take(json_pack("[{s:s,s:s},{s:s,s:s}]", "path", "a", "content", "", "path", "ab", "content", ""),
             &rules),
        0);
}

static void only_a_revision_names_inputs_by_their_hash(void **state)
{
    (void)state;
    static const char hash[] = "AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(take(json_pack("[{s:s, s:s}]", "path", "a", "sha256", hash), &rules), 400);
    assert_int_equal(take(json_pack("[{s:s, s:s}]", "path", "a", "sha256", "aa"), &revising), 400);
    struct inputs inputs = {0};
    json_t *files = json_pack("[{s:s, s:s}]", "path", "a", "sha256", hash);
    assert_true(inputs_take_json(&inputs, files, &revising));
    assert_string_equal(inputs.files[0].sha256,
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    inputs_fini(&inputs);
    json_decref(files);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0};
    uint8_t content[501] = {0};
    base64_encode(&text, bytes_of(content, sizeof content));
    json_t *files = json_array();
    for (int i = 0; i < 2; i++)
        json_array_append_new(
            files, json_pack("{s:s, s:s%}", "path", i ? "a" : "b", "content", text.data, text.size));
    assert_int_equal(take(files, &rules), 413);

    files = json_array();
    for (int i = 0; i <= APP_INPUTS_MAX; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "f%d", i);
        json_array_append_new(files, json_pack("{s:s, s:s}", "path", path, "content", ""));
    }
    assert_int_equal(take(files, &rules), 400);

    char name[251];
    files = json_array();
    for (int i = 0; i < 40; i++) {
        memset(name, 'a', sizeof name);
        (void)snprintf(name + 240, 11, "%d", i);
        json_array_append_new(files, json_pack("{s:s, s:s}", "path", name, "content", ""));
    }
    assert_int_equal(take(files, &rules), 400);
}

static void parts_of_a_form_are_files(void **state)
{
    (void)state;
    const struct multipart_part parts[] = {
        {.name = BYTES_LITERAL("request"), .filename = BYTES_LITERAL("r.json"), .data = BYTES_LITERAL("{}")},
        {.name = BYTES_LITERAL("code"), .filename = BYTES_LITERAL("x.py"), .data = BYTES_LITERAL("1")},
        {.name = BYTES_LITERAL("note"), .data = BYTES_LITERAL("no file")},
        {.name = BYTES_LITERAL("file"), .filename = BYTES_LITERAL("in/a.csv"), .data = BYTES_LITERAL("a,b")},
        {.name = BYTES_LITERAL("file"), .filename = BYTES_LITERAL("empty")},
    };
    struct inputs inputs = {0};
    assert_true(inputs_take_form(&inputs, parts, ARRAY_SIZE(parts), &rules));
    assert_int_equal(inputs.count, 2);
    assert_string_equal(inputs.files[0].path, "in/a.csv");
    assert_true(bytes_equal_cstr(buf_peek(&inputs.files[0].content), "a,b"));
    assert_int_equal(inputs.files[1].content.size, 0);
    inputs_fini(&inputs);

    const struct multipart_part slip = {.name = BYTES_LITERAL("file"), .filename = BYTES_LITERAL("../a")};
    assert_false(inputs_take_form(&inputs, &slip, 1, &rules));
    assert_int_equal(inputs.http_status, 400);
    inputs_fini(&inputs);
    const struct input_rules none = {.size_max = 2};
    assert_false(inputs_take_form(&inputs, parts, ARRAY_SIZE(parts), &none));
    assert_int_equal(inputs.http_status, 413);
    inputs_fini(&inputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked_as_the_pool_checks_them),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(only_a_revision_names_inputs_by_their_hash),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(parts_of_a_form_are_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
