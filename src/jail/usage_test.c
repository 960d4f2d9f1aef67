/* SPDX-License-Identifier: MIT */
/* usage_test.c — if these fail, a session without a memory group is ended for memory it does not hold, or not for
 * what it holds. */
#include "jail/usage.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "lib/process.h"

#define MIB       ((size_t)1 << 20)
#define BLOCK     (64 * MIB)
#define TOLERANCE (24 * MIB) /* what a process holds besides */

static struct usage_tree tree; /* too large for a stack */

static void *hold(size_t size, int kind)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    memset(memory, 1, size);
    return memory;
}

/* The whole tree, of which only the first is this test's child. */
static void end(struct process *process)
{
    for (unsigned i = 0; i < tree.count; i++)
        kill(tree.members[i].pid, SIGKILL);
    process_kill(process);
}

static struct usage measured(pid_t pid)
{
    usage_find(pid, &tree);
    return usage_measure(&tree);
}

static void hold_a_block(void *context)
{
    hold(BLOCK, MAP_PRIVATE);
}

static void hold_in_three(void *context)
{
    struct process child;
    for (int i = 0; i < 2; i++)
        process_hold(&child, hold_a_block, NULL);
    hold_a_block(NULL);
}

static void do_nothing(void *context)
{
}

static void share_in_three(void *context)
{
    struct process child;
    hold_a_block(NULL);
    for (int i = 0; i < 2; i++)
        process_hold(&child, do_nothing, NULL);
}

__attribute__((noreturn)) static int sleep_in(void *argument)
{
    for (;;)
        pause();
}

static void lend_its_memory(void *context)
{
    hold_a_block(NULL);
    static char stack[65536];
    clone(sleep_in, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
}

static void hold_shared(void *context)
{
    hold(BLOCK, MAP_SHARED);
}

static void assert_near(uint64_t bytes, uint64_t wanted)
{
    assert_in_range(bytes, wanted, wanted + TOLERANCE);
}

static int needs_a_kernel_that_tells(void **state)
{
    if (!usage_possible())
        skip();
    return 0;
}

static void test_adds_up_a_tree(void **state)
{
    struct process process;
    process_hold(&process, hold_in_three, NULL);
    assert_near(measured(process.pid).anonymous, 3 * BLOCK);
    assert_int_equal(tree.count, 3);
    end(&process);
}

static void test_a_page_that_several_have_counts_once(void **state)
{
    struct process process;
    process_hold(&process, share_in_three, NULL);
    /* Its parent, this test, has none of the block; of the rest each has its part. */
    assert_near(measured(process.pid).anonymous, BLOCK);
    end(&process);
}

/* Between vfork and exec, of every subprocess. */
static void test_a_memory_that_two_share_counts_once(void **state)
{
    struct process process;
    process_hold(&process, lend_its_memory, NULL);
    struct usage usage = measured(process.pid);
    assert_int_equal(tree.count, 2);
    assert_near(usage.anonymous, BLOCK);
    end(&process);
}

static void test_shared_memory_is_told_apart(void **state)
{
    struct process process;
    process_hold(&process, hold_shared, NULL);
    struct usage usage = measured(process.pid);
    assert_near(usage.shared, BLOCK);
    assert_in_range(usage.anonymous, 0, TOLERANCE);
    end(&process);
}

static void test_the_cheap_look_is_never_less(void **state)
{
    void (*const works[])(void *) = {hold_in_three, share_in_three, lend_its_memory, hold_shared};
    for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
        struct process process;
        process_hold(&process, works[i], NULL);
        struct usage usage = measured(process.pid);
        uint64_t resident = 0;
        for (unsigned n = 0; n < tree.count; n++)
            resident += tree.members[n].resident;
        assert_true(resident >= usage.anonymous + usage.shared);
        end(&process);
    }
}

static void test_nobody_holds_nothing(void **state)
{
    struct process process;
    process_hold(&process, hold_a_block, NULL);
    measured(process.pid);
    end(&process);
    struct usage usage = measured(process.pid);
    assert_int_equal(tree.count, 0);
    assert_int_equal(usage.anonymous + usage.shared, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_adds_up_a_tree, needs_a_kernel_that_tells),
        cmocka_unit_test_setup(test_a_page_that_several_have_counts_once, needs_a_kernel_that_tells),
        cmocka_unit_test_setup(test_a_memory_that_two_share_counts_once, needs_a_kernel_that_tells),
        cmocka_unit_test_setup(test_shared_memory_is_told_apart, needs_a_kernel_that_tells),
        cmocka_unit_test_setup(test_the_cheap_look_is_never_less, needs_a_kernel_that_tells),
        cmocka_unit_test_setup(test_nobody_holds_nothing, needs_a_kernel_that_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
