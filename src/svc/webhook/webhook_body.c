/* SPDX-License-Identifier: MIT */
/* webhook_body.c — one row a member: its name, and the function that reads it. */
#include "svc/webhook/webhook_body.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "core/notice/event.h"
#include "svc/webhook/sender.h"
#include "svc/webhook/webhook_format.h"
#include "svc/webhook/webhook_target.h"

static bool refuse(struct webhook_body *body, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(struct webhook_body *body, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(body->fault, sizeof body->fault, fmt, arguments);
    va_end(arguments);
    return false;
}

/* Letters, digits, and "-_." between them: it stands in paths and on command lines. */
static bool is_name(const char *name)
{
    size_t size = strlen(name);
    bool sound = size > 0 && size <= WEBHOOK_NAME_SIZE_MAX && ascii_alnum((uint8_t)name[0]);
    for (size_t i = 0; sound && i < size; i++)
        sound = ascii_alnum((uint8_t)name[i]) || strchr("-_.", name[i]);
    return sound;
}

/* A text without U+0000; NULL: it is none. */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static bool read_name(const json_t *value, struct webhook_body *body)
{
    body->draft.name = text_of(value);
    if (body->draft.name && is_name(body->draft.name))
        return true;
    return refuse(
        body,
        "The member \"name\" must be 1 to %d letters, digits, \"-\", \"_\" and \".\", the first a letter or "
        "a digit (limit webhook-name-size-max).",
        WEBHOOK_NAME_SIZE_MAX);
}

static bool read_url(const json_t *value, struct webhook_body *body)
{
    body->draft.url = text_of(value);
    return body->draft.url || refuse(body, "The member \"url\" must be a string.");
}

static bool read_format(const json_t *value, struct webhook_body *body)
{
    body->draft.format = text_of(value);
    bool known = body->draft.format && webhook_format_is_known(body->draft.format);
    return known ||
           refuse(
               body,
               "The member \"format\" must be \"cloudevents\", \"slack\", \"teams\", \"ntfy\" or \"email\".");
}

static bool read_events(const json_t *value, struct webhook_body *body)
{
    size_t count = json_array_size(value), size = 0;
    if (count == 0 || count > WEBHOOK_EVENTS_MAX)
        return refuse(
            body,
            "The member \"events\" must be an array of 1 to %d names of events, such as \"request.approved\" "
            "or \"request.*\" (limit webhook-events-max).",
            WEBHOOK_EVENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *filter = text_of(json_array_get(value, i));
        if (!filter || !notice_filter_is_sound(bytes_of_cstr(filter)))
            return refuse(body, "The member \"events\" names \"%.80s\", which is no event.",
                          text_or(filter, "something that is no string"));
        int written = snprintf(body->events + size, sizeof body->events - size, "%s%s", i ? "," : "", filter);
        size += (size_t)written; /* a sound filter is as long as some event's name at most */
    }
    body->draft.events = body->events;
    return true;
}

/* It becomes a part of a header. */
static bool is_token(const char *token)
{
    size_t size = strlen(token);
    for (size_t i = 0; i < size; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    return size <= WEBHOOK_TOKEN_SIZE_MAX;
}

/* null: it needs none any more. */
static bool read_token(const json_t *value, struct webhook_body *body)
{
    body->draft.token = json_is_null(value) ? "" : text_of(value);
    if (body->draft.token && is_token(body->draft.token))
        return true;
    return refuse(body,
                  "The member \"token\" must be up to %d printable characters of ASCII without blanks "
                  "(limit webhook-token-size-max), or null.",
                  WEBHOOK_TOKEN_SIZE_MAX);
}

/* `true`: another one is made. */
static bool read_secret(const json_t *value, struct webhook_body *body)
{
    body->secret_said = true;
    if (json_is_true(value)) {
        notice_secret_make(body->secret);
        body->draft.secret = body->secret;
        return true;
    }
    body->draft.secret = text_of(value);
    if (body->draft.secret && notice_secret_is_sound(bytes_of_cstr(body->draft.secret)))
        return true;
    return refuse(body,
                  "The member \"secret\" must be \"" NOTICE_SECRET_PREFIX "\" and base64 of %d to %d bytes "
                  "(limit notice-secret-size-max), or true for a new one.",
                  NOTICE_SECRET_SIZE_MIN, NOTICE_SECRET_SIZE_MAX);
}

static bool read_state(const json_t *value, struct webhook_body *body)
{
    body->draft.state = text_of(value);
    bool known = body->draft.state &&
                 (strcmp(body->draft.state, "active") == 0 || strcmp(body->draft.state, "paused") == 0);
    return known || refuse(body, "The member \"state\" must be \"active\" or \"paused\".");
}

static const struct webhook_member {
    const char *name;
    bool (*read)(const json_t *value, struct webhook_body *body);
    bool of_new; /* false: only of one that is there */
} members[] = {
    {"name", read_name, true},     {"url", read_url, true},       {"format", read_format, true},
    {"events", read_events, true}, {"secret", read_secret, true}, {"token", read_token, true},
    {"state", read_state, false},
};

static const struct webhook_member *member_named(const char *name, bool is_new)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (strcmp(members[i].name, name) == 0 && (members[i].of_new || !is_new))
            return &members[i];
    return NULL;
}

/* What nobody has said of a new one. */
static bool add_defaults(struct webhook_body *body)
{
    if (!body->draft.url)
        return refuse(body, "The member \"url\" is missing.");
    if (!body->draft.name)
        return refuse(body, "The member \"name\" is missing.");
    if (!body->draft.format)
        body->draft.format = WEBHOOK_FORMAT_DEFAULT;
    if (!body->draft.events)
        body->draft.events = "*";
    if (!body->draft.secret) {
        notice_secret_make(body->secret);
        body->draft.secret = body->secret;
    }
    return true;
}

bool webhook_body_read(const json_t *root, bool is_new, struct webhook_body *ret_body)
{
    const char *name;
    json_t *value;
    *ret_body = (struct webhook_body){0};
    json_object_foreach((json_t *)root, name, value)
    {
        const struct webhook_member *member = member_named(name, is_new);
        if (!member)
            return refuse(ret_body, "A webhook has no member \"%.80s\" that could be given here.", name);
        if (!member->read(value, ret_body))
            return false;
    }
    return !is_new || add_defaults(ret_body);
}

/* --- together --- */

static const char *given_or(const char *given, const json_t *present, const char *member)
{
    return given ? given : text_or(json_member_text(present, member), "");
}

bool webhook_body_fits(struct webhook_body *body, const json_t *present, const struct webhook_means *means)
{
    const struct webhook_draft *draft = &body->draft;
    const char *format = given_or(draft->format, present, "format");
    enum webhook_way way = webhook_format_way(format);
    struct webhook_target target;
    struct notice_place place;
    const char *why = webhook_target_read(format, given_or(draft->url, present, "url"), &target);
    if (!why && way != WEBHOOK_BY_MAIL)
        why = sender_refusal(means->hosts, bytes_of_cstr(target.url), &place);
    if (why)
        return refuse(body, "The member \"url\" %s.", why);
    if (way == WEBHOOK_BY_MAIL && !means->mail)
        return refuse(body,
                      "The format \"email\" needs a mail server: the settings smtp-server and smtp-from.");
    if (way == WEBHOOK_BY_MAIL && body->secret_said)
        return refuse(body, "A mail is not signed: it has no \"secret\".");
    if (way != WEBHOOK_BY_NTFY && draft->token && draft->token[0])
        return refuse(body, "The member \"token\" is for the format \"ntfy\".");
    return true;
}

json_t *webhook_formats_json(const struct webhook_means *means)
{
    json_t *array = json_array();
    for (size_t i = 0; webhook_format_name(i); i++)
        if (means->mail || webhook_format_way(webhook_format_name(i)) != WEBHOOK_BY_MAIL)
            json_array_append_new(array, json_string(webhook_format_name(i)));
    return array;
}
