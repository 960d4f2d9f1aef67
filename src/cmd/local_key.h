/* SPDX-License-Identifier: MIT */
/* local_key.h — the key that a server leaves in its data folder for whoever may read that, and the care with which commands send
 * it: it counts as everything. A command sends it within this machine only, and only to a program of the file's owner, of the
 * user who typed the command, or of root, which is looked up for the connection over which it would go
 * (net/port_owner.h). Blocks; one thread. */
#ifndef CMD_LOCAL_KEY_H
#define CMD_LOCAL_KEY_H

#include <sys/types.h>

#include "base/buf.h"

#define LOCAL_KEY_FILE "local.key"

/* Zero-initialise; holds a pointer of libcurl's handle until that is gone. */
struct local_key {
    struct buf text; /* empty: there is none */
    uid_t owner;     /* of the file */
};

/* Of the data folder `folder`. Without one that can be read the key stays empty. */
void local_key_read(const char *folder, struct local_key *ret_key);
void local_key_fini(struct local_key *key);
/* The request of `curl` (a CURL *) may bear the key: it is broken off before it is sent if somebody else is at the other end. No
 * proxy is asked. The key lives as long as the handle. */
void local_key_guard(const struct local_key *key, void *curl);
/* True if that key (a struct local_key) may go out over `fd`, a connection that stands; as local_key_guard, for another client. */
bool local_key_trusts(void *key, int fd);
#define LOCAL_KEY_FAULT "the key of the data folder was not sent: another user's program listens there"
/* What to tell of a request that ended with `code` (a CURLcode), in words; NULL: nothing of the guard's. */
const char *local_key_fault(int code);

#endif
