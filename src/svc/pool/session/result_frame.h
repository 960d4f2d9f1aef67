/* SPDX-License-Identifier: MIT */
/* result_frame.h — the payload of a RESULT frame, which a session wrote and which is therefore hostile.
 * One pass checks that it is one JSON object in well-formed UTF-8, bounded in depth, and finds the members as
 * views; no tree is built, and numbers keep their digits however many they are. Pure. */
#ifndef SVC_POOL_SESSION_RESULT_FRAME_H
#define SVC_POOL_SESSION_RESULT_FRAME_H

#include "base/buf.h"

#define RESULT_FRAME_DEPTH_MAX 64 /* nested arrays and objects */

enum result_type {
    RESULT_NONE,
    RESULT_NULL,
    RESULT_BOOL,
    RESULT_NUMBER,
    RESULT_STRING,
    RESULT_ARRAY,
    RESULT_OBJECT
};

/* One JSON value as written, without blanks around it. */
struct result_value {
    enum result_type type; /* RESULT_NONE: the member is absent */
    struct bytes json;
};

/* Goes through the members of an object or the elements of an array that result_frame_parse has accepted. */
struct result_walk {
    const uint8_t *at;
    const uint8_t *end;
    bool object;
};

struct result_frame { /* views of the payload */
    uint64_t id;
    bool ok;
    uint64_t duration_us;
    struct result_value value;
    struct result_value outputs; /* array, or absent */
    struct result_value error;   /* object, or absent */
    struct result_value hosts;   /* array, or absent */
    uint64_t hosts_more;         /* that are not in it */
    bool truncated;              /* the session itself cut the value or the outputs */
};

/* MALFORMED: not such an object, a member of a wrong type or given twice; TOO_LARGE: deeper than the limit.
 */
STATUS_RESULT result_frame_parse(struct bytes payload, struct result_frame *ret_frame);
/* `value` is an array or an object; anything else has no parts. */
void result_walk_begin(struct result_walk *walk, struct result_value value);
/* The next part. `ret_key` is the text between the quotes of its name, escapes and all; NULL allowed. False, and the
 * outputs are untouched, at the end. */
bool result_walk_next(struct result_walk *walk, struct bytes *ret_key, struct result_value *ret_value);
/* The code unit of a "\\uXXXX" at `at` of a string's inside, or -1 if there is none. */
int result_code_unit(struct bytes text, size_t at);
/* Appends the value with lone surrogate escapes ("\ud800") turned into "\ufffd", which strict readers refuse.
 */
void result_value_append(struct buf *out, struct result_value value);

#endif
