/* SPDX-License-Identifier: MIT */
/* If these fail, a session without a memory group is ended for memory it does not hold, or not for what it holds. */
#include "jail/usage.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"

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

/* A child that does `work`, says so, and waits for its end. */
static pid_t start(void (*work)(void))
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        work();
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end(pid_t pid)
{
    for (unsigned i = 0; i < tree.count; i++)
        kill(tree.members[i].pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static struct usage measured(pid_t pid)
{
    usage_find(pid, &tree);
    return usage_measure(&tree);
}

static void hold_a_block(void)
{
    hold(BLOCK, MAP_PRIVATE);
}

static void hold_in_three(void)
{
    for (int i = 0; i < 2; i++)
        start(hold_a_block);
    hold_a_block();
}

static void share_in_three(void)
{
    hold_a_block();
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            for (;;)
                pause();
        }
    }
}

__attribute__((noreturn)) static int sleep_in(void *argument)
{
    for (;;)
        pause();
}

static void lend_its_memory(void)
{
    hold_a_block();
    static char stack[65536];
    clone(sleep_in, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
}

static void hold_shared(void)
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
    pid_t pid = start(hold_in_three);
    assert_near(measured(pid).anonymous, 3 * BLOCK);
    assert_int_equal(tree.count, 3);
    end(pid);
}

static void test_a_page_that_several_have_counts_once(void **state)
{
    pid_t pid = start(share_in_three);
    /* Its parent, this test, has none of the block; of the rest each has its part. */
    assert_near(measured(pid).anonymous, BLOCK);
    end(pid);
}

/* Between vfork and exec, of every subprocess. */
static void test_a_memory_that_two_share_counts_once(void **state)
{
    pid_t pid = start(lend_its_memory);
    struct usage usage = measured(pid);
    assert_int_equal(tree.count, 2);
    assert_near(usage.anonymous, BLOCK);
    end(pid);
}

static void test_shared_memory_is_told_apart(void **state)
{
    pid_t pid = start(hold_shared);
    struct usage usage = measured(pid);
    assert_near(usage.shared, BLOCK);
    assert_in_range(usage.anonymous, 0, TOLERANCE);
    end(pid);
}

static void test_the_cheap_look_is_never_less(void **state)
{
    void (*const works[])(void) = {hold_in_three, share_in_three, lend_its_memory, hold_shared};
    for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
        pid_t pid = start(works[i]);
        struct usage usage = measured(pid);
        uint64_t resident = 0;
        for (unsigned n = 0; n < tree.count; n++)
            resident += tree.members[n].resident;
        assert_true(resident >= usage.anonymous + usage.shared);
        end(pid);
    }
}

static void test_nobody_holds_nothing(void **state)
{
    pid_t pid = start(hold_a_block);
    measured(pid);
    end(pid);
    struct usage usage = measured(pid);
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
