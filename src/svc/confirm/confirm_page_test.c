/* SPDX-License-Identifier: MIT */
/* confirm_page_test.c — what strangers wrote stays text, and a form is only there for who is asked. If it fails: code, its output or a
 * name draws a page of its own to a reviewer, or somebody votes on what they were not shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "svc/confirm/confirm_page.h"
#include "svc/confirm/limit_values.h"

#define MANIFEST "9c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92"
#define OTHER    "0c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92"
#define EVIL     "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\0"

static json_t *request_in(const char *state, const char *manifest)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:{s:s, s:s, s:s}, s:s}", "id", "7f3a0001", "state",
                     state, "manifestSha256", manifest, "revision", 2, "createdAt",
                     "2026-11-28T11:52:53.3881313Z", "code", "print(1)\n", "submitter", "id", "id-of-sam",
                     "name", "sam", "kind", "user", "purpose", "churn");
}

static struct confirm_view view_of(const json_t *request)
{
    return (struct confirm_view){.request = request,
                                 .manifest = MANIFEST,
                                 .person_id = "id-of-mina",
                                 .name = "mina",
                                 .expires_s = 1795975800,
                                 .page_token = "PAGETOKEN"};
}

/* The page as text, which the caller frees. */
static char *page_of(const struct confirm_view *view)
{
    struct buf out = {0};
    confirm_page_write(view, &out);
    buf_append_byte(&out, '\0');
    assert_int_equal(buf_status(&out), STATUS_OK);
    return (char *)out.data;
}

static bool has(const char *page, const char *text)
{
    return strstr(page, text) != NULL;
}

static void test_who_is_asked_gets_the_form(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    const struct confirm_view view = view_of(request);
    assert_int_equal(confirm_page_case(&view), CONFIRM_OPEN);
    char *page = page_of(&view);
    assert_true(has(page, "<form method=\"post\">"));
    assert_true(has(page, "name=\"token\" value=\"PAGETOKEN\""));
    assert_true(has(page, "name=\"manifest\" value=\"" MANIFEST "\""));
    assert_true(has(page, "for <b>mina</b>, until 2026-11-29 18:10 UTC"));
    assert_true(has(page, "revision 2"));
    assert_false(has(page, "<script"));
    free(page);
    json_decref(request);
}

static void test_nobody_else_does(void **state)
{
    (void)state;
    static const struct {
        const char *state, *manifest;
        enum confirm_case which;
    } cases[] = {{"approved", MANIFEST, CONFIRM_OVER},   {"rejected", OTHER, CONFIRM_OVER},
                 {"timed-out", MANIFEST, CONFIRM_OVER},  {"cancelled", MANIFEST, CONFIRM_OVER},
                 {"waiting", OTHER, CONFIRM_CHANGED},    {"running", OTHER, CONFIRM_CHANGED},
                 {"running", MANIFEST, CONFIRM_NOT_YET}, {"changes-requested", MANIFEST, CONFIRM_NOT_YET}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *request = request_in(cases[i].state, cases[i].manifest);
        struct confirm_view view = view_of(request);
        view.differs = "result, revision";
        assert_int_equal(confirm_page_case(&view), cases[i].which);
        char *page = page_of(&view);
        assert_false(has(page, "<form"));
        assert_int_equal(has(page, "It differs in: result, revision."), cases[i].which == CONFIRM_CHANGED);
        free(page);
        json_decref(request);
    }
}

static void test_a_link_is_used_up_by_the_own_vote(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    json_object_set_new(request, "votes",
                        json_pack("[{s:{s:s,s:s}, s:s, s:s, s:i, s:b, s:s}]", "by", "id", "id-of-mina",
                                  "name", "mina", "answer", "approve", "manifestSha256", MANIFEST, "revision",
                                  2, "counts", 1, "at", "2026-11-28T14:33:08.0000000Z"));
    struct confirm_view view = view_of(request);
    assert_int_equal(confirm_page_case(&view), CONFIRM_VOTED);
    char *page = page_of(&view);
    assert_true(has(page, "You approved this at 2026-11-28 14:33 UTC."));
    assert_true(has(page, "This link is used up"));
    assert_false(has(page, "<form"));
    free(page);
    view.person_id = "id-of-noor";
    assert_int_equal(confirm_page_case(&view), CONFIRM_OPEN);
    json_object_set_new(request, "revision", json_integer(3)); /* the same bytes, asked for anew */
    view.person_id = "id-of-mina";
    assert_int_equal(confirm_page_case(&view), CONFIRM_OPEN);
    json_decref(request);
}

