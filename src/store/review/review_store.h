/* SPDX-License-Identifier: MIT */
/* review_store.h — the book of requests: what was submitted, what ran, who voted, what was decided, what is still to be told.
 *
 * It stands in the same file as the audit log and is written by the same thread, so that what happens and the entry that
 * tells it are one transaction: a call that was answered is on disk with its entry, or neither is.
 *
 *   loop or SDK thread ──job──► thread of the audit log: perform(job, book) in a transaction ──► loop: on_done
 *
 * A job's `perform` calls the functions below; all of one job is one transaction. It may be called a second time, after a
 * disk that was full, and then begins anew. Another database would implement the same functions on a connection of its own.
 *
 * A request is one JSON object, the members of which are those of doc/api.md ("Requests"), plus internal ones whose names
 * begin with '_'. Code, inputs, results and files stand apart as blobs by SHA-256, each once: up to REVIEW_BLOB_INLINE
 * in the database, larger ones as files `blobs/xx/…`. What comes in from outside is a draft (review_draft.h) before. */
#ifndef STORE_REVIEW_STORE_H
#define STORE_REVIEW_STORE_H

#include "core/policy/standing.h"
#include "core/review/machine.h"
#include "core/review/sight.h"
#include "store/audit/audit_log.h"
#include "store/audit/audit_work.h"
#include "store/review/review_draft.h"

/* A member for servers only: {"identifier","guid"?}, the session that is kept for the step behind an approval. */
#define REVIEW_SESSION         "_session"
#define REVIEW_EVENTS_KEPT     10000 /* the outbox forgets the oldest */
#define REVIEW_ROWS_WALKED     1000  /* in one job of a list: a few ms */
#define REVIEW_ID_SIZE         128   /* bytes, with the NUL */
#define REVIEW_SWEEP_PAUSE_NS  (3600 * NS_PER_S)
#define REVIEW_SWEEP_ROWS      1000 /* blobs that one job of a sweep takes out */
#define REVIEW_EMPTIED_AT_ONCE 20   /* requests, likewise */
#define REVIEW_LISTENERS       2
#define REVIEW_STANDING_MAX    1000 /* standing approvals that are neither used up nor expired */

struct review_store;
struct review_book; /* the store within a job */

/* --- pages of lists whose places are numbers --- */

struct review_page {
    int64_t after;     /* the number behind which it begins; 0: at the list's beginning */
    size_t limit;      /* at least 1 */
    bool oldest_first; /* else the newest */
};

/* --- running jobs --- */

/* What was written that others wait for. */
struct review_news {
    int64_t last_event;           /* the number of the last; 0: none */
    bool has_duties;              /* the scheduler is to be told something */
    char request[REVIEW_ID_SIZE]; /* the id of the one that all events are of; "": of several */
};

/* Owned by the caller, who lets it live until on_done was called; usually a member of a larger struct with the arguments and
 * the answer. */
struct review_job {
    struct audit_work work; /* the store's */
    struct review_store *store;
    /* On the store's thread. OK: commit; anything else: nothing of this job happened. What a request answers (already decided,
     * another manifest) is OK and stands in the job's own answer. */
    enum status (*perform)(struct review_job *job, struct review_book *book, struct err *err);
    /* On the loop's thread, never from within review_store_run. */
    void (*on_done)(struct review_job *job, enum status status, const struct err *err);
    bool new_work;           /* refused first when the disk is nearly full */
    bool reads_only;         /* no transaction */
    struct review_news news; /* this and the next are the store's */
    bool has_deliveries;
};

/* Makes or upgrades the tables in the log's file; `folder` is where `blobs` stands; `keep_ns`: how long what a
 * request was about is kept when it is over, where its policy does not say; 0: for ever. FAILED_PRECONDITION: a newer version made
 * them, or the policy in force. Before the log is written to by others. What no request uses any more is swept from here on. */
STATUS_RESULT review_store_open(struct loop *loop, struct audit_log *log, const char *folder, int64_t keep_ns,
                                struct review_store **ret_store, struct err *err);
