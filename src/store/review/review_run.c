/* SPDX-License-Identifier: MIT */
/* review_run.c — what the durable half asks and tells: what is due, how a run ended, that time is over. */
#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "store/review/review_rule.h"
#include "wire/json/canonical.h"
#include "wire/json/json.h"

void review_step_fini(struct review_step *step)
{
    json_decref(step->request);
    step->request = NULL;
    buf_fini(&step->code);
}

/* What is due now. */
void review_record_due(const struct review_record *record, struct review_step *step)
{
    step->request = json_incref(record->doc);
    step->run = review_record_number(record, "run");
    step->is_step = review_in_step(record->state);
    step->deadline_ns = review_record_next_ns(record);
    step->due = REVIEW_DUE_END;
    if (review_is_unread(record) && record->state == REVIEW_QUEUED)
        step->due = REVIEW_DUE_READ;
    else if (review_to_run(record->state))
        step->due = REVIEW_DUE_RUN;
    else if (review_waits(record->state))
        step->due = REVIEW_DUE_WAIT;
}

/* --- a run begins --- */

static void break_off(json_t *run, const struct review_run_break *broken, int64_t now_ns)
{
    json_object_set_new(run, "endedAt", review_time_json(now_ns));
    json_object_set_new(run, "ended", json_string(broken->ended));
    json_object_set_new(run, "why", json_string(broken->why));
    json_object_set_new(run, "words", json_string(broken->words));
}

/* A run that was begun and of whose end nobody has told was lost with whoever ran it. */
static void end_lost_run(struct review_record *record, int64_t now_ns)
{
    static const struct review_run_break lost = {
        "interrupted", "lost", "The server went away during the run; nobody knows how far it came."};
    json_t *run = review_record_run(record);
    if (run && !json_object_get(run, "ended"))
        break_off(run, &lost, now_ns);
}

