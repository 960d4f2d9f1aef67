/* SPDX-License-Identifier: MIT */
/* token_answer.c — JSON by wire/json; then one member after the other, each with its own refusal. The tree has a copy of the token
 * that jansson frees as it is. */
#include "credential/token_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/duration.h"
#include "wire/json/json.h"

#define SECONDS_MAX                                                                                          \
    ((int64_t)100000000000) /* far above every honest time, far below where nanoseconds overflow */
#define LIFE_MAX_S     ((int64_t)7 * 86400) /* a token that says more is asked for again after this */
#define CODE_SIZE_MAX  64                   /* bytes of an error code */
#define WORDS_SIZE_MAX 80                   /* bytes of a description that are shown */

void access_token_fini(struct access_token *token)
{
    wiped_fini(&token->text);
    *token = (struct access_token){0};
}

static json_t *parse(struct bytes body)
{
    const struct json_limits limits = {.size_max = TOKEN_ANSWER_SIZE_MAX, .depth_max = 16, .values_max = 512};
    json_t *root = NULL;
    if (json_parse(body, &limits, &root, NULL) != STATUS_OK)
        return NULL;
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

/* Seconds as a number or as text; -1: absent or neither. */
static int64_t seconds_of(const json_t *value)
{
    int64_t seconds = -1;
    if (json_is_integer(value))
        seconds = json_integer_value(value);
    else if (json_is_real(value) && json_real_value(value) >= 0 && json_real_value(value) < 1e11)
        seconds = (int64_t)json_real_value(value);
    else if (bytes_parse_i64(json_bytes(value), &seconds) != STATUS_OK)
        return -1;
    return seconds >= 0 && seconds <= SECONDS_MAX ? seconds : -1;
}

static STATUS_RESULT take_text(json_t *root, const char *name, struct access_token *token, struct err *err)
{
    struct bytes text = json_member_bytes(root, name);
    if (!wiped_is_token(text))
        return err_set(err, STATUS_MALFORMED, "the answer has no usable %s", name);
    enum status status = buf_reserve(&token->text, text.size + 1); /* one more: users end it with NUL */
    if (status != STATUS_OK)
        return err_set(err, status, "no memory");
    buf_append_bytes(&token->text, text);
    return STATUS_OK;
}

static STATUS_RESULT take_end(int64_t until_s, int64_t now_ns, struct access_token *token, struct err *err)
{
    int64_t now_s = now_ns / NS_PER_S;
    if (until_s < 0)
        return err_set(err, STATUS_MALFORMED, "the answer does not say when the token ends");
    if (until_s <= now_s)
        return err_set(err, STATUS_MALFORMED, "the token is over already: is this machine's clock right?");
    token->until_ns = MIN(until_s, now_s + LIFE_MAX_S) * NS_PER_S;
    return STATUS_OK;
}

static int64_t sum(int64_t now_ns, int64_t more_s)
{
    return more_s < 0 ? -1 : now_ns / NS_PER_S + more_s;
}

static STATUS_RESULT read_oauth(json_t *root, int64_t now_ns, struct access_token *token, struct err *err)
{
    struct bytes type = json_member_bytes(root, "token_type");
    if (type.data && !bytes_equal_nocase(type, BYTES_LITERAL("Bearer")))
        return err_set(err, STATUS_MALFORMED, "the token is not of the type Bearer");
    enum status status = take_text(root, "access_token", token, err);
    if (status != STATUS_OK)
        return status;

    int64_t until_s = seconds_of(json_object_get(root, "expires_on"));
    if (until_s < 0)
        until_s = sum(now_ns, seconds_of(json_object_get(root, "expires_in")));
    status = take_end(until_s, now_ns, token, err);
    if (status != STATUS_OK)
        return status;
    int64_t renew_s = sum(now_ns, seconds_of(json_object_get(root, "refresh_in")));
    if (renew_s > 0 && renew_s < token->until_ns / NS_PER_S)
        token->renew_ns = renew_s * NS_PER_S;
    return STATUS_OK;
}

/* "2026-11-28 20:01:02.000000" in the zone of this process; -1: not that. */
static int64_t local_seconds(struct bytes text)
{
    char copy[20]; /* up to the seconds */
    if (text.size < sizeof copy - 1)
        return -1;
    memcpy(copy, text.data, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    struct tm parts = {.tm_isdst = -1};
    const char *end = strptime(copy, "%Y-%m-%d %H:%M:%S", &parts);
    if (!end || *end)
        return -1;
    time_t seconds = mktime(&parts);
    return seconds < 0 || seconds > SECONDS_MAX ? -1 : (int64_t)seconds;
}

static STATUS_RESULT read_az(json_t *root, int64_t now_ns, struct access_token *token, struct err *err)
{
    enum status status = take_text(root, "accessToken", token, err);
    if (status != STATUS_OK)
        return status;
    int64_t until_s = seconds_of(json_object_get(root, "expires_on"));
    if (until_s < 0)
        until_s = local_seconds(json_member_bytes(root, "expiresOn"));
    return take_end(until_s, now_ns, token, err);
}

typedef enum status read_fn(json_t *root, int64_t now_ns, struct access_token *token, struct err *err);

static enum status read_with(read_fn *read, struct bytes body, int64_t now_ns, struct access_token *ret_token,
                             struct err *err)
{
    CLEANUP(json_release) json_t *root = parse(body);
    if (!root)
        return err_set(err, STATUS_MALFORMED, "the answer is no JSON object");
    struct access_token token = {0};
    enum status status = read(root, now_ns, &token, err);
    if (status == STATUS_OK)
        *ret_token = token;
    else
        access_token_fini(&token);
    return status;
}

enum status token_answer_read(struct bytes body, int64_t now_ns, struct access_token *ret_token,
                              struct err *err)
{
    return read_with(read_oauth, body, now_ns, ret_token, err);
}

enum status token_answer_read_az(struct bytes output, int64_t now_ns, struct access_token *ret_token,
                                 struct err *err)
{
    return read_with(read_az, output, now_ns, ret_token, err);
}

/* --- why there is none --- */

/* The first line, as far as it is shown; empty if it repeats the secret or looks like a token. */
static struct bytes words_of(struct bytes text, struct bytes secret)
{
    bool repeats = secret.size > 0 && bytes_find(text, secret) < text.size;
    if (repeats || bytes_find(text, BYTES_LITERAL("eyJ")) < text.size)
        return (struct bytes){0};
    size_t line = 0;
    while (line < text.size && text.data[line] >= 0x20 && text.data[line] != 0x7f)
        line++;
    return bytes_utf8_prefix(bytes_trim(bytes_slice(text, 0, line)), WORDS_SIZE_MAX);
}

void token_fault_describe(long http_status, struct bytes body, struct bytes secret,
                          char ret_text[TOKEN_FAULT_SIZE])
{
    CLEANUP(json_release) json_t *root = parse(body);
    const json_t *inner = json_object_get(root, "error");
    bool nested = json_is_object(inner); /* {"error":{"code","message"}} of resource providers */
    struct bytes code = nested ? json_member_bytes(inner, "code") : json_bytes(inner);
    struct bytes words = json_member_bytes(root, "error_description");
    if (!words.data)
        words = json_member_bytes(nested ? inner : root, "message");
    code = code.size <= CODE_SIZE_MAX ? words_of(code, secret) : (struct bytes){0};
    words = words_of(words, secret);
    snprintf(ret_text, TOKEN_FAULT_SIZE, "HTTP %ld%s%.*s%s%.*s", http_status, code.size ? " " : "",
             BYTES_FMT(code), words.size ? ": " : "", BYTES_FMT(words));
}
