/* SPDX-License-Identifier: MIT */
/* mcp_tools.c — a row a tool; then what each answer of the API becomes. ORDER: the output of a run is handed to a model only
 * when its request is approved, whatever the caller's other rights are: before it the output stands between the doors. */
#include "svc/mcp/mcp_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "svc/mcp/limit_values.h"
#include "svc/mcp/mcp_files.h"
#include "svc/mcp/mcp_tool_result.h"
#include "svc/mcp/mcp_view.h"
#include "wire/json/json.h"

#define LIST_USUAL     20
#define WAIT_DEFAULT_S 20

/* --- a request, as a model reads it --- */

static const struct {
    const char *state;
    bool is_error;
    const char *text;
} states[] = {
    {"queued", false, "Accepted; the code has not been started yet. Look again with get_request."},
    {"running", false, "The code runs. Look again with get_request."},
    {"waiting", false,
     "A person decides about this. Its output is given out after an approval. Tell the user that it waits "
     "for a person, and look again later with get_request; do not submit the same code again."},
    {"changes-requested", false,
     "A reviewer asks for changes; the comment says which. Submit the next revision with run_code and "
     "\"revises\"."},
    {"approved", false, "A person approved it."},
    {"rejected", false,
     "A person rejected it. That is final: read the comment, tell the user, and do not submit the same "
     "again in another shape."},
    {"timed-out", false, "Nobody decided in time. Ask the user whether to submit it again."},
    {"failed", true, "The code failed, or could not be run, or its result cannot be shown."},
    {"cancelled", false, "It was cancelled."},
};

static void append_stream(struct buf *out, const char *name, const json_t *result)
{
    struct bytes text = json_member_bytes(result, name);
    if (text.size > 0)
        buf_append_fmt(out, "\n%s:\n%.*s", name, BYTES_FMT(text));
}

/* A value that is no image, as JSON. */
static void append_value(struct buf *out, const json_t *value)
{
    if (!value || json_is_null(value) || json_member_text(value, "base64_data"))
        return;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_append_fmt(out, "\nresult:\n%s", text_or(text, ""));
    out->failed |= !text;
    free(text);
}

static void append_last_comment(struct buf *out, const json_t *request)
{
    const json_t *decision = json_object_get(request, "decision");
    const json_t *votes = json_object_get(request, "votes");
    const json_t *vote = json_array_get(votes, json_array_size(votes) - 1);
    const json_t *said = decision ? decision : vote;
    const char *by = json_member_text(said, "by") ? json_member_text(said, "by")
                                                  : json_member_text(json_object_get(said, "by"), "name");
    const char *comment = json_member_text(said, "comment");
    if (by)
        buf_append_fmt(out, "\nby: %s", by);
    if (comment)
        buf_append_fmt(out, "\ncomment: %s", comment);
}

static void append_error(struct buf *out, const json_t *request)
{
    static const char *const members[] = {"type", "message", "hint"};
    const json_t *error = json_object_get(request, "error");
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_member_text(error, members[i]))
            buf_append_fmt(out, "\n%s: %s", members[i], json_member_text(error, members[i]));
}

/* An image of the result as content of its own; NULL: there is none. */
static json_t *image_content(const json_t *request)
{
    const json_t *value = json_object_get(json_object_get(request, "result"), "result");
    const char *data = json_member_text(value, "base64_data"), *format = json_member_text(value, "format");
    char type[40];
    if (!data || !format)
        return NULL;
    (void)snprintf(type, sizeof type, "image/%.30s", format);
    return json_pack("[{s:s, s:s, s:s}]", "type", "image", "data", data, "mimeType", type);
}

