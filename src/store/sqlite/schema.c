/* SPDX-License-Identifier: MIT */
/* schema.c — the tables, their history, and every statement that touches them.
 *
 * A step is never edited once released; a change is a new step at the end. Every table of outside bytes holds
 * BLOBs, which compare and come back byte for byte. Times are nanoseconds since 1970 and parameters, never
 * SQLite's own clock.
 *
 *   hub       a name, its number, and its rules of retention
 *   instance  one row an instance; the columns that change every turn stand in no index
 *   instance_key  which key an id has, for all that are not among the newest
 *   payload   id = instance key * 8 + kind: a rowid, so that an instance's payloads lie side by side
 *   history   one row a turn, only ever appended; its own rowid, which was 4 times faster than a long key
 *   inbox     small and short-lived: stored in its key
 *   activity  the same
 *   entity    one row an entity that has a state; entity_lock who holds one; entity_message what waits for one
 *   receipt   which operations clients have sent lately; only ever appended, and cut off at its old end */
#include "store/sqlite/schema.h"

#include "db/schema.h"
#include "store/columns.h"

const char *const task_schema_steps[] = {
    "CREATE TABLE meta (name INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE hub (hub INTEGER PRIMARY KEY, name BLOB NOT NULL, folded BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE instance ("
    "  key INTEGER PRIMARY KEY, hub INTEGER NOT NULL, instance_id BLOB NOT NULL, execution_id BLOB NOT NULL,"
    "  name BLOB NOT NULL, version BLOB, status INTEGER NOT NULL, created_ns INTEGER NOT NULL,"
    "  updated_ns INTEGER NOT NULL, completed_ns INTEGER NOT NULL, scheduled_ns INTEGER NOT NULL,"
    "  parent_id BLOB, tags BLOB NOT NULL, suspended INTEGER NOT NULL, history_count INTEGER NOT NULL,"
    "  inbox_next INTEGER NOT NULL, activity_next INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX instance_by_id ON instance (hub, instance_id);"
    "CREATE INDEX instance_by_created ON instance (hub, created_ns, instance_id);"
    "CREATE INDEX instance_live ON instance (hub, created_ns, instance_id) WHERE completed_ns = 0;"
    "CREATE INDEX instance_failed ON instance (hub, created_ns, instance_id) WHERE status IN (3, 4, 5);"
    "CREATE INDEX instance_by_completed ON instance (hub, completed_ns, instance_id) WHERE completed_ns > 0;"
    "CREATE TABLE payload (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
    "CREATE TABLE history (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, first INTEGER NOT NULL,"
    "  count INTEGER NOT NULL, events BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX history_by_key ON history (key, first);"
    "CREATE TABLE inbox (key INTEGER NOT NULL, sequence INTEGER NOT NULL, visible_ns INTEGER NOT NULL,"
    "  event BLOB NOT NULL, execution_id BLOB NOT NULL, PRIMARY KEY (key, sequence)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE activity (key INTEGER NOT NULL, ordinal INTEGER NOT NULL, request BLOB NOT NULL,"
    "  PRIMARY KEY (key, ordinal)) STRICT, WITHOUT ROWID;",
    /* 2: what is over stands in an index by how it ended, and the one over everything goes. A start then writes a leaf of
     * the living only, which are few; a filter by status walks what matches; a page of all merges the three. */
    "CREATE INDEX instance_done ON instance (hub, created_ns, instance_id)"
    "  WHERE completed_ns > 0 AND status NOT IN (3, 4, 5);"
    "DROP INDEX instance_by_created;",
    /* 3: histories leave inputs and outputs out, which are payloads (core/task/rejoin.h). Rows of before are whole and
     * stay so. A program of before would show the new ones without them, so it must not open the file. */
    "UPDATE meta SET value = value WHERE 0;",
    /* 4: entities. A state may be large, so it stands in a table with rowids; a message is found by its own number. */
    "CREATE TABLE entity (hub INTEGER NOT NULL, entity_id BLOB NOT NULL, state BLOB NOT NULL,"
    "  modified_ns INTEGER NOT NULL, UNIQUE (hub, entity_id)) STRICT;"
    "CREATE TABLE entity_lock (hub INTEGER NOT NULL, entity_id BLOB NOT NULL, owner BLOB NOT NULL,"
    "  execution_id BLOB NOT NULL, section BLOB NOT NULL, PRIMARY KEY (hub, entity_id)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE entity_message (sequence INTEGER PRIMARY KEY, hub INTEGER NOT NULL, entity_id BLOB NOT "
    "NULL,"
    "  visible_ns INTEGER NOT NULL, event BLOB NOT NULL, sender BLOB NOT NULL, execution_id BLOB NOT NULL,"
    "  legacy INTEGER NOT NULL) STRICT;"
    "CREATE INDEX entity_message_by_entity ON entity_message (hub, entity_id);",
    /* 5: an operation that is sent again is one operation, its trace goes on, and what has no state yet has a time. */
    "ALTER TABLE entity_message ADD COLUMN trace BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE entity_message ADD COLUMN at_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE entity_lock ADD COLUMN at_ns INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE receipt (sequence INTEGER PRIMARY KEY, hub INTEGER NOT NULL, entity_id BLOB NOT NULL,"
    "  request_id BLOB NOT NULL, at_ns INTEGER NOT NULL) STRICT;",
    /* 6: a hub has rules of its own for what is over; empty: those of the settings. */
    "ALTER TABLE hub ADD COLUMN retention BLOB NOT NULL DEFAULT x'';",
    /* 7: ids are random, so that each new one dirtied a page of their index. They come into a table now, later and in their
     * order (fresh_ids.h); what is above the mark is not in it yet. */
    "CREATE TABLE instance_key (hub INTEGER NOT NULL, instance_id BLOB NOT NULL, key INTEGER NOT NULL,"
    "  PRIMARY KEY (hub, instance_id)) STRICT, WITHOUT ROWID;"
    "INSERT INTO instance_key SELECT hub, instance_id, key FROM instance INDEXED BY instance_by_id"
    "  ORDER BY hub, instance_id;"
    "DROP INDEX instance_by_id;"
    "INSERT INTO meta (name, value) SELECT 3, coalesce(max(key), 0) FROM instance;",
};
const int task_schema_version = ARRAY_SIZE(task_schema_steps);

