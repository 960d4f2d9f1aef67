/* SPDX-License-Identifier: MIT */
/* assignments_test.c — if one fails, who was granted something at a place has it at another of that name, or loses what is for a place beside it. */
#include "lib/directory_rig.h"
#include "store/directory/assignments.h"

#define MANY (2 * DIRECTORY_WRITES_MAX + 3)

struct assignments_told {
    int count;
    enum status status;
};

static void on_done(void *context, enum status status, const char *text)
{
    struct assignments_told *told = context;
    (void)text;
    told->count++;
    told->status = status;
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

static void grant(struct directory_rig *rig, const char *scope)
{
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_assignment assignment = {.id = id,
                                                    .principal_id = "A0000000-0000-4000-8000-000000000001",
                                                    .principal_type = "User",
                                                    .role_id = "0ad04412-c4d5-4796-b79c-f76d14c8d402",
                                                    .scope = scope,
                                                    .description = "",
                                                    .created_by = ""};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_ASSIGNMENT, &assignment};
    directory_write(rig->directory, &write, 1, NULL);
    directory_settle(rig->directory);
}

static void forget(struct directory_rig *rig, const struct bytes *places, size_t count)
{
    struct assignments_told told = {0};
    assignments_forget(rig->directory, places, count, on_done, &told);
    directory_settle(rig->directory);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.status, STATUS_OK);
}

static void a_scope_is_below_what_it_begins_with_as_a_whole_name(void **state)
{
    static const struct {
        const char *scope;
        const char *place;
        bool below;
    } rows[] = {
        {"/scheduler/hub", "/scheduler/hub", true},   {"/scheduler/HUB/", "/scheduler/hub", true},
        {"/scheduler/hub/x", "/scheduler/hub", true}, {"/scheduler/hub-2", "/scheduler/hub", false},
        {"/scheduler", "/scheduler/hub", false},      {"/", "/scheduler/hub", false},
        {"/pool/hub", "/scheduler/hub", false},       {"/scheduler/hub", "", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(assignment_is_below(rows[i].scope, bytes_of_cstr(rows[i].place)), rows[i].below);
}

static void all_at_a_place_go_and_no_other(void **state)
{
    struct directory_rig *rig = *state;
    const struct bytes places[] = {BYTES_LITERAL("/scheduler/hub"),
                                   BYTES_LITERAL("/subscriptions/s/schedulers/local/taskHubs/hub")};
    static const char *const others[] = {"/", "/scheduler", "/scheduler/hub-2",
                                         "/subscriptions/s/schedulers/local"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        grant(rig, others[i]);
    for (int i = 0; i < MANY; i++) /* more than one set of writes takes */
        grant(rig, i % 2 ? "/scheduler/Hub" : "/subscriptions/s/schedulers/local/taskhubs/HUB");
    forget(rig, places, ARRAY_SIZE(places));

    size_t left = 0;
    const struct directory_assignment *assignment = NULL;
    while ((assignment = directory_next(rig->directory, DIRECTORY_ASSIGNMENT, assignment)))
        assert_string_equal(assignment->scope, others[left++]);
    assert_int_equal(left, ARRAY_SIZE(others));
}

static void an_empty_place_is_nobodys(void **state)
{
    struct directory_rig *rig = *state;
    const struct bytes places[] = {{0}, BYTES_LITERAL("/scheduler/hub")};
    grant(rig, "/scheduler/other");
    forget(rig, places, ARRAY_SIZE(places));
    assert_int_equal(directory_count(rig->directory, DIRECTORY_ASSIGNMENT), 1);
}

/* Whoever asked would otherwise be told that they could not be forgotten. */
static void somebody_else_may_delete_one_meanwhile(void **state)
{
    struct directory_rig *rig = *state;
    struct assignments_told told = {0};
    const struct bytes place = BYTES_LITERAL("/scheduler/hub");
    grant(rig, "/scheduler/hub");
    grant(rig, "/scheduler/hub");
    const struct directory_write first = {DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT,
                                          directory_next(rig->directory, DIRECTORY_ASSIGNMENT, NULL)};
    directory_write(rig->directory, &first, 1, NULL);
    assignments_forget(rig->directory, &place, 1, on_done, &told);
    directory_settle(rig->directory);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.status, STATUS_OK);
    assert_int_equal(directory_count(rig->directory, DIRECTORY_ASSIGNMENT), 0);
}

static void join(struct directory_rig *rig, const char *group, const char *member)
{
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_member object = {.id = id, .group_id = group, .member_id = member};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_MEMBER, &object};
    directory_write(rig->directory, &write, 1, NULL);
    directory_settle(rig->directory);
}

static void somebody_has_what_their_groups_have(void **state)
{
    struct directory_rig *rig = *state;
    struct subjects subjects;
    join(rig, "G-1", "alice");
    join(rig, "G-2", "ALICE");
    join(rig, "G-3", "bob");
    subjects_find(rig->directory, BYTES_LITERAL("Alice"), &subjects);
    assert_int_equal(subjects.count, 3);
    assert_true(subjects_have(&subjects, "alice"));
    assert_true(subjects_have(&subjects, "g-1"));
    assert_true(subjects_have(&subjects, "G-2"));
    assert_false(subjects_have(&subjects, "G-3"));
    assert_false(subjects_have(&subjects, "bob"));

    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        char group[GUID_TEXT_SIZE + 1];
        directory_guid(group);
        join(rig, group, "alice");
    }
    subjects_find(rig->directory, BYTES_LITERAL("Alice"), &subjects);
    assert_int_equal(subjects.count, SUBJECTS_MAX);
}

static void what_is_granted_to_who_may_not_sign_in_does_not_count(void **state)
{
    struct directory_rig *rig = *state;
    const struct directory_person people[] = {{.id = "p1", .name = "one"},
                                              {.id = "p2", .name = "two", .disabled = 1}};
    const struct directory_application applications[] = {
        {.id = "a1", .client_id = "c1", .name = "one"},
        {.id = "a2", .client_id = "c2", .name = "two", .disabled = 1}};
    const struct directory_group group = {.id = "g", .name = "group"};
    const struct directory_write writes[] = {{DIRECTORY_CREATE, DIRECTORY_PERSON, &people[0]},
                                             {DIRECTORY_CREATE, DIRECTORY_PERSON, &people[1]},
                                             {DIRECTORY_CREATE, DIRECTORY_APPLICATION, &applications[0]},
                                             {DIRECTORY_CREATE, DIRECTORY_APPLICATION, &applications[1]},
                                             {DIRECTORY_CREATE, DIRECTORY_GROUP, &group}};
    directory_write(rig->directory, writes, ARRAY_SIZE(writes), NULL);
    directory_settle(rig->directory);
    const struct {
        const char *id;
        bool counts;
    } rows[] = {{"p1", true},  {"P1", true}, {"p2", false},   {"a1", true},
                {"a2", false}, {"g", true},  {"gone", false}, {"", false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(subject_counts(rig->directory, bytes_of_cstr(rows[i].id)), rows[i].counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_below_what_it_begins_with_as_a_whole_name),
        cmocka_unit_test_setup_teardown(all_at_a_place_go_and_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_place_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(somebody_has_what_their_groups_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_granted_to_who_may_not_sign_in_does_not_count, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(somebody_else_may_delete_one_meanwhile, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
