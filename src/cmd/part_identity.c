/* SPDX-License-Identifier: MIT */
/* part_identity.c — the managed identities of programs that run on this machine, by the setting `managed-identity`: a server of
 * its own on loopback, an application of the directory for each name, and a file with its variables in the data folder.
 * ORDER: after the port, since tokens name the server's URL as their issuer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cmd/part.h"
#include "net/limit_values.h"
#include "os/clock.h"

#define FOLDER        "identity" /* in the data folder: NAME.env */
#define NAME_MAX_SIZE 60

static enum status check(const struct server *server, struct err *err)
{
    const char *names = setting_text(server->settings, "managed-identity");
    if (names && !setting_flag(server->settings, "auth"))
        return err_set(err, STATUS_INVALID_ARGUMENT, "managed-identity: there is no sign-in without --auth");
    struct bytes rest = bytes_of_cstr(names);
    while (rest.data) {
        struct bytes name = bytes_trim(bytes_split(&rest, ','));
        if (!addresses_is_pool_name(name) || name.data[0] == '.')
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "managed-identity: \"%.*s\" is not 1 to %d letters, digits, '-', '_', '.'",
                           BYTES_FMT(bytes_slice(name, 0, 80)), NAME_MAX_SIZE);
    }
    return STATUS_OK;
}

static const struct directory_application *find(const struct directory *directory, struct bytes name)
{
    const struct directory_application *application = NULL;
    while ((application = directory_next(directory, DIRECTORY_APPLICATION, application)))
        if (bytes_equal_nocase(bytes_of_cstr(application->name), name))
            return application;
    return NULL;
}

/* One that is not there is made, without roles: somebody has to grant it some. */
static const struct directory_application *provide(struct directory *directory, struct bytes name)
{
    const struct directory_application *known = find(directory, name);
    if (known)
        return known;
    char ids[2][GUID_TEXT_SIZE + 1];
    char text[NAME_MAX_SIZE + 1];
    directory_guid(ids[0]);
    directory_guid(ids[1]);
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
    const struct directory_application made = {
        .id = ids[0], .client_id = ids[1], .name = text, .resource_id = "", .created_ns = clock_unix_ns()};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_APPLICATION, &made};
    directory_write(directory, &write, 1, NULL);
    directory_settle(directory);
    return find(directory, name);
}

/* For `set -a; . NAME.env`, systemd's EnvironmentFile=, and container engines' --env-file. */
static enum status write_variables(const struct server *server, struct bytes name, const char *secret,
                                   struct err *err)
{
    char path[PATH_MAX];
    CLEANUP(buf_fini) struct buf text = {0};
    snprintf(path, sizeof path, "%.3900s/" FOLDER "/%.*s.env", server->data.path, BYTES_FMT(name));
    buf_append_fmt(&text,
                   "IDENTITY_ENDPOINT=http://localhost:%u" MANAGED_IDENTITY_PATH "\nIDENTITY_HEADER=%s\n",
                   listener_port(server->identity_listener), secret);
    if (buf_status(&text) != STATUS_OK)
        return err_no_memory(err);
    enum status status = file_replace(path, buf_peek(&text), err);
    explicit_bzero(text.data, text.size);
    return status;
}

static enum status admit(struct server *server, struct bytes name, struct err *err)
{
    const struct directory_application *application = provide(server->directory, name);
    if (!application)
        return err_set(err, STATUS_UNAVAILABLE, "managed-identity: \"%.*s\" could not be made",
                       BYTES_FMT(name));
    char program[NAME_MAX_SIZE + 1];
    char secret[SECRET_TEXT_SIZE + 1];
    snprintf(program, sizeof program, "%.*s", BYTES_FMT(name));
    const char *const ids[] = {application->id};
    enum status status = managed_identity_admit(server->identity, program, ids, 1, secret, err);
    if (status == STATUS_OK)
        status = write_variables(server, name, secret, err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

static enum status serve(struct server *server, struct err *err)
{
    const struct http_handler handler = managed_identity_handler(server->identity);
    enum status status = http_server_create(server->loop, NULL, &server->identity_http, err);
    if (status)
        return status;
    http_server_serve(server->identity_http, &handler);

    const struct listener_options options = {
        .loopback_v6 = true,
        .port = (uint16_t)setting_number(server->settings, "managed-identity-port"),
        .http = server->identity_http,
        .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS};
    return listener_open(server->loop, &options, &server->identity_listener, err);
}

static enum status make_folder(const struct server *server, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.3900s/" FOLDER, server->data.path);
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return STATUS_OK;
    return err_set(err, STATUS_IO, "%s/" FOLDER ": %s", server->data_dir, strerror(errno));
}

enum status part_identity_serve(struct server *server, struct err *err)
{
    if (server->identity)
        return STATUS_OK;
    enum status status = managed_identity_create(server->directory, server->token_keys, server->addresses.url,
                                                 &server->identity, err);
    if (status != STATUS_OK)
        return status;
    return serve(server, err);
}

static enum status start(struct server *server, struct err *err)
{
    struct bytes rest = bytes_of_cstr(setting_text(server->settings, "managed-identity"));
    if (!rest.data || !server->directory)
        return STATUS_OK;
    enum status status = make_folder(server, err);
    if (status == STATUS_OK)
        status = part_identity_serve(server, err);
    while (status == STATUS_OK && rest.data)
        status = admit(server, bytes_trim(bytes_split(&rest, ',')), err);
    return status;
}

static void announce(struct server *server)
{
    if (setting_text(server->settings, "managed-identity") && server->identity)
        log_info("cmd", "managed identities are served to this machine; their variables are in %s/" FOLDER,
                 server->data_dir);
}

static void stop(struct server *server)
{
    listener_close(server->identity_listener);
    server->identity_listener = NULL;
    if (server->identity_http)
        http_server_drain(server->identity_http, server_part_stopped, server);
    else
        server_part_stopped(server);
}

static void destroy(struct server *server)
{
    listener_close(server->identity_listener);
    http_server_destroy(server->identity_http);
    managed_identity_destroy(server->identity);
}

const struct part part_identity = {
    .name = "identity",
    .commands = COMMAND_DEV | COMMAND_SCHEDULER,
    .check = check,
    .start = start,
    .announce = announce,
    .stop = stop,
    .destroy = destroy,
};
