/* SPDX-License-Identifier: MIT */
/* part_directory.c — who there is: the directory in the data folder, its keys for tokens, and with `auth` the door that all
 * requests go through.
 * ORDER: after the confinement, since it starts threads; before the servers, which ask the door, and whose last request gives
 * back its principal when they are destroyed. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/part.h"
#include "os/clock.h"
#include "svc/directory/first_owner.h"
#include "svc/directory/people.h"

#define LOCAL_KEY "local.key" /* in the data folder: whoever may read that is the local user anyway */

static enum status check(const struct server *server, struct err *err)
{
    bool auth = setting_flag(server->settings, "auth");
    if (auth && setting_flag(server->settings, "insecure-no-auth"))
        return err_set(err, STATUS_INVALID_ARGUMENT, "auth and insecure-no-auth: choose one");
    if (!auth && setting_text(server->settings, "oidc-issuer"))
        return err_set(err, STATUS_INVALID_ARGUMENT, "oidc-issuer: there is no sign-in without --auth");
    return STATUS_OK;
}

static void on_change(void *context)
{
    struct server *server = context;
    if (server->http)
        http_server_judge_again(server->http);
    if (server->grpc)
        grpc_server_judge_again(server->grpc);
    made_schedulers_judge_again(&server->made_schedulers);
}

static void trust(struct server *server, const char *key, bool inner)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_of_cstr(key), hash);
    door_trust(server->door, hash, inner);
}

static enum status write_local_key(struct server *server, struct err *err)
{
    char key[SECRET_TEXT_SIZE + 1];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/" LOCAL_KEY, server->data.path);
    secret_make(SECRET_API_KEY, key);
    trust(server, key, false);
    enum status status = file_replace(path, bytes_of_cstr(key), err);
    explicit_bzero(key, sizeof key);
    return status;
}

static enum status open_issuer(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    const struct issuer_options options = {.directory = server->directory,
                                           .url = setting_text(values, "oidc-issuer"),
                                           .audience = setting_text(values, "oidc-audience"),
                                           .name_claim = setting_text(values, "oidc-name-claim"),
                                           .groups_claim = setting_text(values, "oidc-groups-claim"),
                                           .ca_file = setting_text(values, "ca-file")};
    if (options.url)
        return issuer_create(server->loop, &options, &server->issuer, err);
    return STATUS_OK;
}

static enum status open_door(struct server *server, struct err *err)
{
    enum status status = open_issuer(server, err);
    const struct door_options options = {.directory = server->directory,
                                         .keys = server->token_keys,
                                         .issuer = server->issuer,
                                         .on_change = on_change,
                                         .context = server};
    if (status == STATUS_OK)
        status = door_create(server->loop, &options, &server->door, err);
    if (status != STATUS_OK)
        return status;
    secret_make(SECRET_API_KEY, server->inner_key);
    trust(server, server->inner_key, true);
    status = write_local_key(server, err);
    if (status)
        return status;
    return first_owner_make(server->directory, clock_unix_ns(), server->first_key, err);
}

static enum status start(struct server *server, struct err *err)
{
    if (!server->data_dir)
        return STATUS_OK;
    const struct directory_options options = {
        .folder = server->data.path, .shown = server->data_dir, .now_ns = clock_unix_ns()};
    enum status status =
        directory_open(server->loop, &options, &server->directory, &server->directory_made, err);
    if (status == STATUS_OK)
        audit_directory_init(&server->audit_directory, server->directory);
    if (status == STATUS_OK)
        status =
            token_keys_open(server->directory, &server->names.site, options.now_ns, &server->token_keys, err);
    if (status == STATUS_OK && setting_flag(server->settings, "auth"))
        status = open_door(server, err);
    const struct sign_in_options sign_in = {
        .directory = server->directory, .keys = server->token_keys, .issuer = server->issuer};
    if (status)
        return status;
    return sign_in_create(server->loop, &sign_in, &server->sign_in, err);
}

static void mount(struct server *server, struct front *front)
{
    if (server->sign_in)
        front_add(front, sign_in_part(server->sign_in));
    if (!server->directory)
        return;
    front_add(front, people_part(server->directory));
    front_add(front, graph_part(server->directory));
}

static void announce(struct server *server)
{
    if (!server->door)
        return;
    log_info("cmd", "sign-in is on; on this machine the commands use %s/" LOCAL_KEY, server->data_dir);
    if (server->first_key[0])
        printf("\nThe owner's API key, shown this once (Authorization: Bearer …):\n\n  %s\n\n",
               server->first_key);
    explicit_bzero(server->first_key, sizeof server->first_key);
}

static void destroy(struct server *server)
{
    sign_in_destroy(server->sign_in);
    door_destroy(server->door);
    issuer_destroy(server->issuer);
    token_keys_close(server->token_keys);
    directory_close(server->directory);
}

const struct part part_directory = {
    .name = "directory",
    .commands = COMMAND_SERVERS,
    .check = check,
    .start = start,
    .mount = mount,
    .announce = announce,
    .destroy = destroy,
};
