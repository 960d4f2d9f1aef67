/* SPDX-License-Identifier: MIT */
/* multipart.h — a whole multipart/form-data body split into its parts (RFC 7578, RFC 2046 section 5.1).
 * The parts are views of the body; decoded names live in the caller's arena. File names are hostile text:
 * nothing here makes them safe as paths. */
#ifndef WIRE_HTTP1_MULTIPART_H
#define WIRE_HTTP1_MULTIPART_H

#include "base/arena.h"

struct multipart_part {
    struct bytes name;         /* of the form field */
    struct bytes filename;     /* decoded; data NULL: the part is no file */
    struct bytes content_type; /* as sent; data NULL if absent */
    struct bytes data;
};

struct multipart_limits { /* zero fields take the default behind */
    size_t parts_max;     /* 128 */
    size_t head_size_max; /* bytes of the headers of one part: 16 KiB */
};

#define MULTIPART_BOUNDARY_SIZE_MAX 70 /* bytes (RFC 2046 section 5.1.1) */

/* The boundary: from the header's parameter if it is a multipart type with one, else from the first line of
 * the body ("--token CRLF"), because some clients send a form under another content type
 * (session-pool-api.md section 5.3). MALFORMED if neither gives a valid boundary. */
STATUS_RESULT multipart_boundary(struct arena *arena, struct bytes content_type, struct bytes body,
                                 struct bytes *ret_boundary, struct err *err);

/* Splits `body`. A file name comes from `filename*` (RFC 8187) if that is well-formed UTF-8 or ISO-8859-1,
 * else from `filename`, where "%22", "%0D" and "%0A" are decoded as browsers and httpx write them; all other
 * bytes stay. MALFORMED: the body is not such a form, or its last boundary is missing; TOO_LARGE: a limit;
 * NO_MEMORY: the arena. */
STATUS_RESULT multipart_parse(struct arena *arena, struct bytes boundary, struct bytes body,
                              const struct multipart_limits *limits, struct multipart_part **ret_parts,
                              size_t *ret_count, struct err *err);

/* The first part of that field name, or NULL. */
const struct multipart_part *multipart_find(const struct multipart_part *parts, size_t count,
                                            const char *name);

#endif
