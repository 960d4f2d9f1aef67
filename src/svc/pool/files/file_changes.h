/* SPDX-License-Identifier: MIT */
/* file_changes.h — which files of a session were made, changed and removed between two moments, with their hashes.
 * Looks from outside, by session_files.h: what cannot be reached by a file call is not seen, only counted. A file counts as
 * changed when its inode, size or times are others; the time of its inode is the kernel's, so user code cannot put it back.
 * In steps, each short; the session may change everything at any moment, so a hash is of what was read. One thread. */
#ifndef SVC_POOL_FILES_FILE_CHANGES_H
#define SVC_POOL_FILES_FILE_CHANGES_H

#include "svc/pool/files/session_files.h"

#define FILE_HASH_SIZE 32 /* bytes of a SHA-256 */

enum file_change_kind { FILE_MADE, FILE_CHANGED, FILE_REMOVED };

struct file_change {
    const char *path; /* relative to /mnt/data */
    enum file_change_kind kind;
    bool hashed;
    uint64_t size; /* bytes; of one that is REMOVED 0 */
    uint8_t sha256[FILE_HASH_SIZE];
};

struct file_look {
    struct arena arena;
    struct file_lister lister;
};

/* A folder that had no names at a moment, so that it need not be read while it is still the same: every name that is made, renamed
 * or removed changes the time of its inode, which is the kernel's. */
struct file_stillness {
    bool is_empty;
    uint64_t device, inode; /* of the folder; 0: it has changed so lately that it never counts as the same */
    int64_t changed_unix_ns;
};

struct file_changes {
    struct arena arena;          /* of the list */
    struct file_change *changes; /* by path; at most FILE_CHANGES_MAX */
    size_t count;                /* of `changes` */
    uint64_t total;              /* changes, those beyond the list too */
    uint64_t unseen;             /* names at the end that are no plain file with one name */

    /* --- private --- */
    struct file_look before, after;
    int root_fd;
    bool compared;
    size_t hashing; /* index of the change that is read */
    int fd;         /* of it, or -1 */
    void *digest;
    uint64_t hashed_size; /* bytes read for hashes */
    /* of the folder before the look that is under way, `is_empty` once that is known */
    struct file_stillness still;
    bool skipped; /* the look under way: nothing needs to be read */
};

/* Nothing looked at. */
void file_changes_init(struct file_changes *changes);
/* Closes and frees all; `changes` is as after init. */
void file_changes_fini(struct file_changes *changes);
/* The first moment: begins to look. `root_fd` is borrowed until this look is done. `known`: what file_changes_still said of the
 * folder the last time; NULL: nothing. */
STATUS_RESULT file_changes_begin(struct file_changes *changes, int root_fd,
                                 const struct file_stillness *known, struct err *err);
/* Goes on. TOO_LARGE: there are more than FILE_CHANGES_LOOK_MAX names. */
STATUS_RESULT file_changes_begin_step(struct file_changes *changes, bool *ret_done, struct err *err);
/* The second moment, once the first look is done. `root_fd` is borrowed until the end. */
STATUS_RESULT file_changes_end(struct file_changes *changes, int root_fd, struct err *err);
/* Looks, compares, then hashes. Errors as above. */
STATUS_RESULT file_changes_end_step(struct file_changes *changes, bool *ret_done, struct err *err);
/* What the latest look, which is done, has found, for the next begin of the same folder. */
struct file_stillness file_changes_still(const struct file_changes *changes);

#endif
