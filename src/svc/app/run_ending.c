/* SPDX-License-Identifier: MIT */
/* run_ending.c — one row a reason of the pool. */
#include "svc/app/run_ending.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static const struct run_ending endings[] = {
    {"time-limit", "timed-out", "TimeLimit", "The code ran longer than its time limit and was stopped."},
    {"memory-limit", "memory", "MemoryLimit", "The code used more memory than it may and was stopped."},
    {"exited", "exited", "InterpreterEnded",
     "The code ended the process that ran it, so there is no result."},
    {"signaled", "killed", "InterpreterEnded",
     "A signal ended the process that ran it, as after a crash in native code."},
    {"protocol", "session-lost", "InterpreterEnded",
     "The code disturbed what takes its result to the server and was stopped."},
    {"result-too-large", "refused", "ResultTooLarge", "The result is larger than the session pool takes."},
    {"released", "released", "RunBrokenOff", "The run was broken off from outside."},
    {"cooldown", "released", "RunBrokenOff", "The run was broken off from outside."},
    {"cancelled", "cancelled", "RunBrokenOff", "The run was stopped from outside."},
    {"server-memory", "refused", "ServerBusy",
     "The server had no memory left for the result. The same code may be sent again."},
    {"no-session", "not-run", "ServerBusy",
     "The code could not be started. The same code may be sent again."},
    {"isolation-lost", "session-lost", "ServerBusy",
     "The isolation was lost during the run. The same code may be sent again."},
};

/* Of ends for which the contract has no reason. */
static const struct {
    const char *why, *words;
} plain[] = {
    {"completed", "The code came to its end."},
    {"raised", "The code ended with an exception."},
};

const struct run_ending *run_ending_of(const char *reason)
{
    for (size_t i = 0; reason && i < ARRAY_SIZE(endings); i++)
        if (strcmp(endings[i].reason, reason) == 0)
            return &endings[i];
    return NULL;
}

const char *run_ending_words(const char *why, const struct run_ending *ending)
{
    for (size_t i = 0; why && i < ARRAY_SIZE(plain); i++)
        if (strcmp(plain[i].why, why) == 0)
            return plain[i].words;
    if (ending)
        return ending->text;
    for (size_t i = 0; why && i < ARRAY_SIZE(endings); i++)
        if (strcmp(endings[i].why, why) == 0)
            return endings[i].text;
    return NULL;
}