/* Before the log is closed; no job of others may be under way. Loop's thread, not from a job's end. NULL allowed. */
void review_store_close(struct review_store *store);
/* Loop's thread. */
void review_store_run(struct review_store *store, struct review_job *job);
/* The same on a thread beside the book's: for reading and writing many bytes (review_draft_append, review_blob_read). `perform`
 * gets no book. Loop's thread. */
void review_store_run_beside(struct review_store *store, struct review_job *job);
/* Reads what is committed, on a thread and a connection of its own, so that nobody's writing waits for it: for review_book_list and
 * review_book_read. It sees whatever was told of before. Loop's thread. */
void review_store_read(struct review_store *store, struct review_job *job);
/* Stands still until every job is done and told of. Loop's thread, not from a job's end. */
void review_store_settle(struct review_store *store);
/* Any other thread, which stands still until it is done; `on_done` is the store's. The loop must run. */
STATUS_RESULT review_store_run_wait(struct review_store *store, struct review_job *job, struct err *err);
/* Told on the loop's thread, after events or duties were committed, what they are; once for each job. Up to REVIEW_LISTENERS, each known by
 * its `context`; `on_events` NULL: that one is told no more. */
void review_store_on_events(struct review_store *store,
                            void (*on_events)(void *context, const struct review_news *news), void *context);
/* Told, on the loop's thread, after something was committed that may be due for a webhook now (webhook_book.h). One listener; NULL: none. */
void review_store_on_deliveries(struct review_store *store, void (*on_deliveries)(void *context),
                                void *context);
/* Where drafts are made; lives as long as the store. Any thread. */
struct review_blobs *review_store_blobs(struct review_store *store);
/* Names this book among others, so that a run comes to whoever has its request; lives as long as the store. */
const char *review_store_name(const struct review_store *store);

/* --- what people do; all on the store's thread --- */

/* Texts are UTF-8 and borrowed. */
struct review_person {
    const char *id;
    const char *name;
    /* "local", "user", "application", "server"; who is "local" may decide on own requests */
    const char *kind;
    const char *key; /* of the API key that was used, its name; NULL: signed in in another way */
    const struct bytes *groups;
    size_t group_count;
    const char *const *roles; /* as policies name them */
    size_t role_count;
};

/* An input file. */
struct review_file {
    const char *path;
    const struct review_draft *draft; /* finished; NULL: an input that the request has had, named by … */
    const char *sha256;
};

struct review_submission {
    const char *id; /* chosen by the caller, new */
    /* its orchestration, which is there already and awaits it; NULL: one of its own is to be started */
    const char *instance;
    const char *parent; /* of that; NULL: it has none */
    bool gives_object;  /* to that orchestration, as its input was one (svc/app/step_contract.h) */
    struct review_person by;
    const char *submitted_by, *on_behalf_of, *purpose, *session; /* NULL: not said */
    const char *language;
    const json_t *labels; /* NULL: none; an object of texts */
    const json_t *then;   /* NULL: nothing follows; {"start": {"name","hub","version"?}, "code": a text} */
    enum review_gate gate;
    bool gate_said; /* by the submitter, and not only by default, which is AFTER */
    struct bytes code;
    const struct review_file *files;
    size_t file_count;
    int64_t approval_timeout_ms; /* from the moment that people are asked */
    bool timeout_said;           /* likewise */
    int64_t run_timeout_ms;      /* 0: the pool's own */
    bool review_failures;        /* code that raised waits for people, too */
    const char *key;             /* idempotency; NULL: none. Counts for this person, 24 hours */
    const char *key_body;        /* hash of what it was used for */
};

