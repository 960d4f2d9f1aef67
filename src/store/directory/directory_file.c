/* SPDX-License-Identifier: MIT */
/* directory_file.c — schema steps, a few statements, and the lock around them. */
#include "store/directory/directory_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/schema.h"
#include "store/sqlite/store_lock.h"

#define APPLICATION_ID   0x53504f44 /* "SPOD": Sallyport's directory, in the file's header */
#define CHECKPOINT_PAGES 250        /* of 4 KiB in the log, before they are copied into the file */
#define CACHE_KIB        1024

enum { RECORD_ALL, RECORD_PUT, RECORD_DELETE, UNTOLD_ALL, UNTOLD_PUT, UNTOLD_DELETE, RECORD_STATEMENTS };

static const char *const statements[RECORD_STATEMENTS] = {
    [RECORD_ALL] = "SELECT kind, id, body FROM record ORDER BY number",
    [RECORD_PUT] = ("INSERT INTO record (kind, id, body) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body"),
    [RECORD_DELETE] = "DELETE FROM record WHERE kind = ?1 AND id = ?2",
    [UNTOLD_ALL] = "SELECT id, text FROM untold ORDER BY number",
    [UNTOLD_PUT] = "INSERT INTO untold (id, text) VALUES (?1, ?2)",
    [UNTOLD_DELETE] = "DELETE FROM untold WHERE id = ?1",
};

/* Never edited once shipped; a change of the tables is a step behind. */
static const char *const schema_steps[] = {
    "CREATE TABLE record (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id BLOB NOT NULL, body BLOB NOT "
    "NULL,"
    " UNIQUE (kind, id)) STRICT;",
    /* What is to be told of changes, in the audit log, until it is there. */
    "CREATE TABLE untold (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, text BLOB NOT NULL) STRICT;",
};

static const struct sqlite_schema schema = {.what = "the directory",
                                            .application_id = APPLICATION_ID,
                                            .steps = schema_steps,
                                            .step_count = ARRAY_SIZE(schema_steps)};

struct directory_file {
    struct store_lock lock;
    struct db *db;
};

/* --- open --- */

enum status directory_file_open(const char *path, const char *shown, struct directory_file **ret_file,
                                struct err *err)
{
    struct directory_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_set(err, STATUS_NO_MEMORY, "%s: out of memory", shown);
    file->lock = STORE_LOCK_NONE;
    const struct sqlite_options options = {.path = path,
                                           .cache_size_kib = CACHE_KIB,
                                           .statements = statements,
                                           .statement_count = RECORD_STATEMENTS};
    enum status status = store_lock_take(path, shown, &file->lock, err);
    if (status == STATUS_OK)
        status = sqlite_open(&options, &file->db, err);
    if (status == STATUS_OK && (status = sqlite_schema_upgrade(file->db, &schema, err)) != STATUS_OK)
        status = err_wrap(err, "%s", shown);
    if (status != STATUS_OK) {
        directory_file_close(file);
        return status;
    }
    *ret_file = file;
    return STATUS_OK;
}

void directory_file_close(struct directory_file *file)
{
    if (!file)
        return;
    struct err ignored;
    if (file->db)
        (void)!sqlite_checkpoint(file->db, true, &ignored); /* the log has it as well */
    sqlite_close(file->db);
    store_lock_release(&file->lock);
    free(file);
}

/* --- rows --- */

enum status directory_file_read(struct directory_file *file,
                                enum status (*on_row)(void *context, const struct directory_row *row,
                                                      struct err *err),
                                void *context, struct err *err)
{
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(file->db, RECORD_ALL, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        const struct directory_row row = {.kind = (int)sqlite_column_i64(file->db, RECORD_ALL, 0),
                                          .id = sqlite_column_bytes(file->db, RECORD_ALL, 1),
                                          .body = sqlite_column_bytes(file->db, RECORD_ALL, 2)};
        status = on_row(context, &row, err);
        if (status != STATUS_OK) {
            sqlite_done(file->db, RECORD_ALL);
            return status;
        }
    }
}

static enum status write_row(struct db *db, const struct directory_row *row, struct err *err)
{
    size_t statement = row->body.data ? RECORD_PUT : RECORD_DELETE;
    sqlite_bind_i64(db, statement, 1, row->kind);
    sqlite_bind_bytes(db, statement, 2, row->id);
    if (row->body.data)
        sqlite_bind_bytes(db, statement, 3, row->body);
    return sqlite_run(db, statement, err);
}

struct directory_rows {
    const struct directory_row *rows;
    size_t count;
    const struct directory_untold_row *untold;
    size_t untold_count;
};

static enum status write_untold(struct db *db, const struct directory_untold_row *row, struct err *err)
{
    sqlite_bind_bytes(db, UNTOLD_PUT, 1, row->id);
    sqlite_bind_bytes(db, UNTOLD_PUT, 2, row->text);
    return sqlite_run(db, UNTOLD_PUT, err);
}

/* What is to be told of a change is in its transaction: told twice after a crash perhaps, but never not at all. */
static enum status write_rows(struct db *db, void *context, struct err *err)
{
    const struct directory_rows *set = context;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < set->count; i++)
        status = write_row(db, &set->rows[i], err);
    for (size_t i = 0; status == STATUS_OK && i < set->untold_count; i++)
        status = write_untold(db, &set->untold[i], err);
    return status;
}

enum status directory_file_write(struct directory_file *file, const struct directory_row *rows, size_t count,
                                 const struct directory_untold_row *untold, size_t untold_count,
                                 struct err *err)
{
    struct directory_rows set = {rows, count, untold, untold_count};
    enum status status = sqlite_transact(file->db, write_rows, &set, err);
    if (status == STATUS_OK)
        sqlite_tidy(file->db, CHECKPOINT_PAGES);
    return status;
}

/* --- what is to be told --- */

enum status directory_file_read_untold(struct directory_file *file,
                                       enum status (*on_row)(void *context,
                                                             const struct directory_untold_row *row,
                                                             struct err *err),
                                       void *context, struct err *err)
{
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(file->db, UNTOLD_ALL, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        const struct directory_untold_row row = {.id = sqlite_column_bytes(file->db, UNTOLD_ALL, 0),
                                                 .text = sqlite_column_bytes(file->db, UNTOLD_ALL, 1)};
        status = on_row(context, &row, err);
        if (status != STATUS_OK) {
            sqlite_done(file->db, UNTOLD_ALL);
            return status;
        }
    }
}

static enum status strike(struct db *db, void *context, struct err *err)
{
    sqlite_bind_bytes(db, UNTOLD_DELETE, 1, bytes_of_cstr(context));
    return sqlite_run(db, UNTOLD_DELETE, err);
}

enum status directory_file_strike(struct directory_file *file, const char *id, struct err *err)
{
    char struck[64];
    (void)snprintf(struck, sizeof struck, "%s", id);
    return sqlite_transact(file->db, strike, struck, err);
}
