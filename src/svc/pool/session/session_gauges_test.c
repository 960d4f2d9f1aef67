/* SPDX-License-Identifier: MIT */
/* session_gauges_test.c — RP-54: the kernel's two ways to tell processor time, and what cannot be told. If it fails, a run is
 * said to have cost what it did not. */
#include "svc/pool/session/session_gauges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Reads of files in this program, instead of the C library's. */
static unsigned reads;

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
    reads++;
    return syscall(SYS_pread64, fd, data, size, at);
}

static void processor_time_is_read_as_v1_and_v2_write_it(void **state)
{
    uint64_t us = 0;
    assert_true(gauge_parse_cpu(BYTES_LITERAL("1234567890\n"), &us));
    assert_int_equal(us, 1234567);
    assert_true(gauge_parse_cpu(BYTES_LITERAL("usage_usec 77\nuser_usec 50\nsystem_usec 27\n"), &us));
    assert_int_equal(us, 77);
    assert_true(gauge_parse_cpu(BYTES_LITERAL("a 1\nusage_usec 78"), &us));
    assert_int_equal(us, 78);
    assert_false(gauge_parse_cpu(BYTES_LITERAL(""), &us));
    assert_false(gauge_parse_cpu(BYTES_LITERAL("nr_periods 1\n"), &us));
    assert_false(gauge_parse_cpu(BYTES_LITERAL("usage_usec x\n"), &us));
}

static void what_is_not_there_is_not_known(void **state)
{
    struct session_gauges gauges;
    session_gauges_init(&gauges);
    session_gauges_begin(&gauges, true, false);
    session_gauges_look(&gauges, 1);
    struct gauge_values values = session_gauges_read(&gauges);
    assert_false(values.cpu_known || values.memory_known || values.processes_known);
    session_gauges_close(&gauges);
}

static void a_run_is_the_difference(void **state)
{
    FILE *cpu = tmpfile(), *memory = tmpfile();
    assert_true(cpu && memory);
    struct session_gauges gauges;
    session_gauges_init(&gauges);
    assert_int_equal(pwrite(fileno(cpu), "usage_usec 100\n", 15, 0), 15);
    session_gauges_open(&gauges, dup(fileno(cpu)), dup(fileno(memory)), -1);
    session_gauges_begin(&gauges, true, false);
    assert_int_equal(pwrite(fileno(cpu), "usage_usec 350\n", 15, 0), 15);
    assert_int_equal(pwrite(fileno(memory), "4096\n", 5, 0), 5);
    struct gauge_values values = session_gauges_read(&gauges);
    assert_true(values.cpu_known && values.memory_known);
    assert_int_equal(values.cpu_us, 250);
    assert_int_equal(values.memory_peak, 4096);
    session_gauges_close(&gauges);
    fclose(cpu);
    fclose(memory);
}

static void write_list(FILE *list, const char *lines)
{
    assert_int_equal(ftruncate(fileno(list), 0), 0);
    assert_int_equal(pwrite(fileno(list), lines, strlen(lines), 0), strlen(lines));
}

/* The init is nobody's; a process of another namespace is a 0; one that is about to start counts; the most stays, until the next
 * cell begins. */
static void the_most_at_once_is_that_of_all_looks_of_a_cell(void **state)
{
    FILE *list = tmpfile();
    struct session_gauges gauges;
    assert_non_null(list);
    session_gauges_init(&gauges);
    session_gauges_open(&gauges, -1, -1, dup(fileno(list)));
    write_list(list, "10\n11\n");
    session_gauges_begin(&gauges, true, false);
    assert_int_equal(session_gauges_read(&gauges).processes, 1);
    session_gauges_look(&gauges, 1);
    assert_int_equal(session_gauges_read(&gauges).processes, 2);
    write_list(list, "10\n11\n0\n13\n");
    session_gauges_look(&gauges, 1);
    write_list(list, "10\n11\n");
    session_gauges_look(&gauges, 1);
    assert_true(session_gauges_read(&gauges).processes_known);
    assert_int_equal(session_gauges_read(&gauges).processes, 4);

    char many[4000];
    memset(many, '\n', sizeof many);
    assert_int_equal(pwrite(fileno(list), many, sizeof many, 0), sizeof many);
    session_gauges_begin(&gauges, true, false);
    assert_int_equal(session_gauges_read(&gauges).processes, sizeof many - 1);

    session_gauges_begin(&gauges, false, false);
    session_gauges_look(&gauges, 1);
    assert_false(session_gauges_read(&gauges).processes_known);
    session_gauges_close(&gauges);
    fclose(list);
}

/* Each look is a call of the kernel before the cell: one for a list that is read whole, and none where nobody can have come. If
 * somebody can, what was seen before says nothing. */
static void a_runner_that_is_alone_is_not_looked_for_again(void **state)
{
    FILE *list = tmpfile();
    struct session_gauges gauges;
    assert_non_null(list);
    session_gauges_init(&gauges);
    session_gauges_open(&gauges, -1, -1, dup(fileno(list)));
    const struct {
        const char *list;
        bool none_came;
        unsigned reads, processes;
    } cells[] = {
        {"10\n11\n", true, 1, 1},                                         /* nothing was seen yet */
        {"10\n11\n", true, 0, 1},                                         /* it was alone, and is */
        {"10\n11\n12\n", false, 1, 2},                                    /* who carries a file */
        {"10\n11\n", true, 1, 1},                                         /* has gone again */
        {"10\n11\n", true, 0, 1},      {"10\n11\n12\n13\n", false, 1, 3}, /* what an earlier cell has left */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
        write_list(list, cells[i].list);
        reads = 0;
        session_gauges_begin(&gauges, true, cells[i].none_came);
        assert_int_equal(reads, cells[i].reads);
        assert_true(session_gauges_read(&gauges).processes_known);
        assert_int_equal(session_gauges_read(&gauges).processes, cells[i].processes);
    }
    session_gauges_close(&gauges);
    fclose(list);
}

/* What cannot be looked at once is not known, whatever was seen before. */
static void a_look_that_fails_leaves_it_unknown(void **state)
{
    struct session_gauges gauges;
    FILE *list = tmpfile();
    session_gauges_init(&gauges);
    session_gauges_open(&gauges, -1, -1, dup(fileno(list)));
    write_list(list, "10\n11\n");
    session_gauges_begin(&gauges, true, false);
    assert_true(session_gauges_read(&gauges).processes_known);
    close(gauges.processes_fd);
    session_gauges_look(&gauges, 1);
    assert_false(session_gauges_read(&gauges).processes_known);
    gauges.processes_fd = -1;
    session_gauges_close(&gauges);
    fclose(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processor_time_is_read_as_v1_and_v2_write_it),
        cmocka_unit_test(what_is_not_there_is_not_known),
        cmocka_unit_test(a_run_is_the_difference),
        cmocka_unit_test(the_most_at_once_is_that_of_all_looks_of_a_cell),
        cmocka_unit_test(a_runner_that_is_alone_is_not_looked_for_again),
        cmocka_unit_test(a_look_that_fails_leaves_it_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
