/* SPDX-License-Identifier: MIT */
/* tickets_test.c — if it fails, a stranger or one person fills the directory, and nobody can sign in any more. */
#include "lib/directory_rig.h"
#include "svc/directory/tickets.h"

#define ANN "A0000000-0000-4000-8000-000000000001"
#define BOB "B0000000-0000-4000-8000-000000000002"

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

/* --- the gate --- */

static struct bytes peer_of(char text[16], int number)
{
    int size = snprintf(text, 16, "%d", number);
    return bytes_of(text, (size_t)size);
}

static void a_peer_has_a_share_and_all_have_an_end(void **state)
{
    struct device_gate *gate = calloc(1, sizeof *gate);
    char text[16];
    (void)state;
    assert_non_null(gate);
    for (int i = 0; i < DEVICE_CODES_PEER_MAX; i++)
        assert_int_equal(device_gate_take(gate, BYTES_LITERAL("ann"), 10, 100), DEVICE_GATE_OPEN);
    assert_int_equal(device_gate_take(gate, BYTES_LITERAL("ann"), 99, 199), DEVICE_GATE_PEER_FULL);
    assert_int_equal(device_gate_take(gate, BYTES_LITERAL("bob"), 99, 199), DEVICE_GATE_OPEN);
    assert_int_equal(device_gate_take(gate, (struct bytes){0}, 99, 199), DEVICE_GATE_OPEN);

    for (int i = 0; i < DEVICE_CODES_MAX - DEVICE_CODES_PEER_MAX - 2; i++)
        assert_int_equal(device_gate_take(gate, peer_of(text, i), 99, 199), DEVICE_GATE_OPEN);
    assert_int_equal(device_gate_take(gate, BYTES_LITERAL("last"), 99, 199), DEVICE_GATE_FULL);
    /* Those of ann are over. */
    assert_int_equal(device_gate_take(gate, BYTES_LITERAL("last"), 100, 200), DEVICE_GATE_OPEN);
    assert_int_equal(device_gate_take(gate, BYTES_LITERAL("ann"), 100, 200), DEVICE_GATE_OPEN);
    free(gate);
}

/* --- those of one person --- */

static void add(struct directory_rig *rig, const char *person, enum directory_ticket_type type, int number,
                bool used)
{
    char id[64], hash[64];
    snprintf(id, sizeof id, "%s-%d-%d", person, (int)type, number);
    snprintf(hash, sizeof hash, "h-%c-%d-%d", person[0], (int)type, number);
    const struct directory_ticket ticket = {
        .id = id, .type = type, .hash = hash, .principal_id = person, .used = used, .expires_ns = 100};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_TICKET, &ticket};
    directory_write(rig->directory, &write, 1, NULL);
}

static const struct directory_ticket *find(struct directory_rig *rig, const char *person,
                                           enum directory_ticket_type type, int number)
{
    char id[64];
    snprintf(id, sizeof id, "%s-%d-%d", person, (int)type, number);
    return directory_find(rig->directory, DIRECTORY_TICKET, "id", bytes_of_cstr(id));
}

static void make_room(struct directory_rig *rig, const char *person, const struct directory_ticket *spent)
{
    tickets_make_room(rig->directory, person, spent);
    directory_settle(rig->directory);
}

static void who_asks_about_a_code_too_often_hurries(void **state)
{
    (void)state;
    struct device_gate gate = {.key = {1, 2}};
    assert_false(device_gate_hurries(&gate, BYTES_LITERAL("one"), 100, 4));
    assert_true(device_gate_hurries(&gate, BYTES_LITERAL("one"), 103, 4));
    assert_false(device_gate_hurries(&gate, BYTES_LITERAL("two"), 103, 4)); /* each code by itself */
    assert_true(device_gate_hurries(&gate, BYTES_LITERAL("one"), 106, 4));  /* since it last asked */
    assert_false(device_gate_hurries(&gate, BYTES_LITERAL("one"), 110, 4));
}

