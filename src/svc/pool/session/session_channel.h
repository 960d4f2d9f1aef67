/* SPDX-License-Identifier: MIT */
/* session_channel.h — the control socket of one session: frames out, frames in.
 * Everything that comes is hostile. A frame is stored only after its head was checked and its size charged to
 * the budget; one that is too large is read to its end without being stored, so that the session need not die
 * for it. Bytes that come when none may come, and a frame that is begun and not finished, are faults.
 *
 * It knows frames, not cells: what a frame means is its owner's business (session.c). Events come from the
 * loop, one frame at a time; the owner may close the channel inside any of them. On the loop's thread. */
#ifndef SVC_POOL_SESSION_SESSION_CHANNEL_H
#define SVC_POOL_SESSION_SESSION_CHANNEL_H

#include "os/loop.h"
#include "svc/pool/session/memory_budget.h"
#include "wire/frame.h"

#define CHANNEL_FRAME_TIME_MAX_NS (30 * (int64_t)1000000000) /* from a frame's first byte to its last */

enum channel_fault {
    CHANNEL_FAULT_PROTOCOL, /* no frame, or one that may not come */
    CHANNEL_FAULT_UNASKED,  /* bytes that were there before the cell that they could have answered */
    CHANNEL_FAULT_SLOW,     /* a frame that was not finished in time */
    CHANNEL_FAULT_MEMORY,   /* the server has no memory for it */
    CHANNEL_FAULT_WATCH,    /* the socket could not be watched */
};

enum channel_refusal {
    CHANNEL_REFUSAL_TOO_LARGE, /* the frame is over the limit of one result */
    CHANNEL_REFUSAL_BUDGET,    /* all results together are over theirs */
};

struct session_channel;

struct channel_events {
    /* A whole frame; the payload is valid during the call. */
    void (*on_frame)(struct session_channel *channel, const struct frame *frame);
    /* A frame of that type came whole, and its payload was dropped. */
    void (*on_refused)(struct session_channel *channel, enum frame_type type, enum channel_refusal refusal);
    void (*on_fault)(struct session_channel *channel, enum channel_fault fault);
    /* The process closed its end, probably because it died. The channel is not watched any more. */
    void (*on_hangup)(struct session_channel *channel);
};

/* The owner embeds it. */
struct session_channel {
    /* --- private --- */
    struct loop *loop;
    const struct channel_events *events;
    struct memory_budget *budget;
    size_t payload_size_max;
    struct loop_fd socket;
    struct loop_timer patience; /* runs while a frame is unfinished */
    struct buf in;
    struct buf out;
    size_t charged;               /* bytes of `in` that the budget knows of */
    size_t skip;                  /* bytes of a refused frame that are still to come */
    enum frame_type skipped_type; /* and what it is */
    enum channel_refusal refusal;
};

/* Not connected. `events` and `budget` outlive the channel. */
void session_channel_init(struct session_channel *channel, struct loop *loop,
                          const struct channel_events *events, struct memory_budget *budget,
                          size_t payload_size_max);
/* `fd` is the channel's from now on, also on failure. */
STATUS_RESULT session_channel_open(struct session_channel *channel, int fd);
/* Sends a frame that asks for an answer. Whatever has come up to now cannot be that answer: if there is a
 * byte of it, CHANNEL_FAULT_UNASKED comes instead. */
void session_channel_ask(struct session_channel *channel, enum frame_type type, struct bytes payload);
/* May be called twice. */
void session_channel_close(struct session_channel *channel);

#endif
