/* SPDX-License-Identifier: MIT */
/* capability.h — giving up privileges, and proving that they are gone. The calling thread only. */
#ifndef JAIL_CAPABILITY_H
#define JAIL_CAPABILITY_H

#include <sys/types.h>

#include "base/status.h"

/* True with CAP_SYS_ADMIN and the ids' capabilities in the effective set: the process can build jails
 * without a user namespace of its own. */
bool capability_privileged(void);
/* Takes another uid and gid and no groups, keeping all capabilities for the steps that follow. */
STATUS_RESULT capability_switch_user(uid_t uid, gid_t gid, struct err *err);
/* Gives up all capabilities but those in `keep` (bit per number of <linux/capability.h>) and sets
 * no_new_privs. */
STATUS_RESULT capability_limit(unsigned long long keep, struct err *err);
/* Empties the bounding, ambient, inheritable, permitted and effective sets, locks the secure bits so that no
 * uid means anything, and sets no_new_privs. Fails unless every set is empty afterwards. */
STATUS_RESULT capability_drop(struct err *err);

#endif
