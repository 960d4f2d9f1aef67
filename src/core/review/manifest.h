/* SPDX-License-Identifier: MIT */
/* manifest.h — what a decision is about, as one canonical text (RFC 8785): whoever has the facts gets the same bytes, and the
 * SHA-256 of these bytes is what a vote names. Whoever keeps it can prove years later what was shown, also when code
 * and result are long gone.
 *
 *   {"code":{"bytes","sha256"},"effects"?:{"bytes","sha256"},"files"?:{"bytes","sha256"},"format":"sallyport-manifest-1","gate",
 *    "inputs":[{"bytes","path","sha256"}],"language","policy"?,"request","result"?:{"bytes","sha256"},"revision","run"?,
 *    "session"?,"stage","template"?,"then"?}
 *
 * Members that are not known are absent, never zero. Before a run there are no effects, files, result and run. What a run did is named
 * by its hash as the result is: whoever may see the manifest may not yet see these. Pure; any thread. */
#ifndef CORE_REVIEW_MANIFEST_H
#define CORE_REVIEW_MANIFEST_H

#include <jansson.h>

#include "base/buf.h"

#define MANIFEST_FORMAT "sallyport-manifest-1"

/* Bytes that are named by their hash. */
struct manifest_blob {
    const char *path; /* NULL: code and result, of which there is one */
    const char *sha256;
    int64_t size; /* bytes */
};

/* Texts are UTF-8 and borrowed; NULL where that is said. */
struct manifest_facts {
    const char *request;
    int64_t revision;
    const char *language;
    const char *gate;
    const char *stage;
    const char *session; /* NULL: one of its own */
    struct manifest_blob code;
    const struct manifest_blob *inputs; /* any order */
    size_t input_count;
    const char *policy_version; /* NULL: no policy but the built-in one */
    int64_t run;                /* 0: nothing has run; the members below do not count then */
    const char *template_id;    /* NULL: the pool did not say */
    struct manifest_blob result;
    struct manifest_blob files;   /* the list of what was made or changed; sha256 NULL: nobody could tell */
    struct manifest_blob effects; /* the canonical text of effects.h; sha256 NULL: not reported */
    json_t *then;                 /* borrowed; what follows an approval; NULL: nothing */
};

/* Appends the canonical text to `out`. INVALID_ARGUMENT: two files of one path, or a text that is no UTF-8; NO_MEMORY. `out` then
 * holds a part and is worth nothing. */
STATUS_RESULT manifest_write(const struct manifest_facts *facts, struct buf *out, struct err *err);
/* Appends in words where two manifests differ, such as "result, revision": what to tell who voted on another. Both are
 * texts of manifest_write; what is none differs in everything. */
void manifest_difference(struct bytes one, struct bytes other, struct buf *out);

#endif
