/* SPDX-License-Identifier: MIT */
/* process.h — for tests: one way to start, await, stop and reap a child.
 * Every wait is bounded by PROCESS_PATIENCE_S; a child that outlives it is killed, and the test fails. A child dies with
 * the test that started it, unless it changes its ids. A started process is ended by exactly one of process_wait,
 * process_kill and process_expect. */
#ifndef LIB_PROCESS_H
#define LIB_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define PROCESS_PATIENCE_S 120
#define PROCESS_TEXT_SIZE  4096

struct process {
    pid_t pid;
    int error_fd; /* what the child writes to its standard error, if that is captured; else -1 */
    char text[PROCESS_TEXT_SIZE]; /* the beginning of it, once it has ended */
};

/* A child that calls `run`; what that returns is its exit code. `context` may be NULL. */
void process_start(struct process *process, int (*run)(void *context), void *context);
/* The same, and what it writes to its standard error is kept in `text`. */
void process_start_captured(struct process *process, int (*run)(void *context), void *context);
/* A child that calls `prepare`, says so, and does nothing until it is killed; returns once it has said so. May be called in
 * such a child, too: a grandchild ends with its parent. */
void process_hold(struct process *process, void (*prepare)(void *context), void *context);
/* A program; `words` ends with NULL. */
void process_execute(struct process *process, const char *const *words);

bool process_runs(const struct process *process);
/* Waits until it ends by itself; its status as of wait(2). */
int process_wait(struct process *process);
/* The same; its exit code must be `code`. */
void process_expect(struct process *process, int code);
/* kill -9, and the wait for it. */
void process_kill(struct process *process);

#endif
