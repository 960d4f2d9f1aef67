/* SPDX-License-Identifier: MIT */
/* audit_receipt.c — five steps, each a question that an auditor would ask. */
#include "store/audit/audit_receipt.h"

#include <stdio.h>

#include "base/text.h"
#include "store/audit/head.h"
#include "wire/json/json.h"

#define COVERS_MAX 8 /* parts of a hash */

/* One receipt under examination. */
struct examination {
    json_t *receipt;
    const struct seal_key *key;
    char object[256];
    json_t *entries; /* array of the entries' objects, as they were signed */
};

/* --- every entry was signed, and is about this request --- */

static enum status read_entry(const struct examination *exam, const json_t *pair, size_t number,
                              json_t **ret_entry, struct err *err)
{
    struct bytes line = json_member_bytes(pair, "line");
    struct bytes head_line = json_member_bytes(pair, "head");
    struct audit_chain head;
    char hash[SECRET_HASH_SIZE + 1];
    enum status status = audit_head_check(head_line, exam->key, &head, err);
    if (status != STATUS_OK)
        return err_wrap(err, "entry %zu of the receipt", number);

    secret_hash(line, hash);
    if (strcmp(hash, head.hash) != 0)
        return err_set(err, STATUS_DATA_LOSS, "entry %zu of the receipt is not the one that was signed",
                       number);
    if (json_parse(line, NULL, ret_entry, NULL) != STATUS_OK)
        return err_set(err, STATUS_DATA_LOSS, "entry %zu of the receipt is no JSON", number);
    const char *object = json_member_text(*ret_entry, "object");
    if (!object || strcmp(object, exam->object) != 0 ||
        json_integer_value(json_object_get(*ret_entry, "seq")) != head.seq)
        return err_set(err, STATUS_DATA_LOSS, "entry %zu of the receipt is about something else", number);
    return STATUS_OK;
}

static enum status read_entries(struct examination *exam, struct err *err)
{
    const json_t *pairs = json_object_get(exam->receipt, "entries");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        json_t *entry = NULL;
        enum status status = read_entry(exam, json_array_get(pairs, i), i + 1, &entry, err);
        if (status != STATUS_OK) {
            json_decref(entry);
            return status;
        }
        if (json_array_append_new(exam->entries, entry) != 0)
            return err_no_memory(err);
    }
    return STATUS_OK;
}

/* The last entry with that action, or NULL. */
static const json_t *find_entry(const struct examination *exam, enum audit_action action)
{
    for (size_t i = json_array_size(exam->entries); i > 0; i--) {
        const json_t *entry = json_array_get(exam->entries, i - 1);
        const char *name = json_member_text(entry, "action");
        if (name && strcmp(name, audit_action_name(action)) == 0)
            return entry;
    }
    return NULL;
}

/* The entry that says that the bytes are gone; NULL: they are to be there. The manifest then stands for them. */
static const json_t *removal_of(const struct examination *exam)
{
    bool has_code = json_object_get(json_object_get(exam->receipt, "shown"), "code") != NULL;
    return has_code ? NULL : find_entry(exam, AUDIT_REQUEST_EMPTIED);
}

/* --- the code is the one that was handed in --- */

/* Of the code that is there, or, when it is gone, what the manifest says. False: neither says it. */
static bool hash_of_code(const struct examination *exam, char ret_hash[SECRET_HASH_SIZE + 1])
{
    const json_t *shown = json_object_get(exam->receipt, "shown");
    CLEANUP(json_release) json_t *manifest = NULL;
    if (!removal_of(exam)) {
        secret_hash(json_member_bytes(shown, "code"), ret_hash);
        return true;
    }
    struct bytes text = json_member_bytes(shown, "manifest");
    const char *named = json_parse(text, NULL, &manifest, NULL) == STATUS_OK
                            ? json_member_text(json_object_get(manifest, "code"), "sha256")
                            : NULL;
    (void)snprintf(ret_hash, SECRET_HASH_SIZE + 1, "%s", text_or(named, ""));
    return named != NULL;
}

