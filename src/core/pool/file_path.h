/* SPDX-License-Identifier: MIT */
/* file_path.h — names of files in a session, as callers write them (session-pool-api.md 6.7, sandbox.md 2.9).
 * Turns "/mnt/data/a//b.txt" into "a/b.txt" relative to the session's /mnt/data, or refuses. It is only about
 * text: what a name leads to is decided by the kernel under openat2's rules (session_files.h). Pure. */
#ifndef CORE_POOL_FILE_PATH_H
#define CORE_POOL_FILE_PATH_H

#include "base/arena.h"

#define FILE_NAME_SIZE_MAX  255  /* bytes of one name */
#define FILE_PATH_SIZE_MAX  4095 /* bytes of the whole */
#define FILE_PATH_DEPTH_MAX 32   /* names in it */

/* Uploads in progress have such names; nobody may ask for one. */
#define FILE_TEMPORARY_PREFIX ".sallyport-upload-"

/* `directory` and `name` joined. `*ret_path` is NUL-terminated and lives in the arena; "" is the root itself.
 * INVALID_ARGUMENT: not UTF-8, a control character, "." or "..", too long or too deep; NO_MEMORY. */
STATUS_RESULT file_path_join(struct arena *arena, struct bytes directory, struct bytes name,
                             const char **ret_path, struct err *err);
/* True for one name that file_path_join would take: callers can ask for such a file. */
bool file_name_reachable(struct bytes name);
/* True for the absolute path of a file that is neither below /mnt/data nor directly in a root: "/etc/passwd".
 * An upload under such a name means another place than it would get (SP-66). "/a.txt" is `a.txt`. */
bool file_path_foreign(struct bytes name);
/* The part behind the last slash. */
const char *file_path_base(const char *path);
/* The media type by extension; "application/octet-stream" if unknown. Never NULL. */
const char *file_content_type(const char *path);

#endif
