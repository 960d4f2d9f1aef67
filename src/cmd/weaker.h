/* SPDX-License-Identifier: MIT */
/* weaker.h — what of isolation this machine does not give: who insists on it, and what a person is told. */
#ifndef CMD_WEAKER_H
#define CMD_WEAKER_H

#include "base/bytes.h"
#include "base/status.h"

/* `require` is the setting, names with commas, or NULL. INVALID_ARGUMENT: a name is no layer's. */
STATUS_RESULT weaker_check_names(const char *require, struct err *error);
/* `degraded`: names with commas, of the layers that are not on. FAILED_PRECONDITION: one is required; the text
 * names it, and what mends it. */
STATUS_RESULT weaker_check_required(const char *require, const char *degraded, struct err *error);
/* One line of log about limits that hold for each process only, with a command that can be pasted whole; none
 * if they hold for sessions. `memory_bytes` and `tasks` are the limits of a session. */
void weaker_say(const char *degraded, int64_t memory_bytes, int64_t tasks);
/* Notes the command line of this process, and what the kernel tells of processes, for weaker_say. Before the process confines itself. */
void weaker_note_command(void);

#endif
