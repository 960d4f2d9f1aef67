/* SPDX-License-Identifier: MIT */
/* run_files.c — in, and out again. Every name and size that comes from a pool is a stranger's. */
#include "svc/app/run_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/pool/file_path.h"
#include "crypto/secret.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define AREA "svc/app"

/* Words for why a file is named and not kept. */
#define CAUSE_TOO_LARGE  "too-large"  /* it alone, or all together */
#define CAUSE_NAME       "name"       /* one that no file call can ask for */
#define CAUSE_UNREADABLE "unreadable" /* the pool did not give it: gone, or changed while it was read */
#define CAUSE_CHANGED                                                                                        \
    "changed" /* something that the run left behind goes on writing it: not the bytes that were reported */

void run_files_fini(struct run_files *files)
{
    for (size_t i = 0; i < files->made.count; i++) {
        review_draft_fini(&files->drafts[i]);
        free(files->paths[i]);
    }
    free(files->files);
    free(files->drafts);
    free(files->paths);
    pool_file_list_fini(&files->before);
}

/* --- in --- */

struct open_job {
    struct review_job job;
    const char *sha256;
    struct review_blob blob;
};

static enum status open_blob(struct review_job *job, struct review_book *book, struct err *err)
{
    struct open_job *own = CONTAINER_OF(job, struct open_job, job);
    review_blob_close(&own->blob); /* of the try before */
    return review_book_blob_open(book, own->sha256, &own->blob, err);
}

/* The bytes of an input, which are those of its hash. */
static enum status read_input(struct run_files *files, const char *sha256, struct buf *out, struct err *err)
{
    char hash[SECRET_HASH_SIZE + 1];
    struct open_job own = {
        .job = {.perform = open_blob, .reads_only = true}, .sha256 = sha256, .blob = {.fd = -1}};
    enum status status = review_store_run_wait(files->store, &own.job, err);
    out->limit = own.blob.size + 1;
    if (status == STATUS_OK)
        status = review_blob_read(&own.blob, 0, own.blob.size, out, err);
    review_blob_close(&own.blob);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND
                   ? err_set(err, STATUS_FAILED_PRECONDITION, "it is not kept any more")
                   : status;
    secret_hash(buf_peek(out), hash);
    return strcmp(hash, sha256) == 0
               ? STATUS_OK
               : err_set(err, STATUS_FAILED_PRECONDITION, "its bytes are not those that were submitted");
}

static enum status put_input(struct run_files *files, const struct pool_client *client,
                             const char *identifier, const json_t *input, struct err *err)
{
    CLEANUP(buf_fini) struct buf content = {0};
    const char *path = json_member_text(input, "path");
    const char *sha256 = json_member_text(input, "sha256");
    if (!path || !sha256)
        return err_set(err, STATUS_FAILED_PRECONDITION, "an input file has no name or no hash");
    enum status status = read_input(files, sha256, &content, err);
    if (status == STATUS_OK)
        status = pool_files_put(client, identifier, path, buf_peek(&content), err);
    return status == STATUS_OK ? status : err_wrap(err, "input file \"%.200s\"", path);
}

enum status run_files_put(struct run_files *files, const struct pool_client *client, const char *identifier,
                          bool is_own, bool is_used, struct err *err)
{
    enum status status = STATUS_OK;
    size_t count = json_array_size(files->inputs);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = put_input(files, client, identifier, json_array_get(files->inputs, i), err);
    if (status != STATUS_OK || is_own)
        return status;

    /* A session of its own without inputs has no files. */
    struct err ignored = {0};
    files->looked_before = (count == 0 && !is_used) ||
                           pool_files_list(client, identifier, &files->before, &ignored) == STATUS_OK;
    return STATUS_OK;
}

/* --- out --- */

static bool has_room(struct run_files *files)
{
    if (files->files)
        return true;
    files->files = calloc(APP_FILES_MAX, sizeof *files->files);
    files->drafts = calloc(APP_FILES_MAX, sizeof *files->drafts);
    files->paths = calloc(APP_FILES_MAX, sizeof *files->paths);
    if (files->files && files->drafts && files->paths)
        return true;
    files->status = err_no_memory(&files->err);
    return false;
}

/* A name that is what it says, and nothing else: what a file call would find under it is the file. */
static bool name_is_plain(const char *path)
{
    struct arena arena;
    struct err ignored = {0};
    const char *joined = NULL;
    arena_init(&arena, 0);
    enum status status = file_path_join(&arena, (struct bytes){0}, bytes_of_cstr(path), &joined, &ignored);
    bool plain = status == STATUS_OK && *joined && strcmp(joined, path) == 0;
    arena_fini(&arena);
    return plain;
}

