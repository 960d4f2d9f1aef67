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

static void drop(struct file_call *f)
{
    struct listing *l = CONTAINER_OF(f, struct listing, base);
    if (l->listing)
        file_lister_end(&l->lister);
    l->listing = false;
}

/* Legacy has files only, each under its whole path. */
static void write_legacy(struct json_writer *w, int *id, struct arena *arena, const struct file_entry *entry)
{
    if (entry->info.directory)
        return;
    const char *name =
        entry->directory[0] ? arena_fmt(arena, "%s/%s", entry->directory, entry->name) : entry->name;
    if (name)
        file_write_legacy(w, id, name, &entry->info);
    else
        w->failed = true;
}

static void answer(struct listing *l)
{
    struct pool_call *c = l->base.call;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer w = {.out = &body, .replace_invalid = true};
    int id = 1;
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "$id", "1");
    json_write_key(&w, "value");
    json_write_begin_array(&w);
    for (size_t i = 0; i < l->lister.count; i++) {
        const struct file_entry *entry = &l->lister.entries[i];
        if (c->generation == API_LEGACY)
            write_legacy(&w, &id, http_request_arena(c->request), entry);
        else
            file_write_current(&w, &id, entry->name, l->recursive ? entry->directory : NULL, &entry->info);
    }
    json_write_end_array(&w);
    if (l->lister.cut)
        json_write_member_bool(&w, "truncated", true);
    json_write_end_object(&w);
    drop(&l->base);
    pool_call_reply(c, 200, &body);
}

static void step(struct file_call *f)
{
    struct listing *l = CONTAINER_OF(f, struct listing, base);
    struct err e = {0};
    bool done = false;
    enum status s = file_lister_step(&l->lister, STEP_NAMES, &done, &e);
    if (s == STATUS_OK && !done) {
        file_call_continue(f);
        return;
    }
    file_call_end(f);
    if (s == STATUS_OK) {
        answer(l);
        return;
    }
    drop(f);
    file_call_fail(f->call, s, &e);
}

static void run(struct file_call *f, int root_fd)
{
    struct listing *l = CONTAINER_OF(f, struct listing, base);
    struct err e = {0};
    enum status s = file_lister_begin(&l->lister, http_request_arena(f->call->request), root_fd, f->path,
                                      l->recursive, &e);
    if (s != STATUS_OK) {
        file_call_end(f);
        file_call_fail(f->call, s, &e);
        return;
    }
    l->listing = true;
    step(f);
}

void pool_handle_files_get(struct pool_call *c)
{
    struct listing *l = arena_alloc(http_request_arena(c->request), sizeof *l);
    if (!l) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    l->base = (struct file_call){.call = c, .run = run, .step = step, .drop = drop};
    l->recursive = c->generation == API_LEGACY ||
                   bytes_equal_nocase(pool_call_query(c, "recursive"), BYTES_LITERAL("true"));
    if (file_call_path(c, BYTES_LITERAL(""), &l->base.path))
        file_call_begin(&l->base);
}

/* --- one file --- */

static void nothing_to_drop(struct file_call *f)
{
}

static void run_stat(struct file_call *f, int root_fd)
{
    struct pool_call *c = f->call;
    struct err e = {0};
    struct file_info info;
    enum status s = session_file_stat(root_fd, f->path, &info, &e);
    file_call_end(f);
    if (s != STATUS_OK) {
        file_call_fail(c, s, &e);
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer w = {.out = &body};
    int id = 0;
    if (c->generation == API_LEGACY) {
        id = 1;
        json_write_begin_object(&w);
        json_write_member_cstr(&w, "$id", "1");
        json_write_key(&w, "value");
        json_write_begin_array(&w);
        file_write_legacy(&w, &id, f->path, &info);
        json_write_end_array(&w);
        json_write_end_object(&w);
    } else {
        file_write_current(&w, &id, file_path_base(f->path), NULL, &info);
    }
    pool_call_reply(c, 200, &body);
}

void pool_handle_file_get(struct pool_call *c)
{
    struct file_call *f = arena_alloc(http_request_arena(c->request), sizeof *f);
    if (!f) {
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
        return;
    }
    *f = (struct file_call){.call = c, .run = run_stat, .drop = nothing_to_drop};
    if (file_call_path(c, c->name, &f->path))
        file_call_begin(f);
}
