/* SPDX-License-Identifier: MIT */
/* export.c — GET /v1/requests/{id}/export: an archive with everything of a request that whoever asks may see, and a receipt that proves it
 * (doc/audit.md). Nobody has to have this program to read it.
 *
 *   read the record ──► written down: who takes it ──► the receipt ──► one part after the other: a text, or a blob piece by piece
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "core/review/inputs.h"
#include "os/clock.h"
#include "svc/app/blob_reader.h"
#include "svc/app/receipt.h"
#include "wire/json/json.h"
#include "wire/tar/tar.h"

#define PATH_ROOM (TAR_PATH_SIZE_MAX + 200)

/* A file of the archive: a blob, or a text. */
struct export_part {
    char *path;
    char sha256[SECRET_HASH_SIZE + 1]; /* "": the text */
    char *text;
};

struct export_exchange {
    struct receipt_exchange receipt; /* first */
    struct export_part *parts;
    size_t count, capacity, next;
    struct blob_reader reader;
    struct buf head; /* what stands in front of a part */
    int64_t made_s;
    bool begun;
    bool full; /* the reader has left too much unread */
};

static struct export_exchange *export_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct export_exchange, receipt.base.base);
}

static void forget_parts(struct export_exchange *export)
{
    for (size_t i = 0; i < export->count; i++) {
        free(export->parts[i].path);
        free(export->parts[i].text);
    }
    export->count = 0;
}

static void export_free(struct exchange *exchange)
{
    struct export_exchange *export = export_of(exchange);
    forget_parts(export);
    free(export->parts);
    blob_reader_fini(&export->reader);
    buf_fini(&export->head);
    request_receipt_fini(&export->receipt);
    book_exchange_free(exchange);
}

/* --- what is in it --- */

/* Takes `text`. A path that no archive may have is kept by the hash of what it names. */
static enum status add_part(struct export_exchange *export, const char *path, const char *sha256, char *text,
                            struct err *err)
{
    char other[SECRET_HASH_SIZE + 40];
    (void)snprintf(other, sizeof other, "files-by-hash/%s", text_or(sha256, "none"));
    if (!tar_path_fits(bytes_of_cstr(path)))
        path = other;
    if (export->count == export->capacity) {
        size_t capacity = MAX(2 * export->capacity, (size_t)16);
        struct export_part *parts = realloc(export->parts, capacity * sizeof *parts);
        if (parts) {
            export->parts = parts;
            export->capacity = capacity;
        }
    }
    struct export_part part = {.path = strdup(path), .text = text};
    (void)snprintf(part.sha256, sizeof part.sha256, "%s", text_or(sha256, ""));
    if (part.path && export->count < export->capacity) {
        export->parts[export->count++] = part;
        return STATUS_OK;
    }
    free(part.path);
    free(text);
    return err_no_memory(err);
}

/* A blob that `object` names, if it does. */
static enum status add_named(struct export_exchange *export, const char *path, const json_t *object,
                             const char *member, struct err *err)
{
    const char *sha256 = json_member_text(object, member);
    return sha256 ? add_part(export, path, sha256, NULL, err) : STATUS_OK;
}

static enum status add_files(struct export_exchange *export, const char *folder, const json_t *files,
                             struct err *err)
{
    json_t *file;
    size_t index;
    char path[PATH_ROOM];
    enum status status = STATUS_OK;
    json_array_foreach((json_t *)files, index, file)
    {
        const char *name = json_member_text(file, "path");
        (void)snprintf(path, sizeof path, "%s/%s", folder, text_or(name, ""));
        if (status == STATUS_OK)
            status = add_named(export, path, file, "sha256", err);
    }
    return status;
}

