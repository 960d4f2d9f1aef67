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

/* --- rest --- */

/* The URL with {subscriptionId} filled in, and with the parameters of --uri-parameters. */
static int make_url(struct az_call *call, struct buf *out)
{
    const struct bytes place = BYTES_LITERAL("{subscriptionId}");
    const struct az_value *parameters = az_value_of(&call->values, "uri-parameters");
    struct bytes rest = bytes_of_cstr(az_text_of(&call->values, "url"));
    for (size_t at; (at = bytes_find(rest, place)) < rest.size;) {
        int code = az_call_subscription(call);
        if (code != EXIT_GOOD)
            return code;
        buf_append_bytes(out, bytes_slice(rest, 0, at));
        buf_append_cstr(out, az_subscription_id(call));
        rest = bytes_slice(rest, at + place.size, SIZE_MAX);
    }
    buf_append_bytes(out, rest);
    for (size_t i = 0; parameters && i < parameters->count; i++) {
        struct bytes value = bytes_of_cstr(call->values.texts[parameters->first + i]);
        struct bytes name = bytes_split(&value, '=');
        buf_append_byte(out, memchr(out->data, '?', out->size) ? '&' : '?');
        percent_encode(out, name, "$");
        buf_append_byte(out, '=');
        percent_encode(out, value, NULL);
    }
    buf_append_byte(out, '\0');
    if (out->failed)
        return az_no_memory();
    return EXIT_GOOD;
}

/* "NAME=VALUE" or "NAME: VALUE" words as header lines, each terminated, one behind the other. */
static bool make_headers(const struct az_call *call, struct buf *lines,
                         const char *ret_headers[HEADERS_MAX + 1])
{
    const struct az_value *typed = az_value_of(&call->values, "headers");
    size_t starts[HEADERS_MAX], count = 0;
    for (size_t i = 0; typed && i < typed->count && count < HEADERS_MAX; i++) {
        struct bytes value = bytes_of_cstr(call->values.texts[typed->first + i]);
        size_t equals = bytes_find(value, BYTES_LITERAL("=")), colon = bytes_find(value, BYTES_LITERAL(":"));
        struct bytes name = bytes_split(&value, equals < colon ? '=' : ':');
        if (bytes_find(name, BYTES_LITERAL("\n")) < name.size ||
            bytes_find(value, BYTES_LITERAL("\n")) < value.size)
            return false;
        starts[count++] = lines->size;
        buf_append_bytes(lines, bytes_trim(name));
        buf_append_cstr(lines, ": ");
        buf_append_bytes(lines, bytes_trim(value));
        buf_append_byte(lines, '\0');
    }
    for (size_t i = 0; i < count; i++)
        ret_headers[i] = (const char *)lines->data + starts[i];
    ret_headers[count] = NULL;
    return !lines->failed;
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
    if (code == EXIT_GOOD && !make_headers(call, &lines, headers))
        code = az_fail(EXIT_USAGE, "--headers: NAME=VALUE, without ends of lines");
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
