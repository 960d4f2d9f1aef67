/* SPDX-License-Identifier: MIT */
/* attach.h — the files that were typed with --file, as members of a submission or a revision. */
#ifndef CMD_REVIEW_ATTACH_H
#define CMD_REVIEW_ATTACH_H

#include "cmd/review/call.h"

/* Adds "files" to `body`, if there are any. The exit code; what is wrong was said. */
int attach_files(const struct review_call *call, json_t *body);
/* The same for the next revision of `id`: what was typed comes in the place of inputs of the same path, --without takes some away, and
 * the others are named by their hash. Without either nothing is said of files, and they stay. */
int attach_to_revision(const struct review_call *call, const char *id, json_t *body);

#endif
