/* SPDX-License-Identifier: MIT */
/* json.h — reads the members of a JSON object, and writes JSON strings: as much as schedules need, whose requests and state
 * are JSON of other SDKs. Not a document model: values stay text. Pure; views of the input, or memory of the caller's
 * arena. The library links no JSON library, so that its users need none. RFC 8259. */
#ifndef SDK_JSON_H
#define SDK_JSON_H

#include "base/arena.h"
#include "base/buf.h"

#define SDK_JSON_DEPTH_MAX 64 /* objects and arrays within each other */

/* One that is asked for. */
struct sdk_json_member {
    const char *name;   /* "OrchestrationName" is "orchestration_name" as well: case and '_' do not count */
    struct bytes value; /* out: its text; `data` NULL: absent, or null */
    bool snake;         /* out: it was written with '_' */
};

/* Fills the members that the object has; of a name that comes twice the last counts. Others are passed over.
 * MALFORMED: it is no object, not UTF-8, or nested deeper than SDK_JSON_DEPTH_MAX; then members are filled in part. */
STATUS_RESULT sdk_json_read(struct bytes text, struct sdk_json_member *members, size_t count);
/* A string's content, with its escapes undone. MALFORMED: no string, a bad escape, a U+0000, or not UTF-8; NO_MEMORY. */
STATUS_RESULT sdk_json_text(struct arena *arena, struct bytes value, struct bytes *ret_text);
/* Appends `text` as a JSON string; see buf_status(out). */
void sdk_json_append_text(struct buf *out, struct bytes text);

#endif
