/* SPDX-License-Identifier: MIT */
/* pool_files.h — files of a session, by the vendor's contract (session-pool-api.md section 6), which every pool of today speaks.
 * Blocks; any thread. Errors as of pool_client_execute. */
#ifndef SVC_APP_POOL_FILES_H
#define SVC_APP_POOL_FILES_H

#include "store/review/review_draft.h"
#include "svc/app/pool_settings.h"

/* Puts a file into the session, which is made if it is new; its folders, too. `path` is below /mnt/data. */
STATUS_RESULT pool_files_put(const struct pool_client *client, const char *identifier, const char *path,
                             struct bytes content, struct err *err);

struct pool_file {
    char *path;        /* as the pool says: anything */
    int64_t size;      /* bytes; -1: the pool did not say */
    char modified[40]; /* when, in the pool's words; "" likewise */
};

struct pool_file_list {
    struct pool_file *files;
    size_t count;
    int64_t left_out; /* that are more than the list may have */
};

/* What there is below /mnt/data; released by the caller in any case. */
STATUS_RESULT pool_files_list(const struct pool_client *client, const char *identifier,
                              struct pool_file_list *ret_list, struct err *err);
void pool_file_list_fini(struct pool_file_list *list);
/* The file of that path; NULL: none. */
const struct pool_file *pool_file_list_find(const struct pool_file_list *list, const char *path);

/* Fetches a file into a draft that was begun. TOO_LARGE: it has more than `size_max` bytes. RESOURCE_EXHAUSTED and IO are of the
 * draft alone: the disk. */
STATUS_RESULT pool_files_get(const struct pool_client *client, const char *identifier, const char *path,
                             size_t size_max, struct review_draft *draft, struct err *err);

#endif
