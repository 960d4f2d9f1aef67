/* SPDX-License-Identifier: MIT */
/* session_test.c — if it fails, a browser stays signed in that should not be, or somebody is signed out in the middle of a
 * sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "svc/page/limit_values.h"
#include "svc/page/session.h"

static const uint64_t seed[2] = {1, 2};
static const struct bytes key = BYTES_LITERAL("Bearer spk_key");

static struct page_session *open_of(struct page_sessions *sessions, const char *owner, int64_t now_ns,
                                    char cookie[SECRET_TEXT_SIZE + 1])
{
    struct page_session *session = NULL;
    assert_int_equal(page_session_open(sessions, owner, key, now_ns, cookie, &session), STATUS_OK);
    return session;
}

static struct page_session *open_one(struct page_sessions *sessions, int64_t now_ns,
                                     char cookie[SECRET_TEXT_SIZE + 1])
{
    return open_of(sessions, "ann", now_ns, cookie);
}

static void a_cookie_stands_for_its_credentials(void **state)
{
    (void)state;
    struct page_sessions sessions;
    char cookie[SECRET_TEXT_SIZE + 1], other[SECRET_TEXT_SIZE + 1];
    page_sessions_init(&sessions, seed);
    struct page_session *session = open_one(&sessions, 0, cookie);
    open_one(&sessions, 0, other);
    assert_ptr_equal(page_session_find(&sessions, bytes_of_cstr(cookie), 1), session);
    assert_string_equal(session->authorization, "Bearer spk_key");
    assert_string_not_equal(session->token, cookie);
    assert_null(page_session_find(&sessions, bytes_of_cstr(session->token), 1));
    assert_null(page_session_find(&sessions, BYTES_LITERAL("spb_x"), 1));
    assert_null(page_session_find(&sessions, (struct bytes){0}, 1));
    page_session_close(&sessions, session);
    assert_null(page_session_find(&sessions, bytes_of_cstr(cookie), 1));
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(other), 1));
    page_sessions_fini(&sessions);
}

static void it_ends_after_its_time(void **state)
{
    (void)state;
    struct page_sessions sessions;
    char cookie[SECRET_TEXT_SIZE + 1];
    page_sessions_init(&sessions, seed);
    open_one(&sessions, 5, cookie);
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(cookie), PAGE_SESSION_LIFE_NS + 4));
    assert_null(page_session_find(&sessions, bytes_of_cstr(cookie), PAGE_SESSION_LIFE_NS + 5));
    assert_int_equal(sessions.count, 0);
    page_sessions_fini(&sessions);
}

static void a_cookie_is_replaced_and_the_old_one_counts_for_a_while(void **state)
{
    (void)state;
    const int64_t due_ns = PAGE_SESSION_ROTATE_NS;
    struct page_sessions sessions;
    char first[SECRET_TEXT_SIZE + 1], second[SECRET_TEXT_SIZE + 1], third[SECRET_TEXT_SIZE + 1];
    page_sessions_init(&sessions, seed);
    struct page_session *session = open_one(&sessions, 0, first);
    assert_false(page_session_rotate(&sessions, session, due_ns - 1, second));
    assert_true(page_session_rotate(&sessions, session, due_ns, second));
    assert_ptr_equal(page_session_find(&sessions, bytes_of_cstr(second), due_ns), session);
    assert_ptr_equal(page_session_find(&sessions, bytes_of_cstr(first), due_ns), session);
    assert_null(page_session_find(&sessions, bytes_of_cstr(first), due_ns + PAGE_SESSION_OVERLAP_NS));
    assert_ptr_equal(page_session_find(&sessions, bytes_of_cstr(second), due_ns + PAGE_SESSION_OVERLAP_NS),
                     session);
    assert_true(page_session_rotate(&sessions, session, 2 * due_ns, third));
    assert_null(page_session_find(&sessions, bytes_of_cstr(first), 2 * due_ns));
    page_session_close(&sessions, session);
    assert_null(page_session_find(&sessions, bytes_of_cstr(second), 2 * due_ns));
    assert_int_equal(sessions.by_hash.count, 0);
    page_sessions_fini(&sessions);
}

static void the_least_used_makes_room(void **state)
{
    (void)state;
    struct page_sessions sessions;
    char first[SECRET_TEXT_SIZE + 1], second[SECRET_TEXT_SIZE + 1], cookie[SECRET_TEXT_SIZE + 1];
    page_sessions_init(&sessions, seed);
    open_one(&sessions, 0, first);
    open_one(&sessions, 0, second);
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(first), 1));
    for (int i = 0; i < PAGE_SESSIONS_MAX - 1; i++) {
        char owner[16];
        (void)snprintf(owner, sizeof owner, "%d", i);
        open_of(&sessions, owner, 1, cookie);
    }
    assert_int_equal(sessions.count, PAGE_SESSIONS_MAX);
    assert_null(page_session_find(&sessions, bytes_of_cstr(second), 1));
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(first), 1));
    page_sessions_fini(&sessions);
}

static void nobody_signs_others_out(void **state)
{
    (void)state;
    struct page_sessions sessions;
    char others[SECRET_TEXT_SIZE + 1], first[SECRET_TEXT_SIZE + 1], cookie[SECRET_TEXT_SIZE + 1];
    page_sessions_init(&sessions, seed);
    open_of(&sessions, "bob", 0, others);
    open_one(&sessions, 0, first);
    for (int i = 0; i < 2 * PAGE_SESSIONS_EACH_MAX; i++)
        open_one(&sessions, 1, cookie);
    assert_int_equal(sessions.count, PAGE_SESSIONS_EACH_MAX + 1);
    assert_null(page_session_find(&sessions, bytes_of_cstr(first), 1));
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(others), 1));
    assert_non_null(page_session_find(&sessions, bytes_of_cstr(cookie), 1));
    page_sessions_fini(&sessions);
}

static void a_cookie_is_found_by_its_name(void **state)
{
    (void)state;
    const struct bytes header = BYTES_LITERAL("a=1; sallyport=x=y;sallyport2=z");
    assert_true(bytes_equal_cstr(page_cookie_value(header, "sallyport"), "x=y"));
    assert_true(bytes_equal_cstr(page_cookie_value(header, "sallyport2"), "z"));
    assert_null(page_cookie_value(header, "port").data);
    assert_null(page_cookie_value((struct bytes){0}, "a").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_stands_for_its_credentials),
        cmocka_unit_test(it_ends_after_its_time),
        cmocka_unit_test(a_cookie_is_replaced_and_the_old_one_counts_for_a_while),
        cmocka_unit_test(the_least_used_makes_room),
        cmocka_unit_test(nobody_signs_others_out),
        cmocka_unit_test(a_cookie_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
