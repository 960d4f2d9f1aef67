/* SPDX-License-Identifier: MIT */
/* webhook.c — webhooks of a server: made, listed, shown, changed, deleted, tried. */
#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/cli/print.h"
#include "cmd/webhook/webhook_call.h"

#define MAILTO "mailto:"

#define WEBHOOKS_PATH "/v1/webhooks"

/* --- what both files use --- */

bool webhook_path(const struct review_call *call, const char *rest, struct buf *ret_path)
{
    buf_append_cstr(ret_path, WEBHOOKS_PATH "/");
    percent_encode(ret_path, bytes_of_cstr(call->values->positionals[0]), NULL);
    buf_append_cstr(ret_path, rest);
    buf_append_byte(ret_path, '\0');
    if (buf_status(ret_path) == STATUS_OK)
        return true;
    (void)review_no_memory(call);
    return false;
}

const char *webhook_text(const json_t *object, const char *name)
{
    return text_or(json_member_text(object, name), "");
}

int webhook_print_json(const json_t *value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    print_json_value(&out, value);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

static void print_delivery(const json_t *delivery)
{
    printf("delivery %" PRId64 ": %s\n", (int64_t)json_integer_value(json_object_get(delivery, "number")),
           webhook_text(delivery, "state"));
}

int webhook_send(const struct review_call *call, const struct buf *path)
{
    CLEANUP(json_release) json_t *delivery = NULL;
    int code = review_post(call, (const char *)path->data, json_object(), &delivery);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(call->values, "json"))
        return webhook_print_json(delivery);
    print_delivery(delivery);
    return EXIT_GOOD;
}

/* --- one webhook --- */

static void write_events(const json_t *webhook, struct buf *out)
{
    const json_t *events = json_object_get(webhook, "events");
    for (size_t i = 0; i < json_array_size(events); i++)
        buf_append_fmt(out, "%s%s", i ? ", " : "", text_or(json_string_value(json_array_get(events, i)), ""));
    buf_append_byte(out, '\0');
}

static const char *peek_text(const struct buf *text)
{
    return buf_status(text) == STATUS_OK && text->size > 0 ? (const char *)text->data : "";
}

static void number_text(const json_t *webhook, const char *member, char ret_text[24])
{
    (void)snprintf(ret_text, 24, "%" PRId64, (int64_t)json_integer_value(json_object_get(webhook, member)));
}

