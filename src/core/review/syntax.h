/* SPDX-License-Identifier: MIT */
/* syntax.h — what a session says of code that it has taken apart without running it (runtime.h, `syntax_cell`), and what policies read of
 * it. A pool may be anybody's, so that what it says is bounded here.
 *
 *   {"imports":["os","os.path"],"calls":["print"],"treeSha256"}   or   {"error":"SyntaxError in line 3"}
 *
 * With an error nothing is known of the code, which is never the same as code that imports nothing. Pure; any thread. */
#ifndef CORE_REVIEW_SYNTAX_H
#define CORE_REVIEW_SYNTAX_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/status.h"

#define SYNTAX_NAMES_MAX      2000 /* of either list */
#define SYNTAX_NAME_SIZE_MAX  800  /* bytes: 200 characters, as the cell has it */
#define SYNTAX_ERROR_SIZE_MAX 200  /* bytes */

/* What was printed, as it is kept: a new object with these members and no others. Whatever else was printed is an error as well.
 * NO_MEMORY. */
STATUS_RESULT syntax_read(struct bytes printed, json_t **ret_syntax);
/* {"error":`why`} for code that nobody could take apart; new. NULL without memory. */
json_t *syntax_untold(const char *why);

#endif
