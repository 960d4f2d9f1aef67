/* SPDX-License-Identifier: MIT */
/* review_tables.c — the tables and all statements.
 *
 * A request is one JSON text (`doc`); beside it stands what lists are asked by. Text is searched in an FTS5 index without
 * content of its own, whose row is the request's times 1024 plus the revision. */
#include "store/review/review_store_internal.h"
#include "store/review/webhook_book.h"

/* Never edited once shipped; a change of the tables is a step behind. */
static const char *const steps[] = {
    "CREATE TABLE review_book (name BLOB NOT NULL) STRICT;"
    "CREATE TABLE request (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, created_ns INTEGER NOT NULL,"
    " state BLOB NOT NULL, submitter BLOB NOT NULL, submitter_name BLOB NOT NULL, doc BLOB NOT NULL) STRICT;"
    "CREATE INDEX request_by_time ON request (created_ns, id);"
    "CREATE INDEX request_by_state ON request (state, created_ns, id);"
    "CREATE INDEX request_by_submitter ON request (submitter, created_ns, id);"
    "CREATE INDEX request_by_submitter_name ON request (submitter_name, created_ns, id);"
    "CREATE TABLE request_label (key BLOB NOT NULL, value BLOB NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY (key, value, n)) STRICT, WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE request_text USING fts5(purpose, code, content='');"
    "CREATE TABLE blob (sha256 BLOB PRIMARY KEY, size INTEGER NOT NULL, data BLOB) STRICT;"
    "CREATE TABLE blob_use (n INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (n, sha256)) STRICT, "
    "WITHOUT ROWID;"
    "CREATE INDEX blob_use_by_blob ON blob_use (sha256);"
    "CREATE TABLE request_key (person BLOB NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL, id BLOB NOT NULL,"
    " at_ns INTEGER NOT NULL, PRIMARY KEY (person, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX request_key_by_time ON request_key (at_ns);"
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, type BLOB NOT NULL,"
    " subject BLOB NOT NULL, data BLOB NOT NULL) STRICT;"
    "CREATE TABLE duty (seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, kind INTEGER NOT NULL) "
    "STRICT;",
    /* Versions of the policy: what is known of one (doc), and its text. */
    "CREATE TABLE policy (version INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, doc BLOB NOT NULL, text BLOB "
    "NOT NULL) STRICT;",
    /* How many requests use a blob. */
    "ALTER TABLE blob ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;"
    "UPDATE blob SET uses = (SELECT count(*) FROM blob_use u WHERE u.sha256 = blob.sha256);"
    "CREATE INDEX blob_unused ON blob (sha256) WHERE uses = 0;"
    "CREATE TRIGGER blob_used AFTER INSERT ON blob_use BEGIN"
    " UPDATE blob SET uses = uses + 1 WHERE sha256 = NEW.sha256; END;"
    "CREATE TRIGGER blob_left AFTER DELETE ON blob_use BEGIN"
    " UPDATE blob SET uses = uses - 1 WHERE sha256 = OLD.sha256; END;",
    "CREATE TABLE request_instance (instance BLOB NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (instance, n)) "
    "STRICT, WITHOUT ROWID;",
    /* What people approved, by what it is known again by; and the latest value of each name, such as that of the template. */
    "CREATE TABLE approved (hash BLOB NOT NULL, at_ns INTEGER NOT NULL, PRIMARY KEY (hash, at_ns)) STRICT, "
    "WITHOUT ROWID;"
    "CREATE TABLE latest (name BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    /* Requests that are over and still have what they were about: since when, and how long their policy keeps it. */
    "CREATE TABLE request_over (n INTEGER PRIMARY KEY, ended_ns INTEGER NOT NULL, keep_ns INTEGER) STRICT;"
    "CREATE INDEX over_by_setting ON request_over (ended_ns) WHERE keep_ns IS NULL;"
    "CREATE INDEX over_by_policy ON request_over (ended_ns + keep_ns) WHERE keep_ns IS NOT NULL;"
    "INSERT INTO request_over SELECT n, CAST((julianday(json_extract(CAST(doc AS TEXT), '$.updatedAt')) - "
    "2440587.5) * 86400000 AS INTEGER) * 1000000, NULL FROM request"
    " WHERE state IN (CAST('approved' AS BLOB), CAST('rejected' AS BLOB), CAST('timed-out' AS BLOB), "
    "CAST('failed' AS BLOB),"
    " CAST('cancelled' AS BLOB));",
    /* Approvals that stand: what is known of one (doc), and what one is found by. */
    "CREATE TABLE standing (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, sha256 BLOB NOT NULL,"
    " expires_ns INTEGER NOT NULL, uses_left INTEGER NOT NULL, revoked INTEGER NOT NULL, doc BLOB NOT NULL) "
    "STRICT;"
    "CREATE INDEX standing_by_hash ON standing (sha256, expires_ns) WHERE revoked = 0;",
    /* Who is away until when (doc). */
    "CREATE TABLE absence (id BLOB PRIMARY KEY, until_ns INTEGER NOT NULL, doc BLOB NOT NULL) STRICT;"
    "CREATE INDEX absence_by_end ON absence (until_ns);",
    /* Who has read what a run printed before it was released, and is in the log with it. */
    "CREATE TABLE output_read (n INTEGER NOT NULL, run INTEGER NOT NULL, person BLOB NOT NULL,"
    " PRIMARY KEY (n, run, person)) STRICT, WITHOUT ROWID;",
    /* Who is told by HTTP; what they are told, once for all; and what is delivered to whom. A delivery below 2 is open. */
    "CREATE TABLE webhook (n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, name BLOB NOT NULL "
    "UNIQUE, state INTEGER NOT NULL DEFAULT 0, failing INTEGER NOT NULL DEFAULT 0,"
    " waiting INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0, events BLOB NOT NULL,"
    " secret BLOB NOT NULL, doc BLOB NOT NULL) STRICT;"
    "CREATE TABLE webhook_message (n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, type BLOB NOT NULL,"
    " subject BLOB NOT NULL, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE delivery (n INTEGER PRIMARY KEY AUTOINCREMENT, webhook INTEGER NOT NULL,"
    " message INTEGER NOT NULL, chain BLOB NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL "
    "DEFAULT 0,"
    " next_ns INTEGER NOT NULL, created_ns INTEGER NOT NULL, doc BLOB NOT NULL) STRICT;"
    "CREATE INDEX delivery_of_webhook ON delivery (webhook, n);"
    "CREATE INDEX delivery_by_message ON delivery (message);"
    "CREATE INDEX delivery_due ON delivery (webhook, next_ns, n) WHERE state = 0;"
    "CREATE INDEX delivery_open ON delivery (webhook, chain, n) WHERE state < 2;"
    "CREATE INDEX delivery_over ON delivery (webhook, n) WHERE state >= 2;"
    "CREATE TRIGGER delivery_begun AFTER INSERT ON delivery BEGIN"
    " UPDATE webhook SET waiting = waiting + 1 WHERE n = NEW.webhook; END;"
    "CREATE TRIGGER delivery_ended AFTER UPDATE OF state ON delivery WHEN OLD.state < 2 AND NEW.state >= 2 "
    "BEGIN"
    " UPDATE webhook SET waiting = waiting - 1 WHERE n = NEW.webhook; END;"
    "CREATE TRIGGER delivery_gone AFTER DELETE ON delivery BEGIN"
    " DELETE FROM webhook_message WHERE n = OLD.message"
    " AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = OLD.message); END;"
    "CREATE TRIGGER webhook_gone AFTER DELETE ON webhook BEGIN"
    " DELETE FROM delivery WHERE webhook = OLD.n; END;",
    /* The secret before, and until when it signs, too; how often a webhook was changed. */
    "ALTER TABLE webhook ADD COLUMN old_secret BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE webhook ADD COLUMN old_until_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE webhook ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;",
    /* What a receiver asks to be shown. */
    "ALTER TABLE webhook ADD COLUMN token BLOB NOT NULL DEFAULT x'';",
    /* In how many requests a rule matched on a day (since 1970, UTC), and what it did. */
    "CREATE TABLE rule_day (rule BLOB NOT NULL, day INTEGER NOT NULL, matched INTEGER NOT NULL,"
    " allowed INTEGER NOT NULL, asked INTEGER NOT NULL, denied INTEGER NOT NULL, PRIMARY KEY (rule, day)) "
    "STRICT, WITHOUT ROWID;",
    /* Until when somebody is waited for; NULL: nobody is. */
    "ALTER TABLE request ADD COLUMN deadline_ns INTEGER;"
    "UPDATE request SET deadline_ns = json_extract(CAST(doc AS TEXT), '$._deadlineNs')"
    " WHERE state IN (CAST('waiting' AS BLOB), CAST('changes-requested' AS BLOB));"
    "CREATE INDEX request_by_deadline ON request (deadline_ns, id) WHERE deadline_ns IS NOT NULL;",
};

