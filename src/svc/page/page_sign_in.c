/* SPDX-License-Identifier: MIT */
/* page_sign_in.c — three routes over the book of sessions, and what a cookie is worth to the HTTP server. */
#include "svc/page/page_sign_in.h"

#include "os/clock.h"
#include "svc/page/limit_values.h"
#include "wire/json/json.h"

/* A browser keeps the first only if it came with Secure from this very host; without TLS, which is for loopback, it has to be
 * the second. */
#define COOKIE_SECURE "__Host-sallyport"
#define COOKIE_PLAIN  "sallyport"
#define TOKEN_HEADER  "x-sallyport-token"

static struct page_session *session_of(struct page_sign_in *sign_in, struct bytes header)
{
    static const char *const names[] = {COOKIE_SECURE, COOKIE_PLAIN};
    struct page_session *session = NULL;
    for (size_t i = 0; !session && i < ARRAY_SIZE(names); i++)
        session =
            page_session_find(&sign_in->sessions, page_cookie_value(header, names[i]), clock_monotonic_ns());
    return session;
}

/* A request that changes something must have the token, which no other site can read, and say from which page it comes: whether
 * that is ours, wire/http1/site.h decides for all requests. */
static struct bytes of_cookie(void *context, const struct cookie_request *shown)
{
    struct page_session *session = session_of(context, shown->cookie);
    if (!session)
        return (struct bytes){0};
    bool ours = shown->origin.size > 0 && secret_equal(shown->token, bytes_of_cstr(session->token));
    if (shown->writes && !ours)
        return (struct bytes){0};
    return bytes_of_cstr(session->authorization);
}

/* --- answers --- */

static bool set_cookie(struct http_request *request, const char *value, int64_t life_s)
{
    bool secure = http_request_is_secure(request);
    const char *line =
        arena_fmt(http_request_arena(request), "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                  secure ? COOKIE_SECURE : COOKIE_PLAIN, value, (long long)life_s, secure ? "; Secure" : "");
    return line && http_response_header(request, "Set-Cookie", bytes_of_cstr(line)) == STATUS_OK;
}

static void respond(struct http_request *request, const struct page_session *session, int64_t now_ns)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_bool(&json, "signedIn", session != NULL);
    if (session) {
        json_write_member_cstr(&json, "token", session->token);
        json_write_member_int(&json, "expiresInSeconds", (session->expires_ns - now_ns) / NS_PER_S);
    }
    json_write_end_object(&json);
    buf_append_byte(&body, '\n');
    if (json_write_status(&json) == STATUS_OK && buf_status(&body) == STATUS_OK)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(&body));
    else
        http_respond_failure(request, 503, "out of memory");
}

/* --- POST /page/sign-in --- */

static void begin_session(struct page_sign_in *sign_in, struct http_request *request, const char *owner,
                          struct bytes authorization)
{
    char cookie[SECRET_TEXT_SIZE + 1];
    struct page_session *session = NULL;
    int64_t now_ns = clock_monotonic_ns();
    enum status status =
        page_session_open(&sign_in->sessions, owner, authorization, now_ns, cookie, &session);
    if (status == STATUS_OK && set_cookie(request, cookie, PAGE_SESSION_LIFE_NS / NS_PER_S))
        respond(request, session, now_ns);
    else
        http_respond_failure(request, 503, "out of memory");
    explicit_bzero(cookie, sizeof cookie);
}

static void sign_in(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct err err = {0};
    CLEANUP(json_release) json_t *root = NULL;
    const struct json_limits limits = {.size_max = PAGE_CREDENTIALS_MAX, .depth_max = 4};
    if (json_parse(http_request_body(request), &limits, &root, &err) != STATUS_OK) {
        http_respond_failure(request, 400, err.text);
        return;
    }
    struct bytes given = bytes_trim(json_bytes(json_object_get(root, "credentials")));
    if (given.size == 0 || memchr(given.data, '\0', given.size)) {
        http_respond_failure(request, 400, "The member \"credentials\" must be an API key or a token.");
        return;
    }

    CLEANUP(buf_fini) struct buf authorization = {0};
    buf_append_cstr(&authorization, "Bearer ");
    buf_append_bytes(&authorization, given);
    if (buf_status(&authorization) != STATUS_OK) {
        http_respond_failure(request, 503, "out of memory");
        return;
    }
    const struct principal *principal =
        authenticator_admit(&sign_in->authenticator, buf_peek(&authorization));
    if (principal->id) {
        begin_session(sign_in, request, principal->id, buf_peek(&authorization));
    } else {
        sign_in->authenticator.denied(sign_in->authenticator.context, principal, "/page/sign-in",
                                      (struct bytes){0});
        http_respond_failure(request, 401, access_refusal(principal));
    }
    authenticator_release(&sign_in->authenticator, principal);
    explicit_bzero(authorization.data, authorization.size);
}

/* --- GET /page/session, POST /page/sign-out --- */

/* What the page needs to know of its session; at times with a new cookie. */
static void show_session(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct page_session *session = session_of(sign_in, http_request_header(request, "cookie"));
    int64_t now_ns = clock_monotonic_ns();
    char cookie[SECRET_TEXT_SIZE + 1];
    bool whole = true;
    if (session && page_session_rotate(&sign_in->sessions, session, now_ns, cookie))
        whole = set_cookie(request, cookie, (session->expires_ns - now_ns) / NS_PER_S);
    if (whole)
        respond(request, session, now_ns);
    else
        http_respond_failure(request, 503, "out of memory");
}

static void sign_out(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct page_session *session = session_of(sign_in, http_request_header(request, "cookie"));
    struct bytes token = http_request_header(request, TOKEN_HEADER);
    if (session && !secret_equal(token, bytes_of_cstr(session->token))) {
        http_respond_failure(request, 403, "The header X-Sallyport-Token is not that of the session.");
        return;
    }
    if (session)
        page_session_close(&sign_in->sessions, session);
    if (set_cookie(request, "", 0))
        http_respond(request, 204, NULL, (struct bytes){0});
    else
        http_respond_failure(request, 503, "out of memory");
}

static const struct http_route routes[] = {
    {"POST", "/page/sign-in", "", ACCESS_ANYONE, HTTP_TYPE_JSON, .handle = sign_in,
     .summary = "Sign a browser in: a cookie stands for the credentials from now on"},
    {"GET", "/page/session", "", ACCESS_ANYONE, .handle = show_session,
     .summary = "Whether a browser is signed in, and its token for what changes something"},
    {"POST", "/page/sign-out", "", ACCESS_ANYONE, .handle = sign_out,
     .summary = "End the session of a browser"},
};

struct http_part page_sign_in_part(struct page_sign_in *sign_in)
{
    return (struct http_part){
        .name = "page-sign-in",
        .prefix = "",
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .body_limits = {PAGE_CREDENTIALS_MAX, PAGE_CREDENTIALS_MAX, PAGE_CREDENTIALS_MAX},
        .problems = http_problems,
        .problem_count = http_problem_count,
        .context = sign_in};
}

void page_sign_in_init(struct page_sign_in *sign_in, const struct authenticator *door)
{
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    page_sessions_init(&sign_in->sessions, seed);
    sign_in->authenticator = *door;
    sign_in->authenticator.of_cookie = of_cookie;
    sign_in->authenticator.cookie_context = sign_in;
}

void page_sign_in_fini(struct page_sign_in *sign_in)
{
    page_sessions_fini(&sign_in->sessions);
}
