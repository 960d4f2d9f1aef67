/* SPDX-License-Identifier: MIT */
/* directory.c — one table says for each command which request it is and what of the answer is shown; the rest is one way to
 * ask and one to print. */
#include "cmd/cli/directory.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/print.h"
#include "credential/wiped.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define ENDPOINT_DEFAULT "http://localhost:8080" /* of `sallyport dev` */
#define ANSWER_SIZE_MAX  ((size_t)16 << 20)      /* bytes */
#define FILE_SIZE_MAX    ((size_t)16 << 10)      /* bytes of a certificate or key */
#define TIMEOUT_MS       30000L
#define API              "/v1/directory"
#define COLUMNS_MAX      6

enum directory_bit {
    DIRECTORY_ANY = 1 << 0,
    DIRECTORY_USER_CREATE = 1 << 1,
    DIRECTORY_SP_CREATE = 1 << 2,
    DIRECTORY_KEY_CREATE = 1 << 3,
    DIRECTORY_ROLE_CREATE = 1 << 4,
    DIRECTORY_ALL = (1 << 5) - 1,
};

static const struct option_spec settings[] = {
    {"url", OPTION_TEXT, "URL", "SALLYPORT_URL", ENDPOINT_DEFAULT, 0, 0, DIRECTORY_ALL, "the server"},
    {"key", OPTION_TEXT, "KEY", "SALLYPORT_KEY", NULL, 0, 0, DIRECTORY_ALL,
     "an API key or a token; better in the environment, since others see a command line", .secret = true},
    {"data", OPTION_TEXT, "DIR", "SALLYPORT_DATA", NULL, 0, 0, DIRECTORY_ALL,
     "without --key: the data folder of the server on this machine, whose local.key is taken"},
    {"ca-file", OPTION_TEXT, "FILE", "SALLYPORT_CA_FILE", NULL, 0, 0, DIRECTORY_ALL,
     "PEM file of the authorities that are trusted, in place of the system's"},
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, DIRECTORY_ALL,
     "print JSON, with the names of the HTTP API"},
    {"display-name", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, DIRECTORY_USER_CREATE, "what people call them"},
    {"certificate", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, DIRECTORY_SP_CREATE,
     "PEM certificate with which it signs in, in place of a secret"},
    {"name", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, DIRECTORY_KEY_CREATE, "what it is for"},
    {"owner", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, DIRECTORY_KEY_CREATE,
     "whose it is: a person or an application; default: who asks"},
    {"role", OPTION_TEXT, "ROLES", NULL, NULL, 0, 0, DIRECTORY_KEY_CREATE,
     "of the owner's roles only these, with commas between several"},
    {"expires", OPTION_DURATION, "TIME", NULL, NULL, NS_PER_S, 3650LL * 86400 * NS_PER_S,
     DIRECTORY_KEY_CREATE | DIRECTORY_SP_CREATE, "after so long it counts no more"},
    {"to", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, DIRECTORY_ROLE_CREATE,
     "a person, a group or an application"},
    {"scope", OPTION_TEXT, "PLACE", NULL, NULL, 0, 0, DIRECTORY_ROLE_CREATE | DIRECTORY_KEY_CREATE,
     "/, /app, /pool, /scheduler/HUB, or a resource's id"},
    {.name = NULL},
};

/* --- what a command asks, and shows --- */

/* A member of the body: from a setting, or of a positional. */
struct body_member {
    const char *member;
    const char *setting; /* NULL: the positional */
    int positional;
};

struct directory_request {
    const char *command;
    const char *method;
    const char *path; /* "%s": the next positional */
    struct body_member body[6];
    const char *list;                 /* the answer's array; NULL: it is one object */
    const char *columns[COLUMNS_MAX]; /* members that are shown */
};

