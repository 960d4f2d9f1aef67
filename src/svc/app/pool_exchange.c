/* SPDX-License-Identifier: MIT */
/* pool_exchange.c — a request is put together, driven on its line, and its end put into a status. */
#include "svc/app/pool_exchange.h"

#include <string.h>

#include "base/encode.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "credential/credential.h"
#include "credential/wiped.h"
#include "durabletask_azure.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define STEP_MS 1000

/* --- body and answer --- */

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct pool_exchange *exchange = context;
    size_t taken = MIN(size * count, exchange->unsent.size);
    memcpy(data, exchange->unsent.data, taken);
    exchange->unsent = bytes_slice(exchange->unsent, taken, exchange->unsent.size - taken);
    return taken;
}

/* Without this curl would send the code a second time when a connection that it has kept ends without an answer. */
static int on_body_again(void *context, curl_off_t offset, int origin)
{
    (void)context, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static void set_body(struct pool_exchange *exchange, struct bytes body)
{
    exchange->unsent = body;
    curl_easy_setopt(exchange->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(exchange->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(exchange->curl, CURLOPT_READFUNCTION, on_body);
    curl_easy_setopt(exchange->curl, CURLOPT_READDATA, exchange);
    curl_easy_setopt(exchange->curl, CURLOPT_SEEKFUNCTION, on_body_again);
}

/* Returning less than was given makes curl fail the transfer: the answer is over its limit, or nobody wants the rest. */
static size_t on_response(char *data, size_t size, size_t count, void *context)
{
    struct pool_exchange *exchange = context;
    if (exchange->on_data)
        return exchange->on_data(exchange->context, bytes_of(data, size * count)) ? size * count : 0;
    buf_append(&exchange->response, data, size * count);
    return exchange->response.failed ? 0 : size * count;
}

/* --- headers --- */

static enum status add_header(struct pool_exchange *exchange, const char *line)
{
    struct curl_slist *list = curl_slist_append(exchange->headers, line);
    if (!list)
        return STATUS_NO_MEMORY;
    exchange->headers = list;
    return STATUS_OK;
}

static enum status add_token(struct pool_exchange *exchange, const char *token)
{
    CLEANUP(wiped_fini) struct buf line = {0};
    enum status status = buf_reserve(&line, strlen(token) + 32);
    buf_append_fmt(&line, "Authorization: Bearer %s", token);
    buf_append_byte(&line, '\0');
    if (status == STATUS_OK)
        status = buf_status(&line);
    if (status != STATUS_OK)
        return status;
    return add_header(exchange, (const char *)line.data);
}

/* The given token, or one of the credential, or none. A source that does not answer now may do so later. */
static enum status add_authorization(struct pool_exchange *exchange, struct err *err)
{
    const struct pool_client *client = exchange->client;
    if (client->token)
        return add_token(exchange, client->token);
    if (!client->credential)
        return STATUS_OK;
    enum status status = buf_reserve(&exchange->token, WIPED_TOKEN_SIZE_MAX + 1);
    if (status != STATUS_OK)
        return status;
    struct dt_error fault = {.status = DT_OK};
    enum dt_status got = dt_azure_token(client->credential, CREDENTIAL_SCOPE_POOL,
                                        (char *)exchange->token.data, exchange->token.capacity, NULL, &fault);
    if (got == DT_OK)
        return add_token(exchange, (const char *)exchange->token.data);
    bool passing = got == DT_UNAVAILABLE || got == DT_DEADLINE_EXCEEDED || got == DT_CANCELLED;
    return err_set(err, passing ? STATUS_UNAVAILABLE : STATUS_FAILED_PRECONDITION,
                   "the session pool is not asked: %s", fault.text);
}

static enum status add_content_type(struct pool_exchange *exchange, const char *type)
{
    CLEANUP(buf_fini) struct buf line = {0};
    buf_append_fmt(&line, "Content-Type: %s", text_or(type, "application/json"));
    buf_append_byte(&line, '\0');
    enum status status = buf_status(&line);
    if (status != STATUS_OK)
        return status;
    return add_header(exchange, (const char *)line.data);
}

/* `value` NULL: none. */
static enum status add_named(struct pool_exchange *exchange, const char *name, const char *value)
{
    CLEANUP(buf_fini) struct buf line = {0};
    if (!value)
        return STATUS_OK;
    buf_append_fmt(&line, "%s: %s", name, value);
    buf_append_byte(&line, '\0');
    enum status status = buf_status(&line);
    if (status != STATUS_OK)
        return status;
    return add_header(exchange, (const char *)line.data);
}

static enum status add_headers(struct pool_exchange *exchange, const struct pool_question *question,
                               struct err *err)
{
    enum status status = add_content_type(exchange, question->content_type);
    if (status == STATUS_OK) /* bodies are small; a round trip for 100-continue is not worth it */
        status = add_header(exchange, "Expect:");
    if (status == STATUS_OK)
        status = add_named(exchange, "operation-id", question->operation);
    if (status == STATUS_OK)
        status = add_named(exchange, "sallyport-session", question->session_guid);
    if (status != STATUS_OK)
        return status;
    return add_authorization(exchange, err);
}

/* --- opening --- */

/* The pool's URL, one slash, the route, and its query. */
static enum status make_url(struct pool_exchange *exchange, const struct pool_question *question)
{
    struct buf *url = &exchange->url;
    struct bytes base = bytes_of_cstr(exchange->client->url);
    while (base.size && base.data[base.size - 1] == '/')
        base.size--;
    buf_append_bytes(url, base);
    buf_append_fmt(url, "/%s?api-version=%s", question->route, question->version);
    if (question->identifier) {
        buf_append_cstr(url, "&identifier=");
        percent_encode(url, bytes_of_cstr(question->identifier), NULL);
    }
    buf_append_cstr(url, text_or(question->more, ""));
    buf_append_byte(url, '\0');
    return buf_status(url);
}

static void configure(struct pool_exchange *exchange, const struct pool_question *question)
{
    CURL *curl = exchange->curl;
    curl_easy_setopt(curl, CURLOPT_URL, (const char *)exchange->url.data);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_response);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->detail);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, APP_POOL_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)question->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or later */
    if (exchange->client->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, exchange->client->ca_file);
    if (question->body.data)
        set_body(exchange, question->body);
    if (question->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question->method);
}

