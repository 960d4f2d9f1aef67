/* SPDX-License-Identifier: MIT */
/* review_store_internal.h — what the files of this folder share: the book, its statements, and a request in hand. Not for other
 * folders. */
#ifndef STORE_REVIEW_STORE_INTERNAL_H
#define STORE_REVIEW_STORE_INTERNAL_H

#include "core/policy/policy.h"
#include "store/audit/audit_work.h"
#include "store/review/review_blob_file.h"
#include "store/review/review_store.h"

#define REVIEW_NAME_SIZE 33 /* of a book, with the NUL */

/* The policy that rules now, as it was read. */
struct policy_in_force {
    struct policy *policy; /* NULL: the built-in one */
    int64_t version;       /* 0 likewise */
    char sha256[SECRET_HASH_SIZE + 1];
};

/* What removes blobs that nobody uses, one job after the other. Loop's thread. */
struct review_sweeper {
    struct review_job job;
    struct loop_timer timer;
    unsigned number; /* of the folder */
    size_t count;    /* what the last job took out */
    bool halted;
};

struct review_store {
    struct loop *loop;
    struct audit_log *log;
    struct store_worker *beside; /* the second thread */
    struct store_worker *reader; /* the third, */
    struct db *reader_db;        /* and its connection, whose statements are ours alone */
    struct review_sweeper sweeper;
    struct db *db;   /* the thread's */
    size_t first;    /* of our statements */
    int64_t keep_ns; /* what a request was about, where no policy says; 0: for ever */
    struct review_blobs blobs;
    char name[REVIEW_NAME_SIZE];
    struct policy_in_force policy; /* the thread's; review_policy_in_force sees to it that it is the newest */
    struct review_listener {
        /* NULL: a free place */
        void (*on_events)(void *context, const struct review_news *news);
        void *context;
    } listeners[REVIEW_LISTENERS];
    void (*on_deliveries)(void *context);
    void *on_deliveries_context;
};

struct review_book {
    struct review_store *store;
    struct audit_scribe *scribe; /* NULL: it is only read */
    struct db *db;
    size_t first;            /* of our statements */
    struct review_news news; /* of this job */
    bool has_deliveries;     /* this job made something due for a webhook */
};

/* --- statements (review_tables.c) --- */

enum review_statement {
    REQUEST_PUT,
    REQUEST_CHANGE,
    REQUEST_GET,
    REQUEST_OF_INSTANCE,
    INSTANCE_PUT,
    LIST_ALL_UP,
    LIST_ALL_DOWN,
    LIST_STATE_UP,
    LIST_STATE_DOWN,
    LIST_SUBMITTER_UP,
    LIST_SUBMITTER_DOWN,
    LIST_LABEL_UP,
    LIST_LABEL_DOWN,
    LIST_TEXT_UP,
    LIST_TEXT_DOWN,
    LIST_DEADLINE,
    LIST_DOC, /* of a row that came without */
    OVER_PUT,
    OVER_DONE,
    OVER_BY_SETTING,
    OVER_BY_POLICY,
    LABEL_PUT,
    TEXT_PUT,
    TEXT_FORGET,
    BLOB_PUT,
    BLOB_KNOWN,
    BLOB_GET,
    BLOB_USE,
    USES_COUNT,
    USES_END,
    BLOB_SWEEP,
    KEY_PUT,
    KEY_GET,
    KEY_SWEEP,
    EVENT_PUT,
    EVENT_TRIM,
    EVENT_LAST,
    EVENT_PAGE,
    DUTY_PUT,
    DUTY_PAGE,
    DUTY_DONE,
    NAME_GET,
    NAME_PUT,
    POLICY_PUT,
    POLICY_NEWEST,
    POLICY_LAST,
    POLICY_GET,
    POLICY_PAGE,
    POLICY_PAGE_OLDEST,
    APPROVED_PUT,
    APPROVED_LAST,
    LATEST_PUT,
    LATEST_PUT_FIRST,
    LATEST_GET,
    RULE_COUNT,
    RULE_SUM,
    RULE_TRIM,
    STANDING_PUT,
    STANDING_CHANGE,
    STANDING_GET,
    STANDING_FIND,
    STANDING_COUNT,
    STANDING_PAGE,
    STANDING_PAGE_OLDEST,
    ABSENCE_PUT,
    ABSENCE_GET,
    ABSENCE_ALIVE,
    OUTPUT_READ_PUT,
    WEBHOOK_PUT,
    WEBHOOK_CHANGE,
    WEBHOOK_EVENTS,
    WEBHOOK_CHANGED,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    WEBHOOK_DELETE,
    WEBHOOK_GET,
    WEBHOOK_GET_ROW,
    WEBHOOK_LIST,
    WEBHOOK_COUNT,
    WEBHOOK_WANTING,
    WEBHOOK_SKIP,
    WEBHOOK_SENDING,
    MESSAGE_PUT,
    DELIVERY_PUT,
    DELIVERY_GET,
    DELIVERY_CHANGE,
    DELIVERY_PAGE,
    DELIVERY_PAGE_OLDEST,
    DELIVERY_DUE_PAGE,
    DELIVERY_NEXT,
    DELIVERY_FOLLOW,
    DELIVERY_DROP,
    DELIVERY_AWAITED,
    DELIVERY_END,
    DELIVERY_TRIM,
    REVIEW_STATEMENTS
};

