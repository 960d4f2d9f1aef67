/* SPDX-License-Identifier: MIT */
/* source_managed_identity.c — the identity of the place where we run: of a container app or web app by the address that its
 * environment names, else of a virtual machine by the instance metadata service. Neither needs a secret of ours. */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/encode.h"
#include "credential/authority.h"

#define METADATA_HOST "http://169.254.169.254"
#define TIMEOUT_NS    (10 * NS_PER_S)
#define PROBE_NS      (1 * NS_PER_S)
#define TRIES         3
#define HEADER_SIZE   1024 /* bytes with NUL */

/* Which identity of several; NULL: the only one. */
static const char *client_of(const struct source_query *query)
{
    if (query->settings->client_id)
        return query->settings->client_id;
    if (!query->in_chain)
        return NULL;
    return query->world->variable(query->world->context, "AZURE_CLIENT_ID");
}

static STATUS_RESULT make_url(const struct source_query *query, const char *base, const char *version,
                              struct buf *url)
{
    bool has_query = strchr(base, '?') != NULL;
    buf_append_fmt(url, "%s%capi-version=%s&resource=", base, has_query ? '&' : '?', version);
    percent_encode(url, bytes_of_cstr(query->resource), NULL);
    if (client_of(query))
        authority_append_pair(url, "client_id", bytes_of_cstr(client_of(query)));
    buf_append_byte(url, '\0');
    return buf_status(url);
}

static enum status ask_app(const struct source_query *query, const char *endpoint, const char *secret,
                           struct access_token *ret_token, int64_t *ret_wait_ns, struct err *err)
{
    CLEANUP(buf_fini) struct buf url = {0};
    char header[HEADER_SIZE];
    enum status status = authority_check_url(endpoint, "IDENTITY_ENDPOINT", true, err);
    if (status == STATUS_OK && !wiped_is_token(bytes_of_cstr(secret)))
        status = err_set(err, STATUS_FAILED_PRECONDITION, "IDENTITY_HEADER is no word");
    if (status == STATUS_OK)
        status = make_url(query, endpoint, "2019-08-01", &url);
    if (status != STATUS_OK)
        return status;
    if (snprintf(header, sizeof header, "X-IDENTITY-HEADER: %s", secret) >= (int)sizeof header)
        return err_set(err, STATUS_FAILED_PRECONDITION, "IDENTITY_HEADER is too long");
    const struct world_request request = {.url = (const char *)url.data,
                                          .header = header,
                                          .direct = true,
                                          .ca_file = query->settings->ca_file,
                                          .timeout_ns = TIMEOUT_NS};
    status = authority_ask(query, &request, TRIES, bytes_of_cstr(secret), ret_token, ret_wait_ns, err);
    explicit_bzero(header, sizeof header);
    return status;
}

/* Somebody who has no such service must not wait for it. Without the header the service answers 400 at once. */
static enum status probe(const struct source_query *query, const char *url, struct err *err)
{
    struct world_reply reply = {0};
    const struct world_request request = {.url = url, .direct = true, .timeout_ns = PROBE_NS};
    enum status status = query->world->ask(query->world->context, &request, &reply, err);
    world_reply_fini(&reply);
    if (status == STATUS_OK || status == STATUS_CANCELLED)
        return status;
    return err_set(err, STATUS_NOT_FOUND,
                   "no IDENTITY_ENDPOINT, and the instance metadata service does not answer");
}

static enum status ask_machine(const struct source_query *query, struct access_token *ret_token,
                               int64_t *ret_wait_ns, struct err *err)
{
    const char *named = query->world->variable(query->world->context, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    struct bytes host = bytes_of_cstr(named ? named : METADATA_HOST);
    while (host.size && host.data[host.size - 1] == '/')
        host.size--;
    CLEANUP(buf_fini) struct buf base = {0};
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append_fmt(&base, "%.*s/metadata/identity/oauth2/token", BYTES_FMT(host));
    buf_append_byte(&base, '\0');
    enum status status = buf_status(&base);
    if (status == STATUS_OK)
        status = authority_check_url((const char *)base.data, "AZURE_POD_IDENTITY_AUTHORITY_HOST", true, err);
    if (status == STATUS_OK)
        status = make_url(query, (const char *)base.data, "2018-02-01", &url);
    if (status == STATUS_OK && query->in_chain && !named)
        status = probe(query, (const char *)url.data, err);
    if (status != STATUS_OK)
        return status;
    const struct world_request request = {
        .url = (const char *)url.data, .header = "Metadata: true", .direct = true, .timeout_ns = TIMEOUT_NS};
    return authority_ask(query, &request, TRIES, (struct bytes){0}, ret_token, ret_wait_ns, err);
}

enum status source_managed_identity(const struct source_query *query, struct access_token *ret_token,
                                    int64_t *ret_wait_ns, struct err *err)
{
    const char *endpoint = query->world->variable(query->world->context, "IDENTITY_ENDPOINT");
    const char *secret = query->world->variable(query->world->context, "IDENTITY_HEADER");
    enum status status = endpoint && secret ? ask_app(query, endpoint, secret, ret_token, ret_wait_ns, err)
                                            : ask_machine(query, ret_token, ret_wait_ns, err);
    /* In the SDKs' chain a place without an identity is none; its answer is kept for the error. */
    return query->in_chain && (status == STATUS_UNAUTHENTICATED || status == STATUS_MALFORMED)
               ? STATUS_NOT_FOUND
               : status;
}
