/* SPDX-License-Identifier: MIT */
/* http_router.c — what is decided once a head is there (on_head), and what is left for the whole request. */
#include "net/http_router.h"

#include "base/text.h"
#include "net/http_server_internal.h"
#include "os/clock.h"
#include "wire/http1/uri.h"

#define PLACE_SIZE_MAX  ((size_t)20 << 10) /* bytes of a place: a path may be one */
#define DETAIL_SIZE_MAX ((size_t)8 << 10)  /* bytes of a list of routes */

const struct http_route *http_request_route(const struct http_request *request)
{
    return request->match.route;
}

struct bytes http_request_value(const struct http_request *request)
{
    return request->values[0];
}

struct bytes http_request_second_value(const struct http_request *request)
{
    return request->values[1];
}

struct bytes http_request_prefix(const struct http_request *request)
{
    return request->match.prefix;
}

unsigned http_request_type(const struct http_request *request)
{
    return request->type;
}

/* --- the head --- */

static bool is_options(const struct http_request *request)
{
    const struct http_match *match = &request->match;
    bool any_path = bytes_equal_cstr(http_request_path(request), "*");
    return bytes_equal_cstr(http_request_method(request), "OPTIONS") &&
           (any_path || (match->path_known && !match->part->no_options));
}

static const char *routes_there_are(struct http_request *request)
{
    CLEANUP(buf_fini) struct buf list = {.limit = DETAIL_SIZE_MAX};
    if (request->match.part)
        http_route_list(request->match.part, &list);
    const char *text =
        arena_fmt(&request->arena, "There is no such route. There are: %.*s; /openapi.json says more.",
                  BYTES_FMT(buf_peek(&list)));
    return text_or(text, "There is no such route.");
}

static const char *methods_there_are(struct http_request *request)
{
    CLEANUP(buf_fini) struct buf list = {.limit = DETAIL_SIZE_MAX};
    http_route_methods(&request->match, http_request_path(request), &list);
    const char *text = arena_fmt(&request->arena, "This path takes: %.*s.", BYTES_FMT(buf_peek(&list)));
    return text_or(text, "This path takes other methods.");
}

/* False without memory, or if the value is no text in percent-encoding. */
static bool decode_value(struct http_request *request, size_t place, struct http_admission *ret)
{
    struct bytes raw = request->match.values[place];
    if (!raw.data)
        return true;
    struct bytes value = uri_decode(&request->arena, raw, false);
    request->values[place] = value;
    if (!value.data) {
        *ret = (struct http_admission){.http_status = 503, .detail = "There is no memory left."};
        return false;
    }
    bool sound = uri_escapes_valid(raw) && !memchr(value.data, '\0', value.size);
    if (!sound && !request->match.part->raw_values) {
        *ret = (struct http_admission){
            .http_status = 400, .detail = "The path holds a '%' without two hexadecimal digits, or a NUL."};
        return false;
    }
    return true;
}

static bool decode_values(struct http_request *request, struct http_admission *ret)
{
    for (size_t place = 0; place < HTTP_PATTERN_VALUES; place++)
        if (!decode_value(request, place, ret))
            return false;
    return true;
}

/* All that the route reads; those that are text are in UTF-8. */
static const char *types_there_are(struct http_request *request, unsigned wanted)
{
    CLEANUP(buf_fini) struct buf list = {0};
    for (unsigned type = 1; type <= wanted; type <<= 1)
        if (wanted & type)
            buf_append_fmt(&list, "%s%s", list.size ? ", " : "", http_type_name((enum http_type)type));
    const char *text = arena_fmt(&request->arena, "Send the body as Content-Type: %.*s; text in UTF-8.",
                                 BYTES_FMT(buf_peek(&list)));
    return text_or(text, "The body has a Content-Type that this route does not read.");
}

/* False if the route reads another kind of body than this one. */
static bool take_type(struct http_request *request, struct http_admission *ret)
{
    unsigned wanted = request->match.route->types;
    if (!wanted)
        return true;
    request->type = http_type_of(&request->arena, http_request_header(request, "content-type")) & wanted;
    if (request->type)
        return true;
    *ret = (struct http_admission){.http_status = 415, .detail = types_there_are(request, wanted)};
    return false;
}

/* "/subscriptions/s/resourceGroups/g/sessionPools/p" in front of a route is where the cloud serves this resource. */
static void append_pool_resource(struct bytes prefix, struct buf *out)
{
    static const char pattern[] = "/subscriptions/{}/resourceGroups/{}";
    const struct bytes type = BYTES_LITERAL("/sessionPools/");
    struct bytes values[HTTP_PATTERN_VALUES];
    size_t at = 0;
    for (size_t i = 0; i + type.size <= prefix.size; i++)
        if (bytes_equal_nocase(bytes_slice(prefix, i, type.size), type))
            at = i;
    if (at == 0 || !http_pattern_match(pattern, bytes_slice(prefix, 0, at), values))
        return;
    buf_append_bytes(out, bytes_slice(prefix, 0, at));
    buf_append_cstr(out, "/providers/Microsoft.App");
    buf_append_bytes(out, bytes_slice(prefix, at, SIZE_MAX));
}