/* Its place among the statements of the database. */
static inline size_t review_at(const struct review_book *book, enum review_statement statement)
{
    return book->first + statement;
}

/* --- review_page.c --- */

/* The rows of a list. Each statement's first column is a row's number; its parameters are where the page begins, how many rows, and `of`. */
struct review_page_rows {
    enum review_statement newest, oldest; /* the statement of each order */
    int64_t of;                           /* whose rows, 0: all */
    int64_t now_ns;                       /* for `take` */
    /* The row at which the statement stands, a new reference. */
    enum status (*take)(struct review_book *book, enum review_statement statement, int64_t now_ns,
                        json_t **ret_item, struct err *err);
};

/* `*ret_items`: a new array; `*ret_next`: what to go on with, 0: there are no more. */
STATUS_RESULT review_page_read(struct review_book *book, const struct review_page *page,
                               const struct review_page_rows *rows, json_t **ret_items, int64_t *ret_next,
                               struct err *err);

extern const char *const review_statements[REVIEW_STATEMENTS];
extern const struct sqlite_schema review_schema;

/* --- blobs (review_blob.c) --- */

/* Stores `content` once, as used by request number `row`. */
STATUS_RESULT review_blob_put(struct review_book *book, int64_t row, struct bytes content,
                              char ret_sha256[SECRET_HASH_SIZE + 1], struct err *err);
/* The same for a finished draft, and for a blob that is there. */
STATUS_RESULT review_blob_take(struct review_book *book, int64_t row, const struct review_draft *draft,
                               struct err *err);
STATUS_RESULT review_blob_use(struct review_book *book, int64_t row, const char *sha256, struct err *err);

/* One that is JSON, as a new value. Those of review_book_blob; DATA_LOSS: it is none. */
STATUS_RESULT review_blob_json(struct review_book *book, const char *sha256, json_t **ret_value,
                               struct err *err);

/* --- what nobody uses (review_sweep.c, review_blob.c) --- */

/* Takes out the rows of blobs that no request uses. */
STATUS_RESULT review_book_sweep(struct review_book *book, size_t *ret_count, struct err *err);
/* ORDER: begun after the job with the former was told of. Removes the files of folder `number` that no row names. */
STATUS_RESULT review_book_sweep_files(struct review_book *book, unsigned number, struct err *err);
/* What some requests were about, whose time has come (review_retention.c): REVIEW_EMPTIED_AT_ONCE or fewer. */
STATUS_RESULT review_book_expire(struct review_book *book, int64_t now_ns, size_t *ret_count,
                                 struct err *err);
