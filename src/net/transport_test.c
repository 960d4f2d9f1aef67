/* SPDX-License-Identifier: MIT */
/* transport_test.c — if one fails: bytes of a connection are lost, said twice, or a peer's end is taken for a
 * fault. */
#include "net/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
    struct transport here;
    int there;
};

static struct pair open_pair(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return (struct pair){.here = transport_plain(fds[0]), .there = fds[1]};
}

static void close_pair(struct pair *pair)
{
    transport_close(&pair->here);
    if (pair->there >= 0)
        close(pair->there);
}

static void bytes_come_and_go(void **state)
{
    struct pair pair = open_pair();
    static uint8_t input[TRANSPORT_READ_MIN];
    size_t size = 99;
    assert_int_equal(transport_read(&pair.here, input, sizeof input, &size), STATUS_TRUNCATED);
    assert_int_equal(size, 99); /* untouched */
    assert_false(transport_has_input(&pair.here));

    assert_int_equal(write(pair.there, "hello", 5), 5);
    assert_true(transport_has_input(&pair.here));
    assert_int_equal(transport_read(&pair.here, input, sizeof input, &size), STATUS_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(input, "hello", 5);

    char one[] = "one ", two[] = "two";
    const struct iovec parts[] = {{one, 4}, {two, 3}};
    assert_int_equal(transport_write_parts(&pair.here, parts, 2, &size), STATUS_OK);
    assert_int_equal(size, 7);
    assert_int_equal(read(pair.there, input, sizeof input), 7);
    assert_memory_equal(input, "one two", 7);
    close_pair(&pair);
}

static void a_full_socket_says_how_much_is_gone(void **state)
{
    struct pair pair = open_pair();
    size_t size = (size_t)8 << 20, written = 0, gone = 0;
    uint8_t *data = calloc(1, size);
    assert_non_null(data);
    assert_int_equal(transport_write(&pair.here, bytes_of(data, size), &written), STATUS_TRUNCATED);
    assert_in_range(written, 1, size - 1);
    gone = written;
    assert_int_equal(transport_write(&pair.here, bytes_of(data, size), &written), STATUS_TRUNCATED);
    assert_int_equal(written, 0);

    size_t came = 0;
    for (ssize_t n; (n = read(pair.there, data, size)) > 0;)
        came += (size_t)n;
    assert_int_equal(came, gone);
    free(data);
    close_pair(&pair);
}

static void the_end_is_no_fault(void **state)
{
    struct pair pair = open_pair();
    static uint8_t input[TRANSPORT_READ_MIN];
    size_t size;
    assert_true(transport_shut(&pair.here));
    assert_int_equal(read(pair.there, input, sizeof input), 0);
    assert_int_equal(write(pair.there, "late", 4), 4); /* our end of sending is not its end */
    assert_int_equal(transport_read(&pair.here, input, sizeof input, &size), STATUS_OK);
    close(pair.there);
    pair.there = -1;
    assert_int_equal(transport_read(&pair.here, input, sizeof input, &size), STATUS_CLOSED);
    close_pair(&pair);
}

static void a_broken_socket_is_said_in_words(void **state)
{
    struct pair pair = open_pair();
    close(pair.there);
    pair.there = -1;
    size_t size;
    assert_int_equal(transport_write(&pair.here, BYTES_LITERAL("x"), &size), STATUS_UNAVAILABLE);
    assert_string_equal(transport_fault(&pair.here), strerror(EPIPE));
    close_pair(&pair);
    close_pair(&pair); /* a second time does no harm */
    assert_int_equal(pair.here.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_and_go),
        cmocka_unit_test(a_full_socket_says_how_much_is_gone),
        cmocka_unit_test(the_end_is_no_fault),
        cmocka_unit_test(a_broken_socket_is_said_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
