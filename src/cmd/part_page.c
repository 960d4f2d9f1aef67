/* SPDX-License-Identifier: MIT */
/* part_page.c — the web page, and sign-ins of browsers where people sign in.
 * ORDER: behind the directory, whose door believes what is typed; before the HTTP server, which asks both. */
#include "cmd/part.h"

static const char *by_secret(void *context, struct http_request *request, const char *name,
                             const char *secret)
{
    return sign_in_by_secret(context, request, name, secret);
}

static const struct directory_ticket *by_device(void *context, const char *code, const char *client,
                                                bool *ret_waits)
{
    return sign_in_by_device(context, code, client, ret_waits);
}

static void believed(void *context, const struct principal *principal, const char *how)
{
    sign_in_believed(context, principal, how);
}

static enum status start(struct server *server, struct err *err)
{
    (void)err;
    if (!server->door)
        return STATUS_OK;
    secret_make("spw_", server->page_secret);
    door_trust_page(server->door, server->page_secret);
    const struct page_sign_in_options options = {.door = door_authenticator(server->door),
                                                 .directory = server->directory,
                                                 .secret = server->page_secret,
                                                 .people = {.context = server->sign_in,
                                                            .by_secret = by_secret,
                                                            .by_device = by_device,
                                                            .believed = believed}};
    page_sign_in_init(&server->page_sign_in, &options);
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
