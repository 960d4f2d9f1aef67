/* SPDX-License-Identifier: MIT */
/* call_listener_test.c — RP-54: a process behind the filters of a session that has a listener. If this fails, a refused call
 * is let through, answers another errno than without a listener, or is not told. */
#include "jail/call_listener.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "jail/packet.h"
#include "jail/seccomp.h"
#include "lib/process.h"

/* Each told call has a row in the table, for any arguments, that refuses it with the same errno. */
static void each_told_call_is_refused_by_the_table_in_the_same_way(void **state)
{
    size_t told_count, row_count;
    const struct told_call *told = told_calls(&told_count);
    const struct seccomp_row *rows = seccomp_rows(&row_count);
    for (size_t i = 0; i < told_count; i++) {
        int found = 0;
        for (size_t k = 0; k < row_count; k++) {
            bool refuses = rows[k].stage == SECCOMP_DENIED || rows[k].stage == SECCOMP_LOCKED;
            if (seccomp_row_number(&rows[k]) == told[i].number && refuses && rows[k].argument < 0)
                found += rows[k].error == told[i].error && strcmp(rows[k].name, told[i].name) == 0;
        }
        if (found != 1)
            fail_msg("%s: %d rows", told[i].name, found);
        assert_int_equal(told_call_find(told[i].number), i);
    }
    assert_int_equal(told_call_find(SYS_read), -1);
}

static void a_socket_of_the_internet_finds_no_network(void **state)
{
    size_t count;
    const struct told_call *socket_call = &told_calls(&count)[told_call_find(SYS_socket)];
    assert_int_equal(told_call_error(socket_call, (uint64_t[6]){AF_INET}), ENETUNREACH);
    assert_int_equal(told_call_error(socket_call, (uint64_t[6]){AF_INET6}), ENETUNREACH);
    /* The kernel takes an int: what stands above it is nothing. */
    assert_int_equal(told_call_error(socket_call, (uint64_t[6]){0xdead00000000 | AF_INET}), ENETUNREACH);
    assert_int_equal(told_call_error(socket_call, (uint64_t[6]){AF_VSOCK}), EAFNOSUPPORT);
}

/* Exit codes of the child. */
enum { GOOD, NO_FILTER, NO_PACKET, WRONG_ERRNO, LET_THROUGH };

static int behind_the_filters(void *context)
{
    const int *socket = context;
    static struct seccomp_lock lock;
    int listener = -1;
    if (seccomp_lock_init(&lock, false, true, NULL) != STATUS_OK ||
        seccomp_enter_zygote(true, NULL) != STATUS_OK ||
        seccomp_enter_session(&lock, &listener, NULL) != STATUS_OK)
        return NO_FILTER;
    const struct keeper_message entered = {.type = KEEPER_MESSAGE_ENTERED};
    if (packet_send(*socket, &entered, &listener, 1, NULL) != STATUS_OK)
        return NO_PACKET;
    close(listener);
    size_t count;
    const struct told_call *calls = told_calls(&count);
    for (size_t i = 0; i < count; i++) {
        if (syscall(calls[i].number, -1, 0, 0, 0, 0, 0) != -1)
            return LET_THROUGH;
        if (errno != calls[i].error)
            return WRONG_ERRNO;
    }
    return GOOD;
}

static void every_told_call_is_heard_once_and_refused(void **state)
{
    static struct packet packet;
    int sockets[2];
    size_t count;
    uint64_t heard[TOLD_CALLS_ROOM] = {0};
    (void)told_calls(&count);
    if (!seccomp_can_listen())
        skip();
    assert_int_equal(packet_pair(sockets, NULL), STATUS_OK);
    struct process child;
    process_start(&child, behind_the_filters, &sockets[1]);
    close(sockets[1]);
    assert_int_equal(packet_receive(sockets[0], &packet, NULL), STATUS_OK);
    assert_int_equal(packet.fd_count, 1);
    enum status answered = STATUS_OK;
    while (answered != STATUS_CLOSED) {
        struct heard_call call;
        struct pollfd waiting = {.fd = packet.fds[0], .events = POLLIN};
        assert_true(poll(&waiting, 1, 30000) > 0);
        answered = call_listener_answer(packet.fds[0], &call);
        assert_int_not_equal(answered, STATUS_IO);
        if (answered == STATUS_OK)
            heard[call.index]++;
    }
    process_expect(&child, GOOD);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(heard[i], 1);
    packet_close(&packet);
    close(sockets[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_told_call_is_refused_by_the_table_in_the_same_way),
        cmocka_unit_test(a_socket_of_the_internet_finds_no_network),
        cmocka_unit_test(every_told_call_is_heard_once_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