static enum status add_revisions(struct export_exchange *export, const json_t *record, struct err *err)
{
    json_t *revision;
    size_t index;
    char path[80];
    enum status status = STATUS_OK;
    json_array_foreach(json_object_get(record, "revisions"), index, revision)
    {
        long long number = json_integer_value(json_object_get(revision, "number"));
        (void)snprintf(path, sizeof path, "revisions/%lld/code.py", number);
        if (status == STATUS_OK)
            status = add_named(export, path, revision, "codeSha256", err);
        (void)snprintf(path, sizeof path, "revisions/%lld/inputs", number);
        if (status == STATUS_OK)
            status = add_files(export, path, json_object_get(revision, "files"), err);
    }
    return status;
}

/* By its hash; manifest.json among them. */
static bool has_manifest(const struct export_exchange *export, const char *sha256)
{
    for (size_t i = 0; i < export->count; i++)
        if (strcmp(export->parts[i].sha256, sha256) == 0)
            return true;
    return false;
}

/* Each manifest that a vote or a run was about, by its hash. */
static enum status add_manifests(struct export_exchange *export, const json_t *record, struct err *err)
{
    static const char *const named_by[] = {"votes", "runs"};
    json_t *item;
    size_t index;
    char path[SECRET_HASH_SIZE + 40];
    enum status status = add_named(export, "manifest.json", record, "manifestSha256", err);
    for (size_t i = 0; i < ARRAY_SIZE(named_by); i++)
        json_array_foreach(json_object_get(record, named_by[i]), index, item)
        {
            const char *sha256 = json_member_text(item, "manifestSha256");
            (void)snprintf(path, sizeof path, "manifests/%s.json", text_or(sha256, ""));
            if (status == STATUS_OK && sha256 && !has_manifest(export, sha256))
                status = add_part(export, path, sha256, NULL, err);
        }
    return status;
}

static const json_t *present_run(const json_t *record)
{
    const json_t *runs = json_object_get(record, "runs"), *number = json_object_get(record, "run");
    for (size_t i = json_array_size(runs); i-- > 0;)
        if (number && json_equal(json_object_get(json_array_get(runs, i), "number"), number))
            return json_array_get(runs, i);
    return NULL;
}

/* What stands between the doors until it is released. */
static enum status add_output(struct export_exchange *export, struct review_book *book, const json_t *record,
                              struct err *err)
{
    json_t *list = NULL;
    enum status status = add_named(export, "result.json", json_object_get(record, "_result"), "sha256", err);
    if (status == STATUS_OK)
        status = add_named(export, "effects.json", present_run(record), "effectsSha256", err);
    if (status == STATUS_OK)
        status = add_named(export, "files.json", json_object_get(record, "_files"), "sha256", err);
    if (status != STATUS_OK)
        return status;
    status = review_book_files(book, record, &list, err);
    if (status == STATUS_OK)
        status = add_files(export, "files", json_object_get(list, "files"), err);
    json_decref(list);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* nobody could tell, or retention has taken it */
}

/* In one transaction: all parts are of the same state of the request, and of what its reader may see of it. */
static enum status find_parts(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct export_exchange *export = export_of(&exchange->base);
    json_t *record = NULL;
    forget_parts(export);
    enum status status = request_receipt_read(&export->receipt, book, err);
    if (status != STATUS_OK || export->receipt.hidden)
        return status;
    status = review_book_read(book, exchange->base.id, REVIEW_RAW, &record, err);
    if (status == STATUS_OK)
        status = add_manifests(export, record, err);
    bool there = !review_is_emptied(record);
    if (status == STATUS_OK && there)
        status = add_revisions(export, record, err);
    if (status == STATUS_OK && there && export->receipt.sight == REVIEW_WHOLE)
        status = add_output(export, book, record, err);
    json_decref(record);
    return status;
}

/* --- one part after the other --- */

static void on_opened(struct exchange *exchange);
static void on_piece(struct exchange *exchange);
static void send_part(struct export_exchange *export);

/* An archive that could not be finished is broken off, so that no client takes it for whole. */
static void end(struct export_exchange *export, bool whole)
{
    struct exchange *exchange = &export->receipt.base.base;
    struct http_request *request = exchange->request;
    exchange_leave(exchange); /* it is gone */
    if (whole)
        http_stream_end(request);
    else
        http_stream_abort(request);
}

