/* SPDX-License-Identifier: MIT */
/* own_user.c — first who it is to be, then whatever may speak against it; only then is anything given away. */
#include "cmd/own_user.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmd/state_dir.h"
#include "jail/capability.h"
#include "jail/confine.h"

#define NOBODY 65534u

static enum status find_user(const char *wanted, uid_t *ret_uid, struct err *error)
{
    uint64_t number;
    if (bytes_parse_u64(bytes_of_cstr(wanted), &number) == STATUS_OK && number < UINT32_MAX) {
        *ret_uid = (uid_t)number;
        return STATUS_OK;
    }
    const struct passwd *entry = getpwnam(wanted);
    if (!entry)
        return err_set(error, STATUS_INVALID_ARGUMENT, "user: there is no user \"%.60s\"", wanted);
    *ret_uid = entry->pw_uid;
    return STATUS_OK;
}

/* In an outer user namespace high numbers may not exist. */
static uid_t default_user(void)
{
    return confine_user_exists(CONFINE_USER_DEFAULT) ? CONFINE_USER_DEFAULT : NOBODY;
}

static void stay(struct own_user *user, const char *what)
{
    snprintf(user->why, sizeof user->why,
             "the server process stays root: user %u cannot write the ready file into %.120s (choose a "
             "folder that he can write in, or the data folder)",
             (unsigned)user->uid, what);
    user->uid = 0;
}

/* The data folder will be the user's; the folder of the ready file must let him in as it is. */
static bool can_write_ready(uid_t uid, const char *data_dir, const char *ready_folder,
                            const char *ready_shown)
{
    bool own = data_dir && ready_folder && strcmp(data_dir, ready_shown) == 0;
    return !ready_folder || own || confine_user_can(uid, ready_folder, W_OK | X_OK);
}

enum status own_user_settle(const char *wanted, const char *data_dir, const char *ready_folder,
                            const char *ready_shown, struct own_user *ret_user, struct err *error)
{
    struct own_user user = {0};
    enum status status = STATUS_OK;
    if (wanted)
        status = find_user(wanted, &user.uid, error);
    if (status == STATUS_OK && wanted && geteuid() != 0 && user.uid != geteuid())
        status = err_set(error, STATUS_INVALID_ARGUMENT, "user: only root can become another user");
    if (status != STATUS_OK || geteuid() != 0 || !capability_privileged() || (wanted && user.uid == 0)) {
        *ret_user = (struct own_user){0};
        return status;
    }

    if (!wanted)
        user.uid = default_user();
    /* ORDER: all that may speak against it before anything is given away. */
    if (!can_write_ready(user.uid, data_dir, ready_folder, ready_shown))
        stay(&user, ready_shown);
    else if (data_dir)
        status = state_dir_hand_over(data_dir, user.uid, error);
    *ret_user = user;
    return status;
}
