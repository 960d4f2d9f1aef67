/* SPDX-License-Identifier: MIT */
/* act_login.c — three ways in: a server that asks nothing, a program with its secret, a person with a code. What was
 * learned is kept only once the server has accepted it. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/acts.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define CLI_CLIENT          "04b07795-8ddb-461a-bbee-02f9e1bf7b46" /* the public client that the cloud's `az` is */
#define ENDPOINTS           "/metadata/endpoints?api-version=2022-09-01"
#define SUBSCRIPTIONS_PROBE "/subscriptions?api-version=2022-12-01"
#define INTERVAL_DEFAULT_S  5
#define WAIT_MAX_S          900 /* of a person with a code */
#define SECRET_SIZE_MAX     1024

static int keep(struct az_call *call, const char *name, const char *value)
{
    if (!az_profile_set(call->server.profile, NULL, name, value))
        return az_no_memory();
    return EXIT_GOOD;
}

/* Forgets who was signed in, and which server was meant. */
static void forget(struct az_call *call)
{
    static const char *const names[] = {"user",   "kind",   "client",       "tenant",
                                        "secret", "tokens", "refreshToken", "subscription"};
    json_t *profile = call->server.profile;
    const struct buf *ca_file = &call->server.ca_file;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void)json_object_del(profile, names[i]);
    (void)az_profile_set(profile, NULL, "url", (const char *)call->server.url.data);
    (void)az_profile_set(profile, NULL, "caFile", ca_file->size ? (const char *)ca_file->data : NULL);
    call->server.profile_is_ours = true;
}

