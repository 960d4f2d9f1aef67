/* SPDX-License-Identifier: MIT */
/* process.c — fork, and waits by pidfd, so that no wait is without an end and none polls. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/process.h"

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether the descriptor is readable before the deadline. */
static bool await_fd(int fd, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - now_ms();
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        int count = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);
        if (count > 0)
            return true;
        if (count == 0 || errno != EINTR)
            return false;
    }
}

/* 0 in the child. */
static pid_t begin(struct process *process)
{
    *process = (struct process){.error_fd = -1};
    pid_t parent = getpid();
    fflush(NULL); /* what is buffered would be written twice */
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1); /* the test ended before the line above */
    }
    return process->pid;
}

void process_start(struct process *process, int (*run)(void *context), void *context)
{
    if (begin(process) == 0)
        _exit(run(context));
}

void process_start_captured(struct process *process, int (*run)(void *context), void *context)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (begin(process) == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(run(context));
    }
    close(ends[1]);
    process->error_fd = ends[0];
}

void process_hold(struct process *process, void (*prepare)(void *context), void *context)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    if (begin(process) == 0) {
        prepare(context);
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    close(ready[1]); /* or the end of the child would not be the end of the pipe */
    bool told = await_fd(ready[0], now_ms() + PROCESS_PATIENCE_S * 1000) && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!told) {
        process_kill(process);
        fail_msg("the child did not get ready");
    }
}

void process_execute(struct process *process, const char *const *words)
{
    if (begin(process) == 0) {
        execv(words[0], (char *const *)words);
        _exit(127);
    }
}

bool process_runs(const struct process *process)
{
    siginfo_t info = {0};
    assert_int_equal(waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid == 0;
}

/* Reads to the end of what it says; keeps the beginning. */
static bool read_text(struct process *process, int64_t deadline_ms)
{
    size_t size = 0;
    for (;;) {
        char block[512];
        if (!await_fd(process->error_fd, deadline_ms))
            return false;
        ssize_t got = read(process->error_fd, block, sizeof block);
        if (got <= 0)
            return true;
        size_t kept = sizeof process->text - 1 - size;
        if (kept > (size_t)got)
            kept = (size_t)got;
        memcpy(process->text + size, block, kept);
        size += kept;
    }
}

static int reap(struct process *process)
{
    int status = 0;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    if (process->error_fd >= 0)
        close(process->error_fd);
    process->error_fd = -1;
    return status;
}

int process_wait(struct process *process)
{
    int64_t deadline_ms = now_ms() + PROCESS_PATIENCE_S * 1000;
    int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    assert_true(pidfd >= 0);

    /* Its words first: a child whose pipe is full does not end. */
    bool ended = process->error_fd < 0 || read_text(process, deadline_ms);
    ended = ended && await_fd(pidfd, deadline_ms);
    close(pidfd);
    if (!ended) {
        process_kill(process);
        fail_msg("the child did not end within %d s: %s", PROCESS_PATIENCE_S, process->text);
    }
    return reap(process);
}

void process_expect(struct process *process, int code)
{
    int status = process_wait(process);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("the child ended with status %#x, not with %d: %s", (unsigned)status, code, process->text);
}

void process_kill(struct process *process)
{
    kill(process->pid, SIGKILL);
    (void)reap(process);
}
