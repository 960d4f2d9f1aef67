/* SPDX-License-Identifier: MIT */
/* uri.h — paths and queries of a request target (RFC 3986, application/x-www-form-urlencoded).
 * Pure views where possible; decoded text goes into the caller's arena. Decoding is done once and cannot
 * fail: a '%' without two hex digits stays as it is, as browsers do it, because some clients paste
 * identifiers raw (session-pool-api.md section 4). Decoded bytes may be anything, NUL and bad UTF-8 included:
 * who uses them checks them. */
#ifndef WIRE_HTTP1_URI_H
#define WIRE_HTTP1_URI_H

#include "base/arena.h"

/* Percent-decodes once; `plus_is_space` also turns '+' into a space. Without anything to decode the result is
 * `raw` itself. data NULL only if the arena is full (or `raw.data` is NULL). */
MUST_USE struct bytes uri_decode(struct arena *arena, struct bytes raw, bool plus_is_space);

/* True if every '%' in `raw` begins an escape: for who would rather refuse than guess. */
bool uri_escapes_valid(struct bytes raw);

/* Moves `*query` ("a=1&b=2") past its first parameter and returns true with its raw name and value (value
 * data NULL without '='); false at the end. Empty parameters are skipped. */
bool uri_query_next(struct bytes *query, struct bytes *ret_name, struct bytes *ret_value);
/* The raw value of the first parameter whose decoded name equals `name` without regard to ASCII case
 * (session-pool-api.md section 4). data NULL if there is none; a parameter without '=' gives an empty value
 * with data. */
struct bytes uri_query_find(struct bytes query, struct bytes name);

/* Moves `*path` past its next segment ("/a//b": "a", "b"; empty segments are skipped) and returns it raw;
 * data NULL at the end. */
struct bytes uri_path_next(struct bytes *path);
/* True if `path` begins with `prefix` without regard to ASCII case, reading every run of slashes in `path`
 * as one: "//Code///execute" has the prefix "/code/execute". `prefix` has no run of slashes. */
bool uri_path_has_prefix(struct bytes path, struct bytes prefix);

#endif
