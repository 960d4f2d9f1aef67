/* SPDX-License-Identifier: MIT */
/* inputs.h — the input files of a request, as its record has them: arrays of {"path","size","sha256"}, one in each revision. Pure. */
#ifndef CORE_REVIEW_INPUTS_H
#define CORE_REVIEW_INPUTS_H

#include <jansson.h>

/* The file of that path in an array, borrowed; NULL: none. */
const json_t *review_input_at(const json_t *files, const char *path);
/* A file of any revision of the request that has this hash, borrowed; NULL: none. */
const json_t *review_input_named(const json_t *request, const char *sha256);
/* The revision of that number, borrowed; NULL: none. */
const json_t *review_revision_of(const json_t *request, json_int_t number);

/* What differs, by path and hash: {"added":[FILE],"removed":[FILE],"changed":[{"path","from":FILE,"to":FILE}],"same":N}, each in the
 * order of `after`, or of `before` for what is removed; new. NULL without memory. */
json_t *review_inputs_difference(const json_t *before, const json_t *after);

#endif
