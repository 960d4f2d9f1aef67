/* SPDX-License-Identifier: MIT */
/* review_blob_file.h — blobs as files: `blobs/xx/HASH`, and `blobs/new/NUMBER` while they are drafts (review_draft.h). Any thread; not
 * for other folders. */
#ifndef STORE_REVIEW_BLOB_FILE_H
#define STORE_REVIEW_BLOB_FILE_H

#include <limits.h>
#include <stdatomic.h>

#include "base/buf.h"

#define REVIEW_PATH_SIZE    (PATH_MAX + 128)
#define REVIEW_BLOB_FOLDERS 256 /* by the first two digits of the hash */

/* The folder around `blobs`, and how many drafts have had a file. */
struct review_blobs {
    char folder[PATH_MAX];
    _Atomic uint64_t drafts;
};

/* RESOURCE_EXHAUSTED or IO with errno's cause. */
STATUS_RESULT review_blob_fault(struct err *err, const char *what);
void review_draft_path(const struct review_blobs *blobs, uint64_t number, char ret_path[REVIEW_PATH_SIZE]);
/* Makes `blobs` and the folder `name` in it, each synced into the folder around it. */
STATUS_RESULT review_blob_folder(const struct review_blobs *blobs, const char *name, struct err *err);
STATUS_RESULT review_blob_write(int fd, struct bytes content, struct err *err);
/* Gives the file `from` the name of its hash, and syncs that; does no harm twice. */
STATUS_RESULT review_blob_name(const struct review_blobs *blobs, const char *from, const char *sha256,
                               struct err *err);
/* What cannot be read now. It is no fault of a transaction, so it takes back nothing of others: UNAVAILABLE. */
STATUS_RESULT review_blob_read_fault(struct err *err, const char *what);
/* NOT_FOUND: there is no such file, or it is not of that size. UNAVAILABLE. */
STATUS_RESULT review_blob_file_open(const struct review_blobs *blobs, const char *sha256, size_t size,
                                    int *ret_fd, struct err *err);
bool review_blob_file_there(const struct review_blobs *blobs, const char *sha256);
/* What drafts a process left that died. */
void review_blob_forget_drafts(const struct review_blobs *blobs);
/* Calls `keep` for each name in folder `number`, and removes the files that it does not want. A folder that cannot be read is left
 * as it is. */
STATUS_RESULT review_blob_walk(const struct review_blobs *blobs, unsigned number,
                               enum status (*keep)(void *context, const char *name, bool *ret_keep,
                                                   struct err *err),
                               void *context, struct err *err);

#endif