static const struct directory_request requests[] = {
    {"user create",
     "POST",
     "/users",
     {{"name", NULL, 0}, {"displayName", "display-name", 0}},
     NULL,
     {"id", "name", "secret"}},
    {"user ls", "GET", "/users", {{NULL}}, "users", {"name", "displayName", "id", "createdAt"}},
    {"user delete", "DELETE", "/users/%s", {{NULL}}, NULL, {NULL}},
    {"user secret", "POST", "/secrets/%s", {{NULL}}, NULL, {"secret"}},
    {"group create", "POST", "/groups", {{"name", NULL, 0}}, NULL, {"id", "name"}},
    {"group ls", "GET", "/groups", {{NULL}}, "groups", {"name", "members", "id"}},
    {"group delete", "DELETE", "/groups/%s", {{NULL}}, NULL, {NULL}},
    {"group add", "POST", "/groups/%s/members", {{"member", NULL, 1}}, NULL, {NULL}},
    {"group remove", "DELETE", "/groups/%s/members/%s", {{NULL}}, NULL, {NULL}},
    {"sp create",
     "POST",
     "/applications",
     {{"name", NULL, 0}, {"certificate", "certificate", 0}, {"expiresInSeconds", "expires", 0}},
     NULL,
     {"id", "name", "clientId", "tenantId", "secret"}},
    {"sp ls", "GET", "/applications", {{NULL}}, "applications", {"name", "clientId", "id", "createdAt"}},
    {"sp delete", "DELETE", "/applications/%s", {{NULL}}, NULL, {NULL}},
    {"sp secret", "POST", "/secrets/%s", {{NULL}}, NULL, {"secret"}},
    {"key create",
     "POST",
     "/keys",
     {{"name", "name", 0},
      {"owner", "owner", 0},
      {"roles", "role", 0},
      {"scope", "scope", 0},
      {"expiresInSeconds", "expires", 0}},
     NULL,
     {"id", "name", "owner", "key"}},
    {"key ls",
     "GET",
     "/keys",
     {{NULL}},
     "keys",
     {"name", "hint", "owner", "roles", "lastUsedAt", "revokedAt"}},
    {"key delete", "DELETE", "/keys/%s", {{NULL}}, NULL, {NULL}},
    {"role create",
     "POST",
     "/assignments",
     {{"role", NULL, 0}, {"principal", "to", 0}, {"scope", "scope", 0}},
     NULL,
     {"id", "role", "principal", "scope"}},
    {"role ls", "GET", "/assignments", {{NULL}}, "assignments", {"principal", "role", "scope", "id"}},
    {"role delete", "DELETE", "/assignments/%s", {{NULL}}, NULL, {NULL}},
};

static int failed(const struct command *command, int code, const char *text, const char *mend)
{
    fprintf(stderr, "sallyport %s: %s\n", command->name, text);
    if (mend)
        fprintf(stderr, "%s\n", mend);
    return code;
}

/* --- asking --- */

static bool read_file(const char *path, struct buf *out)
{
    char piece[4096];
    size_t size;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    out->limit = FILE_SIZE_MAX;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0)
        buf_append(out, piece, size);
    bool good = !ferror(file) && buf_status(out) == STATUS_OK;
    fclose(file);
    explicit_bzero(piece, sizeof piece);
    return good;
}

static bool is_this_machine(const char *url)
{
    static const char *const hosts[] = {"://localhost", "://127.0.0.1", "://[::1]"};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        const char *at = strstr(url, hosts[i]);
        char behind = at ? at[strlen(hosts[i])] : 'x';
        if (at && (behind == ':' || behind == '/' || behind == '\0') && !strchr(url, '@'))
            return true;
    }
    return false;
}

/* The file is where the server puts its state, for who starts it in the same way. */
static void read_local_key(const struct option_values *values, struct buf *out)
{
    char path[4096];
    const char *data = setting_text(values, "data"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    if (data)
        snprintf(path, sizeof path, "%s/local.key", data);
    else if (state && *state)
        snprintf(path, sizeof path, "%s/sallyport/local.key", state);
    else
        snprintf(path, sizeof path, "%s/.local/state/sallyport/local.key", home ? home : "");
    if (!read_file(path, out))
        buf_clear(out);
}

static void choose_key(const struct option_values *values, struct buf *out)
{
    const char *typed = setting_text(values, "key");
    if (typed)
        buf_append_cstr(out, typed);
    else if (is_this_machine(setting_text(values, "url")))
        read_local_key(values, out);
}

static size_t on_data(char *data, size_t unit, size_t count, void *context)
{
    struct buf *body = context;
    buf_append(body, data, unit * count);
    return body->failed ? 0 : unit * count;
}

static bool add_text(struct json_writer *json, const struct option_values *values,
                     const struct body_member *member)
{
    const char *text =
        member->setting ? setting_text(values, member->setting) : values->positionals[member->positional];
    bool is_file = member->setting && strcmp(member->setting, "certificate") == 0;
    CLEANUP(buf_fini) struct buf file = {0};
    if (!text)
        return true;
    if (is_file && !read_file(text, &file))
        return false;
    json_write_member_string(json, member->member, is_file ? buf_peek(&file) : bytes_of_cstr(text));
    return true;
}

/* False: a file cannot be read. */
static bool write_body(const struct directory_request *request, const struct option_values *values,
                       struct buf *out)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    bool good = true;
    json_write_begin_object(&json);
    for (const struct body_member *member = request->body; member->member; member++) {
        bool duration = member->setting && strcmp(member->setting, "expires") == 0;
        if (!duration)
            good = good && add_text(&json, values, member);
        else if (option_get(values, "expires")->given)
            json_write_member_int(&json, member->member, setting_number(values, "expires") / NS_PER_S);
    }
    json_write_end_object(&json);
    return good && json_write_status(&json) == STATUS_OK;
}