static void what_was_used_goes_first_then_the_oldest(void **state)
{
    struct directory_rig *rig = *state;
    add(rig, BOB, DIRECTORY_REFRESH, 0, true);
    add(rig, ANN, DIRECTORY_COOKIE, 0, true);
    for (int i = 0; i < TICKETS_EACH_MAX - 1; i++)
        add(rig, ANN, i % 2 ? DIRECTORY_CODE : DIRECTORY_REFRESH, i, i == 50);
    directory_settle(rig->directory);
    size_t before = directory_count(rig->directory, DIRECTORY_TICKET);
    make_room(rig, ANN, NULL); /* there is room for one */
    assert_int_equal(directory_count(rig->directory, DIRECTORY_TICKET), before);

    add(rig, ANN, DIRECTORY_REFRESH, 1000, false);
    directory_settle(rig->directory);
    make_room(rig, ANN, NULL);
    assert_null(find(rig, ANN, DIRECTORY_REFRESH, 50));
    assert_non_null(find(rig, ANN, DIRECTORY_REFRESH, 0));

    add(rig, ANN, DIRECTORY_REFRESH, 1001, false);
    directory_settle(rig->directory);
    make_room(rig, ANN, find(rig, ANN, DIRECTORY_REFRESH, 0)); /* which is being exchanged */
    assert_non_null(find(rig, ANN, DIRECTORY_REFRESH, 0));
    assert_null(find(rig, ANN, DIRECTORY_CODE, 1));

    /* Nobody makes room for somebody else, and sessions of browsers have a limit of their own. */
    assert_non_null(find(rig, BOB, DIRECTORY_REFRESH, 0));
    assert_non_null(find(rig, ANN, DIRECTORY_COOKIE, 0));
}

static void a_directory_of_before_comes_below_the_limit_step_by_step(void **state)
{
    struct directory_rig *rig = *state;
    for (int i = 0; i < TICKETS_EACH_MAX + DIRECTORY_WRITES_MAX + 3; i++)
        add(rig, ANN, DIRECTORY_REFRESH, i, true);
    directory_settle(rig->directory);
    make_room(rig, ANN, NULL);
    assert_int_equal(directory_count(rig->directory, DIRECTORY_TICKET), TICKETS_EACH_MAX + 3);
    make_room(rig, ANN, NULL);
    assert_int_equal(directory_count(rig->directory, DIRECTORY_TICKET), TICKETS_EACH_MAX - 1);
}

/* An exchange that was on its way when a copy was shown hands out one more of the family: that one goes as well. */
static void what_is_handed_out_while_a_family_ends_goes_with_it(void **state)
{
    struct directory_rig *rig = *state;
    const struct directory_ticket others = {
        .id = "o", .type = DIRECTORY_REFRESH, .hash = "o", .family = "other"};
    const struct directory_write other = {DIRECTORY_CREATE, DIRECTORY_TICKET, &others};
    directory_write(rig->directory, &other, 1, NULL);
    for (int i = 0; i < DIRECTORY_WRITES_MAX + 3; i++) {
        char text[16];
        snprintf(text, sizeof text, "t%d", i);
        const struct directory_ticket ticket = {
            .id = text, .type = DIRECTORY_REFRESH, .hash = text, .family = "family", .used = true};
        const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_TICKET, &ticket};
        directory_write(rig->directory, &write, 1, NULL);
        if (i == DIRECTORY_WRITES_MAX)
            directory_settle(rig->directory); /* the last two are on their way when it begins */
    }
    struct ticket_ends ends;
    ticket_ends_init(&ends, rig->directory);
    tickets_end_family(&ends, "family");
    tickets_end_family(&ends, "family");
    tickets_end_family(&ends, "");
    assert_true(tickets_are_ending(&ends, "family"));
    assert_false(tickets_are_ending(&ends, "other"));
    directory_settle(rig->directory);
    assert_false(tickets_are_ending(&ends, "family"));
    assert_int_equal(directory_count(rig->directory, DIRECTORY_TICKET), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_has_a_share_and_all_have_an_end),
        cmocka_unit_test(who_asks_about_a_code_too_often_hurries),
        cmocka_unit_test_setup_teardown(what_was_used_goes_first_then_the_oldest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_of_before_comes_below_the_limit_step_by_step, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_handed_out_while_a_family_ends_goes_with_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
