/* SPDX-License-Identifier: MIT */
/* review_case.c — a request as it was, for a draft to be tried on: its record, what is known of it, and the ruling that is kept. */
#include <stdlib.h>

#include "store/review/policy_book.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

/* What the present run did; NULL: it was not reported, or retention has taken it. */
static enum status read_effects(struct review_book *book, const struct review_record *record,
                                json_t **ret_effects, struct err *err)
{
    const char *sha256 = json_member_text(review_record_run(record), "effectsSha256");
    *ret_effects = NULL;
    bool there = sha256 && !review_is_emptied(record->doc);
    enum status status = there ? review_blob_json(book, sha256, ret_effects, err) : STATUS_NOT_FOUND;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_case(struct review_book *book, const struct review_record *record,
                             const struct policy *draft, struct policy_case *past, struct err *err)
{
    json_t *effects = NULL;
    bool has_run = json_object_get(review_record_run(record), "ended") != NULL;
    enum status status = read_effects(book, record, &effects, err);
    if (status == STATUS_OK)
        status = review_facts_read(book, record, has_run ? POLICY_AFTER_RUN : POLICY_BEFORE_RUN, effects,
                                   draft, past->facts, err);
    json_decref(effects);
    if (status == STATUS_OK)
        status = review_standing_fact(record, &past->facts->arena, &past->facts->facts, err);
    if (status != STATUS_OK)
        return status;
    return review_outcome_of(record, &past->facts->arena, &past->was, err);
}

enum status policy_book_case(struct review_book *book, const char *id, const struct policy *draft,
                             struct policy_case *ret_case, struct err *err)
{
    struct review_record record;
    *ret_case = (struct policy_case){.facts = calloc(1, sizeof *ret_case->facts)};
    if (!ret_case->facts)
        return err_no_memory(err);
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    ret_case->request = json_incref(record.doc); /* to which the facts' texts belong */
    status = read_case(book, &record, draft, ret_case, err);
    review_record_fini(&record);
    return status;
}

void policy_case_fini(struct policy_case *past)
{
    if (past->facts)
        review_facts_fini(past->facts);
    free(past->facts);
    json_decref(past->request);
    *past = (struct policy_case){0};
}

enum status policy_case_decide(const struct policy_case *past, const struct policy *policy,
                               struct policy_outcome *ret_outcome)
{
    return policy_decide(policy, &past->facts->facts, &past->facts->arena, ret_outcome);
}
