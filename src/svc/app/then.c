/* SPDX-License-Identifier: MIT */
/* then.c — a promise is taken whole or not at all: what is not known in it is refused, not ignored. */
#include "svc/app/then.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/access/access.h"
#include "net/http_problem.h"
#include "store/review/webhook_book.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define SCHEDULER_PLACE "/scheduler" /* of all hubs, as grants have it */

static bool refuse(struct http_request *request, const char *detail)
{
    http_respond_failure(request, 400, detail);
    return false;
}

/* The name of an unknown member, or NULL. */
static const char *unknown_member(const json_t *object, const char *const *known, size_t count)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        size_t i = 0;
        while (i < count && strcmp(known[i], name) != 0)
            i++;
        if (i == count)
            return name;
    }
    return NULL;
}

static bool has_only(struct http_request *request, const json_t *object, const char *what,
                     const char *const *known, size_t count)
{
    char detail[200];
    const char *unknown = unknown_member(object, known, count);
    if (!unknown)
        return true;
    (void)snprintf(detail, sizeof detail, "The member \"%s\" has no \"%.100s\".", what, unknown);
    return refuse(request, detail);
}

/* Not empty, printable, without U+0000. */
static bool is_name(const json_t *value, size_t size_max)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    if (!text || size == 0 || size > size_max || strlen(text) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

/* What may be the name of a hub: it travels in a header, and is a step of a scope. */
static bool is_hub(const json_t *value)
{
    const char *text = json_string_value(value);
    bool fits = is_name(value, APP_THEN_HUB_SIZE_MAX);
    for (size_t i = 0; fits && text[i]; i++)
        fits = text[i] > ' ' && (uint8_t)text[i] < 0x7f && text[i] != '/';
    return fits;
}

static bool may_start(struct http_request *request, const char *hub, const char *scheduler_resource)
{
    const struct principal *principal = http_request_principal(request);
    CLEANUP(buf_fini) struct buf scope = {0}, resource = {0}, words = {0};
    buf_append_fmt(&scope, SCHEDULER_PLACE "/%s", hub);
    if (scheduler_resource)
        buf_append_fmt(&resource, "%s/taskHubs/%s", scheduler_resource, hub);
    if (buf_status(&scope) != STATUS_OK || buf_status(&resource) != STATUS_OK) {
        http_respond_no_memory(request);
        return false;
    }
    if (access_decide_at(principal, ACCESS_HUB_WRITE, buf_peek(&scope), buf_peek(&resource)) ==
        ACCESS_GRANTED)
        return true;
    access_explain(principal, ACCESS_HUB_WRITE, buf_peek(&scope), &words);
    buf_append_byte(&words, '\0');
    http_respond_problem(request, http_problem_named(HTTP_PROBLEM_DENIED),
                         buf_status(&words) == STATUS_OK ? (const char *)words.data : NULL);
    return false;
}

static bool admit_start(struct http_request *request, json_t *start, const struct then_place *place)
{
    static const char *const known[] = {"name", "hub", "version"};
    if (!json_is_object(start))
        return refuse(request, "The member \"then.start\" must be an object.");
    if (!has_only(request, start, "then.start", known, ARRAY_SIZE(known)))
        return false;
    if (!is_name(json_object_get(start, "name"), APP_THEN_NAME_SIZE_MAX))
        return refuse(request, "The member \"then.start.name\" must be a string of 1 to " DIGITS_OF(
                                   APP_THEN_NAME_SIZE_MAX) " bytes (limit app-then-name-size-max).");
    if (json_is_null(json_object_get(start, "version")))
        json_object_del(start, "version");
    const json_t *version = json_object_get(start, "version");
    if (version && !is_name(version, APP_THEN_NAME_SIZE_MAX))
        return refuse(request, "The member \"then.start.version\" must be a string of 1 to " DIGITS_OF(
                                   APP_THEN_NAME_SIZE_MAX) " bytes (limit app-then-name-size-max).");
    json_t *hub = json_object_get(start, "hub");
    if (!hub || json_is_null(hub))
        json_object_set_new(start, "hub", json_string(place->task_hub));
    if (!is_hub(json_object_get(start, "hub")))
        return refuse(request,
                      "The member \"then.start.hub\" must be the name of a task hub, of at most " DIGITS_OF(
                          APP_THEN_HUB_SIZE_MAX) " bytes (limit app-then-hub-size-max).");
    return may_start(request, json_member_text(start, "hub"), place->scheduler_resource);
}

/* In a session of a name others of its submitter may run in between: what was approved would not be what goes on. */
static bool admit_code(struct http_request *request, const json_t *code, const struct then_place *place)
{
    struct bytes text = json_bytes(code);
    if (!json_is_string(code) || bytes_utf8_blank(text))
        return refuse(request, "The member \"then.code\" must be a string of code that is not empty.");
    if (text.size > place->code_size_max) {
        http_respond_failure(request, 413,
                             "The member \"then.code\" is longer than this server accepts (setting "
                             "code-size-max).");
        return false;
    }
    return !place->is_named_session ||
           refuse(request, "The member \"then.code\" goes on in the session of its own run: it cannot be "
                           "together with \"session\".");
}

/* Whether there is one is found out when the result is released: it may be made until then. */
static bool admit_webhook(struct http_request *request, json_t *webhook)
{
    static const char *const known[] = {"name"};
    if (!json_is_object(webhook))
        return refuse(request, "The member \"then.webhook\" must be an object.");
    if (!has_only(request, webhook, "then.webhook", known, ARRAY_SIZE(known)))
        return false;
    return is_name(json_object_get(webhook, "name"), WEBHOOK_NAME_SIZE_MAX) ||
           refuse(
               request,
               "The member \"then.webhook.name\" must be the name of a webhook, a string of 1 to " DIGITS_OF(
                   WEBHOOK_NAME_SIZE_MAX) " bytes (limit webhook-name-size-max).");
}

bool then_admit(struct http_request *request, json_t *then, const struct then_place *place)
{
    static const char *const known[] = {"start", "code", "webhook"};
    if (!json_is_object(then))
        return refuse(request, "The member \"then\" must be an object.");
    if (!has_only(request, then, "then", known, ARRAY_SIZE(known)))
        return false;
    if (json_is_null(json_object_get(then, "code")))
        json_object_del(then, "code");
    const json_t *code = json_object_get(then, "code");
    if (code && !admit_code(request, code, place))
        return false;
    json_t *start = json_object_get(then, "start"), *webhook = json_object_get(then, "webhook");
    return (!start || admit_start(request, start, place)) && (!webhook || admit_webhook(request, webhook));
}

bool then_admit_revision(struct http_request *request, const json_t *then, size_t code_size_max)
{
    static const char *const known[] = {"code"};
    const struct then_place place = {.code_size_max = code_size_max}; /* the book knows of its session */
    if (!json_is_object(then))
        return refuse(request, "The member \"then\" must be an object.");
    const json_t *code = json_object_get(then, "code");
    return has_only(request, then, "then", known, ARRAY_SIZE(known)) &&
           (!code || json_is_null(code) || admit_code(request, code, &place));
}
