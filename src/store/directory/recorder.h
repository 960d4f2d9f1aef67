/* SPDX-License-Identifier: MIT */
/* recorder.h — who tells of what changes in the directory, and what they are told. What is told of a change is on disk with it, in one transaction, and is
 * kept until whoever tells it has it on disk as well. Loop's thread. */
#ifndef STORE_DIRECTORY_RECORDER_H
#define STORE_DIRECTORY_RECORDER_H

#include "base/buf.h"
#include "store/directory/object.h"

enum directory_verb {
    DIRECTORY_CREATE, /* ALREADY_EXISTS: its id or another unique value is taken */
    /* NOT_FOUND: it is gone; FAILED_PRECONDITION: it is a ticket that was used, confirmed or refused, and stays so */
    DIRECTORY_REPLACE,
    DIRECTORY_DELETE, /* NOT_FOUND: likewise. Only the object's id is looked at */
};

#define DIRECTORY_AUTHOR_SIZE 256 /* bytes of an author's id or name, with the NUL */

/* Who wanted a change, in a copy: who asked may be gone before it is done. */
struct directory_author {
    char id[DIRECTORY_AUTHOR_SIZE];
    char name[DIRECTORY_AUTHOR_SIZE];
};

#define DIRECTORY_UNTOLD_MAX    10000 /* changes that are not told yet; further ones are refused */
#define DIRECTORY_TELL_AGAIN_NS ((int64_t)5 * 1000000000) /* behind one that could not be told */

struct directory_change {
    const struct directory_author *author; /* NULL: the server itself */
    enum directory_verb verb;
    enum directory_kind kind;
    const void *former; /* what is replaced or deleted; NULL for what is created */
    const void *object; /* what will be there; NULL for what is deleted */
};

/* What is told of one change, from the change's own transaction on until directory_told. */
struct directory_untold;

/* Who tells of changes. Owned by the caller. */
struct directory_recorder {
    /* Appends what is to be told of a change, or nothing. Called for each change of a set in its order, before it is written, while readers
     * find what is there. An error refuses the whole set. */
    enum status (*describe)(struct directory_recorder *recorder, const struct directory_change *change,
                            struct buf *out, struct err *err);
    /* It is on disk, with its change: once it is on disk wherever it is told, directory_told. After a crash it may be told again, with the same
     * `id`, before anything new. The texts are valid until directory_told. NULL: nobody can be told now. Never from within directory_told. */
    void (*tell)(struct directory_recorder *recorder, struct directory_untold *untold, const char *id,
                 struct bytes text);
    /* Nothing that was told will be told again: by none of the ids so far. NULL: nobody asks. */
    void (*on_all_told)(struct directory_recorder *recorder);
};

/* `done`: it is on disk where it was told, and is forgotten here; else it is told again after DIRECTORY_TELL_AGAIN_NS. */
void directory_told(struct directory_untold *untold, bool done);

#endif
