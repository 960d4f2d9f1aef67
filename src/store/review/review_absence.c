/* SPDX-License-Identifier: MIT */
/* review_absence.c — one row an absence; what is over stays for whoever asks later. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/review/absence_book.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

static enum status read_doc(struct review_book *book, enum review_statement statement, json_t **ret_doc,
                            struct err *err)
{
    struct bytes doc = sqlite_column_bytes(book->db, review_at(book, statement), 0);
    *ret_doc = json_loadb((const char *)doc.data, doc.size, 0, NULL);
    return *ret_doc ? STATUS_OK : err_set(err, STATUS_DATA_LOSS, "an absence cannot be read");
}

static enum status write_doc(struct review_book *book, const json_t *doc, int64_t until_ns, struct err *err)
{
    char *text = json_dumps(doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t put = review_at(book, ABSENCE_PUT);
    sqlite_bind_bytes(book->db, put, 1, json_member_bytes(doc, "id"));
    sqlite_bind_i64(book->db, put, 2, until_ns);
    sqlite_bind_bytes(book->db, put, 3, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, put, err);
    free(text);
    return status;
}

static enum status audit(struct review_book *book, const json_t *doc, enum audit_action action,
                         const struct review_person *by, int64_t now_ns, struct err *err)
{
    static const char *const told[] = {"person", "delegate", "from", "until", "groups", "roles", "comment"};
    char object[128];
    json_t *details = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
        json_t *value = json_object_get(doc, told[i]);
        if (value)
            json_object_set(details, told[i], value);
    }
    (void)snprintf(object, sizeof object, "absences/%s", json_member_text(doc, "id"));
    return review_audit(book, object, action, by, details, now_ns, err);
}

/* --- looking --- */

enum status absence_book_list(struct review_book *book, int64_t now_ns, json_t **ret_absences,
                              struct err *err)
{
    size_t alive = review_at(book, ABSENCE_ALIVE);
    json_t *absences = json_array();
    bool there = true;
    sqlite_bind_i64(book->db, alive, 1, now_ns);
    enum status status = absences ? STATUS_OK : err_no_memory(err);
    while (status == STATUS_OK && there) {
        json_t *doc = NULL;
        status = sqlite_next(book->db, alive, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = read_doc(book, ABSENCE_ALIVE, &doc, err);
        if (status == STATUS_OK && json_array_append_new(absences, doc) != 0)
            status = err_no_memory(err);
    }
    sqlite_done(book->db, alive);
    if (status == STATUS_OK)
        *ret_absences = absences;
    else
        json_decref(absences);
    return status;
}

/* --- going away --- */

/* Of another nothing is known but the name. NULL without memory. */
static json_t *new_doc(const struct absence_draft *draft, int64_t now_ns)
{
    json_t *facts = review_person_facts(&draft->by);
    json_t *person, *groups, *roles;
    if (draft->person) { /* of somebody else nothing but the name is known here */
        person = json_pack("{s:s}", "name", draft->person);
        groups = json_array();
        roles = json_array();
    } else {
        person = json_pack("{s:s, s:s}", "id", draft->by.id, "name", draft->by.name);
        groups = json_incref(json_object_get(facts, "groups"));
        roles = json_incref(json_object_get(facts, "roles"));
    }
    json_t *doc =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s*}", "id", draft->id, "person", person,
                  "delegate", draft->delegate, "from", review_time_json(draft->from_ns), "until",
                  review_time_json(draft->until_ns), "groups", groups, "roles", roles, "createdAt",
                  review_time_json(now_ns), "by", review_person_json(&draft->by), "comment", draft->comment);
    json_decref(facts);
    return doc;
}

static bool is_called(const struct review_person *person, const char *name)
{
    return bytes_equal_nocase(bytes_of_cstr(person->name), bytes_of_cstr(name)) ||
           strcmp(person->id, name) == 0;
}

static enum absence_outcome check(const struct absence_draft *draft, const json_t *absences)
{
    bool own = draft->person
                   ? bytes_equal_nocase(bytes_of_cstr(draft->person), bytes_of_cstr(draft->delegate))
                   : is_called(&draft->by, draft->delegate);
    if (own)
        return ABSENCE_OWN_DELEGATE;
    return json_array_size(absences) >= ABSENCES_MAX ? ABSENCE_TOO_MANY : ABSENCE_DONE;
}

enum status absence_book_add(struct review_book *book, const struct absence_draft *draft, int64_t now_ns,
                             enum absence_outcome *ret_outcome, json_t **ret_absence, struct err *err)
{
    json_t *absences = NULL;
    *ret_absence = NULL;
    enum status status = absence_book_list(book, now_ns, &absences, err);
    if (status != STATUS_OK)
        return status;
    *ret_outcome = check(draft, absences);
    json_decref(absences);
    if (*ret_outcome != ABSENCE_DONE)
        return STATUS_OK;
    json_t *doc = new_doc(draft, now_ns);
    status = doc ? write_doc(book, doc, draft->until_ns, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = audit(book, doc, AUDIT_ABSENCE_BEGUN, &draft->by, now_ns, err);
    if (status == STATUS_OK)
        *ret_absence = doc;
    else
        json_decref(doc);
    return status;
}

/* --- coming back --- */

static enum status load(struct review_book *book, const char *id, int64_t now_ns, json_t **ret_doc,
                        struct err *err)
{
    size_t get = review_at(book, ABSENCE_GET);
    bool there = false;
    sqlite_bind_bytes(book->db, get, 1, bytes_of_cstr(id));
    sqlite_bind_i64(book->db, get, 2, now_ns);
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status == STATUS_OK)
        status = there ? read_doc(book, ABSENCE_GET, ret_doc, err)
                       : err_set(err, STATUS_NOT_FOUND, "there is no such absence");
    sqlite_done(book->db, get);
    return status;
}

/* Theirs is also one that they made for somebody. */
static bool is_theirs(const json_t *doc, const struct review_person *by)
{
    const json_t *person = json_object_get(doc, "person"), *maker = json_object_get(doc, "by");
    const char *id = json_member_text(person, "id");
    const char *name = json_member_text(person, "name");
    bool is_person = id ? strcmp(id, by->id) == 0 : is_called(by, text_or(name, ""));
    return is_person || strcmp(text_or(json_member_text(maker, "id"), ""), by->id) == 0;
}

enum status absence_book_end(struct review_book *book, const char *id, const struct review_person *by,
                             bool anybodys, int64_t now_ns, enum absence_outcome *ret_outcome,
                             json_t **ret_absence, struct err *err)
{
    json_t *doc = NULL;
    *ret_absence = NULL;
    enum status status = load(book, id, now_ns, &doc, err);
    if (status != STATUS_OK)
        return status;
    *ret_outcome = anybodys || is_theirs(doc, by) ? ABSENCE_DONE : ABSENCE_NOT_THEIRS;
    if (*ret_outcome == ABSENCE_DONE) {
        bool whole = json_object_set_new(doc, "endedAt", review_time_json(now_ns)) == 0 &&
                     json_object_set_new(doc, "endedBy", review_person_json(by)) == 0;
        status = whole ? write_doc(book, doc, now_ns, err) : err_no_memory(err);
        if (status == STATUS_OK)
            status = audit(book, doc, AUDIT_ABSENCE_ENDED, by, now_ns, err);
    }
    if (status == STATUS_OK)
        *ret_absence = doc;
    else
        json_decref(doc);
    return status;
}
