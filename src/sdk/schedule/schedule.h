/* SPDX-License-Identifier: MIT */
/* schedule.h — a schedule: what it starts, how often, and where it stands. Read from and written to the JSON that the
 * SDKs of .NET and Python keep as the state of their schedule entity, so that any of them, and the service's pages, read
 * what we write. Pure: the time is handed in. Called by the schedule entity and by the client.
 * spec/durable-task-protocol.md 3.16. */
#ifndef SDK_SCHEDULE_SCHEDULE_H
#define SDK_SCHEDULE_SCHEDULE_H

#include "base/arena.h"
#include "base/buf.h"
#include "durabletask.h"

#define SDK_SCHEDULE_ENTITY       "schedule"
#define SDK_SCHEDULE_INTERVAL_MIN ((int64_t)1000000000) /* ns: both SDKs refuse less */

/* Instants are nanoseconds since 1970; 0: none. Texts: NULL: none. */
struct sdk_schedule {
    enum dt_schedule_status status;
    const char *token; /* of the present series of runs; signals of an older one are stale */
    int64_t last_run_ns;
    int64_t next_run_ns;
    int64_t created_ns;
    int64_t modified_ns;
    const char *id;
    const char *orchestration;
    const char *input; /* the payload, as the orchestration gets it */
    const char *instance_id;
    int64_t start_at_ns;
    int64_t end_at_ns;
    int64_t interval_ns;
    bool start_if_late;
};

/* What a creation or an update says; members that it leaves out are as zero, and `given_start_if_late` tells. */
struct sdk_schedule_request {
    struct sdk_schedule schedule;
    bool given_start_if_late;
};

/* A state; all texts in the arena. MALFORMED: it is none of a schedule, or a member has another form; NO_MEMORY. */
STATUS_RESULT sdk_schedule_read(struct arena *arena, const char *state, struct sdk_schedule *ret_schedule);
/* The input of a creation or an update, of either SDK. MALFORMED, NO_MEMORY. */
STATUS_RESULT sdk_schedule_read_request(struct arena *arena, const char *input,
                                        struct sdk_schedule_request *ret_request);
/* The state; see buf_status(out). */
void sdk_schedule_write(struct buf *out, const struct sdk_schedule *schedule);
/* The input of a creation or an update, in .NET's form; see buf_status(out). */
void sdk_schedule_write_request(struct buf *out, const struct sdk_schedule_request *request);

/* Why this cannot be a schedule; NULL: it can. Static. */
const char *sdk_schedule_fault(const struct sdk_schedule *schedule);
/* When it runs next: at its next run, if that is known; else in whole intervals from its start on, or now for the first
 * run if that is late and wanted. INT64_MAX: beyond all time. */
int64_t sdk_schedule_next_ns(const struct sdk_schedule *schedule, int64_t now_ns);
/* Takes over what an update says. True: the next run is to be found anew. */
bool sdk_schedule_update(struct sdk_schedule *schedule, const struct sdk_schedule_request *request);

#endif
