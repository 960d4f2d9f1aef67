/* SPDX-License-Identifier: MIT */
/* audit_file.c — the schema, four statements, and the lock around them. */
#include "store/audit/audit_file.h"

#include <stdlib.h>

#include "db/schema.h"
#include "store/sqlite/store_lock.h"

#define APPLICATION_ID   0x53504155 /* "SPAU": Sallyport's audit log, in the file's header */
#define CHECKPOINT_PAGES 1000       /* of 4 KiB in the log, before they are copied into the file */
#define CACHE_KIB        4096       /* what a hundred submissions in one transaction change */

enum {
    ENTRY_PUT,
    ENTRY_LAST,
    ENTRY_PAGE,
    ENTRY_PAGE_NEWEST,
    ENTRY_OF_OBJECT,
    ENTRY_OF_OBJECT_NEWEST,
    ENTRY_STATEMENTS
};

static const char *const statements[ENTRY_STATEMENTS] = {
    [ENTRY_PUT] = "INSERT INTO entry (seq, object, line) VALUES (?1, ?2, ?3)",
    [ENTRY_LAST] = "SELECT seq, object, line FROM entry ORDER BY seq DESC LIMIT 1",
    [ENTRY_PAGE] = "SELECT seq, object, line FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [ENTRY_PAGE_NEWEST] = "SELECT seq, object, line FROM entry WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    [ENTRY_OF_OBJECT] =
        "SELECT seq, object, line FROM entry WHERE object = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2",
    [ENTRY_OF_OBJECT_NEWEST] =
        "SELECT seq, object, line FROM entry WHERE object = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2",
};

/* Never edited once shipped; a change of the tables is a step behind. */
static const char *const schema_steps[] = {
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, object BLOB NOT NULL, line BLOB NOT NULL) STRICT;"
    "CREATE INDEX entry_by_object ON entry (object, seq);",
};

static const struct sqlite_schema schema = {.what = "the audit log",
                                            .application_id = APPLICATION_ID,
                                            .steps = schema_steps,
                                            .step_count = ARRAY_SIZE(schema_steps)};

struct audit_file {
    struct store_lock lock;
    struct db *db;
    bool untidy;
};

/* --- open --- */

static enum status open_database(struct audit_file *file, const char *path, bool read_only, struct err *err)
{
    const struct sqlite_options options = {.path = path,
                                           .read_only = read_only,
                                           .cache_size_kib = CACHE_KIB,
                                           .statements = statements,
                                           .statement_count = ENTRY_STATEMENTS};
    enum status status = sqlite_open(&options, &file->db, err);
    if (status != STATUS_OK)
        return status;
    if (read_only)
        return sqlite_schema_check(file->db, &schema, err);
    return sqlite_schema_upgrade(file->db, &schema, err);
}

/* ORDER: the lock before the database. SQLite must not recover a journal that another server is writing. Who only
 * reads takes none: `verify` works beside a running server. */
static enum status open_file(const char *path, const char *shown, bool read_only,
                             struct audit_file **ret_file, struct err *err)
{
    struct audit_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_set(err, STATUS_NO_MEMORY, "%s: out of memory", shown);
    file->lock = STORE_LOCK_NONE;
    enum status status = STATUS_OK;
    if (!read_only)
        status = store_lock_take(path, shown, &file->lock, err);
    if (status == STATUS_OK && (status = open_database(file, path, read_only, err)) != STATUS_OK)
        status = err_wrap(err, "%s", shown);
    if (status != STATUS_OK) {
        audit_file_close(file);
        return status;
    }
    *ret_file = file;
    return STATUS_OK;
}

enum status audit_file_open(const char *path, const char *shown, struct audit_file **ret_file,
                            struct err *err)
{
    return open_file(path, shown, false, ret_file, err);
}

enum status audit_file_open_to_read(const char *path, const char *shown, struct audit_file **ret_file,
                                    struct err *err)
{
    return open_file(path, shown, true, ret_file, err);
}

void audit_file_close(struct audit_file *file)
{
    if (!file)
        return;
    struct err ignored;
    if (file->db && file->lock.database >= 0)
        (void)!sqlite_checkpoint(file->db, true, &ignored); /* the log has it as well */
    sqlite_close(file->db);
    store_lock_release(&file->lock);
    free(file);
}

/* --- rows --- */

static struct audit_row row_of(struct db *db, size_t statement)
{
    return (struct audit_row){.seq = sqlite_column_i64(db, statement, 0),
                              .object = sqlite_column_bytes(db, statement, 1),
                              .line = sqlite_column_bytes(db, statement, 2)};
}

enum status audit_file_last(struct audit_file *file, struct audit_row *ret_row, struct err *err)
{
    bool more = false;
    sqlite_done(file->db, ENTRY_LAST);
    enum status status = sqlite_next(file->db, ENTRY_LAST, &more, err);
    if (status == STATUS_OK)
        *ret_row = more ? row_of(file->db, ENTRY_LAST) : (struct audit_row){0};
    return status;
}

void audit_file_release(struct audit_file *file)
{
    sqlite_done(file->db, ENTRY_LAST);
}

static size_t statement_of(const struct audit_range *range)
{
    if (range->object.data)
        return range->newest_first ? ENTRY_OF_OBJECT_NEWEST : ENTRY_OF_OBJECT;
    return range->newest_first ? ENTRY_PAGE_NEWEST : ENTRY_PAGE;
}

enum status audit_file_read(struct audit_file *file, const struct audit_range *range,
                            enum status (*on_row)(void *context, const struct audit_row *row,
                                                  struct err *err),
                            void *context, struct err *err)
{
    /* Row by row, without a copy: `on_row` sees bytes that are good until the next step. */
    size_t statement = statement_of(range);
    bool from_end = range->newest_first && range->after == 0;
    sqlite_bind_i64(file->db, statement, 1, from_end ? INT64_MAX : range->after);
    sqlite_bind_i64(file->db, statement, 2, (int64_t)range->limit);
    if (range->object.data)
        sqlite_bind_bytes(file->db, statement, 3, range->object);
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(file->db, statement, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        const struct audit_row row = row_of(file->db, statement);
        status = on_row(context, &row, err);
        if (status != STATUS_OK) {
            sqlite_done(file->db, statement);
            return status;
        }
    }
}

enum status audit_file_put(struct audit_file *file, const struct audit_row *row, struct err *err)
{
    struct db *db = file->db;
    sqlite_bind_i64(db, ENTRY_PUT, 1, row->seq);
    sqlite_bind_bytes(db, ENTRY_PUT, 2, row->object);
    sqlite_bind_bytes(db, ENTRY_PUT, 3, row->line);
    return sqlite_run(db, ENTRY_PUT, err);
}

enum status audit_file_transact(struct audit_file *file,
                                enum status (*apply)(struct db *db, void *context, struct err *err),
                                void *context, struct err *err)
{
    /* The checkpoint comes behind the commit: it moves only what stands already. */
    enum status status = sqlite_transact(file->db, apply, context, err);
    if (status == STATUS_OK)
        file->untidy = sqlite_wal_pages(file->db) > CHECKPOINT_PAGES;
    return status;
}

bool audit_file_is_untidy(const struct audit_file *file)
{
    return file->untidy;
}

void audit_file_tidy(struct audit_file *file)
{
    sqlite_tidy(file->db, CHECKPOINT_PAGES);
    file->untidy = false;
}

struct db *audit_file_db(struct audit_file *file)
{
    return file->db;
}
