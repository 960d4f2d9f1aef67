/* SPDX-License-Identifier: MIT */
/* container_block_test.c — if these fail, a container does not find the server, or finds more of this machine than it was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/container_block.h"

static const uint16_t ports[] = {8080, 8081, 41000};

/* Joins a container that listens on `target` and has one variable; its description is in `block` as long as that is. */
static struct container_launch join(const char *target, const char *variable, struct buf *block)
{
    CLEANUP(buf_fini) struct buf wish = {0};
    struct container_launch launch;
    assert_int_equal(container_launch_add(&wish, CONTAINER_IMAGE, BYTES_LITERAL("a"), NULL), STATUS_OK);
    assert_int_equal(container_launch_add(&wish, CONTAINER_ARGUMENT, BYTES_LITERAL("variable=8080"), NULL),
                     STATUS_OK);
    assert_int_equal(container_launch_add(&wish, CONTAINER_VARIABLE, bytes_of_cstr(variable), NULL),
                     STATUS_OK);
    assert_int_equal(container_launch_add(&wish, CONTAINER_TARGET, bytes_of_cstr(target), NULL), STATUS_OK);
    assert_int_equal(container_block_join(buf_peek(&wish), ports, ARRAY_SIZE(ports), block, NULL), STATUS_OK);
    assert_int_equal(container_launch_read(buf_peek(block), &launch, NULL), STATUS_OK);
    assert_string_equal(launch.image, "a");
    assert_string_equal(launch.arguments[0], "variable=8080");
    assert_int_equal(launch.variable_count, 1);
    return launch;
}

static void only_ports_that_are_named_are_forwarded(void **state)
{
    CLEANUP(buf_fini) struct buf block = {0};
    (void)state;
    struct container_launch launch =
        join("80", "A=http://localhost:8080/x;http://127.0.0.1:41000;http://localhost:22", &block);
    assert_string_equal(launch.variables[0],
                        "A=http://localhost:8080/x;http://127.0.0.1:41000;http://localhost:22");
    assert_int_equal(launch.forward_count, 2);
    assert_int_equal(launch.forwards[0].inner, 8080);
    assert_int_equal(launch.forwards[0].outer, 8080);
    assert_int_equal(launch.forwards[1].inner, 41000);
}

static void nothing_that_is_not_ours_is_forwarded(void **state)
{
    CLEANUP(buf_fini) struct buf block = {0};
    (void)state;
    assert_int_equal(join("80", "A=http://localhost:22/", &block).forward_count, 0);
}

/* The sample listens on 8080, and so does a server. */
static void a_port_that_the_app_has_itself_gets_another_number(void **state)
{
    CLEANUP(buf_fini) struct buf block = {0};
    (void)state;
    struct container_launch launch = join("8080", "A=http://localhost:8080/x", &block);
    assert_int_equal(launch.forward_count, 1);
    assert_int_equal(launch.forwards[0].inner, 8082); /* 8081 is ours, too */
    assert_int_equal(launch.forwards[0].outer, 8080);
    assert_string_equal(launch.variables[0], "A=http://localhost:8082/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ports_that_are_named_are_forwarded),
        cmocka_unit_test(nothing_that_is_not_ours_is_forwarded),
        cmocka_unit_test(a_port_that_the_app_has_itself_gets_another_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
