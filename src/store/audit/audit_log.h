/* SPDX-License-Identifier: MIT */
/* audit_log.h — the audit log of a data folder: audit.db with the entries, audit-key.pem with the key that signs heads,
 * audit-key.pub with its public half, audit-heads.jsonl with the heads.
 *
 *   append ──► queue ──► thread: all that wait as one transaction, synced ──► on_done, in order
 *
 * INVARIANT: an entry that was reported is on disk, and no number is ever given twice. A head is written behind every
 * AUDIT_HEAD_EVERY entries and when the log is closed. An operator can copy the heads elsewhere at any time. */
#ifndef STORE_AUDIT_AUDIT_LOG_H
#define STORE_AUDIT_AUDIT_LOG_H

#include "os/loop.h"
#include "store/audit/entry.h"

#define AUDIT_HEAD_EVERY 1000
#define AUDIT_QUEUE_MAX  10000 /* entries that wait for the disk */
#define AUDIT_PAGE_MAX   1000  /* entries of one reading */

/* Bytes of a file of nothing that is given up on a full disk, so that what waits can still be decided and written down. */
#define AUDIT_RESERVE_SIZE ((int64_t)1 << 20)

#define AUDIT_DATABASE "audit.db"

struct audit_log;

struct audit_log_options {
    const char *folder; /* of the files */
    const char *shown;  /* what messages call it */
};

/* Opens or makes the files; private ones with mode 0600. UNAVAILABLE: another process has the log; DATA_LOSS: the key is
 * gone or broken while there are entries, or the last entry is no entry; else as sqlite_open. */
STATUS_RESULT audit_log_open(struct loop *loop, const struct audit_log_options *options,
                             struct audit_log **ret_log, struct err *err);
/* Waits for what was given, signs a head, closes. Loop's thread, not from a callback. NULL allowed. */
void audit_log_close(struct audit_log *log);
/* False if the last entry could not be written; `ret_why` (not NULL) then says why. Loop's thread. */
bool audit_log_writable(const struct audit_log *log, struct err *ret_why);
/* The public half of the key as PEM; lives as long as the log. */
struct bytes audit_log_public_key(const struct audit_log *log);

/* --- writing --- */

/* Who waits for an entry. Owned by the caller; lives until on_done was called. */
struct audit_waiter {
    /* OK: it is on disk. Else it is not: RESOURCE_EXHAUSTED: too many wait, or the disk is full; those of
     * audit_chain_write and sqlite_commit. Loop's thread, never from within audit_log_append. */
    void (*on_done)(struct audit_waiter *waiter, enum status status, const struct err *err);
    struct loop_task no_memory; /* the log's */
};

/* Copies the texts and holds the details. `waiter` NULL: nobody waits; a failure is then logged. Loop's thread. */
void audit_log_append(struct audit_log *log, const struct audit_entry *entry, struct audit_waiter *waiter);
/* The same from any other thread, which stands still until the entry is on disk. The loop must run. */
STATUS_RESULT audit_log_append_wait(struct audit_log *log, const struct audit_entry *entry, struct err *err);

/* --- reading --- */

/* Which entries. */
struct audit_search {
    int64_t after;      /* number of the entry behind which it begins; 0: at the first, or the newest */
    size_t limit;       /* AUDIT_PAGE_MAX at most */
    const char *object; /* NULL: of all */
    bool newest_first;
    bool with_heads; /* a freshly signed head behind each entry, so that it stands for itself */
};

/* Who waits for entries. Owned by the caller; lives until on_read was called. */
struct audit_reader {
    /* `lines`: entries (each followed by its head if asked for), each with a line feed; valid during the call. `last`: the
     * number of the last entry among them, 0 if there is none. Loop's thread. */
    void (*on_read)(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err);
    struct loop_task no_memory; /* the log's */
};

/* Never calls back from within. Loop's thread. */
void audit_log_read(struct audit_log *log, const struct audit_search *search, struct audit_reader *reader);

#endif
