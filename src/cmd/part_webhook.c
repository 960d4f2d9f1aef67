/* SPDX-License-Identifier: MIT */
/* part_webhook.c — who is told of events by HTTP. After the book of requests, from which it reads what is due, and after the confinement,
 * since it has a thread; it stops and ends before the book. */
#include "base/duration.h"
#include "cmd/part.h"
#include "core/notice/format/format.h"

#define MAIL_DOMAIN_MAX 80 /* bytes, with the @: it ends the ids of mails */

static enum status read_hosts(const struct server *server, struct notice_hosts *hosts, struct err *err)
{
    struct bytes list = bytes_of_cstr(setting_text(server->settings, "webhook-hosts"));
    while (list.size > 0) {
        struct bytes entry = bytes_trim(bytes_split(&list, ','));
        if (entry.size > 0 && notice_hosts_add(hosts, entry, err) != STATUS_OK) {
            (void)err_wrap(err, "webhook-hosts");
            return err->status = STATUS_INVALID_ARGUMENT;
        }
    }
    return STATUS_OK;
}

static struct sender_mail read_mail(const struct server *server)
{
    return (struct sender_mail){
        .server = setting_text(server->settings, "smtp-server"),
        .from = setting_text(server->settings, "smtp-from"),
        .user = setting_text(server->settings, "smtp-user"),
        .password = setting_text(server->settings, "smtp-password"),
        .plain = strcmp(setting_text(server->settings, "smtp-starttls"), "off") == 0,
    };
}

static enum status check_mail(const struct sender_mail *mail, const struct notice_hosts *hosts,
                              struct err *err)
{
    struct notice_place place;
    if (!mail->server && !mail->from && !mail->user && !mail->password)
        return STATUS_OK;
    const char *why = sender_mail_refusal(hosts, mail, &place);
    if (why)
        return err_set(err, STATUS_INVALID_ARGUMENT, "smtp-server %s", why);
    if (!mail->from || !format_is_mail_address(bytes_of_cstr(mail->from)) ||
        strlen(strchr(mail->from, '@')) > MAIL_DOMAIN_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "smtp-from must be a plain address, such as sallyport@example.org");
    if (!mail->user != !mail->password)
        return err_set(err, STATUS_INVALID_ARGUMENT, "smtp-user and smtp-password go together");
    return STATUS_OK;
}

static enum status check(const struct server *server, struct err *err)
{
    struct notice_hosts hosts = {0};
    const struct sender_mail mail = read_mail(server);
    enum status status = read_hosts(server, &hosts, err);
    if (status != STATUS_OK)
        return status;
    return check_mail(&mail, &hosts, err);
}

static enum status start(struct server *server, struct err *err)
{
    if (!server->review)
        return STATUS_OK;
    enum status status = read_hosts(server, &server->webhook_hosts, err);
    if (status != STATUS_OK)
        return status;
    const struct sender_mail mail = read_mail(server);
    server->webhook_service = (struct webhook_service){
        .store = server->review, .means = {.hosts = &server->webhook_hosts, .mail = mail.server != NULL}};
    const struct sender_options options = {.hosts = &server->webhook_hosts,
                                           .mail = mail,
                                           .base_url = server->addresses.url,
                                           .ca_file = setting_text(server->settings, "ca-file"),
                                           .timeout_ms = setting_number(server->settings, "webhook-timeout") /
                                                         NS_PER_MS};
    return webhook_engine_create(server->loop, server->review, &options, &server->webhooks, err);
}

static void mount(struct server *server, struct front *front)
{
    if (server->webhooks)
        front_add(front, webhook_service_part(&server->webhook_service));
}

static void stop(struct server *server)
{
    if (server->webhooks)
        webhook_engine_stop(server->webhooks, server_part_stopped, server);
    else
        server_part_stopped(server);
}

static void destroy(struct server *server)
{
    webhook_engine_destroy(server->webhooks);
}

const struct part part_webhook = {
    .name = "webhook",
    .commands = COMMAND_DEV | COMMAND_APP,
    .check = check,
    .start = start,
    .mount = mount,
    .stop = stop,
    .destroy = destroy,
};
