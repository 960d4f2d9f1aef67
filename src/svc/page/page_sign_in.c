/* SPDX-License-Identifier: MIT */
/* page_sign_in.c — what a cookie is worth to the HTTP server, what a browser is told of its session, and the end of one. How one
 * begins: page_sign_in_ways.c. */
#include "svc/page/page_sign_in_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "svc/page/limit_values.h"
#include "wire/json/json.h"

/* A browser keeps the first only if it came with Secure from this very host; without TLS, which is for loopback, it has to be
 * the second. */
#define COOKIE_SECURE "__Host-sallyport"
#define COOKIE_PLAIN  "sallyport"
#define TOKEN_HEADER  "x-sallyport-token"

/* The one that a request belongs to: kept, or only in this process, or neither. */
struct page_found {
    const struct directory_ticket *kept;
    struct page_session *session;
};

static struct page_found find(struct page_sign_in *sign_in, struct bytes header)
{
    static const char *const names[] = {COOKIE_SECURE, COOKIE_PLAIN};
    struct page_found found = {.kept = NULL};
    for (size_t i = 0; !found.kept && !found.session && i < ARRAY_SIZE(names); i++) {
        struct bytes cookie = page_cookie_value(header, names[i]);
        found.kept = kept_session_find(sign_in->options.directory, cookie, clock_unix_ns());
        if (!found.kept)
            found.session = page_session_find(&sign_in->sessions, cookie, clock_monotonic_ns());
    }
    return found;
}

static const char *token_of(const struct page_found *found)
{
    if (found->kept)
        return found->kept->challenge;
    return found->session ? found->session->token : "";
}

/* A request that changes something must have the token, which no other site can read, and say from which page it comes: whether
 * that is ours, wire/http1/site.h decides for all requests. */
static struct bytes of_cookie(void *context, const struct cookie_request *shown)
{
    struct page_sign_in *sign_in = context;
    struct page_found found = find(sign_in, shown->cookie);
    if (!found.kept && !found.session)
        return (struct bytes){0};
    bool ours = shown->origin.size > 0 && secret_equal(shown->token, bytes_of_cstr(token_of(&found)));
    if (shown->writes && !ours)
        return (struct bytes){0};
    if (found.session)
        return bytes_of_cstr(found.session->authorization);
    (void)snprintf(sign_in->shown, sizeof sign_in->shown, "Bearer %s%s", sign_in->options.secret,
                   found.kept->id);
    return bytes_of_cstr(sign_in->shown);
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

void page_answer_json(struct http_request *request, int http_status, struct json_writer *json)
{
    buf_append_byte(json->out, '\n');
    if (json_write_status(json) == STATUS_OK && buf_status(json->out) == STATUS_OK)
        http_respond(request, http_status, "application/json; charset=utf-8", buf_peek(json->out));
    else
        http_respond_no_memory(request);
    explicit_bzero(json->out->data, json->out->size);
}

void page_answer_session(struct http_request *request, int http_status, const char *token, int64_t life_s)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_bool(&json, "signedIn", token != NULL);
    if (token) {
        json_write_member_cstr(&json, "token", token);
        json_write_member_int(&json, "expiresInSeconds", life_s);
    }
    json_write_end_object(&json);
    page_answer_json(request, http_status, &json);
}

void page_answer_signed_in(struct http_request *request, const char *cookie, const char *token,
                           int64_t life_s)
{
    if (set_cookie(request, cookie, life_s))
        page_answer_session(request, 200, token, life_s);
    else
        http_respond_no_memory(request);
}

static void answer_signed_out(struct http_request *request)
{
    if (set_cookie(request, "", 0))
        http_respond(request, 204, NULL, (struct bytes){0});
    else
        http_respond_no_memory(request);
}

/* --- what is answered when it is on disk --- */

static void on_written(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct page_pending *pending = CONTAINER_OF(waiter, struct page_pending, waiter);
    struct http_request *request = pending->request;
    if (pending->rotates)
        pending->sign_in->rotating = false;
    if (request)
        http_request_on_gone(request, NULL, NULL);
    bool gone = status == STATUS_NOT_FOUND; /* somebody else was first to end it */
    if (request && (status == STATUS_OK || gone) && (gone || !pending->cookie[0]))
        answer_signed_out(request);
    else if (request && status == STATUS_OK)
        page_answer_signed_in(request, pending->cookie, pending->token, pending->life_s);
    else if (request)
        http_respond_failure(request, 503, "The directory cannot be written; try again.");
    explicit_bzero(pending, sizeof *pending);
    free(pending);
}

static void on_gone(void *context)
{
    ((struct page_pending *)context)->request = NULL;
}

/* NULL: it is answered. */
struct page_pending *page_pending_new(struct page_sign_in *sign_in, struct http_request *request)
{
    struct page_pending *pending = calloc(1, sizeof *pending);
    if (!pending) {
        http_respond_no_memory(request);
        return NULL;
    }
    pending->waiter.on_done = on_written;
    pending->sign_in = sign_in;
    pending->request = request;
    http_request_on_gone(request, on_gone, pending);
    return pending;
}

