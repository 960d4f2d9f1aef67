/* SPDX-License-Identifier: MIT */
/* cgroup_unified_test.c — a slot on a machine that has v2 alone, played by a folder with the files of a group. If
 * these fail, sessions there have other limits than were asked for, their end is told wrongly, or an upload is
 * charged to nobody. */
#include "jail/cgroup.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "jail/file.h"

#define MIB ((uint64_t)1 << 20)

static const char *const group_files[] = {
    "memory.max", "memory.swap.max", "memory.oom.group", "memory.current", "memory.stat", "memory.events",
    "pids.max",   "cpu.max",         "io.max",           "cgroup.procs",   "cgroup.kill",
};
static const struct session_limits limits = {
    .memory_bytes = 64 * MIB, .tasks = 16, .cpu_percent = 150, .read_bytes = 3 * MIB};

static struct machine {
    char folder[64];
    struct cgroup_tree tree;
    struct cgroup_slot slots[1];
} machine;

static void put(const char *file, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/s0/%s", machine.folder, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void assert_file(const char *file, const char *text)
{
    char path[128], found[128] = "";
    snprintf(path, sizeof path, "%s/s0/%s", machine.folder, file);
    assert_true(file_read(AT_FDCWD, path, found, sizeof found) >= 0);
    assert_string_equal(found, text);
}

static int set_up(void **state)
{
    char path[128];
    snprintf(machine.folder, sizeof machine.folder, "/tmp/sallyport-cgroup-XXXXXX");
    if (!mkdtemp(machine.folder))
        return -1;
    snprintf(path, sizeof path, "%s/s0", machine.folder);
    if (mkdir(path, 0700) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(group_files); i++)
        put(group_files[i], "");

    machine.slots[0] = (struct cgroup_slot){.unified = -1};
    machine.tree =
        (struct cgroup_tree){.layout = CGROUP_V2,
                             .unified_base = open(machine.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                             .unified_parent = -1,
                             .disk = "8:0",
                             .slots = machine.slots,
                             .slot_count = 1,
                             .owner = geteuid()};
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        machine.tree.bases[c] = machine.tree.parents[c] = -1;
        machine.slots[0].controllers[c] = machine.slots[0].join[c] = -1;
        machine.tree.enforced[c] = true;
    }
    return machine.tree.unified_base >= 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
    return remove(path);
}

static int tear_down(void **state)
{
    file_close(&machine.slots[0].unified);
    file_close(&machine.tree.unified_base);
    return nftw(machine.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_each_limit_is_in_its_file(void **state)
{
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    assert_file("memory.max", "67108864");
    assert_file("memory.swap.max", "0");
    assert_file("memory.oom.group", "1");
    assert_file("pids.max", "16");
    assert_file("cpu.max", "150000 100000");
    assert_file("io.max", "8:0 rbps=3145728");
}

static void test_a_limit_that_cannot_be_set_is_told(void **state)
{
    static const char *const needed[] = {"memory.max", "pids.max", "cpu.max", "io.max"};
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        assert_int_equal(set_up(state), 0);
        char path[128];
        snprintf(path, sizeof path, "s0/%s", needed[i]);
        assert_int_equal(unlinkat(machine.tree.unified_base, path, 0), 0);
        struct err err = {0};
        assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, &err), STATUS_IO);
        assert_non_null(strstr(err.text, needed[i]));
        assert_int_equal(tear_down(state), 0);
    }
}

/* A porter starts in the group as its session did, and joins nothing afterwards. */
static void test_who_starts_there_joins_nothing(void **state)
{
    int joins[CGROUP_CONTROLLERS];
    struct stat group, expected;
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    assert_int_equal(cgroup_slot_joins(&machine.tree, 0, CGROUP_ALL, joins), 0);
    assert_int_equal(fstat(machine.slots[0].unified, &group), 0);
    assert_int_equal(fstatat(machine.tree.unified_base, "s0", &expected, 0), 0);
    assert_true(group.st_ino == expected.st_ino);
}

static void test_room_is_what_the_limit_leaves_without_what_is_cached(void **state)
{
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    put("memory.current", "62914560\n"); /* 60 MiB */
    put("memory.stat", "anon 20971520\nfile 41943040\ninactive_file 20971520\nactive_file 10485760\n");
    assert_true(cgroup_slot_has_room(&machine.tree, 0, 64 * MIB, 4 * MIB));
    assert_true(cgroup_slot_has_room(&machine.tree, 0, 64 * MIB, 34 * MIB)); /* 30 MiB can be dropped */
    assert_false(cgroup_slot_has_room(&machine.tree, 0, 64 * MIB, 35 * MIB));
    put("memory.current", "");
    assert_false(cgroup_slot_has_room(&machine.tree, 0, 64 * MIB, 1)); /* nothing is known */
}

static void test_a_kill_is_counted_from_where_the_session_began(void **state)
{
    put("memory.events", "low 0\noom 7\noom_kill 7\n");
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    assert_false(cgroup_slot_oom(&machine.tree, 0) || cgroup_slot_forgive_oom(&machine.tree, 0));
    put("memory.events", "low 0\noom 9\noom_kill 9\n");
    assert_true(cgroup_slot_forgive_oom(&machine.tree, 0)); /* the porter's */
    assert_true(cgroup_slot_oom(&machine.tree, 0));         /* the session's */
    assert_true(cgroup_slot_forgive_oom(&machine.tree, 0));
    assert_false(cgroup_slot_oom(&machine.tree, 0));
}

static void test_a_group_has_somebody_as_long_as_its_list_has(void **state)
{
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    assert_true(cgroup_slot_empty(&machine.tree, 0));
    put("cgroup.procs", "17\n");
    assert_false(cgroup_slot_empty(&machine.tree, 0));
}

/* A group that was killed takes nobody in any more (cgroup_slot.c). */
static void test_a_killed_group_is_made_anew(void **state)
{
    struct stat before, after;
    char path[128];
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_OK);
    assert_int_equal(fstat(machine.slots[0].unified, &before), 0);
    cgroup_slot_kill(&machine.tree, 0);
    assert_file("cgroup.kill", "1");
    assert_true(machine.slots[0].killed);

    for (size_t i = 0; i < ARRAY_SIZE(group_files); i++) { /* as the kernel does it when the group goes */
        snprintf(path, sizeof path, "s0/%s", group_files[i]);
        assert_int_equal(unlinkat(machine.tree.unified_base, path, 0), 0);
    }
    /* The new one has no files here, so its first limit cannot be set: that it is tried is the point. */
    int held = dup(machine.slots[0].unified); /* or the number of the folder may come again */
    assert_int_equal(cgroup_slot_prepare(&machine.tree, 0, &limits, NULL), STATUS_IO);
    assert_false(machine.slots[0].killed);
    assert_int_equal(fstat(machine.slots[0].unified, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    close(held);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_limit_is_in_its_file),
        cmocka_unit_test(test_a_limit_that_cannot_be_set_is_told),
        TEST(test_who_starts_there_joins_nothing),
        TEST(test_room_is_what_the_limit_leaves_without_what_is_cached),
        TEST(test_a_kill_is_counted_from_where_the_session_began),
        TEST(test_a_group_has_somebody_as_long_as_its_list_has),
        TEST(test_a_killed_group_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
