/* SPDX-License-Identifier: MIT */
/* audit_line_fuzz.c — any bytes as lines of an audit log, as a head, and as a receipt. Nothing of it was signed by the key,
 * so no head is ever taken, and what is taken as an entry is what its own writer makes. */
#include "store/audit/audit_receipt.h"
#include "store/audit/verify.h"

/* The public key of RFC 8032 section 7.1, TEST 2. */
static const char public_key[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
                                 "-----END PUBLIC KEY-----\n";

static void walk(struct bytes lines, const struct seal_key *key)
{
    struct audit_verifier verifier;
    audit_verifier_begin(&verifier, key);
    ASSERT(audit_verifier_head(&verifier, lines, NULL) != STATUS_OK);
    while (lines.size > 0)
        (void)!audit_verifier_line(&verifier, bytes_split(&lines, '\n'), NULL);
    ASSERT(verifier.heads_checked == 0);
    ASSERT(audit_verifier_end(&verifier, NULL) == STATUS_OK);
    audit_verifier_fini(&verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seal_key *key;
    if (!key)
        ASSERT(seal_key_read(BYTES_LITERAL(public_key), &key, NULL) == STATUS_OK);
    walk(bytes_of(data, size), key);

    CLEANUP(json_release) json_t *receipt = NULL;
    struct audit_receipt_facts facts;
    if (json_parse(bytes_of(data, size), NULL, &receipt, NULL) == STATUS_OK)
        ASSERT(audit_receipt_check(receipt, key, &facts, NULL) != STATUS_OK);
    return 0;
}
