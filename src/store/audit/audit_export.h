/* SPDX-License-Identifier: MIT */
/* audit_export.h — which file of an export (GET /v1/requests/{id}/export, doc/audit.md) has which hash, by what a receipt that was checked
 * proves: entries of the log name code and inputs, the manifest that was decided about names the rest. Pure; any thread. */
#ifndef STORE_AUDIT_AUDIT_EXPORT_H
#define STORE_AUDIT_AUDIT_EXPORT_H

#include "wire/json/json.h"

#define AUDIT_EXPORT_LIST_MAX ((size_t)1 << 20) /* bytes of files.json */

/* `receipt`: as audit_receipt_check has left it. `list`: the text of files.json; data NULL: there is none. `*ret_named`: an object of path to
 * SHA-256, the caller's. DATA_LOSS: the list is not the one that the manifest names; NO_MEMORY. */
STATUS_RESULT audit_export_named(const json_t *receipt, struct bytes list, json_t **ret_named,
                                 struct err *err);
/* True for what is in an export for convenience, and proves nothing. */
bool audit_export_is_aside(struct bytes path);
/* True for what may be absent: an earlier manifest, of which the present one takes the place. */
bool audit_export_is_optional(struct bytes path);

#endif
