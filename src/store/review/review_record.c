/* SPDX-License-Identifier: MIT */
/* review_record.c — a request in hand: from its row and back, and what every change of it has in common. */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "core/review/manifest.h"
#include "store/review/review_store_internal.h"
#include "wire/json/json.h"

#define EVENT_TYPE_PREFIX "sallyport.request."

const struct review_person review_server = {"server", "sallyport", "server"};

/* --- texts and numbers --- */

const char *review_record_text(const struct review_record *record, const char *member)
{
    return json_member_text(record->doc, member);
}

int64_t review_record_number(const struct review_record *record, const char *member)
{
    return json_integer_value(json_object_get(record->doc, member));
}

json_t *review_time_json(int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    time_format(unix_ns, 7, text);
    return json_string(text);
}

json_t *review_seconds_json(int64_t ms)
{
    return ms % 1000 ? json_real((double)ms / 1000) : json_integer((json_int_t)(ms / 1000));
}

json_t *review_person_json(const struct review_person *person)
{
    return json_pack("{s:s, s:s, s:s*}", "id", person->id, "name", person->name, "kind", person->kind);
}

/* The last of an array whose "number" is the one that `member` has. */
static json_t *present(const struct review_record *record, const char *array_name, const char *member)
{
    const json_t *array = json_object_get(record->doc, array_name);
    int64_t number = review_record_number(record, member);
    for (size_t i = json_array_size(array); i-- > 0;) {
        json_t *item = json_array_get(array, i);
        if (json_integer_value(json_object_get(item, "number")) == number)
            return item;
    }
    return NULL;
}

json_t *review_record_revision(const struct review_record *record)
{
    return present(record, "revisions", "revision");
}

json_t *review_record_run(const struct review_record *record)
{
    return present(record, "runs", "run");
}

/* Of the policy what a list has room for. */
static json_t *brief_policy(const json_t *policy)
{
    static const char *const shown[] = {"version", "settled", "settledBy", "standing",
                                        "message", "due",     "approvals"};
    json_t *brief = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        if (json_object_get(policy, shown[i]))
            json_object_set(brief, shown[i], json_object_get(policy, shown[i]));
    return brief;
}

/* Internal members, but for those that say who may see it. */
static void drop_internals(json_t *brief, bool for_servers)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(brief, next, name, value)
    {
        bool kept = for_servers && strcmp(name, REVIEW_VOTED_BY) == 0;
        if (name[0] == '_' && !kept)
            json_object_del(brief, name);
    }
}

static json_t *make_brief(const struct review_record *record, bool for_servers)
{
    static const char *const detail[] = {"revisions", "runs", "votes", "files"};
    json_t *brief = json_copy(record->doc);
    const json_t *policy = json_object_get(record->doc, "policy");
    if (!brief)
        return NULL;
    drop_internals(brief, for_servers);
    for (size_t i = 0; i < ARRAY_SIZE(detail); i++)
        json_object_del(brief, detail[i]);
    if (policy)
        json_object_set_new(brief, "policy", brief_policy(policy));
    if (review_is_blind(brief)) {
        json_object_del(brief, "voteCounts");
        json_object_del(brief, "progress");
    }
    return brief;
}

json_t *review_record_brief(const struct review_record *record)
{
    return make_brief(record, false);
}

json_t *review_record_seen(const struct review_record *record)
{
    return make_brief(record, true);
}

/* --- rows --- */

static enum status take_doc(struct review_record *record, struct bytes text, struct err *err)
{
    record->doc = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    if (!record->doc)
        return err_set(err, STATUS_DATA_LOSS, "a request's record cannot be read");
    const char *state = review_record_text(record, "_state"), *gate = review_record_text(record, "gate");
    record->state = state ? review_state_of_stored(bytes_of_cstr(state)) : REVIEW_STATE_COUNT;
    record->gate = gate ? review_gate_of(bytes_of_cstr(gate)) : REVIEW_GATES;
    if (record->state != REVIEW_STATE_COUNT && record->gate != REVIEW_GATES)
        return STATUS_OK;
    review_record_fini(record);
    return err_set(err, STATUS_DATA_LOSS, "a request's record has no state");
}

