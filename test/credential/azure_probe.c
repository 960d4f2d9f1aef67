/* SPDX-License-Identifier: MIT */
/* Asks libdurabletask-azure for a token, once for each line of standard input, which is a scope, and prints how that ended: the
 * status, the source, the seconds that are left, and the token or the error's text; tabs between them.
 * Usage: azure_probe CONNECTION_STRING [CA_FILE] */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "durabletask_azure.h"

static void ask(struct dt_azure_credential *credential, const char *scope)
{
    static char token[16384];
    int64_t until_ns = 0;
    struct dt_error error = {.status = DT_OK};
    enum dt_status status = dt_azure_token(credential, scope, token, sizeof token, &until_ns, &error);
    printf("%s\t%s\t%lld\t%s\n", dt_status_name(status), dt_azure_source(credential),
           status == DT_OK ? (long long)(until_ns / 1000000000 - time(NULL)) : 0,
           status == DT_OK ? token : error.text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct dt_azure_options options = DT_INIT(struct dt_azure_options);
    options.connection_string = argc > 1 ? argv[1] : NULL;
    options.ca_file = argc > 2 ? argv[2] : NULL;
    struct dt_azure_credential *credential = NULL;
    struct dt_error error = {.status = DT_OK};
    enum dt_status status = dt_azure_credential_create(&options, &credential, &error);
    if (status != DT_OK) {
        printf("%s\t\t0\t%s\n", dt_status_name(status), error.text);
        return 1;
    }
    char scope[600];
    while (fgets(scope, sizeof scope, stdin)) {
        scope[strcspn(scope, "\n")] = '\0';
        ask(credential, scope);
    }
    dt_azure_credential_destroy(credential);
    return 0;
}
