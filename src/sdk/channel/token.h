/* SPDX-License-Identifier: MIT */
/* token.h — the bearer token that goes with each call, asked of the user's callback and kept until shortly
 * before it expires. Owned by the channel, used on its thread only; the callback may block it. Never logs a
 * token. */
#ifndef SDK_CHANNEL_TOKEN_H
#define SDK_CHANNEL_TOKEN_H

#include "sdk/options.h"

#define SDK_TOKEN_SIZE_MAX 16384 /* bytes, NUL included */

#define SDK_TOKEN_PREFIX_SIZE 7 /* bytes of "Bearer " */

/* Zero-initialise. */
struct sdk_token {
    char text[SDK_TOKEN_PREFIX_SIZE + SDK_TOKEN_SIZE_MAX]; /* "Bearer ...", for the header; empty: none */
    int64_t until_ns;                                      /* wall clock */
};

/* Renews the token if it is time. A token that cannot be renewed is kept while it is valid. True: there is a
 * token, or the target needs none. */
bool sdk_token_refresh(struct sdk_token *token, const struct sdk_target *target);

#endif
