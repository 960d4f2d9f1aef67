/* SPDX-License-Identifier: MIT */
/* engine_program.h — one command of a container engine as a process. Of the processes that start containers. */
#ifndef SVC_LAUNCHER_ENGINE_PROGRAM_H
#define SVC_LAUNCHER_ENGINE_PROGRAM_H

#include <sys/types.h>

#include "svc/launcher/engine_command.h"

struct engine_output {
    int out, error; /* where it writes; -1: nowhere */
    int variables;  /* what it finds at ENGINE_VARIABLES_FD; -1: nothing */
};

/* Starts it; its input is empty, and it ends with its parent. -1: the system gives no process. */
pid_t engine_program_start(const struct engine_command *command, const struct engine_output *output);
/* The same, and waits up to `patience_ms`, behind which it is killed. -1, or its status as wait(2) has it. */
int engine_program_do(const struct engine_command *command, int patience_ms);
/* The same; what it printed, as far as it fits into `text`, and nothing if it did not end well. */
struct bytes engine_program_ask(const struct engine_command *command, char *text, size_t size);
/* Waits for the end of a child, and kills it when the time is over. -1: it did not end by itself. */
int engine_program_wait(pid_t child, int patience_ms);

#endif
