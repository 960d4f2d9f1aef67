/* SPDX-License-Identifier: MIT */
/* azure.c — what libdurabletask-azure exports: credential.h in the words of the public header. */
#include <stdlib.h>

#include "base/duration.h"
#include "credential/azure.h"
#include "credential/credential.h"
#include "credential/wiped.h"

#define PATIENCE_NS (30 * NS_PER_S)

struct dt_azure_credential {
    struct credential *inner;
    struct dt_token_provider provider;
};

static enum dt_status report(enum status status, const struct err *err, struct dt_error *ret_error)
{
    enum dt_status answer = (enum dt_status)status_grpc(status);
    if (status == STATUS_NO_MEMORY)
        answer = DT_NO_MEMORY;
    if (status == STATUS_MALFORMED)
        answer = DT_INTERNAL; /* the token service's bytes */
    if (!ret_error || answer == DT_OK)
        return answer;
    const char *text = err->text[0] ? err->text : status_name(status);
    struct bytes line = bytes_utf8_prefix(bytes_of_cstr(text), sizeof ret_error->text - 1);
    memcpy(ret_error->text, line.data, line.size);
    ret_error->text[line.size] = '\0';
    ret_error->status = answer;
    return answer;
}

static enum dt_status give(const char *resource, char *ret_token, size_t capacity, int64_t *ret_expires_ns,
                           void *context)
{
    return dt_azure_token(context, resource, ret_token, capacity, ret_expires_ns, NULL);
}

static void on_refused(const char *resource, const char *token, void *context)
{
    const struct dt_azure_credential *credential = context;
    credential_refuse(credential->inner, resource, bytes_of_cstr(token));
}

static void explain(const char *resource, char *ret_text, size_t capacity, void *context)
{
    const struct dt_azure_credential *credential = context;
    credential_explain(credential->inner, resource, ret_text, capacity);
}

enum dt_status dt_azure_credential_create(const struct dt_azure_options *options,
                                          struct dt_azure_credential **ret_credential, struct dt_error *error)
{
    return azure_credential_create(options, NULL, ret_credential, error);
}

enum dt_status azure_credential_create(const struct dt_azure_options *options, struct az_helper *helper,
                                       struct dt_azure_credential **ret_credential, struct dt_error *error)
{
    struct err err = {0};
    size_t given_size = 0;
    if (options)
        memcpy(&given_size, options, sizeof given_size);
    if (given_size < sizeof given_size || !ret_credential)
        return report(err_set(&err, STATUS_INVALID_ARGUMENT, "azure options: NULL, or `size` is not set"),
                      &err, error);
    struct dt_azure_options known = {0};
    memcpy(&known, options, MIN(given_size, sizeof known));

    struct dt_azure_credential *credential = calloc(1, sizeof *credential);
    if (!credential)
        return report(STATUS_NO_MEMORY, &err, error);
    const struct credential_options inner = {.connection_string = known.connection_string,
                                             .authentication = known.authentication,
                                             .client_id = known.client_id,
                                             .tenant_id = known.tenant_id,
                                             .token_file = known.token_file,
                                             .authority = known.authority,
                                             .ca_file = known.ca_file,
                                             .helper = helper};
    enum status status = credential_create(&inner, &credential->inner, &err);
    credential->provider = (struct dt_token_provider){.size = sizeof credential->provider,
                                                      .give = give,
                                                      .refused = on_refused,
                                                      .fault = explain,
                                                      .context = credential};
    if (status == STATUS_OK && credential->inner) {
        *ret_credential = credential;
        return DT_OK;
    }
    free(credential);
    if (status == STATUS_OK)
        *ret_credential = NULL;
    return report(status, &err, error);
}

void dt_azure_credential_stop(struct dt_azure_credential *credential)
{
    if (credential)
        credential_stop(credential->inner);
}

void dt_azure_credential_destroy(struct dt_azure_credential *credential)
{
    if (!credential)
        return;
    credential_destroy(credential->inner);
    free(credential);
}

const struct dt_token_provider *dt_azure_token_provider(const struct dt_azure_credential *credential)
{
    return credential ? &credential->provider : NULL;
}

enum dt_status dt_azure_token(struct dt_azure_credential *credential, const char *resource, char *ret_token,
                              size_t capacity, int64_t *ret_expires_ns, struct dt_error *error)
{
    CLEANUP(wiped_fini) struct buf token = {0};
    struct err err = {0};
    enum status status = ret_token ? STATUS_OK : STATUS_INVALID_ARGUMENT;
    if (status == STATUS_OK)
        status = credential_get(credential ? credential->inner : NULL, resource, PATIENCE_NS, &token,
                                ret_expires_ns, &err);
    if (status == STATUS_OK && token.size > capacity)
        status = err_set(&err, STATUS_INVALID_ARGUMENT, "the token has %zu bytes", token.size);
    if (status == STATUS_OK)
        memcpy(ret_token, token.data, token.size);
    return report(status, &err, error);
}

const char *dt_azure_source(struct dt_azure_credential *credential)
{
    return credential_source(credential ? credential->inner : NULL);
}
