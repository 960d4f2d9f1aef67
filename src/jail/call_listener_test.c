/* SPDX-License-Identifier: MIT */
/* call_listener_test.c — RP-54: a process behind the filters of a session that has a listener. If this fails, a refused call
 * is let through, answers another errno than without a listener, or is not told; or a process starts unseen. */
#include "jail/call_listener.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* The filters of a session are on, and the listener is sent over the socket. */
static int enter_the_filters(const int *socket)
{
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
    return GOOD;
}

static int behind_the_filters(void *context)
{
    int entered = enter_the_filters(context);
    if (entered != GOOD)
        return entered;
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

static enum status hear_and_answer(int listener, struct heard_call *ret_call)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    assert_true(poll(&waiting, 1, 30000) > 0);
    enum status status = call_listener_hear(listener, ret_call);
    if (status == STATUS_OK)
        status = call_listener_answer(listener, ret_call);
    assert_int_not_equal(status, STATUS_IO);
    return status;
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
        answered = hear_and_answer(packet.fds[0], &call);
        if (answered == STATUS_OK) {
            assert_false(call.starts);
            assert_non_null(call.call);
            heard[call.index]++;
        }
    }
    process_expect(&child, GOOD);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(heard[i], 1);
    packet_close(&packet);
    close(sockets[0]);
}

/* --- calls that start a process --- */

static int end_at_once(void *context)
{
    return 0;
}

static void *end_thread_at_once(void *context)
{
    return context;
}

/* Four processes, a thread, and calls that the filters refuse: with a namespace of its own, and by clone3. */
static int start_processes(void)
{
    static char stack[65536];
    pthread_t thread;
    pid_t pids[4] = {fork(), 0, 0, 0};
    if (pids[0] == 0)
        _exit(0);
    pids[1] = vfork();
    if (pids[1] == 0)
        _exit(0);
    pids[2] = clone(end_at_once, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    static char name[] = "true";
    char *const words[] = {name, NULL}, *const none[] = {NULL};
    if (posix_spawn(&pids[3], "/bin/true", NULL, NULL, words, none) != 0)
        return LET_THROUGH;
    for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
        if (pids[i] < 0 || waitpid(pids[i], NULL, 0) != pids[i])
            return WRONG_ERRNO;
    if (pthread_create(&thread, NULL, end_thread_at_once, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return WRONG_ERRNO;
    if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) != -1 || errno != EPERM)
        return LET_THROUGH;
    return syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS ? GOOD : LET_THROUGH;
}

static int starts_processes(void *context)
{
    int entered = enter_the_filters(context);
    return entered == GOOD ? start_processes() : entered;
}

/* RP-54: each start is heard once and happens; a thread is none; what the filters refuse is refused without a word. */
static void every_start_of_a_process_is_heard_once_and_happens(void **state)
{
    static struct packet packet;
    int sockets[2];
    unsigned starts = 0;
    if (!seccomp_can_listen())
        skip();
    assert_int_equal(packet_pair(sockets, NULL), STATUS_OK);
    struct process child;
    process_start(&child, starts_processes, &sockets[1]);
    close(sockets[1]);
    assert_int_equal(packet_receive(sockets[0], &packet, NULL), STATUS_OK);
    enum status answered = STATUS_OK;
    while (answered != STATUS_CLOSED) {
        struct heard_call call;
        answered = hear_and_answer(packet.fds[0], &call);
        starts += answered == STATUS_OK && call.starts;
    }
    process_expect(&child, GOOD);
    assert_int_equal(starts, 4);
    packet_close(&packet);
    close(sockets[0]);
}

/* Nobody hears: nothing starts, so nothing starts unseen. */
static int starts_unheard(void *context)
{
    const int *sockets = context;
    char byte;
    close(sockets[0]);
    int entered = enter_the_filters(&sockets[1]);
    if (entered != GOOD)
        return entered;
    if (read(sockets[1], &byte, 1) != 0) /* the other end is closed, and the listener before it */
        return NO_PACKET;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 && errno == ENOSYS ? GOOD : LET_THROUGH;
}

static void without_a_listener_that_hears_no_process_starts(void **state)
{
    static struct packet packet;
    int sockets[2];
    if (!seccomp_can_listen())
        skip();
    assert_int_equal(packet_pair(sockets, NULL), STATUS_OK);
    struct process child;
    process_start(&child, starts_unheard, sockets);
    close(sockets[1]);
    assert_int_equal(packet_receive(sockets[0], &packet, NULL), STATUS_OK);
    packet_close(&packet);
    close(sockets[0]);
    process_expect(&child, GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_told_call_is_refused_by_the_table_in_the_same_way),
        cmocka_unit_test(a_socket_of_the_internet_finds_no_network),
        cmocka_unit_test(every_told_call_is_heard_once_and_refused),
        cmocka_unit_test(every_start_of_a_process_is_heard_once_and_happens),
        cmocka_unit_test(without_a_listener_that_hears_no_process_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
