/* SPDX-License-Identifier: MIT */
/* connection.h — the channel's connection to the service: connecting, the gRPC session on it, losing it,
 * leaving it. A channel has at most one current connection, which takes calls, and one that is draining: the
 * peer said GOAWAY, and its calls may end there. After a loss the next attempt waits for a random, doubling
 * pause. On the channel's thread only. Knows nothing of calls but whether one waits; a session that goes down
 * ends the calls on it (call.h). */
#ifndef SDK_CHANNEL_CONNECTION_H
#define SDK_CHANNEL_CONNECTION_H

#include "sdk/channel/channel_state.h"

/* Drains what the peer leaves, and connects if that is wanted and its pause is over. */
void sdk_connection_maintain(struct sdk_channel *ch);
/* Acts on what poll(2) said. May destroy the connection, and only this one. */
void sdk_connection_serve(struct sdk_connection *connection, short events);
/* Writes as much as the socket takes. NULL allowed; may destroy the connection. */
void sdk_connection_flush(struct sdk_connection *connection);
/* The connection could not be made, or broke. FAILED_PRECONDITION: it will not heal by being tried again (a wrong port or
 * scheme, a certificate for another host), so the calls that wait for it end with that; any other status: they wait for
 * the next one. Plans the next if it was the current one, tells on_lost,
 * destroys. */
void sdk_connection_lose(struct sdk_connection *connection, enum status status, const char *why);
/* Ends the calls on it and frees it; no on_lost. */
void sdk_connection_destroy(struct sdk_connection *connection);

#endif
