/* SPDX-License-Identifier: MIT */
/* http_openapi.c — one object for each path, in it one for each method (OpenAPI 3.1.0 section 4.8). */
#include "net/http_openapi.h"

#include <stdlib.h>

#include "base/text.h"
#include "net/http_problem.h"
#include "wire/http1/uri.h"
#include "wire/json/json.h"

static void write_member_raw(struct json_writer *writer, const char *name, const char *json)
{
    json_write_key(writer, name);
    json_write_raw(writer, bytes_of_cstr(json));
}

/* A part that may be anywhere is described at the root. */
static const char *shown_prefix(const struct http_part *part)
{
    return part->anywhere ? "" : part->prefix;
}

/* "{name*}" without its braces and star; data NULL if `word` is no value. */
static struct bytes value_name(struct bytes word)
{
    if (word.size < 2 || word.data[0] != '{')
        return (struct bytes){0};
    struct bytes name = bytes_slice(word, 1, word.size - 2);
    if (name.size && name.data[name.size - 1] == '*')
        name.size--;
    return name;
}

/* The path as OpenAPI writes it: "/files/{name}". */
static void write_path(struct buf *out, const char *pattern)
{
    struct bytes words = bytes_of_cstr(pattern), word;
    while ((word = uri_path_next(&words)).data) {
        struct bytes name = value_name(word);
        if (name.data)
            buf_append_fmt(out, "/{%.*s}", BYTES_FMT(name));
        else
            buf_append_fmt(out, "/%.*s", BYTES_FMT(word));
    }
}

/* --- schemas --- */

/* NULL: the part has none, or there is no memory for them. */
static json_t *read_schemas(const struct http_part *part)
{
    json_t *root = NULL;
    if (!part->schemas || json_parse(bytes_of_cstr(part->schemas), NULL, &root, NULL) != STATUS_OK)
        return NULL;
    return root;
}

/* What is said of a route; NULL: nothing. */
static const json_t *operation_of(const json_t *schemas, const struct http_route *route)
{
    CLEANUP(buf_fini) struct buf name = {0};
    buf_append_fmt(&name, "%s %s", route->method, route->pattern);
    buf_append_byte(&name, '\0');
    if (buf_status(&name) != STATUS_OK)
        return NULL;
    return json_object_get(json_object_get(schemas, "operations"), (const char *)buf_peek(&name).data);
}

static void write_value(struct json_writer *json, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        json_write_raw(json, bytes_of_cstr(text));
    else
        json->out->failed = true;
    free(text);
}

/* A member `name`; without a schema any text. */
static void write_schema(struct json_writer *json, const json_t *schema)
{
    json_write_key(json, "schema");
    if (schema)
        write_value(json, schema);
    else
        json_write_raw(json, BYTES_LITERAL("{\"type\":\"string\"}"));
}

/* --- parameters --- */

static const json_t *schema_of(const json_t *schemas, struct bytes name)
{
    return json_object_getn(schemas, (const char *)name.data, name.size);
}

static void write_parameter(struct json_writer *json, struct bytes name, const char *in, bool required,
                            const json_t *schema)
{
    json_write_begin_object(json);
    json_write_member_string(json, "name", name);
    json_write_member_cstr(json, "in", in);
    json_write_member_bool(json, "required", required);
    write_schema(json, schema);
    json_write_end_object(json);
}

/* Of "If-Match?" the question mark says that it need not be there. */
static void write_headers(struct json_writer *json, const json_t *headers)
{
    const char *name;
    json_t *schema;
    json_object_foreach((json_t *)headers, name, schema)
    {
        struct bytes shown = bytes_of_cstr(name);
        bool optional = shown.size > 0 && shown.data[shown.size - 1] == '?';
        shown.size -= optional;
        write_parameter(json, shown, "header", !optional, schema);
    }
}

static void write_path_parameters(struct json_writer *json, const char *pattern, const json_t *schemas)
{
    struct bytes words = bytes_of_cstr(pattern), word;
    while ((word = uri_path_next(&words)).data) {
        struct bytes name = value_name(word);
        if (name.data)
            write_parameter(json, name, "path", true, schema_of(schemas, name));
    }
}

static void write_query_parameters(struct json_writer *json, const char *names, const json_t *schemas)
{
    struct bytes rest = bytes_of_cstr(names);
    while (rest.size) {
        struct bytes name = bytes_split(&rest, ' ');
        bool required = name.size && name.data[name.size - 1] == '!';
        name.size -= required;
        if (name.size)
            write_parameter(json, name, "query", required, schema_of(schemas, name));
    }
}

