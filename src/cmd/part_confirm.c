/* SPDX-License-Identifier: MIT */
/* part_confirm.c — links by which people decide from a message, and the key that signs them: `links.key` in the data folder. Who
 * deletes that file ends every link.
 * ORDER: behind webhooks, by whose sender messages in Slack retire, the directory, whose door lends what a person may, and the HTTP server, whose API is asked. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/part.h"
#include "os/clock.h"
#include "svc/confirm/confirm_offer.h"
#include "svc/confirm/slack_press.h"
#include "wire/json/json.h"

#define LINKS_KEY "links.key"
#define LOCAL     "local"

/* --- people --- */

/* Where nobody signs in there is one person. */
static bool name(void *context, const struct principal *principal, char ret_who[CONFIRM_LINK_WHO_SIZE])
{
    const struct server *server = context;
    if (server->door)
        return door_name(server->door, principal, ret_who);
    (void)snprintf(ret_who, CONFIRM_LINK_WHO_SIZE, LOCAL);
    return true;
}

static bool lend(void *context, const char *who, const char *way, struct confirm_loan *ret_loan)
{
    const struct server *server = context;
    if (server->door)
        return door_lend(server->door, who, way, ret_loan->secret, &ret_loan->id, &ret_loan->name);
    *ret_loan = (struct confirm_loan){.id = access_local.id, .name = access_local.name};
    return strcmp(who, LOCAL) == 0;
}

/* A person of the directory by name, as loans name them. */
static bool find(void *context, const char *name, char ret_who[CONFIRM_LINK_WHO_SIZE])
{
    const struct server *server = context;
    const struct directory_person *person =
        directory_find(server->directory, DIRECTORY_PERSON, "name", bytes_of_cstr(name));
    if (person)
        (void)snprintf(ret_who, CONFIRM_LINK_WHO_SIZE, "person/%s", person->id);
    return person != NULL;
}

/* --- links in mails --- */

/* Whose name in the directory the mailbox is: so nobody who may change a webhook has another's link sent to a place of theirs. Whoever submitted
 * the request is not asked about it. */
static bool offer(void *context, const char *mailbox, const json_t *request, struct buf *out)
{
    const struct server *server = context;
    char who[CONFIRM_LINK_WHO_SIZE];
    const struct directory_person *person =
        directory_find(server->directory, DIRECTORY_PERSON, "name", bytes_of_cstr(mailbox));
    struct bytes submitter = json_member_bytes(json_object_get(request, "submitter"), "id");
    if (!person || bytes_equal_cstr(submitter, person->id))
        return false;
    (void)snprintf(who, sizeof who, "person/%s", person->id);
    return confirm_offer(&server->confirm, server->addresses.url, who, request, out);
}

static void offer_in_mails(struct server *server)
{
    const struct webhook_links links = {.offer = offer, .context = server};
    if (server->webhooks && setting_flag(server->settings, "mail-links"))
        webhook_engine_offer_links(server->webhooks, &links);
}

/* --- the key --- */

static bool read_digits(struct bytes text, uint8_t ret_key[CONFIRM_LINK_KEY_SIZE])
{
    if (text.size != (size_t)2 * CONFIRM_LINK_KEY_SIZE)
        return false;
    for (size_t i = 0; i < CONFIRM_LINK_KEY_SIZE; i++) {
        int high = ascii_hex_value(text.data[2 * i]), low = ascii_hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum status make_key(struct server *server, const char *path, struct err *err)
{
    char text[2 * CONFIRM_LINK_KEY_SIZE + 2];
    uint8_t *key = server->confirm.key;
    confirm_link_key_make(key);
    for (size_t i = 0; i < CONFIRM_LINK_KEY_SIZE; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", key[i]);
    (void)snprintf(text + sizeof text - 2, 2, "\n");
    enum status status = file_replace(path, bytes_of_cstr(text), err);
    explicit_bzero(text, sizeof text);
    return status;
}

static enum status take_key(struct server *server, struct err *err)
{
    char path[PATH_MAX], text[2 * CONFIRM_LINK_KEY_SIZE + 2];
    (void)snprintf(path, sizeof path, "%.4000s/" LINKS_KEY, server->data.path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return make_key(server, path, err);
    ssize_t size = read(fd, text, sizeof text);
    (void)close(fd);
    bool whole = size > 0 && read_digits(bytes_trim(bytes_of(text, (size_t)size)), server->confirm.key);
    explicit_bzero(text, sizeof text);
    if (whole)
        return STATUS_OK;
    return err_set(err, STATUS_DATA_LOSS, "%s/" LINKS_KEY " holds no key; delete it, which ends all links",
                   server->data_dir);
}

static enum status check(const struct server *server, struct err *err)
{
    const char *secret = setting_text(server->settings, "slack-signing-secret"),
               *people = setting_text(server->settings, "slack-people");
    if (secret && !setting_flag(server->settings, "auth"))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "slack-signing-secret: without --auth nobody knows who presses a button");
    if (setting_flag(server->settings, "mail-links") && !setting_flag(server->settings, "auth"))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "mail-links: without --auth nobody knows whose mailbox it is");
    if (people && !slack_people_are_sound(bytes_of_cstr(people)))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "slack-people: must be ID=NAME, separated by commas, each ID once");
    return STATUS_OK;
}

static void say(void *context, const char *url, struct bytes json)
{
    webhook_engine_say(context, url, json);
}

static enum status start_replies(struct server *server, struct err *err)
{
    const struct slack_replies_options options = {
        .store = server->review, .hosts = &server->webhook_hosts, .send = say, .context = server->webhooks};
    if (!server->slack.secret || !server->webhooks)
        return STATUS_OK;
    return slack_replies_create(&options, &server->slack.replies, err);
}

static enum status start(struct server *server, struct err *err)
{
    server->slack = (struct slack_service){
        .confirm = &server->confirm,
        .secret = server->door ? setting_text(server->settings, "slack-signing-secret") : NULL,
        .people = setting_text(server->settings, "slack-people"),
        .find = find,
        .context = server,
    };
    server->confirm = (struct confirm_service){
        .server = server->http,
        .people = {.name = name, .lend = lend, .context = server},
        .lifetime_ns = setting_number(server->settings, "link-lifetime"),
    };
    offer_in_mails(server);
    enum status status = start_replies(server, err);
    if (status == STATUS_OK && server->data_dir)
        return take_key(server, err);
    confirm_link_key_make(server->confirm.key);
    return status;
}

static void stop(struct server *server)
{
    if (server->slack.replies)
        slack_replies_stop(server->slack.replies, server_part_stopped, server);
    else
        server_part_stopped(server);
}

static void destroy(struct server *server)
{
    slack_replies_destroy(server->slack.replies);
}

static void mount(struct server *server, struct front *front)
{
    front_add(front, confirm_service_part(&server->confirm));
    front_add(front, slack_service_part(&server->slack));
}

const struct part part_confirm = {
    .name = "confirm",
    .commands = COMMAND_DEV | COMMAND_APP,
    .check = check,
    .start = start,
    .mount = mount,
    .stop = stop,
    .destroy = destroy,
};