static enum status begin_run(struct review_book *book, struct review_record *record, int64_t now_ns,
                             struct err *err)
{
    unsigned actions;
    json_t *runs = json_object_get(record->doc, "runs");
    bool is_step = review_in_step(record->state);
    int64_t number = (int64_t)json_array_size(runs) + 1,
            attempts = review_record_number(record, "attempts") + !is_step;
    end_lost_run(record, now_ns);
    (void)review_record_move(record, REVIEW_EVENT_RUN_STARTED, now_ns, &actions);
    json_object_set_new(record->doc, "run", json_integer((json_int_t)number));
    json_object_set_new(record->doc, "attempts", json_integer((json_int_t)attempts));
    json_array_append_new(runs, json_pack("{s:I, s:I, s:o, s:I}", "number", (json_int_t)number, "revision",
                                          (json_int_t)review_record_number(record, "revision"), "startedAt",
                                          review_time_json(now_ns), "attempts", (json_int_t)attempts));
    if (is_step)
        json_object_set_new(json_array_get(runs, (size_t)number - 1), "step", json_string("then"));
    enum status status = review_record_save(book, record, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_record_tell(book, record, "run_started", now_ns, err);
}

static enum status write_outside(struct review_book *book, struct review_record *record, json_t *error,
                                 int64_t now_ns, struct err *err);

/* The step was begun, and whoever ran it is gone: it may have been done or not, and is not done twice. */
static enum status lose_step(struct review_book *book, struct review_record *record, int64_t now_ns,
                             struct err *err)
{
    unsigned actions;
    end_lost_run(record, now_ns);
    const char *words = json_member_text(review_record_run(record), "words");
    json_t *error = json_pack("{s:s, s:s}", "type", "StepLost", "message", text_or(words, ""));
    (void)review_record_move(record, REVIEW_EVENT_RUN_STARTED, now_ns, &actions);
    enum status status = error ? write_outside(book, record, error, now_ns, err) : err_no_memory(err);
    json_decref(error);
    return status;
}

/* A run begins, or is about to be looked at whether it may; either needs the code. */
static enum status begin_step(struct review_book *book, struct review_record *record, int64_t now_ns,
                              struct buf *ret_code, struct err *err)
{
    bool is_reading = review_is_unread(record);
    const json_t *of = review_in_step(record->state) ? review_then_code(record) : NULL;
    const char *sha256 = json_string_value(
        of ? json_object_get(of, "sha256") : json_object_get(review_record_revision(record), "codeSha256"));
    enum status status = is_reading ? STATUS_OK : begin_run(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_book_blob(book, text_or(sha256, ""), ret_code, err);
    if (status == STATUS_OK && is_reading)
        return review_then_append(book, record, ret_code, err);
    return status;
}

enum status review_book_step(struct review_book *book, const char *id, bool begin, int64_t now_ns,
                             struct review_step *ret_step, struct err *err)
{
    struct review_record record;
    review_step_fini(ret_step);
    *ret_step = (struct review_step){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    if (begin && record.state == REVIEW_THEN_RUNNING)
        status = lose_step(book, &record, now_ns, err);
    else if (begin && review_to_run(record.state))
        status = begin_step(book, &record, now_ns, &ret_step->code, err);
    review_record_due(&record, ret_step);
    review_record_fini(&record);
    return status;
}

/* --- a run ends --- */

static void copy_member(json_t *to, const json_t *from, const char *name)
{
    if (json_object_get(from, name))
        json_object_set(to, name, json_object_get(from, name));
}

/* What the run's row says of its end. */
static void note_end(struct review_record *record, const struct review_run_end *end, int64_t now_ns)
{
    json_t *run = review_record_run(record);
    const json_t *result = json_object_get(end->outcome, "result");
    const char *ended = json_is_true(json_object_get(end->outcome, "succeeded")) ? "succeeded" : "failed";
    if (end->cancelled)
        ended = "cancelled";
    json_object_set_new(run, "endedAt", review_time_json(now_ns));
    json_object_set_new(run, "ended", json_string(ended));
    copy_member(run, end->outcome, "why");
    copy_member(run, end->outcome, "words");
    copy_member(run, result, "status");
    copy_member(run, result, "executionTimeInMilliseconds");
}

/* `content` as a blob of the run, named by `hash_name` and `size_name` in its row. Nothing for what is empty. */
static enum status keep_bytes(struct review_book *book, struct review_record *record, struct bytes content,
                              const char *hash_name, const char *size_name, struct err *err)
{
    char sha256[SECRET_HASH_SIZE + 1];
    json_t *run = review_record_run(record);
    if (content.size == 0)
        return STATUS_OK;
    enum status status = review_blob_put(book, record->row, content, sha256, err);
    if (status != STATUS_OK)
        return status;
    json_object_set_new(run, hash_name, json_string(sha256));
    json_object_set_new(run, size_name, json_integer((json_int_t)content.size));
    return STATUS_OK;
}

/* What came of the run, whatever has become of the request meanwhile: its output can be read again, and what it did stays known. */
static enum status keep_run(struct review_book *book, struct review_record *record,
                            const struct review_run_end *end, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    json_t *effects = json_object_get(end->outcome, "effects");
    enum status status = effects ? canonical_append(&text, effects, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = keep_bytes(book, record, buf_peek(&text), "effectsSha256", "effectsBytes", err);
    if (status == STATUS_OK)
        status = keep_bytes(book, record, end->result, "resultSha256", "resultBytes", err);
    return status;
}

/* The session is kept for the step that may follow. */
static void keep_session(struct review_record *record, const struct review_run_end *end)
{
    if (end->session && review_then_code(record))
        json_object_set_new(record->doc, REVIEW_SESSION,
                            json_pack("{s:s, s:s*}", "identifier", end->session, "guid", end->session_guid));
}

/* The result becomes the request's … */
static void keep_result(struct review_record *record, const struct review_run_end *end)
{
    static const char *const shown[] = {"sha256", "sha256Covers", "template"};
    json_object_set_new(record->doc, "_result",
                        json_pack("{s:O, s:I}", "sha256",
                                  json_object_get(review_record_run(record), "resultSha256"), "size",
                                  (json_int_t)end->result.size));
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        copy_member(record->doc, end->outcome, shown[i]);
}

/* … and what there is to decide about: what it made, and that by the policy that has just ruled. */
static enum status sign_result(struct review_book *book, struct review_record *record,
                               const struct review_run_end *end, struct err *err)
{
    enum status status = review_files_take(book, record, &end->files, err);
    if (status == STATUS_OK)
        status = review_record_manifest(book, record, err);
    if (status == STATUS_OK)
        json_object_set(review_record_run(record), "manifestSha256",
                        json_object_get(record->doc, "manifestSha256"));
    return status;
}

static json_t *run_details(const struct review_record *record, const struct review_run_end *end)
{
    static const char *const told[] = {"succeeded", "sha256", "template", "cause", "why"};
    static const char *const kept[] = {"ended", "effectsSha256"};
    json_t *details = json_pack("{s:I, s:I}", "run", (json_int_t)end->run, "revision",
                                (json_int_t)review_record_number(record, "revision"));
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        copy_member(details, end->outcome, told[i]);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        copy_member(details, review_record_run(record), kept[i]);
    copy_member(details, record->doc, "manifestSha256");
    const json_t *policy = json_object_get(record->doc, "policy");
    if (policy)
        json_object_set(details, "policy", json_object_get(policy, "version"));
    return details;
}

/* --- what it comes to --- */

/* `decided`: now, and not before the run. */
static enum status tell_end(struct review_book *book, const struct review_record *record, bool decided,
                            int64_t now_ns, struct err *err)
{
    static const struct {
        enum review_state state;
        const char *told;
    } rows[] = {{REVIEW_FAILED, "failed"},
                {REVIEW_REJECTED, "rejected"},
                {REVIEW_WAITING_AFTER, "waiting"},
                {REVIEW_APPROVED, "released"}};
    enum status status = STATUS_OK;
    if (decided && (record->state == REVIEW_APPROVED || record->state == REVIEW_THEN_DUE))
        status = review_record_tell(book, record, "approved", now_ns, err);
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_SIZE(rows); i++)
        if (rows[i].state == record->state)
            status = review_record_tell(book, record, rows[i].told, now_ns, err);
    return status;
}

/* What came of the run is what the rules say: nothing of code that raised, and nobody is asked twice. */
static bool takes_effect(enum review_event event, const struct review_ruling *ruling)
{
    if (event == REVIEW_EVENT_RUN_ALLOWED)
        return ruling->outcome.settled == POLICY_ALLOW;
    return event != REVIEW_EVENT_RUN_FAILED;
}

/* What was decided before the run is final; a result that cannot be shown fails, whatever a policy says. */
static enum status judge(struct review_book *book, struct review_record *record,
                         const struct review_run_end *end, int64_t now_ns, enum review_event *ret_event,
                         struct err *err)
{
    bool succeeded = json_is_true(json_object_get(end->outcome, "succeeded"));
    /* nobody is asked any more */
    bool asks_failures =
        json_is_true(json_object_get(record->doc, "_reviewFailures")) && !review_in_step(record->state);
    *ret_event = succeeded || asks_failures ? REVIEW_EVENT_RUN_SHOWN : REVIEW_EVENT_RUN_FAILED;
    if (!end->showable)
        *ret_event = REVIEW_EVENT_RUN_FAILED;
    if (!end->showable || record->state != REVIEW_RUNNING)
        return STATUS_OK;