/* True if more may be written at once. */
static bool write_bytes(struct export_exchange *export, struct bytes bytes)
{
    export->full =
        http_stream_write(export->receipt.base.base.request, bytes) > APP_FILE_PIECE_SIZE || export->full;
    return !export->full;
}

static enum status open_blob(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct export_exchange *export = export_of(&exchange->base);
    struct blob_reader *reader = &export->reader;
    blob_reader_fini(reader);
    *reader = (struct blob_reader){.blob.fd = -1};
    memcpy(reader->sha256, export->parts[export->next].sha256, sizeof reader->sha256);
    enum status status = review_book_blob_open(book, reader->sha256, &reader->blob, err);
    if (status != STATUS_OK)
        return status;
    reader->until = reader->blob.size;
    return blob_reader_begin(reader, err);
}

static enum status read_piece(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return blob_reader_next(&export_of(&exchange->base)->reader, err);
}

static void next_piece(struct export_exchange *export)
{
    book_exchange_act_beside(&export->receipt.base, read_piece, on_piece);
}

/* The header of a part, with the archive's folder. False: the stream is broken off. */
static bool begin_part(struct export_exchange *export, uint64_t size)
{
    CLEANUP(buf_fini) struct buf path = {0};
    buf_append_fmt(&path, "request-%s/%s", export->receipt.base.base.id, export->parts[export->next].path);
    buf_clear(&export->head);
    if (buf_status(&path) == STATUS_OK &&
        tar_append_header(&export->head, buf_peek(&path), size, export->made_s, NULL) == STATUS_OK)
        return true;
    end(export, false);
    return false;
}

static void end_part(struct export_exchange *export)
{
    export->next++;
    send_part(export);
}

static void on_opened(struct exchange *exchange)
{
    struct export_exchange *export = export_of(exchange);
    if (exchange->status == DT_NOT_FOUND) { /* retention has taken it; its hash is in the manifest */
        end_part(export);
    } else if (exchange->status != DT_OK) {
        end(export, false);
    } else if (begin_part(export, export->reader.blob.size)) {
        (void)write_bytes(export, buf_peek(&export->head));
        next_piece(export);
    }
}

static void on_piece(struct exchange *exchange)
{
    struct export_exchange *export = export_of(exchange);
    if (exchange->status != DT_OK) { /* half a file must not be taken for one */
        end(export, false);
        return;
    }
    bool last = blob_reader_at_end(&export->reader);
    bool goes_on = write_bytes(export, buf_peek(&export->reader.piece));
    if (last) {
        buf_clear(&export->head);
        tar_append_padding(&export->head, export->reader.blob.size);
        goes_on = write_bytes(export, buf_peek(&export->head));
    }
    if (!goes_on)
        return; /* on_drain goes on */
    if (last)
        end_part(export);
    else
        next_piece(export);
}

/* Only when nothing is under way: a call that comes back goes on by itself. */
static void on_drain(void *context)
{
    struct export_exchange *export = context;
    bool waits = export->full && !export->receipt.base.base.calling;
    export->full = false;
    if (!waits)
        return;
    bool in_blob = export->next < export->count && export->parts[export->next].sha256[0];
    if (in_blob && !blob_reader_at_end(&export->reader))
        next_piece(export);
    else
        end_part(export);
}

static void send_text(struct export_exchange *export)
{
    struct bytes text = bytes_of_cstr(export->parts[export->next].text);
    if (!begin_part(export, text.size))
        return;
    buf_append_bytes(&export->head, text);
    tar_append_padding(&export->head, text.size);
    if (buf_status(&export->head) != STATUS_OK)
        end(export, false);
    else if (write_bytes(export, buf_peek(&export->head)))
        end_part(export);
}

static void send_part(struct export_exchange *export)
{
    if (export->next >= export->count) {
        buf_clear(&export->head);
        tar_append_end(&export->head);
        (void)write_bytes(export, buf_peek(&export->head));
        end(export, true);
    } else if (export->parts[export->next].sha256[0]) {
        book_exchange_act(&export->receipt.base, true, open_blob, on_opened);
    } else {
        send_text(export);
    }
}

