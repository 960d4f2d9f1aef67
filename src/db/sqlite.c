/* SPDX-License-Identifier: MIT */
/* sqlite.c — the pragmas and flags of a connection, the statement cache, and the one place that
 * turns SQLite's result codes into ours. */
#include "db/sqlite.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/no_memory.h"
#include "db/limit_values.h"

#define DB_PAGE_SIZE       4096     /* bytes; larger pages were not faster (stack.md 2.6) */
#define DB_LOG_SIZE_KEPT   67108864 /* bytes a log file keeps after a burst */
#define DB_WAL_RESET_FIXED 3051003
#define DB_TEXT_MAX        200 /* bytes of SQLite's own message that we repeat */

/* What surrounds each transaction, prepared once: parsing one of them takes as long as the change of a row. */
enum sqlite_word {
    WORD_BEGIN,
    WORD_BEGIN_READING,
    WORD_COMMIT,
    WORD_ROLLBACK,
    WORD_PART_BEGIN,
    WORD_PART_UNDO,
    WORD_PART_END,
    SQLITE_WORDS
};

struct db {
    sqlite3 *connection;
    sqlite3_stmt *words[SQLITE_WORDS]; /* prepared on first use */
    const char *const *texts;
    const char **own_texts;    /* of all statements, once others were added; NULL: the options' */
    sqlite3_stmt **statements; /* prepared on first use */
    size_t statement_count;
    int bind_code; /* the first failed bind since the last run */
    int wal_pages;
};

/* --- errors --- */

static const struct {
    int code; /* a primary result code */
    enum status status;
    const char *text;
} sqlite_errors[] = {
    {SQLITE_FULL, STATUS_RESOURCE_EXHAUSTED, "disk full"},
    {SQLITE_IOERR, STATUS_IO, "disk input/output error"},
    {SQLITE_CORRUPT, STATUS_DATA_LOSS, "the database file is corrupt"},
    {SQLITE_NOTADB, STATUS_DATA_LOSS, "the file is not a database"},
    {SQLITE_READONLY, STATUS_FAILED_PRECONDITION, "the database file is read-only"},
    {SQLITE_PERM, STATUS_FAILED_PRECONDITION, "access to the database file is denied"},
    {SQLITE_CANTOPEN, STATUS_NOT_FOUND, "the database file cannot be opened"},
    {SQLITE_BUSY, STATUS_UNAVAILABLE, "another process holds the database file"},
    {SQLITE_LOCKED, STATUS_UNAVAILABLE, "the database table is locked"},
    {SQLITE_NOMEM, STATUS_NO_MEMORY, ERR_NO_MEMORY},
    {SQLITE_TOOBIG, STATUS_TOO_LARGE, "a value is too large for the database"},
    {SQLITE_INTERRUPT, STATUS_CANCELLED, "interrupted"},
};

/* `code` may be extended. */
static enum status sqlite_fail(struct db *db, int code, const char *doing, struct err *err)
{
    int extended = db->connection ? sqlite3_extended_errcode(db->connection) : code;
    if ((extended & 0xff) != (code & 0xff))
        extended = code;
    if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC) {
        /* SQLite keeps the error of the database file only, not that of its log. */
        int error = db->connection ? sqlite3_system_errno(db->connection) : 0;
        fprintf(stderr,
                "sallyport: a sync of the database failed (%s, SQLite %d); what is on disk is unknown, "
                "stopping\n",
                error ? strerror(error) : "see the kernel's log for the cause", extended);
        abort();
    }
    const char *message = db->connection ? sqlite3_errmsg(db->connection) : sqlite3_errstr(code);
    for (size_t i = 0; i < ARRAY_SIZE(sqlite_errors); i++)
        if (sqlite_errors[i].code == (extended & 0xff))
            return err_set(err, sqlite_errors[i].status, "%s: %s (SQLite %d)", doing, sqlite_errors[i].text,
                           extended);
    return err_set(err, STATUS_INTERNAL, "%s: %.*s (SQLite %d)", doing, DB_TEXT_MAX, message, extended);
}

/* --- connection --- */

/* SQLite follows the links of a path before it opens it, and so would ask for rights on the folders above a folder that
 * this process holds open (/proc/self/fd/N). Such a path is taken as it is given. */
#define HELD_FOLDER "/proc/self/fd/"