enum review_outcome {
    REVIEW_DONE,
    REVIEW_DONE_BEFORE,    /* the same key and body: the first answer again */
    REVIEW_KEY_DIFFERS,    /* the same key with another body */
    REVIEW_UNKNOWN,        /* no such request */
    REVIEW_NOT_THEIRS,     /* as if there were none: nobody asks whoever votes */
    REVIEW_REFUSED_OWN,    /* it is their own request, or one on their behalf */
    REVIEW_NO_COMMENT,     /* the policy wants one with this answer */
    REVIEW_NOT_REMEMBERED, /* no standing approval may be made so */
    REVIEW_MANIFEST_DIFFERS,
    REVIEW_RESULT_DIFFERS, /* the older hash of code and result, `sha256` */
    REVIEW_TOO_EARLY,      /* nothing to vote on, or nothing to revise */
    REVIEW_DECIDED_BEFORE,
    REVIEW_OVER_BEFORE,  /* it ended without a decision */
    REVIEW_NOT_ALLOWED,  /* not the submitter's or an operator's */
    REVIEW_NO_INPUT,     /* a file is named by the hash of an input that the request never had */
    REVIEW_VOTED_BEFORE, /* this person, on this manifest, and they wanted to do it once */
    REVIEW_CHANGED,      /* since it was as If-Match names it; looked at by who calls, in the same job */
    REVIEW_NO_STEP,      /* in a session of a name others could run between the code and its step */
};

/* What became of it. `request` is the request afterwards (new reference, NULL for UNKNOWN). */
struct review_answer {
    enum review_outcome outcome;
    json_t *request;
    char differs[200]; /* MANIFEST_DIFFERS: in what; NOT_REMEMBERED: why, a sentence */
};

/* Request, first revision, blobs, the duty to start it, event and audit entry. */
STATUS_RESULT review_book_submit(struct review_book *book, const struct review_submission *submission,
                                 int64_t now_ns, struct review_answer *ret_answer, struct err *err);

enum review_vote_answer { REVIEW_VOTE_APPROVE, REVIEW_VOTE_CHANGES, REVIEW_VOTE_REJECT, REVIEW_VOTE_ANSWERS };

/* "Approve and remember": a standing approval, if everybody whose approval counts wishes for the same. */
struct review_remember {
    enum policy_standing_of of;
    const char *whom; /* "submitter": theirs; "label:KEY": anybody's with this label of the request */
    int64_t lasts_s;  /* 0: as long as the policy lets */
    int64_t uses;
};

struct review_vote {
    struct review_person by;
    const char *by_said; /* a name that the body claims and nobody has proven; NULL: none */
    enum review_vote_answer answer;
    const char *comment;                    /* NULL: none */
    const char *manifest_sha256;            /* what was seen; NULL: the one that is there */
    const char *sha256;                     /* likewise, the older hash */
    const char *via;                        /* "api", "link", "slack" */
    bool once;                              /* not if the same person has voted on this manifest already */
    const struct review_viewer *viewer;     /* the same person, for what they may see */
    const struct review_remember *remember; /* NULL: nothing */
};

/* The vote, and the decision if it completes the policy: the first wins. */
STATUS_RESULT review_book_vote(struct review_book *book, const char *id, const struct review_vote *vote,
                               int64_t now_ns, struct review_answer *ret_answer, struct err *err);

/* HumanApproval came from another client of the scheduler, or is our own, which says nothing new. It decides, without a name; one that
 * comes before the run is over counts then, if rules look at the run. A policy may be against it: then that is in the log and nothing else
 * happens. OK also for a request that is not there. */
STATUS_RESULT review_book_outside(struct review_book *book, const char *id, bool approved, int64_t now_ns,
                                  struct err *err);

struct review_revision {
    struct review_person by;
    struct bytes code;
    const struct review_file *files;
    size_t file_count;
    bool same_files; /* those of the revision before; there are no others then */
    /* its "code", a text or null, takes the place of the step of before; NULL: the same step */
    const json_t *then;
    const char *comment; /* NULL: none */
};

/* The next revision; earlier votes count no more. Only by the submitter. */
STATUS_RESULT review_book_revise(struct review_book *book, const char *id,
                                 const struct review_revision *revision, int64_t now_ns,
                                 struct review_answer *ret_answer, struct err *err);
