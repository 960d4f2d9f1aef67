/* SPDX-License-Identifier: MIT */
/* run_files.h — the files around one run: inputs go into the session before it, and what it made comes out behind it, within bounds
 * and hashed on the way. Blocks; one thread of the SDK.
 *
 * What a run made is what our own pool reports, which it has measured. Of another pool it is what its list of files has that it
 * had not before, by name, size and time; where that cannot be had, nothing is said. */
#ifndef SVC_APP_RUN_FILES_H
#define SVC_APP_RUN_FILES_H

#include "store/review/review_store.h"
#include "svc/app/pool_answer.h"
#include "svc/app/pool_files.h"

struct run_files {
    struct review_store *store;
    const json_t *inputs; /* of the revision; borrowed until they are put */
    size_t size_max;      /* bytes of all that is kept */

    /* --- once they are taken --- */
    struct review_run_files made;
    enum status status; /* not OK: the disk has no room for them */
    struct err err;

    /* --- its own --- */
    struct pool_file_list before;
    bool looked_before;
    struct review_run_file *files;
    struct review_draft *drafts;
    char **paths;
    size_t size;       /* bytes that are kept */
    size_t names_size; /* bytes of the paths */
};

/* Puts all inputs into the session. `is_own`: the pool will report what the run makes; `is_used`: the session may have files
 * already. FAILED_PRECONDITION: a pool or a book that has them no more; else as pool_files_put. */
STATUS_RESULT run_files_put(struct run_files *files, const struct pool_client *client, const char *identifier,
                            bool is_own, bool is_used, struct err *err);
/* Asked before each file; true: nobody waits for more of them. */
struct run_files_watch {
    bool (*is_over)(void *context);
    void *context;
};

/* Takes what the run made: see `made` and `status`. */
void run_files_take(struct run_files *files, const struct pool_client *client, const char *identifier,
                    const struct pool_run *run, const struct run_files_watch *watch);
void run_files_fini(struct run_files *files);

#endif
