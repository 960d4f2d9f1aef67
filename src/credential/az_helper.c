/* SPDX-License-Identifier: MIT */
/* az_helper.c — a socket that keeps messages apart: an order, then its answer, one byte of status and what came. */
#include "credential/az_helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/text.h"
#include "credential/az_question.h"
#include "credential/token_answer.h"
#include "credential/world_program.h"
#include "os/clock.h"

#define NAME        "sallyport-az"
#define PROGRAM_NS  (30 * NS_PER_S) /* it starts an interpreter */
#define GRACE_NS    (2 * NS_PER_S)  /* the helper's own time is over first */
#define LOOK_MS     50
#define SOCKET_FD   3
#define ANSWER_SIZE (1 + TOKEN_ANSWER_SIZE_MAX)

struct az_helper {
    pid_t pid;
    pthread_mutex_t lock; /* guards the socket: an order and its answer belong together */
    int socket;           /* -1: the helper is gone, or an answer was not waited for */
};

/* --- the helper's side --- */

/* The server has ended: nobody wants the answer. */
static bool is_alone(void *context)
{
    struct pollfd look = {.fd = SOCKET_FD, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* False: the server is gone. */
static bool answer(enum status status, struct bytes text)
{
    const uint8_t first = (uint8_t)status;
    struct iovec parts[2] = {{(void *)&first, 1}, {(void *)text.data, text.size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = text.size > 0 ? 2 : 1};
    return sendmsg(SOCKET_FD, &message, MSG_NOSIGNAL) > 0;
}

static bool serve_one(void)
{
    static const struct world_stop stop = {.is_wanted = is_alone};
    CLEANUP(wiped_fini) struct buf output = {.limit = TOKEN_ANSWER_SIZE_MAX + 1};
    uint8_t order[AZ_ORDER_BYTES + 1];
    struct az_question question;
    struct err err = {0};
    ssize_t size;
    do
        size = recv(SOCKET_FD, order, sizeof order, 0);
    while (size < 0 && errno == EINTR);
    if (size <= 0 || az_question_read(bytes_of(order, (size_t)size), &question, &err) != STATUS_OK)
        return false;
    enum status status = world_program_run(&stop, question.arguments, PROGRAM_NS, &output, &err);
    bool said = status == STATUS_OK || status == STATUS_FAILED_PRECONDITION;
    return answer(status, said ? buf_peek(&output) : bytes_of_cstr(err.text));
}

/* What the terminal sends to all is the server's to answer. */
__attribute__((noreturn)) static void serve(int socket)
{
    static const int not_ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
        (void)signal(not_ours[i], SIG_IGN);
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0);
    bool good = socket == SOCKET_FD || dup2(socket, SOCKET_FD) == SOCKET_FD;
    good = good && close_range(SOCKET_FD + 1, ~0u, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    while (good)
        good = serve_one();
    _exit(0);
}

/* --- the server's side --- */

bool az_helper_is_useful(void)
{
    struct bytes rest = bytes_of_cstr(text_or(getenv("PATH"), ""));
    while (rest.data) {
        struct bytes folder = bytes_split(&rest, ':');
        char path[4096];
        int size = snprintf(path, sizeof path, "%.*s/az", BYTES_FMT(folder));
        if (folder.size > 0 && size > 0 && size < (int)sizeof path && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

enum status az_helper_start(struct az_helper **ret_helper, struct err *err)
{
    int ends[2];
    struct az_helper *helper = calloc(1, sizeof *helper);
    if (!helper || pthread_mutex_init(&helper->lock, NULL) != 0) {
        free(helper);
        return err_no_memory(err);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(helper);
        return err_set(err, STATUS_IO, "the helper for az: %s", strerror(errno));
    }
    helper->pid = fork();
    if (helper->pid == 0) {
        close(ends[0]);
        serve(ends[1]);
    }
    close(ends[1]);
    if (helper->pid < 0) {
        close(ends[0]);
        free(helper);
        return err_set(err, STATUS_IO, "the helper for az: %s", strerror(errno));
    }
    helper->socket = ends[0];
    *ret_helper = helper;
    return STATUS_OK;
}

void az_helper_stop(struct az_helper *helper)
{
    if (!helper)
        return;
    if (helper->socket >= 0)
        close(helper->socket); /* with which it ends */
    while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_mutex_destroy(&helper->lock);
    free(helper);
}

static STATUS_RESULT check_limits(const struct world_stop *stop, int64_t deadline_ns, struct err *err)
{
    if (stop->is_wanted(stop->context))
        return err_set(err, STATUS_CANCELLED, "the credential is being destroyed");
    if (clock_monotonic_ns() >= deadline_ns)
        return err_set(err, STATUS_DEADLINE_EXCEEDED, "az did not end in time");
    return STATUS_OK;
}

/* Nobody waits for the other caller's program once an end is wanted. */
static STATUS_RESULT take_turn(struct az_helper *helper, const struct world_stop *stop, int64_t deadline_ns,
                               struct err *err)
{
    while (pthread_mutex_trylock(&helper->lock) != 0) {
        enum status status = check_limits(stop, deadline_ns, err);
        if (status != STATUS_OK)
            return status;
        (void)!poll(NULL, 0, LOOK_MS);
    }
    return STATUS_OK;
}

static STATUS_RESULT wait_for_answer(const struct az_helper *helper, const struct world_stop *stop,
                                     int64_t deadline_ns, struct err *err)
{
    struct pollfd look = {.fd = helper->socket, .events = POLLIN};
    while (poll(&look, 1, LOOK_MS) <= 0) {
        enum status status = check_limits(stop, deadline_ns, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static STATUS_RESULT take_answer(const struct az_helper *helper, struct buf *ret_output, struct err *err)
{
    CLEANUP(wiped_fini) struct buf came = {.limit = ANSWER_SIZE};
    if (buf_reserve(&came, ANSWER_SIZE) != STATUS_OK)
        return err_no_memory(err);
    ssize_t size = recv(helper->socket, came.data, ANSWER_SIZE, 0);
    if (size <= 0)
        return err_set(err, STATUS_UNAVAILABLE, "the helper for az is gone: restart the server");
    came.size = (size_t)size;
    enum status status = (enum status)came.data[0];
    struct bytes text = bytes_slice(buf_peek(&came), 1, SIZE_MAX);
    if (status != STATUS_OK && status != STATUS_FAILED_PRECONDITION)
        return err_set(err, status, "%.*s", BYTES_FMT(bytes_slice(text, 0, 200)));
    enum status room = buf_reserve(ret_output, text.size + 1);
    buf_append_bytes(ret_output, text);
    if (status != STATUS_OK)
        (void)err_set(err, status, "az failed");
    return room == STATUS_OK ? status : room;
}

static STATUS_RESULT ask(const struct az_helper *helper, const struct world_stop *stop, struct bytes order,
                         int64_t deadline_ns, bool *ret_answered, struct buf *ret_output, struct err *err)
{
    *ret_answered = false;
    if (helper->socket < 0 || send(helper->socket, order.data, order.size, MSG_NOSIGNAL) < 0)
        return err_set(err, STATUS_UNAVAILABLE, "the helper for az is gone: restart the server");
    enum status status = wait_for_answer(helper, stop, deadline_ns, err);
    if (status != STATUS_OK)
        return status;
    *ret_answered = true;
    return take_answer(helper, ret_output, err);
}

enum status az_helper_run(struct az_helper *helper, const struct world_stop *stop,
                          const char *const *arguments, int64_t timeout_ns, struct buf *ret_output,
                          struct err *err)
{
    CLEANUP(buf_fini) struct buf order = {.limit = AZ_ORDER_BYTES};
    int64_t deadline_ns = clock_monotonic_ns() + timeout_ns + GRACE_NS;
    bool answered = false;
    az_question_write(arguments, &order);
    if (buf_status(&order) != STATUS_OK)
        return err_no_memory(err);
    enum status status = take_turn(helper, stop, deadline_ns, err);
    if (status != STATUS_OK)
        return status;
    status = ask(helper, stop, buf_peek(&order), deadline_ns, &answered, ret_output, err);
    if (!answered && helper->socket >= 0) { /* what comes yet would be the answer to another order */
        close(helper->socket);
        helper->socket = -1;
    }
    pthread_mutex_unlock(&helper->lock);
    return status;
}
