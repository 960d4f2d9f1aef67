/* SPDX-License-Identifier: MIT */
/* server.c — where the server is, by order of weight; tokens kept until shortly before they are over; libcurl with
 * bounds: size, time, protocols, no redirect, so that a token goes where it was meant to go and nowhere else. */
#include "cmd/az/server.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/addresses.h"
#include "cmd/own_server.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define ANSWER_SIZE_MAX ((size_t)16 << 20) /* bytes */
#define CONNECT_TIME_MS 10000L
#define ANSWER_TIME_MS  300000L
#define TOKEN_RESERVE_S 300  /* a token is renewed this long before it is over */
#define KEY_LIFETIME_S  3600 /* said of a local key, which has none: others ask again then */
#define CLI_CLIENT      "04b07795-8ddb-461a-bbee-02f9e1bf7b46" /* the public client that the cloud's `az` is */

/* --- where --- */

static void set_text(struct buf *out, const char *text)
{
    struct bytes value = bytes_of_cstr(text);
    while (value.size && value.data[value.size - 1] == '/')
        value.size--;
    buf_clear(out);
    buf_append_bytes(out, value);
    buf_append_byte(out, '\0');
}

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* What was meant for this product, what the server itself says, what was kept at the sign-in, what is meant for all. */
static const char *trusted_file(const struct az_server *server, const json_t *ready)
{
    const char *authority = json_member_text(ready, "certificateAuthority");
    const char *url = json_member_text(ready, "url");
    bool is_its_own = url && authority && *authority && strcmp(url, (const char *)server->url.data) == 0;
    const char *const files[] = {variable("SALLYPORT_CA_FILE"), is_its_own ? authority : NULL,
                                 server->profile_is_ours ? az_profile_text(server->profile, NULL, "caFile")
                                                         : NULL,
                                 variable("REQUESTS_CA_BUNDLE"), variable("SSL_CERT_FILE")};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (files[i])
            return files[i];
    }
    return NULL;
}

/* The key of a server that this user runs with sign-in: whoever may read the folder of its state is its owner anyway. */
static void read_local_key(struct az_server *server, const json_t *ready)
{
    const char *folder = json_member_text(ready, "dataDir");
    const char *url = json_member_text(ready, "url");
    if (folder && !server->url.failed && strcmp(url, (const char *)server->url.data) == 0)
        local_key_read(folder, &server->local_key);
}

static void choose(struct az_server *server)
{
    const char *typed = getenv("SALLYPORT_URL");
    const char *signed_in = az_profile_text(server->profile, NULL, "url");
    CLEANUP(json_release) json_t *ready = own_server_find();
    const char *url = typed && *typed ? typed : signed_in;
    if (!url && ready)
        url = json_member_text(ready, "url");
    set_text(&server->url, url ? url : ADDRESSES_URL_DEFAULT);
    if (ready)
        read_local_key(server, ready);

    server->profile_is_ours =
        signed_in && !server->url.failed && strcmp(signed_in, (const char *)server->url.data) == 0;
    const char *file = server->url.failed ? NULL : trusted_file(server, ready);
    if (file)
        set_text(&server->ca_file, file);
}

enum status az_server_open(struct az_server *server, struct err *err)
{
    *server = (struct az_server){0};
    enum status status = az_profile_read(&server->profile, err);
    if (status != STATUS_OK)
        return status;
    choose(server);
    return buf_status(&server->url);
}

void az_server_close(struct az_server *server)
{
    json_decref(server->profile);
    buf_fini(&server->url);
    buf_fini(&server->ca_file);
    local_key_fini(&server->local_key);
}

bool az_server_may_have_secrets(const char *url)
{
    struct bytes rest = bytes_of_cstr(url);
    const struct bytes tls = BYTES_LITERAL("https://"), clear = BYTES_LITERAL("http://");
    if (bytes_starts_with_nocase(rest, tls))
        return true;
    if (!bytes_starts_with_nocase(rest, clear))
        return false;
    rest = bytes_slice(rest, clear.size, SIZE_MAX);
    struct bytes host = bytes_split(&rest, '/');
    if (memchr(host.data ? (const void *)host.data : "", '@', host.size))
        return false; /* what stands before it is no host */
    if (bytes_starts_with(host, BYTES_LITERAL("[::1]")))
        return host.size == 5 || host.data[5] == ':';
    host = bytes_split(&host, ':');
    if (bytes_equal_nocase(host, BYTES_LITERAL("localhost")))
        return true;
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    (void)snprintf(text, sizeof text, "%.*s", BYTES_FMT(host));
    return host.size < sizeof text && inet_pton(AF_INET, text, &address) == 1 &&
           ntohl(address.s_addr) >> 24 == 127;
}

/* --- one request --- */

struct transfer {
    const struct az_ask *ask;
    struct az_answer *answer;
};

static size_t on_data(char *data, size_t unit, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (transfer->ask->on_data)
        transfer->ask->on_data(bytes_of(data, unit * count), transfer->ask->context);
    else
        buf_append(&transfer->answer->body, data, unit * count);
    return transfer->answer->body.failed ? 0 : unit * count;
}

