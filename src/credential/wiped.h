/* SPDX-License-Identifier: MIT */
/* wiped.h — buffers that leave nothing behind, and the check of what goes into a header. */
#ifndef CREDENTIAL_WIPED_H
#define CREDENTIAL_WIPED_H

#include "base/buf.h"

#define WIPED_TOKEN_SIZE_MAX ((size_t)16383) /* bytes of one token without NUL; what libdurabletask takes */
#define WIPED_FILE_SIZE_MAX  ((size_t)64 << 10) /* bytes of a token, certificate or key in a file */

/* Overwrites and frees. For CLEANUP(wiped_fini). */
void wiped_fini(struct buf *secret);
/* A whole file, at most WIPED_FILE_SIZE_MAX; `what` names it in the error. FAILED_PRECONDITION: it cannot be opened or is no
 * regular file; TOO_LARGE, NO_MEMORY. */
STATUS_RESULT wiped_read_file(const char *path, const char *what, struct buf *ret_content, struct err *err);
/* Not empty, at most WIPED_TOKEN_SIZE_MAX, and nothing that could end a header or a word. */
bool wiped_is_token(struct bytes token);

#endif
