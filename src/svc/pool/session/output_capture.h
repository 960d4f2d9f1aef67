/* SPDX-License-Identifier: MIT */
/* output_capture.h — what a cell wrote to one stream, kept within a limit however much it wrote.
 * Keeps the first `head_max` bytes and the last `tail_max` bytes and counts what lies between; memory grows
 * with what came, up to the two limits. The bytes are hostile: rendering replaces what is not UTF-8 by
 * U+FFFD. Pure; one thread at a time. */
#ifndef SVC_POOL_SESSION_OUTPUT_CAPTURE_H
#define SVC_POOL_SESSION_OUTPUT_CAPTURE_H

#include "base/buf.h"

struct output_capture {
    struct buf head;
    struct buf tail; /* a ring once it is full: the oldest byte is at `tail_start` */
    size_t tail_start;
    size_t head_max;
    size_t tail_max;
    uint64_t total; /* bytes that came */
};

/* Empty, with limits in bytes. */
void output_capture_init(struct output_capture *capture, size_t head_max, size_t tail_max);
void output_capture_fini(struct output_capture *capture);
/* New limits for what is there and what comes. What does not fit any more is dropped and counted. */
STATUS_RESULT output_capture_set_limits(struct output_capture *capture, size_t head_max, size_t tail_max);
/* NO_MEMORY: nothing was taken. */
STATUS_RESULT output_capture_add(struct output_capture *capture, struct bytes bytes);
/* Bytes that it would grow by if more than that came. */
size_t output_capture_room(const struct output_capture *capture);
/* Bytes that came but are not kept. */
uint64_t output_capture_lost(const struct output_capture *capture);
/* Appends the text: the head, a line that says how many bytes are left out (only if there is a tail), the
 * tail. Valid UTF-8 whatever came; a character cut by a limit is left out whole, so without a tail at most
 * `head_max` bytes are written. */
void output_capture_render(const struct output_capture *capture, struct buf *out);
/* How far a reader of the text has come. Zero-initialise. */
struct output_place {
    size_t raw;  /* bytes of the head, and of the tail behind it */
    size_t text; /* bytes of text they became */
    /* some of it stands behind the head: once anything is left out, the text goes on in another way there */
    bool unsure;
};
/* Appends the next piece, of at most about `size_max` bytes, of what output_capture_render begins with: the head, and as long as
 * nothing is left out the tail, but for the last character while that may be unfinished. Appends nothing when there is no
 * more for now. A place that is unsure when something is left out is to be begun anew. */
void output_capture_next(const struct output_capture *capture, struct output_place *place, size_t size_max,
                         struct buf *out);
/* Empties it; the limits stay and so does the storage of a small capture. */
void output_capture_clear(struct output_capture *capture);

/* Appends `in` with each maximal bad sequence replaced by U+FFFD. */
void utf8_append_repaired(struct buf *out, struct bytes in);

#endif
