/* SPDX-License-Identifier: MIT */
/* session_gauges.h — what the kernel has counted for one session: processor time, memory and processes, by the files of its
 * control group. Their text is the kernel's. Where a file is not there, or cannot be set back, the value is not known. On the
 * loop's thread. */
#ifndef SVC_POOL_SESSION_SESSION_GAUGES_H
#define SVC_POOL_SESSION_SESSION_GAUGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct gauge_values {
    bool cpu_known, memory_known, processes_known;
    uint64_t cpu_us;      /* since session_gauges_begin, of all processes */
    uint64_t memory_peak; /* bytes: the most at once since then, files of the session included */
    uint64_t processes;   /* the most at once since then, at the looks; without the session's init */
};

/* The owner embeds it. */
struct session_gauges {
    /* --- private --- */
    int cpu_fd, memory_fd, processes_fd; /* -1: not there */
    bool cpu_begun, memory_begun, processes_begun;
    bool was_alone; /* the runner, when the processes were looked at last */
    uint64_t cpu_before_us;
    uint64_t processes_most;
};

void session_gauges_init(struct session_gauges *gauges);
/* The descriptors are its own from now on; each may be -1. `memory_fd` is open for writing, too. */
void session_gauges_open(struct session_gauges *gauges, int cpu_fd, int memory_fd, int processes_fd);
/* A cell begins; if it is measured, from now on, which takes some microseconds. `none_came`: no process but the runner can have come
 * into the session since it was built, nor is one coming; then a runner that was seen alone is not looked for again. */
void session_gauges_begin(struct session_gauges *gauges, bool measured, bool none_came);
/* Looks at how many processes there are, for the most at once; `more` of them are about to start. Does nothing for a cell that is
 * not measured. */
void session_gauges_look(struct session_gauges *gauges, uint64_t more);
struct gauge_values session_gauges_read(const struct session_gauges *gauges);
/* May be called twice. */
void session_gauges_close(struct session_gauges *gauges);

/* "usage_usec N" among other lines (v2, microseconds), or N alone (v1, nanoseconds), as microseconds. False: neither. */
bool gauge_parse_cpu(struct bytes text, uint64_t *ret_us);

#endif