    struct review_ruling ruling;
    const json_t *effects = json_object_get(end->outcome, "effects");
    enum status status = review_rule(book, record, POLICY_AFTER_RUN, effects, now_ns, &ruling, err);
    if (status == STATUS_OK)
        status = review_ruling_keep(book, record, &ruling, now_ns, err);
    if (status == STATUS_OK) {
        *ret_event = review_ruling_event(record, &ruling, succeeded);
        status =
            review_rules_count(book, record, &ruling.outcome, takes_effect(*ret_event, &ruling), now_ns, err);
    }
    review_ruling_fini(&ruling);
    return status;
}

/* The move, the decision where nobody is asked, and the release. */
static enum status conclude(struct review_book *book, struct review_record *record,
                            const struct review_run_end *end, enum review_event event, int64_t now_ns,
                            bool *ret_decided, struct err *err)
{
    unsigned actions;
    if (review_record_move(record, event, now_ns, &actions) != REVIEW_MOVED)
        return STATUS_OK;
    if (record->state == REVIEW_FAILED && end->error)
        json_object_set(record->doc, "error", end->error);
    *ret_decided = actions & REVIEW_ACTION_DECIDE;
    enum status status = STATUS_OK;
    if (*ret_decided)
        status = review_decide_by_rule(book, record, event == REVIEW_EVENT_RUN_ALLOWED, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_release_note(book, record, actions, now_ns, err);
}

/* ORDER: the entry of the run stands before the one of a decision that follows it by itself. */
static enum status write_end(struct review_book *book, struct review_record *record,
                             const struct review_run_end *end, int64_t now_ns, struct err *err)
{
    enum review_event event = REVIEW_EVENT_RUN_FAILED;
    bool is_due = review_to_run(record->state), decided = false; /* else the request is over */
    note_end(record, end, now_ns);
    keep_session(record, end);
    enum status status = keep_run(book, record, end, err);
    if (status == STATUS_OK && is_due && end->result.size > 0)
        keep_result(record, end);
    if (status == STATUS_OK && is_due)
        status = judge(book, record, end, now_ns, &event, err);
    if (status == STATUS_OK && is_due && end->result.size > 0)
        status = sign_result(book, record, end, err);
    if (status == STATUS_OK && is_due && end->result.size > 0)
        status = review_template_note(book, record, err);
    if (status == STATUS_OK)
        status = review_record_audit(book, record, AUDIT_RUN_ENDED, &review_server, run_details(record, end),
                                     now_ns, err);
    if (status == STATUS_OK && is_due)
        status = conclude(book, record, end, event, now_ns, &decided, err);
    if (status == STATUS_OK)
        status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_record_tell(book, record, "run_ended", now_ns, err);
    if (status == STATUS_OK && is_due)
        status = tell_end(book, record, decided, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_take_early(book, record, now_ns, err);
}

/* A run that was broken off, or has an end, takes no other one: a worker that was away may come back with it. */
enum status review_book_run_ended(struct review_book *book, const char *id, const struct review_run_end *end,
                                  int64_t now_ns, struct review_step *ret_step, struct err *err)
{
    struct review_record record;
    review_step_fini(ret_step);
    *ret_step = (struct review_step){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    const json_t *run = review_record_run(&record);
    bool present = run && end->run == review_record_number(&record, "run") && !json_object_get(run, "ended");
    if (present)
        status = write_end(book, &record, end, now_ns, err);
    review_record_due(&record, ret_step);
    review_record_fini(&record);
    return status;
}

enum status review_book_run_broken_off(struct review_book *book, const char *id, int64_t run_number,
                                       const struct review_run_break *broken, int64_t now_ns, struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    json_t *run = review_record_run(&record);
    if (run && run_number == review_record_number(&record, "run") && !json_object_get(run, "ended")) {
        break_off(run, broken, now_ns);
        status = review_record_save(book, &record, now_ns, err);
    }
    review_record_fini(&record);
    return status;
}

/* --- another hand --- */

static enum status write_outside(struct review_book *book, struct review_record *record, json_t *error,
                                 int64_t now_ns, struct err *err)
{
    bool failed = record->state == REVIEW_FAILED;
    if (error)
        json_object_set(record->doc, "error", error);
    end_lost_run(record, now_ns);
    enum status status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_record_audit(book, record, failed ? AUDIT_REQUEST_FAILED : AUDIT_REQUEST_CANCELLED,
                                     &review_server, json_pack("{s:O*}", "error", error), now_ns, err);
    if (status == STATUS_OK)
        return review_record_tell(book, record, failed ? "failed" : "cancelled", now_ns, err);
    return status;
}

enum status review_book_ended_outside(struct review_book *book, const char *id, enum review_state state,
                                      json_t *error, int64_t now_ns, struct review_step *ret_step,
                                      struct err *err)
{
    struct review_record record;
    review_step_fini(ret_step);
    *ret_step = (struct review_step){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    if (!review_over(record.state)) {
        /* From every state; the machine's CANCEL and RUN_FAILED are what people and runs may do. */
        record.state = state;
        json_object_del(record.doc, "_deadlineNs");
        status = write_outside(book, &record, error, now_ns, err);
    }
    review_record_due(&record, ret_step);
    review_record_fini(&record);
    return status;
}
