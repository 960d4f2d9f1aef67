/* SPDX-License-Identifier: MIT */
/* part_tls.c — TLS on the one port, in two steps.
 * ORDER: files that were given are read before the confinement, while the process may read what the user who started
 * it may; own files are made after it, for the names that the HTTP server knows, and before the port is opened. */
#include <signal.h>

#include "base/log.h"
#include "cmd/part.h"

/* --- what was given --- */

static enum status check(const struct server *server, struct err *err)
{
    return tls_setup_check(server->settings, server_has(server, &part_scheduler), err);
}

static enum status read_given(struct server *server, struct err *err)
{
    return tls_setup_open(&server->tls, server->settings, err);
}

static void reload(struct server *server)
{
    if (server->tls.server)
        log_info("cmd", "the certificate is read again signal=%d", SIGHUP);
    tls_setup_reload(&server->tls);
}

static void health(const struct server *server, struct causes *causes)
{
    char text[320];
    if (tls_setup_ends(&server->tls, text, sizeof text))
        cause_add(causes, "tls", CAUSE_WEAKER, text);
}

static void destroy(struct server *server)
{
    tls_setup_fini(&server->tls);
}

const struct part part_certificates = {
    .name = "certificates",
    .commands = COMMAND_SERVERS,
    .check = check,
    .start = read_given,
    .health = health,
    .reload = reload,
    .destroy = destroy,
};

/* --- what is the server's own --- */

static enum status make_own(struct server *server, struct err *err)
{
    return tls_setup_start(&server->tls, server->settings, server->loop, server->data.path, server->data_dir,
                           &server->names.site, err);
}

const struct part part_tls = {
    .name = "tls",
    .commands = COMMAND_SERVERS,
    .start = make_own,
};
