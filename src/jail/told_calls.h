/* SPDX-License-Identifier: MIT */
/* told_calls.h — refused system calls of which somebody outside the session is told.
 * Where there is a listener (call_listener.h) these calls are not refused by the filter with an errno: the kernel stops the
 * caller and asks, by seccomp user notification, and the listener always answers with the errno that stands here. None is
 * ever let through, and nothing is read from the caller's memory: what is told comes from registers. Without a listener
 * they are rows of seccomp_table.h like others; with one that is closed they answer ENOSYS.
 *
 * Calls that libraries make in passing are no rows: being told costs some microseconds. Pure; any thread. */
#ifndef JAIL_TOLD_CALLS_H
#define JAIL_TOLD_CALLS_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct told_call {
    const char *name;
    int number;
    int error; /* errno that the caller sees; of socket told_call_error knows more */
};

#define TOLD_CALLS_ROOM   40
#define TOLD_PROGRAM_ROOM (4 + 2 * TOLD_CALLS_ROOM)

const struct told_call *told_calls(size_t *ret_count);
/* The index of that call, or -1. */
int told_call_find(int number);
/* The errno for a call with these arguments. */
int told_call_error(const struct told_call *call, const uint64_t args[6]);
/* Writes the beginning of a session's filter: told calls ask the listener, all others go on behind it. Returns how many
 * instructions. */
size_t told_calls_program(struct sock_filter ret_code[TOLD_PROGRAM_ROOM]);

#endif
