/* SPDX-License-Identifier: MIT */
/* audit_directory.h — changes of the directory as entries of the audit log, wherever they come from: the directory's API, the
 * control plane, the server itself. Loop's thread. */
#ifndef CMD_AUDIT_DIRECTORY_H
#define CMD_AUDIT_DIRECTORY_H

#include "store/audit/audit_log.h"
#include "store/directory/directory.h"

/* The actor of what nobody asked for. */
#define AUDIT_SERVER_ID   "server"
#define AUDIT_SERVER_NAME "sallyport"

struct audit_directory {
    struct audit_log *log;
    struct directory *directory;
};

/* For directory_record; `context` is a struct audit_directory. Nobody waits for these entries: a role can be taken away although
 * the log cannot be written. */
void audit_directory_change(void *context, const struct directory_change *change);

#endif
