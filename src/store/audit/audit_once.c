/* SPDX-License-Identifier: MIT */
/* audit_once.c — a table of ids in the log's file. */
#include "store/audit/audit_once.h"

#include <stdlib.h>

#include "base/log.h"

enum { ONCE_PUT, ONCE_FORGET, ONCE_STATEMENTS };

static const char *const statements[ONCE_STATEMENTS] = {
    [ONCE_PUT] = "INSERT OR IGNORE INTO audit_given (id) VALUES (?1) RETURNING 1",
    [ONCE_FORGET] = "DELETE FROM audit_given",
};

/* Never edited once shipped; a change of the tables is a step behind. */
static const char *const steps[] = {
    "CREATE TABLE audit_given (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;",
};

static const struct sqlite_schema schema = {
    .what = "the audit log's ids", .steps = steps, .step_count = ARRAY_SIZE(steps), .part = "given"};

struct audit_once {
    struct audit_log *log;
    struct db *db; /* the log's thread's */
    size_t first;  /* of our statements */
    struct audit_work forget;
    bool forgetting;
};

/* --- given --- */

static enum status put_id(const struct audit_once *once, const char *id, bool *ret_new, struct err *err)
{
    size_t put = once->first + ONCE_PUT;
    sqlite_bind_bytes(once->db, put, 1, bytes_of_cstr(id));
    enum status status = sqlite_next(once->db, put, ret_new, err);
    sqlite_done(once->db, put);
    return status;
}

static enum status write_once(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    const struct audit_given *given = CONTAINER_OF(work, struct audit_given, work);
    bool is_new = false;
    enum status status = put_id(given->once, given->id, &is_new, err);
    if (status != STATUS_OK || !is_new)
        return status;
    return audit_scribe_append(scribe, &given->entry, err);
}

static void on_written(struct audit_work *work, enum status status, const struct err *err)
{
    struct audit_given *given = CONTAINER_OF(work, struct audit_given, work);
    given->on_done(given, status, err);
}

void audit_once_give(struct audit_once *once, struct audit_given *given)
{
    given->once = once;
    given->work = (struct audit_work){.perform = write_once, .on_done = on_written};
    audit_log_perform(once->log, &given->work);
}

/* --- forgotten --- */

static enum status forget(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    const struct audit_once *once = CONTAINER_OF(work, struct audit_once, forget);
    return sqlite_run(once->db, once->first + ONCE_FORGET, err);
}

static void on_forgotten(struct audit_work *work, enum status status, const struct err *err)
{
    CONTAINER_OF(work, struct audit_once, forget)->forgetting = false;
    if (status != STATUS_OK) /* they go the next time */
        log_warn("store/audit", "ids of entries stay cause=\"%s\"", err->text);
}

/* ORDER: in the log's queue, so behind all that was given before and before all that is given later. */
void audit_once_forget(struct audit_once *once)
{
    if (once->forgetting)
        return;
    once->forgetting = true;
    once->forget = (struct audit_work){.perform = forget, .on_done = on_forgotten};
    audit_log_perform(once->log, &once->forget);
}

/* --- life --- */

enum status audit_once_open(struct audit_log *log, struct audit_once **ret_once, struct err *err)
{
    struct audit_once *once = calloc(1, sizeof *once);
    if (!once)
        return err_no_memory(err);
    once->log = log;
    enum status status =
        audit_log_join(log, &schema, statements, ONCE_STATEMENTS, &once->db, &once->first, err);
    if (status != STATUS_OK) {
        free(once);
        return status;
    }
    *ret_once = once;
    return STATUS_OK;
}

void audit_once_close(struct audit_once *once)
{
    free(once);
}