enum status pool_exchange_open(struct pool_exchange *exchange, const struct pool_client *client,
                               const struct pool_question *question, struct pool_exchange *host,
                               struct err *err)
{
    struct err why = {0};
    *exchange = (struct pool_exchange){.client = client, .is_guest = host != NULL};
    exchange->line = host ? host->line : pool_lines_take(client->lines);
    if (exchange->line)
        exchange->curl = host ? pool_lines_second(client->lines) : exchange->line->easy;
    buf_init(&exchange->response, client->response_size_max);
    enum status status = exchange->curl ? make_url(exchange, question) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = add_headers(exchange, question, &why);
    if (status != STATUS_OK) {
        pool_exchange_fini(exchange);
        return err_set(err, status, "%s", why.text[0] ? why.text : ERR_NO_MEMORY);
    }
    configure(exchange, question);
    return STATUS_OK;
}

void pool_exchange_fini(struct pool_exchange *exchange)
{
    if (exchange->running)
        (void)curl_multi_remove_handle(exchange->line->multi, exchange->curl);
    exchange->running = false;
    if (exchange->is_guest)
        curl_easy_cleanup(exchange->curl);
    else
        pool_lines_give(exchange->client->lines, exchange->line);
    for (struct curl_slist *line = exchange->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data)); /* one of them holds the token */
    curl_slist_free_all(exchange->headers);
    wiped_fini(&exchange->token);
    buf_fini(&exchange->url);
    buf_fini(&exchange->response);
}

/* --- on its way --- */

enum status pool_exchange_begin(struct pool_exchange *exchange, struct err *err)
{
    if (curl_multi_add_handle(exchange->line->multi, exchange->curl) != CURLM_OK)
        return err_no_memory(err);
    exchange->running = true;
    return STATUS_OK;
}

/* What has come to its end leaves the line. */
static void collect(struct pool_line *line)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(line->multi, &left));) {
        char *context = NULL;
        CURLcode code = message->data.result; /* the message is gone with its handle */
        CURL *curl = message->easy_handle;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(curl, CURLINFO_PRIVATE, &context);
        (void)curl_multi_remove_handle(line->multi, curl);
        struct pool_exchange *exchange = (void *)context;
        exchange->code = code;
        exchange->running = false;
    }
}

