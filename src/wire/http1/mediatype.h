/* SPDX-License-Identifier: MIT */
/* mediatype.h — "type/subtype; name=value" and other header values with parameters (RFC 9110 section 5.6.6).
 * Views into the header value; only a quoted value with escapes needs the arena. Never fails loudly: a value
 * that breaks the grammar has no parameters from there on. */
#ifndef WIRE_HTTP1_MEDIATYPE_H
#define WIRE_HTTP1_MEDIATYPE_H

#include "base/arena.h"

/* What stands before the first ';', without blanks: "text/html" of "text/html; charset=utf-8". */
struct bytes mediatype_essence(struct bytes value);
/* True if the essence equals `essence` without regard to case. */
bool mediatype_is(struct bytes value, const char *essence);

/* How a quoted value is read. */
enum mediatype_quoting {
    MEDIATYPE_QUOTED_PAIR, /* '\' escapes the next byte (RFC 9110) */
    MEDIATYPE_QUOTED_FORM, /* '\' escapes only '"' and '\'; a Windows path keeps its backslashes (RFC 7578
                              senders) */
};
/* The parameter of that name (case-insensitive), unquoted; data NULL if absent or the arena is full. */
struct bytes mediatype_param(struct arena *arena, struct bytes value, const char *name,
                             enum mediatype_quoting quoting);

#endif
