/* SPDX-License-Identifier: MIT */
/* data_root.h — the host's folder that stands at /mnt in every template, so above every session's /mnt/data.
 * The pool's process may write only below folders that it named before it confined itself, and Landlock looks
 * for those on the way up from a file. A folder of the template itself would go with its zygote, and a rule
 * can never be added. So there is one that outlives keepers and zygotes: empty but for the folder `data` that
 * sessions mount upon, owned by who starts the server, never written to. Any thread. */
#ifndef JAIL_DATA_ROOT_H
#define JAIL_DATA_ROOT_H

#include "base/status.h"

#define DATA_ROOT_PATH_SIZE 128

/* Makes it where it is not there: /run/sallyport for root, else $XDG_RUNTIME_DIR/sallyport, else
 * /tmp/sallyport-UID. All servers of one user share it. IO: none of the places can be used, or somebody else
 * owns it or may write in it; the text names the last one tried. */
STATUS_RESULT data_root_make(char ret_path[DATA_ROOT_PATH_SIZE], struct err *error);

#endif
