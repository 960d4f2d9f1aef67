/* SPDX-License-Identifier: MIT */
/* multipart_test.c — forms as the listed clients send them (session-pool-api.md section 5.3), and broken
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/http1/mediatype.h"
#include "wire/http1/multipart.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

struct form {
    struct arena arena;
    struct multipart_part *parts;
    size_t count;
    struct err e;
};

static void form_fini(struct form *form)
{
    arena_fini(&form->arena);
}

static enum status parse(struct form *form, const char *type, struct bytes body,
                         const struct multipart_limits *limits)
{
    struct bytes boundary;
    enum status status = multipart_boundary(&form->arena, b(type), body, &boundary, &form->e);
    return status
               ? status
               : multipart_parse(&form->arena, boundary, body, limits, &form->parts, &form->count, &form->e);
}

static void a_form_is_split_into_its_parts(void **state)
{
    (void)state;
    CLEANUP(form_fini) struct form form = {0};
    struct bytes body =
        b("preamble\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; "
          "filename=\"/mnt/data/a b.csv\"\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--y\r\n--xx\r\n"
          "\r\n--x \t\r\ncontent-disposition: FORM-DATA; name=note\r\n\r\n\r\n--x--\r\nepilogue");
    assert_int_equal(parse(&form, "multipart/form-data; boundary=x", body, NULL), STATUS_OK);
    assert_int_equal(form.count, 2);
    const struct multipart_part *file = multipart_find(form.parts, form.count, "file");
    assert_non_null(file);
    assert_true(bytes_equal_cstr(file->filename, "/mnt/data/a b.csv"));
    assert_true(bytes_equal_cstr(file->content_type, "text/csv"));
    assert_true(bytes_equal_cstr(file->data, "1,2\r\n--y\r\n--xx\r\n"));
    const struct multipart_part *note = multipart_find(form.parts, form.count, "note");
    assert_non_null(note);
    assert_null(note->filename.data);
    assert_int_equal(note->data.size, 0);
    assert_null(multipart_find(form.parts, form.count, "nothing"));
}

static void the_boundary_comes_from_the_body_under_a_foreign_type(void **state)
{
    (void)state;
    const char *body =
        "--0f1e2d\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhi\r\n"
        "--0f1e2d--\r\n";
    static const char *const types[] = {"application/json", "", "multipart/form-data",
                                        "multipart/form-data; boundary=\"0f1e2d\"",
                                        "Multipart/Form-Data; charset=utf-8; Boundary=0f1e2d"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        CLEANUP(form_fini) struct form form = {0};
        assert_int_equal(parse(&form, types[i], b(body), NULL), STATUS_OK);
        assert_int_equal(form.count, 1);
        assert_true(bytes_equal_cstr(form.parts[0].data, "hi"));
    }
    CLEANUP(form_fini) struct form form = {0};
    assert_int_equal(parse(&form, "application/json", b("{\"a\":1}"), NULL), STATUS_MALFORMED);
    assert_int_equal(parse(&form, "", b(""), NULL), STATUS_MALFORMED);
    assert_int_equal(parse(&form, "", b("--\r\n"), NULL), STATUS_MALFORMED);
    assert_int_equal(parse(&form, "multipart/form-data; boundary=\"a\x01\"", b(body), NULL),
                     STATUS_MALFORMED);
}

static void file_names_are_decoded_as_clients_encode_them(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        const char *filename; /* NULL: none */
    } cases[] = {
        {"filename=\"say %22hi%22 100%25.txt\"", "say \"hi\" 100%25.txt"},
        {"filename=\"r\xc3\xa9sum\xc3\xa9.pdf\"", "r\xc3\xa9sum\xc3\xa9.pdf"},
        {"filename=\"x\"; filename*=UTF-8''%e2%82%ac%20rates.txt", "\xe2\x82\xac rates.txt"},
        {"filename*=iso-8859-1'en'%A3%20rates", "\xc2\xa3 rates"},
        {"filename=fallback; filename*=UTF-8''%ff", "fallback"},
        {"filename=fallback; filename*=nonsense", "fallback"},
        {"filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt"},
        {"filename=\"a\\\"b\\\\c\"", "a\"b\\c"},
        {"filename=\"a;b=c\"", "a;b=c"},
        {"filename=token.txt", "token.txt"},
        {"filename=\"\"", ""},
        {"x=y", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(form_fini) struct form form = {0};
        char body[400];
        snprintf(body, sizeof body, "--b\r\nContent-Disposition: form-data; name=\"f\"; %s\r\n\r\nd\r\n--b--",
                 cases[i].parameters);
        assert_int_equal(parse(&form, "multipart/form-data; boundary=b", b(body), NULL), STATUS_OK);
        assert_true(bytes_equal_cstr(form.parts[0].filename, cases[i].filename));
        assert_int_equal(form.parts[0].filename.data == NULL, cases[i].filename == NULL);
        assert_true(bytes_equal_cstr(form.parts[0].name, "f"));
    }
}

