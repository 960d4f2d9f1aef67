/* SPDX-License-Identifier: MIT */
/* kept_session_test.c — if it fails, a restart signs somebody out, or somebody who signed out is in again after one. */
#include "lib/directory_rig.h"
#include "svc/page/kept_session.h"
#include "svc/page/limit_values.h"

#define ANN "A0000000-0000-4000-8000-000000000001"
#define BOB "B0000000-0000-4000-8000-000000000002"

struct kept_wait {
    struct directory_waiter waiter;
    bool done;
};

static void on_done(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    (void)err;
    assert_int_equal(status, STATUS_OK);
    CONTAINER_OF(waiter, struct kept_wait, waiter)->done = true;
}

static int set_up(void **state)
{
    struct directory_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    directory_rig_start(rig, 7);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    directory_rig_stop(*state);
    free(*state);
    return 0;
}

static void await(struct directory_rig *rig, struct kept_wait *wait)
{
    struct err err = {0};
    while (!wait->done)
        assert_int_equal(loop_step(rig->loop, 1000, &err), STATUS_OK);
}

static void restart(struct directory_rig *rig)
{
    directory_close(rig->directory);
    rig->directory = NULL;
    directory_rig_open(rig, 7);
}

static void open_of(struct directory_rig *rig, const char *owner, int64_t now_ns,
                    char cookie[SECRET_TEXT_SIZE + 1])
{
    char token[SECRET_TEXT_SIZE + 1];
    struct kept_wait wait = {.waiter.on_done = on_done};
    const struct kept_session_wish wish = {.owner_id = owner, .key_id = "key"};
    kept_session_open(rig->directory, &wish, now_ns, cookie, token, &wait.waiter);
    await(rig, &wait);
    assert_string_equal(kept_session_find(rig->directory, bytes_of_cstr(cookie), now_ns)->challenge, token);
}

static const struct directory_ticket *find(struct directory_rig *rig, const char *cookie, int64_t now_ns)
{
    return kept_session_find(rig->directory, bytes_of_cstr(cookie), now_ns);
}

static void it_is_there_after_a_restart_and_no_cookie_is_on_disk(void **state)
{
    struct directory_rig *rig = *state;
    char cookie[SECRET_TEXT_SIZE + 1];
    open_of(rig, ANN, 5, cookie);
    restart(rig);
    const struct directory_ticket *session = find(rig, cookie, 6);
    assert_non_null(session);
    assert_string_equal(session->principal_id, ANN);
    assert_string_equal(session->scope, "key");
    assert_string_not_equal(session->hash, cookie);
    assert_string_not_equal(session->challenge, cookie);
    assert_null(find(rig, session->challenge, 6));
    assert_null(find(rig, "spb_x", 6));
    assert_null(kept_session_find(NULL, bytes_of_cstr(cookie), 6));
}

static void it_ends_after_its_time(void **state)
{
    struct directory_rig *rig = *state;
    char cookie[SECRET_TEXT_SIZE + 1];
    open_of(rig, ANN, 5, cookie);
    assert_non_null(find(rig, cookie, PAGE_SESSION_LIFE_NS + 4));
    assert_null(find(rig, cookie, PAGE_SESSION_LIFE_NS + 5));
}

static void who_signed_out_stays_out_after_a_restart(void **state)
{
    struct directory_rig *rig = *state;
    char cookie[SECRET_TEXT_SIZE + 1], other[SECRET_TEXT_SIZE + 1];
    struct kept_wait wait = {.waiter.on_done = on_done};
    open_of(rig, ANN, 5, cookie);
    open_of(rig, ANN, 5, other);
    kept_session_close(rig->directory, find(rig, cookie, 6), &wait.waiter);
    await(rig, &wait);
    restart(rig);
    assert_null(find(rig, cookie, 7));
    assert_non_null(find(rig, other, 7));
}

static void a_replaced_cookie_counts_for_what_is_under_way(void **state)
{
    struct directory_rig *rig = *state;
    char cookie[SECRET_TEXT_SIZE + 1], next[SECRET_TEXT_SIZE + 1];
    struct kept_wait wait = {.waiter.on_done = on_done};
    open_of(rig, ANN, 0, cookie);
    assert_false(kept_session_is_due(find(rig, cookie, 1), PAGE_SESSION_ROTATE_NS - 1));
    assert_true(kept_session_is_due(find(rig, cookie, 1), PAGE_SESSION_ROTATE_NS));
    int64_t then_ns = PAGE_SESSION_ROTATE_NS;
    kept_session_rotate(rig->directory, find(rig, cookie, then_ns), then_ns, next, &wait.waiter);
    await(rig, &wait);
    restart(rig);
    assert_ptr_equal(find(rig, cookie, then_ns + PAGE_SESSION_OVERLAP_NS - 1), find(rig, next, then_ns));
    assert_null(find(rig, cookie, then_ns + PAGE_SESSION_OVERLAP_NS));
    assert_non_null(find(rig, next, then_ns + PAGE_SESSION_OVERLAP_NS));
    assert_null(find(rig, next, PAGE_SESSION_LIFE_NS)); /* another cookie makes no session longer */
}

static void nobody_signs_others_out(void **state)
{
    struct directory_rig *rig = *state;
    char first[SECRET_TEXT_SIZE + 1], bobs[SECRET_TEXT_SIZE + 1], cookie[SECRET_TEXT_SIZE + 1];
    open_of(rig, BOB, 0, bobs);
    open_of(rig, ANN, 1, first);
    for (int i = 0; i < PAGE_SESSIONS_EACH_MAX; i++)
        open_of(rig, ANN, 2 + i, cookie);
    assert_null(find(rig, first, 500));
    assert_non_null(find(rig, cookie, 500));
    assert_non_null(find(rig, bobs, 500));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_there_after_a_restart_and_no_cookie_is_on_disk),
        TEST(it_ends_after_its_time),
        TEST(who_signed_out_stays_out_after_a_restart),
        TEST(a_replaced_cookie_counts_for_what_is_under_way),
        TEST(nobody_signs_others_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
