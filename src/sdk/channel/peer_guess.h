/* SPDX-License-Identifier: MIT */
/* peer_guess.h — what stands at the other end, judged by the first bytes that it sends. Pure. So a wrong port or scheme is
 * told at once instead of being tried until the time-out. */
#ifndef SDK_CHANNEL_PEER_GUESS_H
#define SDK_CHANNEL_PEER_GUESS_H

#include "base/bytes.h"

#define SDK_FRAME_HEAD_SIZE 9 /* bytes of a frame's head (RFC 9113, 4.1): enough to judge */

/* `first`: all bytes that have come so far on a connection that expects HTTP/2. NULL if they may be the head of its first
 * frame, which must be SETTINGS (RFC 9113, 3.4); else what to say of the peer behind its address. */
const char *sdk_peer_fault(struct bytes first);

#endif