#define INSTANCE_NAMES COLUMN_NAMES(INSTANCE_COLUMNS)
#define INBOX_NAMES    COLUMN_NAMES(INBOX_COLUMNS)
#define ACTIVITY_NAMES COLUMN_NAMES(ACTIVITY_COLUMNS)
#define HISTORY_NAMES  COLUMN_NAMES(HISTORY_COLUMNS)
#define ENTITY_NAMES   COLUMN_NAMES(ENTITY_COLUMNS)
#define LOCK_NAMES     COLUMN_NAMES(ENTITY_LOCK_COLUMNS)
#define MESSAGE_NAMES  COLUMN_NAMES(ENTITY_MESSAGE_COLUMNS)
#define RECEIPT_NAMES  COLUMN_NAMES(RECEIPT_COLUMNS)

/* Parameters without numbers count as they come: in the order of store/columns.h, everywhere. */
#define VALUE(name, kind)      "?"
#define VALUE_NEXT(name, kind) ", ?"
#define VALUES(LIST)           " VALUES (" LIST(VALUE, VALUE_NEXT) ")"
#define SET(name, kind)        #name " = ?"
#define SET_NEXT(name, kind)   ", " #name " = ?"
#define SAME(name, kind)       #name " = ?"
#define SAME_NEXT(name, kind)  " AND " #name " = ?"

/* ?1 hub, ?2 ?3 the place behind which the page starts, ?4 time's end, ?5 status mask, ?6 ?7 id range, ?8 ?9
 * the other time's range, ?10 0 or 1: terminal only. The time in `order` walks the index. */
#define ROWS(access, order, other, extra)                                                                    \
    "SELECT " INSTANCE_NAMES " FROM instance " access " WHERE hub = ?1 AND (" order                          \
    ", instance_id) > (?2, ?3) AND " order " < ?4"                                                           \
    " AND (?5 = 0 OR (?5 >> status) & 1) AND instance_id >= ?6 AND (?7 IS NULL OR instance_id < ?7)"         \
    " AND " other " >= ?8 AND " other " < ?9 AND (?10 = 0 OR completed_ns > 0)" extra
#define ROWS_LIVE ROWS("INDEXED BY instance_live", "created_ns", "completed_ns", " AND completed_ns = 0")
#define ROWS_FAILED                                                                                          \
    ROWS("INDEXED BY instance_failed", "created_ns", "completed_ns", " AND status IN (3, 4, 5)")
