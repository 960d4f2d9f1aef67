/* SPDX-License-Identifier: MIT */
/* session_files.h — the files of a session, from outside (sandbox.md 2.9).
 * Everything goes through the descriptor of the session's /mnt/data and openat2, which refuses to leave it,
 * to follow a link of any kind, or to cross into another mount: the session is hostile and may swap names at
 * any moment. Only plain files with one name are opened, and never in a way that could block. Each call is
 * short; what is long is cut into steps by the caller. */
#ifndef SVC_POOL_FILES_SESSION_FILES_H
#define SVC_POOL_FILES_SESSION_FILES_H

#include <dirent.h>

#include "core/pool/file_path.h"

struct file_info {
    uint64_t size; /* bytes */
    int64_t modified_unix_ns;
    int64_t changed_unix_ns; /* of the inode: only the kernel sets it */
    uint64_t inode;
    bool directory;
};

/* Paths are file_path_join's. The errors of all calls: NOT_FOUND; INVALID_ARGUMENT: not a plain file with one
 * name, or a link stands in the path; FAILED_PRECONDITION: a directory stands where a file should, or the
 * reverse; PERMISSION_DENIED: the session's code took the rights away; RESOURCE_EXHAUSTED: the session's
 * storage is full; IO. */

/* Opens for reading. */
STATUS_RESULT session_file_open(int root_fd, const char *path, int *ret_fd, struct file_info *ret_info,
                                struct err *err);
STATUS_RESULT session_file_stat(int root_fd, const char *path, struct file_info *ret_info, struct err *err);
STATUS_RESULT session_file_remove(int root_fd, const char *path, struct err *err);

/* Bytes that are taken in the session's storage; SIZE_MAX if the kernel does not say. */
size_t session_files_used(int root_fd);

/* A file that appears under its name only when it is whole, and replaces what was there. */
struct file_writer {
    int dir_fd;
    int fd;
    char temporary[64];
    char name[FILE_NAME_SIZE_MAX + 1];
};
/* Makes missing directories. */
STATUS_RESULT file_writer_begin(struct file_writer *writer, int root_fd, const char *path, struct err *err);
STATUS_RESULT file_writer_append(struct file_writer *writer, struct bytes bytes, struct err *err);
/* Either way the writer is closed. */
STATUS_RESULT file_writer_finish(struct file_writer *writer, struct file_info *ret_info, struct err *err);
void file_writer_abort(struct file_writer *writer);

struct file_entry {
    const char *directory; /* relative to the listed directory; "" for its own entries */
    const char *name;
    struct file_info info;
};

#define FILE_LIST_MAX 20000 /* entries of one listing */

/* A directory read in steps. Only what callers can ask for: plain files with one name and directories, whose names
 * file_path_join takes. Everything else is left out. */
struct file_lister {
    struct arena *arena;
    bool recursive;
    DIR *open[FILE_PATH_DEPTH_MAX + 1];
    const char *paths[FILE_PATH_DEPTH_MAX + 1];
    size_t depth; /* directories open */
    struct file_entry *entries;
    size_t count;
    size_t capacity;
    bool cut;  /* entries are left out: more than FILE_LIST_MAX, or deeper than FILE_PATH_DEPTH_MAX */
    bool full; /* FILE_LIST_MAX is reached */
    uint64_t unreachable; /* names that were left out since nobody could ask for them */
};
/* The arena holds the entries. */
STATUS_RESULT file_lister_begin(struct file_lister *lister, struct arena *arena, int root_fd,
                                const char *path, bool recursive, struct err *err);
/* Reads at most `most` names; `*ret_done` when all are read and sorted by path. */
STATUS_RESULT file_lister_step(struct file_lister *lister, size_t most, bool *ret_done, struct err *err);
/* Closes what is open; may be called at any time after begin, and of a zeroed one. */
void file_lister_end(struct file_lister *lister);
/* By path: below zero, zero or above. */
int file_entry_compare(const struct file_entry *one, const struct file_entry *other);

#endif
