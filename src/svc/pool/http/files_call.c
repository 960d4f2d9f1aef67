/* SPDX-License-Identifier: MIT */
/* files_call.c — what all calls on files share: the session, its life over several turns, errors, shapes. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "wire/json/json.h"

bool file_call_path(struct pool_call *call, struct bytes name, const char **ret_path)
{
    struct err err = {0};
    struct bytes directory = pool_call_query(call, "path");
    if (call->generation == API_LEGACY)
        directory = (struct bytes){0};
    enum status status = file_path_join(http_request_arena(call->request), directory, name, ret_path, &err);
    if (status == STATUS_OK)
        return true;
    if (status == STATUS_INVALID_ARGUMENT)
        pool_call_fail(call, 400, "FilePathInvalid", "The file path cannot be used: %s.", err.text);
    else
        pool_call_fail_status(call, status, &err);
    return false;
}

void file_call_fail(struct pool_call *call, enum status cause, const struct err *err)
{
    /* What a file's fault is called, and where its HTTP status is another than that of base/status.h. */
    static const struct {
        enum status status;
        const char *code;
        int http_status; /* 0: the general one */
    } answers[] = {
        {STATUS_NOT_FOUND, "FileNotFound", 0},
        {STATUS_INVALID_ARGUMENT, "FilePathInvalid", 0},
        {STATUS_FAILED_PRECONDITION, "FileConflict", 0},
        {STATUS_PERMISSION_DENIED, "FileAccessDenied", 0},
        {STATUS_RESOURCE_EXHAUSTED, "SessionStorageFull", 507},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].status == cause) {
            int http_status = answers[i].http_status ? answers[i].http_status : status_http(cause);
            pool_call_fail(call, http_status, answers[i].code, "The file cannot be used: %s.", err->text);
            return;
        }
    }
    pool_call_fail_status(call, cause, err);
}

void file_call_lost(struct file_call *call, const char *cause)
{
    file_call_end(call);
    call->drop(call);
    if (call->streaming)
        http_stream_abort(call->call->request);
    else
        pool_call_fail(call->call, 409, "SessionEnded", "The session ended while its files were in use%s%s.",
                       cause[0] ? ": " : "", cause);
}

/* The session may have gone since the last turn: the hold knows. */
static void on_next(struct loop_task *task)
{
    struct file_call *call = CONTAINER_OF(task, struct file_call, next);
    if (call->hold.tenant)
        call->step(call);
    else
        file_call_lost(call, "");
}

void file_call_continue(struct file_call *call)
{
    loop_defer(call->call->service->loop, &call->next);
}

/* ORDER: before the answer. Once that is given the request, and this call in its arena, may be gone. */
void file_call_end(struct file_call *call)
{
    loop_defer_cancel(&call->next);
    tenant_hold_end(&call->hold);
    http_request_on_gone(call->call->request, NULL, NULL);
}

/* The hold before the first step: without it the session may cool down between two of them. */
static void on_session(struct session_wait *wait, struct session *session, const char *cause)
{
    struct file_call *call = CONTAINER_OF(wait, struct file_call, wait);
    if (!session) {
        http_request_on_gone(call->call->request, NULL, NULL);
        pool_call_header(call->call, "Retry-After", "1");
        pool_call_fail(call->call, 503, "SessionUnavailable", "%s", cause);
        return;
    }
    tenant_hold_begin(call->tenant, &call->hold);
    call->run(call, session->data_dir_fd);
}

/* The caller left. */
static void on_gone(void *context)
{
    struct file_call *call = context;
    tenant_cancel_wait(&call->wait);
    loop_defer_cancel(&call->next);
    tenant_hold_end(&call->hold);
    call->drop(call);
}

/* The lists first: whatever ends the call from here on takes it off both. */
void file_call_begin(struct file_call *call)
{
    list_init(&call->wait.link);
    list_init(&call->hold.link);
    call->wait.on_session = on_session;
    call->next.on_run = on_next;
    call->tenant = pool_call_enter(call->call);
    if (!call->tenant)
        return;
    http_request_on_gone(call->call->request, on_gone, call);
    tenant_want_session(call->tenant, &call->wait);
}

/* --- shapes --- */

static void write_id(struct json_writer *json, int *id)
{
    char text[LEGACY_ID_SIZE_MAX];
    snprintf(text, sizeof text, "%d", ++*id);
    json_write_member_cstr(json, "$id", text);
}

static void write_modified(struct json_writer *json, const char *name, const struct file_info *info)
{
    char text[TIME_TEXT_SIZE_MAX];
    pool_write_time(text, info->modified_unix_ns);
    json_write_member_cstr(json, name, text);
}

void file_write_legacy(struct json_writer *json, int *id, const char *name, const struct file_info *info)
{
    json_write_begin_object(json);
    write_id(json, id);
    json_write_key(json, "properties");
    json_write_begin_object(json);
    write_id(json, id);
    json_write_member_cstr(json, "filename", name);
    json_write_member_int(json, "size", (int64_t)info->size);
    write_modified(json, "lastModifiedTime", info);
    json_write_end_object(json);
    json_write_end_object(json);
}

void file_write_current(struct json_writer *json, int *id, const char *name, const char *directory,
                        const struct file_info *info)
{
    json_write_begin_object(json);
    write_id(json, id);
    json_write_member_cstr(json, "name", name);
    json_write_member_cstr(json, "type", info->directory ? "directory" : "file");
    if (!info->directory) {
        json_write_member_cstr(json, "contentType", file_content_type(name));
        json_write_member_int(json, "sizeInBytes", (int64_t)info->size);
    }
    write_modified(json, "lastModifiedAt", info);
    if (directory)
        json_write_member_cstr(json, "directory", directory);
    json_write_end_object(json);
}

/* --- delete --- */

static void nothing_to_drop(struct file_call *call)
{
}

static void run_delete(struct file_call *call, int root_fd)
{
    struct err err = {0};
    struct pool_call *c = call->call;
    enum status status = session_file_remove(root_fd, call->path, &err);
    file_call_end(call);
    if (status != STATUS_OK)
        file_call_fail(c, status, &err);
    else if (c->generation == API_LEGACY)
        http_respond(c->request, 200, JSON_TYPE,
                     BYTES_LITERAL("{\"message\":\"file deleted successfully\"}"));
    else
        http_respond(c->request, 204, NULL, (struct bytes){0});
}

void pool_handle_file_delete(struct pool_call *call)
{
    struct file_call *f = arena_alloc(http_request_arena(call->request), sizeof *f);
    if (!f) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    f->call = call;
    f->run = run_delete;
    f->drop = nothing_to_drop;
    if (file_call_path(call, call->name, &f->path))
        file_call_begin(f);
}
