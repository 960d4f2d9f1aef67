/* SPDX-License-Identifier: MIT */
/* session.c — settings in their order of weight, then one table from a call's status to what a person does about it. */
#include "cmd/cli/session.h"
#include "cmd/cli/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "cmd/addresses.h"
#include "cmd/cli/print.h"
#include "cmd/own_server.h"
#include "credential/credential.h"
#include "credential/wiped.h"
#include "os/clock.h"
#include "sdk/client/client.h"
#include "wire/json/jmespath.h"

#define HUB_DEFAULT "default"

/* --- which endpoint and hub --- */

/* The value of a key of a connection string, trimmed; data NULL if it has none. */
static struct bytes string_value(const char *text, const char *key)
{
    struct bytes rest = bytes_of_cstr(text);
    while (rest.data) {
        struct bytes pair = bytes_split(&rest, ';');
        struct bytes name = bytes_trim(bytes_split(&pair, '='));
        if (pair.data && bytes_equal_nocase(name, bytes_of_cstr(key)))
            return bytes_trim(pair);
    }
    return (struct bytes){0};
}

/* What was typed beats what the environment says. */
static bool uses_string(const struct option_values *values)
{
    const struct option_value *string = option_get(values, "connection");
    const struct option_value *url = option_get(values, "url");
    return string->text && (!url->text || string->origin >= url->origin);
}

/* Where nobody has named an endpoint: the server of one's own that runs, and who vouches for its certificate. */
static struct bytes choose_own(struct cli_session *session)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    if (own_server_folder(setting_text(session->values, "data"), &folder))
        session->own = own_server_read((const char *)folder.data);
    const char *url = json_member_text(session->own, "url");
    if (!url || !own_server_is_near(url))
        return BYTES_LITERAL(ADDRESSES_URL_DEFAULT);
    session->ca_file = text_or(session->ca_file, json_member_text(session->own, "certificateAuthority"));
    return bytes_of_cstr(url);
}

static void choose(struct cli_session *session, const char *hub)
{
    const struct option_values *values = session->values;
    const char *string = uses_string(values) ? setting_text(values, "connection") : NULL;
    const char *url = setting_text(values, "url");
    struct bytes endpoint = string ? string_value(string, "Endpoint") : bytes_of_cstr(url);
    struct bytes named = string ? string_value(string, "TaskHub") : (struct bytes){0};
    const char *typed = hub ? hub : setting_text(values, "hub");
    if (typed)
        named = bytes_of_cstr(typed);
    buf_append_bytes(&session->endpoint, endpoint.size ? endpoint : choose_own(session));
    buf_append_byte(&session->endpoint, '\0');
    buf_append_bytes(&session->hub, named.size ? named : BYTES_LITERAL(HUB_DEFAULT));
    buf_append_byte(&session->hub, '\0');
}

/* --- life --- */

/* The command holds the token as the library wants it: asked for once. */
static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    const struct cli_session *session = context;
    size_t size = strlen(session->token) + 1;
    if (size > capacity)
        return DT_INVALID_ARGUMENT;
    memcpy(ret_token, session->token, size);
    return DT_OK;
}

enum status cli_session_token(const struct cli_session *session, struct buf *ret_token, struct err *err)
{
    if (session->token) {
        buf_append(ret_token, session->token, strlen(session->token) + 1);
        return buf_status(ret_token);
    }
    if (!session->credential)
        return STATUS_OK;
    enum status status = buf_reserve(ret_token, WIPED_TOKEN_SIZE_MAX + 1);
    struct dt_error fault = {.status = DT_OK};
    if (status == STATUS_OK &&
        dt_azure_token(session->credential, CREDENTIAL_SCOPE_SCHEDULER, (char *)ret_token->data,
                       ret_token->capacity, NULL, &fault) != DT_OK)
        return err_set(err, STATUS_UNAUTHENTICATED, "%s", fault.text);
    if (status == STATUS_OK)
        ret_token->size = strlen((char *)ret_token->data) + 1;
    return status;
}

/* Who asks, unless --connection says it: who was named, else whoever may read the data folder, which is its owner. */
static void choose_key(struct cli_session *session, const char *key)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    if (session->token || uses_string(session->values))
        return;
    session->token = key;
    if (!key && own_server_is_near((const char *)session->endpoint.data) &&
        own_server_folder(setting_text(session->values, "data"), &folder))
        local_key_read((const char *)folder.data, &session->local);
    if (session->local.text.size == 0)
        return;
    buf_append_byte(&session->local.text, '\0');
    if (buf_status(&session->local.text) == STATUS_OK)
        session->token = (const char *)session->local.text.data;
}

