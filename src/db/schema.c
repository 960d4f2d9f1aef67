/* SPDX-License-Identifier: MIT */
/* schema.c — the number of steps taken is SQLite's user_version; an untouched file has no schema_version. That of a part stands
 * in a table beside the part's own. */
#include "db/schema.h"

#include <stdio.h>

struct schema_step {
    const struct sqlite_schema *schema;
    size_t index;
};

static enum status note_part(struct db *db, const char *part, size_t version, struct err *err)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO schema_part (name, version) VALUES ('%s', %zu)",
                   part, version);
    return sqlite_script(db, sql, err);
}

static enum status take_step(struct db *db, void *context, struct err *err)
{
    const struct schema_step *step = context;
    enum status status = sqlite_script(db, step->schema->steps[step->index], err);
    if (status == STATUS_OK && step->schema->part)
        return note_part(db, step->schema->part, step->index + 1, err);
    if (status == STATUS_OK)
        status = sqlite_pragma_set(db, "user_version", (int64_t)step->index + 1, err);
    if (status == STATUS_OK)
        status = sqlite_pragma_set(db, "application_id", step->schema->application_id, err);
    return status;
}

static enum status refuse_newer(const struct sqlite_schema *schema, int64_t version, struct err *err)
{
    if (version <= (int64_t)schema->step_count)
        return STATUS_OK;
    return err_set(err, STATUS_FAILED_PRECONDITION,
                   "%s has version %lld and this program knows versions up to %zu; it was written by a newer "
                   "sallyport",
                   schema->what, (long long)version, schema->step_count);
}

/* How many steps the part has; the table of parts is made if it is absent. */
static enum status read_part_version(struct db *db, const struct sqlite_schema *schema, int64_t *ret_version,
                                     struct err *err)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(max(version), 0) FROM schema_part WHERE name = '%s'",
                   schema->part);
    enum status status = sqlite_script(
        db, "CREATE TABLE IF NOT EXISTS schema_part (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT",
        err);
    if (status == STATUS_OK)
        status = sqlite_value(db, sql, ret_version, err);
    if (status != STATUS_OK)
        return status;
    return refuse_newer(schema, *ret_version, err);
}

/* How many steps the file has, if it is ours or nobody's. */
static enum status read_version(struct db *db, const struct sqlite_schema *schema, int64_t *ret_version,
                                struct err *err)
{
    if (schema->part)
        return read_part_version(db, schema, ret_version, err);
    int64_t application = 0, changes = 0;
    enum status status = sqlite_pragma(db, "user_version", ret_version, err);
    if (status == STATUS_OK)
        status = sqlite_pragma(db, "application_id", &application, err);
    if (status == STATUS_OK)
        status = sqlite_pragma(db, "schema_version", &changes, err);
    if (status != STATUS_OK)
        return status;

    bool untouched = application == 0 && *ret_version == 0 && changes == 0;
    if (application != schema->application_id && !untouched)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the file is another program's database");
    return refuse_newer(schema, *ret_version, err);
}

enum status sqlite_schema_upgrade(struct db *db, const struct sqlite_schema *schema, struct err *err)
{
    int64_t version = 0;
    enum status status = read_version(db, schema, &version, err);
    struct schema_step step = {schema, (size_t)version};
    for (; status == STATUS_OK && step.index < schema->step_count; step.index++) {
        status = sqlite_transact(db, take_step, &step, err);
        if (status != STATUS_OK && step.index == 0)
            return err_wrap(err, "making %s", schema->what);
        if (status != STATUS_OK)
            return err_wrap(err, "upgrading %s to version %zu", schema->what, step.index + 1);
    }
    return status;
}

enum status sqlite_schema_check(struct db *db, const struct sqlite_schema *schema, struct err *err)
{
    int64_t version = 0;
    enum status status = read_version(db, schema, &version, err);
    if (status == STATUS_OK && version < (int64_t)schema->step_count)
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "%s has version %lld, older than this program's; start the server on it once",
                       schema->what, (long long)version);
    return status;
}
