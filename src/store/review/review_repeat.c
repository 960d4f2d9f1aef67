/* SPDX-License-Identifier: MIT */
/* review_repeat.c — whether the same was approved before: each approval by somebody with a name is noted under two hashes, one of all that
 * was approved and one with the syntax tree in place of code and inputs. Both name what follows and where it runs, so that a repeat never does more than what was
 * approved. */
#include "base/text.h"
#include "base/time_parse.h"
#include "store/review/review_rule.h"
#include "wire/json/canonical.h"
#include "wire/json/json.h"

#define TEMPLATE "template" /* what the last run was made from */

/* --- the template --- */

static enum status read_template(struct review_book *book, struct buf *out, struct err *err)
{
    size_t get = review_at(book, LATEST_GET);
    bool there = false;
    sqlite_bind_bytes(book->db, get, 1, BYTES_LITERAL(TEMPLATE));
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status != STATUS_OK)
        return status;
    if (there)
        buf_append_bytes(out, sqlite_column_bytes(book->db, get, 0));
    sqlite_done(book->db, get);
    return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

enum status review_template_note(struct review_book *book, const struct review_record *record,
                                 struct err *err)
{
    CLEANUP(buf_fini) struct buf latest = {0};
    struct bytes template = bytes_of_cstr(text_or(review_record_text(record, "template"), ""));
    enum status status = read_template(book, &latest, err);
    if (status != STATUS_OK || bytes_equal(buf_peek(&latest), template))
        return status;

    size_t put = review_at(book, LATEST_PUT);
    sqlite_bind_bytes(book->db, put, 1, BYTES_LITERAL(TEMPLATE));
    sqlite_bind_bytes(book->db, put, 2, template);
    return sqlite_run(book->db, put, err);
}

/* That of its run; before that, that of the last one of anybody's. */
static enum status template_of(struct review_book *book, const struct review_record *record, struct buf *out,
                               struct err *err)
{
    if (!json_object_get(record->doc, "_result"))
        return read_template(book, out, err);
    buf_append_cstr(out, text_or(review_record_text(record, "template"), ""));
    return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

/* --- hashes --- */

/* By path, of which there is one each. NULL without memory. */
static json_t *inputs_json(const json_t *files)
{
    json_t *inputs = json_object();
    for (size_t i = 0; inputs && i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        if (json_object_set(inputs, text_or(json_member_text(file, "path"), ""),
                            json_object_get(file, "sha256")) == 0)
            continue;
        json_decref(inputs);
        return NULL;
    }
    return inputs;
}

/* What both have in common. A session that was asked for by name is one of its submitter's. NULL without memory. */
static json_t *common_json(const struct review_record *record, struct bytes template)
{
    json_t *session = json_object_get(record->doc, "session");
    json_t *owner = session ? json_object_get(json_object_get(record->doc, "submitter"), "id") : NULL;
    return json_pack("{s:O, s:O*, s:O*, s:o*, s:s%}", "language", json_object_get(record->doc, "language"),
                     "session", session, "owner", owner, "then", review_then_promise(record), "template",
                     template.data ? (const char *)template.data : "", template.size);
}

static enum status hash_json(json_t *value, char ret_sha256[SECRET_HASH_SIZE + 1], struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (!value)
        return err_no_memory(err);
    enum status status = canonical_append(&text, value, err);
    if (status == STATUS_OK)
        secret_hash(buf_peek(&text), ret_sha256);
    return status;
}

struct hashes {
    char exact[SECRET_HASH_SIZE + 1];
    char near[SECRET_HASH_SIZE + 1]; /* "": nobody knows its syntax tree */
};

static enum status hash_exact(json_t *common, const json_t *revision, struct hashes *hashes, struct err *err)
{
    bool whole = json_object_set(common, "code", json_object_get(revision, "codeSha256")) == 0 &&
                 json_object_set_new(common, "inputs", inputs_json(json_object_get(revision, "files"))) == 0;
    return hash_json(whole ? common : NULL, hashes->exact, err);
}

static enum status hash_near(json_t *common, const json_t *revision, struct hashes *hashes, struct err *err)
{
    json_t *tree = json_object_get(revision, "treeSha256");
    json_object_del(common, "code");
    json_object_del(common, "inputs");
    hashes->near[0] = '\0';
    if (!tree)
        return STATUS_OK;
    return hash_json(json_object_set(common, "tree", tree) == 0 ? common : NULL, hashes->near, err);
}

static enum status hash_both(struct review_book *book, const struct review_record *record,
                             struct hashes *ret_hashes, struct err *err)
{
    CLEANUP(buf_fini) struct buf template = {0};
    const json_t *revision = review_record_revision(record);
    enum status status = template_of(book, record, &template, err);
    if (status != STATUS_OK)
        return status;
    json_t *common = common_json(record, buf_peek(&template));
    status = common ? hash_exact(common, revision, ret_hashes, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = hash_near(common, revision, ret_hashes, err);
    json_decref(common);
    return status;
}

/* --- approvals --- */

static enum status note(struct review_book *book, const char *hash, int64_t now_ns, struct err *err)
{
    if (!hash[0])
        return STATUS_OK;
    size_t statement = review_at(book, APPROVED_PUT);
    sqlite_bind_bytes(book->db, statement, 1, bytes_of_cstr(hash));
    sqlite_bind_i64(book->db, statement, 2, now_ns);
    return sqlite_run(book->db, statement, err);
}

enum status review_approval_note(struct review_book *book, const struct review_record *record, int64_t now_ns,
                                 struct err *err)
{
    struct hashes hashes;
    enum status status = hash_both(book, record, &hashes, err);
    if (status == STATUS_OK)
        status = note(book, hashes.exact, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return note(book, hashes.near, now_ns, err);
}

/* How long before `then_ns` it was approved last. */
static enum status age_of(struct review_book *book, const char *hash, int64_t then_ns,
                          struct policy_number *ret_age, struct err *err)
{
    size_t last = review_at(book, APPROVED_LAST);
    bool there = false;
    if (!hash[0])
        return STATUS_OK;
    sqlite_bind_bytes(book->db, last, 1, bytes_of_cstr(hash));
    sqlite_bind_i64(book->db, last, 2, then_ns);
    enum status status = sqlite_next(book->db, last, &there, err);
    if (status != STATUS_OK)
        return status;
    *ret_age =
        (struct policy_number){true, there ? then_ns - sqlite_column_i64(book->db, last, 0) : POLICY_NEVER};
    sqlite_done(book->db, last);
    return STATUS_OK;
}

enum status review_repeats_read(struct review_book *book, const struct review_record *record,
                                struct policy_facts *facts, struct err *err)
{
    struct hashes hashes;
    int64_t then_ns;
    struct bytes created = json_member_bytes(review_record_revision(record), "createdAt");
    if (time_parse(created, &then_ns) != STATUS_OK)
        return STATUS_OK;
    enum status status = hash_both(book, record, &hashes, err);
    if (status == STATUS_OK)
        status = age_of(book, hashes.exact, then_ns, &facts->exact_repeat, err);
    if (status != STATUS_OK)
        return status;
    return age_of(book, hashes.near, then_ns, &facts->near_repeat, err);
}
