/* SPDX-License-Identifier: MIT */
/* ready.c — the banner and the ready file. */
#include "cmd/ready.h"

#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/state_dir.h"

static json_t *text_or_null(const char *text)
{
    if (text && *text)
        return json_string(text);
    return json_null();
}

/* The connection string of the addresses is for whoever is let in as they are; others have to sign in. */
struct scheduler_string {
    char text[sizeof((struct addresses *)NULL)->connection_string + sizeof "DefaultAzure"];
};

static struct scheduler_string scheduler_string_of(const struct addresses *addresses)
{
    struct scheduler_string shown = {0};
    struct bytes string = bytes_of_cstr(addresses->connection_string);
    struct bytes before = bytes_slice(string, 0, bytes_find(string, BYTES_LITERAL("Authentication=")));
    if (addresses->sign_in && string.size > 0)
        (void)snprintf(shown.text, sizeof shown.text, "%.*sAuthentication=DefaultAzure", BYTES_FMT(before));
    else
        (void)snprintf(shown.text, sizeof shown.text, "%.*s", BYTES_FMT(string));
    return shown;
}

enum status ready_file_prepare(const char *path, struct err *err)
{
    CLEANUP(buf_fini) struct buf copy = {0};
    buf_append_cstr(&copy, path);
    buf_append_byte(&copy, '\0');
    if (buf_status(&copy) != STATUS_OK)
        return err_no_memory(err);
    bool gone = unlink(path) == 0 || errno == ENOENT;
    if (gone && access(dirname((char *)copy.data), W_OK | X_OK) == 0)
        return STATUS_OK;
    return err_set(err, STATUS_IO, "ready-file: cannot write %s: %s", path, strerror(errno));
}

enum status ready_file_write(const char *path, const struct addresses *addresses, struct err *err)
{
    const struct scheduler_string scheduler = scheduler_string_of(addresses);
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "url", addresses->url, "sessionPoolUrl",
        text_or_null(addresses->pool_url), "schedulerConnectionString", text_or_null(scheduler.text), "pid",
        (json_int_t)getpid(), "dataDir", text_or_null(addresses->data_dir), "certificateAuthority",
        text_or_null(addresses->authority), "emulatorUrl", text_or_null(addresses->emulator_url),
        "emulatorDashboardUrl", text_or_null(addresses->emulator_dashboard_url));
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    enum status status = text ? file_replace(path, bytes_of_cstr(text), err) : err_no_memory(err);
    free(text);
    return status;
}

/* What a client must know of TLS. */
static void print_tls(const struct addresses *addresses)
{
    if (*addresses->certificate)
        printf("  certificate       %s\n", addresses->certificate);
    if (*addresses->authority)
        printf("  its authority     %s\n", addresses->authority);
}

/* The variables that most clients read. */
static void print_trust(const struct addresses *addresses)
{
    static const char *const variables[] = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                                            "NODE_EXTRA_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"};
    if (!*addresses->authority)
        return;
    printf("\nClients must trust the authority (Java: keytool -importcert):\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        printf("  export %s='%s'\n", variables[i], addresses->authority);
}

/* What to do first; `key`: the line of a header with it, where somebody has to sign in. */
static void print_first_steps(const struct addresses *addresses)
{
    const char *url = addresses->url, *key = "";
    if (addresses->sign_in) {
        key = " -H \"Authorization: Bearer $SALLYPORT_KEY\"";
        if (*addresses->sign_in_link)
            printf("\nOpen the page by this link, which signs one browser in, once, within ten minutes "
                   "(another: sallyport open):\n\n"
                   "  %s\n",
                   addresses->sign_in_link);
        printf("\nOr submit code, look at what it did, and decide here:\n\n");
        if (addresses->data_dir)
            printf("  export SALLYPORT_KEY=\"$(cat '%s/local.key')\"\n", addresses->data_dir);
    } else {
        printf("\nOpen %s in a browser, or submit code, look at what it did, and decide here:\n\n", url);
    }
    printf("  curl%s -X POST %s/code/execute -H 'Content-Type: application/json' -d '\"print(6 * 7)\"'\n"
           "  curl%s '%s/v1/requests/REQUEST_ID?wait=30s'\n"
           "  curl%s -X POST '%s/code/review?approve=true&requestId=REQUEST_ID'\n\n"
           "Ctrl-C stops; the next start goes on.\n",
           key, url, key, url, key, url);
}

void ready_banner(const struct addresses *addresses, bool submit)
{
    printf("sallyport " SALLYPORT_VERSION " is ready\n\n  %s%s\n",
           submit ? "page and API      " : "address           ", addresses->url);
    if (*addresses->pool_url)
        printf("  session pool      %s\n", addresses->pool_url);
    if (*addresses->connection_string)
        printf("  task scheduler    %s\n", scheduler_string_of(addresses).text);
    if (*addresses->emulator_url)
        printf("  its HTTP API      %s/v1/taskhubs\n", addresses->emulator_url);
    if (*addresses->emulator_dashboard_url)
        printf("  its dashboard     %s\n", addresses->emulator_dashboard_url);
    if (*addresses->hubs)
        printf("  task hubs         %s\n", addresses->hubs);
    if (addresses->data_dir)
        printf("  data              %s\n", addresses->data_dir);
    print_tls(addresses);
    print_trust(addresses);
    if (submit)
        print_first_steps(addresses);
    fflush(stdout);
}