#define ROWS_DONE                                                                                            \
    ROWS("INDEXED BY instance_done", "created_ns", "completed_ns",                                           \
         " AND completed_ns > 0 AND status NOT IN (3, 4, 5)")
/* SQLite merges the parts of a union that come in this order; it sorts nothing. */
#define BY_CREATED " ORDER BY created_ns, instance_id"

/* ?1 hub, ?2 the id behind which the page starts, ?3 ?4 id range, ?5 ?6 range of the last change, ?7 0 or 1: with states. */
#define ENTITY_RANGE "hub = ?1 AND entity_id > ?2 AND entity_id >= ?3 AND (?4 IS NULL OR entity_id < ?4)"
/* When it last changed; of one without a state, when its newest message came or it was locked. */
#define NEWEST(expression, from)                                                                             \
    "coalesce((SELECT " expression " FROM " from " AS w WHERE w.hub = found.hub"                             \
    " AND w.entity_id = found.entity_id), 0)"
#define CHANGED                                                                                              \
    "coalesce(modified_ns, max(" NEWEST("max(at_ns)", "entity_message") ", " NEWEST("at_ns",                 \
                                                                                    "entity_lock") "))"
#define ENTITIES(from)                                                                                       \
    "SELECT entity_id, modified_ns, CASE WHEN ?7 THEN state END,"                                            \
    " (SELECT count(*) FROM entity_message AS m WHERE m.hub = found.hub AND m.entity_id = found.entity_id)," \
    " (SELECT owner FROM entity_lock AS l WHERE l.hub = found.hub AND l.entity_id = found.entity_id),"       \
    " " CHANGED " FROM " from " WHERE " ENTITY_RANGE " AND " CHANGED " >= ?5 AND " CHANGED                   \
    " < ?6 ORDER BY entity_id"

