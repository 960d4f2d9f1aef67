/* SPDX-License-Identifier: MIT */
/* directory_file.h — the directory's file: records by kind and id, in SQLite. Knows nothing of what they hold. One
 * connection, which one thread uses at a time: the opener's, then the writer's. */
#ifndef STORE_DIRECTORY_DIRECTORY_FILE_H
#define STORE_DIRECTORY_DIRECTORY_FILE_H

#include "base/bytes.h"

struct directory_file;

struct directory_row {
    int kind;
    struct bytes id;
    struct bytes body; /* data NULL: the record is deleted */
};

/* Makes, locks and upgrades the file. Errors: see directory_open. */
STATUS_RESULT directory_file_open(const char *path, const char *shown, struct directory_file **ret_file,
                                  struct err *err);
/* NULL allowed. */
void directory_file_close(struct directory_file *file);
/* Calls for each record, in the order of their making; the row's bytes are valid during the call. An error of it ends the walk. */
STATUS_RESULT directory_file_read(struct directory_file *file,
                                  enum status (*on_row)(void *context, const struct directory_row *row,
                                                        struct err *err),
                                  void *context, struct err *err);
/* What is to be told of a change. */
struct directory_untold_row {
    struct bytes id, text;
};

/* One transaction, synced: records, and what is to be told of them. */
STATUS_RESULT directory_file_write(struct directory_file *file, const struct directory_row *rows,
                                   size_t count, const struct directory_untold_row *untold,
                                   size_t untold_count, struct err *err);
/* As directory_file_read, in the order of the changes. */
STATUS_RESULT directory_file_read_untold(struct directory_file *file,
                                         enum status (*on_row)(void *context,
                                                               const struct directory_untold_row *row,
                                                               struct err *err),
                                         void *context, struct err *err);
/* It was told. One transaction, synced. */
STATUS_RESULT directory_file_strike(struct directory_file *file, const char *id, struct err *err);

#endif
