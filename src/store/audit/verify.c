/* SPDX-License-Identifier: MIT */
/* verify.c — heads are sorted when the walk begins, so that each is looked at when the walk comes to its entry. */
#include "store/audit/verify.h"

#include <stdlib.h>

#define HEADS_FIRST 64

void audit_verifier_begin(struct audit_verifier *verifier, const struct seal_key *key)
{
    *verifier = (struct audit_verifier){.key = key};
    audit_chain_begin(&verifier->chain);
}

void audit_verifier_fini(struct audit_verifier *verifier)
{
    free(verifier->heads);
    verifier->heads = NULL;
    verifier->head_count = verifier->head_capacity = 0;
}

/* --- heads --- */

static enum status check_head(const struct audit_verifier *verifier, struct bytes line,
                              struct audit_chain *ret_head, struct err *err)
{
    if (!verifier->key)
        return err_set(err, STATUS_DATA_LOSS, "there are signed heads, and no key to check them with");
    return audit_head_check(line, verifier->key, ret_head, err);
}

enum status audit_verifier_head(struct audit_verifier *verifier, struct bytes line, struct err *err)
{
    struct audit_chain head;
    enum status status = check_head(verifier, line, &head, err);
    if (status != STATUS_OK)
        return status;
    if (verifier->head_count == verifier->head_capacity) {
        size_t capacity = MAX(2 * verifier->head_capacity, (size_t)HEADS_FIRST);
        struct audit_chain *heads = realloc(verifier->heads, capacity * sizeof *heads);
        if (!heads)
            return err_no_memory(err);
        verifier->heads = heads;
        verifier->head_capacity = capacity;
    }
    verifier->heads[verifier->head_count++] = head;
    return STATUS_OK;
}

static int by_entry(const void *left, const void *right)
{
    int64_t left_seq = ((const struct audit_chain *)left)->seq;
    int64_t right_seq = ((const struct audit_chain *)right)->seq;
    return (left_seq > right_seq) - (left_seq < right_seq);
}

/* What a head says of the entry at which the walk is. */
static enum status meet_head(struct audit_verifier *verifier, const struct audit_chain *head, struct err *err)
{
    if (strcmp(head->hash, verifier->chain.hash) != 0)
        return err_set(err, STATUS_DATA_LOSS,
                       "entry %lld is not the one that was signed: it, or one before it, was written anew",
                       (long long)head->seq);
    verifier->signed_seq = head->seq;
    verifier->heads_checked++;
    return STATUS_OK;
}

static enum status meet_heads_of_this_entry(struct audit_verifier *verifier, struct err *err)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && verifier->next_head < verifier->head_count &&
           verifier->heads[verifier->next_head].seq == verifier->chain.seq) {
        status = meet_head(verifier, &verifier->heads[verifier->next_head], err);
        verifier->next_head++;
    }
    return status;
}

/* --- the walk --- */

/* The members are sorted: an entry begins with its action, a head with its time. */
static bool is_head(struct bytes line)
{
    return bytes_starts_with(line, BYTES_LITERAL("{\"at\":"));
}

static enum status take_head_line(struct audit_verifier *verifier, struct bytes line, struct err *err)
{
    struct audit_chain head = {0};
    enum status status = check_head(verifier, line, &head, err);
    if (status != STATUS_OK)
        return status;
    if (head.seq != verifier->chain.seq)
        return err_set(err, STATUS_DATA_LOSS,
                       "behind entry %lld stands a head of entry %lld: lines are missing or moved",
                       (long long)verifier->chain.seq, (long long)head.seq);
    return meet_head(verifier, &head, err);
}

static void sort_heads_once(struct audit_verifier *verifier)
{
    if (verifier->chain.seq == 0 && verifier->head_count > 0)
        qsort(verifier->heads, verifier->head_count, sizeof *verifier->heads, by_entry);
}

enum status audit_verifier_line(struct audit_verifier *verifier, struct bytes line, struct err *err)
{
    sort_heads_once(verifier);
    if (is_head(line))
        return take_head_line(verifier, line, err);
    enum status status = audit_chain_check(&verifier->chain, line, err);
    if (status == STATUS_OK)
        status = meet_heads_of_this_entry(verifier, err);
    return status;
}

enum status audit_verifier_end(struct audit_verifier *verifier, struct err *err)
{
    sort_heads_once(verifier);
    if (verifier->next_head == verifier->head_count)
        return STATUS_OK;
    return err_set(err, STATUS_DATA_LOSS,
                   "the log ends with entry %lld, and a signed head tells of entry %lld: its end was cut off",
                   (long long)verifier->chain.seq, (long long)verifier->heads[verifier->head_count - 1].seq);
}