/* NOT_FOUND: nothing is known by that name in that way. */
static enum status load_by(struct review_book *book, enum review_statement way, struct bytes name,
                           struct review_record *ret_record, struct err *err)
{
    size_t get = review_at(book, way);
    bool there = false;
    *ret_record = (struct review_record){0};
    sqlite_bind_bytes(book->db, get, 1, name);
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status != STATUS_OK || !there)
        return status == STATUS_OK ? err_set(err, STATUS_NOT_FOUND, "no such request") : status;
    ret_record->row = sqlite_column_i64(book->db, get, 0);
    ret_record->created_ns = sqlite_column_i64(book->db, get, 1);
    status = take_doc(ret_record, sqlite_column_bytes(book->db, get, 3), err);
    sqlite_done(book->db, get);
    return status;
}

enum status review_record_load(struct review_book *book, const char *id, struct review_record *ret_record,
                               struct err *err)
{
    char lower[REVIEW_ID_SIZE];
    size_t size = 0;
    for (; id[size] && size + 1 < sizeof lower; size++)
        lower[size] = (char)ascii_lower((uint8_t)id[size]);
    enum status status = load_by(book, REQUEST_GET, bytes_of(lower, size), ret_record, err);
    if (status == STATUS_NOT_FOUND)
        return load_by(book, REQUEST_OF_INSTANCE, bytes_of_cstr(id), ret_record, err);
    return status;
}

void review_record_fini(struct review_record *record)
{
    json_decref(record->doc);
    record->doc = NULL;
}

/* Until when somebody is waited for. */
static void bind_deadline(struct review_book *book, const struct review_record *record, size_t statement,
                          int parameter)
{
    if (json_object_get(record->doc, "_deadlineNs"))
        sqlite_bind_i64(book->db, statement, parameter, review_record_number(record, "_deadlineNs"));
    else
        sqlite_bind_null(book->db, statement, parameter);
}

static enum status insert_row(struct review_book *book, struct review_record *record, struct bytes doc,
                              struct err *err)
{
    const json_t *submitter = json_object_get(record->doc, "submitter");
    const char *name = review_record_text(record, "submittedBy");
    size_t put = review_at(book, REQUEST_PUT);
    bool there = false;
    sqlite_bind_bytes(book->db, put, 1, bytes_of_cstr(review_record_text(record, "id")));
    sqlite_bind_i64(book->db, put, 2, record->created_ns);
    sqlite_bind_bytes(book->db, put, 3, bytes_of_cstr(review_state_shown(record->state)));
    sqlite_bind_bytes(book->db, put, 4, json_member_bytes(submitter, "id"));
    sqlite_bind_bytes(book->db, put, 5, name ? bytes_of_cstr(name) : json_member_bytes(submitter, "name"));
    sqlite_bind_bytes(book->db, put, 6, doc);
    bind_deadline(book, record, put, 7);
    enum status status = sqlite_next(book->db, put, &there, err);
    record->row = there ? sqlite_column_i64(book->db, put, 0) : 0;
    sqlite_done(book->db, put);
    return status;
}

static enum status change_row(struct review_book *book, struct review_record *record, struct bytes doc,
                              struct err *err)
{
    size_t change = review_at(book, REQUEST_CHANGE);
    sqlite_bind_i64(book->db, change, 1, record->row);
    sqlite_bind_bytes(book->db, change, 2, bytes_of_cstr(review_state_shown(record->state)));
    sqlite_bind_bytes(book->db, change, 3, doc);
    bind_deadline(book, record, change, 4);
    return sqlite_run(book->db, change, err);
}

/* The stored state says more than the one that people see; both come from the machine's, here and nowhere else. */
static void write_state(struct review_record *record, int64_t now_ns)
{
    const char *stage = review_state_stage(record->state);
    json_object_set_new(record->doc, "_state", json_string(review_state_stored(record->state)));
    json_object_set_new(record->doc, "state", json_string(review_state_shown(record->state)));
    json_object_set_new(record->doc, "updatedAt", review_time_json(now_ns));
    if (*stage)
        json_object_set_new(record->doc, "stage", json_string(stage));
    else
        json_object_del(record->doc, "stage");
}

/* ORDER: what follows from the state (members, duties) before the row; what counts rows behind it. */
enum status review_record_save(struct review_book *book, struct review_record *record, int64_t now_ns,
                               struct err *err)
{
    write_state(record, now_ns);
    review_then_note(record);
    enum status status = review_then_due(book, record, err); /* whatever it was that released it */
    if (status != STATUS_OK)
        return status;
    CLEANUP(buf_fini) struct buf doc = {0};
    json_append_value(&doc, record->doc);
    if (buf_status(&doc) != STATUS_OK)
        return err_no_memory(err);
    status = record->row ? change_row(book, record, buf_peek(&doc), err)
                         : insert_row(book, record, buf_peek(&doc), err);
    if (status != STATUS_OK)
        return status;
    return review_over_note(book, record, now_ns, err);
}

