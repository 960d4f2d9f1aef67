/* SPDX-License-Identifier: MIT */
/* output_place.h — where a reader of an execution's output is, in words: "OUT,ERR", and ",live" behind it where what the reader
 * has may still be cut (doc/api.md). Pure. */
#ifndef SVC_POOL_HTTP_OUTPUT_PLACE_H
#define SVC_POOL_HTTP_OUTPUT_PLACE_H

#include "base/buf.h"
#include "svc/pool/session/session_output.h"

struct output_words {
    uint64_t at[SESSION_STREAMS]; /* bytes of each stream's text that the reader has */
    bool live;
};

/* False for anything but two numbers up to INT64_MAX with a comma between them, and perhaps ",live"; the output is undefined
 * then. */
bool output_place_parse(struct bytes text, struct output_words *ret_words);
/* Appends it; check buf_status. */
void output_place_write(struct buf *out, const struct output_words *words);

#endif
