/* SPDX-License-Identifier: MIT */
/* review_files.c — the files of a request: what a revision brings along, and what its run made. The former stand in the revision; the
 * latter are a list of its own, a blob, since code chooses how long it is and what the names say. */
#include <stdio.h>

#include "core/review/inputs.h"
#include "store/review/review_store_internal.h"
#include "wire/json/canonical.h"
#include "wire/json/json.h"

/* --- inputs --- */

/* Its bytes are in the book, as used by this request. */
static enum status put_file(struct review_book *book, const struct review_record *record,
                            const struct review_file *file, json_t *ret_array, struct err *err)
{
    json_int_t size =
        file->draft
            ? (json_int_t)file->draft->size
            : json_integer_value(json_object_get(review_input_named(record->doc, file->sha256), "size"));
    const char *sha256 = file->draft ? file->draft->sha256 : file->sha256;
    enum status status = file->draft ? review_blob_take(book, record->row, file->draft, err)
                                     : review_blob_use(book, record->row, file->sha256, err);
    if (status != STATUS_OK)
        return status;
    json_t *item = json_pack("{s:s, s:I, s:s}", "path", file->path, "size", size, "sha256", sha256);
    return item && json_array_append_new(ret_array, item) == 0 ? STATUS_OK : err_no_memory(err);
}

enum status review_files_put(struct review_book *book, const struct review_record *record,
                             const struct review_revision *revision, json_t *ret_array, struct err *err)
{
    enum status status = STATUS_OK;
    if (revision->same_files) {
        const json_t *before = json_object_get(review_record_revision(record), "files");
        bool whole = json_array_extend(ret_array, (json_t *)before) == 0 || !before;
        return whole ? STATUS_OK : err_no_memory(err);
    }
    for (size_t i = 0; status == STATUS_OK && i < revision->file_count; i++)
        status = put_file(book, record, &revision->files[i], ret_array, err);
    return status;
}

/* A hash is worth what the request has had already: with another's it would be a way to their bytes. */
bool review_files_there(const struct review_record *record, const struct review_revision *revision)
{
    for (size_t i = 0; i < revision->file_count; i++)
        if (!revision->files[i].draft && !review_input_named(record->doc, revision->files[i].sha256))
            return false;
    return true;
}

/* --- what a run made --- */

static json_t *file_json(const struct review_run_file *file)
{
    const struct review_draft *draft = file->draft;
    if (draft)
        return json_pack("{s:s, s:s, s:I, s:s}", "path", file->path, "change", file->change, "size",
                         (json_int_t)draft->size, "sha256", draft->sha256);
    return json_pack("{s:s, s:s, s:s, s:o*, s:s*}", "path", file->path, "change", file->change, "cause",
                     file->cause, "size", file->size < 0 ? NULL : json_integer((json_int_t)file->size),
                     "sha256", file->sha256);
}

/* Into "files" or "filesNotKept" of the list. */
static enum status take_file(struct review_book *book, const struct review_record *record,
                             const struct review_run_file *file, json_t *list, struct err *err)
{
    json_t *item = file_json(file);
    json_t *array = json_object_get(list, file->draft ? "files" : "filesNotKept");
    if (!item || json_array_append_new(array, item) != 0)
        return err_no_memory(err);
    return file->draft ? review_blob_take(book, record->row, file->draft, err) : STATUS_OK;
}

static enum status put_list(struct review_book *book, struct review_record *record, json_t *list,
                            struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    char sha256[SECRET_HASH_SIZE + 1];
    enum status status = canonical_append(&text, list, err);
    if (status == STATUS_OK)
        status = review_blob_put(book, record->row, buf_peek(&text), sha256, err);
    if (status == STATUS_OK)
        json_object_set_new(record->doc, "_files",
                            json_pack("{s:s, s:I}", "sha256", sha256, "size", (json_int_t)text.size));
    return status;
}

enum status review_files_take(struct review_book *book, struct review_record *record,
                              const struct review_run_files *files, struct err *err)
{
    if (!files->from)
        return STATUS_OK;
    json_t *list = json_pack("{s:s, s:[], s:[]}", "filesFrom", files->from, "files", "filesNotKept");
    enum status status = list ? STATUS_OK : err_no_memory(err);
    for (size_t i = 0; status == STATUS_OK && i < files->count; i++)
        status = take_file(book, record, &files->files[i], list, err);
    if (status == STATUS_OK && json_array_size(json_object_get(list, "filesNotKept")) == 0)
        json_object_del(list, "filesNotKept");
    if (status == STATUS_OK && files->left_out > 0)
        json_object_set_new(list, "filesLeftOut", json_integer((json_int_t)files->left_out));
    if (status == STATUS_OK)
        status = put_list(book, record, list, err);
    json_decref(list);
    return status;
}

enum status review_book_files(struct review_book *book, const json_t *request, json_t **ret_files,
                              struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *sha256 = json_member_text(json_object_get(request, "_files"), "sha256");
    if (!sha256)
        return err_set(err, STATUS_NOT_FOUND, "nobody has reported files");
    enum status status = review_book_blob_of(book, request, sha256, &text, err);
    if (status != STATUS_OK)
        return status;
    *ret_files = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    return *ret_files ? STATUS_OK : err_no_memory(err);
}
