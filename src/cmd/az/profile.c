/* SPDX-License-Identifier: MIT */
/* profile.c — read with a look at the file's owner and mode; written whole or not at all. */
#include "cmd/az/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/state_dir.h"
#include "wire/json/json.h"

#define PROFILE_SIZE_MAX ((size_t)1 << 20) /* bytes */
#define PROFILE_NAME     AZ_PROFILE_FOLDER "/profile.json"

static enum status read_open(int fd, const char *path, json_t **ret_profile, struct err *err)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || (size_t)facts.st_size > PROFILE_SIZE_MAX)
        return err_set(err, STATUS_IO, "cannot read %s", path);
    if (facts.st_uid != geteuid() || (facts.st_mode & 077))
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "%s holds tokens and is not yours alone: chmod 600 it, or delete it", path);
    char *text = malloc((size_t)facts.st_size + 1);
    ssize_t got = text ? read(fd, text, (size_t)facts.st_size) : -1;
    enum status status = got < 0 ? err_set(err, STATUS_IO, "cannot read %s: %s", path, strerror(errno))
                                 : json_parse(bytes_of(text, (size_t)got), NULL, ret_profile, NULL);
    free(text);
    if (status == STATUS_OK && !json_is_object(*ret_profile)) {
        json_decref(*ret_profile);
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK || status == STATUS_IO)
        return status;
    return err_set(err, STATUS_MALFORMED, "%s is damaged: delete it and sign in again", path);
}

enum status az_profile_read(json_t **ret_profile, struct err *err)
{
    CLEANUP(buf_fini) struct buf path = {0};
    int fd = -1;
    if (state_path_of_user(PROFILE_NAME, &path))
        fd = open((const char *)path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        *ret_profile = json_object();
        if (!*ret_profile)
            return err_no_memory(err);
        return STATUS_OK;
    }
    enum status status = read_open(fd, (const char *)path.data, ret_profile, err);
    close(fd);
    return status;
}

/* The folders above the file, those that are missing. */
static void make_folders(const char *path)
{
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *at = folder + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        (void)mkdir(folder, 0700); /* what fails here is told by the file's own error */
        *at = '/';
    }
}

enum status az_profile_write(const json_t *profile, struct err *err)
{
    CLEANUP(buf_fini) struct buf path = {0};
    if (!state_path_of_user(PROFILE_NAME, &path))
        return err_set(err, STATUS_IO, "there is no home folder to keep the sign-in in: set XDG_STATE_HOME");
    make_folders((const char *)path.data);
    char *text = json_dumps(profile, JSON_INDENT(1));
    if (!text)
        return err_no_memory(err);
    enum status status = file_replace((const char *)path.data, bytes_of_cstr(text), err);
    free(text);
    return status;
}

const char *az_profile_text(const json_t *profile, const char *object, const char *name)
{
    const json_t *holder = object ? json_object_get(profile, object) : profile;
    return json_member_text(holder, name);
}

bool az_profile_set(json_t *profile, const char *object, const char *name, const char *text)
{
    json_t *holder = object ? json_object_get(profile, object) : profile;
    if (!json_is_object(holder)) {
        holder = json_object();
        if (!holder || json_object_set_new(profile, object, holder) != 0)
            return false;
    }
    if (text && *text)
        return json_object_set_new(holder, name, json_string(text)) == 0;
    (void)json_object_del(holder, name);
    return true;
}
