/* SPDX-License-Identifier: MIT */
/* review_standing.c — approvals that stand: made where everybody whose approval counted wanted it, found when the same comes again, used up,
 * revoked. One has the id of the request that it was made with, of which there is one approval at most. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "core/policy/standing.h"
#include "store/review/policy_book.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

#define COVERED "_standing"     /* the one that covers the present revision */
#define USED    "_standingUsed" /* of which it has taken a use */

static const char *const kinds[] = {[POLICY_STANDING_BYTES] = "bytes", [POLICY_STANDING_TREE] = "tree"};

static int64_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* --- rows --- */

struct standing_row {
    int64_t n;
    json_t *doc;
};

static enum status take_row(struct review_book *book, enum review_statement statement,
                            struct standing_row *ret_row, struct err *err)
{
    struct bytes doc = db_column_bytes(book->db, review_at(book, statement), 1);
    *ret_row = (struct standing_row){.n = db_column_i64(book->db, review_at(book, statement), 0),
                                     .doc = json_loadb((const char *)doc.data, doc.size, 0, NULL)};
    return ret_row->doc ? STATUS_OK : err_set(err, STATUS_DATA_LOSS, "a standing approval cannot be read");
}

/* NOT_FOUND. */
static enum status load(struct review_book *book, const char *id, struct standing_row *ret_row,
                        struct err *err)
{
    bool there = false;
    *ret_row = (struct standing_row){0};
    size_t statement = review_at(book, STANDING_GET);
    db_bind_bytes(book->db, statement, 1, bytes_of_cstr(id));
    enum status status = db_next(book->db, statement, &there, err);
    if (status == STATUS_OK && !there)
        status = err_set(err, STATUS_NOT_FOUND, "there is no such standing approval");
    if (status == STATUS_OK)
        status = take_row(book, STANDING_GET, ret_row, err);
    db_done(book->db, statement);
    return status;
}

static enum status save(struct review_book *book, const struct standing_row *row, struct err *err)
{
    char *text = json_dumps(row->doc, JSON_COMPACT);
    if (!text)
        return review_no_memory(err);
    size_t change = review_at(book, STANDING_CHANGE);
    db_bind_i64(book->db, change, 1, row->n);
    db_bind_i64(book->db, change, 2, number_of(row->doc, "usesLeft"));
    db_bind_i64(book->db, change, 3, json_object_get(row->doc, "revokedAt") != NULL);
    db_bind_bytes(book->db, change, 4, bytes_of_cstr(text));
    enum status status = db_run(book->db, change, err);
    free(text);
    return status;
}

static enum status insert(struct review_book *book, const json_t *doc, int64_t expires_ns, struct err *err)
{
    char *text = json_dumps(doc, JSON_COMPACT);
    if (!text)
        return review_no_memory(err);
    size_t put = review_at(book, STANDING_PUT);
    db_bind_bytes(book->db, put, 1, json_member_bytes(doc, "id"));
    db_bind_bytes(book->db, put, 2, json_member_bytes(doc, "sha256"));
    db_bind_i64(book->db, put, 3, expires_ns);
    db_bind_i64(book->db, put, 4, number_of(doc, "usesLeft"));
    db_bind_bytes(book->db, put, 5, bytes_of_cstr(text));
    enum status status = db_run(book->db, put, err);
    free(text);
    return status;
}

static enum status audit(struct review_book *book, const char *id, enum audit_action action,
                         const struct review_person *by, json_t *details, int64_t now_ns, struct err *err)
{
    char object[128];
    (void)snprintf(object, sizeof object, "standing/%s", id);
    return review_audit(book, object, action, by, details, now_ns, err);
}

/* --- for whom --- */

/* The key of "label:env"; NULL: for the submitter. */
static const char *label_of(const char *whom)
{
    static const char prefix[] = "label:";
    return strncmp(whom, prefix, strlen(prefix)) == 0 ? whom + strlen(prefix) : NULL;
}

static json_t *label_value(const struct review_record *record, const char *whom)
{
    return json_object_get(json_object_get(record->doc, "labels"), label_of(whom));
}

/* --- may it be made? --- */

