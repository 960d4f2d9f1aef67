/* SPDX-License-Identifier: MIT */
/* cgroup_test.c — if these fail, a keeper that starts ends the sessions of another server, or begins in what a
 * dead one left. */
#include "jail/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/process.h"

#define MIB ((uint64_t)1 << 20)

/* Where keepers' groups are, or -1 where this user can make none. */
static int parent_directory(void)
{
    struct cgroup_tree tree;
    assert_int_equal(cgroup_open(&tree, 1, geteuid(), NULL), STATUS_OK);
    bool unified = tree.layout == CGROUP_V2;
    int parent = unified ? tree.unified_parent : tree.parents[CGROUP_MEMORY];
    parent = tree.enforced[CGROUP_MEMORY] ? fcntl(parent, F_DUPFD_CLOEXEC, 3) : -1;
    cgroup_close(&tree);
    return parent;
}

static void make_groups(int parent, pid_t owner)
{
    char name[64];
    snprintf(name, sizeof name, "sallyport.%d", (int)owner);
    assert_int_equal(mkdirat(parent, name, 0755), 0);
    snprintf(name, sizeof name, "sallyport.%d/s0", (int)owner);
    assert_int_equal(mkdirat(parent, name, 0755), 0);
}

static bool has_groups(int parent, pid_t owner)
{
    char name[64];
    snprintf(name, sizeof name, "sallyport.%d/s0", (int)owner);
    return faccessat(parent, name, F_OK, 0) == 0;
}

/* As the start of a keeper does it. */
static void sweep(void)
{
    struct cgroup_tree tree;
    assert_int_equal(cgroup_open(&tree, 1, geteuid(), NULL), STATUS_OK);
    cgroup_close(&tree);
}

static void take_name(void *name)
{
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

static void test_groups_of_the_living_stay_and_of_the_dead_go(void **state)
{
    int parent = parent_directory();
    if (parent < 0)
        skip();
    char keepers_name[] = CGROUP_OWNER_NAME, other_name[] = "another";
    struct process keeper, other;
    process_hold(&keeper, take_name, keepers_name);
    process_hold(&other, take_name, other_name);
    make_groups(parent, keeper.pid);
    make_groups(parent, other.pid); /* a number that came again */
    sweep();
    assert_true(has_groups(parent, keeper.pid));
    assert_false(has_groups(parent, other.pid));

    process_kill(&other);
    process_kill(&keeper);
    sweep();
    assert_false(has_groups(parent, keeper.pid));
    close(parent);
}

static void test_what_has_our_own_number_is_a_dead_ones(void **state)
{
    int parent = parent_directory();
    if (parent < 0)
        skip();
    make_groups(parent, getpid());
    struct cgroup_tree tree;
    assert_int_equal(cgroup_open(&tree, 1, geteuid(), NULL), STATUS_OK);
    assert_false(has_groups(parent, getpid()));
    cgroup_close(&tree);
    close(parent);
}

static void test_room_is_what_the_limit_leaves(void **state)
{
    const struct session_limits limits = {
        .memory_bytes = 64 * MIB, .tasks = 16, .cpu_percent = 100, .read_bytes = 64 * MIB};
    struct cgroup_tree tree;
    int joins[CGROUP_CONTROLLERS];
    assert_int_equal(cgroup_open(&tree, 2, geteuid(), NULL), STATUS_OK);
    bool limited = tree.enforced[CGROUP_MEMORY];
    if (limited) {
        assert_int_equal(cgroup_slot_prepare(&tree, 1, &limits, NULL), STATUS_OK);
        assert_true(cgroup_slot_has_room(&tree, 1, limits.memory_bytes, 60 * MIB));
        assert_false(cgroup_slot_has_room(&tree, 1, limits.memory_bytes, 65 * MIB));
        assert_false(cgroup_slot_has_room(&tree, 1, limits.memory_bytes, UINT64_MAX));
        assert_true(cgroup_slot_empty(&tree, 1));
        assert_false(cgroup_slot_oom(&tree, 1) || cgroup_slot_forgive_oom(&tree, 1));
        assert_int_equal(cgroup_slot_joins(&tree, 1, 1u << CGROUP_MEMORY, joins),
                         tree.slots[1].join[CGROUP_MEMORY] >= 0);
        assert_true(cgroup_slot_joins(&tree, 1, CGROUP_ALL, joins) > 0 || tree.slots[1].unified >= 0);
    }
    /* A slot that was never prepared is not limited. */
    assert_true(cgroup_slot_has_room(&tree, 0, limits.memory_bytes, 60 * MIB));
    assert_int_equal(cgroup_slot_joins(&tree, 0, CGROUP_ALL, joins), 0);
    cgroup_close(&tree);
    if (!limited)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_of_the_living_stay_and_of_the_dead_go),
        cmocka_unit_test(test_what_has_our_own_number_is_a_dead_ones),
        cmocka_unit_test(test_room_is_what_the_limit_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