/* --- what goes with a change --- */

/* It has a number afterwards. */
static enum status put_event(struct review_book *book, struct review_event_row *event, struct err *err)
{
    size_t put = review_at(book, EVENT_PUT);
    bool there = false;
    sqlite_bind_i64(book->db, put, 1, event->at_ns);
    sqlite_bind_bytes(book->db, put, 2, event->type);
    sqlite_bind_bytes(book->db, put, 3, event->subject);
    sqlite_bind_bytes(book->db, put, 4, event->data);
    enum status status = sqlite_next(book->db, put, &there, err);
    if (there)
        event->number = sqlite_column_i64(book->db, put, 0);
    sqlite_done(book->db, put);
    return status;
}

/* Who waits for one request need not look when it was another. */
static void note_news(struct review_book *book, int64_t event, const char *request)
{
    struct review_news *news = &book->news;
    if (news->last_event == 0)
        (void)snprintf(news->request, sizeof news->request, "%s", request);
    else if (strcmp(news->request, request) != 0)
        news->request[0] = '\0';
    news->last_event = event;
}

/* After review_record_save: the event shows the request as it is on disk. In the same transaction, so nothing is
 * told that did not happen. The outbox is trimmed now and then, for a trim costs as much as an event. */
enum status review_record_tell(struct review_book *book, const struct review_record *record, const char *what,
                               int64_t now_ns, struct err *err)
{
    char type[64], subject[128];
    (void)snprintf(type, sizeof type, EVENT_TYPE_PREFIX "%s", what);
    (void)snprintf(subject, sizeof subject, "requests/%s", review_record_text(record, "id"));
    CLEANUP(buf_fini) struct buf data = {0};
    json_t *brief = review_record_seen(record);
    if (brief)
        json_append_value(&data, brief);
    json_decref(brief);
    if (!brief || buf_status(&data) != STATUS_OK)
        return err_no_memory(err);
    struct review_event_row event = {.at_ns = now_ns,
                                     .type = bytes_of_cstr(type),
                                     .subject = bytes_of_cstr(subject),
                                     .data = buf_peek(&data)};
    enum status status = put_event(book, &event, err);
    if (status == STATUS_OK)
        status = review_webhook_event(
            book, &event, strcmp(what, "released") == 0 ? review_then_webhook(record) : NULL, err);
    if (status != STATUS_OK)
        return status;
    note_news(book, event.number, review_record_text(record, "id"));
    if (event.number % 100 != 0)
        return STATUS_OK;
    sqlite_bind_i64(book->db, review_at(book, EVENT_TRIM), 1, event.number - REVIEW_EVENTS_KEPT);
    return sqlite_run(book->db, review_at(book, EVENT_TRIM), err);
}

enum status review_record_duty(struct review_book *book, const struct review_record *record,
                               enum review_duty_kind kind, struct err *err)
{
    size_t statement = review_at(book, DUTY_PUT);
    book->news.has_duties = true;
    sqlite_bind_bytes(book->db, statement, 1, bytes_of_cstr(review_record_text(record, "id")));
    sqlite_bind_i64(book->db, statement, 2, kind);
    return sqlite_run(book->db, statement, err);
}

enum status review_audit(struct review_book *book, const char *object, enum audit_action action,
                         const struct review_person *by, json_t *details, int64_t now_ns, struct err *err)
{
    const struct audit_entry entry = {.action = action,
                                      .actor_id = by->id,
                                      .actor_name = by->name,
                                      .object = object,
                                      .details = details,
                                      .at_ns = now_ns};
    enum status status = details ? audit_scribe_append(book->scribe, &entry, err) : err_no_memory(err);
    json_decref(details);
    return status;
}

enum status review_record_audit(struct review_book *book, const struct review_record *record,
                                enum audit_action action, const struct review_person *by, json_t *details,
                                int64_t now_ns, struct err *err)
{
    char object[128];
    (void)snprintf(object, sizeof object, "requests/%s", review_record_text(record, "id"));
    return review_audit(book, object, action, by, details, now_ns, err);
}

/* --- moves --- */

/* They stay as what somebody said of other bytes. */
static void reset_votes(struct review_record *record)
{
    json_t *vote;
    size_t index;
    json_array_foreach(json_object_get(record->doc, "votes"), index, vote)
    {
        json_object_set_new(vote, "counts", json_false());
        json_object_set_new(vote, "weight", json_string("other-manifest")); /* and not that it counts */
    }
    json_object_del(record->doc, "voteCounts");
    json_object_del(record->doc, "progress");
}