/* `operator_too`: whoever it is may, although it is not their request. */
STATUS_RESULT review_book_cancel(struct review_book *book, const char *id, const struct review_person *by,
                                 bool operator_too, const char *reason, int64_t now_ns,
                                 struct review_answer *ret_answer, struct err *err);

/* --- looking --- */

/* The first two have the member REVIEW_VOTED_BY, for review_sight; review_hold_back takes it out again. */
enum review_detail {
    REVIEW_BRIEF, /* as in lists */
    REVIEW_FULL,  /* with code and result, and what runs did */
    REVIEW_RAW,   /* with the internal members, without those */
};

/* NOT_FOUND: no such request. Ids are compared without regard to case. Here and above a request is also known by the
 * instance id of its orchestration, exactly; the last one, if several had it. */
STATUS_RESULT review_book_read(struct review_book *book, const char *id, enum review_detail detail,
                               json_t **ret_request, struct err *err);

/* A request stands behind (created, id), or (deadline, id), in the order that was asked for. */
struct review_filter {
    const char *const *states; /* as shown; none: all */
    size_t state_count;
    const char *own_of; /* the id of the only submitter whose requests may be seen; NULL: all */
    const struct review_viewer *viewer; /* only those that they may see; NULL: all */
    const char *submitter;              /* id or name; NULL: all */
    const char *reviewer;               /* id or name of who voted; by no vote that is blind; NULL: all */
    const char *label_key;              /* NULL: all */
    const char *label_value;
    const char *rule;           /* that matched when it was last ruled; NULL: all */
    const char *text;           /* words of code and purpose; NULL: all */
    int64_t since_ns, until_ns; /* of creation; 0: no bound */
    bool newest_first;
    /* only those that wait for somebody, the soonest end of it first; it has no text then, and places are
     * deadlines */
    bool by_deadline;
    int64_t after_ns; /* 0: from the beginning */
    const char *after_id;
    size_t limit;
};

/* How far a list was read. One job looks at so many rows only, since everything else waits for it. */
struct review_walk {
    bool cut; /* there may be more behind (at_ns, at_id), although the page is not full */
    int64_t at_ns;
    char at_id[REVIEW_ID_SIZE];
    int64_t rows; /* that were looked at */
};

/* Brief requests as a new array. INVALID_ARGUMENT: `text` cannot be searched for. */
STATUS_RESULT review_book_list(struct review_book *book, const struct review_filter *filter,
                               json_t **ret_requests, struct review_walk *ret_walk, struct err *err);
/* Appends the bytes, which are those of the hash. NOT_FOUND: there is no such blob (any more). */
STATUS_RESULT review_book_blob(struct review_book *book, const char *sha256, struct buf *out,
                               struct err *err);

/* The same of a request (as REVIEW_RAW, or as it is shown): what its time has taken is not there, although another request may have the
 * same bytes. Manifests, which stay, are for review_book_blob. */
STATUS_RESULT review_book_blob_of(struct review_book *book, const json_t *request, const char *sha256,
                                  struct buf *out, struct err *err);

/* What the present run of a request (as REVIEW_RAW) made: {"filesFrom","files":[{"path","change","size","sha256"}],"filesNotKept"?:
 * [{"path","change","cause","size"?,"sha256"?}],"filesLeftOut"?}, new. NOT_FOUND: nobody could tell, or retention has taken it. */
STATUS_RESULT review_book_files(struct review_book *book, const json_t *request, json_t **ret_files,
                                struct err *err);

/* A blob that is read piece by piece; it stays readable when it is swept meanwhile. */
struct review_blob {
    size_t size;
    struct buf small; /* all of it, if it stands in the database */
    int fd;           /* else */
};

/* As review_book_blob, but nobody has looked whether the bytes are those of the hash: the reader does. Also on failure the
 * blob may be closed. */
