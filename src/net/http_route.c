/* SPDX-License-Identifier: MIT */
/* http_route.c — three parts: a pattern against a path, a part's rows against a path, and media types. */
#include "net/http_route.h"

#include "wire/http1/mediatype.h"
#include "wire/http1/uri.h"

/* --- patterns --- */

static bool is_value(struct bytes word)
{
    return word.size >= 2 && word.data[0] == '{';
}

static bool is_long_value(struct bytes word)
{
    return is_value(word) && word.data[word.size - 2] == '*';
}

/* Matches "{value*}" and the word that may follow it. `path` begins behind the slash in front of the value, which
 * may begin with more slashes: clients paste absolute names. */
static bool match_long_value(struct bytes words, struct bytes path, struct bytes *ret_value)
{
    struct bytes word = uri_path_next(&words);
    struct bytes rest = path, before_last = {0}, last = {0}, segment;
    while ((segment = uri_path_next(&rest)).data) {
        before_last = last;
        last = segment;
    }
    struct bytes end = word.data ? before_last : last;
    if (!end.data || (word.data && !bytes_equal_nocase(word, last)))
        return false;
    *ret_value = bytes_of(path.data, (size_t)(end.data + end.size - path.data));
    return true;
}

bool http_pattern_match(const char *pattern, struct bytes path, struct bytes ret_values[HTTP_PATTERN_VALUES])
{
    struct bytes words = bytes_of_cstr(pattern);
    struct bytes values[HTTP_PATTERN_VALUES] = {0};
    size_t count = 0;
    for (;;) {
        struct bytes word = uri_path_next(&words);
        if (is_long_value(word)) {
            ASSERT(count < HTTP_PATTERN_VALUES);
            memcpy(ret_values, values, sizeof values);
            return match_long_value(words, path, &ret_values[count]);
        }
        struct bytes segment = uri_path_next(&path);
        if (!word.data || !segment.data) {
            bool both_end = !word.data && !segment.data;
            if (both_end)
                memcpy(ret_values, values, sizeof values);
            return both_end;
        }
        ASSERT(!is_value(word) || count < HTTP_PATTERN_VALUES);
        if (is_value(word))
            values[count++] = segment;
        else if (!bytes_equal_nocase(word, segment))
            return false;
    }
}

/* --- rows --- */

/* What is behind `prefix` in `path`; data NULL if the path does not begin so. */
static struct bytes behind_prefix(const char *prefix, struct bytes path)
{
    struct bytes words = bytes_of_cstr(prefix), word;
    while ((word = uri_path_next(&words)).data) {
        struct bytes segment = uri_path_next(&path);
        if (!segment.data || (!is_value(word) && !bytes_equal_nocase(word, segment)))
            return (struct bytes){0};
    }
    return path.data ? path : BYTES_LITERAL("");
}

static bool method_fits(struct bytes method, const struct http_route *route)
{
    bool head = bytes_equal_cstr(method, "HEAD") && strcmp(route->method, "GET") == 0;
    return head || bytes_equal_cstr(method, route->method);
}

/* Tries all rows on `rest`, the whole of `path` from some segment on; true if the path is known. */
static bool match_rest(const struct http_part *part, struct bytes method, struct bytes path,
                       struct bytes rest, struct http_match *match)
{
    for (size_t i = 0; i < part->route_count; i++) {
        struct bytes values[HTTP_PATTERN_VALUES];
        if (!http_pattern_match(part->routes[i].pattern, rest, values))
            continue;
        match->path_known = true;
        if (!match->route && method_fits(method, &part->routes[i])) {
            match->route = &part->routes[i];
            memcpy(match->values, values, sizeof values);
        }
    }
    if (!match->path_known)
        return false;
    size_t before = rest.size ? (size_t)(rest.data - path.data) : path.size;
    match->behind_prefix = before;
    while (before > 0 && path.data[before - 1] == '/')
        before--;
    match->prefix = bytes_slice(path, 0, before);
    match->part = part;
    return true;
}

/* Nothing inside a prefix is a route: where the part's own prefix fits, the route begins right behind it. */
static bool match_part(const struct http_part *part, struct bytes method, struct bytes path,
                       struct http_match *match)
{
    struct bytes rest = behind_prefix(part->prefix, path);
    if (rest.data)
        return match_rest(part, method, path, rest, match);
    rest = path;
    while (part->anywhere) {
        if (match_rest(part, method, path, rest, match))
            return true;
        if (!uri_path_next(&rest).data)
            break;
    }
    return false;
}

