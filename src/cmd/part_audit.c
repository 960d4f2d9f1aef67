/* SPDX-License-Identifier: MIT */
/* part_audit.c — the audit log of the data folder and the book of requests in its file: for the app, the directory, the door and
 * the token service, and for whoever reads them.
 * ORDER: after the confinement, since it starts a thread, and after the directory; before the app, which writes into it
 * before it answers; closed after the app has stopped. */
#include <stdio.h>

#include "cmd/part.h"
#include "os/clock.h"

/* Nobody waits for these: a server whose log cannot be written refuses submissions and decisions by itself. */
static void note(const struct server *server, enum audit_action action)
{
    json_t *details = json_pack("{s:s}", "version", SALLYPORT_VERSION);
    const struct audit_entry entry = {.action = action,
                                      .actor_id = AUDIT_SERVER_ID,
                                      .actor_name = AUDIT_SERVER_NAME,
                                      .object = AUDIT_SERVER_ID,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    if (server->audit)
        audit_log_append(server->audit, &entry, NULL);
    json_decref(details);
}

static void tell_whom(struct server *server, struct witness *witness)
{
    if (server->door)
        door_record(server->door, witness);
    if (server->sign_in)
        sign_in_record(server->sign_in, witness);
}

/* What it has counted is written down. */
static void end_witness(struct server *server)
{
    tell_whom(server, NULL);
    witness_destroy(server->witness);
    server->witness = NULL;
}

static enum status start(struct server *server, struct err *err)
{
    if (!server->data_dir)
        return STATUS_OK;
    const struct audit_log_options options = {.folder = server->data.path, .shown = server->data_dir};
    enum status status = audit_log_open(server->loop, &options, &server->audit, err);
    if (status == STATUS_OK && server->directory)
        status = audit_directory_open(&server->audit_directory, server->audit, err);
    if (status == STATUS_OK)
        status =
            review_store_open(server->loop, server->audit, server->data.path,
                              setting_number(server->settings, "request-retention"), &server->review, err);
    if (status == STATUS_OK)
        status = part_policy_apply(server, err);
    if (status == STATUS_OK)
        status = witness_create(server->loop, server->audit, &server->witness, err);
    if (status == STATUS_OK)
        tell_whom(server, server->witness);
    return status;
}

static void mount(struct server *server, struct front *front)
{
    if (!server->audit)
        return;
    server->audit_service.log = server->audit;
    front_add(front, audit_service_part(&server->audit_service));
}

static void health(const struct server *server, struct causes *causes)
{
    struct err why = {0};
    char text[sizeof why.text + 80];
    if (!server->audit || audit_log_writable(server->audit, &why))
        return;
    (void)snprintf(text, sizeof text, "the last entry of the audit log could not be written: %s", why.text);
    cause_add(causes, "audit", CAUSE_CANNOT_WRITE, text);
}

static void announce(struct server *server)
{
    note(server, AUDIT_SERVER_STARTED);
}

static void stop(struct server *server)
{
    end_witness(server);
    note(server, AUDIT_SERVER_STOPPED);
    server_part_stopped(server);
}

static void destroy(struct server *server)
{
    /* the directory ends later, and keeps what it is to tell */
    audit_directory_pause(&server->audit_directory);
    end_witness(server);
    review_store_close(server->review);
    audit_log_close(server->audit);
    audit_directory_close(&server->audit_directory);
}

const struct part part_audit = {
    .name = "audit",
    .commands = COMMAND_SERVERS,
    .start = start,
    .mount = mount,
    .health = health,
    .announce = announce,
    .stop = stop,
    .destroy = destroy,
};