/* False: out of memory. */
static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *more = curl_slist_append(*headers, line);
    if (more)
        *headers = more;
    return more != NULL;
}

static bool has_type(const struct az_ask *ask)
{
    for (const char *const *header = ask->headers; header && *header; header++) {
        if (bytes_starts_with_nocase(bytes_of_cstr(*header), BYTES_LITERAL("content-type:")))
            return true;
    }
    return false;
}

static bool make_headers(const struct az_ask *ask, struct bytes token, bool has_body,
                         struct curl_slist **headers)
{
    bool good = true;
    if (token.size) {
        CLEANUP(buf_fini) struct buf line = {0};
        buf_append_fmt(&line, "Authorization: Bearer %.*s", BYTES_FMT(token));
        buf_append_byte(&line, '\0');
        good = !line.failed && add_header(headers, (const char *)line.data);
    }
    if (good && has_body && !ask->form.data && !has_type(ask))
        good = add_header(headers, "Content-Type: application/json");
    for (const char *const *header = ask->headers; good && header && *header; header++)
        good = add_header(headers, *header);
    return good;
}

static void set_options(CURL *curl, const struct az_server *server, const struct az_ask *ask, const char *url,
                        struct curl_slist *headers, struct bytes body)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a name of two dots is a name */
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask->method);
    if (strcmp(ask->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (body.data || strcmp(ask->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data ? (const char *)body.data : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIME_MS);
    if (!ask->on_data)
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_TIME_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    if (server->ca_file.size)
        curl_easy_setopt(curl, CURLOPT_CAINFO, (const char *)server->ca_file.data);
}

static void say_request(const struct az_server *server, const char *method, const char *url, long status)
{
    if (server->verbose)
        fprintf(stderr, "INFO: %s %s: %ld\n", method, url, status);
}

static enum status perform(struct az_server *server, const struct az_ask *ask, const char *url,
                           struct bytes token, struct az_answer *answer, struct err *err)
{
    char *text = NULL;
    struct bytes body = ask->form.data ? ask->form : ask->raw;
    if (ask->body) {
        text = json_dumps(ask->body, JSON_COMPACT);
        body = bytes_of_cstr(text);
    }
    struct curl_slist *headers = NULL;
    char fault[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct transfer transfer = {.ask = ask, .answer = answer};
    if (curl && (!ask->body || text) && make_headers(ask, token, body.data != NULL, &headers)) {
        set_options(curl, server, ask, url, headers, body);
        if (token.size && bytes_equal(token, buf_peek(&server->local_key.text)))
            local_key_guard(&server->local_key, curl);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fault);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
        code = curl_easy_perform(curl);
    }
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    say_request(server, ask->method, url, answer->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(text);
    if (code == CURLE_OK)
        return STATUS_OK;
    const char *cause = local_key_fault(code);
    const char *mend = cause ? "\nSign in with: sallyport az login." : "";
    if (code == CURLE_COULDNT_CONNECT)
        mend = "\nStart a server with: sallyport dev. Or name one with SALLYPORT_URL.";
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        mend = "\nName the file of its authority with SALLYPORT_CA_FILE.";
    if (!cause)
        cause = fault[0] ? fault : curl_easy_strerror(code);
    return err_set(err, STATUS_UNAVAILABLE, "%s: %.120s%s", (const char *)server->url.data, cause, mend);
}

void az_answer_fini(struct az_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
    buf_fini(&answer->body);
}

enum status az_server_ask(struct az_server *server, const struct az_ask *ask, struct az_answer *ret_answer,
                          struct err *err)
{
    CLEANUP(buf_fini) struct buf url = {0};
    CLEANUP(buf_fini) struct buf token = {0};
    int64_t expires;
    enum status status = STATUS_OK;
    if (ask->path[0] == '/')
        buf_append_cstr(&url, (const char *)server->url.data);
    buf_append_cstr(&url, ask->path);
    buf_append_byte(&url, '\0');
    if (buf_status(&url) != STATUS_OK)
        return err_no_memory(err);
    if (ask->audience != AZ_NOBODY)
        status =
            az_server_token(server, ask->resource ? ask->resource : az_server_audience(server, ask->audience),
                            &token, &expires, err);
    if (status == STATUS_OK && token.size && !az_server_may_have_secrets((const char *)url.data))
        status = err_set(err, STATUS_UNAUTHENTICATED,
                         "the token is not sent to %.120s: it would pass in clear text. Use https.",
                         (const char *)url.data);
    if (status != STATUS_OK)
        return status;
    *ret_answer = (struct az_answer){.body = {.limit = ANSWER_SIZE_MAX}};
    status = perform(server, ask, (const char *)url.data, buf_peek(&token), ret_answer, err);
    if (status == STATUS_OK &&
        json_parse(buf_peek(&ret_answer->body), NULL, &ret_answer->json, NULL) != STATUS_OK)
        ret_answer->json = NULL;
    if (status != STATUS_OK)
        az_answer_fini(ret_answer);
    return status;
}

/* --- tokens --- */

const char *az_server_audience(const struct az_server *server, enum az_audience audience)
{
    const char *name = az_profile_text(server->profile, NULL, audience == AZ_GRAPH ? "graph" : "manager");
    return name ? name : (const char *)server->url.data;
}

enum status az_server_keep_token(struct az_server *server, const char *resource, const json_t *answer,
                                 struct err *err)
{
    const char *access = json_member_text(answer, "access_token");
    const char *refresh = json_member_text(answer, "refresh_token");
    const json_t *lifetime = json_object_get(answer, "expires_in");
    json_int_t seconds = json_is_string(lifetime) ? strtoll(json_string_value(lifetime), NULL, 10)
                                                  : json_integer_value(lifetime);
    if (!access)
        return err_set(err, STATUS_UNAUTHENTICATED, "the token service answered without a token");
    json_t *tokens = json_object_get(server->profile, "tokens");
    if (!tokens) {
        tokens = json_object();
        if (json_object_set_new(server->profile, "tokens", tokens) != 0)
            return err_no_memory(err);
    }
    json_t *token = json_pack("{s:s, s:I}", "access", access, "expires",
                              (json_int_t)(clock_unix_ns() / NS_PER_S) + seconds);
    if (!token || json_object_set_new(tokens, resource, token) != 0)
        return err_no_memory(err);
    if (refresh && !az_profile_set(server->profile, NULL, "refreshToken", refresh))
        return err_no_memory(err);
    return az_profile_write(server->profile, err);
}

static void append_field(struct buf *form, const char *name, const char *value)
{
    if (!value)
        return;
    buf_append_fmt(form, "%s%s=", form->size ? "&" : "", name);
    percent_encode(form, bytes_of_cstr(value), NULL);
}

/* Asks the token service with what the profile has. */
static enum status renew(struct az_server *server, const char *resource, struct err *err)
{
    const json_t *profile = server->profile;
    const char *secret = az_profile_text(profile, NULL, "secret");
    const char *refresh = az_profile_text(profile, NULL, "refreshToken");
    const char *client = az_profile_text(profile, NULL, "client");
    const char *tenant = az_profile_text(profile, NULL, "tenant");
    if (!secret && !refresh)
        return err_set(err, STATUS_UNAUTHENTICATED, "Please run 'az login' to setup account.");
    CLEANUP(buf_fini) struct buf scope = {0};
    CLEANUP(buf_fini) struct buf form = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    buf_append_fmt(&scope, "%s/.default%s", resource, secret ? "" : " offline_access openid profile");
    buf_append_byte(&scope, '\0');
    buf_append_fmt(&path, "/%s/oauth2/v2.0/token", text_or(tenant, "organizations"));
    buf_append_byte(&path, '\0');
    if (scope.failed || path.failed)
        return err_no_memory(err);
    append_field(&form, "client_id", client ? client : CLI_CLIENT);
    if (secret) {
        append_field(&form, "grant_type", "client_credentials");
        append_field(&form, "client_secret", secret);
    } else {
        append_field(&form, "grant_type", "refresh_token");
        append_field(&form, "refresh_token", refresh);
    }
    append_field(&form, "scope", (const char *)scope.data);
    struct az_ask ask = {
        .method = "POST", .path = (const char *)path.data, .audience = AZ_NOBODY, .form = buf_peek(&form)};
    if (!az_server_may_have_secrets((const char *)server->url.data))
        return err_set(err, STATUS_UNAUTHENTICATED, "the secret is not sent in clear text: use an https URL");

    struct az_answer answer = {0};
    enum status status = az_server_ask(server, &ask, &answer, err);
    if (status != STATUS_OK)
        return status;
    const char *why = json_member_text(answer.json, "error_description");
    if (answer.status != 200)
        status = err_set(err, STATUS_UNAUTHENTICATED, "%.160s\nPlease run 'az login' again.",
                         text_or(why, "the token service refused"));
    else
        status = az_server_keep_token(server, resource, answer.json, err);
    az_answer_fini(&answer);
    return status;
}

enum status az_server_token(struct az_server *server, const char *resource, struct buf *out,
                            int64_t *ret_expires, struct err *err)
{
    const char *kind = server->profile_is_ours ? az_profile_text(server->profile, NULL, "kind") : NULL;
    if (!kind || strcmp(kind, "local") == 0) {
        *ret_expires = clock_unix_ns() / NS_PER_S + KEY_LIFETIME_S;
        buf_append_bytes(out, buf_peek(&server->local_key.text));
        return buf_status(out);
    }
    for (int attempt = 0; attempt < 2; attempt++) {
        const json_t *token = json_object_get(json_object_get(server->profile, "tokens"), resource);
        *ret_expires = json_integer_value(json_object_get(token, "expires"));
        if (token && *ret_expires - TOKEN_RESERVE_S > clock_unix_ns() / NS_PER_S) {
            buf_append_cstr(out, json_member_text(token, "access"));
            return buf_status(out);
        }
        enum status status = attempt == 0 ? renew(server, resource, err) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
    return err_set(err, STATUS_UNAUTHENTICATED,
                   "the token service gives tokens that are over at once: its clock, or ours");
}
