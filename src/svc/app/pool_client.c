/* SPDX-License-Identifier: MIT */
/* pool_client.c — the two requests on libcurl, and the reading of the answer. */
#include "svc/app/pool_client.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/encode.h"
#include "base/text.h"
#include "credential/credential.h"
#include "credential/wiped.h"
#include "durabletask_azure.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_lines.h"
#include "wire/json/json.h"

#define EXECUTE_VERSION "2024-02-02-preview"
#define TEMPLATE_HEADER "Sallyport-Template"
#define RELEASE_VERSION "2025-02-02-preview"

void pool_run_fini(struct pool_run *run)
{
    buf_fini(&run->result);
}

enum status pool_client_global_init(struct err *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(error, STATUS_INTERNAL, "libcurl could not be initialised");
    return STATUS_OK;
}

void pool_client_global_fini(void)
{
    curl_global_cleanup();
}

static bool url_part_present(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool present = curl_url_get(url, part, &text, 0) == CURLUE_OK && *text;
    curl_free(text);
    return present;
}

bool pool_client_url_usable(const char *text)
{
    bool known = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
    CURLU *url = known ? curl_url() : NULL;
    bool usable = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                  url_part_present(url, CURLUPART_HOST) && !url_part_present(url, CURLUPART_QUERY) &&
                  !url_part_present(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    return usable;
}

/* One request to the pool. */
struct pool_exchange {
    const struct pool_client *client;
    CURL *curl;
    struct buf token; /* of the credential, with NUL; empty: none */
    struct curl_slist *headers;
    struct bytes unsent; /* of the body */
    struct buf response;
};

static void exchange_fini(struct pool_exchange *exchange)
{
    pool_lines_give(exchange->client->lines, exchange->curl);
    for (struct curl_slist *line = exchange->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data)); /* one of them holds the token */
    curl_slist_free_all(exchange->headers);
    wiped_fini(&exchange->token);
    buf_fini(&exchange->response);
}

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

/* Returning less than was given makes curl fail the transfer: the answer is over its limit. */
static size_t on_response(char *data, size_t size, size_t count, void *context)
{
    struct pool_exchange *exchange = context;
    buf_append(&exchange->response, data, size * count);
    return exchange->response.failed ? 0 : size * count;
}

static enum status add_header(struct pool_exchange *exchange, const char *line)
{
    struct curl_slist *list = curl_slist_append(exchange->headers, line);
    if (!list)
        return STATUS_NO_MEMORY;
    exchange->headers = list;
    return STATUS_OK;
}

/* The pool's URL, one slash, the route, and the two query parameters every route wants. */
static enum status make_url(const struct pool_client *client, const char *route, const char *version,
                            const char *identifier, struct buf *ret_url)
{
    struct bytes base = bytes_of_cstr(client->url);
    while (base.size && base.data[base.size - 1] == '/')
        base.size--;
    buf_append_bytes(ret_url, base);
    buf_append_fmt(ret_url, "/%s?api-version=%s&identifier=", route, version);
    percent_encode(ret_url, bytes_of_cstr(identifier), NULL);
    buf_append_byte(ret_url, '\0');
    return buf_status(ret_url);
}

static int on_progress(void *context, curl_off_t down_size, curl_off_t down, curl_off_t up_size,
                       curl_off_t up)
{
    (void)down_size, (void)down, (void)up_size, (void)up;
    const struct pool_watch *watch = context;
    return watch->is_unwanted(watch->context);
}

static enum status add_token(struct pool_exchange *exchange, const char *token)
{
    CLEANUP(wiped_fini) struct buf line = {0};
    enum status status = buf_reserve(&line, strlen(token) + 32);
    buf_append_fmt(&line, "Authorization: Bearer %s", token);
    buf_append_byte(&line, '\0');
    if (status == STATUS_OK)
        status = buf_status(&line);
    return status == STATUS_OK ? add_header(exchange, (const char *)line.data) : status;
}

/* The given token, or one of the credential, or none. A source that does not answer now may do so later. */
static enum status add_authorization(struct pool_exchange *exchange, struct err *error)
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
    return err_set(error, passing ? STATUS_UNAVAILABLE : STATUS_FAILED_PRECONDITION,
                   "the session pool is not asked: %s", fault.text);
}