static int keep_profile(struct az_call *call)
{
    struct err err = {0};
    if (az_profile_write(call->server.profile, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    return EXIT_GOOD;
}

/* How the server calls itself and its directory in tokens. */
static int learn_audiences(struct az_call *call)
{
    CLEANUP(json_release) json_t *answer = NULL;
    const struct az_ask ask = {.method = "GET", .path = ENDPOINTS, .audience = AZ_NOBODY};
    int code = az_ask(call, &ask, &answer);
    const json_t *authentication = json_object_get(answer, "authentication");
    const char *manager = json_string_value(json_array_get(json_object_get(authentication, "audiences"), 0));
    const char *graph = json_member_text(answer, "microsoftGraphResourceId");
    if (code == EXIT_GOOD)
        code = keep(call, "manager", manager);
    if (code != EXIT_GOOD)
        return code;
    return keep(call, "graph", graph);
}

/* --- a server that asks nothing, or is one's own --- */

/* `*ret_wants_more`: it answers neither without a token nor to its local key. */
static int login_local(struct az_call *call, bool *ret_wants_more)
{
    struct err err = {0};
    struct az_answer answer = {0};
    const struct az_ask ask = {.method = "GET", .path = SUBSCRIPTIONS_PROBE, .audience = AZ_MANAGER};
    forget(call); /* so that only the key of a server of one's own counts, if there is one */
    if (az_server_ask(&call->server, &ask, &answer, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    *ret_wants_more = answer.status == 401;
    int code = EXIT_GOOD;
    if (az_lacks_plane(&ask, &answer))
        code = az_fail_plane(call);
    else if (!*ret_wants_more && answer.status != 200)
        code = az_fail_answer(&answer);
    az_answer_fini(&answer);
    if (code == EXIT_GOOD && !*ret_wants_more)
        code = keep(call, "user", "local");
    if (code == EXIT_GOOD && !*ret_wants_more)
        code = keep(call, "kind", "local");
    return code;
}

/* --- a program --- */

/* Reads a line without showing it. */
static bool read_secret(char *ret_secret, size_t size)
{
    struct termios shown, hidden;
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (!terminal || tcgetattr(fileno(terminal), &shown) != 0) {
        if (terminal)
            fclose(terminal);
        return false;
    }
    hidden = shown;
    hidden.c_lflag &= (tcflag_t)~ECHO;
    fputs("Password: ", terminal);
    fflush(terminal);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
    bool good = fgets(ret_secret, (int)size, terminal) != NULL;
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
    fputs("\n", terminal);
    fclose(terminal);
    return good;
}

static int login_program(struct az_call *call)
{
    char asked[SECRET_SIZE_MAX] = "";
    const char *client = az_text_of(&call->values, "username");
    const char *secret = az_text_of(&call->values, "password");
    const char *tenant = az_text_of(&call->values, "tenant");
    if (!client)
        return az_fail(EXIT_USAGE, "--service-principal needs --username/-u CLIENT_ID");
    if (!secret)
        secret = getenv("AZURE_CLIENT_SECRET");
    if (!secret && read_secret(asked, sizeof asked))
        secret = asked;
    if (!secret)
        return az_fail(EXIT_USAGE, "Please specify both username and password in non-interactive mode: "
                                   "--password @FILE, or AZURE_CLIENT_SECRET");
    CLEANUP(buf_fini) struct buf clean = {0};
    buf_append_bytes(&clean, bytes_trim(bytes_of_cstr(secret)));
    buf_append_byte(&clean, '\0');
    explicit_bzero(asked, sizeof asked);
    if (clean.failed)
        return az_no_memory();

    forget(call);
    int code = learn_audiences(call);
    if (code == EXIT_GOOD)
        code = keep(call, "user", client);
    if (code == EXIT_GOOD)
        code = keep(call, "kind", "servicePrincipal");
    if (code == EXIT_GOOD)
        code = keep(call, "client", client);
    if (code == EXIT_GOOD)
        code = keep(call, "tenant", tenant);
    if (code == EXIT_GOOD)
        code = keep(call, "secret", (const char *)clean.data);
    explicit_bzero(clean.data, clean.size);
    return code;
}

/* --- a person --- */

static void append_field(struct buf *form, const char *name, const char *value)
{
    buf_append_fmt(form, "%s%s=", form->size ? "&" : "", name);
    percent_encode(form, bytes_of_cstr(value), NULL);
}

static int ask_form(struct az_call *call, const char *tenant, const char *end, const struct buf *form,
                    struct az_answer *ret_answer)
{
    CLEANUP(buf_fini) struct buf path = {0};
    struct err err = {0};
    buf_append_fmt(&path, "/%s/oauth2/v2.0/%s", tenant, end);
    buf_append_byte(&path, '\0');
    if (path.failed || form->failed)
        return az_no_memory();
    const struct az_ask ask = {
        .method = "POST", .path = (const char *)path.data, .audience = AZ_NOBODY, .form = buf_peek(form)};
    if (!az_server_may_have_secrets((const char *)call->server.url.data))
        return az_fail(EXIT_FAILED,
                       "a sign-in does not go over clear text: name an https URL with SALLYPORT_URL");
    if (az_server_ask(&call->server, &ask, ret_answer, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    return EXIT_GOOD;
}

/* The name in an id token; its signature is not looked at, since it came from the server itself. */
static void name_of(const json_t *answer, char *ret_name, size_t size)
{
    const char *token = json_member_text(answer, "id_token");
    struct bytes rest = bytes_of_cstr(text_or(token, ""));
    CLEANUP(buf_fini) struct buf standard = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *claims = NULL;
    (void)bytes_split(&rest, '.');
    struct bytes middle = bytes_split(&rest, '.');
    for (size_t i = 0; i < middle.size; i++) {
        uint8_t byte = middle.data[i];
        if (byte == '-') /* the alphabet of URLs, RFC 4648 section 5 */
            byte = '+';
        else if (byte == '_')
            byte = '/';
        buf_append_byte(&standard, byte);
    }
    const char *name = NULL;
    if (base64_decode(&text, buf_peek(&standard)) == STATUS_OK &&
        json_parse(buf_peek(&text), NULL, &claims, NULL) == STATUS_OK)
        name = json_member_text(claims, "preferred_username");
    (void)snprintf(ret_name, size, "%s", text_or(name, "user"));
}

/* Waits until the person has typed the code. */
static int poll_token(struct az_call *call, const char *tenant, const char *device_code, int64_t interval_s)
{
    CLEANUP(buf_fini) struct buf form = {0};
    append_field(&form, "client_id", CLI_CLIENT);
    append_field(&form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    append_field(&form, "device_code", device_code);
    int64_t deadline = clock_monotonic_ns() + WAIT_MAX_S * NS_PER_S;
    while (clock_monotonic_ns() < deadline) {
        struct az_answer answer = {0};
        struct err err = {0};
        int code = ask_form(call, tenant, "token", &form, &answer);
        if (code != EXIT_GOOD)
            return code;
        const char *error = json_member_text(answer.json, "error");
        const char *why = json_member_text(answer.json, "error_description");
        if (answer.status == 200) {
            char name[256];
            name_of(answer.json, name, sizeof name);
            if (keep(call, "user", name) != EXIT_GOOD ||
                az_server_keep_token(&call->server, az_server_audience(&call->server, AZ_MANAGER),
                                     answer.json, &err) != STATUS_OK)
                code = az_fail(EXIT_FAILED, "%s", err.text);
            az_answer_fini(&answer);
            return code;
        }
        bool slower = error && strcmp(error, "slow_down") == 0;
        bool pending = error && strcmp(error, "authorization_pending") == 0;
        if (!pending && !slower)
            code = az_fail(EXIT_FAILED, "%s", text_or(why, "the sign-in was refused"));
        az_answer_fini(&answer);
        if (code != EXIT_GOOD)
            return code;
        interval_s += slower ? INTERVAL_DEFAULT_S : 0; /* RFC 8628 section 3.5 */
        const struct timespec pause = {.tv_sec = (time_t)interval_s};
        (void)nanosleep(&pause, NULL);
    }
    return az_fail(EXIT_FAILED, "the code was not used in time");
}

static int login_person(struct az_call *call)
{
    const char *tenant = az_text_of(&call->values, "tenant");
    CLEANUP(buf_fini) struct buf form = {0};
    CLEANUP(buf_fini) struct buf scope = {0};
    if (!tenant)
        tenant = "organizations";
    forget(call);
    int code = learn_audiences(call);
    if (code != EXIT_GOOD)
        return code;
    buf_append_fmt(&scope, "%s/.default offline_access openid profile",
                   az_server_audience(&call->server, AZ_MANAGER));
    buf_append_byte(&scope, '\0');
    append_field(&form, "client_id", CLI_CLIENT);
    append_field(&form, "scope", scope.failed ? "" : (const char *)scope.data);
    struct az_answer answer = {0};
    code = ask_form(call, tenant, "devicecode", &form, &answer);
    if (code != EXIT_GOOD)
        return code;
    const char *message = json_member_text(answer.json, "message");
    const char *device_code = json_member_text(answer.json, "device_code");
    json_int_t interval = json_integer_value(json_object_get(answer.json, "interval"));
    if (answer.status != 200 || !message || !device_code) {
        const char *why = json_member_text(answer.json, "error_description");
        code = az_fail(EXIT_FAILED, "%s", text_or(why, "the server has no sign-in by code"));
    } else {
        az_warn(call, "%s", message);
        code = keep(call, "kind", "user");
        if (code == EXIT_GOOD)
            code = keep(call, "tenant", tenant);
        if (code == EXIT_GOOD)
            code = poll_token(call, tenant, device_code, interval > 0 ? interval : INTERVAL_DEFAULT_S);
    }
    az_answer_fini(&answer);
    return code;
}

int az_act_login(struct az_call *call)
{
    int code = EXIT_GOOD;
    bool program = az_flag_of(&call->values, "service-principal");
    bool person = !program && az_flag_of(&call->values, "use-device-code");
    if (!program && az_text_of(&call->values, "username"))
        return az_fail(EXIT_USAGE, "people sign in by a code: az login --use-device-code; programs with "
                                   "--service-principal");
    if (program)
        code = login_program(call);
    else if (!person)
        code = login_local(call, &person);
    if (code == EXIT_GOOD && person)
        code = login_person(call);

    /* ORDER: the list is asked for with what was learned; only if that works is it kept. */
    if (code == EXIT_GOOD)
        code = az_account_print(call, false);
    if (code != EXIT_GOOD)
        return code;
    return keep_profile(call);
}
