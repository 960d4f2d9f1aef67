/* SPDX-License-Identifier: MIT */
/* run_ending.c — one row a reason of the pool. */
#include "svc/app/run_ending.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static const struct run_ending endings[] = {
    {"time-limit", "TimeLimit", "The code ran longer than its time limit and was stopped."},
    {"memory-limit", "MemoryLimit", "The code used more memory than it may and was stopped."},
    {"exited", "InterpreterEnded", "The code ended the process that ran it, so there is no result."},
    {"signaled", "InterpreterEnded",
     "A signal ended the process that ran it, as after a crash in native code."},
    {"protocol", "InterpreterEnded",
     "The code disturbed what takes its result to the server and was stopped."},
    {"result-too-large", "ResultTooLarge", "The result is larger than the session pool takes."},
    {"released", "RunBrokenOff", "The run was broken off from outside."},
    {"cooldown", "RunBrokenOff", "The run was broken off from outside."},
    {"server-memory", "ServerBusy",
     "The server had no memory left for the result. The same code may be sent again."},
    {"no-session", "ServerBusy", "The code could not be started. The same code may be sent again."},
    {"isolation-lost", "ServerBusy",
     "The isolation was lost during the run. The same code may be sent again."},
};

const struct run_ending *run_ending_of(const char *reason)
{
    for (size_t i = 0; reason && i < ARRAY_SIZE(endings); i++)
        if (strcmp(endings[i].reason, reason) == 0)
            return &endings[i];
    return NULL;
}
