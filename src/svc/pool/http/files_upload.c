/* SPDX-License-Identifier: MIT */
/* files_upload.c — POST /files and POST /files/upload: a form with parts named "file" (session-pool-api.md
 * 5.3, 6.4). The body is whole in memory. Where the session can be charged for what it holds, its files are
 * carried there (session_store.h); else they are written from here, in steps, and charged to the server. Either
 * way each appears under its name only when it is complete. */
#include <errno.h>
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"
#include "wire/http1/multipart.h"
#include "wire/http1/uri.h"
#include "wire/json/json.h"

#define STEP_SIZE ((size_t)256 << 10) /* bytes written in a turn */

struct uploaded {
    const char *path; /* where it goes, below /mnt/data */
    const char *name; /* what the answer calls it */
    struct bytes content;
    struct file_info info; /* once it is written */
};

struct upload {
    struct file_call base;
    bool legacy;
    int root_fd; /* the session's; valid while it is our host */
    struct uploaded *files;
    size_t count;
    size_t current;
    size_t written; /* bytes of the current one */
    bool open;
    struct file_writer writer;
    struct session_store store;
};

/* ORDER: the carrying is given up before the file is closed, whose descriptor it was handed. */
static void drop(struct file_call *call)
{
    struct upload *upload = CONTAINER_OF(call, struct upload, base);
    session_store_cancel(&upload->store);
    if (upload->open)
        file_writer_abort(&upload->writer);
    upload->open = false;
}

static void answer(struct upload *upload)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    int id = 0;
    if (!upload->legacy) {
        file_write_current(&json, &id, upload->files[0].name, NULL, &upload->files[0].info);
        pool_call_reply(upload->base.call, 200, &body);
        return;
    }
    id = 1;
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "$id", "1");
    json_write_key(&json, "value");
    json_write_begin_array(&json);
    for (size_t i = 0; i < upload->count; i++)
        file_write_legacy(&json, &id, upload->files[i].name, &upload->files[i].info);
    json_write_end_array(&json);
    json_write_end_object(&json);
    pool_call_reply(upload->base.call, 200, &body);
}

static void fail(struct upload *upload, enum status status, const struct err *err)
{
    drop(&upload->base);
    file_call_end(&upload->base);
    file_call_fail(upload->base.call, status, err);
}

/* --- carried by the session's own --- */

static enum status carry_status(int error, struct err *err)
{
    static const struct {
        int number;
        enum status status;
        const char *text;
    } rows[] = {
        {ENOMEM, STATUS_RESOURCE_EXHAUSTED, "the session's memory limit leaves no room for it"},
        {EAGAIN, STATUS_RESOURCE_EXHAUSTED, "the session has as many processes as it may"},
        {ENOSPC, STATUS_RESOURCE_EXHAUSTED, "the session's storage is full"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].number == error)
            return err_set(err, rows[i].status, "%s", rows[i].text);
    }
    return err_set(err, STATUS_IO, "it did not get into the session: %s", strerror(error));
}

static void finish_file(struct upload *upload);

static void on_carried(struct session_store *store, int error, const char *cause)
{
    struct upload *upload = CONTAINER_OF(store, struct upload, store);
    struct err err = {0};
    if (error == ESRCH)
        file_call_lost(&upload->base, cause);
    else if (error != 0)
        fail(upload, carry_status(error, &err), &err);
    else
        finish_file(upload);
}

static enum status carry(struct upload *upload, struct err *err)
{
    upload->store = (struct session_store){.content = upload->files[upload->current].content,
                                           .file_fd = upload->writer.fd,
                                           .on_done = on_carried};
    return session_store_begin(&upload->base.hold.tenant->session->stores, &upload->store, err);
}

/* --- written by the server --- */

/* Before the file is begun: what is not charged is not written. What a session removes is noticed here, by what it
 * holds now. */
static enum status charge_server(struct upload *upload, struct err *err)
{
    size_t used = session_files_used(upload->root_fd);
    size_t size = upload->files[upload->current].content.size;
    if (tenant_charge_upload(upload->base.hold.tenant, used, size))
        return STATUS_OK;
    return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                   "the uploads to all sessions have reached their limit (setting uploads-memory)");
}

/* A step a turn of the loop: a file of the largest size must not hold up whoever shares the thread. */
static void write_some(struct upload *upload)
{
    struct bytes content = upload->files[upload->current].content;
    struct bytes some = bytes_slice(content, upload->written, STEP_SIZE);
    struct err err = {0};
    enum status status = file_writer_append(&upload->writer, some, &err);
    upload->written += some.size;
    if (status != STATUS_OK)
        fail(upload, status, &err);
    else if (upload->written == content.size)
        finish_file(upload);
    else
        file_call_continue(&upload->base);
}

/* --- one after the other --- */

static void finish_file(struct upload *upload)
{
    struct err err = {0};
    upload->open = false;
    enum status status = file_writer_finish(&upload->writer, &upload->files[upload->current].info, &err);
    if (status != STATUS_OK) {
        fail(upload, status, &err);
        return;
    }
    upload->current++;
    if (upload->current < upload->count) {
        file_call_continue(&upload->base);
        return;
    }
    file_call_end(&upload->base);
    answer(upload);
}

