/* SPDX-License-Identifier: MIT */
/* data_root.c — two places, tried in order. Each folder is made, looked at without following a link, and only then
 * trusted. */
#include "jail/data_root.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0755 /* sessions, whose uids are others, pass through it */

/* Not through a link: in /tmp others may have put one there first. */
static enum status make_own_folder(const char *path, struct err *error)
{
    if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
        return err_set(error, STATUS_IO, "cannot make the folder %s: %s", path, strerror(errno));

    struct stat facts;
    if (lstat(path, &facts) != 0)
        return err_set(error, STATUS_IO, "cannot use the folder %s: %s", path, strerror(errno));
    if (!S_ISDIR(facts.st_mode) || facts.st_uid != geteuid())
        return err_set(error, STATUS_IO, "%s is not a folder of this user", path);

    /* The umask of who starts the server may have taken bits away. */
    if ((facts.st_mode & 07777) != FOLDER_MODE && chmod(path, FOLDER_MODE) != 0)
        return err_set(error, STATUS_IO, "cannot set the mode of %s: %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status make_both(const char *path, struct err *error)
{
    char data[DATA_ROOT_PATH_SIZE + sizeof "/data"];
    snprintf(data, sizeof data, "%s/data", path);
    enum status status = make_own_folder(path, error);
    if (status != STATUS_OK)
        return status;
    return make_own_folder(data, error);
}

enum status data_root_make(char ret_path[DATA_ROOT_PATH_SIZE], struct err *error)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char places[2][DATA_ROOT_PATH_SIZE] = {"/run/sallyport", ""};
    snprintf(places[1], sizeof places[1], "/tmp/sallyport-%u", (unsigned)geteuid());
    if (geteuid() != 0 && runtime && *runtime == '/')
        snprintf(places[0], sizeof places[0], "%s/sallyport", runtime);
    else if (geteuid() != 0)
        memcpy(places[0], places[1], sizeof places[0]);

    enum status status = STATUS_IO;
    for (size_t i = 0; status != STATUS_OK && i < ARRAY_SIZE(places); i++) {
        status = make_both(places[i], error);
        if (status == STATUS_OK)
            memcpy(ret_path, places[i], DATA_ROOT_PATH_SIZE);
    }
    return status;
}
