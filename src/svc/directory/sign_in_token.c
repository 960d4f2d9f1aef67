/* SPDX-License-Identifier: MIT */
/* sign_in_token.c — the token endpoint: a table of grants; those of applications are answered at once, those of people when the
 * ticket that they used up is gone from the disk. */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/sign_in_internal.h"
#include "wire/json/json.h"

#define REFRESH_NS (REFRESH_DAYS * 86400 * NS_PER_S)
#define USED_TWICE "a code or token was used twice"

/* A grant of a person, from the request to the answer behind a write set. */
struct exchange_of_ticket {
    struct directory_waiter waiter;
    struct sign_in *sign_in;
    struct http_request *request; /* NULL: the peer is gone */
    struct arena arena;
    struct sign_in_subject subject;
    const char *scope;
    const char *base;
    const char *how;
    const char *family; /* that ends if somebody else was the first; "": none */
    bool client_info;
    char refresh[SECRET_TEXT_SIZE + 1]; /* "": none is handed out */
};

/* --- what is asked for --- */

static bool is_openid_scope(struct bytes word)
{
    static const char *const words[] = {"openid", "profile", "email", "offline_access"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (bytes_equal_cstr(word, words[i]))
            return true;
    return false;
}

/* "https://host:port/user_impersonation" is a scope of the audience before its last slash. */
static struct bytes audience_of(struct bytes word)
{
    size_t scheme = bytes_find(word, BYTES_LITERAL("://"));
    size_t from = scheme < word.size ? scheme + 3 : 0;
    for (size_t at = word.size; at > from; at--)
        if (word.data[at - 1] == '/')
            return bytes_slice(word, 0, at - 1);
    return word;
}

struct bytes sign_in_audience(const char *scope, const char *base)
{
    struct bytes rest = bytes_of_cstr(scope);
    while (rest.data) {
        struct bytes word = bytes_split(&rest, ' ');
        if (word.size > 0 && !is_openid_scope(word))
            return audience_of(word);
    }
    return bytes_of_cstr(base);
}

static bool scope_has(const char *scope, const char *wanted)
{
    struct bytes rest = bytes_of_cstr(scope);
    while (rest.data)
        if (bytes_equal_cstr(bytes_split(&rest, ' '), wanted))
            return true;
    return false;
}

/* --- the answer --- */

static void write_client_info(struct json_writer *json, const struct sign_in *sign_in, const char *object_id)
{
    CLEANUP(buf_fini) struct buf info = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    struct json_writer inner = {.out = &info};
    json_write_begin_object(&inner);
    json_write_member_cstr(&inner, "uid", object_id);
    json_write_member_cstr(&inner, "utid", directory_tenant(sign_in->options.directory)->id);
    json_write_end_object(&inner);
    base64url_encode(&text, buf_peek(&info));
    json_write_member_string(json, "client_info", buf_peek(&text));
}

static void write_identity(struct json_writer *json, struct sign_in *sign_in, const struct token_wish *wish,
                           const char *nonce)
{
    CLEANUP(buf_fini) struct buf token = {0};
    struct err ignored;
    if (token_mint_identity(sign_in->options.keys, wish, nonce, clock_unix_ns(), &token, &ignored) ==
        STATUS_OK)
        json_write_member_string(json, "id_token", buf_peek(&token));
}

/* Everything a client may be given; `refresh` "": no refresh token. */
static void answer_tokens(struct sign_in *sign_in, struct http_request *request,
                          const struct sign_in_subject *subject, const char *base, const char *scope,
                          const char *refresh, bool client_info)
{
    CLEANUP(buf_fini) struct buf token = {0};
    CLEANUP(buf_fini) struct buf body = {0};
    struct err err = {0};
    const struct token_wish wish = {.issuer_base = base,
                                    .audience = sign_in_audience(scope, base),
                                    .object_id = subject->object_id,
                                    .client_id = subject->client_id,
                                    .name = subject->name};
    enum status status = token_mint(sign_in->options.keys, &wish, clock_unix_ns(), &token, &err);
    if (status != STATUS_OK) {
        bool bad = status == STATUS_INVALID_ARGUMENT;
        sign_in_refuse(request, bad ? 400 : 503, bad ? "invalid_scope" : "temporarily_unavailable", err.text);
        return;
    }
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "token_type", "Bearer");
    json_write_member_int(&json, "expires_in", TOKEN_LIFETIME_S - 1);
    json_write_member_int(&json, "ext_expires_in", TOKEN_LIFETIME_S - 1);
    json_write_member_string(&json, "access_token", buf_peek(&token));
    json_write_member_string(&json, "resource", wish.audience);
    if (refresh[0]) {
        json_write_member_cstr(&json, "refresh_token", refresh);
        json_write_member_cstr(&json, "scope", scope);
    }
    if (subject->name && scope_has(scope, "openid"))
        write_identity(&json, sign_in, &wish, subject->nonce);
    if (client_info)
        write_client_info(&json, sign_in, subject->object_id);
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK) {
        http_respond_no_memory(request);
        return;
    }
    (void)!http_response_header(request, "Pragma", BYTES_LITERAL("no-cache"));
    http_respond(request, 200, "application/json; charset=utf-8", buf_peek(&body));
}

