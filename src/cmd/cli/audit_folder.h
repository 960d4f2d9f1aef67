/* SPDX-License-Identifier: MIT */
/* audit_folder.h — whether the files of an export that was unpacked are those that its receipt proves. */
#ifndef CMD_CLI_AUDIT_FOLDER_H
#define CMD_CLI_AUDIT_FOLDER_H

#include "wire/json/json.h"

/* `receipt`: as audit_receipt_check has left it. `emptied`: what it was about is gone, and only its hashes are left. `*ret_count`: files that
 * were looked at. DATA_LOSS: a file is another one, is missing, or is named by nothing; `err` says which. NOT_FOUND, IO:
 * the folder cannot be read. */
STATUS_RESULT audit_folder_check(const char *folder, const json_t *receipt, bool emptied, size_t *ret_count,
                                 struct err *err);

#endif
