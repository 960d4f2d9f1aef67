/* SPDX-License-Identifier: MIT */
/* review_facts.c — what is known of a request, for a policy: from its record, the bytes that it names, and what the pool has
 * reported. What was not reported is not known, which is never the same as none. */
#include "base/duration.h"
#include "base/text.h"
#include "core/review/effects.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

#define DAY_NS (86400 * NS_PER_S)

/* --- makers --- */

/* Known, and empty for a text that is not there. */
static struct policy_texts text_of(struct arena *arena, const char *text)
{
    struct bytes *item = arena_alloc(arena, sizeof *item);
    if (!item)
        return (struct policy_texts){0};
    *item = bytes_of_cstr(text_or(text, ""));
    return (struct policy_texts){true, item, text ? 1 : 0};
}

/* The texts of an array; without one it is not known. Ends as not known without memory. */
static struct policy_texts texts_of(struct arena *arena, const json_t *array)
{
    size_t count = json_array_size(array);
    struct bytes *items = array ? arena_alloc_array(arena, count, sizeof *items) : NULL;
    if (!items)
        return (struct policy_texts){0};
    for (size_t i = 0; i < count; i++)
        items[i] = json_bytes(json_array_get(array, i));
    return (struct policy_texts){true, items, count};
}

static struct policy_number number_of(const json_t *value)
{
    return (struct policy_number){json_is_integer(value), json_integer_value(value)};
}

/* --- who --- */

/* All that the submitter is called by. What a body claims where nobody signs in is nobody's name. */
static struct policy_texts submitter_of(const struct review_record *record, struct arena *arena)
{
    const json_t *submitter = json_object_get(record->doc, "submitter");
    struct bytes *items = arena_alloc_array(arena, 2, sizeof *items);
    if (!items)
        return (struct policy_texts){0};
    items[0] = json_member_bytes(submitter, "id");
    items[1] = json_member_bytes(submitter, "name");
    return (struct policy_texts){true, items, 2};
}

/* Requests of older releases do not have it, and then it is not known. */
static void take_who(const struct review_record *record, struct arena *arena, struct policy_facts *facts)
{
    const json_t *who = json_object_get(record->doc, REVIEW_SUBMITTER_FACTS);
    facts->submitter = submitter_of(record, arena);
    facts->on_behalf_of = text_of(arena, review_record_text(record, "onBehalfOf"));
    if (!who)
        return;
    facts->key = text_of(arena, json_member_text(who, "key"));
    facts->groups = texts_of(arena, json_object_get(who, "groups"));
    facts->roles = texts_of(arena, json_object_get(who, "roles"));
}

/* --- what --- */

static struct policy_labels labels_of(const struct review_record *record, struct arena *arena)
{
    json_t *labels = json_object_get(record->doc, "labels"), *value;
    struct policy_label *items = arena_alloc_array(arena, json_object_size(labels), sizeof *items);
    const char *key;
    size_t count = 0;
    if (!items)
        return (struct policy_labels){0};
    json_object_foreach(labels, key, value)
    {
        items[count++] = (struct policy_label){bytes_of_cstr(key), json_bytes(value)};
    }
    return (struct policy_labels){true, items, count};
}

static void take_inputs(const json_t *revision, struct arena *arena, struct policy_facts *facts)
{
    const json_t *files = json_object_get(revision, "files");
    size_t count = json_array_size(files);
    struct bytes *paths = arena_alloc_array(arena, count, sizeof *paths);
    int64_t size = 0;
    if (!paths)
        return;
    for (size_t i = 0; i < count; i++) {
        const json_t *file = json_array_get(files, i);
        paths[i] = json_member_bytes(file, "path");
        size += json_integer_value(json_object_get(file, "size"));
    }
    facts->input_paths = (struct policy_texts){true, paths, count};
    facts->input_count = (struct policy_number){true, (int64_t)count};
    facts->input_size = (struct policy_number){true, size};
}

static void take_when(const struct review_record *record, struct arena *arena, struct policy_facts *facts)
{
    static const char *const days[] = {"thu", "fri", "sat", "sun", "mon", "tue", "wed"}; /* of 1970 */
    int64_t day = record->created_ns / DAY_NS;
    facts->time_of_day = (struct policy_number){true, record->created_ns % DAY_NS};
    facts->weekday = text_of(arena, days[(size_t)day % ARRAY_SIZE(days)]);
}

