/* SPDX-License-Identifier: MIT */
/* port_owner_test.c — tables as the kernel writes them. If this fails, the key of this machine's user goes to a program of another
 * user that listens in the server's place, or the commands no longer come in. */
#include "net/port_owner.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"

#define OWNER 1000
#define THIEF 1001

static const struct port_connection connection = {"127.0.0.1", 8080, "127.0.0.1", 40000};
static const uid_t users[] = {OWNER};

/* Rows of a table: "LOCAL REMOTE STATE USER" with addresses in words as this machine holds them. */
static struct bytes table(char *text, size_t size, const char *const *rows, size_t count)
{
    size_t at = (size_t)snprintf(text, size, "  sl  local_address rem_address   st tx_queue rx_queue tr\n");
    for (size_t i = 0; i < count; i++) {
        char local[80], remote[80];
        unsigned state, user;
        assert_int_equal(sscanf(rows[i], "%79s %79s %x %u", local, remote, &state, &user), 4);
        at += (size_t)snprintf(
            text + at, size - at,
            "   %zu: %s %s %02X 00000000:00000000 00:00000000 00000000 %5u        0 12345 1\n", i, local,
            remote, state, user);
    }
    return bytes_of(text, at);
}

static bool judge(const char *const *v4, size_t v4_count, const char *const *v6, size_t v6_count)
{
    char texts[2][4096];
    const struct bytes tables[] = {table(texts[0], sizeof texts[0], v4, v4_count),
                                   table(texts[1], sizeof texts[1], v6, v6_count)};
    return port_owner_by_tables(&connection, tables, users, ARRAY_SIZE(users));
}

/* Addresses in these rows are those of a little-endian machine. */
static bool is_little(void)
{
    return htonl(1) != 1;
}

#define LISTENS_HERE(user) "0100007F:1F90 00000000:0000 0A " #user
#define LISTENS_ANY(user)  "00000000:1F90 00000000:0000 0A " #user
#define ACCEPTED(user)     "0100007F:1F90 0100007F:9C40 01 " #user
#define OF_OTHERS          "0100007F:1F91 00000000:0000 0A 1001", "0100007F:1F90 0100007F:9C41 01 1001"
#define ANY_V6(user)       "00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A " #user
#define LOOPBACK_V6(user)                                                                                    \
    "00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A " #user

static const struct {
    const char *const v4[4];
    const char *const v6[2];
    bool trusted;
} cases[] = {
    {{LISTENS_HERE(1000), ACCEPTED(1000), OF_OTHERS}, {NULL}, true},
    {{LISTENS_HERE(1000)}, {NULL}, true}, /* not accepted yet */
    {{LISTENS_ANY(0), ACCEPTED(0)}, {NULL}, true},
    {{NULL}, {ANY_V6(1000)}, true},
    {{LISTENS_HERE(1000)}, {LOOPBACK_V6(1001)}, true}, /* it is not the one that was reached */
    {{LISTENS_HERE(1001), ACCEPTED(1001)}, {NULL}, false},
    {{LISTENS_ANY(1000), LISTENS_HERE(1001)}, {NULL}, false}, /* the nearer one answers */
    {{LISTENS_HERE(1001), ACCEPTED(0)}, {NULL}, false},       /* not accepted: the kernel calls it root's */
    {{LISTENS_HERE(1000), ACCEPTED(1001)}, {NULL}, false},    /* who accepted it has gone */
    {{ACCEPTED(1000)}, {NULL}, false},
    {{NULL}, {ANY_V6(1001)}, false},
    {{NULL}, {NULL}, false},
};

static size_t count_of(const char *const *rows, size_t most)
{
    size_t count = 0;
    while (count < most && rows[count])
        count++;
    return count;
}

static void test_all_who_could_answer_are_trusted_or_nobody_is(void **state)
{
    (void)state;
    if (!is_little())
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool trusted = judge(cases[i].v4, count_of(cases[i].v4, 4), cases[i].v6, count_of(cases[i].v6, 2));
        if (trusted != cases[i].trusted)
            fail_msg("case %zu", i);
    }
}

/* Bytes that are no table at all. */
static void test_what_is_no_table_trusts_nobody(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "0: :",
                                        "0: 0100007F:1F90 00000000:0000 0A",
                                        "x y z 0A b c d 0\n",
                                        "0: 0100007FF:1F90 00000000:0000 0A a b c 0\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const struct bytes tables[] = {bytes_of_cstr(texts[i]), {0}};
        assert_false(port_owner_by_tables(&connection, tables, users, ARRAY_SIZE(users)));
    }
    const struct port_connection names = {"localhost", 1, "localhost", 2};
    assert_false(port_owner_is_one_of(&names, users, ARRAY_SIZE(users)));
}

/* The kernel's own tables, with a connection of this process to itself. */
static void test_a_real_connection(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, own;
    socklen_t size = sizeof address, own_size = sizeof own;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(door, 1), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(client, (struct sockaddr *)&own, &own_size), 0);
    const struct port_connection real = {"127.0.0.1", ntohs(address.sin_port), "127.0.0.1",
                                         ntohs(own.sin_port)};
    const uid_t here[] = {geteuid()}, elsewhere[] = {THIEF};
    assert_true(port_owner_is_one_of(&real, here, 1));
    if (geteuid() != 0)
        assert_false(port_owner_is_one_of(&real, elsewhere, 1));
    close(door);
    assert_false(port_owner_is_one_of(&real, here, 1));
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_who_could_answer_are_trusted_or_nobody_is),
        cmocka_unit_test(test_what_is_no_table_trusts_nobody),
        cmocka_unit_test(test_a_real_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
