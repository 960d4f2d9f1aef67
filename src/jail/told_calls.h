/* SPDX-License-Identifier: MIT */
/* told_calls.h — system calls of which somebody outside the session is told: refused ones, and those that start a process.
 * Where there is a listener (call_listener.h) these calls are not refused by the filter with an errno: the kernel stops the
 * caller and asks, by seccomp user notification, and the listener always answers with the errno that stands here. None is
 * ever let through, and nothing is read from the caller's memory: what is told comes from registers. Without a listener
 * they are rows of seccomp_table.h like others; with one that is closed they answer ENOSYS.
 *
 * Calls that libraries make in passing are no rows: being told costs some microseconds.
 *
 * Calls that start a process, and not those that start a thread, are told and let through. What they may do is decided by the
 * filters behind, which see the same registers: of an errno and a question the kernel takes the errno. Without a listener they are
 * let through untold; with one that is closed they answer ENOSYS, so a session that nobody hears starts nothing unseen.
 * Pure; any thread. */
#ifndef JAIL_TOLD_CALLS_H
#define JAIL_TOLD_CALLS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct told_call {
    const char *name;
    int number;
    int error; /* errno that the caller sees; of socket told_call_error knows more */
};

#define TOLD_CALLS_ROOM   40
#define TOLD_STARTS_ROOM  3
#define TOLD_PROGRAM_ROOM (6 + 2 * TOLD_CALLS_ROOM + 2 * TOLD_STARTS_ROOM)

const struct told_call *told_calls(size_t *ret_count);
/* The index of that call, or -1. */
int told_call_find(int number);
/* A call of that number is told and let through, if it starts a process. */
bool told_call_starts(int number);
/* The errno for a call with these arguments. */
int told_call_error(const struct told_call *call, const uint64_t args[6]);
/* Writes the beginning of a session's filter: told calls ask the listener, all others go on behind it. Returns how many
 * instructions. */
size_t told_calls_program(struct sock_filter ret_code[TOLD_PROGRAM_ROOM]);

#endif
