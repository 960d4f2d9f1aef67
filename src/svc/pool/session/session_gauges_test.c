/* SPDX-License-Identifier: MIT */
/* session_gauges_test.c — RP-54: the kernel's two ways to tell processor time, and what cannot be told. If it fails, a run is
 * said to have cost what it did not. */
#include "svc/pool/session/session_gauges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

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
    session_gauges_begin(&gauges);
    struct gauge_values values = session_gauges_read(&gauges);
    assert_false(values.cpu_known || values.memory_known);
    session_gauges_close(&gauges);
}

static void a_run_is_the_difference(void **state)
{
    FILE *cpu = tmpfile(), *memory = tmpfile();
    assert_true(cpu && memory);
    struct session_gauges gauges;
    session_gauges_init(&gauges);
    assert_int_equal(pwrite(fileno(cpu), "usage_usec 100\n", 15, 0), 15);
    session_gauges_open(&gauges, dup(fileno(cpu)), dup(fileno(memory)));
    session_gauges_begin(&gauges);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processor_time_is_read_as_v1_and_v2_write_it),
        cmocka_unit_test(what_is_not_there_is_not_known),
        cmocka_unit_test(a_run_is_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
