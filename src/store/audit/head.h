/* SPDX-License-Identifier: MIT */
/* head.h — a signed statement of where the chain of the audit log was: "entry SEQ has hash HASH", with the time and the
 * key's id. Whoever keeps a head elsewhere sees later that nothing up to it was changed, cut off or written anew.
 *
 * A head is one line of canonical JSON {"at","hash","key","seq","signature"}; the signature (base64url, Ed25519) is over
 * the canonical JSON of the other members. Pure; any thread. */
#ifndef STORE_AUDIT_HEAD_H
#define STORE_AUDIT_HEAD_H

#include "crypto/seal.h"
#include "store/audit/entry.h"

/* Appends the line of a head for where the chain is (not before its first entry), without a line feed. NO_MEMORY,
 * INTERNAL. */
STATUS_RESULT audit_head_write(const struct audit_chain *chain, int64_t at_ns, const struct seal_key *key,
                               struct buf *out, struct err *err);
/* Reads a head. DATA_LOSS: it is none, or was not signed by `key`. NO_MEMORY. */
STATUS_RESULT audit_head_check(struct bytes line, const struct seal_key *key, struct audit_chain *ret_chain,
                               struct err *err);

#endif