static sqlite3_vfs held_vfs;
static pthread_once_t held_once = PTHREAD_ONCE_INIT;

static int full_path_as_given(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
    int length = snprintf(ret_path, (size_t)size, "%s", path);
    return length < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static void register_held_vfs(void)
{
    held_vfs = *sqlite3_vfs_find(NULL);
    held_vfs.zName = "sallyport-held";
    held_vfs.pNext = NULL;
    held_vfs.xFullPathname = full_path_as_given;
    (void)sqlite3_vfs_register(&held_vfs, 0);
}

static const char *vfs_of(const struct sqlite_options *options)
{
    if (options->vfs || strncmp(options->path, HELD_FOLDER, sizeof HELD_FOLDER - 1) != 0)
        return options->vfs;
    (void)pthread_once(&held_once, register_held_vfs);
    return held_vfs.zName;
}

/* What messages call it: by the way through a descriptor nobody knows a file, and the callers say its name. */
static const char *name_of(const struct sqlite_options *options)
{
    bool held = strncmp(options->path, HELD_FOLDER, sizeof HELD_FOLDER - 1) == 0;
    return held ? "the database" : options->path;
}

static int sqlite_on_wal(void *context, sqlite3 *connection, const char *name, int pages)
{
    struct db *db = context;
    db->wal_pages = pages;
    return SQLITE_OK;
}

enum status sqlite_script(struct db *db, const char *sql, struct err *err)
{
    int code = sqlite3_exec(db->connection, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(db, code, "schema", err);
    return STATUS_OK;
}

/* SQLite checkpoints on its own where we do not look, and there hides a failed sync; so it may not. */
static enum status sqlite_configure(struct db *db, const struct sqlite_options *options, struct err *err)
{
    sqlite3 *c = db->connection;
    (void)sqlite3_extended_result_codes(c, 1);
    (void)sqlite3_busy_timeout(c, DB_BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(c, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(c, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(c, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(c, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(c, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_wal_hook(c, sqlite_on_wal, db);
    char text[512];
    snprintf(
        text, sizeof text,
        "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA foreign_keys=OFF;"
        "PRAGMA secure_delete=FAST; PRAGMA cache_size=-%d; PRAGMA journal_size_limit=%d; %s",
        options->cache_size_kib, DB_LOG_SIZE_KEPT, options->read_only ? "PRAGMA query_only=ON;" : "");
    enum status status = sqlite_script(db, text, err);
    if (status != STATUS_OK || options->read_only)
        return status;
    if (sqlite3_db_readonly(c, "main") != 0)
        return err_set(err, STATUS_FAILED_PRECONDITION, "%s: the file is read-only", name_of(options));
    snprintf(text, sizeof text, "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=%s;",
             DB_PAGE_SIZE, options->sync_off ? "OFF" : "FULL");
    return sqlite_script(db, text, err);
}

enum status sqlite_open(const struct sqlite_options *options, struct db **ret_db, struct err *err)
{
    struct db *db = calloc(1, sizeof *db);
    if (db)
        db->statements = calloc(options->statement_count + 1, sizeof(sqlite3_stmt *));
    if (!db || !db->statements) {
        free(db);
        return err_set(err, STATUS_NO_MEMORY, "%s: out of memory", name_of(options));
    }
    db->texts = options->statements;
    db->statement_count = options->statement_count;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int code = sqlite3_open_v2(options->path, &db->connection, flags, vfs_of(options));
    enum status status =
        code == SQLITE_OK ? sqlite_configure(db, options, err) : sqlite_fail(db, code, name_of(options), err);
    if (status != STATUS_OK) {
        sqlite_close(db);
        return status;
    }
    *ret_db = db;
    return STATUS_OK;
}

enum status sqlite_add_statements(struct db *db, const char *const *statements, size_t count,
                                  size_t *ret_first, struct err *err)
{
    size_t before = db->statement_count;
    const char **texts = calloc(before + count + 1, sizeof *texts);
    sqlite3_stmt **prepared = calloc(before + count + 1, sizeof(sqlite3_stmt *));
    if (!texts || !prepared) {
        free(texts);
        free(prepared);
        return err_no_memory(err);
    }
    memcpy(texts, db->texts, before * sizeof *texts);
    memcpy(texts + before, statements, count * sizeof *texts);
    memcpy(prepared, db->statements, before * sizeof(sqlite3_stmt *));
    free(db->own_texts);
    free(db->statements);
    db->own_texts = texts;
    db->texts = texts;
    db->statements = prepared;
    db->statement_count = before + count;
    *ret_first = before;
    return STATUS_OK;
}

void sqlite_close(struct db *db)
{
    if (!db)
        return;
    if (db->connection)
        sqlite_rollback(db);
    for (size_t i = 0; i < db->statement_count; i++)
        (void)sqlite3_finalize(db->statements[i]);
    for (size_t i = 0; i < SQLITE_WORDS; i++)
        (void)sqlite3_finalize(db->words[i]);
    (void)sqlite3_close(db->connection);
    free(db->statements);
    free(db->own_texts);
    free(db);
}

enum status sqlite_value(struct db *db, const char *sql, int64_t *ret_value, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(db->connection, sql, -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    if (code == SQLITE_DONE)
        return err_set(err, STATUS_INTERNAL, "%s: no row", sql);
    if (code != SQLITE_ROW)
        return sqlite_fail(db, code, sql, err);
    return STATUS_OK;
}

enum status sqlite_pragma(struct db *db, const char *name, int64_t *ret_value, struct err *err)
{
    char text[64];
    snprintf(text, sizeof text, "PRAGMA %s", name);
    return sqlite_value(db, text, ret_value, err);
}

enum status sqlite_pragma_set(struct db *db, const char *name, int64_t value, struct err *err)
{
    char text[96];
    snprintf(text, sizeof text, "PRAGMA %s=%lld", name, (long long)value);
    return sqlite_script(db, text, err);
}

/* --- transactions --- */

/* ORDER: the connection's error is read before the reset. */
static enum status say(struct db *db, enum sqlite_word word, struct err *err)
{
    static const struct {
        const char *sql, *doing;
    } words[SQLITE_WORDS] = {
        [WORD_BEGIN] = {"BEGIN IMMEDIATE", "begin"},
        [WORD_BEGIN_READING] = {"BEGIN", "begin"},
        [WORD_COMMIT] = {"COMMIT", "commit"},
        [WORD_ROLLBACK] = {"ROLLBACK", "rollback"},
        [WORD_PART_BEGIN] = {"SAVEPOINT part", "begin of a part"},
        [WORD_PART_UNDO] = {"ROLLBACK TO part", "rollback of a part"},
        [WORD_PART_END] = {"RELEASE part", "end of a part"},
    };
    sqlite3_stmt **statement = &db->words[word];
    int code = SQLITE_OK;
    if (!*statement)
        code = sqlite3_prepare_v3(db->connection, words[word].sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
                                  NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*statement);
    enum status status = code == SQLITE_DONE ? STATUS_OK : sqlite_fail(db, code, words[word].doing, err);
    (void)sqlite3_reset(*statement);
    return status;
}

enum status sqlite_begin(struct db *db, struct err *err)
{
    return say(db, WORD_BEGIN, err);
}

enum status sqlite_begin_reading(struct db *db, struct err *err)
{
    return say(db, WORD_BEGIN_READING, err);
}

enum status sqlite_commit(struct db *db, struct err *err)
{
    return say(db, WORD_COMMIT, err);
}

void sqlite_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->connection))
        (void)!say(db, WORD_ROLLBACK, NULL);
}

enum status sqlite_part_begin(struct db *db, struct err *err)
{
    return say(db, WORD_PART_BEGIN, err);
}

enum status sqlite_part_undo(struct db *db, struct err *err)
{
    return say(db, WORD_PART_UNDO, err);
}

enum status sqlite_part_end(struct db *db, struct err *err)
{
    return say(db, WORD_PART_END, err);
}

enum status sqlite_transact(struct db *db,
                            enum status (*apply)(struct db *db, void *context, struct err *err),
                            void *context, struct err *err)
{
    enum status status = sqlite_begin(db, err);
    if (status == STATUS_OK)
        status = apply(db, context, err);
    if (status == STATUS_OK)
        status = sqlite_commit(db, err);
    if (status != STATUS_OK)
        sqlite_rollback(db);
    return status;
}

/* --- statements --- */

/* NULL if it cannot be prepared; the reason is then kept for the run that follows. */
static sqlite3_stmt *sqlite_statement(struct db *db, size_t statement)
{
    ASSERT(statement < db->statement_count);
    if (!db->statements[statement]) {
        int code = sqlite3_prepare_v3(db->connection, db->texts[statement], -1, SQLITE_PREPARE_PERSISTENT,
                                      &db->statements[statement], NULL);
        if (code != SQLITE_OK && db->bind_code == SQLITE_OK)
            db->bind_code = code;
    }
    return db->statements[statement];
}

static void sqlite_bound(struct db *db, int code)
{
    if (code != SQLITE_OK && db->bind_code == SQLITE_OK)
        db->bind_code = code;
}

void sqlite_bind_i64(struct db *db, size_t statement, int parameter, int64_t value)
{
    sqlite3_stmt *s = sqlite_statement(db, statement);
    if (s)
        sqlite_bound(db, sqlite3_bind_int64(s, parameter, value));
}

void sqlite_bind_bytes(struct db *db, size_t statement, int parameter, struct bytes value)
{
    sqlite3_stmt *s = sqlite_statement(db, statement);
    if (s)
        sqlite_bound(db, sqlite3_bind_blob64(s, parameter, value.size ? (const void *)value.data : "",
                                             value.size, SQLITE_STATIC));
}

void sqlite_bind_null(struct db *db, size_t statement, int parameter)
{
    sqlite3_stmt *s = sqlite_statement(db, statement);
    if (s)
        sqlite_bound(db, sqlite3_bind_null(s, parameter));
}

void sqlite_done(struct db *db, size_t statement)
{
    sqlite3_stmt *s = db->statements[statement];
    if (!s)
        return;
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
}

enum status sqlite_next(struct db *db, size_t statement, bool *ret_row, struct err *err)
{
    sqlite3_stmt *s = sqlite_statement(db, statement);
    int code = db->bind_code != SQLITE_OK ? db->bind_code : sqlite3_step(s);
    db->bind_code = SQLITE_OK;
    if (code == SQLITE_ROW) {
        *ret_row = true;
        return STATUS_OK;
    }
    enum status status = code == SQLITE_DONE ? STATUS_OK : sqlite_fail(db, code, "statement", err);
    sqlite_done(db, statement);
    if (status == STATUS_OK)
        *ret_row = false;
    return status;
}

enum status sqlite_run(struct db *db, size_t statement, struct err *err)
{
    bool row = false;
    enum status status = sqlite_next(db, statement, &row, err);
    if (row)
        sqlite_done(db, statement);
    return status;
}

int64_t sqlite_column_i64(struct db *db, size_t statement, int column)
{
    return sqlite3_column_int64(db->statements[statement], column);
}

struct bytes sqlite_column_bytes(struct db *db, size_t statement, int column)
{
    const void *data = sqlite3_column_blob(db->statements[statement], column);
    int size = sqlite3_column_bytes(db->statements[statement], column);
    return bytes_of(data, data ? (size_t)size : 0);
}

bool sqlite_column_null(struct db *db, size_t statement, int column)
{
    return sqlite3_column_type(db->statements[statement], column) == SQLITE_NULL;
}

int64_t sqlite_changes(const struct db *db)
{
    return sqlite3_changes64(db->connection);
}

/* --- log and library --- */

int sqlite_wal_pages(const struct db *db)
{
    return db->wal_pages;
}

enum status sqlite_checkpoint(struct db *db, bool truncate, struct err *err)
{
    int code = sqlite3_wal_checkpoint_v2(db->connection, "main",
                                         truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(db, code, "checkpoint", err);
    return STATUS_OK;
}

void sqlite_tidy(struct db *db, int pages)
{
    struct err ignored;
    if (db->wal_pages > pages)
        (void)!sqlite_checkpoint(db, false, &ignored);
}

void sqlite_interrupt(struct db *db)
{
    sqlite3_interrupt(db->connection);
}

const char *sqlite_version(void)
{
    return sqlite3_libversion();
}

const char *sqlite_warning(void)
{
    if (sqlite3_libversion_number() >= DB_WAL_RESET_FIXED)
        return NULL;
    return "this SQLite is older than 3.51.3 and can corrupt a write-ahead log that two programs write; "
           "do not open the database with another program while sallyport runs "
           "(https://www.sqlite.org/wal.html#walresetbug)";
}
