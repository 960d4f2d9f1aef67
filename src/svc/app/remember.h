/* SPDX-License-Identifier: MIT */
/* remember.h — "approve and remember" in the body of a vote. Pure. */
#ifndef SVC_APP_REMEMBER_H
#define SVC_APP_REMEMBER_H

#include <jansson.h>

#include "store/review/review_store.h"

/* {"for":"submitter" or "label:KEY","of"?:"bytes" or "tree","expiresInSeconds"?,"uses"?}; its text is the object's. Returns what is wrong
 * with it, a static sentence; NULL: nothing. */
const char *remember_read(const json_t *object, struct review_remember *ret_remember);

#endif
