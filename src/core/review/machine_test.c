/* SPDX-License-Identifier: MIT */
/* machine_test.c — every cell of a request's life, and random walks over the table. If it fails, a request can be decided
 * twice, or hang for ever. */
#include "core/review/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static enum review_state walk_on(enum review_entry entry, bool has_step, const enum review_event *events,
                                 size_t count)
{
    enum review_state state = review_begin(entry);
    for (size_t i = 0; i < count; i++) {
        struct review_move move = review_apply(state, events[i], entry, has_step);
        assert_int_equal(move.verdict, REVIEW_MOVED);
        state = move.next;
    }
    return state;
}

#define WALK_ON(entry, has_step, ...)                                                                        \
    walk_on(REVIEW_ENTRY_##entry, has_step, (const enum review_event[]){__VA_ARGS__},                        \
            ARRAY_SIZE(((const enum review_event[]){__VA_ARGS__})))
#define WALK(entry, ...) WALK_ON(entry, false, __VA_ARGS__)

/* The ways that people go. Broken: the product's main path. */
static void test_usual_lives(void **context)
{
    (void)context;
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_APPROVE),
                     REVIEW_APPROVED);
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_TIME),
                     REVIEW_TIMED_OUT);
    assert_int_equal(WALK(ASK, REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN),
                     REVIEW_APPROVED);
    assert_int_equal(WALK(ASK_FIRST, REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN,
                          REVIEW_EVENT_REJECT),
                     REVIEW_REJECTED);
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_ASK_CHANGES,
                          REVIEW_EVENT_REVISE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN,
                          REVIEW_EVENT_APPROVE),
                     REVIEW_APPROVED);
    assert_int_equal(WALK(RUN, REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN),
                     REVIEW_APPROVED);
    /* Without people. */
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_ALLOWED), REVIEW_APPROVED);
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_DENIED), REVIEW_REJECTED);
    assert_int_equal(
        WALK(ASK_FIRST, REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_ALLOWED),
        REVIEW_APPROVED);
    assert_int_equal(WALK(RUN, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_TIME_FAILS),
                     REVIEW_FAILED);
    assert_int_equal(review_begin(REVIEW_ENTRY_DENIED), REVIEW_REJECTED);
}

/* RP-14: what people approve is not released before the step that follows. Broken: a step that is not run, or run twice. */
static void test_a_step_follows(void **context)
{
    (void)context;
    static const struct review_move lost = {REVIEW_MOVED, REVIEW_FAILED, REVIEW_ACTION_END};
    assert_int_equal(
        WALK_ON(RUN, true, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_APPROVE),
        REVIEW_THEN_DUE);
    assert_int_equal(WALK_ON(RUN, true, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN,
                             REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN),
                     REVIEW_APPROVED);
    assert_int_equal(WALK_ON(RUN, true, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN,
                             REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_FAILED),
                     REVIEW_FAILED);
    assert_int_equal(WALK_ON(RUN, true, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_ALLOWED), REVIEW_THEN_DUE);
    assert_int_equal(
        WALK_ON(ASK, true, REVIEW_EVENT_APPROVE, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN),
        REVIEW_THEN_DUE);
    assert_int_equal(
        WALK_ON(RUN, true, REVIEW_EVENT_RUN_STARTED, REVIEW_EVENT_RUN_SHOWN, REVIEW_EVENT_REJECT),
        REVIEW_REJECTED);
    struct review_move again =
        review_apply(REVIEW_THEN_RUNNING, REVIEW_EVENT_RUN_STARTED, REVIEW_ENTRY_RUN, true);
    assert_memory_equal(&again, &lost, sizeof again);
}

/* No cell was forgotten: whatever happens in whatever state, the table says what becomes of it. */
static void test_every_cell_is_written(void **context)
{
    (void)context;
    for (size_t state = 0; state < REVIEW_STATE_COUNT; state++)
        for (size_t event = 0; event < REVIEW_EVENT_COUNT; event++)
            for (size_t entry = 0; entry < (size_t)REVIEW_ENTRIES * 2; entry++) {
                struct review_move move = review_apply((enum review_state)state, (enum review_event)event,
                                                       (enum review_entry)(entry / 2), entry % 2);
                assert_int_not_equal(move.verdict, REVIEW_IMPOSSIBLE);
                if (move.verdict == REVIEW_MOVED)
                    assert_false(review_over((enum review_state)state)); /* the end is the end */
                else
                    assert_int_equal(move.next, state);
                assert_true(move.verdict == REVIEW_MOVED || move.actions == 0);
            }
}

