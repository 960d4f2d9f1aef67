/* SPDX-License-Identifier: MIT */
/* call.c — requests with their errors told, lists page by page, and the plain way of a row. */
#include "cmd/az/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "cmd/az/request.h"
#include "cmd/az/shape.h"
#include "wire/json/json.h"

#define PAGES_MAX              1000 /* of one list */
#define VERSION_SUBSCRIPTIONS  "2022-12-01"
#define VERSION_RESOURCE_GROUP "2024-11-01"

/* --- saying --- */

/* Appends what is safe for a terminal: control characters but line ends are left out. */
static void print_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
            fputc(*text, stderr);
    }
}

static PRINTF_LIKE(2, 0) void say(const char *level, const char *fmt, va_list arguments)
{
    char text[4096];
    if (vsnprintf(text, sizeof text, fmt, arguments) < 0)
        text[0] = '\0';
    fputs(level, stderr);
    print_clean(text);
    fputc('\n', stderr);
}

int az_fail(int code, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    say("ERROR: ", fmt, arguments);
    va_end(arguments);
    return code;
}

int az_no_memory(void)
{
    return az_fail(EXIT_FAILED, ERR_NO_MEMORY);
}

void az_warn(const struct az_call *call, const char *fmt, ...)
{
    if (az_flag_of(&call->values, "only-show-errors"))
        return;
    va_list arguments;
    va_start(arguments, fmt);
    say("WARNING: ", fmt, arguments);
    va_end(arguments);
}

int az_fail_with(const struct err *err)
{
    int code = err->status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
    return az_fail(code, "%s", err->text);
}

int az_fail_answer(const struct az_answer *answer)
{
    const json_t *error = json_object_get(answer->json, "error");
    const char *code = json_member_text(error, "code");
    const char *message = json_member_text(error, "message");
    int exit_code = answer->status == 404 ? EXIT_ABSENT : EXIT_FAILED;
    if (answer->status == 401)
        return az_fail(EXIT_FAILED, "%s%sPlease run 'az login' to setup account.", text_or(message, ""),
                       message ? "\n" : "");
    const char *detail = json_member_text(answer->json, "detail"); /* of our own API, RFC 9457 */
    if (!code && detail)
        return az_fail(exit_code, "%s", detail);
    if (!code || !message)
        return az_fail(exit_code, "the server answered %ld%s", answer->status,
                       answer->status == 404 ? ": it has no such route; is it a Sallyport of this version?"
                                             : "");
    /* The directory's errors are told without their code. */
    if (strncmp(code, "Request_", 8) == 0)
        return az_fail(exit_code, "%s", message);
    return az_fail(exit_code, "(%s) %s\nCode: %s\nMessage: %s", code, message, code, message);
}

int az_print(const struct az_call *call, json_t *value)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct err err = {0};
    const struct az_view view = {.format = call->format,
                                 .query = call->query,
                                 .table = call->command->table,
                                 .colours = isatty(STDOUT_FILENO) == 1};
    enum status status = az_output(value, &view, &out, &err);
    if (status == STATUS_INVALID_ARGUMENT || status == STATUS_RESOURCE_EXHAUSTED)
        return az_fail(EXIT_FAILED, "Invalid jmespath query supplied for `--query`: %s", err.text);
    if (status != STATUS_OK)
        return az_no_memory();
    if (out.size == 0)
        return EXIT_GOOD;
    bool whole = fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    if (!whole)
        return az_fail(EXIT_FAILED, "standard output did not take it all");
    return EXIT_GOOD;
}