/* --- GET /page/session --- */

static void rotate_kept(struct page_sign_in *sign_in, struct http_request *request,
                        const struct directory_ticket *session, int64_t now_ns)
{
    struct page_pending *pending = page_pending_new(sign_in, request);
    if (!pending)
        return;
    pending->life_s = (session->expires_ns - now_ns) / NS_PER_S;
    pending->rotates = true;
    sign_in->rotating = true;
    (void)snprintf(pending->token, sizeof pending->token, "%s", session->challenge);
    kept_session_rotate(sign_in->options.directory, session, now_ns, pending->cookie, &pending->waiter);
}

static void show_kept(struct page_sign_in *sign_in, struct http_request *request,
                      const struct directory_ticket *session)
{
    int64_t now_ns = clock_unix_ns();
    if (kept_session_is_due(session, now_ns) && !sign_in->rotating)
        rotate_kept(sign_in, request, session, now_ns);
    else
        page_answer_session(request, 200, session->challenge, (session->expires_ns - now_ns) / NS_PER_S);
}

static void show_in_memory(struct page_sign_in *sign_in, struct http_request *request,
                           struct page_session *session)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t life_s = (session->expires_ns - now_ns) / NS_PER_S;
    char cookie[SECRET_TEXT_SIZE + 1];
    if (page_session_rotate(&sign_in->sessions, session, now_ns, cookie))
        page_answer_signed_in(request, cookie, session->token, life_s);
    else
        page_answer_session(request, 200, session->token, life_s);
}

/* What the page needs to know of its session; at times with a new cookie. */
static void show_session(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct page_found found = find(sign_in, http_request_header(request, "cookie"));
    if (found.kept)
        show_kept(sign_in, request, found.kept);
    else if (found.session)
        show_in_memory(sign_in, request, found.session);
    else
        page_answer_session(request, 200, NULL, 0);
}

/* --- POST /page/sign-out --- */

/* All others of the same person, wherever they are. */
static void close_others(struct page_sign_in *sign_in, const char *owner_id,
                         const struct directory_ticket *but)
{
    const struct directory_ticket *ticket = NULL;
    struct directory *directory = sign_in->options.directory;
    while ((ticket = directory_next(directory, DIRECTORY_TICKET, ticket)))
        if (ticket != but && ticket->type == DIRECTORY_COOKIE && strcmp(ticket->principal_id, owner_id) == 0)
            kept_session_close(directory, ticket, NULL);
    page_sessions_close_of(&sign_in->sessions, owner_id);
}

static const char *owner_of(const struct page_found *found)
{
    return found->kept ? found->kept->principal_id : found->session->owner;
}

static void sign_out(void *context, struct http_request *request)
{
    struct page_sign_in *sign_in = context;
    struct page_found found = find(sign_in, http_request_header(request, "cookie"));
    struct bytes token = http_request_header(request, TOKEN_HEADER);
    bool everywhere = bytes_equal_cstr(http_request_query(request, "everywhere"), "true");
    if (!found.kept && !found.session) {
        answer_signed_out(request);
        return;
    }
    if (!secret_equal(token, bytes_of_cstr(token_of(&found)))) {
        http_respond_failure(request, 403, "The header X-Sallyport-Token is not that of the session.");
        return;
    }

    char owner[PAGE_OWNER_SIZE];
    (void)snprintf(owner, sizeof owner, "%s", owner_of(&found));
    if (found.session)
        page_session_close(&sign_in->sessions, found.session);
    if (everywhere)
        close_others(sign_in, owner, found.kept);
    struct page_pending *pending = found.kept ? page_pending_new(sign_in, request) : NULL;
    if (pending)
        kept_session_close(sign_in->options.directory, found.kept, &pending->waiter);
    else if (!found.kept)
        answer_signed_out(request);
}

static const struct http_route routes[] = {
    {"POST", "/page/sign-in", "", ACCESS_ANYONE, HTTP_TYPE_JSON, .handle = page_route_sign_in,
     .summary = "Sign a browser in: a cookie stands for the credentials from now on"},
    {"POST", "/page/links", "", ACCESS_SIGNED_IN, .handle = page_route_make_link,
     .summary = "A code for a link that signs one browser in, once, within ten minutes"},
    {"GET", "/page/session", "", ACCESS_ANYONE, .handle = show_session,
     .summary = "Whether a browser is signed in, and its token for what changes something"},
    {"POST", "/page/sign-out", "everywhere", ACCESS_ANYONE, .handle = sign_out,
     .summary = "End the session of a browser, or all of the same person"},
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

void page_sign_in_init(struct page_sign_in *sign_in, const struct page_sign_in_options *options)
{
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    page_sessions_init(&sign_in->sessions, seed);
    sign_in_links_init(&sign_in->links);
    sign_in->options = *options;
    sign_in->authenticator = *options->door;
    sign_in->authenticator.of_cookie = of_cookie;
    sign_in->authenticator.cookie_context = sign_in;
}

void page_sign_in_fini(struct page_sign_in *sign_in)
{
    sign_in_links_fini(&sign_in->links);
    page_sessions_fini(&sign_in->sessions);
}
