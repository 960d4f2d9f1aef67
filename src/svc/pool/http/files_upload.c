/* SPDX-License-Identifier: MIT */
/* files_upload.c — POST /files and POST /files/upload: a form with parts named "file" (session-pool-api.md
 * 5.3, 6.4). The body is whole in memory; it is written to the session's storage in steps, and each file
 * appears under its name only when it is complete. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "wire/http1/multipart.h"
#include "wire/http1/uri.h"
#include "wire/json/json.h"

#define STEP_SIZE ((size_t)256 << 10) /* bytes written in a turn */
#define FILES_MAX 100                 /* in one form */

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
};

static void drop(struct file_call *f)
{
    struct upload *u = CONTAINER_OF(f, struct upload, base);
    if (u->open)
        file_writer_abort(&u->writer);
    u->open = false;
}

static void answer(struct upload *u)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer w = {.out = &body};
    int id = 0;
    if (!u->legacy) {
        file_write_current(&w, &id, u->files[0].name, NULL, &u->files[0].info);
        pool_call_reply(u->base.call, 200, &body);
        return;
    }
    id = 1;
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "$id", "1");
    json_write_key(&w, "value");
    json_write_begin_array(&w);
    for (size_t i = 0; i < u->count; i++)
        file_write_legacy(&w, &id, u->files[i].name, &u->files[i].info);
    json_write_end_array(&w);
    json_write_end_object(&w);
    pool_call_reply(u->base.call, 200, &body);
}

/* Writes one step; true when the current file is finished. */
static enum status write_some(struct upload *u, bool *ret_finished, struct err *e)
{
    struct uploaded *file = &u->files[u->current];
    enum status s = STATUS_OK;
    if (!u->open) {
        size_t used = session_files_used(u->root_fd);
        if (!tenant_charge_upload(u->base.guest.tenant, used, file->content.size))
            return err_set(e, STATUS_RESOURCE_EXHAUSTED,
                           "the uploads to all sessions have reached their limit (setting uploads-memory)");
        s = file_writer_begin(&u->writer, u->root_fd, file->path, e);
        if (s)
            return s;
        u->open = true;
        u->written = 0;
    }
    struct bytes some = bytes_slice(file->content, u->written, STEP_SIZE);
    s = file_writer_append(&u->writer, some, e);
    u->written += some.size;
    *ret_finished = u->written == file->content.size;
    if (s == STATUS_OK && *ret_finished) {
        u->open = false;
        s = file_writer_finish(&u->writer, &file->info, e);
    }
    return s;
}

static void step(struct file_call *f)
{
    struct upload *u = CONTAINER_OF(f, struct upload, base);
    struct err e = {0};
    bool finished = false;
    enum status s = write_some(u, &finished, &e);
    if (s != STATUS_OK) {
        drop(f);
        file_call_end(f);
        file_call_fail(f->call, s, &e);
        return;
    }
    u->current += finished;
    if (u->current < u->count) {
        file_call_continue(f);
        return;
    }
    file_call_end(f);
    answer(u);
}

static void run(struct file_call *f, int root_fd)
{
    struct upload *u = CONTAINER_OF(f, struct upload, base);
    u->root_fd = root_fd;
    step(f);
}

/* aiohttp, and so AutoGen, percent-encodes the whole file name of a part; all others leave '%' as it is. */
static struct bytes file_name(struct pool_call *c, const struct multipart_part *part)
{
    struct bytes agent = http_request_header(c->request, "user-agent");
    if (bytes_find(agent, BYTES_LITERAL("aiohttp/")) == agent.size)
        return part->filename;
    return uri_decode(http_request_arena(c->request), part->filename, false);
}

/* The name in the answer: below the root in the legacy contract, below `path` in the current one. */
static bool take_file(struct upload *u, const struct multipart_part *part)
{
    struct pool_call *c = u->base.call;
    struct uploaded *file = &u->files[u->count];
    struct err e = {0};
    if (!part->filename.data) {
        pool_call_fail(c, 400, "InvalidUpload", "The part named 'file' has no filename.");
        return false;
    }
    if (part->data.size > c->service->options.upload_size_max) {
        pool_call_fail(c, 413, "FileTooLarge", "A file may have at most %zu bytes (setting upload-size-max).",
                       c->service->options.upload_size_max);
        return false;
    }
    struct bytes name = file_name(c, part);
    if (!name.data) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &e);
        return false;
    }
    if (file_path_foreign(name)) {
        pool_call_fail(c, 400, "FilePathInvalid", "A file's absolute path must be below /mnt/data.");
        return false;
    }
    if (!file_call_path(c, name, &file->path))
        return false;
    enum status s = file_path_join(http_request_arena(c->request), (struct bytes){0}, name, &file->name, &e);
    if (s != STATUS_OK || !file->name[0]) {
        pool_call_fail(c, 400, "FilePathInvalid", "A file needs a name.");
        return false;
    }
    if (u->legacy)
        file->name = file->path;
    file->content = part->data;
    u->count++;
    return true;
}

static bool parse_form(struct pool_call *c, struct multipart_part **ret_parts, size_t *ret_count)
{
    struct arena *arena = http_request_arena(c->request);
    struct bytes body = http_request_body(c->request), boundary;
    struct err e = {0};
    enum status s =
        multipart_boundary(arena, http_request_header(c->request, "content-type"), body, &boundary, &e);
    if (s == STATUS_OK)
        s = multipart_parse(arena, boundary, body, NULL, ret_parts, ret_count, &e);
    if (s == STATUS_OK)
        return true;
    if (s == STATUS_NO_MEMORY)
        pool_call_fail_status(c, s, &e);
    else
        pool_call_fail(c, 400, "InvalidUpload",
                       "The body must be multipart/form-data with a part 'file': %s.", e.text);
    return false;
}

static void upload(struct pool_call *c, bool legacy)
{
    struct arena *arena = http_request_arena(c->request);
    struct multipart_part *parts;
    size_t count;
    struct upload *u = arena_alloc(arena, sizeof *u);
    struct uploaded *files = arena_alloc_array(arena, FILES_MAX, sizeof *files);
    if (!u || !files) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    if (!parse_form(c, &parts, &count))
        return;
    *u = (struct upload){
        .base = {.call = c, .run = run, .step = step, .drop = drop}, .legacy = legacy, .files = files};
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal_nocase(parts[i].name, BYTES_LITERAL("file")))
            continue;
        if (u->count == FILES_MAX) {
            pool_call_fail(c, 400, "InvalidUpload", "A form may have at most %d files.", FILES_MAX);
            return;
        }
        if (!take_file(u, &parts[i]))
            return;
    }
    if (!u->count) {
        pool_call_fail(c, 400, "InvalidUpload", "The form has no part named 'file'.");
        return;
    }
    file_call_begin(&u->base);
}

void pool_handle_files_post(struct pool_call *c)
{
    upload(c, c->generation == API_LEGACY);
}

void pool_handle_files_upload(struct pool_call *c)
{
    upload(c, true);
}