static enum status exchange_open(const struct pool_client *client, struct pool_exchange *exchange,
                                 struct err *error)
{
    *exchange = (struct pool_exchange){.client = client, .curl = pool_lines_take(client->lines)};
    struct err why = {0};
    buf_init(&exchange->response, client->response_size_max);
    enum status status =
        exchange->curl ? add_header(exchange, "Content-Type: application/json") : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = add_header(exchange,
                            "Expect:"); /* bodies are small; a round trip for 100-continue is not worth it */
    if (status == STATUS_OK)
        status = add_authorization(exchange, &why);
    if (status != STATUS_OK) {
        exchange_fini(exchange);
        return err_set(error, status, "%s", why.text[0] ? why.text : "out of memory");
    }
    curl_easy_setopt(exchange->curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(exchange->curl, CURLOPT_WRITEFUNCTION, on_response);
    curl_easy_setopt(exchange->curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(exchange->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(exchange->curl, CURLOPT_CONNECTTIMEOUT_MS, APP_POOL_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(exchange->curl, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
    curl_easy_setopt(exchange->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(exchange->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or later */
    if (client->ca_file)
        curl_easy_setopt(exchange->curl, CURLOPT_CAINFO, client->ca_file);
    return STATUS_OK;
}

/* NULL for what is not JSON within the limits of wire/json: the pool may be anybody's. */
static json_t *parse_answer(struct bytes body)
{
    json_t *root = NULL;
    return json_parse(body, NULL, &root, NULL) == STATUS_OK ? root : NULL;
}

/* The code or message of an error answer in any of its shapes (section 4.2), for people. */
static void describe_refusal(struct bytes body, long http_status, struct err *error, enum status status)
{
    json_t *root = parse_answer(body);
    json_t *inner = json_object_get(root, "error");
    const json_t *from = json_is_object(inner) ? inner : root;
    const char *code = json_string_value(json_object_get(from, "code"));
    const char *message = json_string_value(json_object_get(from, "message"));
    if (!message)
        message = json_string_value(json_object_get(from, "detail"));
    (void)err_set(error, status, "the session pool answered %ld%s%s%s%s", http_status, code ? " " : "",
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

static enum status perform(struct pool_exchange *exchange, const char *url, struct err *error)
{
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(exchange->curl, CURLOPT_URL, url);
    curl_easy_setopt(exchange->curl, CURLOPT_ERRORBUFFER, detail);
    CURLcode code = curl_easy_perform(exchange->curl);
    curl_easy_setopt(exchange->curl, CURLOPT_ERRORBUFFER, NULL);
    if (exchange->response.failed)
        return err_set(error, STATUS_MALFORMED, "the session pool's answer is larger than %zu bytes",
                       exchange->response.limit);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return err_set(error, STATUS_FAILED_PRECONDITION, "the session pool's URL is not usable: %s",
                       curl_easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return err_set(error, STATUS_FAILED_PRECONDITION, "the session pool's certificate: %s (see ca-file)",
                       detail[0] ? detail : curl_easy_strerror(code));
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(error, STATUS_CANCELLED, "the run was broken off");
    if (code == CURLE_SEND_FAIL_REWIND)
        return err_set(error, STATUS_UNAVAILABLE, "the session pool ended the connection without an answer");
    if (code != CURLE_OK)
        return err_set(error, STATUS_UNAVAILABLE, "no answer from the session pool: %s",
                       detail[0] ? detail : curl_easy_strerror(code));
    long http_status = 0;
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &http_status);
    enum status status = status_of_http(http_status);
    if (http_status == 401)
        status = refuse_token(exchange, status);
    if (status != STATUS_OK)
        describe_refusal(buf_peek(&exchange->response), http_status, error, status);
    return status;
}

/* {"properties":{"codeInputType":"inline","executionType":"synchronous","code":…[,"timeoutInSeconds":…]}} */
static char *execute_body(const struct pool_client *client, struct bytes code)
{
    json_t *properties = json_pack("{s:s, s:s, s:o*}", "codeInputType", "inline", "executionType",
                                   "synchronous", "code", json_stringn((const char *)code.data, code.size));
    if (!json_object_get(properties, "code")) {
        json_decref(properties);
        return NULL;
    }
    if (client->run_timeout_ns)
        json_object_set_new(properties, "timeoutInSeconds",
                            json_integer((client->run_timeout_ns + NS_PER_S - 1) / NS_PER_S));
    json_t *root = json_pack("{s:o}", "properties", properties);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* Which template the session was made from, in the pool's header. */
static void read_template(CURL *curl, struct pool_run *run)
{
    struct curl_header *header;
    if (curl_easy_header(curl, TEMPLATE_HEADER, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    struct bytes value = bytes_of_cstr(header->value);
    if (value.size < sizeof run->template_id && bytes_utf8_valid(value))
        memcpy(run->template_id, value.data, value.size);
}

/* The exception in its own words, "Type: text"; its text may have many lines. False if the pool gave none. */
static bool describe_exception(const json_t *properties, char *ret_text, size_t size)
{
    const json_t *error = json_object_get(properties, "error");
    const char *name = json_string_value(json_object_get(error, "name"));
    const char *value = json_string_value(json_object_get(error, "value"));
    if (!name || !*name)
        return false;
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "%s%s%s", name, value && *value ? ": " : "", text_or(value, ""));
    struct bytes kept = bytes_utf8_prefix(buf_peek(&text), size - 1);
    snprintf(ret_text, size, "%.*s", BYTES_FMT(kept));
    return kept.size > 0;
}

/* The last line that is not blank: of a Python traceback, the one that names the error. */
static void last_line(const char *text, char *ret_line, size_t size)
{
    struct bytes rest = bytes_trim(bytes_of_cstr(text)), line = {NULL, 0};
    while (rest.data)
        line = bytes_split(&rest, '\n');
    line = bytes_utf8_prefix(bytes_trim(line), size - 1);
    snprintf(ret_line, size, "%.*s", BYTES_FMT(line));
}

static void drop_counters(json_t *object)
{
    json_object_del(object, "$id");
    json_object_del(object, "executionResult"); /* the same value as "result" (C2) */
}

static enum status read_answer(struct bytes body, struct pool_run *ret_run, struct err *error)
{
    json_t *root = parse_answer(body);
    json_t *properties = json_object_get(root, "properties");
    const char *status = json_string_value(json_object_get(properties, "status"));
    const char *error_text = json_string_value(json_object_get(properties, "stderr"));
    if (!status) {
        json_decref(root);
        return err_set(error, STATUS_MALFORMED, "the session pool's answer has no properties.status");
    }
    ret_run->succeeded = strcmp(status, "Success") == 0 || strcmp(status, "Succeeded") == 0;
    if (!ret_run->succeeded)
        ret_run->ending = run_ending_of(json_string_value(json_object_get(properties, "reason")));
    if (!ret_run->succeeded && !describe_exception(properties, ret_run->cause, sizeof ret_run->cause))
        last_line(error_text ? error_text : status, ret_run->cause, sizeof ret_run->cause);
    if (!json_object_get(properties, "result") && json_object_get(properties, "executionResult"))
        json_object_set(properties, "result", json_object_get(properties, "executionResult"));
    drop_counters(properties);
    char *text = json_dumps(properties, JSON_COMPACT);
    json_decref(root);
    if (text)
        buf_append_cstr(&ret_run->result, text);
    free(text);
    return text && !ret_run->result.failed ? STATUS_OK : err_set(error, STATUS_NO_MEMORY, "out of memory");
}

enum status pool_client_execute(const struct pool_client *client, const char *identifier, struct bytes code,
                                const struct pool_watch *watch, struct pool_run *ret_run, struct err *error)
{
    CLEANUP(buf_fini) struct buf url = {0};
    char *body = execute_body(client, code);
    if (!body)
        return err_set(error, STATUS_INVALID_ARGUMENT, "the code is not valid UTF-8");
    struct pool_exchange exchange;
    enum status status = make_url(client, "code/execute", EXECUTE_VERSION, identifier, &url);
    if (status == STATUS_OK)
        status = exchange_open(client, &exchange, error);
    if (status != STATUS_OK) {
        free(body);
        return status;
    }
    int64_t patience_ns = (client->run_timeout_ns ? client->run_timeout_ns : APP_POOL_RUN_TIMEOUT_NS) +
                          APP_POOL_ALLOCATION_TIMEOUT_NS;
    curl_easy_setopt(exchange.curl, CURLOPT_TIMEOUT_MS, (long)(patience_ns / NS_PER_MS));
    set_body(&exchange, bytes_of_cstr(body));
    if (watch) {
        curl_easy_setopt(exchange.curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(exchange.curl, CURLOPT_XFERINFODATA, watch);
        curl_easy_setopt(exchange.curl, CURLOPT_NOPROGRESS, 0L);
    }
    status = perform(&exchange, (const char *)url.data, error);
    *ret_run = (struct pool_run){.succeeded = false};
    if (status == STATUS_OK)
        status = read_answer(buf_peek(&exchange.response), ret_run, error);
    if (status == STATUS_OK)
        read_template(exchange.curl, ret_run);
    if (status != STATUS_OK)
        pool_run_fini(ret_run);
    exchange_fini(&exchange);
    free(body);
    return status;
}

enum status pool_client_release(const struct pool_client *client, const char *identifier, struct err *error)
{
    CLEANUP(buf_fini) struct buf url = {0};
    struct pool_exchange exchange;
    enum status status = make_url(client, "session", RELEASE_VERSION, identifier, &url);
    if (status == STATUS_OK)
        status = exchange_open(client, &exchange, error);
    if (status != STATUS_OK)
        return status;
    curl_easy_setopt(exchange.curl, CURLOPT_TIMEOUT_MS, APP_POOL_RELEASE_TIMEOUT_MS);
    curl_easy_setopt(exchange.curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    status = perform(&exchange, (const char *)url.data, error);
    exchange_fini(&exchange);
    return status == STATUS_FAILED_PRECONDITION ? STATUS_OK : status;
}

enum status pool_client_reach(const struct pool_client *client, struct err *error)
{
    CLEANUP(buf_fini) struct buf url = {0};
    struct pool_exchange exchange;
    enum status status = make_url(client, "metadata", RELEASE_VERSION, "", &url);
    if (status == STATUS_OK)
        status = exchange_open(client, &exchange, error);
    if (status != STATUS_OK)
        return status;
    curl_easy_setopt(exchange.curl, CURLOPT_TIMEOUT_MS, APP_POOL_REACH_TIMEOUT_MS);
    status = perform(&exchange, (const char *)url.data, error);
    long http_status = 0;
    curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &http_status);
    exchange_fini(&exchange);
    return http_status > 0 ? STATUS_OK : status;
}