/* What is asked of people has a deadline, what is over was ended, and only what is approved is released. */
static void test_actions_fit_states(void **context)
{
    (void)context;
    for (size_t state = 0; state < REVIEW_STATE_COUNT; state++)
        for (size_t event = 0; event < REVIEW_EVENT_COUNT; event++)
            for (size_t entry = 0; entry < (size_t)REVIEW_ENTRIES * 2; entry++) {
                struct review_move move = review_apply((enum review_state)state, (enum review_event)event,
                                                       (enum review_entry)(entry / 2), entry % 2);
                if (move.verdict != REVIEW_MOVED)
                    continue;
                assert_int_equal(review_waits(move.next), (move.actions & REVIEW_ACTION_ASK) != 0);
                assert_int_equal(review_over(move.next), (move.actions & REVIEW_ACTION_END) != 0);
                assert_int_equal(move.next == REVIEW_APPROVED, (move.actions & REVIEW_ACTION_RELEASE) != 0);
            }
}

static void take(bool seen[REVIEW_STATE_COUNT][REVIEW_EVENT_COUNT], enum review_state state,
                 enum review_event event)
{
    seen[state][event] = true;
}

/* Random events until it is over: at most one decision, and every state has a way out. */
static void test_random_walks(void **context)
{
    (void)context;
    static bool seen[REVIEW_STATE_COUNT][REVIEW_EVENT_COUNT];
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){7, 1, 2, 3});
    for (int round = 0; round < 20000; round++) {
        enum review_entry entry = (enum review_entry)(prng_next(&prng) % REVIEW_ENTRIES);
        bool has_step = round % 2;
        enum review_state state = review_begin(entry);
        int decisions = state == REVIEW_REJECTED, /* by a rule, at once */ steps = 0;
        while (!review_over(state)) {
            enum review_event event = (enum review_event)(prng_next(&prng) % REVIEW_EVENT_COUNT);
            struct review_move move = review_apply(state, event, entry, has_step);
            if (move.verdict == REVIEW_MOVED)
                take(seen, state, event);
            decisions += (move.actions & REVIEW_ACTION_DECIDE) != 0;
            state = move.next;
            assert_true(++steps < 10000);
        }
        assert_true(decisions <= 1);
        assert_true(decisions == 1 || (state != REVIEW_APPROVED && state != REVIEW_REJECTED));
    }
    for (size_t state = 0; state < REVIEW_STATE_COUNT; state++)
        for (size_t event = 0; event < REVIEW_EVENT_COUNT; event++)
            if (review_apply((enum review_state)state, (enum review_event)event, REVIEW_ENTRY_RUN, true)
                    .verdict == REVIEW_MOVED)
                assert_true(seen[state][event]); /* every move was taken */
}

/* What is stored reads back, and the picture has every state. */
static void test_names(void **context)
{
    (void)context;
    for (size_t state = 0; state < REVIEW_STATE_COUNT; state++)
        assert_int_equal(review_state_of_stored(bytes_of_cstr(review_state_stored((enum review_state)state))),
                         state);
    assert_int_equal(review_state_of_stored(BYTES_LITERAL("odd")), REVIEW_STATE_COUNT);
    assert_int_equal(review_gate_of(BYTES_LITERAL("both")), REVIEW_GATE_BOTH);
    assert_int_equal(review_gate_of(BYTES_LITERAL("")), REVIEW_GATES);
    assert_string_equal(review_state_shown(REVIEW_WAITING_FIRST), "waiting");
    assert_string_equal(review_state_stage(REVIEW_WAITING_FIRST), "before");
    CLEANUP(buf_fini) struct buf picture = {0};
    review_write_picture(&picture);
    buf_append_byte(&picture, '\0');
    assert_non_null(strstr((const char *)picture.data, "waiting_after --> approved : approve\n"));
    assert_non_null(strstr((const char *)picture.data, "[*] --> waiting_first : submitted (asked first)\n"));
}

/* The page shows the table as it is. With "--picture" the test writes the picture, for the page. */
static const char *page_path;

static void test_the_page_has_the_picture(void **context)
{
    (void)context;
    CLEANUP(buf_fini) struct buf picture = {0};
    review_write_picture(&picture);
    buf_append_byte(&picture, '\0');
    static char page[64 << 10];
    FILE *file = fopen(page_path, "r");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    page[size] = '\0';
    assert_non_null(strstr(page, (const char *)picture.data));
}

int main(int argc, char **argv)
{
    page_path = argc > 1 ? argv[1] : "doc/review.md";
    if (strcmp(page_path, "--picture") == 0) {
        CLEANUP(buf_fini) struct buf picture = {0};
        review_write_picture(&picture);
        printf("%.*s", BYTES_FMT(buf_peek(&picture)));
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_lives),
        cmocka_unit_test(test_a_step_follows),
        cmocka_unit_test(test_every_cell_is_written),
        cmocka_unit_test(test_actions_fit_states),
        cmocka_unit_test(test_random_walks),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_page_has_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
