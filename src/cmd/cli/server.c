/* SPDX-License-Identifier: MIT */
/* server.c — libcurl with bounds: size, time, protocols, no redirect. */
#include "cmd/cli/server.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/addresses.h"
#include "cmd/cli/cli.h"
#include "cmd/limit_values.h"
#include "cmd/local_key.h"
#include "cmd/own_server.h"
#include "credential/wiped.h"
#include "wire/json/json.h"

const struct option_spec server_settings[] = {
    {"url", OPTION_TEXT, "URL", "SALLYPORT_URL", ADDRESSES_URL_DEFAULT, 0, 0, SERVER_SETTINGS_BIT,
     "the server; of a running dev of one's own by itself, on whatever port"},
    {"key", OPTION_TEXT, "KEY", "SALLYPORT_KEY", NULL, 0, 0, SERVER_SETTINGS_BIT,
     "an API key or a token; better in the environment, since others see a command line", .secret = true},
    {"key-file", OPTION_TEXT, "FILE", "SALLYPORT_KEY_FILE", NULL, 0, 0, SERVER_SETTINGS_BIT,
     "a file with that key in its one line", .file_of = "key"},
    {"data", OPTION_TEXT, "DIR", "SALLYPORT_DATA", NULL, 0, 0, SERVER_SETTINGS_BIT,
     "without --key: the data folder of the server on this machine, whose local.key is taken"},
    {"ca-file", OPTION_TEXT, "FILE", "SALLYPORT_CA_FILE", NULL, 0, 0, SERVER_SETTINGS_BIT,
     "PEM file of the authorities that are trusted, in place of the system's"},
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, SERVER_SETTINGS_BIT,
     "print JSON, with the names of the HTTP API"},
    {.name = NULL},
};

/* --- by whose key --- */

bool server_read_file(const char *path, size_t size_max, struct buf *ret_text)
{
    char piece[4096];
    size_t size;
    bool is_standard_input = strcmp(path, "-") == 0;
    FILE *file = is_standard_input ? stdin : fopen(path, "re");
    if (!file)
        return false;

    ret_text->limit = ret_text->size + size_max;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0 && !ret_text->failed)
        buf_append(ret_text, piece, size);
    bool good = !ferror(file) && buf_status(ret_text) == STATUS_OK;
    if (!is_standard_input)
        fclose(file);
    explicit_bzero(piece, sizeof piece);
    return good;
}

/* Only where no other key was given. */
static void choose_local_key(const struct option_values *values, struct local_key *ret_key)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    bool wanted = !setting_text(values, "key") && own_server_is_near(setting_text(values, "url"));
    if (wanted && own_server_folder(setting_text(values, "data"), &folder))
        local_key_read((const char *)folder.data, ret_key);
}

/* --- which server --- */

static bool asks_a_server(const struct option_syntax *syntax)
{
    bool asks = false;
    for (size_t i = 0; i < OPTION_SETS_MAX; i++)
        asks = asks || syntax->sets[i].table == server_settings;
    return asks;
}

static struct option_value *value_of(struct option_values *values, const char *name)
{
    return &values->at[option_get(values, name) - values->at];
}

json_t *server_find_own(struct option_values *values)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    if (!asks_a_server(values->syntax) || option_get(values, "url")->given ||
        !own_server_folder(setting_text(values, "data"), &folder))
        return NULL;
    json_t *own = own_server_read((const char *)folder.data);
    const char *url = json_member_text(own, "url");
    if (!url || !own_server_is_near(url)) {
        json_decref(own);
        return NULL;
    }

    value_of(values, "url")->text = url;
    const char *authority = json_member_text(own, "certificateAuthority");
    if (authority && !setting_text(values, "ca-file"))
        value_of(values, "ca-file")->text = authority;
    return own;
}

/* --- asking --- */

/* Where an answer goes. */
struct answer_sink {
    CURL *curl;
    const struct server_request *request;
    struct buf *body;
};

static size_t on_data(char *data, size_t unit, size_t count, void *context)
{
    const struct answer_sink *sink = context;
    long http_status = 0;
    curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &http_status);
    if (sink->request->on_data && http_status == 200)
        return sink->request->on_data(sink->request->context, bytes_of(data, unit * count)) ? unit * count
                                                                                            : 0;
    buf_append(sink->body, data, unit * count);
    return sink->body->failed ? 0 : unit * count;
}

static void write_url(const struct option_values *values, const char *path, struct buf *out)
{
    struct bytes base = bytes_of_cstr(setting_text(values, "url"));
    while (base.size > 0 && base.data[base.size - 1] == '/')
        base.size--;
    buf_append_bytes(out, base);
    buf_append_cstr(out, path);
    buf_append_byte(out, '\0');
}

/* False: no memory. */
static bool add_header(struct curl_slist **headers, const char *name, struct bytes value)
{
    CLEANUP(wiped_fini) struct buf line = {0};
    buf_append_cstr(&line, name);
    buf_append_bytes(&line, value);
    buf_append_byte(&line, '\0');
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(*headers, (const char *)line.data);
    if (more)
        *headers = more;
    return more;
}