/* The v1 form calls it a resource. NULL: neither was given. */
static const char *scope_of(const struct form_fields *form)
{
    const char *scope = form_get(form, "scope");
    return scope ? scope : form_get(form, "resource");
}

static bool wants_client_info(const struct form_fields *form)
{
    const char *value = form_get(form, "client_info");
    return value && strcmp(value, "1") == 0;
}

/* --- applications --- */

static void grant_client(struct sign_in *sign_in, struct http_request *request,
                         const struct form_fields *form)
{
    const char *why, *base = sign_in_base(request), *scope = scope_of(form);
    const char *client_id = form_get(form, "client_id");
    const struct directory_application *application = sign_in_client(sign_in, request, form, &why);
    if (!application) {
        sign_in_fail(sign_in, request, text_or(client_id, ""), "invalid_client",
                     "There is no such application, or its secret, certificate or assertion does not count.");
        return;
    }
    if (!scope || !base) {
        sign_in_refuse(request, 400, "invalid_scope", "Say what for: scope=RESOURCE/.default.");
        return;
    }
    const struct sign_in_subject subject = {.object_id = application->id,
                                            .client_id = application->client_id};
    sign_in_note(sign_in, &subject, "client");
    answer_tokens(sign_in, request, &subject, base, scope, "", wants_client_info(form));
}

/* --- people: a ticket for tokens --- */

static void exchange_free(struct exchange_of_ticket *exchange)
{
    explicit_bzero(exchange->refresh, sizeof exchange->refresh);
    arena_fini(&exchange->arena);
    free(exchange);
}

/* Tokens are given when the ticket is used up on disk, never before: a power cut must not let it be used again. Of those who show
 * it at the same time the first one has tokens, and by the second one all that came from the sign-in ends, as if they had come one
 * after the other. */
static void on_exchanged(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct exchange_of_ticket *exchange = CONTAINER_OF(waiter, struct exchange_of_ticket, waiter);
    struct http_request *request = exchange->request;
    bool was_used = status == STATUS_NOT_FOUND || status == STATUS_FAILED_PRECONDITION ||
                    tickets_are_ending(&exchange->sign_in->ends, exchange->family);
    if (status == STATUS_FAILED_PRECONDITION)
        tickets_end_family(&exchange->sign_in->ends, exchange->family);
    if (request) {
        http_request_on_gone(request, NULL, NULL);
        if (status == STATUS_OK && !was_used) {
            sign_in_note(exchange->sign_in, &exchange->subject, exchange->how);
            answer_tokens(exchange->sign_in, request, &exchange->subject, exchange->base, exchange->scope,
                          exchange->refresh, exchange->client_info);
        } else if (was_used) {
            sign_in_note_failure(exchange->sign_in, exchange->subject.name, USED_TWICE);
            sign_in_refuse(request, 400, "invalid_grant", "The code or token was used already.");
        } else {
            sign_in_refuse(request, 503, "temporarily_unavailable", "The directory cannot be written.");
        }
    }
    exchange_free(exchange);
}

static void on_exchange_gone(void *context)
{
    ((struct exchange_of_ticket *)context)->request = NULL;
}

/* Copies: ticket, person and form may be gone when the write is done. */
static struct exchange_of_ticket *exchange_create(struct sign_in *sign_in, struct http_request *request,
                                                  const struct form_fields *form,
                                                  const struct directory_ticket *ticket,
                                                  const struct directory_person *person)
{
    struct exchange_of_ticket *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    struct arena *arena = &exchange->arena;
    arena_init(arena, 0);
    const char *scope = scope_of(form), *base = sign_in_base(request);
    exchange->waiter.on_done = on_exchanged;
    exchange->sign_in = sign_in;
    exchange->request = request;
    exchange->client_info = wants_client_info(form);
    exchange->subject.object_id = arena_cstr(arena, bytes_of_cstr(person->id));
    exchange->subject.client_id = arena_cstr(arena, bytes_of_cstr(ticket->client_id));
    exchange->subject.name = arena_cstr(arena, bytes_of_cstr(person->name));
    exchange->subject.nonce = ticket->nonce[0] ? arena_cstr(arena, bytes_of_cstr(ticket->nonce)) : NULL;
    exchange->scope = arena_cstr(arena, bytes_of_cstr(scope ? scope : ticket->scope));
    exchange->base = arena_cstr(arena, bytes_of_cstr(base));
    exchange->family = arena_cstr(arena, bytes_of_cstr(ticket->family));
    if (!exchange->subject.object_id || !exchange->subject.client_id || !exchange->subject.name ||
        !exchange->scope || !exchange->base || !exchange->family ||
        (ticket->nonce[0] && !exchange->subject.nonce)) {
        exchange_free(exchange);
        return NULL;
    }
    return exchange;
}

