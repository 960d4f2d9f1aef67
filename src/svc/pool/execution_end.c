/* SPDX-License-Identifier: MIT */
/* execution_end.c — the fault says which kind of end it is; where it leaves that open, the session's reason does. */
#include "svc/pool/execution_end.h"

/* Of a session that ended under the execution, and of one that was taken from it. */
static enum execution_end end_by_reason(enum session_reason reason)
{
    static const enum execution_end ends[SESSION_REASON_COUNT] = {
        [SESSION_REASON_MEMORY_LIMIT] = EXECUTION_END_MEMORY,
        [SESSION_REASON_EXITED] = EXECUTION_END_EXITED,
        [SESSION_REASON_SIGNALED] = EXECUTION_END_KILLED,
        [SESSION_REASON_RELEASED] = EXECUTION_END_RELEASED,
        [SESSION_REASON_COOLDOWN] = EXECUTION_END_RELEASED,
        [SESSION_REASON_CANCELLED] = EXECUTION_END_CANCELLED,
    };
    enum execution_end end = (size_t)reason < ARRAY_SIZE(ends) ? ends[reason] : EXECUTION_END_NONE;
    return end == EXECUTION_END_NONE ? EXECUTION_END_SESSION_LOST : end;
}

/* NONE: the reason decides. */
static enum execution_end end_by_fault(enum execution_fault fault)
{
    static const enum execution_end ends[] = {
        [EXECUTION_FAULT_TIMEOUT] = EXECUTION_END_TIMED_OUT,
        [EXECUTION_FAULT_CRASH] = EXECUTION_END_NONE,
        [EXECUTION_FAULT_CANCELED] = EXECUTION_END_NONE,
        [EXECUTION_FAULT_UNAVAILABLE] = EXECUTION_END_NOT_RUN,
        [EXECUTION_FAULT_NO_MEMORY] = EXECUTION_END_REFUSED,
        [EXECUTION_FAULT_REFUSED] = EXECUTION_END_REFUSED,
    };
    return ends[fault];
}

enum execution_end execution_end_of(const struct execution *execution)
{
    const struct execution_outcome *outcome = &execution->outcome;
    if (!execution_final(execution))
        return EXECUTION_END_NONE;
    if (outcome->fault == EXECUTION_FAULT_NONE)
        return execution->status == EXECUTION_SUCCEEDED ? EXECUTION_END_COMPLETED : EXECUTION_END_RAISED;
    /* The isolation went away under a run: it did run. */
    if (outcome->fault == EXECUTION_FAULT_UNAVAILABLE && execution->session_guid[0])
        return EXECUTION_END_SESSION_LOST;
    enum execution_end end = end_by_fault(outcome->fault);
    return end == EXECUTION_END_NONE ? end_by_reason(outcome->reason) : end;
}

const char *execution_end_name(enum execution_end end)
{
    static const char *const names[] = {
#define X(name, word) [EXECUTION_END_##name] = (word),
        EXECUTION_END_TABLE(X)
#undef X
    };
    return (size_t)end < ARRAY_SIZE(names) ? names[end] : "";
}