static int print_webhook(const json_t *webhook)
{
    static const char *const members[] = {"id", "name", "url", "format", "state"};
    CLEANUP(buf_fini) struct buf out = {0}, events = {0}, failure = {0};
    const json_t *failed = json_object_get(webhook, "lastFailure"),
                 *secret = json_object_get(webhook, "secret");
    char waiting[24], skipped[24];
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        print_pair(&out, members[i], webhook_text(webhook, members[i]));
    write_events(webhook, &events);
    print_pair(&out, "events", peek_text(&events));
    number_text(webhook, "waiting", waiting);
    number_text(webhook, "skipped", skipped);
    print_pair(&out, "waiting", waiting);
    print_pair(&out, "skipped", strcmp(skipped, "0") == 0 ? NULL : skipped);
    print_pair(&out, "delivered", json_member_text(webhook, "lastDeliveredAt"));
    buf_append_fmt(&failure, "%s: %s", webhook_text(failed, "at"), webhook_text(failed, "error"));
    buf_append_byte(&failure, '\0');
    print_pair(&out, "failed", failed ? peek_text(&failure) : NULL);
    print_pair(&out, "token", json_object_get(webhook, "hasToken") ? "is kept" : NULL);
    print_pair(&out, "old secret", json_member_text(webhook, "oldSecretUntil"));
    print_pair(&out, "secret", json_string_value(secret));
    if (secret)
        buf_append_cstr(&out, "The secret is shown this once: give it to the receiver.\n");
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

static int print_answer(const struct review_call *call, const json_t *webhook)
{
    if (setting_flag(call->values, "json"))
        return webhook_print_json(webhook);
    return print_webhook(webhook);
}

/* --- add, change --- */

/* Those that were typed; NULL: none were. */
static json_t *events_typed(const struct option_values *values)
{
    json_t *events = NULL;
    size_t place = 0;
    const char *event;
    while ((event = setting_each(values, "event", place++))) {
        if (!events)
            events = json_array();
        json_array_append_new(events, json_string(event));
    }
    return events;
}

static bool is_mailbox(const char *url)
{
    return strncmp(url, MAILTO, strlen(MAILTO)) == 0;
}

/* For https://hooks.example.org/x: hooks.example.org; for mailto:mina@example.org: mina. */
static json_t *name_of_url(const char *url)
{
    if (is_mailbox(url))
        return json_stringn(url + strlen(MAILTO), strcspn(url + strlen(MAILTO), "@"));
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return json_stringn(host, strcspn(host, "/:?"));
}

int webhook_add(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *webhook = NULL;
    const char *name = setting_text(values, "name"), *url = values->positionals[0];
    const char *format = setting_text(values, "format");
    json_t *body = json_pack("{s:s, s:o, s:o*, s:s*, s:s*, s:s*}", "url", url, "name",
                             name ? json_string(name) : name_of_url(url), "events", events_typed(values),
                             "format", format || !is_mailbox(url) ? format : "email", "secret",
                             setting_text(values, "secret"), "token", setting_text(values, "token"));
    int code = review_post(&call, WEBHOOKS_PATH, body, &webhook);
    return code == EXIT_GOOD ? print_answer(&call, webhook) : code;
}

/* At most one of them. */
static const char *state_typed(const struct option_values *values)
{
    if (setting_flag(values, "pause"))
        return "paused";
    return setting_flag(values, "resume") ? "active" : NULL;
}

int webhook_change(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *webhook = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    const char *secret = setting_text(values, "secret");
    json_t *new_secret = setting_flag(values, "new-secret") ? json_true() : NULL;
    json_t *body =
        json_pack("{s:s*, s:s*, s:o*, s:s*, s:s*, s:o*, s:s*}", "url", setting_text(values, "to"), "name",
                  setting_text(values, "name"), "events", events_typed(values), "format",
                  setting_text(values, "format"), "state", state_typed(values), "secret",
                  secret ? json_string(secret) : new_secret, "token", setting_text(values, "token"));
    if (!webhook_path(&call, "", &path)) {
        json_decref(body);
        return EXIT_FAILED;
    }
    int code = review_patch(&call, (const char *)path.data, body, &webhook);
    return code == EXIT_GOOD ? print_answer(&call, webhook) : code;
}

/* --- list, show, delete --- */

int webhook_list(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"NAME", "STATE", "URL", "EVENTS", "WAITING", "LAST FAILURE"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *answer = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    int code = review_get(&call, WEBHOOKS_PATH, SERVER_PATIENCE_MS, &answer);
    if (code != EXIT_GOOD)
        return code;
    const json_t *webhooks = json_object_get(answer, "webhooks");
    if (setting_flag(values, "json"))
        return webhook_print_json(webhooks);
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(webhooks); i++) {
        const json_t *webhook = json_array_get(webhooks, i);
        CLEANUP(buf_fini) struct buf events = {0};
        char waiting[24];
        write_events(webhook, &events);
        number_text(webhook, "waiting", waiting);
        const char *const cells[] = {webhook_text(webhook, "name"),
                                     webhook_text(webhook, "state"),
                                     webhook_text(webhook, "url"),
                                     peek_text(&events),
                                     waiting,
                                     webhook_text(json_object_get(webhook, "lastFailure"), "error")};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    print_table_write(&table, &out);
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

int webhook_show(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *webhook = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    if (!webhook_path(&call, "", &path))
        return EXIT_FAILED;
    int code = review_get(&call, (const char *)path.data, SERVER_PATIENCE_MS, &webhook);
    return code == EXIT_GOOD ? print_answer(&call, webhook) : code;
}

int webhook_delete(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *webhook = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    if (!webhook_path(&call, "", &path))
        return EXIT_FAILED;
    int code = review_delete(&call, (const char *)path.data, &webhook);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return webhook_print_json(webhook);
    printf("%s is told nothing any more\n", webhook_text(webhook, "name"));
    return EXIT_GOOD;
}

/* --- ping --- */

int webhook_ping(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(buf_fini) struct buf path = {0};
    return webhook_path(&call, "/ping", &path) ? webhook_send(&call, &path) : EXIT_FAILED;
}
