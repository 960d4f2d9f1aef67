/* SPDX-License-Identifier: MIT */
/* files_list.c — GET /files and GET /files/{name} (session-pool-api.md 5.4, 5.6, 6.5, 6.6). A session may
 * hold very many files: names are read in steps, and a listing has a limit that is told when it cuts. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "wire/json/json.h"

#define STEP_NAMES 512 /* names read in a turn */

struct listing {
    struct file_call base;
    bool recursive;
    bool listing; /* the lister is open */
    struct file_lister lister;
};

static void drop(struct file_call *call)
{
    struct listing *listing = CONTAINER_OF(call, struct listing, base);
    if (listing->listing)
        file_lister_end(&listing->lister);
    listing->listing = false;
}

/* Legacy has files only, each under its whole path. */
static void write_legacy(struct json_writer *json, int *id, struct arena *arena,
                         const struct file_entry *entry)
{
    if (entry->info.directory)
        return;
    const char *name =
        entry->directory[0] ? arena_fmt(arena, "%s/%s", entry->directory, entry->name) : entry->name;
    if (name)
        file_write_legacy(json, id, name, &entry->info);
    else
        json->failed = true;
}

static void answer(struct listing *listing)
{
    struct pool_call *call = listing->base.call;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body, .replace_invalid = true};
    int id = 1;
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "$id", "1");
    json_write_key(&json, "value");
    json_write_begin_array(&json);
    for (size_t i = 0; i < listing->lister.count; i++) {
        const struct file_entry *entry = &listing->lister.entries[i];
        if (call->generation == API_LEGACY)
            write_legacy(&json, &id, http_request_arena(call->request), entry);
        else
            file_write_current(&json, &id, entry->name, listing->recursive ? entry->directory : NULL,
                               &entry->info);
    }
    json_write_end_array(&json);
    if (listing->lister.cut)
        json_write_member_bool(&json, "truncated", true);
    json_write_end_object(&json);
    drop(&listing->base);
    pool_call_reply(call, 200, &body);
}

static void step(struct file_call *call)
{
    struct listing *listing = CONTAINER_OF(call, struct listing, base);
    struct err err = {0};
    bool done = false;
    enum status status = file_lister_step(&listing->lister, STEP_NAMES, &done, &err);
    if (status == STATUS_OK && !done) {
        file_call_continue(call);
        return;
    }
    file_call_end(call);
    if (status == STATUS_OK) {
        answer(listing);
        return;
    }
    drop(call);
    file_call_fail(call->call, status, &err);
}

static void run(struct file_call *call, int root_fd)
{
    struct listing *listing = CONTAINER_OF(call, struct listing, base);
    struct err err = {0};
    enum status status = file_lister_begin(&listing->lister, http_request_arena(call->call->request), root_fd,
                                           call->path, listing->recursive, &err);
    if (status != STATUS_OK) {
        file_call_end(call);
        file_call_fail(call->call, status, &err);
        return;
    }
    listing->listing = true;
    step(call);
}

void pool_handle_files_get(struct pool_call *call)
{
    struct listing *listing = arena_alloc(http_request_arena(call->request), sizeof *listing);
    if (!listing) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    listing->base = (struct file_call){.call = call, .run = run, .step = step, .drop = drop};
    listing->recursive = call->generation == API_LEGACY ||
                         bytes_equal_nocase(pool_call_query(call, "recursive"), BYTES_LITERAL("true"));
    if (file_call_path(call, BYTES_LITERAL(""), &listing->base.path))
        file_call_begin(&listing->base);
}

/* --- one file --- */

static void nothing_to_drop(struct file_call *call)
{
}

static void run_stat(struct file_call *call, int root_fd)
{
    struct pool_call *c = call->call;
    struct err err = {0};
    struct file_info info;
    enum status status = session_file_stat(root_fd, call->path, &info, &err);
    file_call_end(call);
    if (status != STATUS_OK) {
        file_call_fail(c, status, &err);
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    int id = 0;
    if (c->generation == API_LEGACY) {
        id = 1;
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "$id", "1");
        json_write_key(&json, "value");
        json_write_begin_array(&json);
        file_write_legacy(&json, &id, call->path, &info);
        json_write_end_array(&json);
        json_write_end_object(&json);
    } else {
        file_write_current(&json, &id, file_path_base(call->path), NULL, &info);
    }
    pool_call_reply(c, 200, &body);
}

void pool_handle_file_get(struct pool_call *call)
{
    struct file_call *f = arena_alloc(http_request_arena(call->request), sizeof *f);
    if (!f) {
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    *f = (struct file_call){.call = call, .run = run_stat, .drop = nothing_to_drop};
    if (file_call_path(call, call->name, &f->path))
        file_call_begin(f);
}
