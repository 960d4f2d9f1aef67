/* SPDX-License-Identifier: MIT */
/* act_rest.c — requests whose answer is a status, and requests of the user's own making. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "cmd/az/acts.h"
#include "cmd/az/request.h"

#define HEADERS_MAX 32

int az_act_group_exists(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    struct err err = {0};
    struct az_answer answer;
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    if (az_request_path(&call->values, call->command->path, call->command->version, az_subscription_id(call),
                        &path, &err) != STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    buf_append_byte(&path, '\0');
    if (path.failed)
        return az_no_memory();
    const struct az_ask ask = {.method = "HEAD", .path = (const char *)path.data, .audience = AZ_MANAGER};
    if (az_server_ask(&call->server, &ask, &answer, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    bool known = answer.status == 404 || answer.status / 100 == 2;
    code = known ? EXIT_GOOD : az_fail_answer(&answer);
    CLEANUP(json_release) json_t *shown = json_boolean(answer.status != 404);
    az_answer_fini(&answer);
    if (code != EXIT_GOOD)
        return code;
    return az_print(call, shown);
}

/* A text between quotes of a filter. */
static void append_quoted(struct buf *out, struct bytes text)
{
    CLEANUP(buf_fini) struct buf doubled = {0};
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'')
            buf_append_byte(&doubled, '\'');
        buf_append_byte(&doubled, text.data[i]);
    }
    percent_encode(out, buf_peek(&doubled), NULL);
}

