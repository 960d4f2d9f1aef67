/* SPDX-License-Identifier: MIT */
/* local_key.c — the file, and a look at the peer when the connection is there and before anything is sent. */
#include "cmd/local_key.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

static bool trusts(const struct local_key *key, const struct port_connection *connection)
{
    const uid_t users[] = {key->owner, geteuid()};
    return port_owner_is_one_of(connection, users, 2);
}

static int on_connected(void *context, char *peer, char *own, int peer_port, int own_port)
{
    const struct port_connection connection = {peer, (uint16_t)peer_port, own, (uint16_t)own_port};
    return trusts(context, &connection) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* False: it is none of the internet's. */
static bool write_address(const struct sockaddr_storage *address, char ret_text[INET6_ADDRSTRLEN],
                          uint16_t *ret_port)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    bool is_six = address->ss_family == AF_INET6;
    if (!is_six && address->ss_family != AF_INET)
        return false;
    *ret_port = ntohs(is_six ? six->sin6_port : four->sin_port);
    const void *bytes = is_six ? (const void *)&six->sin6_addr : (const void *)&four->sin_addr;
    return inet_ntop(address->ss_family, bytes, ret_text, INET6_ADDRSTRLEN) != NULL;
}

bool local_key_trusts(void *key, int fd)
{
    struct sockaddr_storage peer = {0}, own = {0};
    socklen_t peer_size = sizeof peer, own_size = sizeof own;
    char peer_text[INET6_ADDRSTRLEN], own_text[INET6_ADDRSTRLEN];
    struct port_connection connection = {.peer = peer_text, .own = own_text};
    return getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
           getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
           write_address(&peer, peer_text, &connection.peer_port) &&
           write_address(&own, own_text, &connection.own_port) && trusts(key, &connection);
}

void local_key_guard(const struct local_key *key, void *curl)
{
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, (void *)key);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

const char *local_key_fault(int code)
{
    return code == CURLE_ABORTED_BY_CALLBACK ? LOCAL_KEY_FAULT : NULL;
}
