/* SPDX-License-Identifier: MIT */
/* call.h — one call on a channel, from its request to its only on_done: waiting for a connection, on the
 * wire, in a pause before the next try.
 *
 *   admit ──► WAITING ──send──► ON_WIRE ──► finished
 *               ▲  ▲                │  │
 *               │  └─ connection lost  │ refused
 *               └────── PAUSED ◄───────┘
 *
 * Decides what is tried again: only what the caller lists in `retry`, and after a lost connection only what
 * is safe twice. Owned by the channel: a call is on its inbox, then on the list of its state. On the
 * channel's thread only, but for create and for destroying what has not been admitted. Never connects. */
#ifndef SDK_CHANNEL_CALL_H
#define SDK_CHANNEL_CALL_H

#include "sdk/channel/channel_types.h"

struct grpc_client_call;
struct sdk_channel;
struct sdk_connection;

enum sdk_call_state { SDK_CALL_WAITING, SDK_CALL_ON_WIRE, SDK_CALL_PAUSED };

struct sdk_call {
    struct list link; /* in channel->inbox, then in waiting, active or paused */
    uint64_t id;
    struct sdk_channel *channel;
    struct sdk_call_options options;
    enum sdk_call_state state;
    struct buf request;
    struct buf response;
    bool got_message;
    bool cancelled;
    bool expired;
    bool attempt_expired;
    int tries;
    bool token_renewed;    /* it has been refused once, and is tried with another token */
    uint64_t token_serial; /* of the token it was sent with */
    bool unknown;          /* whether it has been done: the connection broke, and it is not safe twice */
    int64_t deadline_ns;
    struct sdk_connection *connection;
    struct grpc_client_call *wire;
    struct sdk_timer deadline;
    struct sdk_timer attempt; /* on the wire: its time-out; paused: the end of the pause */
};

/* A call that is on no list. Takes the content of `request`, also on failure. NULL: no memory. */
struct sdk_call *sdk_call_create(struct sdk_channel *ch, const struct sdk_call_options *options,
                                 struct buf *request);
/* Without on_done. */
void sdk_call_destroy(struct sdk_call *call);

/* Puts a new call among those that wait and starts its time-out. */
void sdk_call_admit(struct sdk_call *call);
/* Sends what waits, as far as the current connection takes it. */
void sdk_call_send_waiting(struct sdk_channel *ch);
/* Ends all calls that wait for a connection. Not within a round of input. */
void sdk_call_fail_waiting(struct sdk_channel *ch, enum status status, const char *text);
/* Cancels the call wherever it is; on_done has run then. Not within a round of input. */
void sdk_call_cancel(struct sdk_call *call);
/* Runs on_done and frees the call. Not while it is on the wire. */
void sdk_call_finish(struct sdk_call *call, enum status status, const char *text);

#endif
