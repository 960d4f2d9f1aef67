/* SPDX-License-Identifier: MIT */
/* world_program_test.c — a program that hangs, floods or cannot be started must not take the caller with it. The
 * programs are the shell's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/duration.h"
#include "credential/world_program.h"

static bool is_wanted(void *context)
{
    return context && atomic_fetch_add((atomic_int *)context, 1) > 3;
}

static enum status run(const char *script, int64_t timeout_ns, void *stop_context, struct buf *output,
                       struct err *err)
{
    const struct world_stop stop = {.is_wanted = is_wanted, .context = stop_context};
    const char *const arguments[] = {"sh", "-c", script, NULL};
    return world_program_run(&stop, arguments, timeout_ns, output, err);
}

#define LONG_NS (120 * NS_PER_S)

static void what_it_writes_is_given(void **state)
{
    CLEANUP(buf_fini) struct buf output = {0};
    assert_int_equal(run("echo out; echo words >&2; cat", LONG_NS, NULL, &output, NULL), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&output), "out\n"));
    buf_clear(&output);
    assert_int_equal(run("echo out; echo words >&2; exit 3", LONG_NS, NULL, &output, NULL),
                     STATUS_FAILED_PRECONDITION);
    assert_true(bytes_equal_cstr(buf_peek(&output), "words\n"));
    buf_clear(&output);
    assert_int_equal(run("kill -9 $$", LONG_NS, NULL, &output, NULL), STATUS_FAILED_PRECONDITION);
    /* Of what is said for people only the beginning is kept, however much it is. */
    assert_int_equal(run("head -c 300000 /dev/zero >&2; exit 1", LONG_NS, NULL, &output, NULL),
                     STATUS_FAILED_PRECONDITION);
    assert_int_equal(output.size, 4096);
}

static void no_such_program(void **state)
{
    const struct world_stop stop = {.is_wanted = is_wanted};
    const char *const arguments[] = {"no-such-program-7f3a", NULL};
    struct buf output = {0};
    assert_int_equal(world_program_run(&stop, arguments, LONG_NS, &output, NULL), STATUS_NOT_FOUND);
}

/* The group is gone, the program's own children too. */
static void limits(void **state)
{
    CLEANUP(buf_fini) struct buf output = {0};
    struct err err = {0};
    assert_int_equal(run("sleep 1000 & sleep 1000", 200 * NS_PER_MS, NULL, &output, &err),
                     STATUS_DEADLINE_EXCEEDED);
    assert_int_equal(run("exec >/dev/null 2>&1; sleep 1000", 200 * NS_PER_MS, NULL, &output, &err),
                     STATUS_DEADLINE_EXCEEDED);
    assert_int_equal(run("head -c 70000 /dev/zero; sleep 1000", LONG_NS, NULL, &output, &err),
                     STATUS_TOO_LARGE);
    atomic_int looks = 0;
    assert_int_equal(run("sleep 1000", LONG_NS, &looks, &output, &err), STATUS_CANCELLED);
    assert_int_equal(output.size, 0);
}

/* Descriptors of ours are none of its business; signals are as a program expects them. */
static void what_it_inherits(void **state)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    CLEANUP(buf_fini) struct buf output = {0};
    enum status status =
        run("ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status", LONG_NS, NULL, &output, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&output), "4\nSigBlk:\t0000000000000000\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_writes_is_given),
                                       cmocka_unit_test(no_such_program), cmocka_unit_test(limits),
                                       cmocka_unit_test(what_it_inherits)};
    return cmocka_run_group_tests_name("credential/world_program", tests, NULL, NULL);
}