static enum mcp_next show_request(struct mcp_exchange *exchange, const json_t *request)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *state = json_member_text(request, "state"), *id = json_member_text(request, "id");
    const char *deadline = json_member_text(request, "deadline");
    bool approved = mcp_request_approved(request);
    bool is_error = false;
    buf_append_fmt(&text, "Request %s: %s.", text_or(id, "?"), text_or(state, "?"));
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (!state || strcmp(states[i].state, state) != 0)
            continue;
        buf_append_fmt(&text, " %s", states[i].text);
        is_error = states[i].is_error;
    }
    if (deadline && state && strcmp(state, "waiting") == 0)
        buf_append_fmt(&text, "\nwithout a decision it ends at: %s", deadline);
    append_last_comment(&text, request);
    append_error(&text, request);
    if (approved) {
        const json_t *result = json_object_get(request, "result");
        append_stream(&text, "stdout", result);
        append_stream(&text, "stderr", result);
        append_value(&text, json_object_get(result, "result"));
        mcp_files_tell(request, &text);
    }
    return mcp_tool_result(exchange, &text, approved ? image_content(request) : NULL,
                           mcp_request_view(request), is_error);
}

static enum mcp_next on_request(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                                struct bytes body)
{
    CLEANUP(json_release) json_t *request = NULL;
    if (http_status < 200 || http_status > 299)
        return mcp_tool_refused(exchange, http_status, body);
    if (json_parse(body, NULL, &request, NULL) != STATUS_OK)
        return mcp_tool_failed(exchange, "The server's answer could not be read.");
    return show_request(exchange, request);
}

/* --- arguments --- */

/* A whole number of the arguments, or `absent`. False: it is none, or out of range. */
static bool take_number(const json_t *arguments, const char *name, int64_t least, int64_t most,
                        int64_t absent, int64_t *ret_number)
{
    const json_t *value = json_object_get(arguments, name);
    *ret_number = absent;
    return !value || (json_whole(value, ret_number) && *ret_number >= least && *ret_number <= most);
}

/* Writes `body`, which is taken; NULL: no memory. */
static void set_body(struct mcp_exchange *exchange, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text)
        buf_append_cstr(&exchange->body, text);
    else
        exchange->body.failed = true;
    free(text);
}

/* --- the tools --- */

static enum mcp_next look(struct mcp_exchange *exchange, const char *id)
{
    mcp_append_id(&exchange->target, id);
    if (exchange->wait_seconds > 0)
        buf_append_fmt(&exchange->target, "?wait=%ds&until=over", (int)exchange->wait_seconds);
    return mcp_call(exchange, "GET", on_request);
}

static enum mcp_next on_submitted(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                                  struct bytes body)
{
    CLEANUP(json_release) json_t *answer = NULL;
    if (http_status < 200 || http_status > 299)
        return mcp_tool_refused(exchange, http_status, body);
    if (json_parse(body, NULL, &answer, NULL) != STATUS_OK || !json_member_text(answer, "id"))
        return mcp_tool_failed(exchange, "The server's answer could not be read.");
    return look(exchange, json_member_text(answer, "id"));
}

static enum mcp_next run_code(struct mcp_exchange *exchange, json_t *arguments)
{
    const char *revises = json_member_text(arguments, "revises");
    if (!take_number(arguments, "wait_seconds", 0, MCP_WAIT_MAX_S, WAIT_DEFAULT_S, &exchange->wait_seconds))
        return mcp_tool_failed(exchange, "\"wait_seconds\" must be a whole number from 0 to 50.");
    json_t *files = NULL;
    if (!mcp_files_take(json_object_get(arguments, "files"), &files))
        return mcp_tool_failed(exchange, MCP_FILES_SHAPE);
    const json_t *step = json_object_get(arguments, "then_code");
    json_t *then = step ? json_pack("{s:O}", "code", step) : NULL;
    json_t *body =
        json_pack("{s:O*, s:O*, s:O*, s:o*, s:o*}", "code", json_object_get(arguments, "code"),
                  revises ? "comment" : "purpose", json_object_get(arguments, "purpose"), "onBehalfOf",
                  json_object_get(arguments, "on_behalf_of"), "files", files, "then", then);
    if (revises) {
        mcp_append_id(&exchange->target, revises);
        buf_append_cstr(&exchange->target, "/revisions");
    } else {
        buf_append_cstr(&exchange->target, "/v1/requests");
    }
    set_body(exchange, body);
    return mcp_call(exchange, "POST", on_submitted);
}