static enum status count_alive(struct review_book *book, int64_t now_ns, int64_t *ret_count, struct err *err)
{
    bool there = false;
    size_t statement = review_at(book, STANDING_COUNT);
    db_bind_i64(book->db, statement, 1, now_ns);
    enum status status = db_next(book->db, statement, &there, err);
    *ret_count = there ? db_column_i64(book->db, statement, 0) : 0;
    db_done(book->db, statement);
    return status;
}

/* Why not, by what the policy lets and what is known; NULL: it may. */
static const char *refusal_of(const struct review_record *record, const struct policy_outcome *outcome,
                              const struct review_remember *remember)
{
    const json_t *revision = review_record_revision(record);
    bool of_tree = remember->of == POLICY_STANDING_TREE;
    if (outcome->terms[POLICY_REMEMBER] == POLICY_REMEMBER_NEVER)
        return "The policy has nothing remembered.";
    if (of_tree && outcome->terms[POLICY_REMEMBER] != POLICY_REMEMBER_TREE)
        return "The policy has only these very bytes remembered (\"of\": \"bytes\").";
    if (of_tree && !json_object_get(revision, "treeSha256"))
        return "Nobody knows the syntax tree of this code.";
    if (remember->lasts_s > outcome->terms[POLICY_REMEMBER_FOR] / NS_PER_S)
        return "It would stand for longer than the policy lets (remember_for).";
    if (label_of(remember->whom) && !label_value(record, remember->whom))
        return "The request has no such label.";
    return NULL;
}

enum status review_standing_check(struct review_book *book, const struct review_record *record,
                                  const struct policy_outcome *outcome,
                                  const struct review_remember *remember, int64_t now_ns,
                                  const char **ret_refusal, struct err *err)
{
    int64_t alive;
    *ret_refusal = refusal_of(record, outcome, remember);
    if (*ret_refusal)
        return STATUS_OK;
    enum status status = count_alive(book, now_ns, &alive, err);
    if (status == STATUS_OK && alive >= REVIEW_STANDING_MAX)
        *ret_refusal = "There are too many standing approvals (limit review-standing-max).";
    return status;
}

json_t *review_remember_json(const struct policy_outcome *outcome, const struct review_remember *remember)
{
    int64_t most_s = MAX(outcome->terms[POLICY_REMEMBER_FOR] / NS_PER_S, 1);
    return json_pack("{s:s, s:s, s:I, s:I}", "of", kinds[remember->of], "for", remember->whom,
                     "expiresInSeconds", (json_int_t)(remember->lasts_s > 0 ? remember->lasts_s : most_s),
                     "uses", (json_int_t)remember->uses);
}

/* --- making --- */

static bool is_counted_approval(const json_t *vote)
{
    return json_is_true(json_object_get(vote, "counts")) &&
           strcmp(text_or(json_member_text(vote, "answer"), ""), "approve") == 0;
}

/* For the shorter time and the fewer uses. False without memory. */
static bool lessen(json_t *wish, const json_t *other)
{
    static const char *const members[] = {"expiresInSeconds", "uses"};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_object_set_new(wish, members[i],
                                json_integer((json_int_t)MIN(number_of(wish, members[i]),
                                                             number_of(other, members[i])))) != 0)
            return false;
    return true;
}

/* What all whose approval counts have in common, and who they are. `*ret_wish` NULL: one of them wants nothing remembered, or something
 * else; then nothing is. */
static enum status common_wish(const struct review_record *record, json_t **ret_wish, json_t *people,
                               struct err *err)
{
    static const char *const same[] = {"of", "for"};
    size_t index;
    json_t *vote;
    *ret_wish = NULL;
    json_array_foreach(json_object_get(record->doc, "votes"), index, vote)
    {
        const json_t *wish = json_object_get(vote, "remember");
        if (!is_counted_approval(vote))
            continue;
        bool agree = wish != NULL;
        for (size_t i = 0; agree && *ret_wish && i < ARRAY_SIZE(same); i++)
            agree = json_equal(json_object_get(wish, same[i]), json_object_get(*ret_wish, same[i]));
        if (!agree) {
            json_decref(*ret_wish);
            *ret_wish = NULL;
            return STATUS_OK;
        }
        if (!*ret_wish)
            *ret_wish = json_deep_copy(wish);
        if (!*ret_wish || !lessen(*ret_wish, wish) ||
            json_array_append(people, json_object_get(vote, "by")) != 0)
            return review_no_memory(err);
    }
    return STATUS_OK;
}

