/* SPDX-License-Identifier: MIT */
/* schema.h — a database file of ours: whose it is, and how its tables came to be, step by step. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "db/sqlite.h"

struct sqlite_schema {
    const char *what;         /* it is called in messages: "the audit log" */
    int32_t application_id;   /* four letters in the file's header */
    const char *const *steps; /* SQL; never edited once shipped: a change of the tables is a step behind */
    size_t step_count;
    /* The name of a part of a file that is somebody else's: it counts its own steps, in the table schema_part, and the file's
     * own number and owner stay as they are. NULL: the file itself. */
    const char *part;
};

/* Takes the steps that are missing, each in a transaction of its own; a new file takes all. FAILED_PRECONDITION: the file
 * is another program's, or a newer version of ours wrote it; else as sqlite_script. */
STATUS_RESULT sqlite_schema_upgrade(struct db *db, const struct sqlite_schema *schema, struct err *err);
/* The same without changing anything: FAILED_PRECONDITION also if steps are missing. */
STATUS_RESULT sqlite_schema_check(struct db *db, const struct sqlite_schema *schema, struct err *err);

#endif
