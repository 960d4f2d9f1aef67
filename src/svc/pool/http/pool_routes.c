/* SPDX-License-Identifier: MIT */
/* pool_routes.c — the rows of both contracts (session-pool-api.md sections 1.1, 5, 6), and what each call has to
 * say before its handler runs: an api-version (pool_versions.c), an identifier, in that order. */
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/http/pool_set.h"

/* --- rows --- */

struct pool_operation {
    void (*handle)(struct pool_call *call);
    bool needs_identifier;
};

static void begin_call(void *context, struct http_request *request);

#define VERSION "api-version!"
#define SESSION "identifier! " VERSION
#define FILE_OF SESSION " path"
// clang-format off
#define CALL(h, needs) .handle = begin_call, .own = &(const struct pool_operation){h, needs}
// clang-format on
#define JSON_BODY .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON
/* One client sends a form as application/json without a boundary (session-pool-api.md section 5.3). */
#define FORM_BODY .types = HTTP_TYPE_FORM | HTTP_TYPE_JSON, .body_limit = HTTP_BODY_UPLOAD
#define ACCESS    ACCESS_EXECUTE

/* ORDER: "content" decides by its place. First below files it is the older download, last the newer one, and
 * alone it is a file's name. */
const struct http_route pool_routes[] = {
    {"POST", "/code/execute", SESSION " report", ACCESS, JSON_BODY, CALL(pool_handle_code_execute, true),
     .summary = "Run code, older contract"},
    {"POST", "/python/execute", SESSION, ACCESS, JSON_BODY, CALL(pool_handle_python_execute, true),
     .summary = "Run code, first preview"},
    {"POST", "/executions", SESSION " report", ACCESS, JSON_BODY, CALL(pool_handle_executions, true),
     .summary = "Run code"},
    {"POST", "/execute", SESSION, ACCESS, JSON_BODY, CALL(pool_handle_executions, true),
     .summary = "Run code; a draft's word that the cloud answers too"},
    {"GET", "/executions/{id}", SESSION " report", ACCESS, CALL(pool_handle_execution, true),
     .summary = "What an execution came to"},
    {"GET", "/executions/{id}/output", SESSION " from", ACCESS, CALL(pool_handle_output, true),
     .summary = "Follow an execution's output; Sallyport's own"},
    {"POST", "/executions/{id}/cancel", SESSION, ACCESS, CALL(pool_handle_cancel, true),
     .summary = "Stop an execution; Sallyport's own"},
    {"GET", "/files", FILE_OF, ACCESS, CALL(pool_handle_files_get, true), .summary = "List files"},
    {"POST", "/files", FILE_OF, ACCESS, FORM_BODY, CALL(pool_handle_files_post, true),
     .summary = "Upload a file as a form's part named file"},
    {"POST", "/files/upload", SESSION, ACCESS, FORM_BODY, CALL(pool_handle_files_upload, true),
     .summary = "Upload files, older contract"},
    {"GET", "/files/content/{name*}", FILE_OF, ACCESS, CALL(pool_handle_file_content, true),
     .summary = "Download a file, older contract"},
    {"GET", "/files/{name*}/content", FILE_OF, ACCESS, CALL(pool_handle_file_content, true),
     .summary = "Download a file"},
    {"GET", "/files/{name*}", FILE_OF, ACCESS, CALL(pool_handle_file_get, true),
     .summary = "Name, size and time of a file"},
    {"DELETE", "/files/{name*}", FILE_OF, ACCESS, CALL(pool_handle_file_delete, true),
     .summary = "Delete a file"},
    {"GET", "/session", SESSION, ACCESS, CALL(pool_handle_session_get, true), .summary = "Look at a session"},
    {"DELETE", "/session", SESSION, ACCESS, CALL(pool_handle_session_delete, true),
     .summary = "End a session"},
    {"GET", "/listSessions", VERSION " skip", ACCESS_OPERATE, CALL(pool_handle_list_sessions, false),
     .summary = "List sessions"},
    {"GET", "/metadata", VERSION, ACCESS, CALL(pool_handle_metadata, false),
     .summary = "What a session has installed"},
    {"GET", "/sallyport", VERSION, ACCESS, CALL(pool_handle_about, false),
     .summary = "What this pool gives beside the contract; Sallyport's own"},
    {"POST", "/.management/stopSession", SESSION, ACCESS, CALL(pool_handle_stop_session, true),
     .summary = "End a session"},
};
const size_t pool_route_count = ARRAY_SIZE(pool_routes);

static bool enter_identifier(struct pool_call *call)
{
    if (pool_call_touch(call))
        return true;
    pool_call_fail(
        call, 400, "InvalidLengthOfSessionIdentifier",
        "The query parameter 'identifier' must have %d to %d printable ASCII characters and no space.",
        SESSION_IDENTIFIER_SIZE_MIN, SESSION_IDENTIFIER_SIZE_MAX);
    return false;
}

static void begin_call(void *context, struct http_request *request)
{
    struct pool_call *call = arena_alloc(http_request_arena(request), sizeof *call);
    struct pool_call spare = {.service = context, .request = request};
    if (!call) {
        pool_call_fail_status(&spare, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    *call = spare;
    call->name = http_request_value(request);
    if (spare.service->options.set &&
        !(call->service =
              pool_set_service(spare.service->options.set, spare.service, http_request_prefix(request)))) {
        pool_call_fail(&spare, 404, "SessionPoolNotFound", "There is no session pool at this path.");
        return;
    }
    const struct pool_operation *operation = http_request_route(request)->own;
    pool_call_header(call, "api-supported-versions", "%s", call->service->versions);
    if (pool_versions_take(call) && (!operation->needs_identifier || enter_identifier(call)))
        operation->handle(call);
}