/* What a body of that media type is. */
static void write_media(struct json_writer *json, unsigned type, const json_t *operation)
{
    const json_t *form = json_object_get(operation, "form"), *body = json_object_get(operation, "body");
    if (type == HTTP_TYPE_FORM && form) {
        write_value(json, form);
        return;
    }
    json_write_begin_object(json);
    if (type == HTTP_TYPE_JSON && body)
        write_schema(json, body);
    json_write_end_object(json);
}

static void write_body(struct json_writer *json, unsigned types, const json_t *operation)
{
    if (!types)
        return;
    json_write_key(json, "requestBody");
    json_write_begin_object(json);
    json_write_member_bool(json, "required", true);
    json_write_key(json, "content");
    json_write_begin_object(json);
    for (unsigned type = 1; type <= types; type <<= 1) {
        if (!(types & type))
            continue;
        json_write_key(json, http_type_name((enum http_type)type));
        write_media(json, type, operation);
    }
    json_write_end_object(json);
    json_write_end_object(json);
}

/* `operation`: NULL, or what is said of the route. */
static void write_success(struct json_writer *json, const json_t *operation)
{
    const json_t *answer = json_object_get(operation, "answer");
    const char *type = json_member_text(operation, "type");
    bool empty = json_is_true(json_object_get(operation, "empty"));
    json_write_key(json, empty ? "204" : "2XX");
    json_write_begin_object(json);
    json_write_member_cstr(json, "description", "It was done.");
    if (answer || type) {
        json_write_key(json, "content");
        json_write_begin_object(json);
        json_write_key(json, text_or(type, "application/json"));
        json_write_begin_object(json);
        if (answer)
            write_schema(json, answer);
        json_write_end_object(json);
        json_write_end_object(json);
    }
    json_write_end_object(json);
}

/* What a client has a copy of, by If-None-Match. */
static void write_unchanged(struct json_writer *json, const struct http_part *part,
                            const struct http_route *route)
{
    if (!part->tagged || strcmp(route->method, "GET") != 0)
        return;
    json_write_key(json, "304");
    json_write_begin_object(json);
    json_write_member_cstr(json, "description", "It is what has the ETag that If-None-Match names.");
    json_write_end_object(json);
}

static void write_failure(struct json_writer *json, bool problem)
{
    json_write_key(json, "default");
    json_write_begin_object(json);
    json_write_member_cstr(json, "description", "It was not done; the body says why.");
    if (problem)
        write_member_raw(
            json, "content",
            "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}");
    json_write_end_object(json);
}

/* "app_get_v1_requests_id": unique, since part, method and pattern are. */
static void write_operation_id(struct json_writer *json, const struct http_part *part,
                               const struct http_route *route)
{
    CLEANUP(buf_fini) struct buf id = {0};
    buf_append_fmt(&id, "%s_", part->name);
    for (const char *p = route->method; *p; p++)
        buf_append_byte(&id, ascii_lower((uint8_t)*p));
    bool apart = true;
    for (const char *p = route->pattern; *p; p++) {
        bool word = ascii_alnum((uint8_t)*p);
        if (word && apart)
            buf_append_byte(&id, '_');
        if (word)
            buf_append_byte(&id, (uint8_t)*p);
        apart = !word;
    }
    json_write_member_string(json, "operationId", buf_peek(&id));
}

static void write_operation(struct json_writer *json, const struct http_part *part,
                            const struct http_route *route, const json_t *operation)
{
    const json_t *parameters = json_object_get(operation, "parameters");
    char method[16];
    size_t size = 0;
    for (const char *p = route->method; *p && size < sizeof method - 1; p++)
        method[size++] = (char)ascii_lower((uint8_t)*p);
    method[size] = '\0';
    json_write_key(json, method);
    json_write_begin_object(json);
    json_write_member_cstr(json, "summary", route->summary);
    write_operation_id(json, part, route);
    json_write_key(json, "tags");
    json_write_begin_array(json);
    json_write_cstr(json, part->name);
    json_write_end_array(json);
    json_write_key(json, "parameters");
    json_write_begin_array(json);
    write_path_parameters(json, shown_prefix(part), parameters);
    write_path_parameters(json, route->pattern, parameters);
    write_query_parameters(json, route->query, parameters);
    write_headers(json, json_object_get(operation, "headers"));
    json_write_end_array(json);
    write_body(json, route->types, operation);
    json_write_key(json, "responses");
    json_write_begin_object(json);
    write_success(json, operation);
    write_unchanged(json, part, route);
    write_failure(json, part->problems != NULL);
    json_write_end_object(json);
    json_write_member_cstr(json, "x-access", access_permission_name(route->access));
    json_write_end_object(json);
}

