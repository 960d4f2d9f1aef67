/* SPDX-License-Identifier: MIT */
/* source_workload_identity.c — an application to which another issuer's token speaks. The token is a file that its owner, such
 * as Kubernetes, writes anew; so it is read for each request. */
#include "base/duration.h"
#include "credential/authority.h"

#define TIMEOUT_NS     (10 * NS_PER_S)
#define TRIES          3
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static const char *setting(const struct source_query *query, const char *said, const char *variable)
{
    if (said)
        return said;
    return query->world->variable(query->world->context, variable);
}

static STATUS_RESULT read_assertion(const char *path, struct buf *content, struct bytes *ret_assertion,
                                    struct err *err)
{
    enum status status = wiped_read_file(path, "the file of the federated token", content, err);
    if (status != STATUS_OK)
        return status;
    *ret_assertion = bytes_trim(buf_peek(content));
    if (!wiped_is_token(*ret_assertion))
        return err_set(err, STATUS_FAILED_PRECONDITION, "the file of the federated token holds no token");
    return STATUS_OK;
}

enum status source_workload_identity(const struct source_query *query, struct access_token *ret_token,
                                     int64_t *ret_wait_ns, struct err *err)
{
    const struct source_settings *settings = query->settings;
    const char *path = setting(query, settings->token_file, "AZURE_FEDERATED_TOKEN_FILE");
    const char *client_id = setting(query, settings->client_id, "AZURE_CLIENT_ID");
    const char *tenant_id = setting(query, settings->tenant_id, "AZURE_TENANT_ID");
    if (!path)
        return err_set(err, STATUS_NOT_FOUND, "no AZURE_FEDERATED_TOKEN_FILE");
    if (!client_id || !tenant_id)
        return err_set(err, STATUS_NOT_FOUND, "no %s", client_id ? "AZURE_TENANT_ID" : "AZURE_CLIENT_ID");

    CLEANUP(wiped_fini) struct buf content = {0};
    CLEANUP(wiped_fini) struct buf form = {0};
    struct bytes assertion = {0};
    char url[AUTHORITY_URL_SIZE];
    enum status status = authority_token_url(query, tenant_id, url, err);
    if (status == STATUS_OK)
        status = read_assertion(path, &content, &assertion, err);
    if (status == STATUS_OK)
        status = buf_reserve(&form, WIPED_FILE_SIZE_MAX);
    if (status != STATUS_OK)
        return status;
    authority_append_client(&form, query, client_id);
    authority_append_pair(&form, "client_assertion_type", BYTES_LITERAL(ASSERTION_TYPE));
    authority_append_pair(&form, "client_assertion", assertion);
    if (buf_status(&form) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    const struct world_request request = {
        .url = url, .form = buf_peek(&form), .ca_file = settings->ca_file, .timeout_ns = TIMEOUT_NS};
    return authority_ask(query, &request, TRIES, assertion, ret_token, ret_wait_ns, err);
}
