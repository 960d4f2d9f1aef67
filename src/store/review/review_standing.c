/* SPDX-License-Identifier: MIT */
/* review_standing.c — approvals that stand: made where everybody whose approval counted wanted it, found when the same comes again,
 * used up. One has the id of the request that it was made with, of which there is one approval at most. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "core/policy/standing.h"
#include "store/review/policy_book.h"
#include "store/review/review_rule.h"
#include "store/review/review_standing_row.h"
#include "wire/json/json.h"

#define COVERED "_standing"     /* the one that covers the present revision */
#define USED    "_standingUsed" /* of which it has taken a use */

static const char *const kinds[] = {[POLICY_STANDING_BYTES] = "bytes", [POLICY_STANDING_TREE] = "tree"};

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
    sqlite_bind_i64(book->db, statement, 1, now_ns);
    enum status status = sqlite_next(book->db, statement, &there, err);
    *ret_count = there ? sqlite_column_i64(book->db, statement, 0) : 0;
    sqlite_done(book->db, statement);
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
                                json_integer((json_int_t)MIN(review_standing_number(wish, members[i]),
                                                             review_standing_number(other, members[i])))) !=
            0)
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
            return err_no_memory(err);
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
    int64_t uses = review_standing_number(wish, "uses");
    json_t *doc = json_pack(
        "{s:O, s:O, s:O, s:O, s:O*, s:o*, s:o, s:o, s:o, s:I, s:I}", "id", json_object_get(record->doc, "id"),
        "of", json_object_get(wish, "of"), "sha256",
        json_object_get(revision, of_tree ? "treeSha256" : "codeSha256"), "language",
        json_object_get(record->doc, "language"), "session", json_object_get(record->doc, "session"), "then",
        review_then_promise(record), "by", people, "createdAt", review_time_json(now_ns), "expiresAt",
        review_time_json(now_ns + review_standing_number(wish, "expiresInSeconds") * NS_PER_S), "uses",
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
    enum status status = review_standing_insert(book, doc, now_ns + lasts_s * NS_PER_S, err);
    json_t *details = json_copy((json_t *)doc);
    json_object_del(details, "usesLeft");
    if (status == STATUS_OK)
        return review_standing_audit(book, json_member_text(doc, "id"), AUDIT_STANDING_MADE, by, details,
                                     now_ns, err);
    json_decref(details);
    return status;
}

enum status review_standing_make(struct review_book *book, struct review_record *record,
                                 const struct review_person *by, int64_t now_ns, struct err *err)
{
    json_t *wish = NULL, *people = json_array();
    enum status status = people ? common_wish(record, &wish, people, err) : err_no_memory(err);
    if (status != STATUS_OK || !wish) {
        json_decref(people);
        return status;
    }
    json_t *doc = standing_json(record, wish, people, now_ns);
    status = doc ? write_standing(book, record, doc, review_standing_number(wish, "expiresInSeconds"), by,
                                  now_ns, err)
                 : err_no_memory(err);
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
        .uses_left = review_standing_number(doc, "usesLeft") + has_used,
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
    sqlite_bind_bytes(book->db, find, 1, sha256);
    sqlite_bind_i64(book->db, find, 2, now_ns);
    sqlite_bind_bytes(book->db, find, 3, bytes_of_cstr(text_or(review_record_text(record, USED), "")));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && there && !ret_id[0]) {
        struct review_standing_row row;
        status = sqlite_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = review_standing_read(book, STANDING_FIND, &row, err);
        if (status == STATUS_OK && covers(record, row.doc, facts, now_ns))
            (void)snprintf(ret_id, REVIEW_ID_SIZE, "%s", json_member_text(row.doc, "id"));
        json_decref(row.doc);
    }
    sqlite_done(book->db, find);
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
    return whole ? STATUS_OK : err_no_memory(err);
}

enum status review_standing_fact(const struct review_record *record, struct arena *arena,
                                 struct policy_facts *facts, struct err *err)
{
    const json_t *id = json_object_get(record->doc, COVERED);
    struct bytes *item = arena_alloc(arena, sizeof *item);
    if (!item)
        return err_no_memory(err);
    *item = json_bytes(id);
    facts->standing = (struct policy_texts){true, item, id ? 1 : 0};
    return STATUS_OK;
}

/* --- using --- */

static enum status take_use(struct review_book *book, const struct review_record *record,
                            struct review_standing_row *row, int64_t now_ns, struct err *err)
{
    const char *id = json_member_text(row->doc, "id"), *request = review_record_text(record, "id");
    int64_t left = review_standing_number(row->doc, "usesLeft") - 1;
    bool whole = json_object_set_new(row->doc, "usesLeft", json_integer((json_int_t)left)) == 0 &&
                 json_object_set_new(row->doc, "lastUsedAt", review_time_json(now_ns)) == 0 &&
                 json_object_set_new(row->doc, "lastUsedBy", json_string(request)) == 0;
    enum status status = whole ? review_standing_save(book, row, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = review_standing_audit(book, id, AUDIT_STANDING_USED, &review_server,
                                       json_pack("{s:s, s:I, s:I}", "request", request, "revision",
                                                 (json_int_t)review_record_number(record, "revision"),
                                                 "usesLeft", (json_int_t)left),
                                       now_ns, err);
    return status;
}

enum status review_standing_use(struct review_book *book, struct review_record *record,
                                const struct policy_outcome *outcome, int64_t now_ns, struct err *err)
{
    struct review_standing_row row;
    char id[REVIEW_ID_SIZE];
    const char *used = review_record_text(record, USED);
    (void)snprintf(id, sizeof id, "%.*s", BYTES_FMT(outcome->standing));
    if (!id[0] || (used && strcmp(used, id) == 0))
        return STATUS_OK;
    enum status status = review_standing_load(book, id, &row, err);
    if (status != STATUS_OK)
        return status;
    status = take_use(book, record, &row, now_ns, err);
    json_decref(row.doc);
    if (status == STATUS_OK && json_object_set_new(record->doc, USED, json_string(id)) != 0)
        return err_no_memory(err);
    return status;
}
