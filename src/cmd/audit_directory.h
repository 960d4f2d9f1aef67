/* SPDX-License-Identifier: MIT */
/* audit_directory.h — changes of the directory as entries of the audit log, wherever they come from: the directory's API, the
 * control plane, the server itself. An entry stands in the directory's file with its change, in one transaction, and is let go once it is in
 * the log: so nothing changes that is not told, and nothing is told that did not change, whenever the process ends. Nobody waits for the
 * log: a role can be taken away although it cannot be written, and is told when it can. Loop's thread. */
#ifndef CMD_AUDIT_DIRECTORY_H
#define CMD_AUDIT_DIRECTORY_H

#include "store/audit/audit_once.h"
#include "store/directory/directory.h"

/* The actor of what nobody asked for. */
#define AUDIT_SERVER_ID   "server"
#define AUDIT_SERVER_NAME "sallyport"

/* Zeroed but for the directory until audit_directory_init. */
struct audit_directory {
    struct directory_recorder recorder; /* first */
    struct directory *directory;
    struct audit_once *once; /* NULL: there is no log yet, or not any more */
    int64_t given;           /* entries since the ids were forgotten */
};

/* From now on each change is on disk with its entry, which waits in the directory's file until there is a log. */
void audit_directory_init(struct audit_directory *into, struct directory *directory);
/* What waits goes into the log. Before any other work in the log. Those of audit_once_open. */
STATUS_RESULT audit_directory_open(struct audit_directory *into, struct audit_log *log, struct err *err);
/* What changes from now on waits for the next start. Before the log is closed; then audit_directory_close, behind it. */
void audit_directory_pause(struct audit_directory *into);
void audit_directory_close(struct audit_directory *into);

#endif