/* What it covers: of a label the value that the request has, of a session the one that it was made in. Takes `people`; NULL without memory. */
static json_t *standing_json(const struct review_record *record, const json_t *wish, json_t *people,
                             int64_t now_ns)
{
    const json_t *revision = review_record_revision(record);
    bool of_tree = strcmp(json_member_text(wish, "of"), kinds[POLICY_STANDING_TREE]) == 0;
    const char *whom = json_member_text(wish, "for"), *label = label_of(whom);
    int64_t uses = number_of(wish, "uses");
    json_t *doc = json_pack("{s:O, s:O, s:O, s:O, s:O*, s:o*, s:o, s:o, s:o, s:I, s:I}", "id",
                            json_object_get(record->doc, "id"), "of", json_object_get(wish, "of"), "sha256",
                            json_object_get(revision, of_tree ? "treeSha256" : "codeSha256"), "language",
                            json_object_get(record->doc, "language"), "session",
                            json_object_get(record->doc, "session"), "then", review_then_promise(record),
                            "by", people, "createdAt", review_time_json(now_ns), "expiresAt",
                            review_time_json(now_ns + number_of(wish, "expiresInSeconds") * NS_PER_S), "uses",
                            (json_int_t)uses, "usesLeft", (json_int_t)uses);
    if (doc && label)
        json_object_set_new(doc, "label",
                            json_pack("{s:s, s:O}", "key", label, "value", label_value(record, whom)));
    else if (doc)
        json_object_set(doc, "submitter", json_object_get(record->doc, "submitter"));
    return doc;
}

static enum status write_standing(struct review_book *book, struct review_record *record, const json_t *doc,
                                  int64_t lasts_s, const struct review_person *by, int64_t now_ns,
                                  struct err *err)
{
    static const char *const shown[] = {"id", "of", "expiresAt", "uses"};
    json_t *made = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        json_object_set(made, shown[i], json_object_get(doc, shown[i]));
    json_object_set_new(record->doc, "standing", made);
    enum status status = insert(book, doc, now_ns + lasts_s * NS_PER_S, err);
    json_t *details = json_copy((json_t *)doc);
    json_object_del(details, "usesLeft");
    if (status == STATUS_OK)
        return audit(book, json_member_text(doc, "id"), AUDIT_STANDING_MADE, by, details, now_ns, err);
    json_decref(details);
    return status;
}

enum status review_standing_make(struct review_book *book, struct review_record *record,
                                 const struct review_person *by, int64_t now_ns, struct err *err)
{
    json_t *wish = NULL, *people = json_array();
    enum status status = people ? common_wish(record, &wish, people, err) : review_no_memory(err);
    if (status != STATUS_OK || !wish) {
        json_decref(people);
        return status;
    }
    json_t *doc = standing_json(record, wish, people, now_ns);
    status = doc ? write_standing(book, record, doc, number_of(wish, "expiresInSeconds"), by, now_ns, err)
                 : review_no_memory(err);
    json_decref(doc);
    json_decref(wish);
    return status;
}

/* --- finding --- */

/* Equal, or neither is there. */
static bool same_value(const json_t *one, const json_t *other)
{
    return (!one && !other) || json_equal(one, other);
}

/* Besides what core/policy/standing.h looks at: it runs in the same way, and nothing more follows. */
static bool is_alike(const struct review_record *record, const json_t *doc)
{
    static const char *const members[] = {"language", "session"};
    json_t *then = review_then_promise(record);
    bool alike = same_value(then, json_object_get(doc, "then"));
    json_decref(then);
    for (size_t i = 0; alike && i < ARRAY_SIZE(members); i++)
        alike = same_value(json_object_get(record->doc, members[i]), json_object_get(doc, members[i]));
    return alike;
}

