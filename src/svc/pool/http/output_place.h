/* SPDX-License-Identifier: MIT */
/* output_place.h — where a reader of an execution's output is, in words: "OUT,ERR" (doc/api.md). Pure. */
#ifndef SVC_POOL_HTTP_OUTPUT_PLACE_H
#define SVC_POOL_HTTP_OUTPUT_PLACE_H

#include "base/buf.h"
#include "svc/pool/session/session_output.h"

/* Bytes of each stream's text that the reader has. False for anything but two numbers up to INT64_MAX with a comma
 * between them; the outputs are undefined then. */
bool output_place_parse(struct bytes text, uint64_t ret_from[SESSION_STREAMS]);
/* Appends it; check buf_status. */
void output_place_write(struct buf *out, const uint64_t from[SESSION_STREAMS]);

#endif
