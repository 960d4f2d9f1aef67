/* SPDX-License-Identifier: MIT */
/* directory.h — who there is and what they were given: people, groups, applications, their credentials, API keys, role
 * assignments, the keys that sign tokens, and what was handed out once (codes, refresh tokens). Kept in a file of its
 * own, directory.db (doc/decisions/0016-directory-store.md); all of it is in memory too, so that reading never waits.
 *
 * Objects: store/directory/object.h. Who tells of changes: store/directory/recorder.h.
 *
 *   write ──► queue ──► its turn: checked against memory ──► thread: one transaction, synced ──► memory ──► on_done
 *
 * INVARIANT: what a reader finds is on disk. One write set at a time: what two writers both want to be the first to do
 * (redeem a code, take a name) one of them does. All on the loop's thread. */
#ifndef STORE_DIRECTORY_DIRECTORY_H
#define STORE_DIRECTORY_DIRECTORY_H

#include "base/buf.h"
#include "base/encode.h"
#include "os/loop.h"
#include "store/directory/object.h"
#include "store/directory/recorder.h"

struct directory;

/* --- open and close --- */

struct directory_options {
    const char *folder; /* of the file */
    const char *shown;  /* what messages call it; NULL: as `folder` */
    int64_t now_ns;     /* unix: when the tenant was made, if it is made now */
};

/* Opens or makes DIR/directory.db (mode 0600), locks it, reads it whole. `ret_made` (NULL allowed): it is new.
 * UNAVAILABLE: another process has it; FAILED_PRECONDITION: of a newer version; else as sqlite_open. */
STATUS_RESULT directory_open(struct loop *loop, const struct directory_options *options,
                             struct directory **ret_directory, bool *ret_made, struct err *err);
/* Waits for the write sets that were given, then closes. NULL allowed. */
void directory_close(struct directory *directory);

/* --- reading; pointers are valid until a write set is done, so until the loop goes on --- */

const struct directory_tenant *directory_tenant(const struct directory *directory);
/* The object with that value of a unique field: "id" of all, "name" of people and groups, "client_id" and "resource_id" of
 * applications, "hash" of keys and tickets, "user_hash" of tickets. Without regard to ASCII case. NULL: there is none. */
const void *directory_find(const struct directory *directory, enum directory_kind kind, const char *field,
                           struct bytes value);
/* The next object of a kind in the order of their making; NULL begins, NULL ends. */
const void *directory_next(const struct directory *directory, enum directory_kind kind, const void *after);
size_t directory_count(const struct directory *directory, enum directory_kind kind);
/* Grows with every write set that is done: what was derived from objects before is to be derived anew. */
uint64_t directory_generation(const struct directory *directory);

/* --- writing --- */

struct directory_write {
    enum directory_verb verb;
    enum directory_kind kind;
    const void *object; /* copied */
};

/* Who waits for a write set. Owned by the caller; lives until on_done was called. */
struct directory_waiter {
    /* OK: it is on disk and in memory. Else nothing was changed: those of the verbs above; INVALID_ARGUMENT: a text is too
     * long or not UTF-8; RESOURCE_EXHAUSTED: too many objects; NO_MEMORY; those of sqlite_commit. */
    void (*on_done)(struct directory_waiter *waiter, enum status status, const struct err *err);
    struct loop_task no_memory; /* the directory's */
};

/* All of them or none. Always calls back, never from within. `waiter` NULL: nobody waits. */
void directory_write(struct directory *directory, const struct directory_write *writes, size_t count,
                     struct directory_waiter *waiter);

/* Texts that are longer are cut. */
struct directory_author directory_author(const char *id, const char *name);
/* The same as directory_write for somebody; `author` is copied. Without one it is the server that wants it. */
void directory_write_by(struct directory *directory, const struct directory_author *author,
                        const struct directory_write *writes, size_t count, struct directory_waiter *waiter);

/* --- what is told of changes: store/directory/recorder.h --- */

/* There is one; `recorder` NULL: nothing is described any more. What was left is told at once if it can `tell`. */
void directory_record(struct directory *directory, struct directory_recorder *recorder);
/* Blocks until all that was given is done: for a start and a stop. Their waiters are called from within. */
void directory_settle(struct directory *directory);

/* Who wants to know that something changed: called after each write set, before its waiter. */
struct directory_watch {
    struct list link;
    void (*on_change)(struct directory_watch *watch);
};
void directory_watch_add(struct directory *directory, struct directory_watch *watch);
void directory_watch_remove(struct directory_watch *watch);

/* A random GUID as text. Any thread. */
void directory_guid(char ret_id[GUID_TEXT_SIZE + 1]);

#endif
