/* SPDX-License-Identifier: MIT */
/* result_check.h — what of a session's result may leave the pool.
 * A result is shown to the person who decides about it, and read by programs that trust its types. So it is written
 * anew, from what is known to be harmless, and nothing else:
 * - a value is a string, a bool, null, a number that every reader can hold, or an image;
 * - an image is base64 of the very type that it claims to be, and one of png, jpeg, gif, webp;
 * - outputs are objects of a known media type to text; HTML and SVG stay text, which a page must sandbox;
 * - an error is strings, and its traceback a list of strings;
 * - a host that the code named is two texts and a number. That it was tried is nobody's word but the code's.
 * What is longer than its limit is cut at a character; what is none of these is left out. Both are told. Pure. */
#ifndef SVC_POOL_SESSION_RESULT_CHECK_H
#define SVC_POOL_SESSION_RESULT_CHECK_H

#include "svc/pool/session/result_frame.h"

#define RESULT_OUTPUTS_MAX         1000          /* bundles of one cell */
#define RESULT_ERROR_NAME_SIZE_MAX ((size_t)200) /* bytes; an honest name is an identifier */
#define RESULT_ERROR_TEXT_SIZE_MAX                                                                           \
    ((size_t)256 << 10) /* bytes of an exception's own text, and of its traceback */
#define RESULT_ERROR_EXTRA_SIZE_MAX ((size_t)4 << 10) /* bytes of any other member */
#define RESULT_ERROR_EXTRAS_MAX     16                /* such members */

#define RESULT_HOSTS_ROOM 64            /* hosts that a cell names */
#define RESULT_HOST_ROOM  ((size_t)255) /* bytes of a name */
#define RESULT_PORT_ROOM  ((size_t)32)

/* What the checks did to the result so far. */
struct result_damage {
    bool cut;     /* something was too long */
    bool dropped; /* something was not what it may be */
};

/* Each appends JSON to `out`, or nothing if nothing is left of it; check buf_status. `text_size_max` are bytes of
 * each text; images have the frame's limit only. Values come from result_frame_parse. */

/* Returns the type of what was written, RESULT_NONE for nothing. */
enum result_type result_check_value(struct buf *out, struct result_value value, size_t text_size_max,
                                    struct result_damage *damage);
/* An array. */
void result_check_outputs(struct buf *out, struct result_value outputs, size_t text_size_max,
                          struct result_damage *damage);
/* An array, of which one is always written. Returns how many of its items are not in what was written. */
size_t result_check_hosts(struct buf *out, struct result_value hosts);
/* An object. */
void result_check_error(struct buf *out, struct result_value error, struct result_damage *damage);

#endif
