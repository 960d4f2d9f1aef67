/* SPDX-License-Identifier: MIT */
/* part_page.c — the web page, and sign-ins of browsers where people sign in.
 * ORDER: behind the directory, whose door believes what is typed; before the HTTP server, which asks both. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/local_key.h"
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

/* Of a `dev`, whose banner whoever started it reads: as the local user, whose key stands in the data folder. */
static void make_link(struct server *server)
{
    struct addresses *addresses = &server->addresses;
    struct local_key key = {.owner = 0};
    CLEANUP(buf_fini) struct buf authorization = {0};
    char code[SECRET_TEXT_SIZE + 1];
    local_key_read(server->data.path, &key);
    buf_append_cstr(&authorization, "Bearer ");
    buf_append_bytes(&authorization, buf_peek(&key.text));
    enum status status = buf_status(&authorization);
    if (status == STATUS_OK)
        status = page_sign_in_make_code(&server->page_sign_in, buf_peek(&authorization), code);
    if (status == STATUS_OK)
        (void)snprintf(addresses->sign_in_link, sizeof addresses->sign_in_link, "%s/#/?link=%s",
                       addresses->url, code);
    else
        log_warn("cmd", "there is no link that signs a browser in: type sallyport open");
    explicit_bzero(authorization.data, authorization.size);
    explicit_bzero(code, sizeof code);
    local_key_fini(&key);
}

/* ORDER: before part_ready, which prints it. */
static void announce(struct server *server)
{
    server->addresses.sign_in = server->door != NULL;
    if (server->door && server->command == COMMAND_DEV)
        make_link(server);
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
    .announce = announce,
    .destroy = destroy,
};
