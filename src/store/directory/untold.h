/* SPDX-License-Identifier: MIT */
/* untold.h — what is told of changes: written in the transaction of the change, kept in memory and in the file until whoever is told has it
 * on disk too, then struck out.
 *
 *   described ──► on disk with its change ──► told ──► whoever was told has it ──► struck out
 *        └ refused: nothing of the set            ▲      └ not: told again after a while
 *                                                 └ left by the process before
 *
 * A crash at any place tells what counts, perhaps twice, and never what does not. Loop's thread. Not for other folders. */
#ifndef STORE_DIRECTORY_UNTOLD_H
#define STORE_DIRECTORY_UNTOLD_H

#include "base/encode.h"
#include "os/loop.h"
#include "store/directory/directory_file.h"
#include "store/directory/recorder.h"
#include "store/sqlite/store_worker.h"

struct directory_untold {
    struct store_job strike; /* first */
    struct list link;
    struct untold_list *list;
    char id[GUID_TEXT_SIZE + 1];
    struct buf text;
    bool under_way; /* somebody is being told, or it is being struck out */
    bool struck;    /* it is not in the list any more */
    enum status status;
    struct err err;
};

struct untold_list {
    struct loop *loop;
    struct directory_file *file;
    struct store_worker *worker;
    struct directory_recorder *recorder; /* NULL: nobody describes what changes */
    struct list entries;                 /* in the order of their changes */
    size_t count;
    struct loop_timer again;
};

void untold_init(struct untold_list *untold, struct loop *loop);
/* What was never struck out stays in the file. The worker was stopped before. */
void untold_fini(struct untold_list *untold);
/* What is to be told of a change that is about to be written, new; NULL: nothing. RESOURCE_EXHAUSTED: too much waits to be told; NO_MEMORY;
 * those of the recorder. */
STATUS_RESULT untold_describe(struct untold_list *untold, const struct directory_change *change,
                              struct directory_untold **ret_entry, struct err *err);
/* Of a change that was not written. NULL allowed. */
void untold_free(struct directory_untold *entry);
/* As its row in the file has it; takes nothing. NO_MEMORY. */
STATUS_RESULT untold_load(struct untold_list *untold, const struct directory_untold_row *row,
                          struct err *err);
/* It is on disk: takes the entry, and has it told. */
void untold_tell(struct untold_list *untold, struct directory_untold *entry);
/* All that nobody is being told of now. */
void untold_tell_left(struct untold_list *untold);

#endif
