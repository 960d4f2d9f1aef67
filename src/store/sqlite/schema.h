/* SPDX-License-Identifier: MIT */
/* schema.h — the tables of the SQLite store by version, and every statement that touches them, by number. Not for other
 * folders. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include "db/sqlite.h"

enum task_statement {
    TASK_COPY_INTO,
    TASK_META_GET,
    TASK_META_PUT,
    TASK_HUB_GET,
    TASK_HUB_ADD,
    TASK_HUB_ALL,
    TASK_HUB_DELETE,
    TASK_HUB_RETENTION,
    TASK_INSTANCE_TOUCH,
    TASK_INSTANCE_CHANGE,
    TASK_INSTANCE_ADD,
    TASK_INSTANCE_DELETE,
    TASK_INSTANCE_GET,
    TASK_INSTANCE_LIVE,
    TASK_INSTANCE_PARTING,
    TASK_INSTANCE_NAME,
    TASK_INSTANCE_FRESH,
    TASK_KEY_PUT,
    TASK_KEY_GET,
    TASK_KEY_DELETE,
    TASK_KEY_WALK,
    TASK_PAYLOAD_PUT,
    TASK_PAYLOAD_DELETE,
    TASK_PAYLOAD_CLEAR,
    TASK_PAYLOAD_GET,
    TASK_PAYLOAD_GET_SMALL,
    TASK_HISTORY_ADD,
    TASK_HISTORY_CLEAR,
    TASK_HISTORY_GET,
    TASK_INBOX_ADD,
    TASK_INBOX_DELETE,
    TASK_INBOX_CLEAR,
    TASK_INBOX_ALL,
    TASK_ACTIVITY_ADD,
    TASK_ACTIVITY_DELETE,
    TASK_ACTIVITY_CLEAR,
    TASK_ACTIVITY_ALL,
    TASK_ENTITY_PUT,
    TASK_ENTITY_DELETE,
    TASK_ENTITY_GET,
    TASK_ENTITY_CLEAR,
    TASK_ENTITY_LOCK_PUT,
    TASK_ENTITY_LOCK_DELETE,
    TASK_ENTITY_LOCK_ALL,
    TASK_ENTITY_LOCK_CLEAR,
    TASK_ENTITY_MESSAGE_ADD,
    TASK_ENTITY_MESSAGE_DELETE,
    TASK_ENTITY_MESSAGE_ALL,
    TASK_ENTITY_MESSAGE_CLEAR,
    TASK_RECEIPT_ADD,
    TASK_RECEIPT_DELETE,
    TASK_RECEIPT_ALL,
    TASK_RECEIPT_CLEAR,
    TASK_ENTITY_QUERY,
    TASK_ENTITY_QUERY_ALL,
    TASK_QUERY_ALL,
    TASK_QUERY_LIVE,
    TASK_QUERY_FAILED,
    TASK_QUERY_DONE,
    TASK_QUERY_TERMINAL,
    TASK_QUERY_COMPLETED,
    TASK_QUERY_PREFIX,
    TASK_QUERY_PREFIX_FEW,
    TASK_STATEMENT_COUNT,
};
extern const char *const task_statements[TASK_STATEMENT_COUNT];

/* Brings the file to the newest version: each step once, in order, each in a transaction of its own together
 * with the new version number. FAILED_PRECONDITION for a file of a newer program or of another one. */
STATUS_RESULT task_schema_upgrade(struct db *db, const char *const *steps, int step_count, struct err *err);
extern const char *const task_schema_steps[];
extern const int task_schema_version;

#endif