static void broken_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "nothing",
        "--b",
        "--b\r\n",
        "--b\r\nContent-Disposition: form-data\r\n\r\nno end",
        "--b\r\nContent-Disposition: form-data\r\n--b--",
        "--b\r\n--b--",
        "--b\nContent-Disposition: form-data\n\nx\n--b--",
        "--b\r\nno colon\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition : form-data\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--",
        "--b\r\nX: a\x01\r\n\r\nx\r\n--b--",
        "x--b\r\n\r\nx\r\n",
        "--b\r\n\r\nx--b--",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(form_fini) struct form form = {0};
        if (parse(&form, "multipart/form-data; boundary=b", b(bad[i]), NULL) != STATUS_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void every_prefix_of_a_form_is_refused(void **state)
{
    (void)state;
    struct bytes body = b("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--");
    for (size_t size = 0; size < body.size; size++) {
        CLEANUP(form_fini) struct form form = {0};
        assert_int_equal(parse(&form, "multipart/form-data; boundary=b", bytes_slice(body, 0, size), NULL),
                         STATUS_MALFORMED);
    }
}

static void parts_and_their_headers_are_limited(void **state)
{
    (void)state;
    const char *body = "--b\r\nX: 123456\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--";
    const char *type = "multipart/form-data; boundary=b";
    CLEANUP(form_fini) struct form form = {0};
    assert_int_equal(parse(&form, type, b(body), &(struct multipart_limits){.parts_max = 2}), STATUS_OK);
    assert_int_equal(parse(&form, type, b(body), &(struct multipart_limits){.parts_max = 1}),
                     STATUS_TOO_LARGE);
    assert_int_equal(parse(&form, type, b(body), &(struct multipart_limits){.head_size_max = 13}), STATUS_OK);
    assert_int_equal(parse(&form, type, b(body), &(struct multipart_limits){.head_size_max = 12}),
                     STATUS_TOO_LARGE);
}

static void media_types_are_compared_by_essence(void **state)
{
    (void)state;
    CLEANUP(arena_fini) struct arena arena = {0};
    assert_true(mediatype_is(b("application/JSON ; charset=utf-8"), "application/json"));
    assert_false(mediatype_is(b("application/jsonx"), "application/json"));
    struct bytes bytes = b("text/plain; a = \"x\\\"y\" ;; B=2; c=\"open");
    assert_true(bytes_equal_cstr(mediatype_param(&arena, bytes, "A", MEDIATYPE_QUOTED_PAIR), "x\"y"));
    assert_true(bytes_equal_cstr(mediatype_param(&arena, bytes, "b", MEDIATYPE_QUOTED_PAIR), "2"));
    assert_null(mediatype_param(&arena, bytes, "c", MEDIATYPE_QUOTED_PAIR).data);
    assert_null(mediatype_param(&arena, b("text/plain"), "a", MEDIATYPE_QUOTED_PAIR).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_split_into_its_parts),
        cmocka_unit_test(the_boundary_comes_from_the_body_under_a_foreign_type),
        cmocka_unit_test(file_names_are_decoded_as_clients_encode_them),
        cmocka_unit_test(broken_forms_are_refused),
        cmocka_unit_test(every_prefix_of_a_form_is_refused),
        cmocka_unit_test(parts_and_their_headers_are_limited),
        cmocka_unit_test(media_types_are_compared_by_essence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