/* The first sweep begins, and each later one an hour behind it. */
void review_sweeper_start(struct review_store *store);
/* No further job is begun. */
void review_sweeper_halt(struct review_store *store);

/* --- the policy in force (review_policy.c) --- */

/* Valid until the next job. FAILED_PRECONDITION: another release wrote it, and this one cannot read it: nothing can be decided. */
STATUS_RESULT review_policy_in_force(struct review_book *book, const struct policy_in_force **ret_policy,
                                     struct err *err);
void review_policy_forget(struct policy_in_force *kept);

/* --- how often rules match (review_rule_counts.c) --- */

#define REVIEW_RULE_DAYS_KEPT 400 /* more than are shown: a clock that was ahead for a while takes nothing */

/* From now on they are counted, unless they were before. */
STATUS_RESULT review_rules_begin(struct review_book *book, int64_t now_ns, struct err *err);
/* Days that nobody looks at any more go. */
STATUS_RESULT review_rules_trim(struct review_book *book, int64_t now_ns, struct err *err);

/* --- events (review_read.c) --- */

/* As its row has it. */
struct review_event_row {
    int64_t number; /* 0: it is not one of the outbox */
    int64_t at_ns;
    struct bytes type, subject, data; /* the last is JSON */
};

#define REVIEW_EVENT_ID_SIZE 96
/* By which it is known everywhere. */
void review_event_id(const struct review_book *book, int64_t number, char ret_id[REVIEW_EVENT_ID_SIZE]);
/* As a CloudEvent, new; `for_sight`: with what says who may see it. */
json_t *review_event_json(const char *id, const struct review_event_row *event, bool for_sight);
/* For every webhook that wants it, in the same transaction (review_delivery.c); `then`: also for the one of this name, which a request
 * waits for (NULL: none does). */
STATUS_RESULT review_webhook_event(struct review_book *book, const struct review_event_row *event,
                                   const char *then, struct err *err);

/* --- a request in hand (review_record.c) --- */

struct review_record {
    int64_t row; /* 0: none yet */
    int64_t created_ns;
    enum review_state state;
    enum review_gate gate;
    enum review_entry entry; /* how the revision in hand begins */
    json_t *doc;
};

/* NOT_FOUND. */
STATUS_RESULT review_record_load(struct review_book *book, const char *id, struct review_record *ret_record,
                                 struct err *err);
/* Writes it as it is, with its row if it is new. */
STATUS_RESULT review_record_save(struct review_book *book, struct review_record *record, int64_t now_ns,
                                 struct err *err);
void review_record_fini(struct review_record *record);
/* What happened, for whoever listens: "waiting" becomes "sallyport.request.waiting". After the record was saved. */
STATUS_RESULT review_record_tell(struct review_book *book, const struct review_record *record,
                                 const char *what, int64_t now_ns, struct err *err);
STATUS_RESULT review_record_duty(struct review_book *book, const struct review_record *record,
                                 enum review_duty_kind kind, struct err *err);
/* An entry of the audit log about anything; takes `details`. */
STATUS_RESULT review_audit(struct review_book *book, const char *object, enum audit_action action,
                           const struct review_person *by, json_t *details, int64_t now_ns, struct err *err);
/* The entry of the audit log; takes `details`. */
STATUS_RESULT review_record_audit(struct review_book *book, const struct review_record *record,
                                  enum audit_action action, const struct review_person *by, json_t *details,
                                  int64_t now_ns, struct err *err);
/* Applies an event to the state, and what follows for the record itself: stage, deadline, votes, release. */
enum review_verdict review_record_move(struct review_record *record, enum review_event event, int64_t now_ns,
                                       unsigned *ret_actions);
