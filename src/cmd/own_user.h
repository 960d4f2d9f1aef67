/* SPDX-License-Identifier: MIT */
/* own_user.h — which user a server that was started as root becomes, and what it must own for that. */
#ifndef CMD_OWN_USER_H
#define CMD_OWN_USER_H

#include <sys/types.h>

#include "base/status.h"

struct own_user {
    uid_t uid;     /* 0: it stays who it is */
    char why[300]; /* why it stays root although it should not; "" */
};

/* `wanted`: a name, a number, or "root"; NULL: the default. `data_dir` (NULL: none) is given to the user, who
 * comes to it by a handle; if he cannot write into `ready_folder` (NULL: none; a path that he can follow, such as that of
 * a handle), the server stays root, in words, which call the folder `ready_shown`. Forks: before
 * threads exist. INVALID_ARGUMENT: no such user, or the process is not root and one is wanted. IO: the folder
 * cannot be given. */
STATUS_RESULT own_user_settle(const char *wanted, const char *data_dir, const char *ready_folder,
                              const char *ready_shown, struct own_user *ret_user, struct err *error);

#endif
