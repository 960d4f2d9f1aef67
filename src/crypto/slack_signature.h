/* SPDX-License-Identifier: MIT */
/* slack_signature.h — that Slack sent a body, and did so now: signature v0 (docs.slack.dev, "Verifying requests from Slack"). Any thread;
 * reads no clock. */
#ifndef CRYPTO_SLACK_SIGNATURE_H
#define CRYPTO_SLACK_SIGNATURE_H

#include "base/bytes.h"

#define SLACK_WINDOW_S       300 /* for which a signature counts, to both sides */
#define SLACK_SIGNATURE_SIZE 67  /* "v0=" and 64 hexadecimal digits */

/* True if `signature` is "v0=" and HMAC-SHA256(secret, "v0:TIMESTAMP:BODY") in lower-case digits, and the timestamp is of these minutes. In
 * a time that does not depend on what of the signature is equal. An empty secret signs nothing. */
bool slack_signature_holds(struct bytes secret, struct bytes timestamp, struct bytes body,
                           struct bytes signature, int64_t now_s);

#endif
