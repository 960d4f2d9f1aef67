/* SPDX-License-Identifier: MIT */
/* source_environment.c — an application that the environment names: with its secret, or with a certificate's key. */
#include "base/duration.h"
#include "base/encode.h"
#include "credential/assertion.h"
#include "credential/authority.h"

#define TIMEOUT_NS     (10 * NS_PER_S)
#define TRIES          3
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

struct application {
    const char *tenant_id;
    const char *client_id;
    const char *secret;      /* NULL: it has a certificate */
    const char *certificate; /* the file's name; NULL: it has a secret */
};

static const char *variable(const struct source_query *query, const char *name)
{
    return query->world->variable(query->world->context, name);
}

static STATUS_RESULT find(const struct source_query *query, struct application *ret_application,
                          struct err *err)
{
    struct application found = {.tenant_id = variable(query, "AZURE_TENANT_ID"),
                                .client_id = variable(query, "AZURE_CLIENT_ID"),
                                .secret = variable(query, "AZURE_CLIENT_SECRET"),
                                .certificate = variable(query, "AZURE_CLIENT_CERTIFICATE_PATH")};
    if (!found.tenant_id || !found.client_id)
        return err_set(err, STATUS_NOT_FOUND, "no AZURE_TENANT_ID and AZURE_CLIENT_ID");
    if (!found.secret && !found.certificate)
        return err_set(err, STATUS_NOT_FOUND, "no AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH");
    *ret_application = found;
    return STATUS_OK;
}

/* A server that knows only the old way of signing is one of the directory on one's own premises. */
static STATUS_RESULT sign(const struct source_query *query, const struct application *application,
                          const char *url, struct buf *ret_assertion, struct err *err)
{
    struct assertion_key *key = NULL;
    enum status status = assertion_key_open(application->certificate,
                                            variable(query, "AZURE_CLIENT_CERTIFICATE_PASSWORD"), &key, err);
    if (status != STATUS_OK)
        return status;
    char id[GUID_TEXT_SIZE + 1];
    uint64_t random[2] = {query->world->random(query->world->context),
                          query->world->random(query->world->context)};
    guid_format((const uint8_t *)random, id);
    const char *chain = variable(query, "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
    bool wants_chain = chain && (bytes_equal_cstr(bytes_of_cstr(chain), "1") ||
                                 bytes_equal_nocase(bytes_of_cstr(chain), BYTES_LITERAL("true")));
    const struct assertion_claims claims = {
        .client_id = application->client_id,
        .audience = url,
        .now_s = query->world->unix_ns(query->world->context) / NS_PER_S,
        .id = id,
        .classic = bytes_equal_nocase(bytes_of_cstr(application->tenant_id), BYTES_LITERAL("adfs")),
        .chain = wants_chain};
    status = assertion_make(key, &claims, ret_assertion, err);
    assertion_key_close(key);
    return status;
}

enum status source_environment(const struct source_query *query, struct access_token *ret_token,
                               int64_t *ret_wait_ns, struct err *err)
{
    struct application application = {0};
    enum status status = find(query, &application, err);
    if (status != STATUS_OK)
        return status;
    char url[AUTHORITY_URL_SIZE];
    status = authority_token_url(query, application.tenant_id, url, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(wiped_fini) struct buf form = {0};
    CLEANUP(wiped_fini) struct buf assertion = {0};
    if (buf_reserve(&form, WIPED_FILE_SIZE_MAX) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    authority_append_client(&form, query, application.client_id);
    struct bytes secret = bytes_of_cstr(application.secret);
    if (application.secret) {
        authority_append_pair(&form, "client_secret", secret);
    } else {
        status = sign(query, &application, url, &assertion, err);
        if (status != STATUS_OK)
            return status;
        secret = buf_peek(&assertion);
        authority_append_pair(&form, "client_assertion_type", BYTES_LITERAL(ASSERTION_TYPE));
        authority_append_pair(&form, "client_assertion", secret);
    }
    if (buf_status(&form) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    const struct world_request request = {
        .url = url, .form = buf_peek(&form), .ca_file = query->settings->ca_file, .timeout_ns = TIMEOUT_NS};
    return authority_ask(query, &request, TRIES, secret, ret_token, ret_wait_ns, err);
}
