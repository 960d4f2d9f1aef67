/* SPDX-License-Identifier: MIT */
/* page_file_test.c — if it fails, people get no page, an old one, or one that their browser cannot read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/page/page_file.h"

static void the_page_and_what_it_names_are_there(void **state)
{
    (void)state;
    const struct page_file *page = page_file_find(BYTES_LITERAL("/index.html"));
    assert_non_null(page);
    assert_true(page->gzip.size > 2 && page->gzip.data[0] == 0x1f && page->gzip.data[1] == 0x8b);
    struct bytes mark = BYTES_LITERAL("src=\"");
    size_t at = bytes_find(page->plain, mark);
    assert_true(at < page->plain.size);
    struct bytes rest = bytes_slice(page->plain, at + mark.size, SIZE_MAX);
    assert_non_null(page_file_find(bytes_split(&rest, '"')));
    assert_null(page_file_find(BYTES_LITERAL("/assets/none.js")));
    assert_null(page_file_find(BYTES_LITERAL("")));
}

static void the_page_has_no_script_of_its_own(void **state)
{
    (void)state;
    const struct page_file *page = page_file_find(BYTES_LITERAL("/index.html"));
    assert_true(bytes_find(page->plain, BYTES_LITERAL("<script>")) >= page->plain.size);
    assert_true(bytes_find(page->plain, BYTES_LITERAL("<style")) >= page->plain.size);
    assert_true(bytes_find(page->plain, BYTES_LITERAL("://")) >= page->plain.size);
}

static void a_header_names_or_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *what;
        bool accepts;
    } cases[] = {
        {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html", true},
        {"application/json, text/html;q=0.1", "text/html", true},
        {"text/html;q=0", "text/html", false},
        {"text/html ; level=1; Q=0.00", "text/html", false},
        {"*/*", "text/html", false},
        {"text/htmlx", "text/html", false},
        {"", "text/html", false},
        {"gzip, deflate, br", "gzip", true},
        {"br;q=1.0, GZIP;q=0.001", "gzip", true},
        {"gzip;q=0", "gzip", false},
        {"identity", "gzip", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(page_accepts(bytes_of_cstr(cases[i].header), cases[i].what), cases[i].accepts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_and_what_it_names_are_there),
        cmocka_unit_test(the_page_has_no_script_of_its_own),
        cmocka_unit_test(a_header_names_or_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