static enum status check_code(const struct examination *exam, struct err *err)
{
    const json_t *last = find_entry(exam, AUDIT_REQUEST_REVISED);
    if (!last)
        last = find_entry(exam, AUDIT_REQUEST_SUBMITTED);
    const char *want = json_member_text(json_object_get(last, "details"), "codeSha256");
    if (!want)
        return err_set(err, STATUS_DATA_LOSS, "no entry says what was handed in");
    char hash[SECRET_HASH_SIZE + 1];
    if (!hash_of_code(exam, hash))
        return err_set(err, STATUS_DATA_LOSS, "the code is gone, and no manifest says which it was");
    if (strcmp(hash, want) != 0)
        return err_set(err, STATUS_DATA_LOSS, "the code is not the one that was handed in");
    return STATUS_OK;
}

/* --- what was decided about is what is shown --- */

/* The parts that "sha256Covers" names, with a line feed between each two. DATA_LOSS: not all of them are there. */
static enum status append_shown(const json_t *shown, struct buf *out, struct err *err)
{
    const json_t *covers = json_object_get(shown, "sha256Covers");
    if (json_array_size(covers) == 0 || json_array_size(covers) > COVERS_MAX)
        return err_set(err, STATUS_DATA_LOSS, "what the receipt shows is not what was decided about");
    for (size_t i = 0; i < json_array_size(covers); i++) {
        const char *name = json_string_value(json_array_get(covers, i));
        struct bytes part = json_bytes(name ? json_object_get(shown, name) : NULL);
        if (!part.data)
            return err_set(err, STATUS_DATA_LOSS,
                           "the receipt lacks the \"%.40s\" that was decided about: its submitter gets one "
                           "without a result that was not released; ask a reviewer or an auditor",
                           text_or(name, ""));
        if (i > 0)
            buf_append_byte(out, '\n');
        buf_append_bytes(out, part);
    }
    return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

static enum status check_shown(const struct examination *exam, const json_t *decision, struct err *err)
{
    const char *decided = json_member_text(decision, "sha256");
    CLEANUP(buf_fini) struct buf parts = {0};
    char hash[SECRET_HASH_SIZE + 1];
    if (!decided)
        return STATUS_OK; /* decided before there was a result: it says nothing of one */
    if (removal_of(exam))
        return STATUS_OK; /* its parts are gone, as an entry says; the manifest, which is looked at next, names them */
    enum status status = append_shown(json_object_get(exam->receipt, "shown"), &parts, err);
    if (status != STATUS_OK)
        return status;
    secret_hash(buf_peek(&parts), hash);
    if (strcmp(hash, decided) != 0)
        return err_set(err, STATUS_DATA_LOSS, "what the receipt shows is not what was decided about");
    return STATUS_OK;
}

/* --- what the run did, and the list of what it made, are those that the manifest names --- */

/* A manifest is decided about, or made by a run for which somebody has decided before. True if one of the two entries names it, or
 * neither names any. */
static bool is_named(struct bytes manifest, const json_t *decision, const json_t *run)
{
    const char *decided = json_member_text(decision, "manifestSha256"),
               *made = json_member_text(run, "manifestSha256");
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(manifest, hash);
    return (!decided && !made) || (decided && strcmp(hash, decided) == 0) ||
           (made && strcmp(hash, made) == 0);
}

/* A text of the receipt by the hash that the manifest has of it. */
static enum status check_named(const json_t *shown, struct bytes manifest, const char *member,
                               struct err *err)
{
    struct bytes text = json_member_bytes(shown, member);
    CLEANUP(json_release) json_t *named = NULL;
    char hash[SECRET_HASH_SIZE + 1];
    if (!text.data)
        return STATUS_OK;
    const char *wanted = json_parse(manifest, NULL, &named, NULL) == STATUS_OK
                             ? json_member_text(json_object_get(named, member), "sha256")
                             : NULL;
    secret_hash(text, hash);
    if (!wanted || strcmp(hash, wanted) != 0)
        return err_set(err, STATUS_DATA_LOSS, "the %s are not those that the manifest names", member);
    return STATUS_OK;
}

static enum status check_manifest(const struct examination *exam, const json_t *decision, struct err *err)
{
    const json_t *shown = json_object_get(exam->receipt, "shown");
    const json_t *run = json_object_get(find_entry(exam, AUDIT_RUN_ENDED), "details");
    struct bytes manifest = json_member_bytes(shown, "manifest");
    if (manifest.data && !is_named(manifest, decision, run))
        return err_set(err, STATUS_DATA_LOSS, "the manifest is not the one that was decided about");
    enum status status = check_named(shown, manifest, "effects", err);
    if (status != STATUS_OK)
        return status;
    return check_named(shown, manifest, "files", err);
}

/* --- the state follows from the entries --- */

static enum status check_state(const char *state, const json_t *decision, bool approved, struct err *err)
{
    bool is_approved = strcmp(state, "approved") == 0;
    bool is_rejected = strcmp(state, "rejected") == 0;
    if (!is_approved && !is_rejected)
        return STATUS_OK;
    if (!decision)
        return err_set(
            err, STATUS_DATA_LOSS,
            "the request is %s, and no entry says who decided so: a client of the task scheduler may have",
            state);
    if (approved != is_approved)
        return err_set(err, STATUS_DATA_LOSS, "the request is %s, and the entry says otherwise", state);
    return STATUS_OK;
}

/* --- all of it --- */

static enum status examine(struct examination *exam, struct audit_receipt_facts *ret_facts, struct err *err)
{
    enum status status = read_entries(exam, err);
    if (status == STATUS_OK)
        status = check_code(exam, err);
    const json_t *decision = json_object_get(find_entry(exam, AUDIT_REQUEST_DECIDED), "details");
    bool approved = json_is_true(json_object_get(decision, "approved"));
    if (status == STATUS_OK)
        status = check_shown(exam, decision, err);
    if (status == STATUS_OK)
        status = check_manifest(exam, decision, err);
    if (status == STATUS_OK)
        status = check_state(json_member_text(exam->receipt, "state"), decision, approved, err);
    if (status != STATUS_OK)
        return status;
    *ret_facts = (struct audit_receipt_facts){.id = json_member_text(exam->receipt, "id"),
                                              .state = json_member_text(exam->receipt, "state"),
                                              .entries = json_array_size(exam->entries),
                                              .decided_by = json_member_text(decision, "by"),
                                              .decided_at = json_member_text(decision, "at"),
                                              .comment = json_member_text(decision, "comment"),
                                              .approved = approved,
                                              .emptied_at = json_member_text(removal_of(exam), "at"),
                                              .shown_sha256 = json_member_text(decision, "sha256")};
    return STATUS_OK;
}

enum status audit_receipt_check(json_t *receipt, const struct seal_key *key,
                                struct audit_receipt_facts *ret_facts, struct err *err)
{
    const char *format = json_member_text(receipt, "format"), *id = json_member_text(receipt, "id");
    struct examination exam = {.receipt = receipt, .key = key, .entries = json_array()};
    if (!format || strcmp(format, RECEIPT_FORMAT) != 0 || !id || !json_member_text(receipt, "state") ||
        !exam.entries) {
        json_decref(exam.entries);
        return err_set(err, STATUS_INVALID_ARGUMENT, "this is no receipt of the form %s", RECEIPT_FORMAT);
    }
    (void)snprintf(exam.object, sizeof exam.object, "requests/%s", id);
    enum status status = examine(&exam, ret_facts, err);
    /* What the facts refer to lives with the receipt. */
    if (json_object_set_new(receipt, "examined", exam.entries) != 0 && status == STATUS_OK)
        status = err_no_memory(err);
    return status;
}
