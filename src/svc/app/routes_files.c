/* SPDX-License-Identifier: MIT */
/* routes_files.c — the files of a request that is in the book: what went in, what came out, and what differs between two revisions.
 * ORDER: who takes output that is not released is written down before they get the first byte of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "core/pool/file_path.h"
#include "core/review/inputs.h"
#include "net/http_router.h"
#include "svc/app/file_stream.h"
#include "wire/json/json.h"

enum file_kind { FILE_MADE_BY_RUN, FILE_INPUT };

/* Asked for: a file, or the list of all (path NULL), or the difference of two revisions. */
struct file_wish {
    struct file_stream stream; /* first */
    enum file_kind kind;
    char *path;
    int64_t from_revision, revision; /* 0: the one before it; the present one */
    bool held;                       /* it is not released to whoever asks */
    bool recorded;                   /* the download is to be written down */
    json_t *answer;                  /* of what is no file */
};

static struct file_wish *look_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct file_wish, stream.base.base);
}

static void look_free(struct exchange *exchange)
{
    struct file_wish *look = look_of(exchange);
    free(look->path);
    json_decref(look->answer);
    file_stream_fini(&look->stream);
    book_exchange_free(exchange);
}

/* --- in the book --- */

static int64_t present_revision(const json_t *request)
{
    return json_integer_value(json_object_get(request, "revision"));
}

/* The record, if whoever asks may know of it; NOT_FOUND. */
static enum status read_request(struct book_exchange *exchange, struct review_book *book,
                                enum review_sight *ret_sight, struct err *err)
{
    enum status status = review_book_read(book, exchange->base.id, REVIEW_RAW, &exchange->json, err);
    if (status != STATUS_OK)
        return status;
    *ret_sight = book_exchange_sight(exchange);
    return *ret_sight == REVIEW_HIDDEN ? err_set(err, STATUS_NOT_FOUND, "no such request") : STATUS_OK;
}

/* The files of the revision or the run; new. NULL: there are none to speak of. */
static enum status read_list(struct file_wish *look, struct review_book *book, json_t **ret_files,
                             struct err *err)
{
    const json_t *request = look->stream.base.json;
    if (look->kind == FILE_MADE_BY_RUN)
        return review_book_files(book, request, ret_files, err);
    int64_t number = look->revision ? look->revision : present_revision(request);
    const json_t *revision = review_revision_of(request, number);
    if (!revision)
        return err_set(err, STATUS_NOT_FOUND, "no such revision");
    *ret_files = json_pack("{s:I, s:O*}", "revision", (json_int_t)number, "inputs",
                           json_object_get(revision, "files"));
    return *ret_files ? STATUS_OK : err_no_memory(err);
}

static enum status open_file(struct file_wish *look, struct review_book *book, const json_t *list,
                             struct err *err)
{
    const char *name = look->kind == FILE_INPUT ? "inputs" : "files";
    const json_t *file = review_input_at(json_object_get(list, name), look->path);
    const char *sha256 = json_member_text(file, "sha256");
    if (!sha256)
        return err_set(err, STATUS_NOT_FOUND, "no such file");
    (void)snprintf(look->stream.reader.sha256, sizeof look->stream.reader.sha256, "%s", sha256);
    review_blob_close(&look->stream.reader.blob); /* of the try before */
    return review_book_blob_open(book, sha256, &look->stream.reader.blob, err);
}

/* The list of what the run made, as the text whose hash the manifest names. */
static enum status read_text(struct file_wish *look, struct review_book *book, struct err *err)
{
    struct book_exchange *exchange = &look->stream.base;
    const json_t *list = json_object_get(exchange->json, "_files");
    const char *sha256 = json_member_text(list, "sha256");
    enum status status = sha256 ? review_book_blob(book, sha256, &exchange->bytes, err) : STATUS_NOT_FOUND;
    if (status != STATUS_NOT_FOUND)
        return status;
    look->answer = json_pack("{s:n}", "filesFrom"); /* nobody can tell of any */
    return look->answer ? STATUS_OK : err_no_memory(err);
}

