/* SPDX-License-Identifier: MIT */
/* part_page.c — the web page, and sign-ins of browsers where people sign in.
 * ORDER: behind the directory, whose door believes what is typed; before the HTTP server, which asks both. */
#include "cmd/part.h"

static enum status start(struct server *server, struct err *err)
{
    (void)err;
    if (server->door)
        page_sign_in_init(&server->page_sign_in, door_authenticator(server->door));
    return STATUS_OK;
}

static void mount(struct server *server, struct front *front)
{
    if (server->door)
        front_add(front, page_sign_in_part(&server->page_sign_in));
    front_add(front, page_service_part());
}

static void destroy(struct server *server)
{
    if (server->page_sign_in.authenticator.admit) /* it was begun */
        page_sign_in_fini(&server->page_sign_in);
}

const struct part part_page = {
    .name = "page",
    .commands = COMMAND_SERVERS,
    .start = start,
    .mount = mount,
    .destroy = destroy,
};