static bool make_headers(const struct option_values *values, const struct server_request *request,
                         const struct local_key *local, struct curl_slist **headers)
{
    const char *typed = setting_text(values, "key");
    struct bytes key = typed ? bytes_of_cstr(typed) : buf_peek(&local->text);
    bool good = true;
    if (request->content_type)
        good = add_header(headers, "Content-Type: ", bytes_of_cstr(request->content_type));
    if (good && request->header)
        good = add_header(headers, request->header, (struct bytes){0});
    if (good && key.size > 0)
        good = add_header(headers, "Authorization: Bearer ", bytes_trim(key));
    return good;
}

static CURLcode perform(CURL *curl, const struct option_values *values, const struct server_request *request,
                        struct server_answer *answer, char text[CURL_ERROR_SIZE])
{
    CLEANUP(buf_fini) struct buf url = {0};
    CLEANUP(local_key_fini) struct local_key local = {0};
    struct curl_slist *headers = NULL;
    struct answer_sink sink = {curl, request, &answer->body};
    CURLcode code = CURLE_OUT_OF_MEMORY;
    write_url(values, request->path, &url);
    choose_local_key(values, &local);
    if (local.text.size > 0)
        local_key_guard(&local, curl);
    if (make_headers(values, request, &local, &headers) && buf_status(&url) == STATUS_OK) {
        curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->patience_ms);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
        if (request->content_type) {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)request->body.data);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        }
        if (server_authorities(values))
            curl_easy_setopt(curl, CURLOPT_CAINFO, server_authorities(values));
        code = curl_easy_perform(curl);
    }
    curl_slist_free_all(headers);
    return code;
}

const char *server_authorities(const struct option_values *values)
{
    const char *file = setting_text(values, "ca-file");
    const char *common = getenv("SSL_CERT_FILE");
    if (file)
        return file;
    return common && *common ? common : NULL;
}

static void tell_cause(CURLcode code, const char *text, struct server_answer *answer)
{
    const char *fault = local_key_fault(code);
    answer->refused = fault != NULL;
    answer->untrusted = code == CURLE_PEER_FAILED_VERIFICATION;
    if (!fault)
        fault = text[0] ? text : curl_easy_strerror(code);
    (void)snprintf(answer->cause, sizeof answer->cause, "%s", fault);
}

void server_ask(const struct option_values *values, const struct server_request *request,
                struct server_answer *answer)
{
    char text[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    answer->body.limit = CLI_ANSWER_SIZE_MAX;
    CURLcode code = curl ? perform(curl, values, request, answer, text) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->http_status);
    else
        tell_cause(code, text, answer);
    curl_easy_cleanup(curl);
}

void server_answer_fini(struct server_answer *answer)
{
    wiped_fini(&answer->body);
}

/* --- refusals --- */

int server_failed(const struct command *command, int code, const char *text, const char *mend)
{
    fprintf(stderr, "sallyport %s: %s\n", command->name, text);
    if (mend)
        fprintf(stderr, "%s\n", mend);
    return code;
}

/* What an HTTP status means to whoever typed the command. */
static const struct {
    long http_status;
    int exit_code;
    const char *mend;
} meanings[] = {
    {400, EXIT_USAGE, NULL},
    {401, EXIT_NO_RIGHT, "give a key with SALLYPORT_KEY, or the server's data folder with --data"},
    {403, EXIT_NO_RIGHT, NULL},
    {404, EXIT_NOT_FOUND, NULL},
};

int server_explain(const struct command *command, const struct option_values *values,
                   const struct server_answer *answer)
{
    if (answer->refused)
        return server_failed(command, EXIT_NO_RIGHT, answer->cause,
                             "give a key with SALLYPORT_KEY, or name the right server with --url");
    if (answer->untrusted)
        return server_failed(command, EXIT_FAILED, answer->cause, SERVER_TRUST_MEND);
    if (answer->http_status == 0) {
        char mend[300];
        (void)snprintf(mend, sizeof mend,
                       "nothing answers at %.200s: start it with sallyport dev, or name another with --url",
                       setting_text(values, "url"));
        return server_failed(command, EXIT_FAILED, answer->cause, mend);
    }

    CLEANUP(json_release) json_t *problem = NULL;
    if (json_parse(buf_peek(&answer->body), NULL, &problem, NULL) != STATUS_OK)
        problem = NULL;
    const char *detail = json_member_text(problem, "detail");
    const char *title = json_member_text(problem, "title");
    const char *text = text_or(detail, title);
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].http_status == answer->http_status)
            return server_failed(command, meanings[i].exit_code, text_or(text, "the server has no such API"),
                                 meanings[i].mend);
    return server_failed(command, EXIT_FAILED, text_or(text, "the server has no such API"), NULL);
}
