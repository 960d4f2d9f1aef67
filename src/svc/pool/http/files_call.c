/* SPDX-License-Identifier: MIT */
/* files_call.c — what all calls on files share: the session, its life over several turns, errors, shapes. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "wire/json/json.h"

bool file_call_path(struct pool_call *c, struct bytes name, const char **ret_path)
{
    struct err e = {0};
    struct bytes directory = pool_call_query(c, "path");
    if (c->generation == API_LEGACY)
        directory = (struct bytes){0};
    enum status s = file_path_join(http_request_arena(c->request), directory, name, ret_path, &e);
    if (s == STATUS_OK)
        return true;
    if (s == STATUS_INVALID_ARGUMENT)
        pool_call_fail(c, 400, "FilePathInvalid", "The file path cannot be used: %s.", e.text);
    else
        pool_call_fail_status(c, s, &e);
    return false;
}

void file_call_fail(struct pool_call *c, enum status s, const struct err *e)
{
    static const struct {
        enum status status;
        int http_status;
        const char *code;
    } answers[] = {
        {STATUS_NOT_FOUND, 404, "FileNotFound"},
        {STATUS_INVALID_ARGUMENT, 400, "FilePathInvalid"},
        {STATUS_FAILED_PRECONDITION, 409, "FileConflict"},
        {STATUS_PERMISSION_DENIED, 403, "FileAccessDenied"},
        {STATUS_RESOURCE_EXHAUSTED, 507, "SessionStorageFull"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].status == s) {
            pool_call_fail(c, answers[i].http_status, answers[i].code, "The file cannot be used: %s.",
                           e->text);
            return;
        }
    }
    pool_call_fail_status(c, s, e);
}

static void on_next(struct loop_task *t)
{
    struct file_call *f = CONTAINER_OF(t, struct file_call, next);
    if (f->guest.tenant) {
        f->step(f);
        return;
    }
    http_request_on_gone(f->call->request, NULL, NULL);
    f->drop(f);
    if (f->streaming)
        http_stream_abort(f->call->request);
    else
        pool_call_fail(f->call, 409, "SessionEnded", "The session ended while its files were in use.");
}

void file_call_continue(struct file_call *f)
{
    loop_defer(f->call->service->loop, &f->next);
}

void file_call_end(struct file_call *f)
{
    loop_defer_cancel(&f->next);
    tenant_guest_leave(&f->guest);
    http_request_on_gone(f->call->request, NULL, NULL);
}

static void on_session(struct session_wait *w, struct session *s, const char *cause)
{
    struct file_call *f = CONTAINER_OF(w, struct file_call, wait);
    if (!s) {
        http_request_on_gone(f->call->request, NULL, NULL);
        pool_call_header(f->call, "Retry-After", "1");
        pool_call_fail(f->call, 503, "SessionUnavailable", "%s", cause);
        return;
    }
    tenant_guest_enter(f->tenant, &f->guest);
    f->run(f, s->data_dir_fd);
}

/* The caller left. */
static void on_gone(void *context)
{
    struct file_call *f = context;
    session_wait_cancel(&f->wait);
    loop_defer_cancel(&f->next);
    tenant_guest_leave(&f->guest);
    f->drop(f);
}

void file_call_begin(struct file_call *f)
{
    list_init(&f->wait.link);
    list_init(&f->guest.link);
    f->wait.on_session = on_session;
    f->next.on_run = on_next;
    f->tenant = pool_call_enter(f->call);
    if (!f->tenant)
        return;
    http_request_on_gone(f->call->request, on_gone, f);
    tenant_want_session(f->tenant, &f->wait);
}

/* --- shapes --- */

static void write_id(struct json_writer *w, int *id)
{
    char text[LEGACY_ID_SIZE_MAX];
    snprintf(text, sizeof text, "%d", ++*id);
    json_write_member_cstr(w, "$id", text);
}

static void write_modified(struct json_writer *w, const char *name, const struct file_info *info)
{
    char text[TIME_TEXT_SIZE_MAX];
    pool_write_time(text, info->modified_unix_ns);
    json_write_member_cstr(w, name, text);
}

void file_write_legacy(struct json_writer *w, int *id, const char *name, const struct file_info *info)
{
    json_write_begin_object(w);
    write_id(w, id);
    json_write_key(w, "properties");
    json_write_begin_object(w);
    write_id(w, id);
    json_write_member_cstr(w, "filename", name);
    json_write_member_int(w, "size", (int64_t)info->size);
    write_modified(w, "lastModifiedTime", info);
    json_write_end_object(w);
    json_write_end_object(w);
}

void file_write_current(struct json_writer *w, int *id, const char *name, const char *directory,
                        const struct file_info *info)
{
    json_write_begin_object(w);
    write_id(w, id);
    json_write_member_cstr(w, "name", name);
    json_write_member_cstr(w, "type", info->directory ? "directory" : "file");
    if (!info->directory) {
        json_write_member_cstr(w, "contentType", file_content_type(name));
        json_write_member_int(w, "sizeInBytes", (int64_t)info->size);
    }
    write_modified(w, "lastModifiedAt", info);
    if (directory)
        json_write_member_cstr(w, "directory", directory);
    json_write_end_object(w);
}

/* --- delete --- */

static void nothing_to_drop(struct file_call *f)
{
}

static void run_delete(struct file_call *f, int root_fd)
{
    struct err e = {0};
    struct pool_call *c = f->call;
    enum status s = session_file_remove(root_fd, f->path, &e);
    file_call_end(f);
    if (s != STATUS_OK)
        file_call_fail(c, s, &e);
    else if (c->generation == API_LEGACY)
        http_respond(c->request, 200, JSON_TYPE,
                     BYTES_LITERAL("{\"message\":\"file deleted successfully\"}"));
    else
        http_respond(c->request, 204, NULL, (struct bytes){0});
}

void pool_handle_file_delete(struct pool_call *c)
{
    struct file_call *f = arena_alloc(http_request_arena(c->request), sizeof *f);
    if (!f) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    f->call = c;
    f->run = run_delete;
    f->drop = nothing_to_drop;
    if (file_call_path(c, c->name, &f->path))
        file_call_begin(f);
}
