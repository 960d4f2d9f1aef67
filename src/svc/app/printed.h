/* SPDX-License-Identifier: MIT */
/* printed.h — what a run has printed, as far as it is known, and where a reader of it is: while the run goes on the beginning of each
 * stream, and then the stored result, of which the pieces are bytes for bytes the same. Pure. */
#ifndef SVC_APP_PRINTED_H
#define SVC_APP_PRINTED_H

#include <jansson.h>

#include "base/buf.h"

enum printed_stream {
    PRINTED_STDOUT,
    PRINTED_STDERR,
    PRINTED_STREAMS,
};

/* How a place came about. */
enum printed_mark {
    PRINTED_STORED, /* a reader of the stored result, or one who begins */
    PRINTED_LIVE,   /* a reader while the run went on: what it has may have been cut since */
    PRINTED_END,    /* all was read */
};

/* As text "OUT,ERR,OUTPUTS", and ",live" or ",end" behind it. */
struct printed_place {
    uint64_t at[PRINTED_STREAMS]; /* bytes of each stream that stand before it */
    uint64_t outputs;             /* elements of the result's "outputs" likewise */
    enum printed_mark mark;
};

/* "0" and "OUT,ERR" are places, too. False: it is none. */
bool printed_place_parse(struct bytes text, struct printed_place *ret_place);
void printed_place_write(struct buf *out, const struct printed_place *place);

struct printed {
    struct buf text[PRINTED_STREAMS];
    json_t *outputs; /* an array; NULL: none */
    bool whole;      /* it is the stored result */
    bool cut;        /* what was read while the run went on may not be the beginning of the result */
};

void printed_fini(struct printed *printed);
/* The next bytes of a stream while the run goes on. False: they would be more than `size_max` of it, or there is no memory; what is
 * missing comes with the result. */
bool printed_add(struct printed *printed, enum printed_stream stream, struct bytes text, size_t size_max);
/* The run is over: `result`, NULL for none, is all that there is. `*ret_goes_on`: whoever reads here and has no more than there was
 * goes on as if nothing had happened, and their mark is to be PRINTED_STORED. NO_MEMORY: nothing is changed. */
STATUS_RESULT printed_settle(struct printed *printed, const json_t *result, bool *ret_goes_on);

enum printed_kind {
    PRINTED_NOTHING, /* for now */
    PRINTED_TEXT,    /* of `*ret_stream` */
    PRINTED_OUTPUT,  /* JSON of one element of "outputs" */
    PRINTED_ALL,     /* nothing comes any more */
    PRINTED_OTHER, /* the reader has what is not in the result: it begins anew, and `place` is the beginning */
};

/* Appends the next piece of at most `size_max` bytes (an output is whole) behind `place`, which moves. Check buf_status. */
enum printed_kind printed_next(const struct printed *printed, struct printed_place *place, size_t size_max,
                               enum printed_stream *ret_stream, struct buf *out);

#endif