/* Where the route is, by both of its names. */
static void find_place(struct http_request *request, struct buf *place, struct buf *resource)
{
    const struct http_part *part = request->match.part;
    if (part->where)
        buf_append_cstr(place, part->where);
    else
        buf_append_fmt(place, "/%s", part->name);
    if (part->place)
        part->place(part->context, request, place);
    if (part->resource)
        part->resource(part->context, request, resource);
    else
        append_pool_resource(request->match.prefix, resource);
}

static enum access_verdict judge(struct http_request *request, struct buf *place)
{
    CLEANUP(buf_fini) struct buf resource = {.limit = PLACE_SIZE_MAX};
    find_place(request, place, &resource);
    if (buf_status(place) != STATUS_OK || buf_status(&resource) != STATUS_OK)
        return ACCESS_DENIED;
    return access_decide_at(request->principal, request->match.route->access, buf_peek(place),
                            buf_peek(&resource));
}

static void tell_denied(const struct http_request *request, struct bytes place)
{
    const struct authenticator *authenticator = request->connection->server->authenticator;
    if (authenticator)
        authenticator->denied(authenticator->context, request->principal, request->match.route->pattern,
                              place);
}

/* To whom a role is lacking: the scope of the grant that would do, and no more. A part without places of its own has
 * resources, and a grant at its one place would be for all of them. */
static void explain_denied(struct http_request *request, struct buf *words)
{
    CLEANUP(buf_fini) struct buf place = {.limit = PLACE_SIZE_MAX};
    CLEANUP(buf_fini) struct buf resource = {.limit = PLACE_SIZE_MAX};
    const struct http_part *part = request->match.part;
    find_place(request, &place, &resource);
    bool by_resource = part->resource && !part->place && resource.size > 0;
    access_explain(request->principal, request->match.route->access,
                   buf_peek(by_resource ? &resource : &place), words);
}

/* INVARIANT: no handler of a route sees a request that this has not let through. */
static bool may(struct http_request *request, struct http_admission *ret)
{
    CLEANUP(buf_fini) struct buf place = {.limit = PLACE_SIZE_MAX};
    enum access_verdict verdict = judge(request, &place);
    if (verdict == ACCESS_GRANTED)
        return true;
    tell_denied(request, buf_peek(&place));
    if (verdict == ACCESS_UNKNOWN) {
        const char *detail = arena_fmt(&request->arena, "Sign in: %s.", access_refusal(request->principal));
        *ret = (struct http_admission){.http_status = 401, .detail = text_or(detail, "Sign in.")};
        return false;
    }
    CLEANUP(buf_fini) struct buf words = {0};
    explain_denied(request, &words);
    const char *detail = arena_fmt(&request->arena, "%.*s", BYTES_FMT(buf_peek(&words)));
    *ret = (struct http_admission){.http_status = 403, .detail = text_or(detail, "You may not do this.")};
    return false;
}

/* Values are read first, since the place may be one of them; what is wrong with them, only who may come in is told. */
static bool admit(struct http_request *request, struct http_admission *ret)
{
    struct http_admission unreadable = {.http_status = 0};
    bool readable = decode_values(request, &unreadable);
    if (!may(request, ret))
        return false;
    if (!readable)
        *ret = unreadable;
    return readable && take_type(request, ret);
}

static bool may_go_on(void *context, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf place = {.limit = PLACE_SIZE_MAX};
    if (!request->match.route || judge(request, &place) == ACCESS_GRANTED)
        return true;
    tell_denied(request, buf_peek(&place));
    return false;
}

static void on_head(void *context, struct http_request *request, struct http_admission *ret)
{
    const struct http_router *router = context;
    struct http_match *match = &request->match;
    *match = http_route_find(router->parts, router->part_count, http_request_method(request),
                             http_request_path(request));

    if (is_options(request))
        return;
    if (!match->path_known)
        *ret = (struct http_admission){.http_status = 404, .detail = routes_there_are(request)};
    else if (!match->route)
        *ret = (struct http_admission){.http_status = 405, .detail = methods_there_are(request)};
    else if (admit(request, ret))
        *ret = (struct http_admission){.body_max = match->part->body_limits[match->route->body_limit],
                                       .page = match->route->page};
}

/* --- the whole request --- */

