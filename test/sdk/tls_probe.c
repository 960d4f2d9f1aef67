/* SPDX-License-Identifier: MIT */
/* Asks for an instance over TLS and prints how that ended. Usage: tls_probe ENDPOINT CA_FILE [CERTIFICATE KEY] */
#include <stdio.h>

#include "durabletask.h"

static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    int *calls = context;
    snprintf(ret_token, capacity, "secret-%d", ++*calls);
    return DT_OK;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int tokens = 0;
    struct dt_connect_options o = DT_INIT(struct dt_connect_options);
    o.endpoint = argv[1];
    o.task_hub = "hub";
    o.ca_file = argv[2];
    o.certificate_file = argc > 4 ? argv[3] : NULL;
    o.key_file = argc > 4 ? argv[4] : NULL;
    o.token = give_token;
    o.token_context = &tokens;
    o.call_timeout_ms = 2000;
    struct dt_client *client = NULL;
    struct dt_instance *instance = NULL;
    struct dt_error e = {0};
    enum dt_status s = dt_client_create(&o, &client, &e);
    for (int i = 0; s == DT_OK && i < 2; i++) /* the second call uses the token of the first */
        if (dt_client_get(client, "instance", true, &instance, &e) == DT_OK)
            e.status = DT_OK;
    printf("%s %s\n", dt_status_name(e.status), e.text);
    dt_instance_destroy(instance);
    dt_client_destroy(client);
    return 0;
}