void pool_exchange_step(struct pool_exchange *exchange, int wait_ms)
{
    struct pool_line *line = exchange->line;
    int running = 0;
    CURLMcode code = curl_multi_perform(line->multi, &running);
    collect(line);
    if (code == CURLM_OK && exchange->running)
        code = curl_multi_poll(line->multi, NULL, 0, wait_ms, NULL);
    if (code == CURLM_OK)
        return;
    exchange->code = CURLE_OUT_OF_MEMORY;
    (void)curl_multi_remove_handle(line->multi, exchange->curl);
    exchange->running = false;
}

/* --- its end --- */

json_t *pool_exchange_json(struct bytes body)
{
    json_t *root = NULL;
    return json_parse(body, NULL, &root, NULL) == STATUS_OK ? root : NULL;
}

/* The code or message of an error answer in any of its shapes (section 4.2), for people. */
static void describe_refusal(struct bytes body, long http_status, struct err *err, enum status status)
{
    json_t *root = pool_exchange_json(body);
    json_t *inner = json_object_get(root, "error");
    const json_t *from = json_is_object(inner) ? inner : root;
    const char *code = json_member_text(from, "code");
    const char *message = json_member_text(from, "message");
    if (!message)
        message = json_member_text(from, "detail");
    (void)err_set(err, status, "the session pool answered %ld%s%s%s%s", http_status, code ? " " : "",
                  text_or(code, ""), message ? ": " : "", text_or(message, ""));
    json_decref(root);
}

static enum status status_of_http(long http_status)
{
    if (http_status >= 200 && http_status < 300)
        return STATUS_OK;
    if (http_status == 429)
        return STATUS_RESOURCE_EXHAUSTED;
    return http_status >= 500 ? STATUS_UNAVAILABLE : STATUS_FAILED_PRECONDITION;
}

/* The pool does not take the token (any more): the next try has another one. */
static enum status refuse_token(const struct pool_exchange *exchange, enum status status)
{
    if (!exchange->token.data)
        return status;
    const struct dt_token_provider *provider = dt_azure_token_provider(exchange->client->credential);
    provider->refused(CREDENTIAL_SCOPE_POOL, (const char *)exchange->token.data, provider->context);
    return STATUS_UNAVAILABLE;
}

static enum status describe_failure(const struct pool_exchange *exchange, struct err *err)
{
    CURLcode code = exchange->code;
    const char *detail = exchange->detail[0] ? exchange->detail : curl_easy_strerror(code);
    if (exchange->response.failed)
        return err_set(err, STATUS_MALFORMED, "the session pool's answer is larger than %zu bytes",
                       exchange->response.limit);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the session pool's URL is not usable: %s",
                       curl_easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the session pool's certificate: %s (see ca-file)",
                       detail);
    if (code == CURLE_WRITE_ERROR && exchange->on_data)
        return err_set(err, STATUS_CANCELLED, "the answer was broken off");
    if (code == CURLE_SEND_FAIL_REWIND)
        return err_set(err, STATUS_UNAVAILABLE, "the session pool ended the connection without an answer");
    return err_set(err, STATUS_UNAVAILABLE, "no answer from the session pool: %s", detail);
}

long pool_exchange_http_status(const struct pool_exchange *exchange)
{
    long http_status = 0;
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &http_status);
    return http_status;
}

enum status pool_exchange_end(struct pool_exchange *exchange, struct err *err)
{
    if (exchange->running) {
        (void)curl_multi_remove_handle(exchange->line->multi, exchange->curl);
        exchange->running = false;
        return err_set(err, STATUS_CANCELLED, "the run was broken off");
    }
    if (exchange->code != CURLE_OK || exchange->response.failed)
        return describe_failure(exchange, err);
    long http_status = pool_exchange_http_status(exchange);
    enum status status = status_of_http(http_status);
    if (http_status == 401)
        status = refuse_token(exchange, status);
    if (status != STATUS_OK)
        describe_refusal(buf_peek(&exchange->response), http_status, err, status);
    return status;
}

enum status pool_exchange_perform(struct pool_exchange *exchange, struct err *err)
{
    enum status status = pool_exchange_begin(exchange, err);
    if (status != STATUS_OK)
        return status;
    while (exchange->running)
        pool_exchange_step(exchange, STEP_MS);
    return pool_exchange_end(exchange, err);
}
