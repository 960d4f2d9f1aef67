/* SPDX-License-Identifier: MIT */
/* chain.c — three tables: the sources, the values of Authentication=, the values of AZURE_TOKEN_CREDENTIALS. A set of sources
 * is a set of bits, asked from the lowest. */
#include "credential/chain.h"

#include <stdio.h>
#include <string.h>

struct chain_row {
    const char *name;
    source_fn *get;
};

static const struct chain_row rows[CHAIN_SOURCES_MAX] = {
    {"environment", source_environment},
    {"workload identity", source_workload_identity},
    {"managed identity", source_managed_identity},
    {"Azure CLI", source_az},
};

enum { ENVIRONMENT = 1, WORKLOAD = 2, MANAGED = 4, AZ = 8, ALL = 15 };

static const struct {
    const char *value;
    unsigned sources;
    const char *instead; /* NULL: it works */
} authentications[] = {
    {"None", 0, NULL},
    {"DefaultAzure", ALL, NULL},
    {"ManagedIdentity", MANAGED, NULL},
    {"WorkloadIdentity", WORKLOAD, NULL},
    {"Environment", ENVIRONMENT, NULL},
    {"AzureCli", AZ, NULL},
    {"AzurePowerShell", 0, "sign in with az login and write AzureCli"},
    {"VisualStudio", 0, "sign in with az login and write AzureCli"},
    {"VisualStudioCode", 0, "sign in with az login and write AzureCli"},
    {"IntelliJ", 0, "sign in with az login and write AzureCli"},
    {"InteractiveBrowser", 0, "sign in with az login and write AzureCli, or DefaultAzure"},
};

static const struct {
    const char *value;
    unsigned sources;
} selections[] = {
    {"prod", ENVIRONMENT | WORKLOAD | MANAGED}, {"dev", AZ},
    {"EnvironmentCredential", ENVIRONMENT},     {"WorkloadIdentityCredential", WORKLOAD},
    {"ManagedIdentityCredential", MANAGED},     {"AzureCliCredential", AZ},
};

static void fill(struct chain *chain, unsigned sources)
{
    *chain = (struct chain){.settled = -1};
    for (int i = 0; i < CHAIN_SOURCES_MAX; i++)
        if (sources & 1u << i)
            chain->sources[chain->count++] = &rows[i];
}

static STATUS_RESULT select_some(const struct credential_world *world, unsigned *sources, struct err *err)
{
    const char *value = world->variable(world->context, "AZURE_TOKEN_CREDENTIALS");
    if (!value)
        return STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(selections); i++)
        if (bytes_equal_nocase(bytes_of_cstr(value), bytes_of_cstr(selections[i].value))) {
            *sources = selections[i].sources;
            return STATUS_OK;
        }
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "AZURE_TOKEN_CREDENTIALS: \"%.40s\" is none of prod, dev, EnvironmentCredential, "
                   "WorkloadIdentityCredential, ManagedIdentityCredential, AzureCliCredential",
                   value);
}

enum status chain_choose(struct bytes authentication, const struct credential_world *world,
                         struct chain *ret_chain, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(authentications); i++) {
        if (!bytes_equal_nocase(authentication, bytes_of_cstr(authentications[i].value)))
            continue;
        if (authentications[i].instead)
            return err_set(err, STATUS_INVALID_ARGUMENT, "Authentication=%s does not work here: %s",
                           authentications[i].value, authentications[i].instead);
        unsigned sources = authentications[i].sources;
        enum status status = sources == ALL ? select_some(world, &sources, err) : STATUS_OK;
        if (status == STATUS_OK)
            fill(ret_chain, sources);
        return status;
    }
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "Authentication=%.*s is none of None, DefaultAzure, ManagedIdentity, WorkloadIdentity, "
                   "Environment, AzureCli",
                   BYTES_FMT(bytes_slice(authentication, 0, 40)));
}

static void append_fault(char *fault, const char *name, const char *why)
{
    size_t size = strlen(fault);
    snprintf(fault + size, CHAIN_FAULT_SIZE - size, "%s%s: %s", size ? "; " : "", name, why);
}

enum status chain_get(struct chain *chain, struct source_query *query, struct access_token *ret_token,
                      int64_t *ret_wait_ns, char ret_fault[CHAIN_FAULT_SIZE])
{
    enum status status = STATUS_NOT_FOUND;
    int first = MAX(chain->settled, 0);
    int end = chain->settled >= 0 ? chain->settled + 1 : chain->count;
    query->in_chain = chain->count > 1;
    ret_fault[0] = '\0';
    for (int i = first; i < end && status == STATUS_NOT_FOUND; i++) {
        struct err err = {0};
        *ret_wait_ns = 0;
        status = chain->sources[i]->get(query, ret_token, ret_wait_ns, &err);
        if (status == STATUS_OK)
            chain->settled = i;
        else
            append_fault(ret_fault, chain->sources[i]->name, err.text[0] ? err.text : status_name(status));
    }
    return status == STATUS_NOT_FOUND ? STATUS_UNAUTHENTICATED : status;
}

const char *chain_source(const struct chain *chain)
{
    return chain->settled >= 0 ? chain->sources[chain->settled]->name : "";
}
