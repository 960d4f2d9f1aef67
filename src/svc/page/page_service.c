/* SPDX-License-Identifier: MIT */
/* page_service.c — headers that keep the page from being turned against whoever looks at it, and files as they are. */
#include "svc/page/page_service.h"

#include "svc/page/page_file.h"

/* What the page may do. Script and style come from files of this server alone; it talks to this server alone; what a run
 * made is shown as an image or in a frame without an origin, and text never becomes markup (Trusted Types: the one policy
 * is that of web/src/parts/inert.ts). */
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "    \
    "frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "                         \
    "require-trusted-types-for 'script'; trusted-types sallyport-inert"

/* The name of a file of the build changes with its content. */
#define FOR_EVER "public, max-age=31536000, immutable"

static const struct {
    const char *name;
    const char *value;
} page_headers[] = {
    {"Content-Security-Policy", PAGE_POLICY},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
};

static enum status add_header(struct http_request *request, const char *name, const char *value)
{
    return http_response_header(request, name, bytes_of_cstr(value));
}

/* The file, or 304 if the client has it. Each coding is a representation of its own, with a tag of its own. */
static void respond(struct http_request *request, const struct page_file *file, const char *caching)
{
    bool packed = page_accepts(http_request_header(request, "accept-encoding"), "gzip");
    const char *tag = arena_fmt(http_request_arena(request), "\"%s%s\"", file->tag, packed ? "-gz" : "");
    bool whole = tag && add_header(request, "ETag", tag) == STATUS_OK &&
                 add_header(request, "Vary", "Accept-Encoding") == STATUS_OK &&
                 add_header(request, "Cache-Control", caching) == STATUS_OK;
    if (whole && packed)
        whole = add_header(request, "Content-Encoding", "gzip") == STATUS_OK;
    if (!whole)
        http_respond_no_memory(request);
    else
        http_respond(request, 200, file->content_type, packed ? file->gzip : file->plain);
}

bool page_service_wanted(const struct http_request *request)
{
    return page_accepts(http_request_header(request, "accept"), "text/html");
}

void page_service_show(struct http_request *request)
{
    bool whole = true;
    for (size_t i = 0; whole && i < ARRAY_SIZE(page_headers); i++)
        whole = add_header(request, page_headers[i].name, page_headers[i].value) == STATUS_OK;
    if (whole)
        respond(request, page_file_find(BYTES_LITERAL("/index.html")), "no-cache");
    else
        http_respond_no_memory(request);
}

static void show_asset(void *context, struct http_request *request)
{
    const struct page_file *file = page_file_find(http_request_path(request));
    if (file)
        respond(request, file, FOR_EVER);
    else
        http_respond_failure(request, 404,
                             "This page has no such file: it may have been upgraded. Load it again.");
}

static const struct http_route routes[] = {
    {"GET", "/assets/{name}", "", ACCESS_ANYONE, .handle = show_asset, .summary = "A file of the web page"},
};

struct http_part page_service_part(void)
{
    return (struct http_part){.name = "page",
                              .prefix = "",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .problems = http_problems,
                              .problem_count = http_problem_count};
}
