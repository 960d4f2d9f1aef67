/* SPDX-License-Identifier: MIT */
/* container_launch_test.c — if these fail, who may create a container app commands the engine with words of his
 * own, or an app starts without what it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/container_launch.h"

static void each_kind_of_value_is_held_against_its_rule(void **state)
{
    static const struct {
        enum container_key key;
        const char *value;
        bool good;
    } rows[] = {
        {CONTAINER_IMAGE, "redis", true},
        {CONTAINER_IMAGE, "registry.example:5000/group/app@sha256:00", true},
        {CONTAINER_IMAGE, "--privileged", false},
        {CONTAINER_IMAGE, "", false},
        {CONTAINER_IMAGE, "a b", false},
        {CONTAINER_IMAGE, "a\nb", false},
        {CONTAINER_TARGET, "8080", true},
        {CONTAINER_TARGET, "0", false},
        {CONTAINER_TARGET, "65536", false},
        {CONTAINER_MEMORY, "1073741824", true},
        {CONTAINER_MEMORY, "-1", false},
        {CONTAINER_CPU, "500", true},
        {CONTAINER_CPU, "0", false},
        {CONTAINER_COMMAND, "--anything", true}, /* behind the image: the container's own */
        {CONTAINER_COMMAND, "", false},
        {CONTAINER_VARIABLE, "A=", true},
        {CONTAINER_VARIABLE, "a_1=b=c", true},
        {CONTAINER_VARIABLE, "A", false}, /* the engine would take its own variable of that name */
        {CONTAINER_VARIABLE, "=b", false},
        {CONTAINER_VARIABLE, "1A=b", false},
        {CONTAINER_VARIABLE, "#A=b", false},
        {CONTAINER_VARIABLE, "A B=c", false},
        {CONTAINER_VARIABLE, "A=b\nLD_PRELOAD=c", false},
        {CONTAINER_VARIABLE, "A=b\rc", false},
        {CONTAINER_FORWARD, "1:65535", true},
        {CONTAINER_FORWARD, "1:", false},
        {CONTAINER_FORWARD, "1", false},
        {CONTAINER_FORWARD, "1:2:3", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf block = {0};
        enum status status = container_launch_add(&block, rows[i].key, bytes_of_cstr(rows[i].value), NULL);
        assert_int_equal(status, rows[i].good ? STATUS_OK : STATUS_INVALID_ARGUMENT);
    }
    CLEANUP(buf_fini) struct buf block = {0};
    assert_int_equal(container_launch_add(&block, CONTAINER_ARGUMENT, BYTES_LITERAL("a\0b"), NULL),
                     STATUS_INVALID_ARGUMENT);
    (void)state;
}

static void add(struct buf *block, enum container_key key, const char *value)
{
    assert_int_equal(container_launch_add(block, key, bytes_of_cstr(value), NULL), STATUS_OK);
}

static void what_was_added_is_read(void **state)
{
    CLEANUP(buf_fini) struct buf block = {0};
    struct container_launch launch;
    add(&block, CONTAINER_IMAGE, "redis:7");
    add(&block, CONTAINER_TARGET, "6379");
    add(&block, CONTAINER_MEMORY, "1048576");
    add(&block, CONTAINER_CPU, "250");
    add(&block, CONTAINER_COMMAND, "/bin/sh");
    add(&block, CONTAINER_ARGUMENT, "-c");
    add(&block, CONTAINER_ARGUMENT, "a=b");
    add(&block, CONTAINER_VARIABLE, "A=b=c");
    add(&block, CONTAINER_FORWARD, "8081:8080");
    assert_int_equal(container_launch_read(buf_peek(&block), &launch, NULL), STATUS_OK);
    assert_string_equal(launch.image, "redis:7");
    assert_int_equal(launch.target, 6379);
    assert_int_equal(launch.memory_bytes, 1048576);
    assert_int_equal(launch.cpu_millis, 250);
    assert_int_equal(launch.command_count, 1);
    assert_string_equal(launch.command[0], "/bin/sh");
    assert_int_equal(launch.argument_count, 2);
    assert_string_equal(launch.arguments[1], "a=b");
    assert_string_equal(launch.variables[0], "A=b=c");
    assert_int_equal(launch.forwards[0].inner, 8081);
    assert_int_equal(launch.forwards[0].outer, 8080);
    (void)state;
}

