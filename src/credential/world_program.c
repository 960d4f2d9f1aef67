/* SPDX-License-Identifier: MIT */
/* world_program.c — posix_spawn, two pipes, and one loop that looks at both and at the clock. */
#include "credential/world_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "credential/token_answer.h"
#include "credential/wiped.h"
#include "os/clock.h"

#define LOOK_MS 50 /* between two looks at the clock, at the stop and at the child */

struct run {
    const struct world_stop *stop;
    int64_t deadline_ns;
    pid_t child;
    int ends[2]; /* of its standard output and error; -1: closed */
    struct buf *texts[2];
};

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Signals as a program expects them: ours are all blocked. Descriptors of ours stay here. */
static int spawn(const char *const *arguments, const int writers[2], pid_t *ret_child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 2 && !error; i++)
        error = posix_spawn_file_actions_adddup2(&files, writers[i], STDOUT_FILENO + i);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (!error)
        error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error)
        error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                          POSIX_SPAWN_SETPGROUP);
    if (!error)
        error = posix_spawnp(ret_child, arguments[0], &files, &attributes, (char *const *)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* The writing ends are closed in the parent, so that the reading ends know when the child has ended. Its numbers above those
 * of the standard files, or dup2 would overwrite one that is still needed. */
static STATUS_RESULT start(struct run *run, const char *const *arguments, struct err *err)
{
    int writers[2] = {-1, -1};
    int error = 0;
    for (int i = 0; i < 2 && !error; i++) {
        int ends[2];
        error = pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
        if (error)
            break;
        run->ends[i] = ends[0];
        writers[i] = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(ends[1]);
        error = writers[i] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
    }
    if (!error)
        error = spawn(arguments, writers, &run->child);
    close_end(&writers[0]);
    close_end(&writers[1]);
    if (!error)
        return STATUS_OK;
    enum status status = STATUS_UNAVAILABLE;
    if (error == ENOENT)
        status = STATUS_NOT_FOUND;
    if (error == EPERM || error == EACCES)
        status = STATUS_PERMISSION_DENIED;
    return err_set(err, status, "%s cannot be started: %s", arguments[0], strerror(error));
}

/* False: too much came. */
static bool take(struct run *run, int index)
{
    char part[4096];
    for (;;) {
        ssize_t got = read(run->ends[index], part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            break;
        if (got <= 0) {
            close_end(&run->ends[index]);
            break;
        }
        struct bytes fits = bytes_of(part, (size_t)got);
        if (index == 1) /* of what is said for people the beginning is enough */
            fits = bytes_slice(fits, 0, run->texts[index]->limit - run->texts[index]->size);
        buf_append_bytes(run->texts[index], fits);
        if (run->texts[index]->failed)
            break;
    }
    explicit_bzero(part, sizeof part);
    return !run->texts[index]->failed;
}

static STATUS_RESULT check_limits(const struct run *run, const char *name, struct err *err)
{
    if (run->stop->is_wanted(run->stop->context))
        return err_set(err, STATUS_CANCELLED, "the credential is being destroyed");
    if (clock_monotonic_ns() >= run->deadline_ns)
        return err_set(err, STATUS_DEADLINE_EXCEEDED, "%s did not end in time", name);
    return STATUS_OK;
}

/* Until the child has closed both. */
static STATUS_RESULT gather(struct run *run, const char *name, struct err *err)
{
    while (run->ends[0] >= 0 || run->ends[1] >= 0) {
        enum status status = check_limits(run, name, err);
        if (status != STATUS_OK)
            return status;
        struct pollfd polled[2] = {{.fd = run->ends[0], .events = POLLIN},
                                   {.fd = run->ends[1], .events = POLLIN}};
        (void)!poll(polled, 2, LOOK_MS);
        for (int i = 0; i < 2; i++)
            if (run->ends[i] >= 0 && polled[i].revents && !take(run, i))
                return err_set(err, STATUS_TOO_LARGE, "%s wrote more than %zu bytes", name,
                               run->texts[i]->limit);
    }
    return STATUS_OK;
}

static STATUS_RESULT await(struct run *run, const char *name, int *ret_code, struct err *err)
{
    for (;;) {
        pid_t ended = waitpid(run->child, ret_code, WNOHANG);
        if (ended == run->child)
            return STATUS_OK;
        if (ended < 0 && errno != EINTR)
            return err_set(err, STATUS_UNAVAILABLE, "%s: its end was not seen: %s", name, strerror(errno));
        enum status status = check_limits(run, name, err);
        if (status != STATUS_OK)
            return status;
        (void)!poll(NULL, 0, LOOK_MS);
    }
}

/* Nothing of the group is left: the program itself, and what it has started. */
static void end(struct run *run, bool is_over)
{
    if (run->child > 0 && !is_over) {
        (void)kill(-run->child, SIGKILL);
        while (waitpid(run->child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close_end(&run->ends[0]);
    close_end(&run->ends[1]);
}

enum status world_program_run(const struct world_stop *stop, const char *const *arguments, int64_t timeout_ns,
                              struct buf *ret_output, struct err *err)
{
    CLEANUP(wiped_fini) struct buf output = {.limit = TOKEN_ANSWER_SIZE_MAX};
    CLEANUP(wiped_fini) struct buf said = {.limit = 4096};
    struct run run = {.stop = stop,
                      .deadline_ns = clock_monotonic_ns() + timeout_ns,
                      .ends = {-1, -1},
                      .texts = {&output, &said}};
    int code = 0;
    enum status status = buf_reserve(&output, TOKEN_ANSWER_SIZE_MAX);
    if (status == STATUS_OK)
        status = start(&run, arguments, err);
    if (status == STATUS_OK)
        status = gather(&run, arguments[0], err);
    if (status == STATUS_OK)
        status = await(&run, arguments[0], &code, err);
    end(&run, status == STATUS_OK);
    if (status == STATUS_OK && code != 0)
        status = err_set(err, STATUS_FAILED_PRECONDITION, "%s failed", arguments[0]);
    if (status != STATUS_OK && status != STATUS_FAILED_PRECONDITION)
        return status;
    struct bytes kept = status == STATUS_OK ? buf_peek(&output) : buf_peek(&said);
    enum status room = buf_reserve(ret_output, kept.size + 1);
    buf_append_bytes(ret_output, kept);
    return room == STATUS_OK ? status : room;
}