/* What --connection says of signing in, unless --token does. */
static int open_credential(struct cli_session *session)
{
    const char *string = uses_string(session->values) ? setting_text(session->values, "connection") : NULL;
    if (session->token || !string)
        return EXIT_GOOD;
    struct dt_azure_options options = DT_INIT(struct dt_azure_options);
    options.connection_string = string;
    options.ca_file = session->ca_file;
    struct dt_error error = {.status = DT_OK};
    struct err err = {0};
    if (dt_azure_credential_create(&options, &session->credential, &error) != DT_OK)
        return cli_session_failed(session, &error, "--connection");
    struct bytes endpoint = bytes_of_cstr((const char *)session->endpoint.data);
    if (session->credential && credential_check_endpoint(endpoint, "the endpoint", &err) != STATUS_OK)
        return cli_session_usage(session, err.text);
    return EXIT_GOOD;
}

/* Before anything is asked of the scheduler: a query that cannot be read must not come after a change was made. */
static int read_query(struct cli_session *session)
{
    const char *text = setting_text(session->values, "query");
    struct err error = {0};
    if (!text || jmespath_compile(bytes_of_cstr(text), &session->query, &error) == STATUS_OK)
        return EXIT_GOOD;

    char refusal[sizeof error.text + 16];
    (void)snprintf(refusal, sizeof refusal, "--query: %s", error.text);
    return cli_session_usage(session, refusal);
}

static int create_client(struct cli_session *session)
{
    struct dt_error error = {.status = DT_OK};
    struct dt_connect_options options = DT_INIT(struct dt_connect_options);
    const struct sdk_guard guard = {
        .trusts = local_key_trusts, .context = &session->local, .refusal = LOCAL_KEY_FAULT};
    options.token_provider = dt_azure_token_provider(session->credential);
    options.endpoint = (const char *)session->endpoint.data;
    options.task_hub = (const char *)session->hub.data;
    options.ca_file = session->ca_file;
    options.token = session->token ? give_token : NULL;
    options.token_context = session;
    options.call_timeout_ms = setting_number(session->values, "timeout") / NS_PER_MS;
    options.connect_timeout_ms = options.call_timeout_ms;
    enum dt_status status =
        sdk_client_create(&options, session->local.text.size ? &guard : NULL, &session->client, &error);
    return status == DT_OK ? EXIT_GOOD : cli_session_failed(session, &error, NULL);
}