static void write_url(const struct directory_request *request, const struct option_values *values,
                      struct buf *out)
{
    struct bytes base = bytes_of_cstr(setting_text(values, "url"));
    size_t positional = 0;
    while (base.size > 0 && base.data[base.size - 1] == '/')
        base.size--;
    buf_append_bytes(out, base);
    buf_append_cstr(out, API);
    for (const char *at = request->path; *at; at++) {
        if (at[0] != '%') {
            buf_append_byte(out, (uint8_t)*at);
            continue;
        }
        percent_encode(out, bytes_of_cstr(values->positionals[positional++]), NULL);
        at++;
    }
    buf_append_byte(out, '\0');
}

static struct curl_slist *make_headers(const struct buf *key)
{
    CLEANUP(wiped_fini) struct buf line = {0};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!headers || key->size == 0)
        return headers;
    buf_append_cstr(&line, "Authorization: Bearer ");
    buf_append_bytes(&line, bytes_trim(buf_peek(key)));
    buf_append_byte(&line, '\0');
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(headers, (const char *)line.data);
    return more ? more : headers;
}

/* The HTTP status; 0: nobody answers, `text` says why. */
static long ask(const struct directory_request *request, const struct option_values *values,
                const struct buf *body, struct buf *answer, char text[CURL_ERROR_SIZE])
{
    CLEANUP(buf_fini) struct buf url = {0};
    CLEANUP(wiped_fini) struct buf key = {0};
    long status = 0;
    text[0] = '\0';
    write_url(request, values, &url);
    choose_key(values, &key);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(&key);
    if (curl && headers && buf_status(&url) == STATUS_OK) {
        curl_easy_setopt(curl, CURLOPT_URL, (const char *)url.data);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        if (strcmp(request->method, "POST") == 0) {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body->data);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
        }
        if (setting_text(values, "ca-file"))
            curl_easy_setopt(curl, CURLOPT_CAINFO, setting_text(values, "ca-file"));
        if (curl_easy_perform(curl) == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

/* --- printing --- */

/* A member as people read it; an array with commas between its texts. */
static const char *shown(const json_t *object, const char *member, struct buf *scratch)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_array(value))
        return json_string_value(value);
    buf_clear(scratch);
    for (size_t i = 0; i < json_array_size(value); i++)
        buf_append_fmt(scratch, "%s%s", i ? ", " : "", json_string_value(json_array_get(value, i)));
    buf_append_byte(scratch, '\0');
    return buf_status(scratch) == STATUS_OK ? (const char *)scratch->data : NULL;
}

static void write_table(const struct directory_request *request, const json_t *rows, struct buf *out)
{
    struct print_table table = {0};
    CLEANUP(buf_fini) struct buf scratch = {0}; /* no answer has two arrays in a row */
    const char *cells[COLUMNS_MAX];
    size_t count = 0;
    while (count < COLUMNS_MAX && request->columns[count])
        count++;
    print_table_row(&table, request->columns, count);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        for (size_t column = 0; column < count; column++)
            cells[column] = shown(json_array_get(rows, i), request->columns[column], &scratch);
        print_table_row(&table, cells, count);
    }
    for (size_t column = 1; column < COLUMNS_MAX; column++)
        buf_fini(&scratch);
    print_table_write(&table, out);
    print_table_fini(&table);
}