/* `--tag NAME` or `--tag NAME=VALUE`, as the cloud's CLI asks for it; '' for all. */
int az_act_group_list(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    struct err err = {0};
    const char *tag = az_text_of(&call->values, "tag");
    struct bytes value = bytes_of_cstr(tag);
    struct bytes name = bytes_split(&value, '=');
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    if (az_request_path(&call->values, call->command->path, NULL, az_subscription_id(call), &path, &err) !=
        STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    if (name.size) {
        buf_append_cstr(&path, "?$filter=tagname%20eq%20%27");
        append_quoted(&path, name);
        buf_append_cstr(&path, "%27");
    }
    if (name.size && value.size) {
        buf_append_cstr(&path, "%20and%20tagvalue%20eq%20%27");
        append_quoted(&path, value);
        buf_append_cstr(&path, "%27");
    }
    buf_append_byte(&path, '\0');
    if (path.failed)
        return az_no_memory();
    code = az_ask_list(call, (const char *)path.data, call->command->version, &items);
    if (code != EXIT_GOOD)
        return code;
    return az_print_shaped(call, items);
}

/* --- rest --- */

/* A value of a JSON object as it is written into a header or a query. */
static json_t *as_text(const json_t *value)
{
    if (json_is_string(value))
        return json_incref((json_t *)value);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    json_t *string = text ? json_string(text) : NULL;
    free(text);
    return string;
}

/* Words that are NAME=VALUE (or NAME:VALUE, with `colons`) or objects in JSON, as one object of texts; the last one of a name
 * counts. NULL: it was said what is wrong. */
static json_t *pairs_of(const struct az_call *call, const char *key, bool colons)
{
    const struct az_value *typed = az_value_of(&call->values, key);
    json_t *pairs = json_object();
    for (size_t i = 0; pairs && typed && i < typed->count; i++) {
        struct bytes value = bytes_trim(bytes_of_cstr(call->values.texts[typed->first + i]));
        CLEANUP(json_release) json_t *object = NULL;
        const char *name;
        json_t *member;
        if (value.size && value.data[0] == '{' && json_parse(value, NULL, &object, NULL) == STATUS_OK) {
            json_object_foreach(object, name, member)
            {
                (void)json_object_set_new(pairs, name, as_text(member));
            }
            continue;
        }
        size_t equals = bytes_find(value, BYTES_LITERAL("=")), colon = bytes_find(value, BYTES_LITERAL(":"));
        struct bytes word = bytes_trim(bytes_split(&value, !colons || equals < colon ? '=' : ':'));
        json_t *text = value.data ? json_stringn((const char *)value.data, value.size) : NULL;
        if (!text || !word.size ||
            json_object_setn_new(pairs, (const char *)word.data, word.size, text) != 0) {
            (void)az_fail(EXIT_USAGE, "argument --%s: expected NAME=VALUE or JSON, not '%s'", key,
                          call->values.texts[typed->first + i]);
            json_decref(pairs);
            return NULL;
        }
    }
    return pairs;
}

/* The URL with {subscriptionId} filled in, and with the parameters of --uri-parameters. */
static int make_url(struct az_call *call, struct buf *out)
{
    const struct bytes place = BYTES_LITERAL("{subscriptionId}");
    struct bytes rest = bytes_of_cstr(az_text_of(&call->values, "url"));
    if (rest.data[0] != '/' && bytes_find(rest, BYTES_LITERAL("://")) == rest.size)
        return az_fail(EXIT_USAGE,
                       "argument --url/--uri/-u: '%s' is neither a path, which begins with /, nor a URL",
                       (const char *)rest.data);
    CLEANUP(json_release) json_t *parameters = pairs_of(call, "uri-parameters", false);
    const char *name;
    json_t *value;
    if (!parameters)
        return EXIT_USAGE;
    for (size_t at; (at = bytes_find(rest, place)) < rest.size;) {
        int code = az_call_subscription(call);
        if (code != EXIT_GOOD)
            return code;
        buf_append_bytes(out, bytes_slice(rest, 0, at));
        buf_append_cstr(out, az_subscription_id(call));
        rest = bytes_slice(rest, at + place.size, SIZE_MAX);
    }
    buf_append_bytes(out, rest);
    json_object_foreach(parameters, name, value)
    {
        buf_append_byte(out, memchr(out->data, '?', out->size) ? '&' : '?');
        percent_encode(out, bytes_of_cstr(name), "$");
        buf_append_byte(out, '=');
        percent_encode(out, json_bytes(value), NULL);
    }
    buf_append_byte(out, '\0');
    if (out->failed)
        return az_no_memory();
    return EXIT_GOOD;
}

/* The headers as lines, each terminated, one behind the other. */
static int make_headers(const struct az_call *call, struct buf *lines,
                        const char *ret_headers[HEADERS_MAX + 1])
{
    CLEANUP(json_release) json_t *headers = pairs_of(call, "headers", true);
    size_t starts[HEADERS_MAX], count = 0;
    const char *name;
    json_t *value;
    if (!headers)
        return EXIT_USAGE;
    if (json_object_size(headers) > HEADERS_MAX)
        return az_fail(EXIT_USAGE, "argument --headers: more than %d", HEADERS_MAX);
    json_object_foreach(headers, name, value)
    {
        const struct bytes text = json_bytes(value);
        if (strchr(name, '\n') || bytes_find(text, BYTES_LITERAL("\n")) < text.size)
            return az_fail(EXIT_USAGE, "argument --headers: an end of line in %s", name);
        starts[count++] = lines->size;
        buf_append_fmt(lines, "%s: %.*s", name, BYTES_FMT(bytes_trim(text)));
        buf_append_byte(lines, '\0');
    }
    for (size_t i = 0; i < count && !lines->failed; i++)
        ret_headers[i] = (const char *)lines->data + starts[i];
    ret_headers[count] = NULL;
    return lines->failed ? az_no_memory() : EXIT_GOOD;
}

/* A token goes to this server only; a path of the directory gets the directory's. */
static enum az_audience audience_of(const struct az_call *call, const char *url)
{
    const char *base = (const char *)call->server.url.data;
    size_t size = strlen(base);
    bool below = strncmp(url, base, size) == 0 && (url[size] == '/' || !url[size]);
    const char *path = below ? url + size : url;
    if (az_flag_of(&call->values, "skip-authorization-header"))
        return AZ_NOBODY;
    if (path[0] != '/') /* another server: no token of ours for it */
        return AZ_NOBODY;
    return strncmp(path, "/v1.0/", 6) == 0 ? AZ_GRAPH : AZ_MANAGER;
}

static int fail_rest(const struct az_answer *answer)
{
    static const struct {
        long status;
        const char *reason;
    } reasons[] = {{400, "Bad Request"},      {401, "Unauthorized"},       {403, "Forbidden"},
                   {404, "Not Found"},        {405, "Method Not Allowed"}, {409, "Conflict"},
                   {429, "Too Many Requests"}};
    const char *reason = "Failed";
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        reason = reasons[i].status == answer->status ? reasons[i].reason : reason;
    return az_fail(answer->status == 404 ? EXIT_ABSENT : EXIT_FAILED, "%s(%.*s)", reason,
                   BYTES_FMT(buf_peek(&answer->body)));
}

static int write_file(const char *path, struct bytes text)
{
    FILE *file = fopen(path, "we");
    bool good = file && fwrite(text.data, 1, text.size, file) == text.size;
    good = file && fclose(file) == 0 && good;
    if (!good)
        return az_fail(EXIT_FAILED, "cannot write %s", path);
    return EXIT_GOOD;
}

int az_act_rest(struct az_call *call)
{
    static const char *const methods[][2] = {{"get", "GET"},        {"put", "PUT"},   {"post", "POST"},
                                             {"patch", "PATCH"},    {"head", "HEAD"}, {"delete", "DELETE"},
                                             {"options", "OPTIONS"}};
    CLEANUP(buf_fini) struct buf url = {0};
    CLEANUP(buf_fini) struct buf lines = {0};
    const char *headers[HEADERS_MAX + 1];
    const char *method = az_text_of(&call->values, "method");
    const char *body = az_text_of(&call->values, "body");
    const char *file = az_text_of(&call->values, "output-file");
    struct err err = {0};
    struct az_answer answer;
    int code = make_url(call, &url);
    if (code == EXIT_GOOD)
        code = make_headers(call, &lines, headers);
    if (code != EXIT_GOOD)
        return code;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        method = strcmp(methods[i][0], method) == 0 ? methods[i][1] : method;
    const char *target = (const char *)url.data;
    const struct az_ask ask = {.method = method,
                               .path = target,
                               .audience = audience_of(call, target),
                               .resource = az_text_of(&call->values, "resource"),
                               .raw = bytes_of_cstr(body),
                               .headers = headers};
    if (az_server_ask(&call->server, &ask, &answer, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    if (answer.status / 100 != 2)
        code = fail_rest(&answer);
    else if (file)
        code = write_file(file, buf_peek(&answer.body));
    else if (answer.json)
        code = az_print(call, answer.json);
    else if (answer.body.size)
        code = fwrite(answer.body.data, 1, answer.body.size, stdout) == answer.body.size ? EXIT_GOOD
                                                                                         : EXIT_FAILED;
    az_answer_fini(&answer);
    return code;
}