static bool add_allow(struct http_request *request)
{
    CLEANUP(buf_fini) struct buf list = {.limit = DETAIL_SIZE_MAX};
    http_route_methods(&request->match, http_request_path(request), &list);
    return list.size == 0 || http_response_header(request, "Allow", buf_peek(&list)) == STATUS_OK;
}

/* Who it is that has so many requests: a key, or somebody by other credentials. Empty without memory. */
static struct bytes rated_name(struct http_request *request)
{
    const struct principal *principal = request->principal;
    const char *name = arena_fmt(&request->arena, "%s/%s", principal->id, text_or(principal->key_name, ""));
    return bytes_of_cstr(text_or(name, ""));
}

static void say_rate(struct http_request *request, const struct request_rates *rates,
                     const struct request_rate *rate)
{
    const char *policy = arena_fmt(&request->arena, "\"key\";q=%lld;w=60", (long long)rates->per_minute);
    const char *now = arena_fmt(&request->arena, "\"key\";r=%lld;t=%lld", (long long)rate->remaining,
                                (long long)rate->full_s);
    if (policy && now) {
        (void)!http_response_header(request, "RateLimit-Policy", bytes_of_cstr(policy));
        (void)!http_response_header(request, "RateLimit", bytes_of_cstr(now));
    }
}

static void refuse_rate(struct http_request *request, int64_t wait_s)
{
    const char *seconds = arena_fmt(&request->arena, "%lld", (long long)wait_s);
    if (seconds)
        (void)!http_response_header(request, "Retry-After", bytes_of_cstr(seconds));
    http_respond_failure(
        request, 429,
        "This key has made all the requests that it may make in a minute (setting request-rate).");
}

/* False: it is answered. */
static bool within_rate(const struct http_router *router, struct http_request *request)
{
    const struct principal *principal = request->principal;
    if (!router->rates || !request->match.part->rated || !principal->id || principal == &access_local)
        return true;

    struct request_rate rate = request_rates_take(router->rates, rated_name(request), clock_monotonic_ns());
    say_rate(request, router->rates, &rate);
    if (!rate.granted)
        refuse_rate(request, rate.wait_s);
    return rate.granted;
}

static void on_request(void *context, struct http_request *request)
{
    if (request->match.route) {
        if (!within_rate(context, request))
            return;
        request->match.route->handle(request->match.part->context, request);
        return;
    }
    ASSERT(is_options(request)); /* all else was refused at its head */
    (void)add_allow(request);
    http_respond(request, 204, NULL, (struct bytes){0});
}

/* 403 has two causes, of which the foreign page is looked at before anybody's role. */
const struct http_problem *http_request_cause(struct http_request *request, int http_status)
{
    CLEANUP(buf_fini) struct buf place = {.limit = PLACE_SIZE_MAX};
    bool judged = http_status == 403 && request->match.part && request->match.route;
    if (judged && judge(request, &place) == ACCESS_DENIED)
        return http_problem_named(HTTP_PROBLEM_DENIED);
    return http_problem_of_status(http_status);
}

static void write_error(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    const struct http_part *part = request->match.part;
    if (!part) { /* the head was not read to its end: the path may be there or not */
        const struct http_router *router = context;
        request->match = http_route_find(router->parts, router->part_count, http_request_method(request),
                                         http_request_path(request));
        part = request->match.part;
    }
    if (http_status == 405)
        (void)add_allow(request);
    if (http_status == 401) /* RFC 9110 section 11.6.1 */
        (void)!http_response_header(request, "WWW-Authenticate",
                                    request->principal->refusal
                                        ? BYTES_LITERAL("Bearer realm=\"sallyport\", error=\"invalid_token\"")
                                        : BYTES_LITERAL("Bearer realm=\"sallyport\""));
    if (part && part->write_error)
        part->write_error(part->context, request, http_status, detail, ret_body, ret_content_type);
    else
        *ret_content_type = http_problem_write(ret_body, http_request_cause(request, http_status), detail);
}

void http_router_init(struct http_router *router, const struct http_part *parts, size_t part_count)
{
    for (size_t i = 0; i < part_count; i++) {
        for (size_t k = 0; k < parts[i].route_count; k++) {
            const struct http_route *route = &parts[i].routes[k];
            ASSERT(route->method && route->pattern && route->query && route->handle && route->summary);
            ASSERT(route->access != ACCESS_UNSET && route->body_limit < HTTP_BODY_LIMITS);
        }
    }
    *router = (struct http_router){.parts = parts, .part_count = part_count};
    router->handler = (struct http_handler){.on_head = on_head,
                                            .on_request = on_request,
                                            .write_error = write_error,
                                            .may_go_on = may_go_on,
                                            .context = router};
}

void http_router_limit(struct http_router *router, struct request_rates *rates)
{
    router->rates = rates;
}