static enum status find(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct file_wish *look = CONTAINER_OF(exchange, struct file_wish, stream.base);
    enum review_sight sight = REVIEW_HIDDEN;
    json_t *list = NULL;
    json_decref(look->answer);
    look->answer = NULL;
    enum status status = read_request(exchange, book, &sight, err);
    bool output = look->kind == FILE_MADE_BY_RUN;
    look->held = output && sight == REVIEW_HELD;
    look->recorded = output && !json_is_true(json_object_get(exchange->json, "released"));
    if (status != STATUS_OK || look->held)
        return status;

    if (review_is_emptied(exchange->json) && (output || look->path))
        return err_set(err, STATUS_NOT_FOUND, "it is not kept any more");
    if (output && !look->path)
        return read_text(look, book, err);
    status = read_list(look, book, &list, err);
    if (status == STATUS_OK && look->path)
        status = open_file(look, book, list, err);
    else if (status == STATUS_OK)
        look->answer = json_incref(list);
    json_decref(list);
    return status;
}

/* The hash of a revision's step, borrowed; NULL: it has none. */
static json_t *step_of(const json_t *revision)
{
    return json_object_get(json_object_get(json_object_get(revision, "then"), "code"), "sha256");
}

/* {"from"?,"to"?,"same"}, new: a step that a revision does not have is not there. */
static json_t *step_difference(const json_t *before, const json_t *after)
{
    json_t *from = step_of(before), *to = step_of(after);
    bool same = from && to ? json_equal(from, to) : from == to;
    return json_pack("{s:O*, s:O*, s:b}", "from", from, "to", to, "same", same);
}

static enum status compare(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct file_wish *look = CONTAINER_OF(exchange, struct file_wish, stream.base);
    enum review_sight sight;
    json_decref(look->answer);
    look->answer = NULL;
    enum status status = read_request(exchange, book, &sight, err);
    if (status != STATUS_OK)
        return status;
    int64_t to = look->revision ? look->revision : present_revision(exchange->json);
    int64_t from = look->from_revision ? look->from_revision : to - 1;
    const json_t *before = review_revision_of(exchange->json, from);
    const json_t *after = review_revision_of(exchange->json, to);
    if (!before || !after)
        return err_set(err, STATUS_NOT_FOUND, "no such revision");
    look->answer = json_pack(
        "{s:I, s:I, s:{s:O, s:O, s:b}, s:o, s:o}", "from", (json_int_t)from, "to", (json_int_t)to, "code",
        "from", json_object_get(before, "codeSha256"), "to", json_object_get(after, "codeSha256"), "same",
        json_equal(json_object_get(before, "codeSha256"), json_object_get(after, "codeSha256")), "inputs",
        review_inputs_difference(json_object_get(before, "files"), json_object_get(after, "files")), "step",
        step_difference(before, after));
    return look->answer ? STATUS_OK : err_no_memory(err);
}

/* --- the answer --- */

static void refuse_held(struct file_wish *look)
{
    static const char *const shown[] = {"state", "deadline"};
    const json_t *request = look->stream.base.json;
    json_t *body = app_problem_json(APP_NOT_RELEASED, "The files are held until somebody has approved them.");
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        json_t *value = json_object_get(request, shown[i]);
        if (value)
            json_object_set(body, shown[i], value);
    }
    exchange_answer_refusal(&look->stream.base.base, app_problems[APP_NOT_RELEASED].http_status, body);
}

/* What a browser may show by itself as an image or as text; all else is bytes to it. */
static const char *shown_type(const char *path)
{
    static const char *const harmless[] = {"image/png", "image/jpeg", "image/gif",       "image/webp",
                                           "text/csv",  "text/plain", "application/json"};
    const char *type = file_content_type(path);
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
        if (strncmp(type, harmless[i], strlen(harmless[i])) == 0)
            return type;
    return "application/octet-stream";
}

/* A file is a stranger's: it is offered for saving, never becomes part of our pages, and, should a browser open it, can do nothing. */
static bool add_headers(struct file_wish *look, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf disposition = {0};
    char tag[SECRET_HASH_SIZE + 3];
    (void)snprintf(tag, sizeof tag, "\"%s\"", look->stream.reader.sha256);
    buf_append_cstr(&disposition, "attachment; filename*=UTF-8''");
    percent_encode(&disposition, bytes_of_cstr(file_path_base(look->path)), NULL);
    return buf_status(&disposition) == STATUS_OK &&
           http_response_header(request, "Content-Disposition", buf_peek(&disposition)) == STATUS_OK &&
           http_response_header(request, "Content-Security-Policy",
                                BYTES_LITERAL("default-src 'none'; sandbox")) == STATUS_OK &&
           http_response_header(request, "ETag", bytes_of_cstr(tag)) == STATUS_OK &&
           http_response_header(request, "Accept-Ranges", BYTES_LITERAL("bytes")) == STATUS_OK;
}