static enum mcp_next get_request(struct mcp_exchange *exchange, json_t *arguments)
{
    if (!take_number(arguments, "wait_seconds", 0, MCP_WAIT_MAX_S, 0, &exchange->wait_seconds))
        return mcp_tool_failed(exchange, "\"wait_seconds\" must be a whole number from 0 to 50.");
    return look(exchange, json_member_text(arguments, "id"));
}

static void append_row(struct buf *text, const json_t *request)
{
    const char *id = json_member_text(request, "id"), *state = json_member_text(request, "state");
    const char *created = json_member_text(request, "createdAt"),
               *purpose = json_member_text(request, "purpose");
    buf_append_fmt(text, "\n%s  %s  %s%s%s", text_or(id, "?"), text_or(state, "?"), text_or(created, ""),
                   purpose ? "  " : "", text_or(purpose, ""));
}

static enum mcp_next on_list(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                             struct bytes body)
{
    CLEANUP(json_release) json_t *page = NULL;
    CLEANUP(buf_fini) struct buf text = {0};
    if (http_status != 200)
        return mcp_tool_refused(exchange, http_status, body);
    if (json_parse(body, NULL, &page, NULL) != STATUS_OK)
        return mcp_tool_failed(exchange, "The server's answer could not be read.");
    const json_t *requests = json_object_get(page, "requests");
    json_t *list = json_array();
    buf_append_fmt(&text, "%zu requests, newest first:", json_array_size(requests));
    for (size_t i = 0; i < json_array_size(requests); i++) {
        append_row(&text, json_array_get(requests, i));
        json_array_append_new(list, mcp_request_view(json_array_get(requests, i)));
    }
    return mcp_tool_result(exchange, &text, NULL, json_pack("{s:o}", "requests", list), false);
}

static enum mcp_next list_requests(struct mcp_exchange *exchange, json_t *arguments)
{
    int64_t limit;
    const char *state = json_member_text(arguments, "state");
    if (!take_number(arguments, "limit", 1, MCP_LIST_MAX, LIST_USUAL, &limit))
        return mcp_tool_failed(exchange, "\"limit\" must be a whole number from 1 to 100.");
    buf_append_fmt(&exchange->target, "/v1/requests?order=desc&limit=%d", (int)limit);
    if (state) {
        buf_append_cstr(&exchange->target, "&state=");
        percent_encode(&exchange->target, bytes_of_cstr(state), NULL);
    }
    return mcp_call(exchange, "GET", on_list);
}

static enum mcp_next cancel_request(struct mcp_exchange *exchange, json_t *arguments)
{
    mcp_append_id(&exchange->target, json_member_text(arguments, "id"));
    buf_append_cstr(&exchange->target, "/cancel");
    set_body(exchange, json_pack("{s:O*}", "reason", json_object_get(arguments, "reason")));
    return mcp_call(exchange, "POST", on_request);
}

/* --- rows --- */

#define ID_SCHEMA "\"id\":{\"type\":\"string\",\"description\":\"the request's id, as run_code returned it\"}"
#define WAIT_SCHEMA                                                                                          \
    "\"wait_seconds\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":50,\"description\":\"how long to "     \
    "wait for a decision before the present state is returned\"}"
#define OBJECT(members, required)                                                                            \
    "{\"type\":\"object\",\"properties\":{" members "},\"required\":[" required                              \
    "],\"additionalProperties\":false}"