int az_print_shaped(const struct az_call *call, json_t *answer)
{
    json_t *shown = NULL;
    struct err err = {0};
    if (az_shape(call->command, answer, &shown, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    int code = az_print(call, shown);
    json_decref(shown);
    return code;
}

/* --- asking --- */

/* A control plane says "error" of what is not there, too. */
bool az_lacks_plane(const struct az_ask *ask, const struct az_answer *answer)
{
    return answer->status == 404 && ask->audience == AZ_MANAGER &&
           bytes_starts_with(bytes_of_cstr(ask->path), BYTES_LITERAL("/subscriptions")) &&
           !json_object_get(answer->json, "error");
}

/* The SDKs look for "az login" in what `az` says: without it they take the error for one that ends their chain. */
int az_fail_plane(const struct az_call *call)
{
    return az_fail(
        EXIT_FAILED,
        "%s has no control plane, so no subscriptions, groups or resources: a scheduler, pool or app "
        "by itself answers there.\nStart a server that has one with: sallyport dev. Or name one with "
        "SALLYPORT_URL.\nIt may give tokens to who signs in with: az login --service-principal.",
        (const char *)call->server.url.data);
}

static int judge_answer(struct az_call *call, const struct az_ask *ask, const struct az_answer *answer)
{
    if (answer->status / 100 == 2)
        return EXIT_GOOD;
    if (!az_lacks_plane(ask, answer))
        return az_fail_answer(answer);
    call->lacks_plane = true;
    return call->may_lack_plane ? EXIT_FAILED : az_fail_plane(call);
}

int az_ask(struct az_call *call, const struct az_ask *ask, json_t **ret_answer)
{
    struct err err = {0};
    struct az_answer answer;
    if (az_server_ask(&call->server, ask, &answer, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    int code = judge_answer(call, ask, &answer);
    if (code == EXIT_GOOD && ret_answer)
        *ret_answer = answer.json ? json_incref(answer.json) : json_null();
    az_answer_fini(&answer);
    return code;
}

int az_ask_manager(struct az_call *call, const char *method, const char *path, const char *version,
                   const json_t *body, json_t **ret_answer)
{
    CLEANUP(buf_fini) struct buf whole = {0};
    buf_append_cstr(&whole, path);
    if (version)
        buf_append_fmt(&whole, "%sapi-version=%s", strchr(path, '?') ? "&" : "?", version);
    buf_append_byte(&whole, '\0');
    if (whole.failed)
        return az_no_memory();
    const struct az_ask ask = {
        .method = method, .path = (const char *)whole.data, .audience = AZ_MANAGER, .body = body};
    return az_ask(call, &ask, ret_answer);
}

int az_ask_graph(struct az_call *call, const char *method, const char *path, const json_t *body,
                 json_t **ret_answer)
{
    const struct az_ask ask = {.method = method, .path = path, .audience = AZ_GRAPH, .body = body};
    return az_ask(call, &ask, ret_answer);
}

/* A link to the next page leads to the same server, or it is not followed: tokens go with it. */
static bool is_same_server(const struct az_call *call, const char *link)
{
    struct bytes url = bytes_of_cstr((const char *)call->server.url.data);
    struct bytes rest = bytes_slice(bytes_of_cstr(link), url.size, SIZE_MAX);
    return bytes_starts_with_nocase(bytes_of_cstr(link), url) && rest.size && rest.data[0] == '/';
}

static int ask_pages(struct az_call *call, const char *path, enum az_audience audience, json_t **ret_items)
{
    CLEANUP(json_release) json_t *items = json_array();
    CLEANUP(json_release) json_t *page = NULL;
    const char *next = path;
    for (int pages = 0; items && next && pages < PAGES_MAX; pages++) {
        json_t *answer = NULL;
        const struct az_ask ask = {.method = "GET", .path = next, .audience = audience};
        int code = az_ask(call, &ask, &answer);
        if (code != EXIT_GOOD)
            return code;
        json_decref(page);
        page = answer;
        if (json_array_extend(items, json_object_get(page, "value")) != 0)
            return az_fail(EXIT_FAILED, "the server's list is no list");
        next = json_member_text(page, audience == AZ_GRAPH ? "@odata.nextLink" : "nextLink");
        if (next && !is_same_server(call, next))
            return az_fail(EXIT_FAILED, "the list goes on at another server: %s", next);
    }
    *ret_items = items;
    items = NULL;
    if (!*ret_items)
        return az_no_memory();
    return EXIT_GOOD;
}

int az_ask_list(struct az_call *call, const char *path, const char *version, json_t **ret_items)
{
    CLEANUP(buf_fini) struct buf whole = {0};
    buf_append_fmt(&whole, "%s%sapi-version=%s", path, strchr(path, '?') ? "&" : "?", version);
    buf_append_byte(&whole, '\0');
    if (whole.failed)
        return az_no_memory();
    return ask_pages(call, (const char *)whole.data, AZ_MANAGER, ret_items);
}

int az_ask_graph_list(struct az_call *call, const char *path, json_t **ret_items)
{
    return ask_pages(call, path, AZ_GRAPH, ret_items);
}

/* --- the subscription --- */

static bool is_meant(const json_t *subscription, const char *typed)
{
    const char *id = json_member_text(subscription, "subscriptionId");
    const char *name = json_member_text(subscription, "displayName");
    struct bytes wanted = bytes_of_cstr(typed);
    return (id && bytes_equal_nocase(bytes_of_cstr(id), wanted)) ||
           (name && bytes_equal_nocase(bytes_of_cstr(name), wanted));
}

/* Of who has signed in at a server without a control plane. */
static int take_tenant(struct az_call *call)
{
    const json_t *profile = call->server.profile;
    const char *kind = call->server.profile_is_ours ? az_profile_text(profile, NULL, "kind") : NULL;
    if (!kind || strcmp(kind, "local") == 0)
        return az_fail_plane(call);
    const char *tenant = text_or(az_profile_text(profile, NULL, "tenant"), "common");
    call->subscription = json_pack("{s:s, s:s, s:s, s:s}", "subscriptionId", tenant, "tenantId", tenant,
                                   "displayName", "N/A(tenant level account)", "state", "Enabled");
    return call->subscription ? EXIT_GOOD : az_no_memory();
}

int az_call_subscription(struct az_call *call)
{
    CLEANUP(json_release) json_t *items = NULL;
    if (call->subscription)
        return EXIT_GOOD;
    call->may_lack_plane = true;
    int code = az_ask_list(call, "/subscriptions", VERSION_SUBSCRIPTIONS, &items);
    call->may_lack_plane = false;
    if (code != EXIT_GOOD)
        return call->lacks_plane ? take_tenant(call) : code;
    const char *typed = az_text_of(&call->values, "subscription");
    const char *chosen =
        call->server.profile_is_ours ? az_profile_text(call->server.profile, NULL, "subscription") : NULL;
    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (typed ? is_meant(item, typed) : !found || (chosen && is_meant(item, chosen)))
            found = item;
    }
    if (!found && typed)
        return az_fail(EXIT_FAILED, "The subscription of '%s' doesn't exist in cloud 'Sallyport'.", typed);
    if (!found)
        return az_fail(EXIT_FAILED, "No subscriptions found.");
    call->subscription = json_incref(found);
    return EXIT_GOOD;
}

const char *az_subscription_id(const struct az_call *call)
{
    return json_member_text(call->subscription, "subscriptionId");
}

/* --- a row --- */

/* Where no location was said, it is the group's. */
static int add_location(struct az_call *call, json_t *body)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *group = NULL;
    struct err err = {0};
    if (json_object_get(body, "location"))
        return EXIT_GOOD;
    enum status status =
        az_request_path(&call->values, "/subscriptions/{subscription}/resourceGroups/{resource-group}", NULL,
                        az_subscription_id(call), &path, &err);
    buf_append_byte(&path, '\0');
    if (status != STATUS_OK || path.failed)
        return az_fail_with(&err);
    int code = az_ask_manager(call, "GET", (const char *)path.data, VERSION_RESOURCE_GROUP, NULL, &group);
    json_t *location = json_object_get(group, "location");
    if (code == EXIT_GOOD && location)
        (void)json_object_set(body, "location", location);
    return code;
}

static int make_body(struct az_call *call, json_t **ret_body)
{
    const struct az_command *command = call->command;
    struct err err = {0};
    if (!command->body)
        return EXIT_GOOD;
    if (az_request_body(&call->values, az_subscription_id(call), ret_body, &err) != STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    int code = command->located ? add_location(call, *ret_body) : EXIT_GOOD;
    if (code == EXIT_GOOD && command->prepare && !command->prepare(call, *ret_body))
        return EXIT_USAGE;
    return code;
}

/* A PATCH merges, so the tags that shall go are named with a null. */
static int drop_other_tags(struct az_call *call, const char *path, json_t *body)
{
    CLEANUP(json_release) json_t *resource = NULL;
    json_t *tags = json_object_get(body, "tags");
    const struct az_ask ask = {.method = "GET", .path = path, .audience = AZ_MANAGER};
    const char *name;
    json_t *value;
    if (!call->command->retags || !tags)
        return EXIT_GOOD;
    int code = az_ask(call, &ask, &resource);
    json_object_foreach(json_object_get(resource, "tags"), name, value)
    {
        if (!json_object_get(tags, name) && json_object_set_new(tags, name, json_null()) != 0)
            return az_no_memory();
    }
    return code;
}

/* "value" of all pages, or the one answer. */
static int ask_row(struct az_call *call, const char *path, const json_t *body, json_t **ret_answer)
{
    const struct az_command *command = call->command;
    bool list = command->select && strcmp(command->select, "value") == 0;
    enum az_audience audience = command->version ? AZ_MANAGER : AZ_GRAPH;
    if (!list) {
        const struct az_ask ask = {
            .method = command->method, .path = path, .audience = audience, .body = body};
        return az_ask(call, &ask, ret_answer);
    }
    json_t *items = NULL;
    int code = ask_pages(call, path, audience, &items);
    if (code == EXIT_GOOD)
        *ret_answer = json_pack("{s:o}", "value", items);
    return code;
}

int az_call_run(struct az_call *call)
{
    const struct az_command *command = call->command;
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *body = NULL;
    CLEANUP(json_release) json_t *answer = NULL;
    struct err err = {0};
    int code = az_request_needs(command->path, "subscription") ? az_call_subscription(call) : EXIT_GOOD;
    if (code != EXIT_GOOD)
        return code;
    if (az_request_path(&call->values, command->path, command->version, az_subscription_id(call), &path,
                        &err) != STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    buf_append_byte(&path, '\0');
    code = path.failed ? az_no_memory() : make_body(call, &body);
    if (code == EXIT_GOOD)
        code = drop_other_tags(call, (const char *)path.data, body);
    if (code == EXIT_GOOD)
        code = ask_row(call, (const char *)path.data, body, &answer);
    if (code != EXIT_GOOD || command->silent || az_flag_of(&call->values, "no-wait"))
        return code;
    return az_print_shaped(call, answer);
}