static void a_block_is_not_trusted(void **state)
{
    static const struct {
        struct bytes block;
        enum status status;
    } rows[] = {
        {BYTES_LITERAL(""), STATUS_MALFORMED},
        {BYTES_LITERAL("target=1\0"), STATUS_MALFORMED},
        {BYTES_LITERAL("image=a"), STATUS_MALFORMED},
        {BYTES_LITERAL("image=a\0image=b\0"), STATUS_MALFORMED},
        {BYTES_LITERAL("image=a\0volume=/\0"), STATUS_MALFORMED},
        {BYTES_LITERAL("image\0"), STATUS_MALFORMED},
        {BYTES_LITERAL("image=-v\0"), STATUS_INVALID_ARGUMENT},
        {BYTES_LITERAL("image=a\0variable=A\0"), STATUS_INVALID_ARGUMENT},
    };
    struct container_launch launch;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(container_launch_read(rows[i].block, &launch, NULL), rows[i].status);

    CLEANUP(buf_fini) struct buf many = {0};
    buf_append_cstr(&many, "image=a");
    buf_append_byte(&many, 0);
    for (size_t i = 0; i <= CONTAINER_FORWARDS_MAX; i++) {
        buf_append_cstr(&many, "forward=1:1");
        buf_append_byte(&many, 0);
    }
    assert_int_equal(container_launch_read(buf_peek(&many), &launch, NULL), STATUS_MALFORMED);
    (void)state;
}

static void a_block_has_a_limit(void **state)
{
    static uint8_t large[4090];
    memset(large, 'a', sizeof large);
    CLEANUP(buf_fini) struct buf block = {0};
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            container_launch_add(&block, CONTAINER_ARGUMENT, bytes_of(large, sizeof large), NULL), STATUS_OK);
    assert_int_equal(container_launch_add(&block, CONTAINER_ARGUMENT, bytes_of(large, sizeof large), NULL),
                     STATUS_TOO_LARGE);
    (void)state;
}

static void memory_is_read_as_the_cloud_writes_it(void **state)
{
    static const struct {
        const char *text;
        uint64_t size; /* 0: it is refused */
    } rows[] = {
        {"1Gi", 1 << 30}, {"0.5Gi", 1 << 29}, {"1.25Gi", 5 << 28},  {"512Mi", 512 << 20},
        {"512", 0},       {"Gi", 0},          {"0Gi", 0},           {"-1Gi", 0},
        {"1G", 0},        {"0.0000001Gi", 0}, {"99999999999Gi", 0}, {"1.Gi", 0},
        {"1 Gi", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t size = 1;
        assert_int_equal(container_memory_parse(bytes_of_cstr(rows[i].text), &size), rows[i].size > 0);
        if (rows[i].size)
            assert_int_equal(size, rows[i].size);
    }
    (void)state;
}

static void a_port_of_loopback_gets_another_number(void **state)
{
    static const char *const rows[][2] = {
        {"http://localhost:8080/a", "http://localhost:9/a"},
        {"Endpoint=http://127.0.0.1:8080;TaskHub=t", "Endpoint=http://127.0.0.1:9;TaskHub=t"},
        {"localhost:8080", "localhost:9"},
        {"localhost:80801 localhost:8080", "localhost:80801 localhost:9"},
        {"example:8080", "example:8080"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        container_rename_port(&out, bytes_of_cstr(rows[i][0]), 8080, 9);
        assert_true(bytes_equal_cstr(buf_peek(&out), rows[i][1]));
        assert_int_equal(container_names_port(bytes_of_cstr(rows[i][0]), 8080),
                         !bytes_equal_cstr(buf_peek(&out), rows[i][0]));
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_value_is_held_against_its_rule),
        cmocka_unit_test(what_was_added_is_read),
        cmocka_unit_test(a_block_is_not_trusted),
        cmocka_unit_test(a_block_has_a_limit),
        cmocka_unit_test(memory_is_read_as_the_cloud_writes_it),
        cmocka_unit_test(a_port_of_loopback_gets_another_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