/* True for "*", or a list that has the hash of the file. */
static bool names_it(struct bytes tags, const char *sha256)
{
    while (tags.data) {
        struct bytes tag = bytes_trim(bytes_split(&tags, ','));
        if (bytes_starts_with(tag, BYTES_LITERAL("W/")))
            tag = bytes_slice(tag, 2, SIZE_MAX);
        bool quoted = tag.size == SECRET_HASH_SIZE + 2;
        if (bytes_equal_cstr(tag, "*") ||
            (quoted && bytes_equal_cstr(bytes_slice(tag, 1, SECRET_HASH_SIZE), sha256)))
            return true;
    }
    return false;
}

/* One range (RFC 9110 section 14): "bytes=5-", "bytes=5-9", "bytes=-5". False: there is none that counts; all is sent then.
 * `*ret_empty`: it is one, and lies behind the end. */
static bool read_range(struct bytes header, size_t size, size_t *ret_from, size_t *ret_until, bool *ret_empty)
{
    uint64_t first = 0, last = UINT64_MAX;
    struct bytes rest = bytes_trim(header);
    *ret_empty = false;
    if (!bytes_starts_with(rest, BYTES_LITERAL("bytes=")) || memchr(rest.data, ',', rest.size))
        return false;
    rest = bytes_slice(rest, strlen("bytes="), SIZE_MAX);
    struct bytes begin = bytes_split(&rest, '-');
    bool has_first = bytes_parse_u64(begin, &first) == STATUS_OK;
    bool has_last = rest.data && bytes_parse_u64(rest, &last) == STATUS_OK;
    if (!rest.data || (begin.size && !has_first) || (rest.size && !has_last) || (!has_first && !has_last) ||
        (has_first && has_last && last < first))
        return false;
    if (!has_first) {
        first = last < size ? size - last : 0;
        last = UINT64_MAX;
    }
    *ret_empty = first >= size || (!has_first && size == first);
    *ret_from = (size_t)MIN(first, (uint64_t)size);
    *ret_until = last < size ? (size_t)last + 1 : size;
    return true;
}

static bool add_content_range(struct http_request *request, const char *range, size_t size)
{
    char text[100];
    (void)snprintf(text, sizeof text, "bytes %s/%zu", range, size);
    return http_response_header(request, "Content-Range", bytes_of_cstr(text)) == STATUS_OK;
}

/* What part of it is sent. False: it is answered. */
static bool choose_range(struct file_wish *look, struct http_request *request)
{
    struct file_stream *stream = &look->stream;
    struct bytes range = http_request_header(request, "range");
    struct bytes condition = http_request_header(request, "if-range");
    bool empty = false, whole = true;
    stream->reader.until = stream->reader.blob.size;
    stream->http_status = 200;
    if (!range.data || (condition.data && !names_it(condition, stream->reader.sha256)) ||
        !read_range(range, stream->reader.blob.size, &stream->reader.from, &stream->reader.until, &empty))
        return true;
    char text[64];
    (void)snprintf(text, sizeof text, "%zu-%zu", stream->reader.from, stream->reader.until - 1);
    whole = add_content_range(request, empty ? "*" : text, stream->reader.blob.size);
    stream->http_status = 206;
    if (whole && !empty)
        return true;
    exchange_answer_problem(&stream->base.base,
                            whole ? &app_problems[APP_RANGE_BEHIND_END] : http_problem_of_status(503),
                            whole ? "The file ends before this range." : ERR_NO_MEMORY);
    return false;
}

static void send_file(struct exchange *exchange)
{
    struct file_wish *look = look_of(exchange);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    look->stream.content_type = shown_type(look->path);
    if (exchange->request && !add_headers(look, exchange->request))
        exchange_answer_no_memory(exchange);
    else if (exchange->request && choose_range(look, exchange->request))
        file_stream_begin(&look->stream);
}

static void answer_unchanged(struct file_wish *look)
{
    struct exchange *exchange = &look->stream.base.base;
    if (add_headers(look, exchange->request))
        http_respond(exchange->request, 304, NULL, (struct bytes){0});
    else
        http_respond_no_memory(exchange->request);
    exchange->request = NULL;
    exchange_leave(exchange);
}

static void give_file(struct file_wish *look)
{
    struct exchange *exchange = &look->stream.base.base;
    const json_t *request = look->stream.base.json;
    struct bytes known = http_request_header(exchange->request, "if-none-match");
    if (known.data && names_it(known, look->stream.reader.sha256)) {
        answer_unchanged(look);
        return;
    }
    if (!look->recorded) {
        exchange->status = DT_OK;
        send_file(exchange);
        return;
    }
    (void)snprintf(exchange->id, sizeof exchange->id, "%s", text_or(json_member_text(request, "id"), ""));
    exchange_record(exchange, AUDIT_OUTPUT_DOWNLOADED,
                    json_pack("{s:s, s:s, s:I, s:O*}", "path", look->path, "sha256",
                              look->stream.reader.sha256, "run",
                              (json_int_t)json_integer_value(json_object_get(request, "run")),
                              "manifestSha256", json_object_get(request, "manifestSha256")),
                    send_file);
}

