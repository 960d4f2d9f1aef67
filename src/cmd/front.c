/* SPDX-License-Identifier: MIT */
/* front.c — two routes of its own, and what is noted of each request. */
#include "cmd/front.h"

#include "base/log.h"
#include "base/text.h"
#include "net/http_openapi.h"
#include "os/clock.h"
#include "svc/page/page_service.h"

#define TITLE "Sallyport"

/* --- routes --- */

/* No script, no picture, no frame: a page that cannot be made to do anything. */
#define PAGE_POLICY "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char page_head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<title>Sallyport</title>\n"
    "<h1>Sallyport " SALLYPORT_VERSION "</h1>\n"
    "<p>Runs Python that nobody trusts in sessions of its own, and lets a person decide what becomes of the "
    "result.</p>\n";

/* Submit, look, decide; each with the scheme and host by which the browser came. */
static const char page_app[] =
    "<pre>curl -X POST %s://%.*s/code/execute -H 'Content-Type: application/json' -d '\"print(6 * 7)\"'\n"
    "curl '%s://%.*s/v1/requests/REQUEST_ID?wait=30s'\n"
    "curl -X POST '%s://%.*s/code/review?approve=true&amp;requestId=REQUEST_ID'</pre>\n"
    "<p><a href=\"/v1/requests?state=waiting\">Requests that wait for a decision</a></p>\n";

static const char page_tail[] = "<p><a href=\"/openapi.json\">All routes</a>, "
                                "<a href=\"/healthz\">health</a></p>\n"
                                "</html>\n";

static bool has_part(const struct front *front, const char *name)
{
    for (size_t i = 0; i < front->part_count; i++)
        if (strcmp(front->parts[i].name, name) == 0)
            return true;
    return false;
}

/* What a browser gets is the page; what else asks gets what this is, and how it is used. */
static void answer_page(void *context, struct http_request *request)
{
    if (page_service_wanted(request)) {
        page_service_show(request);
        return;
    }
    const struct front *front = context;
    /* Safe in HTML: a host that the server does not know by name has been refused (wire/http1/site.h). */
    struct bytes host = http_request_header(request, "host");
    if (!host.size)
        host = BYTES_LITERAL("localhost");
    const char *scheme = http_request_scheme(request);
    CLEANUP(buf_fini) struct buf page = {0};
    buf_append_cstr(&page, page_head);
    if (has_part(front, "app"))
        buf_append_fmt(&page, page_app, scheme, BYTES_FMT(host), scheme, BYTES_FMT(host), scheme,
                       BYTES_FMT(host));
    buf_append_cstr(&page, page_tail);
    bool whole =
        buf_status(&page) == STATUS_OK &&
        http_response_header(request, "Content-Security-Policy", BYTES_LITERAL(PAGE_POLICY)) == STATUS_OK &&
        http_response_header(request, "Referrer-Policy", BYTES_LITERAL("same-origin")) == STATUS_OK &&
        http_response_header(request, "Cache-Control", BYTES_LITERAL("no-cache")) == STATUS_OK;
    if (whole)
        http_respond(request, 200, "text/html; charset=utf-8", buf_peek(&page));
    else
        http_respond_no_memory(request);
}

static void answer_openapi(void *context, struct http_request *request)
{
    const struct front *front = context;
    http_respond(request, 200, "application/json; charset=utf-8", buf_peek(&front->openapi));
}

static const struct http_route routes[] = {
    {"GET", "/", "", ACCESS_ANYONE, .page = true, .handle = answer_page,
     .summary = "The web page; for programs, what this is"},
    {"GET", "/openapi.json", "", ACCESS_ANYONE, .handle = answer_openapi,
     .summary = "All routes, for programs"},
};

/* --- the front --- */

void front_init(struct front *front)
{
    *front = (struct front){.part_count = 0};
    front_add(front, (struct http_part){.name = "server",
                                        .prefix = "",
                                        .claims = "",
                                        .routes = routes,
                                        .route_count = ARRAY_SIZE(routes),
                                        .problems = http_problems,
                                        .problem_count = http_problem_count,
                                        .context = front});
}

void front_add(struct front *front, struct http_part part)
{
    ASSERT(front->part_count < FRONT_PARTS_MAX);
    size_t place = front->part_count++;
    for (; !part.wide && place > 0 && front->parts[place - 1].wide; place--)
        front->parts[place] = front->parts[place - 1];
    front->parts[place] = part;
}

enum status front_mount(struct front *front, struct http_server *server, struct err *err)
{
    http_openapi_write(front->parts, front->part_count, TITLE, SALLYPORT_VERSION, &front->openapi);
    http_router_init(&front->router, front->parts, front->part_count);
    enum status status = buf_status(&front->openapi);
    if (status)
        return err_set(err, status, "no memory for the description of the routes");
    http_server_serve(server, &front->router.handler);
    return STATUS_OK;
}

void front_limit(struct front *front, int64_t per_minute)
{
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    request_rates_init(&front->rates, per_minute, seed);
    http_router_limit(&front->router, &front->rates);
}

void front_fini(struct front *front)
{
    if (front->router.rates)
        request_rates_fini(&front->rates);
    buf_fini(&front->openapi);
}

/* --- what is noted of each request --- */

#define METHOD_SIZE_MAX 16 /* bytes of a method that are logged */

static void log_exchange(const struct http_exchange *exchange)
{
    struct bytes method = bytes_slice(exchange->method, 0, METHOD_SIZE_MAX);
    log_info("http", "request method=%.*s route=\"%s\" part=%s status=%d bytes=%llu ms=%.1f peer=%s",
             BYTES_FMT(method.size ? method : BYTES_LITERAL("-")), text_or(exchange->pattern, "-"),
             text_or(exchange->part, "-"), exchange->http_status, (unsigned long long)exchange->size,
             (double)exchange->duration_ns / NS_PER_MS, exchange->peer);
}

/* A peer's requests may cost the disk so much and no more; without its port it is one peer. */
static bool may_be_logged(struct front *front, const struct http_exchange *exchange)
{
    int64_t now_ns = clock_monotonic_ns();
    const char *port = strrchr(exchange->peer, ':');
    size_t size = port ? (size_t)(port - exchange->peer) : strlen(exchange->peer);
    bool may = log_share_allows(&front->shares, bytes_of(exchange->peer, size), now_ns);
    uint64_t others = 0;
    if (!may && log_rate_allows(&front->held_back_told, now_ns, &others)) {
        log_warn("http", "requests are not logged, a peer sends too many held-back=%llu last=%s",
                 (unsigned long long)front->shares.held_back, exchange->peer);
        front->shares.held_back = 0;
    }
    return may;
}

static void on_exchange(void *context, const struct http_exchange *exchange)
{
    struct front *front = context;
    http_metrics_note(&front->metrics, exchange);
    if (front->access_log && may_be_logged(front, exchange))
        log_exchange(exchange);
}

void front_watch(struct front *front, struct http_server *server, bool access_log)
{
    front->access_log = access_log;
    entropy_fill(front->shares.key, sizeof front->shares.key);
    http_server_on_exchange(server, on_exchange, front);
}
