/* SPDX-License-Identifier: MIT */
/* first_owner.h — who may grant anything before anybody was granted something: at the first start with sign-in a person "owner"
 * with every role everywhere, and an API key of theirs, which is handed out once. */
#ifndef SVC_DIRECTORY_FIRST_OWNER_H
#define SVC_DIRECTORY_FIRST_OWNER_H

#include "crypto/secret.h"
#include "store/directory/directory.h"

#define FIRST_OWNER_NAME "owner@sallyport"

/* Makes them if there is no person at all. `ret_key`: the key, or "". Blocks: for a start. Errors: as directory_write. */
STATUS_RESULT first_owner_make(struct directory *directory, int64_t now_ns,
                               char ret_key[SECRET_TEXT_SIZE + 1], struct err *err);

#endif
