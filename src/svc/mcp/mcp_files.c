/* SPDX-License-Identifier: MIT */
/* mcp_files.c — get_file looks at the request first: whether it is approved, and whether the file is small enough for a model. */
#include "svc/mcp/mcp_files.h"

#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "svc/mcp/limit_values.h"
#include "svc/mcp/mcp_tool_result.h"
#include "svc/mcp/mcp_view.h"
#include "wire/json/json.h"

void mcp_append_id(struct buf *target, const char *id)
{
    buf_append_cstr(target, "/v1/requests/");
    percent_encode(target, bytes_of_cstr(id), NULL);
}

/* --- into a run --- */

/* NULL: it has another shape, or there is no memory. */
static json_t *take_one(const json_t *said)
{
    const json_t *path = json_object_get(said, "path"), *text = json_object_get(said, "text");
    const json_t *base64 = json_object_get(said, "base64");
    CLEANUP(buf_fini) struct buf content = {0};
    if (!json_is_string(path) || json_is_string(text) == json_is_string(base64))
        return NULL;
    if (base64)
        return json_pack("{s:O, s:O}", "path", path, "content", base64);
    base64_encode(&content, json_bytes(text));
    if (buf_status(&content) != STATUS_OK)
        return NULL;
    return json_pack("{s:O, s:s%}", "path", path, "content", content.size ? (const char *)content.data : "",
                     content.size);
}

bool mcp_files_take(const json_t *arguments, json_t **ret_files)
{
    *ret_files = NULL;
    if (!arguments || json_is_null(arguments))
        return true;
    json_t *files = json_is_array(arguments) ? json_array() : NULL;
    for (size_t i = 0; files && i < json_array_size(arguments); i++) {
        if (json_array_append_new(files, take_one(json_array_get(arguments, i))) == 0)
            continue;
        json_decref(files);
        files = NULL;
    }
    *ret_files = files;
    return files != NULL;
}

/* --- out of it --- */

void mcp_files_tell(const json_t *request, struct buf *text)
{
    const json_t *files = json_object_get(request, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        buf_append_fmt(text, "%s\n%s (%" JSON_INTEGER_FORMAT " bytes)",
                       i ? "" : "\nfiles, for get_file:", text_or(json_member_text(file, "path"), "?"),
                       json_integer_value(json_object_get(file, "size")));
    }
}

static bool is_text(struct bytes content_type, struct bytes body)
{
    bool said = bytes_starts_with_nocase(content_type, BYTES_LITERAL("text/")) ||
                bytes_starts_with_nocase(content_type, BYTES_LITERAL("application/json"));
    return said && bytes_utf8_valid(body) && (body.size == 0 || !memchr(body.data, '\0', body.size));
}

/* The bytes of a file that is no text: an image as such, another as a resource. */
static json_t *binary_content(const struct mcp_exchange *exchange, struct bytes content_type,
                              struct bytes body)
{
    CLEANUP(buf_fini) struct buf base64 = {0}, uri = {0};
    struct bytes type = bytes_split(&content_type, ';');
    base64_encode(&base64, body);
    buf_append_cstr(&uri, MCP_URI_REQUESTS);
    percent_encode(&uri, json_member_bytes(exchange->arguments, "id"), NULL);
    buf_append_cstr(&uri, "/files/");
    percent_encode(&uri, json_member_bytes(exchange->arguments, "path"), "/");
    if (buf_status(&base64) != STATUS_OK || buf_status(&uri) != STATUS_OK)
        return NULL;
    const char *data = base64.size ? (const char *)base64.data : "";
    if (bytes_starts_with_nocase(type, BYTES_LITERAL("image/")))
        return json_pack("[{s:s, s:s%, s:s%}]", "type", "image", "data", data, base64.size, "mimeType",
                         (const char *)type.data, type.size);
    return json_pack("[{s:s, s:{s:s%, s:s%, s:s%}}]", "type", "resource", "resource", "uri",
                     (const char *)uri.data, uri.size, "mimeType",
                     type.size ? (const char *)type.data : "application/octet-stream",
                     type.size ? type.size : strlen("application/octet-stream"), "blob", data, base64.size);
}

static enum mcp_next on_file(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                             struct bytes body)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (http_status != 200)
        return mcp_tool_refused(exchange, http_status, body);
    if (is_text(content_type, body)) {
        buf_append_bytes(&text, body);
        return mcp_tool_result(exchange, &text, NULL, NULL, false);
    }
    json_t *content = binary_content(exchange, content_type, body);
    buf_append_fmt(&text, "%zu bytes", body.size);
    if (content)
        return mcp_tool_result(exchange, &text, content, NULL, false);
    return mcp_tool_failed(exchange, "The file cannot be told.");
}

/* The file of that path among those that the request made; NULL: none. */
static const json_t *find_file(const json_t *request, const json_t *path)
{
    const json_t *files = json_object_get(request, "files");
    for (size_t i = 0; i < json_array_size(files); i++)
        if (json_equal(json_object_get(json_array_get(files, i), "path"), path))
            return json_array_get(files, i);
    return NULL;
}

static enum mcp_next on_request(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                                struct bytes body)
{
    CLEANUP(json_release) json_t *request = NULL;
    if (http_status != 200)
        return mcp_tool_refused(exchange, http_status, body);
    if (json_parse(body, NULL, &request, NULL) != STATUS_OK)
        return mcp_tool_failed(exchange, "The server's answer could not be read.");
    if (!mcp_request_approved(request))
        return mcp_tool_failed(exchange, "Files are given out after an approval: look with get_request.");
    const json_t *path = json_object_get(exchange->arguments, "path"), *file = find_file(request, path);
    if (!file)
        return mcp_tool_failed(exchange,
                               "The request made no such file, or it was not kept: see get_request.");
    if (json_integer_value(json_object_get(file, "size")) > (json_int_t)MCP_FILE_SIZE_MAX)
        return mcp_tool_failed(exchange,
                               "The file is too large for this tool: tell the user to fetch it with "
                               "`sallyport files ID --get PATH`, or have code make a smaller one.");
    mcp_append_id(&exchange->target, json_member_text(exchange->arguments, "id"));
    buf_append_cstr(&exchange->target, "/files/");
    percent_encode(&exchange->target, json_bytes(path), "/");
    return mcp_call(exchange, "GET", on_file);
}

enum mcp_next mcp_files_get(struct mcp_exchange *exchange, json_t *arguments)
{
    exchange->arguments = arguments;
    mcp_append_id(&exchange->target, json_member_text(arguments, "id"));
    return mcp_call(exchange, "GET", on_request);
}
