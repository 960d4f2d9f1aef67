/* SPDX-License-Identifier: MIT */
/* result_fit.h — makes the result of a run fit what a person can be shown, or says that it cannot.
 *
 * The result is the `properties` object of the pool's answer. Nothing in it is stored twice. What is over the
 * limit is cut in the middle: head and tail stay, a line between them says how many bytes are left out, and a
 * member says how many there were. The largest texts are cut first, and no further than needed. Pictures and
 * structured values cannot be cut: if they alone are over the limit, the result cannot be shown. Pure. */
#ifndef SVC_APP_RESULT_FIT_H
#define SVC_APP_RESULT_FIT_H

#include <jansson.h>

#include "base/bytes.h"
#include "svc/app/limit_values.h"

/* Changes `result`, an object, until its compact JSON text has at most `size_max` bytes (from 64 KiB on), and
 * gives that text, to be freed by the caller.
 *
 *   in "outputs" a representation that stands in "result" becomes {"in":"result"}
 *   what was cut: "stdoutTruncated" and "stdoutBytes", how many bytes there were; the same for "stderr",
 *   "result" and "error"; "outputsTruncated" for texts of "outputs"
 *
 * TOO_LARGE: what cannot be cut is over the limit. `result` and the text then hold only status, streams, time
 * and "resultBytes", the size that it had. NO_MEMORY: no text is given. */
STATUS_RESULT result_fit(json_t *result, size_t size_max, char **ret_text);

#endif
