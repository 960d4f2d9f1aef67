/* SPDX-License-Identifier: MIT */
/* http_route.h — a row of a service's routes, and which row a path names. Pure.
 *
 * A pattern is "/word/{value}/word": words match without regard to case, runs of slashes count as one, a slash
 * at the end is ignored. "{value}" is one segment; "{value*}" is one or more, at most one word follows it, and it is
 * the last value. A pattern has at most HTTP_PATTERN_VALUES values. */
#ifndef NET_HTTP_ROUTE_H
#define NET_HTTP_ROUTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/access/access.h"

#define HTTP_PATTERN_VALUES 2

struct http_request;
struct http_problem;

/* What a body may be; bits. */
enum http_type {
    HTTP_TYPE_JSON = 1, /* application/json, text/json, application/…+json; in UTF-8 */
    HTTP_TYPE_FORM = 2, /* multipart/form-data */
    /* text/x-python, in UTF-8. Not text/plain: any web page may send that anywhere unasked (Fetch,
     * "CORS-safelisted"), and a browser too old to say its Origin would submit code for it. */
    HTTP_TYPE_TEXT = 4,
    /* application/x-www-form-urlencoded; any page may send it, too: not for what acts without secrets in the
     * body */
    HTTP_TYPE_URLENCODED = 8,
    HTTP_TYPE_YAML = 16, /* application/yaml (RFC 9512) and its older names, in UTF-8 */
};

/* Which of a service's body limits holds. */
enum http_body_limit {
    HTTP_BODY_SMALL,
    HTTP_BODY_COMMON,
    HTTP_BODY_UPLOAD,
    HTTP_BODY_FILES,
    HTTP_BODY_LIMITS
};

struct http_route {
    const char *method; /* "GET" is also HEAD; OPTIONS is answered for every route */
    const char *pattern;
    /* names of the query, separated by blanks, '!' behind those that must be there; or "" */
    const char *query;
    enum access_permission access;
    unsigned types; /* that the body must be one of; 0: none is read */
    enum http_body_limit body_limit;
    bool page; /* the answer is for people, and a link on another site may lead to it */
    void (*handle)(void *context, struct http_request *request);
    const void *own; /* the service's */
    const char *summary;
};

/* The routes of one service, where they are, and its ways. */
struct http_part {
    const char *name;  /* "app": what its routes are grouped by for people */
    const char *where; /* a place in which a grant must hold, or a token count; NULL: "/" and the name */
    /* Appends the id of the resource that the path of the request speaks of, at which a grant holds as well. NULL: it
     * speaks of none, or of a session pool in front of the route. Before the request's values are decoded. */
    void (*resource)(void *context, struct http_request *request, struct buf *out);
    const char *prefix; /* a pattern in front of every route, its values unnamed: "/a/{}/b"; "" */
    bool anywhere;      /* other prefixes will do, too: a route may begin at any segment */
    bool wide;          /* its patterns hold much: a path is its own only if it is no other part's */
    const char *claims; /* what begins with this and names no route is refused in this part's shape */
    /* A '%' that begins no escape stands for itself and U+0000 may be said, for clients that paste names as
     * they are. Else both are 400. */
    bool raw_values;
    bool tagged; /* what a GET is answered whole has an ETag, that of its bytes if the handler gives none */
    bool rated;  /* each key makes only so many requests a minute: http_router_limit */
    bool no_options; /* OPTIONS is a method like others */
    const struct http_route *routes;
    size_t route_count;
    size_t body_limits[HTTP_BODY_LIMITS]; /* bytes */
    /* What goes in and out of its routes, for the document that describes them (net/http_openapi.h); NULL: nothing is said. */
    const char *schemas;
    /* Its causes of an error, if it refuses with problem+json; NULL: it has a shape of its own. */
    const struct http_problem *problems;
    size_t problem_count;
    /* As http_handler.write_error. NULL: problem+json. */
    void (*write_error)(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type);
    /* Appends where in this part the request goes, for access: "/HUB" below "/scheduler". The path's values can be read. NULL:
     * the part is one place. */
    void (*place)(void *context, struct http_request *request, struct buf *scope);
    void *context;
};

/* What a path and a method name. Views into the path. */
struct http_match {
    const struct http_part *part;             /* NULL: nobody's */
    const struct http_route *route;           /* NULL: none has this path and method */
    bool path_known;                          /* some route has this path */
    struct bytes prefix;                      /* the path in front of the route, without a slash at its end */
    struct bytes values[HTTP_PATTERN_VALUES]; /* in their order, as sent; data NULL without one */
    size_t behind_prefix;                     /* where in the path the routes were tried that matched */
};

/* True if `pattern` matches all of `path`; the values are as sent, data NULL if the pattern has none. */
bool http_pattern_match(const char *pattern, struct bytes path, struct bytes ret_values[HTTP_PATTERN_VALUES]);

/* The first route of the first part that matches, with method and path; else what is known of the path. */
struct http_match http_route_find(const struct http_part *parts, size_t count, struct bytes method,
                                  struct bytes path);

/* Appends the methods that the path of `match` takes: "GET, HEAD, DELETE". Nothing if !m->path_known. */
void http_route_methods(const struct http_match *match, struct bytes path, struct buf *out);

/* Appends "GET /a, POST /a/{id}": all routes of a part. */
void http_route_list(const struct http_part *part, struct buf *out);

/* The bit of a Content-Type; 0 for one that is no type of ours or not in UTF-8. */
unsigned http_type_of(struct arena *arena, struct bytes content_type);
/* A media type for people and clients: "application/json". `type` is one bit. */
const char *http_type_name(enum http_type type);

#endif