int cli_session_open(struct cli_session *session, const struct command *command,
                     const struct option_values *values, const char *hub, const char *key)
{
    *session = (struct cli_session){.command = command,
                                    .values = values,
                                    .token = setting_text(values, "token"),
                                    .ca_file = setting_text(values, "ca-file")};
    int code = read_query(session);
    if (code != EXIT_GOOD)
        return code;

    /* A typing error in it must not lead to another server than the one that was meant. */
    if (uses_string(values) && !string_value(setting_text(values, "connection"), "Endpoint").size)
        return cli_session_usage(session,
                                 "--connection has no Endpoint; it is like "
                                 "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None");

    choose(session, hub);
    if (buf_status(&session->endpoint) != STATUS_OK || buf_status(&session->hub) != STATUS_OK) {
        fputs("sallyport: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    choose_key(session, key);
    code = open_credential(session);
    return code == EXIT_GOOD ? create_client(session) : code;
}

void cli_session_close(struct cli_session *session)
{
    dt_client_destroy(session->client);
    dt_azure_credential_destroy(session->credential);
    jmespath_destroy(session->query);
    json_decref(session->own);
    local_key_fini(&session->local);
    buf_fini(&session->endpoint);
    buf_fini(&session->hub);
}

/* --- errors --- */

/* What a person does about it. %s is the endpoint. */
static const struct {
    enum dt_status status;
    int exit_code;
    const char *mend;
} mends[] = {
    {DT_NOT_FOUND, EXIT_NOT_FOUND, "look with: sallyport instance ls, sallyport hub ls"},
    {DT_INVALID_ARGUMENT, EXIT_USAGE, NULL},
    {DT_UNAVAILABLE, EXIT_FAILED,
     "nothing answers at %s: start it with sallyport dev, or name another with --url or --connection"},
    {DT_DEADLINE_EXCEEDED, EXIT_FAILED,
     "no answer from %s in time: is it the right endpoint? --timeout waits longer"},
    {DT_UNAUTHENTICATED, EXIT_FAILED,
     "give a key with SALLYPORT_KEY, the server's data folder with --data, or a token with --token; or write "
     "Authentication=DefaultAzure in --connection"},
    {DT_PERMISSION_DENIED, EXIT_FAILED,
     "use another token, or have the role granted: sallyport role create ROLE --to NAME --scope SCOPE"},
    {DT_UNIMPLEMENTED, EXIT_FAILED, "the scheduler at %s does not have this operation"},
    {DT_FAILED_PRECONDITION, EXIT_FAILED, "look with: sallyport instance show ID"},
    {DT_ALREADY_EXISTS, EXIT_FAILED, "choose another --id, or end and purge the one that is there"},
};

static bool is_distrust(const struct dt_error *error)
{
    return error->status == DT_FAILED_PRECONDITION &&
           bytes_starts_with(bytes_of_cstr(error->text), BYTES_LITERAL(CLI_TLS_FAULT));
}

/* This side broke off. */
static bool is_refused_key(const struct dt_error *error)
{
    return strcmp(error->text, LOCAL_KEY_FAULT) == 0;
}

int cli_session_failed(const struct cli_session *session, const struct dt_error *error, const char *what)
{
    int code = EXIT_FAILED;
    const char *mend = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(mends); i++) {
        if (mends[i].status != error->status)
            continue;
        code = mends[i].exit_code;
        mend = mends[i].mend;
    }
    if (is_distrust(error))
        mend = SERVER_TRUST_MEND;
    if (is_refused_key(error)) {
        code = EXIT_FAILED;
        mend = "give a key with SALLYPORT_KEY, or name the right server with --url";
    }
    fprintf(stderr, "sallyport %s: %s%s%s\n", session->command->name, text_or(what, ""), what ? ": " : "",
            error->text[0] ? error->text : dt_status_name(error->status));
    if (mend) {
        const char *place = strstr(mend, "%s");
        int before = (int)(place ? place - mend : (ptrdiff_t)strlen(mend));
        fprintf(stderr, "%.*s%s%s\n", before, mend, place ? (const char *)session->endpoint.data : "",
                place ? place + 2 : "");
    }
    return code;
}

int cli_session_usage(const struct cli_session *session, const char *text)
{
    fprintf(stderr, "sallyport %s: %s\ntype: sallyport help %s\n", session->command->name, text,
            session->command->name);
    return EXIT_USAGE;
}

/* --- answers --- */

bool cli_wants_json(const struct cli_session *session)
{
    return setting_flag(session->values, "json") || session->query;
}

/* What the query finds, as text in `found`. False: it was said on stderr why not. */
static bool ask_query(const struct cli_session *session, const struct buf *answer, struct buf *found)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(json_release) json_t *part = NULL;
    struct err error = {0};
    enum status status = json_parse(buf_peek(answer), NULL, &value, &error);
    if (status == STATUS_OK)
        status = jmespath_search(session->query, value, &part, &error);
    if (status != STATUS_OK) {
        fprintf(stderr, "sallyport %s: --query: %s\n", session->command->name, error.text);
        return false;
    }

    char *text = json_dumps(part, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_append_cstr(found, text_or(text, ""));
    buf_append_byte(found, '\n');
    found->failed |= !text;
    free(text);
    return true;
}

int cli_print(const struct cli_session *session, const struct buf *out)
{
    CLEANUP(buf_fini) struct buf found = {0};
    bool asks = session->query && out->size > 0 && buf_status(out) == STATUS_OK;
    if (asks && !ask_query(session, out, &found))
        return EXIT_USAGE;
    return print_out(asks ? &found : out) ? EXIT_GOOD : EXIT_FAILED;
}

bool cli_time(const struct cli_session *session, const char *setting, int64_t *ret_unix_ns)
{
    const char *text = setting_text(session->values, setting);
    *ret_unix_ns = 0;
    if (!text || time_parse(bytes_of_cstr(text), ret_unix_ns) == STATUS_OK)
        return true;
    char refusal[160];
    (void)snprintf(refusal, sizeof refusal, "--%s must be a time such as 2026-11-28T11:52:53Z", setting);
    (void)cli_session_usage(session, refusal);
    return false;
}