/* An empty file is written from here in any case: there is nothing to charge, and a carrier costs a process. */
static void begin_file(struct upload *upload)
{
    const struct uploaded *file = &upload->files[upload->current];
    bool carried = upload->base.hold.tenant->session->stores.possible && file->content.size > 0;
    struct err err = {0};
    enum status status = STATUS_OK;
    if (!carried)
        status = charge_server(upload, &err);
    if (status == STATUS_OK)
        status = file_writer_begin(&upload->writer, upload->root_fd, file->path, &err);
    upload->open = status == STATUS_OK;
    upload->written = 0;
    if (status == STATUS_OK && carried)
        status = carry(upload, &err);
    if (status != STATUS_OK)
        fail(upload, status, &err);
    else if (!carried)
        write_some(upload);
}

static void step(struct file_call *call)
{
    struct upload *upload = CONTAINER_OF(call, struct upload, base);
    if (upload->open)
        write_some(upload);
    else
        begin_file(upload);
}

static void run(struct file_call *call, int root_fd)
{
    struct upload *upload = CONTAINER_OF(call, struct upload, base);
    upload->root_fd = root_fd;
    step(call);
}

/* aiohttp, and so AutoGen, percent-encodes the whole file name of a part; all others leave '%' as it is. */
static struct bytes file_name(struct pool_call *call, const struct multipart_part *part)
{
    struct bytes agent = http_request_header(call->request, "user-agent");
    if (bytes_find(agent, BYTES_LITERAL("aiohttp/")) == agent.size)
        return part->filename;
    return uri_decode(http_request_arena(call->request), part->filename, false);
}

/* The name in the answer: below the root in the legacy contract, below `path` in the current one. */
static bool take_file(struct upload *upload, const struct multipart_part *part)
{
    struct pool_call *call = upload->base.call;
    struct uploaded *file = &upload->files[upload->count];
    struct err err = {0};
    if (!part->filename.data) {
        pool_call_fail(call, 400, "InvalidUpload", "The part named 'file' has no filename.");
        return false;
    }
    if (part->data.size > call->service->options.upload_size_max) {
        pool_call_fail(call, 413, "FileTooLarge",
                       "A file may have at most %zu bytes (setting upload-size-max).",
                       call->service->options.upload_size_max);
        return false;
    }
    struct bytes name = file_name(call, part);
    if (!name.data) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &err);
        return false;
    }
    if (file_path_foreign(name)) {
        pool_call_fail(call, 400, "FilePathInvalid", "A file's absolute path must be below /mnt/data.");
        return false;
    }
    if (!file_call_path(call, name, &file->path))
        return false;
    enum status status =
        file_path_join(http_request_arena(call->request), (struct bytes){0}, name, &file->name, &err);
    if (status != STATUS_OK || !file->name[0]) {
        pool_call_fail(call, 400, "FilePathInvalid", "A file needs a name.");
        return false;
    }
    if (upload->legacy)
        file->name = file->path;
    file->content = part->data;
    upload->count++;
    return true;
}

static bool parse_form(struct pool_call *call, struct multipart_part **ret_parts, size_t *ret_count)
{
    struct arena *arena = http_request_arena(call->request);
    struct bytes body = http_request_body(call->request), boundary;
    struct err err = {0};
    enum status status =
        multipart_boundary(arena, http_request_header(call->request, "content-type"), body, &boundary, &err);
    if (status == STATUS_OK)
        status = multipart_parse(arena, boundary, body, NULL, ret_parts, ret_count, &err);
    if (status == STATUS_OK)
        return true;
    if (status == STATUS_NO_MEMORY)
        pool_call_fail_status(call, status, &err);
    else
        pool_call_fail(call, 400, "InvalidUpload",
                       "The body must be multipart/form-data with a part 'file': %s.", err.text);
    return false;
}

static void upload(struct pool_call *call, bool legacy)
{
    struct arena *arena = http_request_arena(call->request);
    struct multipart_part *parts;
    size_t count;
    struct upload *u = arena_alloc(arena, sizeof *u);
    struct uploaded *files = arena_alloc_array(arena, POOL_UPLOAD_FILES_MAX, sizeof *files);
    if (!u || !files) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    if (!parse_form(call, &parts, &count))
        return;
    *u = (struct upload){
        .base = {.call = call, .run = run, .step = step, .drop = drop}, .legacy = legacy, .files = files};
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal_nocase(parts[i].name, BYTES_LITERAL("file")))
            continue;
        if (u->count == POOL_UPLOAD_FILES_MAX) {
            pool_call_fail(call, 400, "InvalidUpload",
                           "A form may have at most %d files (limit pool-upload-files-max).",
                           POOL_UPLOAD_FILES_MAX);
            return;
        }
        if (!take_file(u, &parts[i]))
            return;
    }
    if (!u->count) {
        pool_call_fail(call, 400, "InvalidUpload", "The form has no part named 'file'.");
        return;
    }
    file_call_begin(&u->base);
}

void pool_handle_files_post(struct pool_call *call)
{
    upload(call, call->generation == API_LEGACY);
}

void pool_handle_files_upload(struct pool_call *call)
{
    upload(call, true);
}
