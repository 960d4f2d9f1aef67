/* SPDX-License-Identifier: MIT */
/* review_wait.c — waiting for people: until when, when they are reminded and who is asked besides from then on, and what becomes of a
 * request that nobody decided in time. Times stand in the record; who tells that one has come is the orchestration's timer, which survives a
 * restart. */
#include "base/duration.h"
#include "store/review/review_rule.h"

/* A timer of a scheduler whose clock is ahead by this much is taken as due. */
#define CLOCK_SLACK_NS (2 * NS_PER_S)

#define DEADLINE  "_deadlineNs"
#define REMINDERS "_remindersNs" /* those that lie ahead, the next first */

/* --- a wait begins and ends --- */

/* What lies before the wait has passed already, and the submitter who is asked for changes is nobody's reviewer. */
static void begin_reminders(struct review_record *record, int64_t deadline_ns, int64_t now_ns)
{
    const json_t *before = json_object_get(record->doc, REVIEW_REMIND_BEFORE);
    json_t *times = json_array();
    for (size_t i = 0; record->state != REVIEW_CHANGES && i < json_array_size(before); i++) {
        int64_t at_ns = deadline_ns - json_integer_value(json_array_get(before, i));
        if (at_ns > now_ns)
            json_array_append_new(times, json_integer((json_int_t)at_ns));
    }
    if (json_array_size(times) > 0)
        json_object_set(record->doc, REMINDERS, times);
    else
        json_object_del(record->doc, REMINDERS);
    json_decref(times);
}

/* Of the reminders, for whoever looks. */
static void show_next(struct review_record *record)
{
    const json_t *next = json_array_get(json_object_get(record->doc, REMINDERS), 0);
    if (next)
        json_object_set_new(record->doc, "nextReminder", review_time_json(json_integer_value(next)));
    else
        json_object_del(record->doc, "nextReminder");
}

/* By the ruling that is kept; a record of an older release has only what was submitted. */
void review_wait_begin(struct review_record *record, int64_t now_ns)
{
    bool ruled = json_object_get(record->doc, "_waitMs") != NULL;
    int64_t wait_ms = review_record_number(record, ruled ? "_waitMs" : "_approvalTimeoutMs");
    int64_t deadline_ns = now_ns + wait_ms * NS_PER_MS;
    json_object_set_new(record->doc, DEADLINE, json_integer((json_int_t)deadline_ns));
    json_object_set_new(record->doc, "deadline", review_time_json(deadline_ns));
    begin_reminders(record, deadline_ns, now_ns);
    show_next(record);
}

void review_wait_end(struct review_record *record)
{
    json_object_del(record->doc, DEADLINE);
    json_object_del(record->doc, REMINDERS);
    show_next(record);
    if (!review_over(record->state)) /* what is over shows the deadline that it had */
        json_object_del(record->doc, "deadline");
}

int64_t review_record_next_ns(const struct review_record *record)
{
    const json_t *next = json_array_get(json_object_get(record->doc, REMINDERS), 0);
    return next ? json_integer_value(next) : review_record_number(record, DEADLINE);
}

/* --- a reminder --- */

/* Several may have passed at once: while the server was down, or since the wait is short. */
static void drop_passed(struct review_record *record, int64_t now_ns)
{
    json_t *times = json_object_get(record->doc, REMINDERS);
    while (json_array_size(times) > 0 &&
           json_integer_value(json_array_get(times, 0)) - CLOCK_SLACK_NS <= now_ns)
        (void)json_array_remove(times, 0);
    show_next(record);
}

static enum status write_reminder(struct review_book *book, struct review_record *record,
                                  const struct policy_outcome *outcome, int64_t now_ns, struct err *err)
{
    json_t *also = NULL;
    drop_passed(record, now_ns);
    enum status status = review_escalate(record, outcome, &also, err);
    if (status != STATUS_OK)
        return status;
    json_t *details =
        json_pack("{s:O*, s:O*, s:o*}", "deadline", json_object_get(record->doc, "deadline"),
                  "manifestSha256", json_object_get(record->doc, "manifestSha256"), "escalatedTo", also);
    status = review_record_save(book, record, now_ns, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }
    status = review_record_audit(book, record, AUDIT_REQUEST_REMINDED, &review_server, details, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_record_tell(book, record, "reminder", now_ns, err);
}

static enum status remind(struct review_book *book, struct review_record *record, int64_t now_ns,
                          struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct policy_outcome outcome;
    enum status status = review_outcome_of(record, &arena, &outcome, err);
    if (status != STATUS_OK)
        return status;
    return write_reminder(book, record, &outcome, now_ns, err);
}

/* --- time is over --- */

static enum status write_time_out(struct review_book *book, struct review_record *record, int64_t now_ns,
                                  struct err *err)
{
    json_t *details = json_pack("{s:O*, s:O*}", "deadline", json_object_get(record->doc, "deadline"),
                                "manifestSha256", json_object_get(record->doc, "manifestSha256"));
    enum status status = review_record_save(book, record, now_ns, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }
    bool failed = record->state == REVIEW_FAILED;
    status = review_record_audit(book, record, AUDIT_REQUEST_TIMED_OUT, &review_server, details, now_ns, err);
    if (status == STATUS_OK)
        return review_record_tell(book, record, failed ? "failed" : "timed_out", now_ns, err);
    return status;
}

/* What becomes of it, by what was promised when people were asked. */
static enum status time_out(struct review_book *book, struct review_record *record, int64_t now_ns,
                            struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct policy_outcome outcome;
    unsigned actions;
    enum status status = review_outcome_of(record, &arena, &outcome, err);
    if (status != STATUS_OK)
        return status;
    bool fails = outcome.terms[POLICY_ON_TIMEOUT] == POLICY_ON_TIMEOUT_FAIL;
    enum review_event event = fails ? REVIEW_EVENT_TIME_FAILS : REVIEW_EVENT_TIME;
    if (review_record_move(record, event, now_ns, &actions) != REVIEW_MOVED)
        return STATUS_OK;
    if (fails)
        json_object_set_new(
            record->doc, "error",
            json_pack("{s:s, s:s}", "type", "TimedOut", "message", "Nobody decided in time."));
    return write_time_out(book, record, now_ns, err);
}

enum status review_book_time(struct review_book *book, const char *id, int64_t now_ns,
                             struct review_step *ret_step, struct err *err)
{
    struct review_record record;
    review_step_fini(ret_step);
    *ret_step = (struct review_step){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    bool waits = review_waits(record.state);
    if (waits && now_ns >= review_record_number(&record, DEADLINE) - CLOCK_SLACK_NS)
        status = time_out(book, &record, now_ns, err);
    else if (waits && now_ns >= review_record_next_ns(&record) - CLOCK_SLACK_NS)
        status = remind(book, &record, now_ns, err);
    review_record_due(&record, ret_step);
    review_record_fini(&record);
    return status;
}