static const struct mcp_tool {
    const char *name, *title, *description, *schema;
    bool reads_only;
    const char *texts[3]; /* arguments that must be there, as texts */
    enum mcp_next (*take)(struct mcp_exchange *exchange, json_t *arguments);
} tools[] = {
    {"run_code",
     "Run code, after a person looked at what it did",
     "Runs source code in a fresh session without network, where it can do no harm, shows the result to a "
     "person, and returns the output once that person approves. Waits up to wait_seconds; if nobody has "
     "decided by then it returns the id and the state: a person decides, which may take hours.",
     OBJECT(
         "\"code\":{\"type\":\"string\",\"description\":\"the source\"},"
         "\"purpose\":{\"type\":\"string\",\"description\":\"what it is for, in one sentence for the "
         "reviewer\"},"
         "\"on_behalf_of\":{\"type\":\"string\",\"description\":\"the person who asked for it; this "
         "person may not approve it\"},"
         "\"then_code\":{\"type\":\"string\",\"description\":\"code that goes on in the same session once "
         "the result of the code before it is approved: first a dry run, then the real step. The output is "
         "the step's. A revision without it has the step of before\"},"
         "\"files\":" MCP_FILES_SCHEMA ","
         "\"revises\":{\"type\":\"string\",\"description\":\"the id of a request for which changes were "
         "asked for\"}," WAIT_SCHEMA,
         "\"code\""),
     false,
     {"code"},
     run_code},
    {"get_request",
     "Look at a request",
     "Returns the state of a request, the reviewer's comment, and after an approval the output. Waits up to "
     "wait_seconds for the decision.",
     OBJECT(ID_SCHEMA "," WAIT_SCHEMA, "\"id\""),
     true,
     {"id"},
     get_request},
    {"list_requests",
     "List requests",
     "Returns the newest requests that the caller may see.",
     OBJECT("\"state\":{\"type\":\"string\",\"enum\":[\"queued\",\"running\",\"waiting\",\"approved\","
            "\"rejected\",\"changes-requested\",\"timed-out\",\"failed\",\"cancelled\"]},"
            "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}",
            ""),
     true,
     {NULL},
     list_requests},
    {"get_file",
     "Get a file that a run made",
     "Returns a file that the code of an approved request made, by the path that get_request lists. Before "
     "an approval no file is given out.",
     OBJECT(ID_SCHEMA ",\"path\":{\"type\":\"string\",\"description\":\"as get_request lists it\"}",
            "\"id\",\"path\""),
     true,
     {"id", "path"},
     mcp_files_get},
    {"cancel_request",
     "Cancel a request",
     "Ends a request that is not over; a run that goes on is stopped. Only for who submitted it.",
     OBJECT(ID_SCHEMA ",\"reason\":{\"type\":\"string\"}", "\"id\""),
     false,
     {"id"},
     cancel_request},
};

static json_t *describe(const struct mcp_tool *tool)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:{s:b, s:b, s:b}}", "name", tool->name, "title", tool->title,
                     "description", tool->description, "inputSchema", json_loads(tool->schema, 0, NULL),
                     "annotations", "readOnlyHint", tool->reads_only, "destructiveHint", false,
                     "openWorldHint", false);
}

enum mcp_next mcp_tools_list(struct mcp_exchange *exchange)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        if (json_array_append_new(list, describe(&tools[i])) != 0) {
            json_decref(list);
            return mcp_no_memory(exchange);
        }
    }
    return mcp_result(exchange, json_pack("{s:o}", "tools", list));
}

enum mcp_next mcp_tools_call(struct mcp_exchange *exchange)
{
    struct bytes name = json_member_bytes(exchange->arguments, "name");
    json_t *arguments = json_object_get(exchange->arguments, "arguments");
    const struct mcp_tool *tool = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
        if (bytes_equal_cstr(name, tools[i].name))
            tool = &tools[i];
    if (!tool)
        return mcp_error(exchange, MCP_INVALID_PARAMS, "there is no such tool: see tools/list");

    for (size_t i = 0; i < ARRAY_SIZE(tool->texts) && tool->texts[i]; i++) {
        if (json_member_bytes(arguments, tool->texts[i]).size > 0)
            continue;
        char text[80];
        (void)snprintf(text, sizeof text, "the tool needs \"%s\", a text", tool->texts[i]);
        return mcp_error(exchange, MCP_INVALID_PARAMS, text);
    }
    return tool->take(exchange, arguments);
}