/* --- the answer --- */

static const char README[] =
    "What a request of this server was about, and a receipt that proves it.\n\n"
    "receipt.json   entries of the audit log, signed by the server; check it, and every file here, with\n"
    "               sallyport audit check FOLDER --key KEY, where KEY is the server's public key that you "
    "got another way\n"
    "manifest.json  what was decided about, by hashes; its own SHA-256 is what people voted on\n"
    "request.json   the request as the server shows it: its word, for convenience\n"
    "audit-key.pub  the key that it says is its own: likewise\n"
    "revisions/     code and input files, by their number\n"
    "result.json, files.json, files/, effects.json: what the run came to, as far as it was released to you\n";

static enum status add_texts(struct export_exchange *export, struct err *err)
{
    struct receipt_exchange *receipt = &export->receipt;
    struct bytes key = audit_log_public_key(receipt->base.base.service->audit);
    enum status status = add_part(export, "README.txt", NULL, strdup(README), err);
    if (status == STATUS_OK)
        status = add_part(export, "receipt.json", NULL, json_dumps(receipt->receipt, JSON_INDENT(1)), err);
    if (status == STATUS_OK)
        status = add_part(export, "request.json", NULL, json_dumps(receipt->base.json, JSON_INDENT(1)), err);
    if (status == STATUS_OK)
        status = add_part(export, "audit-key.pub", NULL, strndup((const char *)key.data, key.size), err);
    for (size_t i = 0; status == STATUS_OK && i < export->count; i++)
        if (!export->parts[i].sha256[0] && !export->parts[i].text)
            status = err_no_memory(err);
    return status;
}

static void on_receipt(struct exchange *exchange)
{
    struct export_exchange *export = export_of(exchange);
    CLEANUP(buf_fini) struct buf disposition = {0};
    struct http_request *request = exchange->request;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    buf_append_fmt(&disposition, "attachment; filename=\"request-%s.tar\"", exchange->id);
    bool whole = add_texts(export, NULL) == STATUS_OK && buf_status(&disposition) == STATUS_OK &&
                 http_response_header(request, "Content-Disposition", buf_peek(&disposition)) == STATUS_OK;
    if (!whole) {
        exchange_answer_no_memory(exchange);
        return;
    }
    export->made_s = clock_unix_ns() / NS_PER_S;
    http_stream_begin(request, 200, "application/x-tar", on_drain, export);
    exchange->streams = true;
    send_part(export);
}

static void on_recorded(struct exchange *exchange)
{
    if (exchange->status == DT_OK)
        request_receipt_make(&export_of(exchange)->receipt, on_receipt);
    else
        exchange_answer_failure(exchange);
}

/* ORDER: who takes it is written down before the first byte goes, and the receipt has that entry, too. */
static void on_found(struct exchange *exchange)
{
    struct export_exchange *export = export_of(exchange);
    const json_t *request = export->receipt.base.json;
    if (exchange->status == DT_NOT_FOUND || (exchange->status == DT_OK && export->receipt.hidden)) {
        exchange_answer_unknown(exchange);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    (void)snprintf(exchange->id, sizeof exchange->id, "%s", text_or(json_member_text(request, "id"), ""));
    exchange_record(exchange, AUDIT_REQUEST_EXPORTED,
                    json_pack("{s:b, s:O*}", "output", export->receipt.sight == REVIEW_WHOLE,
                              "manifestSha256", json_object_get(request, "manifestSha256")),
                    on_recorded);
}

void route_review_export(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (book_exchange_refuse_without_book(service, request))
        return;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct export_exchange), export_free);
    if (!exchange)
        return;
    export_of(&exchange->base)->reader.blob.fd = -1;
    if (exchange_take_id(&exchange->base, id))
        book_exchange_act(exchange, true, find_parts, on_found);
    else
        exchange_answer_unknown(&exchange->base);
}