/* The ticket is used up, and the next refresh token made, in one write set. `mark`: it is kept as used, so that it is known if
 * it is shown again. */
static void use_ticket(struct sign_in *sign_in, struct http_request *request, const struct form_fields *form,
                       const struct directory_ticket *ticket, const struct directory_person *person,
                       bool mark, const char *how)
{
    struct exchange_of_ticket *exchange = exchange_create(sign_in, request, form, ticket, person);
    if (!exchange) {
        http_respond_no_memory(request);
        return;
    }
    char id[GUID_TEXT_SIZE + 1], hash[SECRET_HASH_SIZE + 1];
    int64_t now_ns = clock_unix_ns();
    directory_guid(id);
    secret_make(SECRET_REFRESH, exchange->refresh);
    secret_hash(bytes_of_cstr(exchange->refresh), hash);
    struct directory_ticket used = *ticket;
    used.used = 1;
    const struct directory_ticket next = {.id = id,
                                          .type = DIRECTORY_REFRESH,
                                          .hash = hash,
                                          .family = ticket->family[0] ? ticket->family : ticket->id,
                                          .principal_id = person->id,
                                          .client_id = ticket->client_id,
                                          .scope = ticket->scope,
                                          .created_ns = now_ns,
                                          .expires_ns = now_ns + REFRESH_NS};
    const struct directory_write writes[] = {
        {mark ? DIRECTORY_REPLACE : DIRECTORY_DELETE, DIRECTORY_TICKET, &used},
        {DIRECTORY_CREATE, DIRECTORY_TICKET, &next}};
    exchange->how = how;
    http_request_on_gone(request, on_exchange_gone, exchange);
    tickets_make_room(sign_in->options.directory, person->id, ticket);
    directory_write(sign_in->options.directory, writes, ARRAY_SIZE(writes), &exchange->waiter);
}

static const struct directory_ticket *find_ticket(struct sign_in *sign_in, const char *text,
                                                  enum directory_ticket_type type)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_of_cstr(text_or(text, "")), hash);
    const struct directory_ticket *ticket =
        directory_find(sign_in->options.directory, DIRECTORY_TICKET, "hash", bytes_of_cstr(hash));
    return ticket && ticket->type == type && ticket->expires_ns > clock_unix_ns() ? ticket : NULL;
}

static const struct directory_person *person_of(struct sign_in *sign_in,
                                                const struct directory_ticket *ticket)
{
    const struct directory_person *person = directory_find(sign_in->options.directory, DIRECTORY_PERSON, "id",
                                                           bytes_of_cstr(ticket->principal_id));
    return person && !person->disabled ? person : NULL;
}

/* It was used before, or nothing that came from its sign-in counts any more. */
static bool is_spent(const struct sign_in *sign_in, const struct directory_ticket *ticket)
{
    return ticket->used || tickets_are_ending(&sign_in->ends, ticket->family);
}

static bool is_of_client(const struct directory_ticket *ticket, const struct form_fields *form)
{
    const char *client_id = form_get(form, "client_id");
    return client_id && strcmp(client_id, ticket->client_id) == 0;
}

static void refuse_grant(struct sign_in *sign_in, struct http_request *request,
                         const struct directory_person *person, bool used)
{
    sign_in_note_failure(sign_in, person ? person->name : "", used ? USED_TWICE : "invalid_grant");
    sign_in_refuse(request, 400, "invalid_grant",
                   "The code or token is not known, is over, or was used already.");
}

static void grant_refresh(struct sign_in *sign_in, struct http_request *request,
                          const struct form_fields *form)
{
    const struct directory_ticket *ticket =
        find_ticket(sign_in, form_get(form, "refresh_token"), DIRECTORY_REFRESH);
    const struct directory_person *person = ticket ? person_of(sign_in, ticket) : NULL;
    if (ticket && ticket->used)
        tickets_end_family(&sign_in->ends, ticket->family);
    if (!person || is_spent(sign_in, ticket) || !is_of_client(ticket, form))
        refuse_grant(sign_in, request, person, ticket && ticket->used);
    else
        use_ticket(sign_in, request, form, ticket, person, true, "refresh");
}