static bool said_before(const struct http_part *part, size_t index)
{
    for (size_t k = 0; k < index; k++)
        if (strcmp(part->routes[k].pattern, part->routes[index].pattern) == 0)
            return true;
    return false;
}

static void write_part(struct json_writer *json, const struct http_part *part)
{
    CLEANUP(json_release) json_t *schemas = read_schemas(part);
    for (size_t i = 0; i < part->route_count; i++) {
        if (said_before(part, i))
            continue;
        CLEANUP(buf_fini) struct buf path = {0};
        write_path(&path, shown_prefix(part));
        write_path(&path, part->routes[i].pattern);
        json_write_key_bytes(json, path.size ? buf_peek(&path) : BYTES_LITERAL("/"));
        json_write_begin_object(json);
        for (size_t k = i; k < part->route_count; k++)
            if (strcmp(part->routes[k].pattern, part->routes[i].pattern) == 0)
                write_operation(json, part, &part->routes[k], operation_of(schemas, &part->routes[k]));
        json_write_end_object(json);
    }
}

/* Two parts may refuse for one cause. */
static bool problem_said_before(const struct http_part *parts, size_t part, size_t index)
{
    for (size_t p = 0; p <= part; p++)
        for (size_t k = 0; k < (p < part ? parts[p].problem_count : index); k++)
            if (strcmp(parts[p].problems[k].name, parts[part].problems[index].name) == 0)
                return true;
    return false;
}

/* Every name that a "type" may have, once, so that a program can be written against them. */
static void write_problem_schema(struct json_writer *json, const struct http_part *parts, size_t count)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "object");
    write_member_raw(json, "required", "[\"type\",\"title\",\"status\"]");
    json_write_key(json, "properties");
    json_write_begin_object(json);
    json_write_key(json, "type");
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "string");
    json_write_key(json, "enum");
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i].problem_count; k++) {
            if (problem_said_before(parts, i, k))
                continue;
            char type[HTTP_PROBLEM_TYPE_SIZE];
            http_problem_type(&parts[i].problems[k], type);
            json_write_cstr(json, type);
        }
    }
    json_write_end_array(json);
    json_write_end_object(json);
    write_member_raw(json, "title", "{\"type\":\"string\"}");
    write_member_raw(json, "status", "{\"type\":\"integer\"}");
    write_member_raw(json, "detail", "{\"type\":\"string\"}");
    json_write_end_object(json);
    json_write_end_object(json);
}

/* Two parts may have one schema, each for the processes that the other is not in: it is written once. */
static void write_schemas(struct json_writer *json, const struct http_part *parts, size_t count)
{
    CLEANUP(json_release) json_t *all = json_object();
    for (size_t i = 0; i < count; i++) {
        CLEANUP(json_release) json_t *schemas = read_schemas(&parts[i]);
        json_t *own = json_object_get(schemas, "schemas");
        if (own && json_object_update_missing(all, own) != 0)
            json->out->failed = true;
    }
    const char *name;
    json_t *schema;
    json_object_foreach(all, name, schema)
    {
        json_write_key(json, name);
        write_value(json, schema);
    }
}

void http_openapi_write(const struct http_part *parts, size_t count, const char *title, const char *version,
                        struct buf *out)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "openapi", "3.1.0");
    json_write_key(&json, "info");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "title", title);
    json_write_member_cstr(&json, "version", version);
    json_write_end_object(&json);
    json_write_key(&json, "paths");
    json_write_begin_object(&json);
    for (size_t i = 0; i < count; i++)
        write_part(&json, &parts[i]);
    json_write_end_object(&json);
    json_write_key(&json, "components");
    json_write_begin_object(&json);
    json_write_key(&json, "schemas");
    json_write_begin_object(&json);
    json_write_key(&json, "Problem");
    write_problem_schema(&json, parts, count);
    write_schemas(&json, parts, count);
    json_write_end_object(&json);
    json_write_end_object(&json);
    json_write_end_object(&json);
    buf_append_byte(out, '\n');
}