STATUS_RESULT review_book_blob_open(struct review_book *book, const char *sha256,
                                    struct review_blob *ret_blob, struct err *err);
/* Appends up to `size` bytes from `from` on. Any thread. NOT_FOUND: it is shorter than it was. */
STATUS_RESULT review_blob_read(const struct review_blob *blob, size_t from, size_t size, struct buf *out,
                               struct err *err);
void review_blob_close(struct review_blob *blob);

/* Somebody is about to read what a run printed: the first time that they do so before it is released is an entry of the log. */
STATUS_RESULT review_book_output_read(struct review_book *book, const char *id, int64_t run,
                                      const struct review_person *by, int64_t now_ns, struct err *err);

/* --- what the durable half does --- */

/* What is due for a request now. */
enum review_due {
    REVIEW_DUE_READ, /* take the code of revision `revision` apart, then ask again */
    REVIEW_DUE_RUN,  /* run revision `revision` as run `run` */
    REVIEW_DUE_WAIT, /* for people, until `deadline_ns` */
    REVIEW_DUE_END,  /* it is over */
};

struct review_step {
    enum review_due due;
    json_t *request; /* as REVIEW_RAW; owned by the caller */
    int64_t run;
    bool is_step; /* the run is the step behind an approval, in the session that was kept */
    int64_t deadline_ns;
    struct buf code; /* of a run or a reading that is due; owned by the caller */
};
void review_step_fini(struct review_step *step);

/* Asks the record; with `begin_run`, a run that is due begins in it. NOT_FOUND: no such request. */
STATUS_RESULT review_book_step(struct review_book *book, const char *id, bool begin_run, int64_t now_ns,
                               struct review_step *ret_step, struct err *err);

/* What a session said of the code (core/review/syntax.h, borrowed): the policy is asked again. Of a revision that is not the present one,
 * or was read before, it changes nothing. */
STATUS_RESULT review_book_code_read(struct review_book *book, const char *id, int64_t revision,
                                    json_t *syntax, int64_t now_ns, struct review_step *ret_step,
                                    struct err *err);

/* A file that a run made or changed. */
struct review_run_file {
    const char *path;
    const char *change;               /* "made", "changed" */
    const struct review_draft *draft; /* finished; NULL: its bytes are not kept, … */
    const char *cause;                /* … and why, a word */
    int64_t size;                     /* of one that is not kept; -1: not known */
    const char *sha256;               /* likewise; NULL: not known */
};

/* All of them, as far as somebody can tell. */
struct review_run_files {
    /* "report" of the pool, "list" of what is there; NULL: nobody can tell, and there are none */
    const char *from;
    const struct review_run_file *files;
    size_t count;
    int64_t left_out; /* more that are not even named */
};

/* How a run ended, as the pool said. */
struct review_run_end {
    int64_t run;
    bool showable;  /* false: the request fails with `error`, whatever a policy says */
    bool cancelled; /* it was stopped because the request was over */
    /* borrowed: "succeeded","result","sha256","sha256Covers","template"?,"effects"? (core/review/effects.h),
     * "cause"?, "why"? (a word) and "words" (a sentence) of its end */
    json_t *outcome;
    struct bytes result; /* its text */
    /* borrowed, {"type","message","hint"?}: what the request fails with if it does; NULL: none */
    json_t *error;
    struct review_run_files files;
    const char *session,
        *session_guid; /* the pool's session in which it ran, and lives on for the step that may follow; NULL: not
                                           known */
};

/* A run that is not the present one changes nothing. */
STATUS_RESULT review_book_run_ended(struct review_book *book, const char *id,
                                    const struct review_run_end *end, int64_t now_ns,
                                    struct review_step *ret_step, struct err *err);
/* Why nobody knows what a run came to. */
struct review_run_break {
    const char *ended; /* "interrupted": it may be begun again; "cancelled" */
    const char *why;   /* a word */
    const char *words; /* a sentence */
};

/* Likewise. */
STATUS_RESULT review_book_run_broken_off(struct review_book *book, const char *id, int64_t run_number,
                                         const struct review_run_break *broken, int64_t now_ns,
                                         struct err *err);