void review_record_begin(struct review_record *record, int64_t now_ns)
{
    record->state = review_begin(record->entry);
    if (review_waits(record->state))
        review_wait_begin(record, now_ns);
}

/* The only writer of `state` but for the ends that come from outside; what the machine's actions say of the record
 * itself is done here, the rest by the caller. */
enum review_verdict review_record_move(struct review_record *record, enum review_event event, int64_t now_ns,
                                       unsigned *ret_actions)
{
    struct review_move move =
        review_apply(record->state, event, record->entry, review_then_code(record) != NULL);
    *ret_actions = move.actions;
    if (move.verdict != REVIEW_MOVED)
        return move.verdict;
    record->state = move.next;
    if (move.actions & REVIEW_ACTION_RESET_VOTES)
        reset_votes(record);
    if (move.actions & REVIEW_ACTION_ASK)
        review_wait_begin(record, now_ns);
    else if (!review_waits(move.next))
        review_wait_end(record);
    if (move.actions & REVIEW_ACTION_RELEASE)
        json_object_set_new(record->doc, "released", json_true());
    return move.verdict;
}

/* --- the manifest --- */

static struct manifest_blob blob_of(const json_t *item, const char *path)
{
    return (struct manifest_blob){.path = path,
                                  .sha256 = json_member_text(item, "sha256"),
                                  .size = json_integer_value(json_object_get(item, "size"))};
}

/* NULL without memory; at least one place. */
static struct manifest_blob *blobs_of(const json_t *files, size_t *ret_count)
{
    *ret_count = json_array_size(files);
    struct manifest_blob *blobs = calloc(*ret_count + 1, sizeof *blobs);
    for (size_t i = 0; blobs && i < *ret_count; i++) {
        const json_t *file = json_array_get(files, i);
        blobs[i] = blob_of(file, json_member_text(file, "path"));
    }
    return blobs;
}

/* NULL: the built-in one. */
static const char *policy_version(const struct review_record *record, char text[static 24])
{
    const json_t *version = json_object_get(json_object_get(record->doc, "policy"), "version");
    if (json_integer_value(version) == 0)
        return NULL;
    (void)snprintf(text, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(version));
    return text;
}

/* What there is to look at: nothing that ran, what it came to, or what the step behind the approval came to. */
static const char *stage_of(const struct review_record *record, bool has_run)
{
    if (review_in_step(record->state))
        return review_state_stage(record->state);
    return has_run ? "after" : "before";
}

enum status review_record_manifest(struct review_book *book, struct review_record *record, struct err *err)
{
    char version[24];
    const json_t *revision = review_record_revision(record), *run = review_record_run(record);
    const json_t *result = json_object_get(record->doc, "_result");
    bool has_run = result != NULL;
    struct manifest_facts facts = {
        .request = review_record_text(record, "id"),
        .revision = review_record_number(record, "revision"),
        .language = review_record_text(record, "language"),
        .gate = review_gate_name(record->gate),
        .stage = stage_of(record, has_run),
        .session = review_record_text(record, "session"),
        .code = {NULL, json_member_text(revision, "codeSha256"),
                 json_integer_value(json_object_get(revision, "codeBytes"))},
        .run = has_run ? review_record_number(record, "run") : 0,
        .policy_version = policy_version(record, version),
        .template_id = has_run ? review_record_text(record, "template") : NULL,
    };
    if (has_run) {
        facts.result = blob_of(result, NULL);
        facts.effects = (struct manifest_blob){NULL, json_member_text(run, "effectsSha256"),
                                               json_integer_value(json_object_get(run, "effectsBytes"))};
        facts.files = blob_of(json_object_get(record->doc, "_files"), NULL);
    }
    facts.then = review_then_promise(record);
    struct manifest_blob *inputs = blobs_of(json_object_get(revision, "files"), &facts.input_count);
    facts.inputs = inputs;

    CLEANUP(buf_fini) struct buf text = {0};
    char sha256[SECRET_HASH_SIZE + 1];
    enum status status = inputs ? manifest_write(&facts, &text, err) : err_no_memory(err);
    free(inputs);
    json_decref(facts.then);
    if (status == STATUS_OK)
        status = review_blob_put(book, record->row, buf_peek(&text), sha256, err);
    if (status == STATUS_OK)
        json_object_set_new(record->doc, "manifestSha256", json_string(sha256));
    return status;
}
