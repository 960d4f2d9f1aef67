/* SPDX-License-Identifier: MIT */
/* world_http.c — a handle for each request: tokens are rare, and nothing of one is left for the next. */
#include "credential/world_http.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/duration.h"
#include "credential/token_answer.h"

#define CONNECT_TIMEOUT_MS 5000L
#define PROBE_MS           2000 /* a request that may take no longer than this connects as quickly */

struct http_transfer {
    struct world_reply *reply;
    const struct world_stop *stop;
    const char *ca_file;
};

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    buf_append(&transfer->reply->body, data, size * count);
    return transfer->reply->body.failed ? 0 : size * count;
}

static int on_progress(void *context, curl_off_t down_size, curl_off_t down, curl_off_t up_size,
                       curl_off_t up)
{
    (void)down_size, (void)down, (void)up_size, (void)up;
    const struct http_transfer *transfer = context;
    return transfer->stop->is_wanted(transfer->stop->context);
}

/* One's own authority counts besides the system's: a token service may stand behind either. */
static CURLcode on_tls(CURL *curl, void *tls, void *context)
{
    const struct http_transfer *transfer = context;
    bool good = SSL_CTX_load_verify_locations(tls, transfer->ca_file, NULL) == 1;
    ERR_clear_error();
    return good ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

static void initialise(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* counted; the program ends with it */
}

static void configure(CURL *curl, const struct world_request *request, struct http_transfer *transfer,
                      char *detail)
{
    long timeout_ms = (long)(request->timeout_ns / NS_PER_MS);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms <= PROBE_MS ? timeout_ms : CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    if (request->direct)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    const char *system_file = getenv("SSL_CERT_FILE"); /* as OpenSSL itself reads it */
    if (system_file && *system_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, system_file);
    if (request->ca_file) {
        curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls);
        curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer);
    }
    if (request->form.data) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->form.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form.data);
    }
}

static struct curl_slist *make_headers(const struct world_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    struct curl_slist *more = headers ? curl_slist_append(headers, "Expect:") : NULL;
    if (more && request->header)
        more = curl_slist_append(headers, request->header);
    if (more)
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

/* The header may hold a secret. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static STATUS_RESULT judge(CURLcode code, const struct http_transfer *transfer, const char *detail,
                           struct err *err)
{
    if (code == CURLE_OK)
        return STATUS_OK;
    if (transfer->reply->body.failed)
        return err_set(err, STATUS_MALFORMED, "the answer is larger than %zu bytes", TOKEN_ANSWER_SIZE_MAX);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(err, STATUS_CANCELLED, "the credential is being destroyed");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, STATUS_DEADLINE_EXCEEDED, "no answer in time");
    if (code == CURLE_OUT_OF_MEMORY)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    return err_set(err, STATUS_UNAVAILABLE, "%s", detail[0] ? detail : curl_easy_strerror(code));
}

enum status world_http_ask(const struct world_stop *stop, const struct world_request *request,
                           struct world_reply *ret_reply, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, initialise);
    struct http_transfer transfer = {.reply = ret_reply, .stop = stop, .ca_file = request->ca_file};
    buf_init(&ret_reply->body, TOKEN_ANSWER_SIZE_MAX);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(request);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    char detail[CURL_ERROR_SIZE] = "";
    if (curl && headers && buf_reserve(&ret_reply->body, TOKEN_ANSWER_SIZE_MAX) == STATUS_OK) {
        configure(curl, request, &transfer, detail);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(curl);
    }
    if (code == CURLE_OK) {
        curl_off_t wait_s = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_reply->http_status);
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_s);
        ret_reply->wait_ns = MIN(MAX(wait_s, 0), 3600) * NS_PER_S;
    }
    enum status status = judge(code, &transfer, detail, err);
    curl_easy_cleanup(curl);
    free_headers(headers);
    return status;
}