static bool covers(const struct review_record *record, const json_t *doc, const struct policy_facts *facts,
                   int64_t now_ns)
{
    const json_t *label = json_object_get(doc, "label");
    const char *used = review_record_text(record, USED), *id = json_member_text(doc, "id");
    bool has_used = used && strcmp(used, id) == 0; /* the use that is left is its own */
    int64_t expires_ns = 0;
    if (time_parse(json_member_bytes(doc, "expiresAt"), &expires_ns) != STATUS_OK)
        return false;
    const struct policy_standing standing = {
        .of = strcmp(json_member_text(doc, "of"), kinds[POLICY_STANDING_TREE]) == 0 ? POLICY_STANDING_TREE
                                                                                    : POLICY_STANDING_BYTES,
        .sha256 = json_member_bytes(doc, "sha256"),
        .submitter = json_member_bytes(json_object_get(doc, "submitter"), "id"),
        .label_key = json_member_bytes(label, "key"),
        .label_value = json_member_bytes(label, "value"),
        .expires_at = expires_ns,
        .uses_left = number_of(doc, "usesLeft") + has_used,
        .revoked = json_object_get(doc, "revokedAt") != NULL,
    };
    return policy_standing_covers(&standing, facts, now_ns) && is_alike(record, doc);
}

/* The oldest that covers it; `ret_id` "": none. */
static enum status find_of(struct review_book *book, const struct review_record *record, struct bytes sha256,
                           const struct policy_facts *facts, int64_t now_ns, char ret_id[REVIEW_ID_SIZE],
                           struct err *err)
{
    size_t find = review_at(book, STANDING_FIND);
    bool there = true;
    db_bind_bytes(book->db, find, 1, sha256);
    db_bind_i64(book->db, find, 2, now_ns);
    db_bind_bytes(book->db, find, 3, bytes_of_cstr(text_or(review_record_text(record, USED), "")));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && there && !ret_id[0]) {
        struct standing_row row;
        status = db_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = take_row(book, STANDING_FIND, &row, err);
        if (status == STATUS_OK && covers(record, row.doc, facts, now_ns))
            (void)snprintf(ret_id, REVIEW_ID_SIZE, "%s", json_member_text(row.doc, "id"));
        json_decref(row.doc);
    }
    db_done(book->db, find);
    return status;
}