static void answer_not_found(struct file_wish *look)
{
    if (book_exchange_refuse_removed(&look->stream.base))
        return;
    struct exchange *exchange = &look->stream.base.base;
    if (look->stream.base.json && book_exchange_sight(&look->stream.base) != REVIEW_HIDDEN)
        exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_FILE],
                                look->path ? "The request has no such file, or it is not kept any more."
                                           : "The request has no such revision.");
    else
        exchange_answer_unknown(exchange);
}

static void on_found(struct exchange *exchange)
{
    struct file_wish *look = look_of(exchange);
    if (exchange->status == DT_NOT_FOUND)
        answer_not_found(look);
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (look->held)
        refuse_held(look);
    else if (look->answer)
        exchange_answer_json(exchange, 200, json_incref(look->answer));
    else if (!look->path)
        exchange_answer_bytes(exchange, "application/json", buf_peek(&look->stream.base.bytes), false);
    else
        give_file(look);
}

/* --- routes --- */

/* An optional number of a revision. False: it is answered. */
static bool read_revision(struct http_request *request, const char *name, int64_t *ret_number)
{
    struct bytes text = http_request_query(request, name);
    char detail[80];
    *ret_number = 0;
    if (!text.data || (bytes_parse_i64(text, ret_number) == STATUS_OK && *ret_number > 0))
        return true;
    (void)snprintf(detail, sizeof detail, "The value of %s must be the number of a revision.", name);
    http_respond_failure(request, 400, detail);
    return false;
}

/* NULL: it is answered. */
static struct file_wish *begin(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (book_exchange_refuse_without_book(service, request))
        return NULL;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct file_wish), look_free);
    if (!exchange)
        return NULL;
    struct file_wish *look = look_of(&exchange->base);
    look->stream.reader.blob.fd = -1;
    if (exchange_take_id(&exchange->base, id))
        return look;
    exchange_answer_unknown(&exchange->base);
    return NULL;
}

static void list(struct app_service *service, struct http_request *request, struct bytes id,
                 enum file_kind kind)
{
    int64_t revision = 0;
    if (kind == FILE_INPUT && !read_revision(request, "revision", &revision))
        return;
    struct file_wish *look = begin(service, request, id);
    if (!look)
        return;
    look->kind = kind;
    look->revision = revision;
    book_exchange_act(&look->stream.base, true, find, on_found);
}

static void get(struct app_service *service, struct http_request *request, struct bytes id,
                enum file_kind kind)
{
    int64_t revision = 0;
    if (kind == FILE_INPUT && !read_revision(request, "revision", &revision))
        return;
    struct file_wish *look = begin(service, request, id);
    if (!look)
        return;
    struct bytes path = http_request_second_value(request);
    look->kind = kind;
    look->revision = revision;
    look->path = memchr(path.data, '\0', path.size) ? NULL : strndup((const char *)path.data, path.size);
    if (look->path)
        book_exchange_act(&look->stream.base, true, find, on_found);
    else
        exchange_answer_problem(&look->stream.base.base, &app_problems[APP_UNKNOWN_FILE],
                                "The request has no such file.");
}

void route_files_list(struct app_service *service, struct http_request *request, struct bytes id)
{
    list(service, request, id, FILE_MADE_BY_RUN);
}

void route_files_get(struct app_service *service, struct http_request *request, struct bytes id)
{
    get(service, request, id, FILE_MADE_BY_RUN);
}

void route_inputs_list(struct app_service *service, struct http_request *request, struct bytes id)
{
    list(service, request, id, FILE_INPUT);
}

void route_inputs_get(struct app_service *service, struct http_request *request, struct bytes id)
{
    get(service, request, id, FILE_INPUT);
}

void route_review_difference(struct app_service *service, struct http_request *request, struct bytes id)
{
    int64_t from, to;
    if (!read_revision(request, "from", &from) || !read_revision(request, "to", &to))
        return;
    struct file_wish *look = begin(service, request, id);
    if (!look)
        return;
    look->from_revision = from;
    look->revision = to;
    book_exchange_act(&look->stream.base, true, compare, on_found);
}