/* The deadline has passed; an earlier decision wins, a deadline that lies ahead waits on. */
STATUS_RESULT review_book_time(struct review_book *book, const char *id, int64_t now_ns,
                               struct review_step *ret_step, struct err *err);
/* Its orchestration is over, or was given up, by another hand. `state`: FAILED or CANCELLED. `error` as above; borrowed. */
STATUS_RESULT review_book_ended_outside(struct review_book *book, const char *id, enum review_state state,
                                        json_t *error, int64_t now_ns, struct review_step *ret_step,
                                        struct err *err);

/* --- what is still to be told to the scheduler --- */

#define REVIEW_DUTY_TABLE(X)                                                                                 \
    X(START, "start")       /* the orchestration, with the request's id */                                   \
    X(APPROVED, "approved") /* HumanApproval true */                                                         \
    X(REJECTED, "rejected") /* HumanApproval false */                                                        \
    X(WAKE, "wake")         /* ReviewChanged: what is due has changed */                                     \
    X(CANCEL, "cancel")     /* terminate it */                                                               \
    X(NEXT, "next")         /* what was to follow its release */

enum review_duty_kind {
#define X(name, text) REVIEW_DUTY_##name,
    REVIEW_DUTY_TABLE(X)
#undef X
        REVIEW_DUTY_KINDS
};

/* Written with what makes it necessary, done at least once, then struck out. Numbers of kinds are in data folders. */
struct review_duty {
    int64_t number;
    enum review_duty_kind kind;
    char id[64];                   /* of the request */
    char instance[REVIEW_ID_SIZE]; /* of its orchestration */
    bool goes_on;                  /* the request is not over: there is to be an orchestration */
    int64_t approval_timeout_ms;
    int64_t run_timeout_ms;
    bool review_failures;
    char submitted_by[256]; /* "": not said */
};

/* Those behind `after`, oldest first. */
STATUS_RESULT review_book_duties(struct review_book *book, int64_t after, struct review_duty *ret_duties,
                                 size_t capacity, size_t *ret_count, struct err *err);
STATUS_RESULT review_book_duty_done(struct review_book *book, int64_t number, struct err *err);

/* --- what follows a release --- */

/* The orchestration that is to be started: `then.start` of the request. */
struct review_next {
    json_t *start;    /* {"name","hub","version"?, …}; owned by the caller */
    struct buf input; /* a text of C: {"requestId","manifestSha256","result"}; owned by the caller */
    char instance[REVIEW_ID_SIZE + 8]; /* the same each time, so that what was started twice is there once */
};
void review_next_fini(struct review_next *next);
STATUS_RESULT review_book_next(struct review_book *book, const char *id, struct review_next *ret_next,
                               struct err *err);

struct review_next_outcome {
    int64_t duty; /* its number */
    const char *instance;
    const char *error_type; /* NULL: it was started; else it cannot be, however often it is tried */
    const char *error_text;
};

/* Strikes the duty out, and says so in the request, the log and an event. */
STATUS_RESULT review_book_next_told(struct review_book *book, const char *id,
                                    const struct review_next_outcome *outcome, int64_t now_ns,
                                    struct err *err);

/* --- events --- */

struct review_event_filter {
    int64_t after;      /* -1: behind the last */
    const char *object; /* "requests/ID"; NULL: all */
    const char *type;   /* "sallyport.request.approved"; NULL: all */
    size_t limit;
    bool for_sight; /* `data` keeps REVIEW_VOTED_BY, for review_sight */
};

/* CloudEvents as a new array, {"id","specversion","source","type","subject","time","sequence","data"}; `*ret_last`: the number
 * up to which was looked; less than `after` if there never was an event of that number. */
STATUS_RESULT review_book_events(struct review_book *book, const struct review_event_filter *filter,
                                 json_t **ret_events, int64_t *ret_last, struct err *err);

#endif