/* RFC 8628 section 3.5 */
static void refuse_pending(struct sign_in *sign_in, struct http_request *request,
                           const struct directory_ticket *ticket)
{
    bool hurries = device_gate_hurries(&sign_in->devices, bytes_of_cstr(ticket->id), clock_unix_ns(),
                                       (POLL_INTERVAL_S - POLL_EARLY_S) * NS_PER_S);
    sign_in_refuse(request, 400, hurries ? "slow_down" : "authorization_pending",
                   hurries ? "Nobody has confirmed the code yet; ask less often."
                           : "Nobody has confirmed the code yet.");
}

static void grant_device(struct sign_in *sign_in, struct http_request *request,
                         const struct form_fields *form)
{
    const struct directory_ticket *ticket =
        find_ticket(sign_in, form_get(form, "device_code"), DIRECTORY_DEVICE);
    if (!ticket || !is_of_client(ticket, form)) {
        sign_in_refuse(request, 400, "expired_token", "The device code is not known, or is over.");
        return;
    }
    const struct directory_person *person = person_of(sign_in, ticket);
    if (ticket->refused)
        sign_in_refuse(request, 400, "authorization_declined", "The person said no.");
    else if (!ticket->principal_id[0])
        refuse_pending(sign_in, request, ticket);
    else if (!person)
        refuse_grant(sign_in, request, NULL, false);
    else
        use_ticket(sign_in, request, form, ticket, person, false, "device");
}

/* RFC 7636 section 4.6 */
static bool verifier_matches(const char *verifier, const char *challenge)
{
    char hash[SECRET_HASH_SIZE + 1];
    uint8_t raw[SECRET_HASH_SIZE / 2];
    CLEANUP(buf_fini) struct buf text = {0};
    if (!verifier || strlen(verifier) < 43 || strlen(verifier) > 128)
        return false;
    secret_hash(bytes_of_cstr(verifier), hash);
    for (size_t i = 0; i < sizeof raw; i++) {
        unsigned high = (unsigned)ascii_hex_value((uint8_t)hash[2 * i]);
        unsigned low = (unsigned)ascii_hex_value((uint8_t)hash[2 * i + 1]);
        raw[i] = (uint8_t)(high << 4 | low);
    }
    base64url_encode(&text, bytes_of(raw, sizeof raw));
    return secret_equal(buf_peek(&text), bytes_of_cstr(challenge));
}

static void grant_code(struct sign_in *sign_in, struct http_request *request, const struct form_fields *form)
{
    const struct directory_ticket *ticket = find_ticket(sign_in, form_get(form, "code"), DIRECTORY_CODE);
    const struct directory_person *person = ticket ? person_of(sign_in, ticket) : NULL;
    const char *redirect = form_get(form, "redirect_uri");
    if (ticket && ticket->used)
        tickets_end_family(&sign_in->ends, ticket->family);
    if (!person || is_spent(sign_in, ticket) || !is_of_client(ticket, form) || !redirect ||
        strcmp(redirect, ticket->redirect) != 0 ||
        !verifier_matches(form_get(form, "code_verifier"), ticket->challenge))
        refuse_grant(sign_in, request, person, ticket && ticket->used);
    else
        use_ticket(sign_in, request, form, ticket, person, true, "code");
}

/* --- the endpoint --- */

static const struct {
    const char *type;
    void (*grant)(struct sign_in *sign_in, struct http_request *request, const struct form_fields *form);
} grants[] = {
    {"client_credentials", grant_client}, {"urn:ietf:params:oauth:grant-type:jwt-bearer", grant_client},
    {"refresh_token", grant_refresh},     {"urn:ietf:params:oauth:grant-type:device_code", grant_device},
    {"device_code", grant_device},        {"authorization_code", grant_code},
};

void sign_in_token(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    struct form_fields form;
    struct err err = {0};
    if (!sign_in_take_tenant(sign_in, request))
        return;
    if (form_read(http_request_body(request), http_request_arena(request), &form, &err) != STATUS_OK) {
        sign_in_refuse(request, 400, "invalid_request", err.text);
        return;
    }
    const char *type = form_get(&form, "grant_type");
    for (size_t i = 0; type && i < ARRAY_SIZE(grants); i++) {
        if (strcmp(type, grants[i].type) != 0)
            continue;
        grants[i].grant(sign_in, request, &form);
        return;
    }
    sign_in_refuse(
        request, 400, "unsupported_grant_type",
        "The grant_type must be client_credentials, refresh_token, device_code, authorization_code or "
        "jwt-bearer.");
}
