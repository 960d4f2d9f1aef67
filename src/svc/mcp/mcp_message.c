/* SPDX-License-Identifier: MIT */
/* mcp_message.c — the envelope, and one table from a method to what answers it. */
#include "svc/mcp/mcp_message.h"

#include "svc/mcp/limit_values.h"
#include "svc/mcp/mcp_resources.h"
#include "svc/mcp/mcp_tools.h"
#include "wire/json/json.h"

static const char *const revisions[] = {MCP_REVISION_NEWEST, "2025-06-18", MCP_REVISION_OLDEST};

/* What a model is told before anything else. */
#define INSTRUCTIONS                                                                                         \
    "Runs code in a session without network that is thrown away, shows the result to a person, and gives "   \
    "it back once that person approves. A decision may take hours: run_code then returns an id and the "     \
    "state \"waiting\". Tell the user that a person decides, and look again with get_request; do not "       \
    "submit the same code again. \"rejected\" is final: read the comment and do not try to get around it. "  \
    "\"changes-requested\" has a comment that says what to change: submit the next revision with "           \
    "run_code and the request's id."

bool mcp_revision_known(struct bytes revision)
{
    for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
        if (bytes_equal_cstr(revision, revisions[i]))
            return true;
    return false;
}

/* --- methods --- */

/* The revision that the client wants if it is known, else the newest: the client then says whether it can go on. */
static enum mcp_next initialize(struct mcp_exchange *exchange)
{
    struct bytes wanted = json_member_bytes(exchange->arguments, "protocolVersion");
    const char *revision = MCP_REVISION_NEWEST;
    for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
        if (bytes_equal_cstr(wanted, revisions[i]))
            revision = revisions[i];
    return mcp_result(exchange, json_pack("{s:s, s:{s:{}, s:{}}, s:{s:s, s:s, s:s}, s:s}", "protocolVersion",
                                          revision, "capabilities", "tools", "resources", "serverInfo",
                                          "name", "sallyport", "title", "Sallyport", "version",
                                          SALLYPORT_VERSION, "instructions", INSTRUCTIONS));
}

static enum mcp_next ping(struct mcp_exchange *exchange)
{
    return mcp_result(exchange, json_object());
}

static const struct {
    const char *name;
    enum mcp_next (*take)(struct mcp_exchange *exchange);
} methods[] = {
    {"initialize", initialize},
    {"ping", ping},
    {"tools/list", mcp_tools_list},
    {"tools/call", mcp_tools_call},
    {"resources/list", mcp_resources_list},
    {"resources/templates/list", mcp_resources_templates},
    {"resources/read", mcp_resources_read},
};

/* --- the envelope --- */

/* An id is a text or a whole number, and never null (the protocol's own rule). */
static bool is_id(const json_t *id)
{
    return json_is_string(id) || json_is_integer(id);
}

enum mcp_next mcp_take(struct mcp_exchange *exchange, struct bytes message)
{
    const struct json_limits limits = {.depth_max = MCP_DEPTH_MAX};
    struct err err = {0};
    if (json_parse(message, &limits, &exchange->root, &err) != STATUS_OK)
        return mcp_error(exchange, MCP_PARSE_ERROR, err.text);
    const json_t *method = json_object_get(exchange->root, "method");
    json_t *id = json_object_get(exchange->root, "id");
    struct bytes version = json_member_bytes(exchange->root, "jsonrpc");
    if (!bytes_equal_cstr(version, "2.0") || (id && !is_id(id)))
        return mcp_error(exchange, MCP_INVALID_REQUEST, "a message is one object of JSON-RPC 2.0");
    if (!json_is_string(method)) {
        bool is_answer =
            json_object_get(exchange->root, "result") || json_object_get(exchange->root, "error");
        return is_answer ? MCP_SILENT : mcp_error(exchange, MCP_INVALID_REQUEST, "the message has no method");
    }
    if (!id)
        return MCP_SILENT;

    exchange->id = id;
    exchange->arguments = json_object_get(exchange->root, "params");
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (bytes_equal_cstr(json_bytes(method), methods[i].name))
            return methods[i].take(exchange);
    return mcp_error(exchange, MCP_METHOD_NOT_FOUND, "this server does not have the method");
}