static void test_nobody_decides_on_their_own(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    struct confirm_view view = view_of(request);
    view.person_id = "id-of-sam";
    assert_int_equal(confirm_page_case(&view), CONFIRM_OWN);
    char *page = page_of(&view);
    assert_false(has(page, "<form"));
    free(page);
    json_decref(request);
}

/* Every text of the request that somebody else chose, at once. */
static void test_what_strangers_wrote_stays_text(void **state)
{
    (void)state;
    static const char *const members[] = {"purpose", "onBehalfOf", "code"};
    json_t *request = request_in("waiting", MANIFEST), *evil = json_stringn(EVIL, sizeof EVIL - 1);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        json_object_set(request, members[i], evil);
    json_object_set(json_object_get(request, "submitter"), "name", evil);
    json_object_set_new(request, "result",
                        json_pack("{s:O, s:O, s:O, s:[{s:O, s:O, s:O, s:O}], s:{s:O, s:O, s:O, s:O}}",
                                  "stdout", evil, "stderr", evil, "result", evil, "outputs", "text/plain",
                                  evil, "text/html", evil, "image/svg+xml", evil, "image/png", evil, "error",
                                  "name", evil, "value", evil, "traceback", evil, "hint", evil));
    json_object_set_new(request, "error", json_pack("{s:O, s:O}", "type", evil, "message", evil));
    json_object_set_new(request, "files", json_pack("[{s:O, s:i}]", "path", evil, "size", 3));
    json_object_set_new(request, "revisions",
                        json_pack("[{s:i, s:[{s:O}]}]", "number", 2, "files", "path", evil));
    json_object_set_new(request, "votes",
                        json_pack("[{s:{s:s, s:O}, s:O, s:s, s:s, s:O}]", "by", "id", "x", "name", evil,
                                  "comment", evil, "answer", "reject", "manifestSha256", OTHER, "at", evil));
    json_object_set_new(request, "policy", json_pack("{s:O}", "due", evil));
    json_object_set(request, "createdAt", evil);
    struct confirm_view view = view_of(request);
    view.name = view.comment = view.differs = "\"'></textarea><script>alert(1)</script>";
    char *page = page_of(&view);
    assert_false(has(page, "<script"));
    assert_false(has(page, "<img src=x"));
    assert_false(has(page, "\u202e"));
    assert_true(has(page, "U+202E"));
    assert_true(has(page, "U+0000"));
    assert_false(has(page, "data:image/svg"));
    assert_false(has(page, "data:image/png"));
    free(page);
    json_decref(evil);
    json_decref(request);
}

static void test_what_is_cut_is_said(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    struct buf code = {0};
    for (size_t i = 0; i < CONFIRM_TEXT_SIZE_MAX + 7; i++)
        buf_append_byte(&code, 'x');
    json_object_set_new(request, "code", json_stringn((const char *)code.data, code.size));
    const struct confirm_view view = view_of(request);
    char *page = page_of(&view);
    assert_true(has(page, "7 bytes more are not shown here"));
    free(page);
    buf_fini(&code);
    json_decref(request);
}

static void test_pictures_are_only_pictures(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    json_object_set_new(request, "result",
                        json_pack("{s:{s:s, s:s, s:s}}", "result", "type", "image", "format", "png",
                                  "base64_data", "iVBORw0KGgo="));
    const struct confirm_view view = view_of(request);
    char *page = page_of(&view);
    assert_true(has(page, "src=\"data:image/png;base64,iVBORw0KGgo=\""));
    free(page);
    json_decref(request);
}

/* Nothing was measured: that is not the same as none. */
static void test_what_was_not_measured_is_not_zero(void **state)
{
    (void)state;
    json_t *request = request_in("waiting", MANIFEST);
    json_object_set_new(request, "run", json_integer(1));
    json_object_set_new(request, "runs",
                        json_pack("[{s:i, s:{s:{s:i}}}]", "number", 1, "effects", "network", "attempts", 3));
    const struct confirm_view view = view_of(request);
    char *page = page_of(&view);
    assert_true(has(page, "<dt>Network</dt><dd>3 tried</dd>"));
    assert_true(has(page, "<dt>Memory</dt><dd>not reported</dd>"));
    free(page);
    json_decref(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_asked_gets_the_form),
        cmocka_unit_test(test_nobody_else_does),
        cmocka_unit_test(test_a_link_is_used_up_by_the_own_vote),
        cmocka_unit_test(test_nobody_decides_on_their_own),
        cmocka_unit_test(test_what_strangers_wrote_stays_text),
        cmocka_unit_test(test_what_is_cut_is_said),
        cmocka_unit_test(test_pictures_are_only_pictures),
        cmocka_unit_test(test_what_was_not_measured_is_not_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
