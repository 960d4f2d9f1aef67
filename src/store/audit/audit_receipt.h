/* SPDX-License-Identifier: MIT */
/* audit_receipt.h — whether a receipt of a request (GET /v1/requests/{id}/receipt, doc/audit.md) holds: by nothing but the
 * receipt and the server's public key. Pure; any thread. */
#ifndef STORE_AUDIT_AUDIT_RECEIPT_H
#define STORE_AUDIT_AUDIT_RECEIPT_H

#include "crypto/seal.h"
#include "wire/json/json.h"

#define RECEIPT_FORMAT   "sallyport-receipt/1"
#define RECEIPT_SIZE_MAX ((size_t)32 << 20) /* bytes of JSON text */

/* What a receipt that holds says; texts are borrowed from it. NULL: it says nothing of that. */
struct audit_receipt_facts {
    const char *id;
    const char *state;
    size_t entries;
    const char *decided_by; /* as the decider said; NULL: nobody has decided */
    const char *decided_at;
    const char *comment;
    bool approved;
    /* When code, result and files went: from then on hashes alone prove them. NULL: they are there. */
    const char *emptied_at;
    const char *shown_sha256; /* of what was decided about */
};

/* `receipt` stays the caller's and holds what `ret_facts` refers to afterwards. Looks, in this order, whether: every entry
 * was signed by `key` and is about this request; the code is the one that was handed in; the hash that was decided about
 * is the hash of what the receipt shows; manifest, effects and files are those that were decided about; the state
 * follows from the entries. DATA_LOSS: something does not hold, and `err` says what; INVALID_ARGUMENT: it is no
 * receipt; NO_MEMORY. */
STATUS_RESULT audit_receipt_check(json_t *receipt, const struct seal_key *key,
                                  struct audit_receipt_facts *ret_facts, struct err *err);

#endif