static void take_submission(const struct review_record *record, struct arena *arena,
                            struct policy_facts *facts)
{
    const json_t *revision = review_record_revision(record);
    facts->labels = labels_of(record, arena);
    facts->language = text_of(arena, review_record_text(record, "language"));
    facts->purpose = text_of(arena, review_record_text(record, "purpose"));
    facts->session = text_of(arena, review_record_text(record, "session"));
    facts->revision = number_of(json_object_get(record->doc, "revision"));
    facts->code_sha256 = text_of(arena, json_member_text(revision, "codeSha256"));
    facts->code_size = number_of(json_object_get(revision, "codeBytes"));
    take_inputs(revision, arena, facts);
    take_when(record, arena, facts);
}

/* Only for patterns: everything else about the code is in the record. What retention has taken is not known. */
static enum status take_code(struct review_book *book, const struct review_record *record,
                             struct arena *arena, struct policy_facts *facts, struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *sha256 = json_member_text(review_record_revision(record), "codeSha256");
    struct bytes *item = arena_alloc(arena, sizeof *item);
    if (!item)
        return err_no_memory(err);
    enum status status = review_book_blob_of(book, record->doc, text_or(sha256, ""), &code, err);
    if (status == STATUS_OK)
        status = review_then_append(book, record, &code, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    *item = arena_copy(arena, buf_peek(&code));
    if (!item->data)
        return err_no_memory(err);
    facts->code = (struct policy_texts){true, item, 1};
    return STATUS_OK;
}

/* What a session found in the code, if one has looked. */
static enum status take_syntax(struct review_book *book, const struct review_record *record,
                               struct review_facts *facts, struct err *err)
{
    const char *sha256 = json_member_text(review_record_revision(record), "syntaxSha256");
    bool there = sha256 && !review_is_emptied(record->doc);
    enum status status = there ? review_blob_json(book, sha256, &facts->syntax, err) : STATUS_NOT_FOUND;
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    facts->facts.imports = texts_of(&facts->arena, json_object_get(facts->syntax, "imports"));
    facts->facts.calls = texts_of(&facts->arena, json_object_get(facts->syntax, "calls"));
    return STATUS_OK;
}

/* What is not in the record, for a policy that looks at it. */
static enum status take_more(struct review_book *book, const struct review_record *record,
                             const struct policy *policy, struct review_facts *facts, struct err *err)
{
    const char *tree = json_member_text(review_record_revision(record), "treeSha256");
    enum status status = review_repeats_read(book, record, &facts->facts, err);
    if (tree)
        facts->facts.tree_sha256 = text_of(&facts->arena, tree);
    if (status == STATUS_OK && policy_reads_code(policy))
        status = take_syntax(book, record, facts, err);
    if (status == STATUS_OK && policy->pattern_count > 0)
        status = take_code(book, record, &facts->arena, &facts->facts, err);
    return status;
}

/* --- the run --- */

/* As the pool reported it (core/review/effects.h). */
static enum status take_run(const struct review_record *record, const json_t *effects,
                            struct review_facts *facts, struct err *err)
{
    facts->run = effects_facts(review_record_run(record), effects);
    if (!facts->run)
        return err_no_memory(err);
    enum status status = policy_facts_read(facts->run, &facts->arena, &facts->facts, err);
    /* A fact that the form does not take is one that nobody knows. */
    return status == STATUS_INVALID_ARGUMENT ? STATUS_OK : status;
}

enum status review_facts_read(struct review_book *book, const struct review_record *record,
                              enum policy_phase phase, const json_t *effects, const struct policy *policy,
                              struct review_facts *ret_facts, struct err *err)
{
    enum status status = STATUS_OK;
    arena_init(&ret_facts->arena, 0);
    if (phase == POLICY_AFTER_RUN)
        status = take_run(record, effects, ret_facts, err);
    ret_facts->facts.phase = phase;
    take_who(record, &ret_facts->arena, &ret_facts->facts);
    take_submission(record, &ret_facts->arena, &ret_facts->facts);
    if (status == STATUS_OK && policy)
        return take_more(book, record, policy, ret_facts, err);
    return status;
}

void review_facts_fini(struct review_facts *facts)
{
    arena_fini(&facts->arena);
    json_decref(facts->run);
    json_decref(facts->syntax);
    facts->run = facts->syntax = NULL;
}

json_t *review_person_facts(const struct review_person *person)
{
    json_t *facts =
        json_pack("{s:s, s:s*, s:[], s:[]}", "name", person->name, "key", person->key, "groups", "roles");
    for (size_t i = 0; facts && i < person->group_count; i++)
        json_array_append_new(json_object_get(facts, "groups"),
                              json_stringn((const char *)person->groups[i].data, person->groups[i].size));
    for (size_t i = 0; facts && i < person->role_count; i++)
        json_array_append_new(json_object_get(facts, "roles"), json_string(person->roles[i]));
    return facts;
}
