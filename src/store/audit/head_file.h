/* SPDX-License-Identifier: MIT */
/* head_file.h — the files beside the entries: the key that signs heads, its public half, and the heads, a line each, ever
 * appended. One thread at a time. */
#ifndef STORE_AUDIT_HEAD_FILE_H
#define STORE_AUDIT_HEAD_FILE_H

#include "store/audit/head.h"

#define AUDIT_KEY        "audit-key.pem"
#define AUDIT_PUBLIC_KEY "audit-key.pub"
#define AUDIT_HEADS      "audit-heads.jsonl"

struct audit_head_file;

/* `may_make`: a key that is not there is made; else that is DATA_LOSS, for whoever took it away wants heads signed anew.
 * DATA_LOSS also for a key that cannot be read. IO, NO_MEMORY. */
STATUS_RESULT audit_head_file_open(const char *folder, const char *shown, bool may_make,
                                   struct audit_head_file **ret_file, struct err *err);
/* NULL allowed. */
void audit_head_file_close(struct audit_head_file *file);
const struct seal_key *audit_head_file_key(const struct audit_head_file *file);
/* PEM; lives as long as the file. */
struct bytes audit_head_file_public_key(const struct audit_head_file *file);
/* Signs where the chain is; the line is synced. IO; those of audit_head_write. */
STATUS_RESULT audit_head_file_append(struct audit_head_file *file, const struct audit_chain *chain,
                                     int64_t at_ns, struct err *err);

#endif
