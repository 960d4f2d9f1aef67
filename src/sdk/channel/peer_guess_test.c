/* SPDX-License-Identifier: MIT */
/* peer_guess_test.c — what a client says of a peer that is no scheduler, by its first bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "sdk/channel/peer_guess.h"

static const struct {
    struct bytes first;
    const char *fault; /* a part of it; NULL: none */
} table[] = {
    {BYTES_LITERAL(""), NULL},
    {BYTES_LITERAL("H"), NULL},
    {BYTES_LITERAL("HTTP/1.1 400 Bad Request\r\n"), "HTTP/1.1"},
    {BYTES_LITERAL("HTTP/1.0 404"), "HTTP/1.1"},
    {BYTES_LITERAL("\x15\x03\x01\x00\x02\x02\x16"), "https://"},
    {BYTES_LITERAL("\x16\x03\x03\x00\x7a"), "https://"},
    {BYTES_LITERAL("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), NULL},
    {BYTES_LITERAL("\x00\x00\x12\x04\x00\x00\x00\x00"), NULL},
    {BYTES_LITERAL("\x00\x00\x12\x04\x00\x00\x00\x00\x01"), "does not speak HTTP/2"},
    {BYTES_LITERAL("\x00\x00\x12\x00\x00\x00\x00\x00\x00"), "does not speak HTTP/2"},
    {BYTES_LITERAL("\x01\x00\x00\x04\x00\x00\x00\x00\x00"), "does not speak HTTP/2"},
    {BYTES_LITERAL("SSH-2.0-OpenSSH"), "does not speak HTTP/2"},
};

static void test_first_bytes(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const char *fault = sdk_peer_fault(table[i].first);
        if (!table[i].fault)
            assert_null(fault);
        else if (!fault || !strstr(fault, table[i].fault))
            fail_msg("row %zu: %s", i, fault ? fault : "no fault");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
