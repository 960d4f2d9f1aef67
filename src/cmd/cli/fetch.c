/* SPDX-License-Identifier: MIT */
/* fetch.c — libcurl with bounds: size, time, protocols, no redirect. */
#include "cmd/cli/fetch.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/cli/server.h"
#include "cmd/limit_values.h"
#include "credential/wiped.h"
#include "os/clock.h"
#include "wire/json/json.h"

static size_t on_data(char *data, size_t unit, size_t count, void *context)
{
    struct buf *body = context;
    buf_append(body, data, unit * count);
    return body->failed ? 0 : unit * count;
}

void fetch_append_segment(struct buf *out, const char *text)
{
    percent_encode(out, bytes_of_cstr(text), NULL);
}

/* The URL of the API: the endpoint as HTTP has it; grpc:// and grpcs:// are names of http:// and https://. */
static void make_url(const struct cli_session *session, const char *path, struct buf *out)
{
    struct bytes endpoint = bytes_of_cstr((const char *)session->endpoint.data);
    const struct bytes grpc = BYTES_LITERAL("grpc");
    if (bytes_starts_with_nocase(endpoint, grpc)) {
        buf_append_cstr(out, "http");
        endpoint = bytes_slice(endpoint, grpc.size, SIZE_MAX);
    } else if (bytes_find(endpoint, BYTES_LITERAL("://")) == endpoint.size) {
        buf_append_cstr(out, "https://"); /* as the connection string means it */
    }
    while (endpoint.size && endpoint.data[endpoint.size - 1] == '/')
        endpoint.size--;
    buf_append_bytes(out, endpoint);
    buf_append_cstr(out, path);
    buf_append_byte(out, '\0');
}

static struct curl_slist *make_headers(const struct cli_session *session, const struct buf *token)
{
    CLEANUP(wiped_fini) struct buf line = {0};
    buf_append_fmt(&line, "x-taskhub: %s", (const char *)session->hub.data);
    buf_append_byte(&line, '\0');
    struct curl_slist *headers = line.failed ? NULL : curl_slist_append(NULL, (const char *)line.data);
    if (!token->size || !headers)
        return headers;
    buf_clear(&line);
    buf_append_fmt(&line, "Authorization: Bearer %s", (const char *)token->data);
    buf_append_byte(&line, '\0');
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(headers, (const char *)line.data);
    return more ? more : headers;
}

static CURLcode perform(const struct cli_session *session, CURL *curl, const char *url,
                        struct curl_slist *headers, struct buf *body, char *text)
{
    long timeout_ms = (long)(setting_number(session->values, "timeout") / NS_PER_MS);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    const char *authorities = text_or(session->ca_file, server_authorities(session->values));
    if (authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
    if (session->local.text.size > 0)
        local_key_guard(&session->local, curl);
    return curl_easy_perform(curl);
}

enum status fetch_bytes(const struct cli_session *session, const char *path, long *ret_status,
                        struct buf *ret_body, struct err *err)
{
    CLEANUP(buf_fini) struct buf url = {0};
    char text[CURL_ERROR_SIZE] = "";
    CLEANUP(wiped_fini) struct buf token = {0};
    enum status status = cli_session_token(session, &token, err);
    if (status != STATUS_OK)
        return status;
    ret_body->limit = CLI_ANSWER_SIZE_MAX;
    make_url(session, path, &url);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(session, &token);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl && headers && buf_status(&url) == STATUS_OK)
        code = perform(session, curl, (const char *)url.data, headers, ret_body, text);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code == CURLE_PEER_FAILED_VERIFICATION) /* as libdurabletask says it */
        return err_set(err, STATUS_FAILED_PRECONDITION, CLI_TLS_FAULT "%s", text);
    if (local_key_fault(code))
        return err_set(err, STATUS_FAILED_PRECONDITION, "%s", local_key_fault(code));
    if (code != CURLE_OK)
        return err_set(err, STATUS_UNAVAILABLE, "%s", text[0] ? text : curl_easy_strerror(code));
    return STATUS_OK;
}

enum status fetch_json(const struct cli_session *session, const char *path, long *ret_status,
                       json_t **ret_answer, struct err *err)
{
    CLEANUP(buf_fini) struct buf body = {0};
    *ret_answer = NULL;
    enum status status = fetch_bytes(session, path, ret_status, &body, err);
    if (status != STATUS_OK)
        return status;
    if (json_parse(buf_peek(&body), NULL, ret_answer, NULL) != STATUS_OK)
        *ret_answer = NULL; /* an endpoint that has no such API answers what it likes */
    return STATUS_OK;
}

/* What the HTTP status means to whoever typed the command. */
static enum dt_status meaning_of(long http_status)
{
    static const struct {
        long http_status;
        enum dt_status status;
    } rows[] = {{401, DT_UNAUTHENTICATED}, {403, DT_PERMISSION_DENIED}, {503, DT_UNAVAILABLE}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].http_status == http_status)
            return rows[i].status;
    return DT_UNIMPLEMENTED;
}

int fetch_text(const struct cli_session *session, const char *path, const char *absent, struct buf *ret_body)
{
    struct err err = {0};
    long http_status = 0;
    enum status status = fetch_bytes(session, path, &http_status, ret_body, &err);
    if (status != STATUS_OK) {
        struct dt_error error = {.status = status == STATUS_FAILED_PRECONDITION ? DT_FAILED_PRECONDITION
                                                                                : DT_UNAVAILABLE};
        (void)snprintf(error.text, sizeof error.text, "%s", err.text);
        return cli_session_failed(session, &error, NULL);
    }
    if (http_status == 200)
        return EXIT_GOOD;
    CLEANUP(json_release) json_t *problem = NULL;
    (void)!json_parse(buf_peek(ret_body), NULL, &problem, NULL);
    const char *detail = json_member_text(problem, "detail");
    struct dt_error error = {.status = meaning_of(http_status)};
    (void)snprintf(error.text, sizeof error.text, "%s", detail ? detail : absent);
    return cli_session_failed(session, &error, NULL);
}