/* NULL: fetched into the draft; else why it is not kept. `sha256` (NULL: not known) is what the pool says. */
static const char *fetch(struct run_files *files, const struct pool_client *client, const char *identifier,
                         const struct review_run_file *file, const char *sha256, struct review_draft *draft)
{
    size_t room = MIN(files->size_max - files->size, APP_FILE_SIZE_MAX);
    struct err err = {0};
    if (!name_is_plain(file->path))
        return CAUSE_NAME;
    if (file->size > 0 && (uint64_t)file->size > room)
        return CAUSE_TOO_LARGE;
    review_draft_begin(draft, review_store_blobs(files->store));
    enum status status = pool_files_get(client, identifier, file->path, room, draft, &err);
    bool same = status == STATUS_OK && (!sha256 || strcmp(sha256, draft->sha256) == 0);
    if (same) {
        files->size += draft->size;
        return NULL;
    }
    review_draft_fini(draft);
    if (status == STATUS_OK)
        return CAUSE_CHANGED;
    if (status == STATUS_TOO_LARGE)
        return CAUSE_TOO_LARGE;
    if (status == STATUS_RESOURCE_EXHAUSTED || status == STATUS_IO || status == STATUS_NO_MEMORY) {
        files->status = status;
        files->err = err;
    }
    log_info(AREA, "a file of a run is not kept session=%s cause=\"%s\"", identifier, err.text);
    return CAUSE_UNREADABLE;
}

/* Where they are taken from, and who waits. */
struct made_source {
    const struct pool_client *client;
    const char *identifier;
    const struct run_files_watch *watch;
};

/* The next one. */
static void take_file(struct run_files *files, const struct made_source *source, const char *path,
                      const char *change, int64_t size, const char *sha256)
{
    size_t number = files->made.count;
    if (files->status != STATUS_OK || !has_room(files))
        return;
    if (number == APP_FILES_MAX || strlen(path) > APP_FILE_NAMES_SIZE_MAX - files->names_size ||
        source->watch->is_over(source->watch->context)) {
        files->made.left_out++;
        return;
    }
    files->paths[number] = strdup(path);
    if (!files->paths[number]) {
        files->status = err_no_memory(&files->err);
        return;
    }
    files->names_size += strlen(path);
    files->made.count++;
    struct review_run_file *file = &files->files[number];
    *file = (struct review_run_file){.path = files->paths[number], .change = change, .size = size};
    file->cause = fetch(files, source->client, source->identifier, file, sha256, &files->drafts[number]);
    if (file->cause)
        file->sha256 = sha256;
    else
        file->draft = &files->drafts[number];
}

/* --- what there is to take --- */

static void take_reported(struct run_files *files, const struct made_source *source, const json_t *reported)
{
    const json_t *changes = json_object_get(reported, "changes");
    int64_t count = json_integer_value(json_object_get(reported, "count"));
    files->made.from = "report";
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *change = json_array_get(changes, i);
        const char *path = json_member_text(change, "path");
        const char *kind = json_member_text(change, "change");
        const json_t *size = json_object_get(change, "bytes");
        if (!path || !kind || strcmp(kind, "removed") == 0)
            continue;
        take_file(files, source, path, strcmp(kind, "made") == 0 ? "made" : "changed",
                  json_is_integer(size) ? json_integer_value(size) : -1, json_member_text(change, "sha256"));
    }
    if (count > (int64_t)json_array_size(changes))
        files->made.left_out += count - (int64_t)json_array_size(changes);
}

static bool is_same(const struct pool_file *before, const struct pool_file *now)
{
    return before->size == now->size && before->modified[0] && strcmp(before->modified, now->modified) == 0;
}

static void take_listed(struct run_files *files, const struct made_source *source)
{
    struct pool_file_list now = {0};
    struct err err = {0};
    bool listed =
        files->looked_before && pool_files_list(source->client, source->identifier, &now, &err) == STATUS_OK;
    if (listed)
        files->made.from = "list";
    else
        log_info(AREA, "what a run made cannot be told session=%s cause=\"%s\"", source->identifier,
                 err.text);
    for (size_t i = 0; i < now.count; i++) {
        const struct pool_file *file = &now.files[i];
        const struct pool_file *before = pool_file_list_find(&files->before, file->path);
        if (!before || !is_same(before, file))
            take_file(files, source, file->path, before ? "changed" : "made", file->size, NULL);
    }
    files->made.left_out += now.left_out;
    pool_file_list_fini(&now);
}

void run_files_take(struct run_files *files, const struct pool_client *client, const char *identifier,
                    const struct pool_run *run, const struct run_files_watch *watch)
{
    const struct made_source source = {client, identifier, watch};
    const json_t *told = json_object_get(run->effects, "files");
    if (told)
        take_reported(files, &source, told);
    else if (
        !run->reported) /* our own pool's silence means that the session is gone: a list would be a new one's */
        take_listed(files, &source);
    files->made.files = files->files;
}
