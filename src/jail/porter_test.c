/* SPDX-License-Identifier: MIT */
/* porter_test.c — if these fail, an upload is cut, is charged to the wrong one, or is carried by a process that
 * can do more than carry. */
#include "jail/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/raw_call.h"

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/process.h"

#define CHUNK_SIZE ((size_t)1 << 16)

struct load {
    int pipe[2];
    int file;
};

static struct load make_load(void)
{
    struct load load;
    assert_int_equal(pipe2(load.pipe, O_CLOEXEC), 0);
    load.file = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(load.file >= 0);
    return load;
}

static void close_load(struct load *load)
{
    close(load->file);
}

struct order {
    struct porter porter;
    void (*then)(void);
};

static int carry(void *context)
{
    const struct order *order = context;
    if (porter_enter(&order->porter, NULL) != STATUS_OK)
        return 99;
    if (order->then)
        order->then();
    porter_copy();
}

/* A porter of that load, which does `then` instead of its work if there is one. */
static struct process start(struct load *load, int join_fd, void (*then)(void))
{
    struct order order = {.porter = {.pipe_fd = load->pipe[0], .file_fd = load->file}, .then = then};
    order.porter.join_fds[0] = join_fd;
    order.porter.join_count = join_fd >= 0;
    struct process process;
    process_start(&process, carry, &order);
    close(load->pipe[0]);
    return process;
}

static void test_copies_until_the_pipe_ends(void **state)
{
    static uint8_t sent[5 * CHUNK_SIZE + 3], arrived[sizeof sent + 1];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 + i / 251);
    struct load load = make_load();
    struct process process = start(&load, -1, NULL);
    for (size_t done = 0; done < sizeof sent;) {
        ssize_t n = write(load.pipe[1], sent + done, MIN(CHUNK_SIZE, sizeof sent - done));
        assert_true(n > 0);
        done += (size_t)n;
    }
    close(load.pipe[1]);

    process_expect(&process, 0);
    assert_int_equal(pread(load.file, arrived, sizeof arrived, 0), sizeof sent);
    assert_memory_equal(arrived, sent, sizeof sent);
    close_load(&load);
}

static void test_an_empty_file_is_a_file(void **state)
{
    struct load load = make_load();
    struct process process = start(&load, -1, NULL);
    close(load.pipe[1]);
    process_expect(&process, 0);
    assert_int_equal(lseek(load.file, 0, SEEK_END), 0);
    close_load(&load);
}

static void test_exits_with_the_errno_of_the_copy(void **state)
{
    struct load load = make_load();
    assert_int_equal(fcntl(load.file, F_ADD_SEALS, F_SEAL_GROW), 0);
    assert_int_equal(write(load.pipe[1], "x", 1), 1);
    struct process process = start(&load, -1, NULL);
    process_expect(&process, EPERM);
    close(load.pipe[1]);
    close_load(&load);
}

static void test_joins_its_groups_first(void **state)
{
    struct load load = make_load();
    int group = memfd_create("tasks", MFD_CLOEXEC);
    struct process process = start(&load, group, NULL);
    close(load.pipe[1]);
    process_expect(&process, 0);
    char text[4] = "";
    assert_int_equal(pread(group, text, sizeof text, 0), 1);
    assert_string_equal(text, "0");
    close(group);
    close_load(&load);
}

/* Without its group it must not write a byte: the pages would be somebody else's. */
static void test_stays_away_from_the_file_without_its_group(void **state)
{
    struct load load = make_load();
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(write(load.pipe[1], "x", 1), 1);
    struct process process = start(&load, full, NULL);
    close(load.pipe[1]);
    process_expect(&process, 99);
    assert_int_equal(lseek(load.file, 0, SEEK_END), 0);
    close(full);
    close_load(&load);
}

/* An end of a pipe that it keeps would keep somebody waiting. */
static void test_closes_what_is_not_its_load(void **state)
{
    struct load load = make_load();
    int other[2];
    char byte;
    assert_int_equal(pipe2(other, O_CLOEXEC), 0);
    struct process process = start(&load, -1, NULL);
    close(other[1]);
    assert_int_equal(read(other[0], &byte, 1), 0); /* while the porter waits for its load */
    assert_true(process_runs(&process));
    close(load.pipe[1]);
    process_expect(&process, 0);
    close(other[0]);
    close_load(&load);
}

static void ask_who_it_is(void)
{
    raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static void read_its_load(void)
{
    static char byte;
    raw_call(SYS_read, 0, (long)&byte, 1, 0, 0, 0);
}

static void open_a_file(void)
{
    raw_call(SYS_openat, AT_FDCWD, (long)"/etc/passwd", O_RDONLY, 0, 0, 0);
}

static void test_dies_of_any_other_call(void **state)
{
    void (*const calls[])(void) = {ask_who_it_is, read_its_load, open_a_file};
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        struct load load = make_load();
        assert_int_equal(write(load.pipe[1], "x", 1), 1);
        struct process process = start(&load, -1, calls[i]);
        int status = process_wait(&process);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
        close(load.pipe[1]);
        close_load(&load);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_until_the_pipe_ends),
        cmocka_unit_test(test_an_empty_file_is_a_file),
        cmocka_unit_test(test_exits_with_the_errno_of_the_copy),
        cmocka_unit_test(test_joins_its_groups_first),
        cmocka_unit_test(test_stays_away_from_the_file_without_its_group),
        cmocka_unit_test(test_closes_what_is_not_its_load),
        cmocka_unit_test(test_dies_of_any_other_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
