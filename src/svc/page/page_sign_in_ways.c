/* SPDX-License-Identifier: MIT */
/* page_sign_in_ways.c — the ways in: a key or a token, a name and a secret, a device's code, a link; and how a link is made. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/clock.h"
#include "svc/page/limit_values.h"
#include "svc/page/page_sign_in_internal.h"
#include "wire/json/json.h"

#define DEVICE_CLIENT "sallyport-page" /* the client_id with which the page asks for a device's code */

/* --- POST /page/sign-in --- */

static void begin_kept(struct page_sign_in *sign_in, struct http_request *request,
                       const struct kept_session_wish *wish)
{
    struct page_pending *pending = page_pending_new(sign_in, request);
    if (!pending)
        return;
    pending->life_s = PAGE_SESSION_LIFE_NS / NS_PER_S;
    kept_session_open(sign_in->options.directory, wish, clock_unix_ns(), pending->cookie, pending->token,
                      &pending->waiter);
}

static void begin_in_memory(struct page_sign_in *sign_in, struct http_request *request, const char *owner,
                            struct bytes authorization)
{
    char cookie[SECRET_TEXT_SIZE + 1];
    struct page_session *session = NULL;
    if (page_session_open(&sign_in->sessions, owner, authorization, clock_monotonic_ns(), cookie, &session) ==
        STATUS_OK)
        page_answer_signed_in(request, cookie, session->token, PAGE_SESSION_LIFE_NS / NS_PER_S);
    else
        http_respond_no_memory(request);
    explicit_bzero(cookie, sizeof cookie);
}

static const char *how_of(bool key, bool by_link)
{
    if (by_link)
        return "page, by link";
    return key ? "page, by key" : "page, by token";
}

/* Of an API key the session keeps which one it was; of what no other process would believe, all of it, in memory. */
static void begin(struct page_sign_in *sign_in, struct http_request *request,
                  const struct principal *principal, struct bytes authorization, bool by_link)
{
    char hash[SECRET_HASH_SIZE + 1];
    struct bytes given = bytes_slice(authorization, strlen("Bearer "), SIZE_MAX);
    secret_hash(given, hash);
    const struct directory_key *key =
        directory_find(sign_in->options.directory, DIRECTORY_KEY, "hash", bytes_of_cstr(hash));
    sign_in->options.people.believed(sign_in->options.people.context, principal,
                                     how_of(key != NULL, by_link));
    if (!key) {
        begin_in_memory(sign_in, request, principal->id, authorization);
        return;
    }
    const struct kept_session_wish wish = {.owner_id = key->owner_id, .key_id = key->id};
    begin_kept(sign_in, request, &wish);
}

/* `authorization`: "Bearer …". */
static void by_authorization(struct page_sign_in *sign_in, struct http_request *request,
                             struct bytes authorization, bool by_link)
{
    const struct principal *principal = authenticator_admit(&sign_in->authenticator, authorization);
    if (principal->id) {
        begin(sign_in, request, principal, authorization, by_link);
    } else {
        sign_in->authenticator.denied(sign_in->authenticator.context, principal, "/page/sign-in",
                                      (struct bytes){0});
        http_refuse_guess(request, access_refusal(principal));
    }
    authenticator_release(&sign_in->authenticator, principal);
}

static void by_credentials(struct page_sign_in *sign_in, struct http_request *request, struct bytes given)
{
    CLEANUP(buf_fini) struct buf authorization = {0};
    buf_append_cstr(&authorization, "Bearer ");
    buf_append_bytes(&authorization, given);
    if (buf_status(&authorization) == STATUS_OK)
        by_authorization(sign_in, request, buf_peek(&authorization), false);
    else
        http_respond_no_memory(request);
    explicit_bzero(authorization.data, authorization.size);
}

/* Whether the cookie of `request` stands, still, for somebody else than `owner`. */
static bool is_another(const struct page_sign_in *sign_in, struct http_request *request, const char *owner)
{
    const struct authenticator *authenticator = &sign_in->authenticator;
    const struct cookie_request shown = {.cookie = http_request_header(request, "cookie")};
    struct bytes authorization = authenticator->of_cookie(authenticator->cookie_context, &shown);
    if (authorization.size == 0)
        return false;
    const struct principal *principal = authenticator_admit(authenticator, authorization);
    bool is = principal->id && strncmp(principal->id, owner, PAGE_LINK_OWNER_SIZE - 1) != 0;
    authenticator_release(authenticator, principal);
    return is;
}

/* INVARIANT: a link never makes somebody who is signed in somebody else. Who follows one that a stranger made of their own key would
 * decide, and type what is secret, in the stranger's name. */
