/* SPDX-License-Identifier: MIT */
/* review_draft.h — bytes on their way into the book: hashed as they come, and, if they are many, written into a file and
 * synced. The job that takes them only gives that file its name, so that nothing waits behind long writes.
 *
 *   begin ──► append … ──► finish ──► a job names it (review_file, review_run_file) ──► fini
 *
 * INVARIANT: what a job takes is whole and synced, and stays the draft's until fini: a job that is performed a second time finds
 * it again. Drafts that nobody took are gone after fini, or with the next start. Any one thread at a time. */
#ifndef STORE_REVIEW_DRAFT_H
#define STORE_REVIEW_DRAFT_H

#include "base/buf.h"
#include "crypto/secret.h"

struct review_blobs;

#define REVIEW_BLOB_INLINE ((size_t)64 << 10) /* bytes: what has more is a file */

struct review_draft {
    size_t size;                       /* bytes that came */
    char sha256[SECRET_HASH_SIZE + 1]; /* once it is finished */

    /* --- the draft's own --- */
    struct review_blobs *blobs;
    struct buf small; /* all of it, while there is little */
    uint64_t number;  /* names its file; 0: there is none */
    int fd;
    void *digest;
};

/* Nothing is made yet; fini is allowed from here on, and of a zeroed one. */
void review_draft_begin(struct review_draft *draft, struct review_blobs *blobs);
/* RESOURCE_EXHAUSTED: the disk is full; IO, NO_MEMORY. The draft is worth nothing afterwards. */
STATUS_RESULT review_draft_append(struct review_draft *draft, struct bytes bytes, struct err *err);
/* Likewise. OK: on disk, unless it is small. */
STATUS_RESULT review_draft_finish(struct review_draft *draft, struct err *err);
void review_draft_fini(struct review_draft *draft);
/* Gives the file of a finished draft the name of its hash, for a job. The book's thread. */
STATUS_RESULT review_draft_place(const struct review_draft *draft, struct err *err);

#endif