enum status review_standing_find(struct review_book *book, struct review_record *record,
                                 const struct policy_facts *facts, int64_t now_ns, struct err *err)
{
    const json_t *revision = review_record_revision(record);
    static const char *const members[] = {"codeSha256", "treeSha256"};
    char id[REVIEW_ID_SIZE] = "";
    json_object_del(record->doc, COVERED);
    for (size_t i = 0; i < ARRAY_SIZE(members) && !id[0]; i++) {
        const json_t *sha256 = json_object_get(revision, members[i]);
        enum status status =
            sha256 ? find_of(book, record, json_bytes(sha256), facts, now_ns, id, err) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
    bool whole = !id[0] || json_object_set_new(record->doc, COVERED, json_string(id)) == 0;
    return whole ? STATUS_OK : review_no_memory(err);
}

enum status review_standing_fact(const struct review_record *record, struct arena *arena,
                                 struct policy_facts *facts, struct err *err)
{
    const json_t *id = json_object_get(record->doc, COVERED);
    struct bytes *item = arena_alloc(arena, sizeof *item);
    if (!item)
        return review_no_memory(err);
    *item = json_bytes(id);
    facts->standing = (struct policy_texts){true, item, id ? 1 : 0};
    return STATUS_OK;
}

/* --- using --- */

static enum status take_use(struct review_book *book, const struct review_record *record,
                            struct standing_row *row, int64_t now_ns, struct err *err)
{
    const char *id = json_member_text(row->doc, "id"), *request = review_record_text(record, "id");
    int64_t left = number_of(row->doc, "usesLeft") - 1;
    bool whole = json_object_set_new(row->doc, "usesLeft", json_integer((json_int_t)left)) == 0 &&
                 json_object_set_new(row->doc, "lastUsedAt", review_time_json(now_ns)) == 0 &&
                 json_object_set_new(row->doc, "lastUsedBy", json_string(request)) == 0;
    enum status status = whole ? save(book, row, err) : review_no_memory(err);
    if (status == STATUS_OK)
        status = audit(book, id, AUDIT_STANDING_USED, &review_server,
                       json_pack("{s:s, s:I, s:I}", "request", request, "revision",
                                 (json_int_t)review_record_number(record, "revision"), "usesLeft",
                                 (json_int_t)left),
                       now_ns, err);
    return status;
}

enum status review_standing_use(struct review_book *book, struct review_record *record,
                                const struct policy_outcome *outcome, int64_t now_ns, struct err *err)
{
    struct standing_row row;
    char id[REVIEW_ID_SIZE];
    const char *used = review_record_text(record, USED);
    (void)snprintf(id, sizeof id, "%.*s", BYTES_FMT(outcome->standing));
    if (!id[0] || (used && strcmp(used, id) == 0))
        return STATUS_OK;
    enum status status = load(book, id, &row, err);
    if (status != STATUS_OK)
        return status;
    status = take_use(book, record, &row, now_ns, err);
    json_decref(row.doc);
    if (status == STATUS_OK && json_object_set_new(record->doc, USED, json_string(id)) != 0)
        return review_no_memory(err);
    return status;
}

/* --- looking, and revoking --- */

/* With what has become of it. False without memory. */
static bool add_state(json_t *doc, int64_t now_ns)
{
    int64_t expires_ns = 0;
    const char *state = "active";
    if (json_object_get(doc, "revokedAt"))
        state = "revoked";
    else if (number_of(doc, "usesLeft") <= 0)
        state = "used-up";
    else if (time_parse(json_member_bytes(doc, "expiresAt"), &expires_ns) != STATUS_OK ||
             expires_ns <= now_ns)
        state = "expired";
    return json_object_set_new(doc, "state", json_string(state)) == 0;
}

enum status policy_book_standing(struct review_book *book, int64_t before, size_t limit, int64_t now_ns,
                                 json_t **ret_standing, int64_t *ret_next, struct err *err)
{
    size_t page = review_at(book, STANDING_PAGE), count = 0;
    json_t *standing = json_array();
    bool there = true;
    db_bind_i64(book->db, page, 1, before > 0 ? before : INT64_MAX);
    db_bind_i64(book->db, page, 2, (int64_t)limit);
    enum status status = standing ? STATUS_OK : review_no_memory(err);
    *ret_next = 0;
    while (status == STATUS_OK && there) {
        struct standing_row row;
        status = db_next(book->db, page, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = take_row(book, STANDING_PAGE, &row, err);
        if (status == STATUS_OK && (!add_state(row.doc, now_ns) || json_array_append(standing, row.doc) != 0))
            status = review_no_memory(err);
        *ret_next = ++count == limit ? row.n : 0;
        json_decref(row.doc);
    }
    db_done(book->db, page);
    if (status != STATUS_OK) {
        json_decref(standing);
        return status;
    }
    *ret_standing = standing;
    return STATUS_OK;
}

static bool is_of(const json_t *doc, const char *person_id)
{
    const json_t *by = json_object_get(doc, "by");
    for (size_t i = 0; i < json_array_size(by); i++)
        if (strcmp(text_or(json_member_text(json_array_get(by, i), "id"), ""), person_id) == 0)
            return true;
    return false;
}

static enum status write_revoked(struct review_book *book, struct standing_row *row,
                                 const struct review_person *by, int64_t now_ns, struct err *err)
{
    bool whole = json_object_set_new(row->doc, "revokedAt", review_time_json(now_ns)) == 0 &&
                 json_object_set_new(row->doc, "revokedBy", review_person_json(by)) == 0;
    enum status status = whole ? save(book, row, err) : review_no_memory(err);
    if (status != STATUS_OK)
        return status;
    return audit(book, json_member_text(row->doc, "id"), AUDIT_STANDING_REVOKED, by,
                 json_pack("{s:O, s:O}", "sha256", json_object_get(row->doc, "sha256"), "usesLeft",
                           json_object_get(row->doc, "usesLeft")),
                 now_ns, err);
}

enum status policy_book_revoke(struct review_book *book, const char *id, const struct review_person *by,
                               bool anybodys, int64_t now_ns, enum policy_revoke_outcome *ret_outcome,
                               json_t **ret_standing, struct err *err)
{
    struct standing_row row;
    enum status status = load(book, id, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_outcome = POLICY_REVOKED;
    if (!anybodys && !is_of(row.doc, by->id))
        *ret_outcome = POLICY_REVOKE_NOT_THEIRS;
    else if (!json_object_get(row.doc, "revokedAt"))
        status = write_revoked(book, &row, by, now_ns, err);
    if (status == STATUS_OK && !add_state(row.doc, now_ns))
        status = review_no_memory(err);
    if (status == STATUS_OK)
        *ret_standing = row.doc;
    else
        json_decref(row.doc);
    return status;
}