static void by_link(struct page_sign_in *sign_in, struct http_request *request, const char *code)
{
    const char *owner = sign_in_link_owner(&sign_in->links, bytes_of_cstr(code), clock_monotonic_ns());
    if (owner && is_another(sign_in, request, owner)) {
        http_respond_problem(request, http_problem_named(HTTP_PROBLEM_SIGNED_IN),
                             "You are signed in, and the link is of somebody else. If it is yours, sign out "
                             "and open it again.");
        return;
    }
    CLEANUP(buf_fini) struct buf authorization = {0};
    switch (sign_in_link_take(&sign_in->links, bytes_of_cstr(code), clock_monotonic_ns(), &authorization)) {
    case STATUS_OK:
        by_authorization(sign_in, request, buf_peek(&authorization), true);
        break;
    case STATUS_NOT_FOUND:
        http_respond_failure(request, 401, "The link was used, or is over. Make another: sallyport open");
        break;
    default:
        http_respond_no_memory(request);
        break;
    }
    explicit_bzero(authorization.data, authorization.size);
}

static void by_secret(struct page_sign_in *sign_in, struct http_request *request, const char *name,
                      const char *secret)
{
    const struct page_people *people = &sign_in->options.people;
    const char *id = people->by_secret(people->context, request, name, secret);
    const struct kept_session_wish wish = {.owner_id = id, .key_id = ""};
    if (id)
        begin_kept(sign_in, request, &wish);
}

/* 202 while somebody may still confirm it. */
static void by_device(struct page_sign_in *sign_in, struct http_request *request, const char *code)
{
    const struct page_people *people = &sign_in->options.people;
    bool waits = false;
    const struct directory_ticket *ticket = people->by_device(people->context, code, DEVICE_CLIENT, &waits);
    if (waits) {
        page_answer_session(request, 202, NULL, 0);
        return;
    }
    if (!ticket) {
        http_respond_failure(request, 401, "The code is over, or somebody refused it.");
        return;
    }
    const struct kept_session_wish wish = {.owner_id = ticket->principal_id, .key_id = "", .spent = ticket};
    begin_kept(sign_in, request, &wish);
}

/* A text without U+0000; NULL: it is none, or empty. */
static const char *text_of(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    const char *text = json_string_value(value);
    return text && *text && strlen(text) == json_string_length(value) ? text : NULL;
}

void page_route_sign_in(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct err err = {0};
    CLEANUP(json_release) json_t *root = NULL;
    const struct json_limits limits = {.size_max = PAGE_CREDENTIALS_MAX, .depth_max = 4};
    if (json_parse(http_request_body(request), &limits, &root, &err) != STATUS_OK) {
        http_respond_failure(request, 400, err.text);
        return;
    }
    const char *credentials = text_of(root, "credentials"), *name = text_of(root, "name"),
               *secret = text_of(root, "secret"), *code = text_of(root, "deviceCode"),
               *link = text_of(root, "link");
    struct bytes given = bytes_trim(bytes_of_cstr(text_or(credentials, "")));
    if (given.size > 0)
        by_credentials(sign_in, request, given);
    else if (name && secret)
        by_secret(sign_in, request, name, secret);
    else if (code)
        by_device(sign_in, request, code);
    else if (link)
        by_link(sign_in, request, link);
    else
        http_respond_failure(request, 400,
                             "Send \"credentials\", an API key or a token; or \"name\" and \"secret\"; a "
                             "\"deviceCode\"; or the code of a \"link\".");
}

/* --- POST /page/links --- */

enum status page_sign_in_make_code(struct page_sign_in *sign_in, struct bytes authorization,
                                   char ret_code[SECRET_TEXT_SIZE + 1])
{
    const struct principal *principal = authenticator_admit(&sign_in->authenticator, authorization);
    enum status status = STATUS_UNAUTHENTICATED;
    if (principal->id)
        status =
            sign_in_link_make(&sign_in->links, principal->id, authorization, clock_monotonic_ns(), ret_code);
    authenticator_release(&sign_in->authenticator, principal);
    return status;
}

static void answer_code(struct http_request *request, const char *code)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "code", code);
    json_write_member_int(&json, "expiresInSeconds", PAGE_LINK_LIFE_NS / NS_PER_S);
    json_write_end_object(&json);
    page_answer_json(request, 201, &json);
}

/* Not by a cookie: a browser that somebody left open would sign in others. */
void page_route_make_link(void *context, struct http_request *request)
{
    struct bytes authorization = http_request_header(request, "authorization");
    char code[SECRET_TEXT_SIZE + 1];
    if (authorization.size == 0) {
        http_respond_failure(request, 400,
                             "Send the key or token that the link is to stand for: Authorization: Bearer …");
        return;
    }
    switch (page_sign_in_make_code(context, authorization, code)) {
    case STATUS_OK:
        answer_code(request, code);
        break;
    case STATUS_RESOURCE_EXHAUSTED:
        http_respond_failure(request, 429,
                             "Too many links are open (limit page-links-max); each ends after ten minutes.");
        break;
    default:
        http_respond_no_memory(request);
        break;
    }
    explicit_bzero(code, sizeof code);
}