/* What is behind another part's prefix is that part's, also where it has no route. */
static bool is_behind_another(const struct http_part *parts, size_t count, const struct http_part *wide,
                              struct bytes path)
{
    for (size_t i = 0; i < count; i++)
        if (&parts[i] != wide && parts[i].prefix && parts[i].prefix[0] &&
            behind_prefix(parts[i].prefix, path).data)
            return true;
    return false;
}

struct http_match http_route_find(const struct http_part *parts, size_t count, struct bytes method,
                                  struct bytes path)
{
    struct http_match match = {0};
    for (size_t i = 0; i < count; i++)
        if (!(parts[i].wide && is_behind_another(parts, count, &parts[i], path)) &&
            match_part(&parts[i], method, path, &match))
            return match;
    for (size_t i = 0; i < count; i++)
        if (parts[i].claims && uri_path_has_prefix(path, bytes_of_cstr(parts[i].claims)))
            match.part = &parts[i]; /* the last one, since a narrower claim comes later */
    return match;
}

static bool listed(struct bytes list, const char *method)
{
    struct bytes item;
    while ((item = bytes_trim(bytes_split(&list, ','))).data)
        if (bytes_equal_cstr(item, method))
            return true;
    return false;
}

void http_route_methods(const struct http_match *match, struct bytes path, struct buf *out)
{
    struct bytes rest = bytes_slice(path, match->behind_prefix, SIZE_MAX);
    for (size_t i = 0; match->path_known && i < match->part->route_count; i++) {
        const struct http_route *route = &match->part->routes[i];
        struct bytes values[HTTP_PATTERN_VALUES];
        if (!http_pattern_match(route->pattern, rest, values) || listed(buf_peek(out), route->method))
            continue;
        buf_append_fmt(out, "%s%s", out->size ? ", " : "", route->method);
        if (strcmp(route->method, "GET") == 0)
            buf_append_cstr(out, ", HEAD");
    }
}

void http_route_list(const struct http_part *part, struct buf *out)
{
    for (size_t i = 0; i < part->route_count; i++)
        buf_append_fmt(out, "%s%s %s", i ? ", " : "", part->routes[i].method, part->routes[i].pattern);
}

/* --- media types --- */

static const struct {
    enum http_type type;
    const char *essence;
} types[] = {
    {HTTP_TYPE_JSON, "application/json"},    {HTTP_TYPE_JSON, "text/json"},
    {HTTP_TYPE_FORM, "multipart/form-data"}, {HTTP_TYPE_TEXT, "text/x-python"},
    {HTTP_TYPE_YAML, "application/yaml"},    {HTTP_TYPE_YAML, "application/x-yaml"},
    {HTTP_TYPE_YAML, "text/yaml"},           {HTTP_TYPE_URLENCODED, "application/x-www-form-urlencoded"},
};

/* "application/x+json" (RFC 6839 section 3.1). */
static bool is_json_suffix(struct bytes essence)
{
    const struct bytes suffix = BYTES_LITERAL("+json");
    return essence.size > suffix.size && bytes_starts_with_nocase(essence, BYTES_LITERAL("application/")) &&
           bytes_equal_nocase(bytes_slice(essence, essence.size - suffix.size, suffix.size), suffix);
}

/* JSON between systems is UTF-8 (RFC 8259); another character set would be read as something else than was
 * meant. */
static bool is_utf8(struct arena *arena, struct bytes content_type)
{
    struct bytes set = mediatype_param(arena, content_type, "charset", MEDIATYPE_QUOTED_PAIR);
    return !set.data || bytes_equal_nocase(set, BYTES_LITERAL("utf-8")) ||
           bytes_equal_nocase(set, BYTES_LITERAL("utf8")) ||
           bytes_equal_nocase(set, BYTES_LITERAL("us-ascii"));
}

unsigned http_type_of(struct arena *arena, struct bytes content_type)
{
    struct bytes essence = mediatype_essence(content_type);
    unsigned type = is_json_suffix(essence) ? HTTP_TYPE_JSON : 0;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (bytes_equal_nocase(essence, bytes_of_cstr(types[i].essence)))
            type = types[i].type;
    return is_utf8(arena, content_type) ? type : 0;
}

const char *http_type_name(enum http_type type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].type == type)
            return types[i].essence;
    return "";
}