/* The state in which the first revision begins, and its deadline if it waits. */
void review_record_begin(struct review_record *record, int64_t now_ns);
/* People are asked from now on, for as long as they have; and no more (review_wait.c). */
void review_wait_begin(struct review_record *record, int64_t now_ns);
void review_wait_end(struct review_record *record);
/* When the time of a wait comes next: for a reminder, or for its end. */
int64_t review_record_next_ns(const struct review_record *record);
/* What is due now (review_run.c). */
void review_record_due(const struct review_record *record, struct review_step *step);
/* Makes the manifest of what there is now, as a blob, and names it in the record. */
STATUS_RESULT review_record_manifest(struct review_book *book, struct review_record *record, struct err *err);
/* The present revision or run in the record, borrowed; NULL: none. */
json_t *review_record_revision(const struct review_record *record);
json_t *review_record_run(const struct review_record *record);
/* Where the words of a revision are, and of how much of its code there are any (review_submit.c). */
int64_t review_text_row(const struct review_record *record, int64_t revision);
struct bytes review_text_searched(struct bytes code);
/* The time begins after which what it was about goes, if it is over (review_retention.c). After it has its row. */
STATUS_RESULT review_over_note(struct review_book *book, const struct review_record *record, int64_t now_ns,
                               struct err *err);
/* What is to follow, without what became of it: a new object; NULL: nothing (review_next.c). */
json_t *review_then_promise(const struct review_record *record);
/* The step of code that follows an approval, in the record, borrowed; NULL: none. */
json_t *review_then_code(const struct review_record *record);
/* Keeps its code as a blob, named in the record. The record has its row. */
STATUS_RESULT review_then_put(struct review_book *book, struct review_record *record, const json_t *then,
                              struct err *err);
/* Of a revision: `then` (NULL: the same as before) may have another step, or null for none. */
STATUS_RESULT review_then_revise(struct review_book *book, struct review_record *record, const json_t *then,
                                 struct err *err);
/* Appends a line feed and the step's code: it goes through every rule that the code before it goes through. */
STATUS_RESULT review_then_append(struct review_book *book, const struct review_record *record,
                                 struct buf *out, struct err *err);
/* What has become of the step, by the record's state; and what was approved before it. */
void review_then_note(struct review_record *record);
/* Writes the duty when the request has been released and it was not written before. */
STATUS_RESULT review_then_due(struct review_book *book, struct review_record *record, struct err *err);
/* The webhook that is to be told of the release, by its name; NULL: none, or not any more. Borrowed. */
const char *review_then_webhook(const struct review_record *record);
/* What became of that; `error` NULL: it was delivered. What was told before stays. */
STATUS_RESULT review_then_webhook_told(struct review_book *book, const char *id, const char *error,
                                       int64_t now_ns, struct err *err);
/* As lists show it, without internal members, and without votes while they are blind; new. */
json_t *review_record_brief(const struct review_record *record);
/* The same with what says who may see it (core/review/sight.h). */
json_t *review_record_seen(const struct review_record *record);
const char *review_record_text(const struct review_record *record, const char *member);
int64_t review_record_number(const struct review_record *record, const char *member);
json_t *review_time_json(int64_t unix_ns);
json_t *review_seconds_json(int64_t ms);
/* {"id","name","kind"?}; new. */
json_t *review_person_json(const struct review_person *person);
/* Whoever acts by themselves. */
extern const struct review_person review_server;

/* --- files of a request (review_files.c) --- */

/* Stores the inputs of a revision, and names them in `ret_array`. The record has the revision before. */
STATUS_RESULT review_files_put(struct review_book *book, const struct review_record *record,
                               const struct review_revision *revision, json_t *ret_array, struct err *err);
/* True if the request has had every input that is named by its hash. */
bool review_files_there(const struct review_record *record, const struct review_revision *revision);
/* Stores what a run made, and names it in the record; nothing is said where nobody can tell. */
STATUS_RESULT review_files_take(struct review_book *book, struct review_record *record,
                                const struct review_run_files *files, struct err *err);

#endif
