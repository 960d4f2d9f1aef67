/* SPDX-License-Identifier: MIT */
/* local_key.c — the file, and a look at the peer when the connection is there and before anything is sent. */
#include "cmd/local_key.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/port_owner.h"

#define KEY_BYTES 512 /* bytes of the file */

void local_key_read(const char *folder, struct local_key *ret_key)
{
    char path[PATH_MAX], text[KEY_BYTES];
    struct stat facts;
    snprintf(path, sizeof path, "%.4000s/" LOCAL_KEY_FILE, folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    ssize_t size = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) ? read(fd, text, sizeof text) : -1;
    close(fd);
    struct bytes key = bytes_trim(bytes_of(text, size > 0 ? (size_t)size : 0));
    if (key.size > 0 && !memchr(key.data, '\n', key.size)) {
        buf_append_bytes(&ret_key->text, key);
        ret_key->owner = facts.st_uid;
    }
    explicit_bzero(text, sizeof text);
}

void local_key_fini(struct local_key *key)
{
    if (key->text.data)
        explicit_bzero(key->text.data, key->text.capacity);
    buf_fini(&key->text);
}

static int on_connected(void *context, char *peer, char *own, int peer_port, int own_port)
{
    const struct local_key *key = context;
    const uid_t users[] = {key->owner, geteuid()};
    const struct port_connection connection = {peer, (uint16_t)peer_port, own, (uint16_t)own_port};
    return port_owner_is_one_of(&connection, users, 2) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

void local_key_guard(const struct local_key *key, void *curl)
{
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, (void *)key);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

const char *local_key_fault(int code)
{
    return code == CURLE_ABORTED_BY_CALLBACK
               ? "the key of the data folder was not sent: another user's program listens there"
               : NULL;
}
