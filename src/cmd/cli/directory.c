/* SPDX-License-Identifier: MIT */
/* directory.c — one table says for each command which request it is and what of the answer is shown; the rest is one way to
 * ask and one to print. */
#include "cmd/cli/directory.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/no_memory.h"
#include "cmd/cli/print.h"
#include "cmd/cli/server.h"
#include "credential/wiped.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define FILE_SIZE_MAX ((size_t)16 << 10) /* bytes of a certificate or key */
#define API           "/v1/directory"
#define COLUMNS_MAX   6

enum directory_bit {
    DIRECTORY_ANY = 1 << 0,
    DIRECTORY_USER_CREATE = 1 << 1,
    DIRECTORY_SP_CREATE = 1 << 2,
    DIRECTORY_KEY_CREATE = 1 << 3,
    DIRECTORY_ROLE_CREATE = 1 << 4,
};

static const struct option_spec settings[] = {
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

/* --- asking --- */

static bool add_text(struct json_writer *json, const struct option_values *values,
                     const struct body_member *member)
{
    const char *text =
        member->setting ? setting_text(values, member->setting) : values->positionals[member->positional];
    bool is_file = member->setting && strcmp(member->setting, "certificate") == 0;
    CLEANUP(buf_fini) struct buf file = {0};
    if (!text)
        return true;
    if (is_file && !server_read_file(text, FILE_SIZE_MAX, &file))
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

/* Each "%s" is the next positional. */
static void write_path(const struct directory_request *request, const struct option_values *values,
                       struct buf *out)
{
    size_t positional = 0;
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
            print_pair(&out, request->columns[i], json_member_text(root, request->columns[i]));
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- running --- */

static int run(const struct command *command, const struct option_values *values)
{
    const struct directory_request *request = requests;
    while (strcmp(request->command, command->name) != 0)
        request++;
    CLEANUP(wiped_fini) struct buf body = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    bool posts = strcmp(request->method, "POST") == 0;
    if (!write_body(request, values, &body))
        return server_failed(command, EXIT_FAILED, "the file cannot be read", NULL);
    write_path(request, values, &path);
    if (buf_status(&path) != STATUS_OK)
        return server_failed(command, EXIT_FAILED, ERR_NO_MEMORY, NULL);

    const struct server_request asked = {.method = request->method,
                                         .path = (const char *)path.data,
                                         .content_type = posts ? "application/json" : NULL,
                                         .body = buf_peek(&body),
                                         .patience_ms = SERVER_PATIENCE_MS};
    server_ask(values, &asked, &answer);
    if (answer.http_status >= 200 && answer.http_status < 300)
        return print_answer(request, values, &answer.body);
    return server_explain(command, values, &answer);
}

/* --- rows --- */

#define SYNTAX(bit, words)                                                                                   \
    {                                                                                                        \
        .sets = {{server_settings, SERVER_SETTINGS_BIT}, {settings, (bit)}}, .positionals = (words)          \
    }
#define ONCE "What it prints is shown this once, and kept as a hash.\n"
#define WHO                                                                                                  \
    "Who asks is --key; without it the key in the data folder of a server on this machine. The server "      \
    "must\n"                                                                                                 \
    "run. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing, 7 no right."

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