const char *const task_statements[TASK_STATEMENT_COUNT] = {
    [TASK_COPY_INTO] = "VACUUM INTO CAST(?1 AS TEXT)",
    [TASK_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [TASK_META_PUT] = "INSERT INTO meta (name, value) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [TASK_HUB_GET] = "SELECT hub FROM hub WHERE folded = ?1",
    [TASK_HUB_ADD] = "INSERT INTO hub (hub, name, folded) VALUES (?1, ?2, ?3)",
    [TASK_HUB_DELETE] = "DELETE FROM hub WHERE hub = ?1",
    [TASK_HUB_ALL] = "SELECT hub, name, retention FROM hub ORDER BY hub",
    [TASK_HUB_RETENTION] = "UPDATE hub SET retention = ?2 WHERE hub = ?1",
    /* What a turn changes, provided that nothing indexed changes: no index is written. */
    [TASK_INSTANCE_TOUCH] =
        "UPDATE instance SET " INSTANCE_TURN_COLUMNS(SET, SET_NEXT) " WHERE " INSTANCE_STAGE_COLUMNS(
            SAME, SAME_NEXT) INSTANCE_NAME_COLUMNS(SAME_NEXT, SAME_NEXT),
    [TASK_INSTANCE_CHANGE] = "UPDATE instance SET " INSTANCE_TURN_COLUMNS(SET, SET_NEXT)
        INSTANCE_STAGE_COLUMNS(SET_NEXT, SET_NEXT) " WHERE " INSTANCE_NAME_COLUMNS(SAME, SAME_NEXT),
    [TASK_INSTANCE_ADD] = "INSERT INTO instance (" INSTANCE_NAMES ")" VALUES(INSTANCE_COLUMNS),
    [TASK_INSTANCE_DELETE] = "DELETE FROM instance WHERE key = ?1",
    /* ?3: the key where it is known. */
    [TASK_INSTANCE_GET] = "SELECT " INSTANCE_NAMES " FROM instance WHERE key = coalesce(?3,"
                          " (SELECT key FROM instance_key WHERE hub = ?1 AND instance_id = ?2))"
                          " AND hub = ?1 AND instance_id = ?2",
    [TASK_INSTANCE_NAME] = "SELECT hub, instance_id FROM instance WHERE key = ?1",
    [TASK_INSTANCE_FRESH] = "SELECT hub, instance_id, key FROM instance WHERE key > ?1 ORDER BY key",
    [TASK_KEY_PUT] =
        "INSERT INTO instance_key (hub, instance_id, key) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (hub, instance_id) DO UPDATE SET key = excluded.key WHERE key <> excluded.key",
    [TASK_KEY_GET] = "SELECT key FROM instance_key WHERE hub = ?1 AND instance_id = ?2",
    [TASK_KEY_DELETE] = "DELETE FROM instance_key WHERE hub = ?1 AND instance_id = ?2 AND key = ?3",
    [TASK_KEY_WALK] = "SELECT hub, instance_id FROM instance_key WHERE (hub, instance_id) > (?1, ?2)"
                      " ORDER BY hub, instance_id LIMIT ?3",
    [TASK_INSTANCE_LIVE] = "SELECT " INSTANCE_NAMES " FROM instance INDEXED BY instance_live"
                           " WHERE completed_ns = 0 ORDER BY hub, created_ns, instance_id",
    /* Over, but what was scheduled on the way out has not run yet. Few: found from the activities. */
    [TASK_INSTANCE_PARTING] = "SELECT " INSTANCE_NAMES " FROM instance"
                              " WHERE key IN (SELECT key FROM activity) AND completed_ns > 0 ORDER BY key",
    [TASK_PAYLOAD_PUT] = "INSERT INTO payload (id, value) VALUES (?1, ?2)"
                         " ON CONFLICT (id) DO UPDATE SET value = excluded.value",
    [TASK_PAYLOAD_DELETE] = "DELETE FROM payload WHERE id = ?1",
    [TASK_PAYLOAD_CLEAR] = "DELETE FROM payload WHERE id BETWEEN ?1 AND ?2",
    [TASK_PAYLOAD_GET] = "SELECT id, value FROM payload WHERE id BETWEEN ?1 AND ?2",
    /* Large ones of the first four kinds are left out, without being read. */
    [TASK_PAYLOAD_GET_SMALL] =
        "SELECT id, CASE WHEN id % 8 < 4 AND length(value) > ?3 THEN NULL ELSE value END"
        " FROM payload WHERE id BETWEEN ?1 AND ?2",
    [TASK_HISTORY_ADD] = "INSERT INTO history (" HISTORY_NAMES ")" VALUES(HISTORY_COLUMNS),
    [TASK_HISTORY_CLEAR] = "DELETE FROM history WHERE key = ?1",
    [TASK_HISTORY_GET] = "SELECT events FROM history WHERE key = ?1 ORDER BY first",
    [TASK_INBOX_ADD] = "INSERT INTO inbox (" INBOX_NAMES ")" VALUES(INBOX_COLUMNS),
    [TASK_INBOX_DELETE] = "DELETE FROM inbox WHERE key = ?1 AND sequence = ?2",
    [TASK_INBOX_CLEAR] = "DELETE FROM inbox WHERE key = ?1",
    [TASK_INBOX_ALL] = "SELECT " INBOX_NAMES " FROM inbox ORDER BY key, sequence",
    [TASK_ACTIVITY_ADD] = "INSERT INTO activity (" ACTIVITY_NAMES ")" VALUES(ACTIVITY_COLUMNS),
    [TASK_ACTIVITY_DELETE] = "DELETE FROM activity WHERE key = ?1 AND ordinal = ?2",
    [TASK_ACTIVITY_CLEAR] = "DELETE FROM activity WHERE key = ?1",
    [TASK_ACTIVITY_ALL] = "SELECT " ACTIVITY_NAMES " FROM activity ORDER BY key, ordinal",
    [TASK_ENTITY_PUT] =
        "INSERT INTO entity (" ENTITY_NAMES
        ")" VALUES(ENTITY_COLUMNS) " ON CONFLICT (hub, entity_id) DO UPDATE SET state = excluded.state,"
                                   " modified_ns = excluded.modified_ns",
    [TASK_ENTITY_DELETE] = "DELETE FROM entity WHERE hub = ?1 AND entity_id = ?2",
    [TASK_ENTITY_GET] = "SELECT " ENTITY_NAMES " FROM entity WHERE hub = ?1 AND entity_id = ?2",
    [TASK_ENTITY_CLEAR] = "DELETE FROM entity WHERE hub = ?1",
    [TASK_ENTITY_LOCK_PUT] =
        "INSERT INTO entity_lock (" LOCK_NAMES
        ")" VALUES(ENTITY_LOCK_COLUMNS) " ON CONFLICT (hub, entity_id) DO UPDATE SET owner = excluded.owner,"
                                        " execution_id = excluded.execution_id, section = excluded.section,"
                                        " at_ns = excluded.at_ns",
    [TASK_ENTITY_LOCK_DELETE] = "DELETE FROM entity_lock WHERE hub = ?1 AND entity_id = ?2",
    [TASK_ENTITY_LOCK_ALL] = "SELECT " LOCK_NAMES " FROM entity_lock ORDER BY hub, entity_id",
    [TASK_ENTITY_LOCK_CLEAR] = "DELETE FROM entity_lock WHERE hub = ?1",
    [TASK_ENTITY_MESSAGE_ADD] =
        "INSERT INTO entity_message (" MESSAGE_NAMES ")" VALUES(ENTITY_MESSAGE_COLUMNS),
    [TASK_ENTITY_MESSAGE_DELETE] = "DELETE FROM entity_message WHERE sequence = ?1",
    [TASK_ENTITY_MESSAGE_ALL] = "SELECT " MESSAGE_NAMES " FROM entity_message ORDER BY sequence",
    [TASK_ENTITY_MESSAGE_CLEAR] = "DELETE FROM entity_message WHERE hub = ?1",
    [TASK_RECEIPT_ADD] = "INSERT INTO receipt (" RECEIPT_NAMES ")" VALUES(RECEIPT_COLUMNS),
    [TASK_RECEIPT_DELETE] = "DELETE FROM receipt WHERE sequence <= ?1",
    [TASK_RECEIPT_ALL] = "SELECT " RECEIPT_NAMES " FROM receipt ORDER BY sequence",
    [TASK_RECEIPT_CLEAR] = "DELETE FROM receipt WHERE hub = ?1",
    [TASK_ENTITY_QUERY] = ENTITIES("entity AS found"),
    [TASK_ENTITY_QUERY_ALL] =
        ENTITIES("(SELECT hub, entity_id FROM entity WHERE " ENTITY_RANGE " UNION"
                 " SELECT hub, entity_id FROM entity_lock WHERE " ENTITY_RANGE " UNION"
                 " SELECT hub, entity_id FROM entity_message WHERE " ENTITY_RANGE " ORDER BY 1, 2) AS found"
                 " LEFT JOIN entity USING (hub, entity_id)"),
    [TASK_QUERY_ALL] = ROWS_LIVE " UNION ALL " ROWS_FAILED " UNION ALL " ROWS_DONE BY_CREATED,
    [TASK_QUERY_LIVE] = ROWS_LIVE BY_CREATED,
    [TASK_QUERY_FAILED] = ROWS_FAILED BY_CREATED,
    [TASK_QUERY_DONE] = ROWS_DONE BY_CREATED,
    [TASK_QUERY_TERMINAL] = ROWS_FAILED " UNION ALL " ROWS_DONE BY_CREATED,
    [TASK_QUERY_COMPLETED] = ROWS("INDEXED BY instance_by_completed", "completed_ns", "created_ns",
                                  " AND completed_ns > 0") " ORDER BY completed_ns, instance_id",
    /* ?11: keys of those that are in memory, as an array of JSON; some may have come to the table since. */
    [TASK_QUERY_PREFIX] =
        ROWS("", "created_ns", "completed_ns",
             " AND key IN (SELECT key FROM instance_key WHERE hub = ?1 AND instance_id >= ?6"
             " AND instance_id < ?7 UNION SELECT value FROM json_each(CAST(?11 AS TEXT)))") BY_CREATED,
    [TASK_QUERY_PREFIX_FEW] = "SELECT count(*) FROM (SELECT 1 FROM instance_key"
                              " WHERE hub = ?1 AND instance_id >= ?2 AND instance_id < ?3 LIMIT ?4)",
};

#define APPLICATION_ID 0x53504f54 /* "SPOT": Sallyport's tasks, in the file's header */

enum status task_schema_upgrade(struct db *db, const char *const *steps, int step_count, struct err *err)
{
    const struct sqlite_schema schema = {.what = "the store",
                                         .application_id = APPLICATION_ID,
                                         .steps = steps,
                                         .step_count = (size_t)step_count};
    return sqlite_schema_upgrade(db, &schema, err);
}
