/* SPDX-License-Identifier: MIT */
/* routes_blobs.c — the bytes of a request that is in the book: a manifest, the result, the code of a revision and of its step. What is not
 * released is held from who submitted it. */
#include <stdio.h>

#include "base/encode.h"
#include "core/review/inputs.h"
#include "core/review/manifest.h"
#include "net/http_router.h"
#include "svc/app/book_exchange.h"
#include "svc/app/submission_check.h"
#include "wire/json/json.h"

enum blob_kind { BLOB_MANIFEST, BLOB_RESULT, BLOB_CODE, BLOB_STEP };

struct blob_look {
    struct book_exchange base;
    enum blob_kind kind;
    int64_t number;                     /* of the revision */
    bool held;                          /* it is not released */
    bool lacks;                         /* NOT_FOUND is of what is asked for, not of the request */
    char earlier[SECRET_HASH_SIZE + 1]; /* the manifest that is asked for; "": the present one */
};

static struct blob_look *look_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct blob_look, base.base);
}

/* One that people were once asked about. ORDER: a hash alone opens nothing, for another request's manifest has one, too. */
static enum status read_earlier(const struct blob_look *look, const json_t *request, struct review_book *book,
                                struct buf *out, struct err *err)
{
    CLEANUP(json_release) json_t *manifest = NULL;
    enum status status = review_book_blob(book, look->earlier, out, err);
    if (status != STATUS_OK)
        return status;
    bool of_request = json_parse(buf_peek(out), NULL, &manifest, err) == STATUS_OK &&
                      bytes_equal_cstr(json_member_bytes(manifest, "format"), MANIFEST_FORMAT) &&
                      json_equal(json_object_get(manifest, "request"), json_object_get(request, "id"));
    if (of_request)
        return STATUS_OK;
    out->size = 0;
    return err_set(err, STATUS_NOT_FOUND, "nothing there");
}

/* NULL: there is none. */
static const char *hash_of(const struct blob_look *look, const json_t *request)
{
    const json_t *revision = review_revision_of(request, look->number);
    switch (look->kind) {
    case BLOB_MANIFEST:
        return json_member_text(request, "manifestSha256");
    case BLOB_RESULT:
        return json_member_text(json_object_get(request, "_result"), "sha256");
    case BLOB_CODE:
        return json_member_text(revision, "codeSha256");
    case BLOB_STEP:
        return json_member_text(json_object_get(json_object_get(revision, "then"), "code"), "sha256");
    }
    return NULL;
}

static enum status read_blob(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct blob_look *look = look_of(&exchange->base);
    enum status status = review_book_read(book, exchange->base.id, REVIEW_RAW, &exchange->json, err);
    if (status != STATUS_OK)
        return status;
    enum review_sight sight = book_exchange_sight(exchange);
    if (sight == REVIEW_HIDDEN)
        return err_set(err, STATUS_NOT_FOUND, "no such request");
    look->lacks = true;
    if (look->earlier[0])
        return read_earlier(look, exchange->json, book, &exchange->bytes, err);
    const char *hash = hash_of(look, exchange->json);
    look->held = look->kind == BLOB_RESULT && sight == REVIEW_HELD;
    if (look->held)
        return STATUS_OK;
    if (!hash)
        return err_set(err, STATUS_NOT_FOUND, "nothing there");
    if (look->kind == BLOB_MANIFEST)
        return review_book_blob(book, hash, &exchange->bytes, err);
    return review_book_blob_of(book, exchange->json, hash, &exchange->bytes, err);
}

static void refuse_held(struct blob_look *look)
{
    static const char *const shown[] = {"state", "deadline"};
    json_t *body = app_problem_json(APP_NOT_RELEASED, "The result is held until somebody has approved it.");
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        json_t *value = json_object_get(look->base.json, shown[i]);
        if (value)
            json_object_set(body, shown[i], value);
    }
    exchange_answer_refusal(&look->base.base, app_problems[APP_NOT_RELEASED].http_status, body);
}

static void on_blob(struct exchange *exchange)
{
    static const char *const types[] = {[BLOB_MANIFEST] = "application/json",
                                        [BLOB_RESULT] = "application/json",
                                        [BLOB_CODE] = "text/plain; charset=utf-8",
                                        [BLOB_STEP] = "text/plain; charset=utf-8"};
    static const char *const lacks_words[] = {
        [BLOB_MANIFEST] = "The request has no such manifest.",
        [BLOB_RESULT] = "The request has no result yet.",
        [BLOB_CODE] = "The request has no such revision.",
        [BLOB_STEP] = "The request has no such revision, or that has no step (then.code)."};
    struct blob_look *look = look_of(exchange);
    if (exchange->status == DT_NOT_FOUND && book_exchange_refuse_removed(&look->base))
        return;
    if (exchange->status == DT_NOT_FOUND && look->lacks)
        exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_FILE], lacks_words[look->kind]);
    else if (exchange->status == DT_NOT_FOUND)
        exchange_answer_unknown(exchange);
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (look->held)
        refuse_held(look);
    else
        exchange_answer_bytes(exchange, types[look->kind], buf_peek(&look->base.bytes),
                              look->kind == BLOB_CODE || look->kind == BLOB_STEP);
}

static void begin_blob(struct app_service *service, struct http_request *request, struct bytes id,
                       enum blob_kind kind, int64_t number, const char *earlier)
{
    if (book_exchange_refuse_without_book(service, request))
        return;
    struct book_exchange *exchange = book_exchange_create(service, request, sizeof(struct blob_look), NULL);
    if (!exchange)
        return;
    struct blob_look *look = look_of(&exchange->base);
    look->kind = kind;
    look->number = number;
    (void)snprintf(look->earlier, sizeof look->earlier, "%s", earlier);
    if (exchange_take_id(&exchange->base, id))
        book_exchange_act(exchange, true, read_blob, on_blob);
    else
        exchange_answer_unknown(&exchange->base);
}

void route_review_manifest(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct bytes wanted = http_request_query(request, "sha256");
    const char *earlier = wanted.data ? arena_cstr(http_request_arena(request), wanted) : "";
    if (!earlier || (wanted.data && !submission_hash(earlier)))
        http_respond_failure(request, 400, "The parameter sha256 must be 64 hexadecimal digits.");
    else
        begin_blob(service, request, id, BLOB_MANIFEST, 0, earlier);
}

void route_review_result(struct app_service *service, struct http_request *request, struct bytes id)
{
    begin_blob(service, request, id, BLOB_RESULT, 0, "");
}

static void begin_of_revision(struct app_service *service, struct http_request *request, struct bytes id,
                              enum blob_kind kind)
{
    int64_t number = 0;
    if (bytes_parse_i64(http_request_second_value(request), &number) != STATUS_OK)
        http_respond_failure(request, 404, "A revision has a number.");
    else
        begin_blob(service, request, id, kind, number, "");
}

void route_review_code(struct app_service *service, struct http_request *request, struct bytes id)
{
    begin_of_revision(service, request, id, BLOB_CODE);
}

void route_review_step(struct app_service *service, struct http_request *request, struct bytes id)
{
    begin_of_revision(service, request, id, BLOB_STEP);
}
