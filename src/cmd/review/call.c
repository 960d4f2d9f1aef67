/* SPDX-License-Identifier: MIT */
/* call.c — answers go through one function; a shortened id is looked for page by page. */
#include "cmd/review/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "cmd/cli/cli.h"
#include "cmd/review/review.h"
#include "wire/json/json.h"

#define UPLOAD_BYTES_MS 128 /* of a body with files, at least, in a millisecond */

#define PAGE "/v1/requests?order=desc&limit=500"

int review_no_memory(const struct review_call *call)
{
    return server_failed(call->command, EXIT_FAILED, ERR_NO_MEMORY, NULL);
}

/* Ends with what a 2xx holds, or tells why there is none. */
static int take_answer(const struct review_call *call, const struct server_request *request,
                       json_t **ret_answer)
{
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    *ret_answer = NULL;
    server_ask(call->values, request, &answer);
    if (answer.http_status < 200 || answer.http_status > 299)
        return server_explain(call->command, call->values, &answer);

    struct err err = {0};
    if (json_parse(buf_peek(&answer.body), NULL, ret_answer, &err) != STATUS_OK)
        return server_failed(call->command, EXIT_FAILED, "the server's answer is no JSON", NULL);
    return EXIT_GOOD;
}

int review_get(const struct review_call *call, const char *path, int64_t patience_ms, json_t **ret_answer)
{
    const struct server_request request = {.method = "GET", .path = path, .patience_ms = patience_ms};
    return take_answer(call, &request, ret_answer);
}

/* Takes `body`. */
static int send_json(const struct review_call *call, const char *method, const char *path, json_t *body,
                     json_t **ret_answer)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    *ret_answer = NULL;
    if (!text)
        return review_no_memory(call);

    const struct server_request request = {.method = method,
                                           .path = path,
                                           .content_type = "application/json",
                                           .body = bytes_of_cstr(text),
                                           .patience_ms = SERVER_PATIENCE_MS +
                                                          (int64_t)(strlen(text) / UPLOAD_BYTES_MS)};
    int code = take_answer(call, &request, ret_answer);
    free(text);
    return code;
}

int review_post(const struct review_call *call, const char *path, json_t *body, json_t **ret_answer)
{
    return send_json(call, "POST", path, body, ret_answer);
}

int review_patch(const struct review_call *call, const char *path, json_t *body, json_t **ret_answer)
{
    return send_json(call, "PATCH", path, body, ret_answer);
}

int review_delete(const struct review_call *call, const char *path, json_t **ret_answer)
{
    const struct server_request request = {
        .method = "DELETE", .path = path, .patience_ms = SERVER_PATIENCE_MS};
    return take_answer(call, &request, ret_answer);
}

bool review_path(const struct review_call *call, const char *id, const char *rest, struct buf *ret_path)
{
    buf_append_cstr(ret_path, "/v1/requests/");
    percent_encode(ret_path, bytes_of_cstr(id), NULL);
    buf_append_cstr(ret_path, rest);
    buf_append_byte(ret_path, '\0');
    if (buf_status(ret_path) == STATUS_OK)
        return true;
    (void)review_no_memory(call);
    return false;
}

void review_link(const struct review_call *call, const char *id, const char *code, struct buf *ret_link)
{
    struct bytes base = bytes_of_cstr(setting_text(call->values, "url"));
    while (base.size > 0 && base.data[base.size - 1] == '/')
        base.size--;
    buf_append_bytes(ret_link, base);
    buf_append_cstr(ret_link, id || code ? "/#/" : "/");
    if (id) {
        buf_append_cstr(ret_link, "requests/");
        percent_encode(ret_link, bytes_of_cstr(id), NULL);
    }
    if (code) {
        buf_append_cstr(ret_link, "?link=");
        percent_encode(ret_link, bytes_of_cstr(code), NULL);
    }
    buf_append_byte(ret_link, '\0');
}

/* --- ids --- */

struct id_search {
    struct bytes typed;
    char *id;
    size_t found;
};

static void search_page(struct id_search *search, const json_t *page)
{
    const json_t *requests = json_object_get(page, "requests");
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const char *id = json_member_text(json_array_get(requests, i), "id");
        if (!id || strlen(id) >= REVIEW_ID_SIZE ||
            !bytes_starts_with_nocase(bytes_of_cstr(id), search->typed))
            continue;
        search->found++;
        (void)snprintf(search->id, REVIEW_ID_SIZE, "%s", id);
    }
}

/* ORDER: newest first, and on until the list ends or two are found: of a beginning it must be known that it is unique. */
static int search_all(const struct review_call *call, struct id_search *search)
{
    CLEANUP(buf_fini) struct buf path = {0};
    buf_append_cstr(&path, PAGE);
    buf_append_byte(&path, '\0');
    while (path.size > 0 && search->found < 2) {
        CLEANUP(json_release) json_t *page = NULL;
        if (buf_status(&path) != STATUS_OK)
            return review_no_memory(call);
        int code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &page);
        if (code != EXIT_GOOD)
            return code;

        search_page(search, page);
        const char *next = json_member_text(page, "next");
        buf_clear(&path);
        if (!next)
            break;
        buf_append_cstr(&path, PAGE "&after=");
        percent_encode(&path, bytes_of_cstr(next), NULL);
        buf_append_byte(&path, '\0');
    }
    return EXIT_GOOD;
}

int review_find(const struct review_call *call, char ret_id[REVIEW_ID_SIZE])
{
    const char *typed = call->values->positionals[0];
    struct id_search search = {.typed = bytes_of_cstr(typed), .id = ret_id};
    if (search.typed.size == 0 || search.typed.size >= REVIEW_ID_SIZE)
        return server_failed(call->command, EXIT_NOT_FOUND, "no request has this id",
                             "look with: sallyport ls");
    if (search.typed.size == GUID_TEXT_SIZE) {
        (void)snprintf(ret_id, REVIEW_ID_SIZE, "%s", typed);
        return EXIT_GOOD;
    }

    int code = search_all(call, &search);
    if (code != EXIT_GOOD)
        return code;
    if (search.found == 0)
        return server_failed(call->command, EXIT_NOT_FOUND, "no request's id begins so",
                             "look with: sallyport ls");
    if (search.found > 1)
        return server_failed(call->command, EXIT_USAGE, "several requests' ids begin so: type more of it",
                             NULL);
    return EXIT_GOOD;
}

int review_typed_path(const struct review_call *call, const char *rest, struct buf *ret_path)
{
    char id[REVIEW_ID_SIZE];
    int code = review_find(call, id);
    if (code == EXIT_GOOD && !review_path(call, id, rest, ret_path))
        code = EXIT_FAILED;
    return code;
}

int review_get_typed(const struct review_call *call, json_t **ret_request)
{
    CLEANUP(buf_fini) struct buf path = {0};
    int code = review_typed_path(call, "", &path);
    return code == EXIT_GOOD ? review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, ret_request)
                             : code;
}
