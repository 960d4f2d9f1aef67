/* SPDX-License-Identifier: MIT */
/* event.h — history events as bytes: making them, stamping them, walking a blob of them.
 *
 * A blob is a run of HistoryEvents as they stand in OrchestratorRequest.pastEvents: tag, length, bytes. The
 * tag is one byte in every message that carries events, so a blob is turned into another message's field by
 * replacing that byte, and a history is sent by joining stored blobs.
 *
 * Events from outside wait without a timestamp: spec 3.4 wants timestamps that never decrease, and the
 * OrchestratorStarted in front of them carries the time of the dispatch. They are stamped when delivered.
 * What a peer sent inside an event (failure details, trace contexts) is passed on byte by byte. */
#ifndef CORE_TASK_EVENT_H
#define CORE_TASK_EVENT_H

#include "base/buf.h"
#include "wire/pb/orchestrator_service.pb.h"

enum event_tag {
    EVENT_TAG_CHUNK = 0x0a, /* HistoryChunk.events */
    EVENT_TAG_PAST = 0x1a,  /* OrchestratorRequest.pastEvents */
    EVENT_TAG_NEW = 0x22,   /* OrchestratorRequest.newEvents */
};

#define EVENT_ID_OUTSIDE (-1) /* eventId of what arrives from outside (spec 3.4) */
#define EVENT_ID_STARTED 0    /* eventId of ExecutionStarted */

/* A message of which only the received bytes matter: the encoder writes unknown fields as they came. */
#define AS_RECEIVED(type, bytes)                                                                             \
    &(struct type)                                                                                           \
    {                                                                                                        \
        .unknown = (bytes)                                                                                   \
    }

/* Encodes without a timestamp, unless `event` has one. */
struct bytes event_encode(struct arena *arena, const struct pb_history_event *event);
/* Appends to a blob, with the timestamp in front. `event` must not have one yet. */
void event_append(struct buf *blob, struct bytes event, int64_t timestamp_ns);
/* Appends one that has its timestamp, as it is. */
void event_append_whole(struct buf *blob, struct bytes event);
/* Encodes and appends in one step. */
void event_append_new(struct buf *blob, struct pb_history_event *event, int64_t timestamp_ns);
/* Takes the next event off a blob: false at its end, or at bytes that are no event (see event_blob_valid). */
bool event_next(struct bytes *rest, struct bytes *ret_event);
/* True if the blob is nothing but whole events; `*ret_count` tells how many. */
bool event_blob_valid(struct bytes blob, size_t *ret_count);
/* True if the blob has an event of that kind. */
bool event_blob_has(struct bytes blob, enum pb_history_event_case kind);
/* A copy of the blob in the arena without the events of that kind. */
struct bytes event_blob_without(struct arena *arena, struct bytes blob, enum pb_history_event_case kind);
/* Copies a blob to `to`, which has room for blob.size bytes, under another tag. */
void event_copy_blob(uint8_t *to, struct bytes blob, enum event_tag tag);
/* What kind of event the bytes hold, and its body. NOT_SET for none, or bytes that are no event. */
enum pb_history_event_case event_peek(struct bytes event, struct bytes *ret_body);

/* Events from outside (id -1, no timestamp), encoded. `failure` is an encoded TaskFailureDetails. */
struct bytes event_task_completed(struct arena *arena, int32_t task_id, struct pb_opt_bytes result);
struct bytes event_task_failed(struct arena *arena, int32_t task_id, struct bytes failure);
struct bytes event_child_completed(struct arena *arena, int32_t task_id, struct pb_opt_bytes result);
struct bytes event_child_failed(struct arena *arena, int32_t task_id, struct bytes failure);
struct bytes event_timer_fired(struct arena *arena, int32_t timer_id, struct pb_opt_time fire_at);
/* From when on a timer counts as fired: 1 ms behind `fire_at`. There is an SDK that wants its clock later by
 * a whole millisecond, and sets the timer again otherwise. */
int64_t event_timer_due_ns(struct pb_opt_time fire_at);
struct bytes event_raised(struct arena *arena, struct bytes name, struct pb_opt_bytes input);
struct bytes event_terminated(struct arena *arena, struct pb_opt_bytes output, bool recurse);
struct bytes event_suspended(struct arena *arena, struct pb_opt_bytes reason);
struct bytes event_resumed(struct arena *arena, struct pb_opt_bytes reason);
/* `execution_id` is the new one of the parent that is rewound, and `instance_id` the child's own; both empty for an
 * instance that is rewound by itself. */
struct bytes event_rewound(struct arena *arena, struct pb_opt_bytes reason, struct bytes execution_id,
                           struct bytes instance_id);
/* An encoded TaskFailureDetails of our own making; it is never worth a retry. */
struct bytes event_failure(struct arena *arena, const char *type, const char *message);

#endif
