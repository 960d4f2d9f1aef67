/* SPDX-License-Identifier: MIT */
/* own_server.c — a file of a few hundred bytes, and the process that it names. */
#include "cmd/own_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ready.h"
#include "cmd/state_dir.h"
#include "wire/json/json.h"

#define READY_SIZE_MAX 4096 /* bytes of the file */

bool own_server_folder(const char *data, struct buf *out)
{
    if (!data)
        return state_path_of_user("sallyport", out);
    buf_append_cstr(out, data);
    buf_append_byte(out, '\0');
    return buf_status(out) == STATUS_OK;
}

static json_t *read_file(const char *folder)
{
    char path[PATH_MAX];
    char text[READY_SIZE_MAX];
    int length = snprintf(path, sizeof path, "%s/" READY_OWN_NAME, folder);
    if (length < 0 || (size_t)length >= sizeof path)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    ssize_t size = read(fd, text, sizeof text);
    close(fd);
    json_t *ready = NULL;
    if (size <= 0 || json_parse(bytes_of(text, (size_t)size), NULL, &ready, NULL) != STATUS_OK)
        return NULL;
    return ready;
}

/* After a crash the file is still there. */
static bool is_running(const json_t *ready)
{
    json_int_t pid = json_integer_value(json_object_get(ready, "pid"));
    return pid > 0 && pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

json_t *own_server_read(const char *folder)
{
    json_t *ready = read_file(folder);
    if (is_running(ready) && json_member_text(ready, "url"))
        return ready;
    json_decref(ready);
    return NULL;
}

json_t *own_server_find(void)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    return own_server_folder(NULL, &folder) ? own_server_read((const char *)folder.data) : NULL;
}

bool own_server_is_near(const char *url)
{
    static const char *const beginnings[] = {"http://localhost",  "http://127.0.0.1",  "http://[::1]",
                                             "https://localhost", "https://127.0.0.1", "https://[::1]"};
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
        size_t size = strlen(beginnings[i]);
        bool begins = strncmp(url, beginnings[i], size) == 0;
        if (begins && (url[size] == ':' || url[size] == '/' || url[size] == '\0'))
            return !strchr(url, '@'); /* else the host stands behind it */
    }
    return false;
}
