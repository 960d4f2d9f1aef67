/* SPDX-License-Identifier: MIT */
/* columns.h — the columns of each row that every store keeps, in the order in which statements name them.
 * One line a column: its name, which is that of the member in core/task/write_set.h, and the kind of its value. From these
 * lists a store makes the text of its statements, binds what it writes and takes what it reads, so that no number of a column
 * stands anywhere. The tables themselves are steps of a schema, which stay as they were written. Pure.
 *
 * A list takes two macros: FIRST(name, kind) for its first column and NEXT(name, kind) for the others, where commas differ. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

/* Kinds of a member: i64 · u32 · flag (bool) · status (enum instance_status) · bytes · payload (absent is NULL) */

/* What a turn may change, and no index holds. */
#define INSTANCE_TURN_COLUMNS(FIRST, NEXT)                                                                   \
    FIRST(execution_id, bytes)                                                                               \
    NEXT(name, bytes)                                                                                        \
    NEXT(version, payload)                                                                                   \
    NEXT(updated_ns, i64)                                                                                    \
    NEXT(scheduled_ns, i64)                                                                                  \
    NEXT(parent_id, payload)                                                                                 \
    NEXT(tags, bytes)                                                                                        \
    NEXT(suspended, flag)                                                                                    \
    NEXT(history_count, i64)                                                                                 \
    NEXT(inbox_next, i64)                                                                                    \
    NEXT(activity_next, i64)

/* What indexes hold, and changes at a start and an end. */
#define INSTANCE_STAGE_COLUMNS(FIRST, NEXT)                                                                  \
    FIRST(status, status)                                                                                    \
    NEXT(created_ns, i64)                                                                                    \
    NEXT(completed_ns, i64)

/* What never changes. */
#define INSTANCE_NAME_COLUMNS(FIRST, NEXT)                                                                   \
    FIRST(key, i64)                                                                                          \
    NEXT(hub, u32)                                                                                           \
    NEXT(instance_id, bytes)

#define INSTANCE_COLUMNS(FIRST, NEXT)                                                                        \
    INSTANCE_TURN_COLUMNS(FIRST, NEXT)                                                                       \
    INSTANCE_STAGE_COLUMNS(NEXT, NEXT)                                                                       \
    INSTANCE_NAME_COLUMNS(NEXT, NEXT)

#define INBOX_COLUMNS(FIRST, NEXT)                                                                           \
    FIRST(key, i64)                                                                                          \
    NEXT(sequence, i64)                                                                                      \
    NEXT(visible_ns, i64)                                                                                    \
    NEXT(event, bytes)                                                                                       \
    NEXT(execution_id, bytes)

#define ACTIVITY_COLUMNS(FIRST, NEXT)                                                                        \
    FIRST(key, i64)                                                                                          \
    NEXT(ordinal, i64)                                                                                       \
    NEXT(request, bytes)

#define HISTORY_COLUMNS(FIRST, NEXT)                                                                         \
    FIRST(key, i64)                                                                                          \
    NEXT(first, i64)                                                                                         \
    NEXT(count, i64)                                                                                         \
    NEXT(events, bytes)

#define ENTITY_COLUMNS(FIRST, NEXT)                                                                          \
    FIRST(hub, u32)                                                                                          \
    NEXT(entity_id, bytes)                                                                                   \
    NEXT(state, bytes)                                                                                       \
    NEXT(modified_ns, i64)

#define ENTITY_LOCK_COLUMNS(FIRST, NEXT)                                                                     \
    FIRST(hub, u32)                                                                                          \
    NEXT(entity_id, bytes)                                                                                   \
    NEXT(owner, bytes)                                                                                       \
    NEXT(execution_id, bytes)                                                                                \
    NEXT(section, bytes)                                                                                     \
    NEXT(at_ns, i64)

#define ENTITY_MESSAGE_COLUMNS(FIRST, NEXT)                                                                  \
    FIRST(sequence, i64)                                                                                     \
    NEXT(hub, u32)                                                                                           \
    NEXT(entity_id, bytes)                                                                                   \
    NEXT(visible_ns, i64)                                                                                    \
    NEXT(event, bytes)                                                                                       \
    NEXT(sender, bytes)                                                                                      \
    NEXT(execution_id, bytes)                                                                                \
    NEXT(legacy, flag)                                                                                       \
    NEXT(trace, bytes)                                                                                       \
    NEXT(at_ns, i64)

#define RECEIPT_COLUMNS(FIRST, NEXT)                                                                         \
    FIRST(sequence, i64)                                                                                     \
    NEXT(hub, u32)                                                                                           \
    NEXT(entity_id, bytes)                                                                                   \
    NEXT(request_id, bytes)                                                                                  \
    NEXT(at_ns, i64)

/* --- what statements are made of --- */

#define COLUMN_NAME(name, kind)      #name
#define COLUMN_NAME_NEXT(name, kind) ", " #name
#define COLUMN_NAMES(LIST)           LIST(COLUMN_NAME, COLUMN_NAME_NEXT)

#endif
