/* SPDX-License-Identifier: MIT */
/* addresses_test.c — what people paste into their programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/addresses.h"

/* If this fails, the vendor's samples want credentials of a server on the same machine. */
static void loopback_is_called_localhost(void **state)
{
    (void)state;
    struct addresses addresses = {0};
    addresses_set_url(&addresses, "http", "127.0.0.1", 8080);
    assert_string_equal(addresses.url, "http://localhost:8080");
    addresses_set_url(&addresses, "https", "::1", 8080);
    assert_string_equal(addresses.url, "https://[::1]:8080");
    addresses_set_scheduler(&addresses, "work");
    assert_string_equal(addresses.connection_string,
                        "Endpoint=https://[::1]:8080;TaskHub=work;Authentication=None");
}

static void a_pool_alone_is_the_whole_port(void **state)
{
    (void)state;
    struct addresses addresses = {0};
    addresses_set_url(&addresses, "http", "127.0.0.1", 1);
    addresses_set_pool(&addresses, "p", true);
    assert_string_equal(addresses.pool_url, "http://localhost:1");
    addresses_set_pool(&addresses, "p", false);
    assert_string_equal(addresses.pool_url,
                        "http://localhost:1/subscriptions/local/resourceGroups/local/sessionPools/p");
}

static void hubs_that_do_not_fit_are_cut(void **state)
{
    (void)state;
    struct addresses addresses = {0};
    char name[200];
    memset(name, 'h', sizeof name);
    addresses_add_hub(&addresses, BYTES_LITERAL("a"));
    addresses_add_hub(&addresses, BYTES_LITERAL("b"));
    assert_string_equal(addresses.hubs, "a, b");
    for (int i = 0; i < 50; i++)
        addresses_add_hub(&addresses, (struct bytes){(const uint8_t *)name, sizeof name});
    assert_int_equal(strlen(addresses.hubs), ADDRESSES_HUBS_SIZE - 1);
}

static void pool_names_stand_in_urls(void **state)
{
    (void)state;
    char longest[POOL_NAME_SIZE_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_true(addresses_is_pool_name(BYTES_LITERAL("a-B_9.x")));
    assert_false(addresses_is_pool_name(BYTES_LITERAL("a/b")));
    assert_false(addresses_is_pool_name(BYTES_LITERAL("")));
    assert_true(addresses_is_pool_name((struct bytes){(const uint8_t *)longest, POOL_NAME_SIZE_MAX}));
    assert_false(addresses_is_pool_name((struct bytes){(const uint8_t *)longest, POOL_NAME_SIZE_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_called_localhost),
        cmocka_unit_test(a_pool_alone_is_the_whole_port),
        cmocka_unit_test(hubs_that_do_not_fit_are_cut),
        cmocka_unit_test(pool_names_stand_in_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
