/* SPDX-License-Identifier: MIT */
/* authority.c — parts: where it may be; the form; asking. */
#include "credential/authority.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/encode.h"

#define AUTHORITY_DEFAULT "https://login.microsoftonline.com"
#define PAUSE_FIRST_NS    (500 * NS_PER_MS)
#define PAUSE_MAX_NS      (5 * NS_PER_S) /* a longer wait is the caller's, not this call's */

/* --- where it may be --- */

static bool is_here(const char *host, bool near)
{
    struct in_addr v4;
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) != 1)
        return false;
    uint32_t address = ntohl(v4.s_addr);
    return address >> 24 == 127 || (near && address >> 16 == 0xa9fe); /* 169.254.0.0/16, RFC 3927 */
}

static bool url_part_equals(CURLU *url, CURLUPart part, const char *expected)
{
    char *text = NULL;
    bool equal = curl_url_get(url, part, &text, 0) == CURLUE_OK && strcmp(text, expected) == 0;
    curl_free(text);
    return equal;
}

static bool url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && *text;
    curl_free(text);
    return has;
}

static bool host_is_here(CURLU *url, bool near)
{
    char *host = NULL;
    bool here = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && is_here(host, near);
    curl_free(host);
    return here;
}

enum status authority_check_url(const char *text, const char *what, bool near, struct err *err)
{
    CURLU *url = curl_url();
    bool parsed = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                  url_has(url, CURLUPART_HOST) && !url_has(url, CURLUPART_USER) &&
                  !url_has(url, CURLUPART_FRAGMENT) && strchr(text, '#') == NULL;
    bool https = parsed && url_part_equals(url, CURLUPART_SCHEME, "https");
    bool here = parsed && url_part_equals(url, CURLUPART_SCHEME, "http") && host_is_here(url, near);
    curl_url_cleanup(url);
    if (https || here)
        return STATUS_OK;
    return err_set(err, STATUS_FAILED_PRECONDITION,
                   parsed ? "%s is neither https nor on this machine" : "%s is no URL", what);
}

/* Letters, digits, '-' and '.': a GUID or a domain's name (as the SDKs check it). */
static bool is_tenant(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 128 &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.") == size;
}

enum status authority_token_url(const struct source_query *query, const char *tenant,
                                char ret_url[AUTHORITY_URL_SIZE], struct err *err)
{
    const char *host = query->settings->authority;
    if (!host)
        host = query->world->variable(query->world->context, "AZURE_AUTHORITY_HOST");
    if (!host)
        host = AUTHORITY_DEFAULT;
    if (!is_tenant(tenant))
        return err_set(err, STATUS_FAILED_PRECONDITION, "the tenant is neither an id nor a domain");

    const char *scheme = strstr(host, "://") ? "" : "https://";
    int size = snprintf(ret_url, AUTHORITY_URL_SIZE, "%s%s", scheme, host);
    if (size >= AUTHORITY_URL_SIZE)
        return err_set(err, STATUS_FAILED_PRECONDITION, "AZURE_AUTHORITY_HOST is too long");
    enum status status = authority_check_url(ret_url, "AZURE_AUTHORITY_HOST", false, err);
    if (status != STATUS_OK)
        return status;
    if (strchr(ret_url, '?'))
        return err_set(err, STATUS_FAILED_PRECONDITION, "AZURE_AUTHORITY_HOST is more than a host");

    while (ret_url[size - 1] == '/') /* there is a host before it */
        size--;
    size_t room = AUTHORITY_URL_SIZE - (size_t)size;
    if (snprintf(ret_url + size, room, "/%s/oauth2/v2.0/token", tenant) >= (int)room)
        return err_set(err, STATUS_FAILED_PRECONDITION, "AZURE_AUTHORITY_HOST is too long");
    return STATUS_OK;
}

/* --- the form --- */

void authority_append_pair(struct buf *form, const char *name, struct bytes value)
{
    buf_append_fmt(form, "%s%s=", form->size ? "&" : "", name);
    percent_encode(form, value, NULL);
}

void authority_append_client(struct buf *form, const struct source_query *query, const char *client_id)
{
    CLEANUP(buf_fini) struct buf scope = {0};
    buf_append_fmt(&scope, "%s/.default", query->resource);
    authority_append_pair(form, "client_id", bytes_of_cstr(client_id));
    authority_append_pair(form, "scope", buf_peek(&scope));
    authority_append_pair(form, "grant_type", BYTES_LITERAL("client_credentials"));
    form->failed |= scope.failed;
}

/* --- asking --- */

static bool is_passing(enum status status, long http_status)
{
    if (status == STATUS_UNAVAILABLE)
        return true;
    return status == STATUS_OK && (http_status == 429 || http_status >= 500);
}

/* What an answer or its absence means. */
static enum status judge(const struct source_query *query, enum status status, struct world_reply *reply,
                         struct bytes secret, struct access_token *ret_token, struct err *err)
{
    if (status != STATUS_OK)
        return status;
    if (reply->http_status == 200)
        return token_answer_read(buf_peek(&reply->body), query->world->unix_ns(query->world->context),
                                 ret_token, err);
    char fault[TOKEN_FAULT_SIZE];
    token_fault_describe(reply->http_status, buf_peek(&reply->body), secret, fault);
    return err_set(err,
                   is_passing(STATUS_OK, reply->http_status) ? STATUS_UNAVAILABLE : STATUS_UNAUTHENTICATED,
                   "%s", fault);
}

enum status authority_ask(const struct source_query *query, const struct world_request *request, int tries,
                          struct bytes secret, struct access_token *ret_token, int64_t *ret_wait_ns,
                          struct err *err)
{
    const struct credential_world *world = query->world;
    int64_t pause_ns = PAUSE_FIRST_NS;
    for (int try = 1;; try++) {
        CLEANUP(world_reply_fini) struct world_reply reply = {0};
        enum status status = world->ask(world->context, request, &reply, err);
        bool passing = is_passing(status, reply.http_status);
        *ret_wait_ns = reply.wait_ns;
        status = judge(query, status, &reply, secret, ret_token, err);
        int64_t wait_ns = MAX(pause_ns, reply.wait_ns);
        if (!passing || try == tries || wait_ns > PAUSE_MAX_NS)
            return status;
        if (!world->pause(world->context, wait_ns))
            return err_set(err, STATUS_CANCELLED, "the credential is being destroyed");
        pause_ns *= 2;
    }
}