static int print_answer(const struct directory_request *request, const struct option_values *values,
                        const struct buf *answer)
{
    CLEANUP(json_release) json_t *root = NULL;
    CLEANUP(wiped_fini) struct buf out = {0};
    if (answer->size == 0)
        return EXIT_GOOD;
    if (setting_flag(values, "json")) {
        buf_append_bytes(&out, buf_peek(answer));
        buf_append_byte(&out, '\n');
        return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
    }
    if (json_parse(buf_peek(answer), NULL, &root, NULL) != STATUS_OK)
        return EXIT_FAILED;
    if (request->list)
        write_table(request, json_object_get(root, request->list), &out);
    else
        for (size_t i = 0; i < COLUMNS_MAX && request->columns[i]; i++)
            print_pair(&out, request->columns[i],
                       json_string_value(json_object_get(root, request->columns[i])));
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

static int explain(const struct command *command, const struct option_values *values, long status,
                   const struct buf *answer, const char *text)
{
    CLEANUP(json_release) json_t *root = NULL;
    char mend[300];
    snprintf(mend, sizeof mend,
             "nothing answers at %.200s: start it with sallyport dev, or name another with --url",
             setting_text(values, "url"));
    if (status == 0)
        return failed(command, EXIT_FAILED, text[0] ? text : "no answer", mend);
    if (json_parse(buf_peek(answer), NULL, &root, NULL) != STATUS_OK)
        root = NULL;
    const char *detail = json_string_value(json_object_get(root, "detail"));
    int code = status == 404 ? EXIT_NOT_FOUND : EXIT_FAILED;
    if (status == 400)
        code = EXIT_USAGE;
    return failed(command, code, detail ? detail : "the server has no such API",
                  status == 401 ? "give a key with SALLYPORT_KEY, or the server's data folder with --data"
                                : NULL);
}

/* --- running --- */

static int run(const struct command *command, const struct option_values *values)
{
    const struct directory_request *request = requests;
    while (strcmp(request->command, command->name) != 0)
        request++;
    CLEANUP(wiped_fini) struct buf body = {0};
    CLEANUP(wiped_fini) struct buf answer = {.limit = ANSWER_SIZE_MAX};
    char text[CURL_ERROR_SIZE];
    if (!write_body(request, values, &body))
        return failed(command, EXIT_FAILED, "the file cannot be read", NULL);
    long status = ask(request, values, &body, &answer, text);
    if (status >= 200 && status < 300)
        return print_answer(request, values, &answer);
    return explain(command, values, status, &answer, text);
}

/* --- rows --- */

#define SYNTAX(bit, words)                                                                                   \
    {                                                                                                        \
        .sets = {{settings, (bit)}}, .positionals = (words)                                                  \
    }
#define ONCE "What it prints is shown this once, and kept as a hash.\n"
#define WHO                                                                                                  \
    "Who asks is --key; without it the key in the data folder of a server on this machine. The server "      \
    "must\n"                                                                                                 \
    "run. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing."

const struct command directory_commands[] = {
    {"user create", run, SYNTAX(DIRECTORY_USER_CREATE, "NAME"), "make a person, such as alice@example.org",
     ONCE WHO},
    {"user ls", run, SYNTAX(DIRECTORY_ANY, NULL), "list people", WHO},
    {"user delete", run, SYNTAX(DIRECTORY_ANY, "NAME"), "delete a person, with roles and secrets", WHO},
    {"user secret", run, SYNTAX(DIRECTORY_ANY, "NAME"), "make a further secret for a person", ONCE WHO},
    {"group create", run, SYNTAX(DIRECTORY_ANY, "NAME"), "make a group", WHO},
    {"group ls", run, SYNTAX(DIRECTORY_ANY, NULL), "list groups and members", WHO},
    {"group delete", run, SYNTAX(DIRECTORY_ANY, "NAME"), "delete a group and its roles", WHO},
    {"group add", run, SYNTAX(DIRECTORY_ANY, "GROUP MEMBER"), "put somebody into a group", WHO},
    {"group remove", run, SYNTAX(DIRECTORY_ANY, "GROUP MEMBER"), "take somebody out of a group", WHO},
    {"sp create", run, SYNTAX(DIRECTORY_SP_CREATE, "NAME"), "make an application (service principal)",
     ONCE WHO},
    {"sp ls", run, SYNTAX(DIRECTORY_ANY, NULL), "list applications", WHO},
    {"sp delete", run, SYNTAX(DIRECTORY_ANY, "NAME"), "delete an application, with roles and secrets", WHO},
    {"sp secret", run, SYNTAX(DIRECTORY_ANY, "NAME"), "make a further secret for an application", ONCE WHO},
    {"key create", run, SYNTAX(DIRECTORY_KEY_CREATE, NULL), "make an API key", ONCE WHO},
    {"key ls", run, SYNTAX(DIRECTORY_ANY, NULL), "list API keys and their last use", WHO},
    {"key delete", run, SYNTAX(DIRECTORY_ANY, "NAME"), "revoke an API key, on open streams, too", WHO},
    {"role create", run, SYNTAX(DIRECTORY_ROLE_CREATE, "ROLE"), "grant a role",
     "doc/sign-in.md has the roles.\n" WHO},
    {"role ls", run, SYNTAX(DIRECTORY_ANY, NULL), "list who has which role where", WHO},
    {"role delete", run, SYNTAX(DIRECTORY_ANY, "ID"), "take a role away, on open streams, too", WHO},
    {.name = NULL},
};