const struct sqlite_schema review_schema = {
    .what = "the book of requests", .steps = steps, .step_count = ARRAY_SIZE(steps), .part = "review"};

/* ?1, ?2: the place; ?3: rows at most; ?4, ?5: what is looked for. The second column is that of the order. */
#define COLUMNS "SELECT n, created_ns, state, doc, id, created_ns FROM request r WHERE "
#define BEHIND  "(created_ns, id) > (?1, ?2) "
#define BEFORE  "(created_ns, id) < (?1, ?2) "
#define UP      BEHIND "ORDER BY created_ns, id LIMIT ?3"
#define DOWN    BEFORE "ORDER BY created_ns DESC, id DESC LIMIT ?3"
#define STATE   "state = ?4 AND "
/* Two walks that are merged in order, so that nothing is sorted. */
#define BY_ID   "submitter = ?4 AND "
#define BY_NAME "submitter_name = ?4 AND submitter <> ?4 AND "
/* What is sorted comes without its text, which is looked up row by row: a page takes few of thousands. */
#define PLACES "SELECT n, created_ns, state, NULL, id, created_ns FROM request r WHERE "
#define LABEL  "n IN (SELECT n FROM request_label WHERE key = ?4 AND value = ?5) AND "
#define WORDS  "n IN (SELECT rowid >> 10 FROM request_text WHERE request_text MATCH CAST(?4 AS TEXT)) AND "

/* Of request ?1 what is not among the hashes of the JSON text ?2. */
#define NOT_KEPT "u.n = ?1 AND CAST(u.sha256 AS TEXT) NOT IN (SELECT value FROM json_each(CAST(?2 AS TEXT)))"

#define WEBHOOK_COLUMNS "SELECT n, state, failing, waiting, skipped, doc, changes FROM webhook "
#define DELIVERY_COLUMNS                                                                                     \
    "SELECT d.n, d.message, d.state, d.attempts, d.next_ns, d.created_ns, d.chain, d.doc, m.id, m.type,"     \
    " m.subject, m.body FROM delivery d JOIN webhook_message m ON m.n = d.message "

const char *const review_statements[REVIEW_STATEMENTS] = {
    [REQUEST_PUT] = "INSERT INTO request (id, created_ns, state, submitter, submitter_name, doc, deadline_ns)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING n",
    [REQUEST_CHANGE] = "UPDATE request SET state = ?2, doc = ?3, deadline_ns = ?4 WHERE n = ?1",
    [REQUEST_GET] = "SELECT n, created_ns, state, doc FROM request WHERE id = ?1",
    [REQUEST_OF_INSTANCE] = "SELECT n, created_ns, state, doc FROM request WHERE n ="
                            " (SELECT max(n) FROM request_instance WHERE instance = ?1)",
    [INSTANCE_PUT] = "INSERT INTO request_instance (instance, n) VALUES (?1, ?2)",
    [LIST_ALL_UP] = COLUMNS UP,
    [LIST_ALL_DOWN] = COLUMNS DOWN,
    [LIST_DEADLINE] = "SELECT n, deadline_ns, state, doc, id, created_ns FROM request"
                      " WHERE deadline_ns IS NOT NULL AND (deadline_ns, id) > (?1, ?2)"
                      " ORDER BY deadline_ns, id LIMIT ?3",
    [LIST_STATE_UP] = COLUMNS STATE UP,
    [LIST_STATE_DOWN] = COLUMNS STATE DOWN,
    [LIST_SUBMITTER_UP] = COLUMNS BY_ID BEHIND "UNION ALL " COLUMNS BY_NAME UP,
    [LIST_SUBMITTER_DOWN] = COLUMNS BY_ID BEFORE "UNION ALL " COLUMNS BY_NAME DOWN,
    [LIST_LABEL_UP] = PLACES LABEL UP,
    [LIST_LABEL_DOWN] = PLACES LABEL DOWN,
    [LIST_TEXT_UP] = PLACES WORDS UP,
    [LIST_TEXT_DOWN] = PLACES WORDS DOWN,
    [LIST_DOC] = "SELECT doc FROM request WHERE n = ?1",
    [OVER_PUT] = "INSERT OR IGNORE INTO request_over (n, ended_ns, keep_ns) VALUES (?1, ?2, ?3)",
    [OVER_DONE] = "DELETE FROM request_over WHERE n = ?1",
    [OVER_BY_SETTING] = "SELECT r.id FROM request_over o JOIN request r ON r.n = o.n"
                        " WHERE o.keep_ns IS NULL AND o.ended_ns <= ?1 ORDER BY o.ended_ns",
    [OVER_BY_POLICY] =
        "SELECT r.id FROM request_over o JOIN request r ON r.n = o.n WHERE o.keep_ns IS NOT NULL"
        " AND o.ended_ns + o.keep_ns <= ?1 ORDER BY o.ended_ns + o.keep_ns",
    [LABEL_PUT] = "INSERT OR IGNORE INTO request_label (key, value, n) VALUES (?1, ?2, ?3)",
    [TEXT_PUT] =
        "INSERT INTO request_text (rowid, purpose, code) VALUES (?1, CAST(?2 AS TEXT), CAST(?3 AS TEXT))",
    [TEXT_FORGET] = "INSERT INTO request_text (request_text, rowid, purpose, code)"
                    " VALUES ('delete', ?1, CAST(?2 AS TEXT), CAST(?3 AS TEXT))",
    [BLOB_PUT] = "INSERT OR IGNORE INTO blob (sha256, size, data) VALUES (?1, ?2, ?3)",
    [BLOB_KNOWN] = "SELECT 1 FROM blob WHERE sha256 = ?1",
    [BLOB_GET] = "SELECT size, data FROM blob WHERE sha256 = ?1",
    [BLOB_USE] = "INSERT OR IGNORE INTO blob_use (n, sha256) VALUES (?1, ?2)",
    [USES_COUNT] =
        "SELECT count(*), coalesce(sum(b.size), 0) FROM blob_use u JOIN blob b ON b.sha256 = u.sha256"
        " WHERE " NOT_KEPT,
    [USES_END] = "DELETE FROM blob_use AS u WHERE " NOT_KEPT,
    [BLOB_SWEEP] = "DELETE FROM blob WHERE sha256 IN (SELECT sha256 FROM blob WHERE uses = 0"
                   " LIMIT " DIGITS_OF(REVIEW_SWEEP_ROWS) ")",
    [KEY_PUT] = "INSERT INTO request_key (person, key, body, id, at_ns) VALUES (?1, ?2, ?3, ?4, ?5)",
    [KEY_GET] = "SELECT body, id FROM request_key WHERE person = ?1 AND key = ?2",
    [KEY_SWEEP] = "DELETE FROM request_key WHERE at_ns < ?1",
    [EVENT_PUT] = "INSERT INTO event (at_ns, type, subject, data) VALUES (?1, ?2, ?3, ?4) RETURNING seq",
    [EVENT_TRIM] = "DELETE FROM event WHERE seq <= ?1",
    [EVENT_LAST] = "SELECT coalesce(max(seq), 0) FROM event",
    [EVENT_PAGE] = "SELECT seq, at_ns, type, subject, data FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [DUTY_PUT] = "INSERT INTO duty (id, kind) VALUES (?1, ?2)",
    [DUTY_PAGE] =
        "SELECT d.seq, d.id, d.kind, r.doc FROM duty d JOIN request r ON r.id = d.id WHERE d.seq > ?1"
        " ORDER BY d.seq LIMIT ?2",
    [DUTY_DONE] = "DELETE FROM duty WHERE seq = ?1",
    [NAME_GET] = "SELECT name FROM review_book",
    [NAME_PUT] = "INSERT INTO review_book (name) VALUES (?1)",
    [POLICY_PUT] = "INSERT INTO policy (version, sha256, doc, text) VALUES (?1, ?2, ?3, ?4)",
    [POLICY_NEWEST] = "SELECT version, sha256 FROM policy ORDER BY version DESC LIMIT 1",
    [POLICY_LAST] = "SELECT version, doc, text FROM policy ORDER BY version DESC LIMIT 1",
    [POLICY_GET] = "SELECT version, doc, text FROM policy WHERE version = ?1",
    [APPROVED_PUT] = "INSERT OR IGNORE INTO approved (hash, at_ns) VALUES (?1, ?2)",
    [APPROVED_LAST] =
        "SELECT at_ns FROM approved WHERE hash = ?1 AND at_ns <= ?2 ORDER BY at_ns DESC LIMIT 1",
    [LATEST_PUT] = "INSERT OR REPLACE INTO latest (name, value) VALUES (?1, ?2)",
    [LATEST_PUT_FIRST] = "INSERT OR IGNORE INTO latest (name, value) VALUES (?1, ?2)",
    [LATEST_GET] = "SELECT value FROM latest WHERE name = ?1",
    [RULE_COUNT] = "INSERT INTO rule_day (rule, day, matched, allowed, asked, denied)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (rule, day) DO UPDATE SET"
                   " matched = matched + excluded.matched, allowed = allowed + excluded.allowed,"
                   " asked = asked + excluded.asked, denied = denied + excluded.denied",
    [RULE_SUM] = "SELECT coalesce(sum(matched), 0), coalesce(sum(allowed), 0), coalesce(sum(asked), 0),"
                 " coalesce(sum(denied), 0) FROM rule_day WHERE rule = ?1 AND day >= ?2",
    [RULE_TRIM] = "DELETE FROM rule_day WHERE day < ?1",
    [STANDING_PUT] = "INSERT INTO standing (id, sha256, expires_ns, uses_left, revoked, doc)"
                     " VALUES (?1, ?2, ?3, ?4, 0, ?5)",
    [STANDING_CHANGE] = "UPDATE standing SET uses_left = ?2, revoked = ?3, doc = ?4 WHERE n = ?1",
    [STANDING_GET] = "SELECT n, doc FROM standing WHERE id = ?1",
    [STANDING_FIND] = "SELECT n, doc FROM standing WHERE sha256 = ?1 AND expires_ns > ?2 AND revoked = 0"
                      " AND (uses_left > 0 OR id = ?3) ORDER BY n",
    [STANDING_COUNT] =
        "SELECT count(*) FROM standing WHERE expires_ns > ?1 AND revoked = 0 AND uses_left > 0",
    [STANDING_PAGE] = "SELECT n, doc FROM standing WHERE n < ?1 ORDER BY n DESC LIMIT ?2",
    [STANDING_PAGE_OLDEST] = "SELECT n, doc FROM standing WHERE n > ?1 ORDER BY n LIMIT ?2",
    [ABSENCE_PUT] = "INSERT OR REPLACE INTO absence (id, until_ns, doc) VALUES (?1, ?2, ?3)",
    [ABSENCE_GET] = "SELECT doc FROM absence WHERE id = ?1 AND until_ns > ?2",
    [ABSENCE_ALIVE] = "SELECT doc FROM absence WHERE until_ns > ?1 ORDER BY until_ns",
    [OUTPUT_READ_PUT] = "INSERT OR IGNORE INTO output_read (n, run, person) VALUES (?1, ?2, ?3) RETURNING 1",
    [WEBHOOK_PUT] = "INSERT INTO webhook (id, name, events, secret, doc) VALUES (?1, ?2, ?3, ?4, ?5)",
    [WEBHOOK_CHANGE] = "UPDATE webhook SET state = ?2, failing = ?3, name = ?4, doc = ?5 WHERE n = ?1",
    [WEBHOOK_EVENTS] = "UPDATE webhook SET events = ?2 WHERE n = ?1",
    [WEBHOOK_TOKEN] = "UPDATE webhook SET token = ?2 WHERE n = ?1",
    [WEBHOOK_CHANGED] = "UPDATE webhook SET changes = changes + 1 WHERE n = ?1",
    [WEBHOOK_SECRET] = "UPDATE webhook SET old_secret = secret, old_until_ns = ?3, secret = ?2 WHERE n = ?1",
    [WEBHOOK_DELETE] = "DELETE FROM webhook WHERE n = ?1",
    [WEBHOOK_GET] = WEBHOOK_COLUMNS "WHERE id = ?1 OR name = ?1",
    [WEBHOOK_GET_ROW] = WEBHOOK_COLUMNS "WHERE n = ?1",
    [WEBHOOK_LIST] = WEBHOOK_COLUMNS "ORDER BY n",
    [WEBHOOK_COUNT] = "SELECT count(*) FROM webhook",
    [WEBHOOK_WANTING] = "SELECT n, events, waiting, name, id FROM webhook WHERE state < 2 ORDER BY n",
    [WEBHOOK_SKIP] = "UPDATE webhook SET skipped = skipped + 1 WHERE n = ?1",
    [WEBHOOK_SENDING] =
        "SELECT n, failing, secret, doc, old_secret, old_until_ns, token FROM webhook WHERE state = 0"
        " ORDER BY n",
    [MESSAGE_PUT] =
        "INSERT INTO webhook_message (id, type, subject, body) VALUES (?1, ?2, ?3, ?4) RETURNING n",
    [DELIVERY_PUT] = "INSERT INTO delivery (webhook, message, chain, state, next_ns, created_ns, doc)"
                     " VALUES (?1, ?2, ?3, ?3 <> x'' AND EXISTS (SELECT 1 FROM delivery"
                     " WHERE webhook = ?1 AND chain = ?3 AND state < 2), ?4, ?4, ?5) RETURNING n",
    [DELIVERY_GET] = DELIVERY_COLUMNS "WHERE d.webhook = ?1 AND d.n = ?2",
    [DELIVERY_CHANGE] = "UPDATE delivery SET state = ?2, attempts = ?3, next_ns = ?4, doc = ?5 WHERE n = ?1",
    [DELIVERY_PAGE] = DELIVERY_COLUMNS "WHERE d.webhook = ?3 AND d.n < ?1 ORDER BY d.n DESC LIMIT ?2",
    [DELIVERY_PAGE_OLDEST] = DELIVERY_COLUMNS "WHERE d.webhook = ?3 AND d.n > ?1 ORDER BY d.n LIMIT ?2",
    [DELIVERY_DUE_PAGE] =
        "SELECT d.n, d.attempts, d.created_ns, m.id, m.body FROM delivery d JOIN webhook_message m"
        " ON m.n = d.message WHERE d.webhook = ?1 AND d.state = 0 AND d.next_ns <= ?2"
        " ORDER BY d.next_ns, d.n LIMIT ?3",
    [DELIVERY_NEXT] = "SELECT min(next_ns) FROM delivery WHERE webhook = ?1 AND state = 0 AND next_ns > ?2",
    [DELIVERY_FOLLOW] = "UPDATE delivery SET state = 0, next_ns = ?3 WHERE n = (SELECT min(n) FROM delivery"
                        " WHERE webhook = ?1 AND chain = ?2 AND state = 1 AND state < 2)",
    [DELIVERY_DROP] = "UPDATE delivery SET state = 4 WHERE webhook = ?1 AND state < 2",
    [DELIVERY_AWAITED] = "SELECT n, chain FROM delivery WHERE webhook = ?1 AND state < 2"
                         " AND json_extract(CAST(doc AS TEXT), '$.awaited') LIMIT 1",
    [DELIVERY_END] = "UPDATE delivery SET state = 4 WHERE n = ?1",
    [DELIVERY_TRIM] =
        "DELETE FROM delivery WHERE webhook = ?1 AND state >= 2 AND n <= (SELECT n FROM delivery WHERE"
        " webhook = ?1 AND state >= 2 ORDER BY n DESC LIMIT 1 OFFSET " DIGITS_OF(WEBHOOK_FINISHED_KEPT) ")",
    [POLICY_PAGE] = "SELECT version, doc FROM policy WHERE version < ?1 ORDER BY version DESC LIMIT ?2",
    [POLICY_PAGE_OLDEST] = "SELECT version, doc FROM policy WHERE version > ?1 ORDER BY version LIMIT ?2",
};
