/* SPDX-License-Identifier: MIT */
/* sign_in_pages.c — what needs a person: a code of a device is confirmed, an application in a browser gets a code. Two small pages
 * without script. They rely on no cookie: name and secret are typed each time, so no other site can make a person agree. */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/sign_in_internal.h"
#include "wire/json/json.h"

#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action %s; frame-ancestors 'none'"
#define DEVICE_RETRY_S "900"
#define SCOPE_TOO_LONG "The scope is too long (limit scope-size-max)."
#define MODE           "response_mode"
#define MODE_FORM      "form_post"
#define FAILED         "The name, the secret or the code is not right, or the code is over."

/* --- HTML --- */

static void append_html(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '>' || *text == '&' || *text == '"' || *text == '\'')
            buf_append_fmt(out, "&#%d;", *text);
        else
            buf_append_byte(out, (uint8_t)*text);
    }
}

static void append_hidden(struct buf *out, const char *name, const char *value)
{
    buf_append_fmt(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    append_html(out, value);
    buf_append_cstr(out, "\">\n");
}

static void append_field(struct buf *out, const char *label, const char *name, const char *value,
                         const char *type)
{
    buf_append_fmt(out,
                   "<p><label>%s<br><input name=\"%s\" type=\"%s\" autocomplete=\"off\" required value=\"",
                   label, name, type);
    append_html(out, value);
    buf_append_cstr(out, "\"></label></p>\n");
}

static void begin_page(struct buf *out, const char *title)
{
    buf_append_fmt(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
        "<style>body{font:1rem sans-serif;max-width:30rem;margin:3rem auto}</style>\n<h1>%s</h1>\n",
        title, title);
}

/* `target`: besides ourselves the page's form may lead there; NULL: nowhere.
 * Under "no-referrer" a browser would send its form with "Origin: null" (Fetch, "append a request Origin header"), which is no
 * origin of ours. */
static void answer_page(struct http_request *request, int http_status, struct buf *page, const char *target)
{
    char policy[512];
    /* Scheme, host and port of a redirect that was found to be on this machine. */
    int size = target ? (int)strcspn(target + strlen("http://"), "/?") + (int)strlen("http://") : 0;
    char sources[256];
    snprintf(sources, sizeof sources, "'self' %.*s", MIN(size, 200), text_or(target, ""));
    snprintf(policy, sizeof policy, PAGE_POLICY, sources);
    buf_append_cstr(page, "</html>\n");
    bool whole =
        buf_status(page) == STATUS_OK &&
        http_response_header(request, "Content-Security-Policy", bytes_of_cstr(policy)) == STATUS_OK &&
        http_response_header(request, "Referrer-Policy", BYTES_LITERAL("same-origin")) == STATUS_OK;
    if (whole)
        http_respond(request, http_status, "text/html; charset=utf-8", buf_peek(page));
    else
        http_respond_no_memory(request);
}

static void answer_text(struct http_request *request, int http_status, const char *title, const char *text)
{
    CLEANUP(buf_fini) struct buf page = {0};
    begin_page(&page, title);
    buf_append_fmt(&page, "<p>%s</p>\n", text);
    answer_page(request, http_status, &page, NULL);
}

/* False: it is answered. */
static bool read_form(struct http_request *request, struct form_fields *form)
{
    struct err err = {0};
    if (form_read(http_request_body(request), http_request_arena(request), form, &err) == STATUS_OK)
        return true;
    http_respond_failure(request, 400, err.text);
    return false;
}

/* What is kept with a code or a token. */
static bool scope_fits(const struct form_fields *form)
{
    const char *scope = form_get(form, "scope"), *resource = form_get(form, "resource");
    return (!scope || strlen(scope) <= SCOPE_SIZE_MAX) && (!resource || strlen(resource) <= SCOPE_SIZE_MAX);
}

static const char *text_of(const struct form_fields *form, const char *name)
{
    const char *text = form_get(form, name);
    return text_or(text, "");
}

/* --- one write set, and a page or a document behind it --- */

struct pending_page {
    struct directory_waiter waiter;
    struct http_request *request; /* NULL: the peer is gone */
    struct buf body;              /* JSON; empty: `location`, `page` or `text` */
    struct buf location;
    struct buf page;
    const char *target; /* of the page's form; the request's */
    const char *text;   /* static */
};

static void pending_free(struct pending_page *pending)
{
    buf_fini(&pending->body);
    buf_fini(&pending->location);
    buf_fini(&pending->page);
    free(pending);
}

static void answer_pending(struct pending_page *pending, struct http_request *request)
{
    if (pending->body.size > 0)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(&pending->body));
    else if (pending->location.size > 0 &&
             http_response_header(request, "Location", buf_peek(&pending->location)) == STATUS_OK)
        http_respond(request, 303, NULL, (struct bytes){0});
    else if (pending->page.size > 0)
        answer_page(request, 200, &pending->page, pending->target);
    else
        answer_text(request, 200, "Sign-in", pending->text);
}

static void on_written(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct pending_page *pending = CONTAINER_OF(waiter, struct pending_page, waiter);
    struct http_request *request = pending->request;
    if (request) {
        http_request_on_gone(request, NULL, NULL);
        bool was_answered = status == STATUS_NOT_FOUND || status == STATUS_FAILED_PRECONDITION;
        if (status == STATUS_OK)
            answer_pending(pending, request);
        else if (was_answered) /* by somebody else, at the same time */
            sign_in_refuse(request, 401, "access_denied", FAILED);
        else
            http_respond_failure(request, 503, "The directory cannot be written; try again.");
    }
    pending_free(pending);
}

static void on_gone(void *context)
{
    ((struct pending_page *)context)->request = NULL;
}

static void write_then_answer(struct sign_in *sign_in, struct pending_page *pending, enum directory_verb verb,
                              const struct directory_ticket *ticket)
{
    const struct directory_write write = {verb, DIRECTORY_TICKET, ticket};
    if (buf_status(&pending->body) != STATUS_OK || buf_status(&pending->location) != STATUS_OK ||
        buf_status(&pending->page) != STATUS_OK) {
        http_respond_no_memory(pending->request);
        pending_free(pending);
        return;
    }
    pending->waiter.on_done = on_written;
    http_request_on_gone(pending->request, on_gone, pending);
    if (verb == DIRECTORY_CREATE && ticket->principal_id)
        tickets_make_room(sign_in->options.directory, ticket->principal_id, NULL);
    directory_write(sign_in->options.directory, &write, 1, &pending->waiter);
}

static struct pending_page *pending_new(struct http_request *request)
{
    struct pending_page *pending = calloc(1, sizeof *pending);
    if (pending)
        pending->request = request;
    else
        http_respond_no_memory(request);
    return pending;
}

/* --- a device --- */

static void write_device(struct buf *out, const char *base, const char *device_code, const char *user_code)
{
    struct json_writer json = {.out = out};
    char message[400], url[300];
    snprintf(url, sizeof url, "%.200s/device", base);
    snprintf(message, sizeof message, "To sign in, open %s and enter the code %s.", url, user_code);
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "device_code", device_code);
    json_write_member_cstr(&json, "user_code", user_code);
    json_write_member_cstr(&json, "verification_uri", url);
    json_write_member_cstr(&json, "verification_url", url);
    json_write_member_int(&json, "expires_in", DEVICE_S);
    json_write_member_int(&json, "interval", POLL_INTERVAL_S);
    json_write_member_cstr(&json, "message", message);
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        out->failed = true;
}

/* Typed with or without its hyphen, in either case. */
static void hash_user_code(const char *typed, char ret_hash[SECRET_HASH_SIZE + 1])
{
    char code[SECRET_CODE_SIZE + 1] = "";
    size_t size = 0;
    for (; *typed && size < SECRET_CODE_SIZE; typed++)
        if (ascii_alpha((uint8_t)*typed))
            code[size++] = (char)(ascii_lower((uint8_t)*typed) - 'a' + 'A');
    secret_hash(bytes_of(code, size), ret_hash);
}

/* Nobody is known here yet. False: it is answered. */
static bool take_place(struct sign_in *sign_in, struct http_request *request, int64_t ends_ns)
{
    static const char *const refusals[] = {
        [DEVICE_GATE_PEER_FULL] =
            "This address has asked for too many codes that nobody has used; come again "
            "in a quarter of an hour (limit device-codes-peer-max).",
        [DEVICE_GATE_FULL] = "Too many codes wait to be used; come again in a quarter of an hour "
                             "(limit device-codes-max).",
    };
    enum device_gate_verdict verdict =
        device_gate_take(&sign_in->devices, http_request_peer(request), clock_unix_ns(), ends_ns);
    if (verdict == DEVICE_GATE_OPEN)
        return true;
    (void)!http_response_header(request, "Retry-After", BYTES_LITERAL(DEVICE_RETRY_S));
    sign_in_refuse(request, 429, "temporarily_unavailable", refusals[verdict]);
    return false;
}

void sign_in_device_code(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    struct form_fields form;
    if (!sign_in_take_tenant(sign_in, request) || !read_form(request, &form))
        return;
    const char *client_id = form_get(&form, "client_id"), *base = sign_in_base(request);
    if (!sign_in_client_id_valid(client_id) || !base) {
        sign_in_refuse(request, 400, "invalid_request", "The client_id is missing.");
        return;
    }
    if (!scope_fits(&form)) {
        sign_in_refuse(request, 400, "invalid_scope", SCOPE_TOO_LONG);
        return;
    }
    int64_t now_ns = clock_unix_ns(), ends_ns = now_ns + DEVICE_S * NS_PER_S;
    if (!take_place(sign_in, request, ends_ns))
        return;
    char id[GUID_TEXT_SIZE + 1], code[SECRET_TEXT_SIZE + 1], hash[SECRET_HASH_SIZE + 1];
    char user_code[SECRET_CODE_SIZE + 1], user_hash[SECRET_HASH_SIZE + 1];
    const char *scope = form_get(&form, "scope");
    directory_guid(id);
    secret_make(SECRET_DEVICE, code);
    secret_hash(bytes_of_cstr(code), hash);
    secret_make_code(user_code);
    hash_user_code(user_code, user_hash);
    const struct directory_ticket ticket = {.id = id,
                                            .type = DIRECTORY_DEVICE,
                                            .hash = hash,
                                            .user_hash = user_hash,
                                            .client_id = client_id,
                                            .scope = scope ? scope : text_of(&form, "resource"),
                                            .created_ns = now_ns,
                                            .expires_ns = ends_ns};
    struct pending_page *pending = pending_new(request);
    if (!pending)
        return;
    write_device(&pending->body, base, code, user_code);
    write_then_answer(sign_in, pending, DIRECTORY_CREATE, &ticket);
}

void sign_in_device_page(void *context, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf page = {0};
    begin_page(&page, "Confirm a sign-in");
    buf_append_cstr(&page,
                    "<p>Only go on if you began this yourself: whoever gave you the code acts in your name "
                    "afterwards.</p>\n<form method=\"post\" action=\"/device\">\n");
    append_field(&page, "Code", "user_code", "", "text");
    append_field(&page, "Your name (such as alice@example.org)", "name", "", "text");
    append_field(&page, "Your secret", "secret", "", "password");
    buf_append_cstr(&page, "<button name=\"answer\" value=\"yes\">Confirm</button>\n"
                           "<button name=\"answer\" value=\"no\">Refuse</button>\n</form>\n");
    answer_page(request, 200, &page, NULL);
}

void sign_in_device_confirm(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    struct form_fields form;
    char user_hash[SECRET_HASH_SIZE + 1];
    if (!read_form(request, &form))
        return;
    hash_user_code(text_of(&form, "user_code"), user_hash);
    const struct directory_ticket *found =
        directory_find(sign_in->options.directory, DIRECTORY_TICKET, "user_hash", bytes_of_cstr(user_hash));
    const struct directory_person *person =
        sign_in_person(sign_in, text_of(&form, "name"), text_of(&form, "secret"));
    bool open = found && found->expires_ns > clock_unix_ns() && !found->principal_id[0] && !found->refused;
    if (!person || !open) {
        sign_in_fail(sign_in, request, text_of(&form, "name"), "access_denied", FAILED);
        return;
    }
    struct pending_page *pending = pending_new(request);
    if (!pending)
        return;
    struct directory_ticket ticket = *found;
    bool yes = strcmp(text_of(&form, "answer"), "yes") == 0;
    ticket.principal_id = yes ? person->id : "";
    ticket.refused = !yes;
    pending->text = yes ? "Confirmed. You may close this page." : "Refused. You may close this page.";
    write_then_answer(sign_in, pending, DIRECTORY_REPLACE, &ticket);
}

/* --- a browser's application --- */

static const char *const carried[] = {"client_id",      "redirect_uri", "state", "scope",
                                      "code_challenge", "nonce",        MODE};

static const char *query_text(struct http_request *request, const char *name)
{
    struct bytes value = http_request_query(request, name);
    bool sound = value.size > 0 && bytes_utf8_valid(value) && !memchr(value.data, '\0', value.size);
    const char *text = sound ? arena_cstr(http_request_arena(request), value) : NULL;
    return text_or(text, "");
}

static bool challenge_valid(const char *challenge)
{
    return strlen(challenge) == 43 &&
           strspn(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 43;
}

/* What an application asks for; from a query and from the form of our own page alike. */
struct application_wish {
    const char *client_id;
    const char *redirect;
    const char *challenge;
    const char *nonce;
    const char *mode; /* how the code gets back: "" and "query": by a redirect; "form_post" */
};

/* What is wrong with the application's request, which is never told to a redirect that is not trusted. */
static const char *application_fault(const struct application_wish *wish)
{
    const char *client_id = wish->client_id, *redirect = wish->redirect, *challenge = wish->challenge;
    bool mode = !wish->mode[0] || strcmp(wish->mode, "query") == 0 || strcmp(wish->mode, MODE_FORM) == 0;
    if (!sign_in_client_id_valid(client_id))
        return "The application did not say its client_id.";
    if (!sign_in_redirect_valid(redirect))
        return "The redirect_uri must lead to this machine: http://localhost:PORT.";
    if (!challenge_valid(challenge))
        return "The application did not send a code_challenge with the method S256 (PKCE).";
    if (strlen(wish->nonce) > NONCE_SIZE_MAX)
        return "The nonce is too long (limit nonce-size-max).";
    if (!mode)
        return "The response_mode must be query or form_post.";
    return NULL;
}

void sign_in_authorize_page(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    if (!sign_in_take_tenant(sign_in, request))
        return;
    const struct application_wish wish = {.client_id = query_text(request, "client_id"),
                                          .redirect = query_text(request, "redirect_uri"),
                                          .challenge = query_text(request, "code_challenge"),
                                          .nonce = query_text(request, "nonce"),
                                          .mode = query_text(request, MODE)};
    const char *fault = application_fault(&wish), *type = query_text(request, "response_type");
    struct bytes method = http_request_query(request, "code_challenge_method");
    if (!fault && !bytes_equal_cstr(method, "S256"))
        fault = "The code_challenge_method must be S256.";
    if (!fault && type[0] && strcmp(type, "code") != 0)
        fault = "The response_type must be code.";
    if (fault) {
        answer_text(request, 400, "Sign-in", fault);
        return;
    }
    CLEANUP(buf_fini) struct buf page = {0};
    begin_page(&page, "Sign in");
    buf_append_cstr(&page, "<form method=\"post\">\n");
    for (size_t i = 0; i < ARRAY_SIZE(carried); i++)
        append_hidden(&page, carried[i], query_text(request, carried[i]));
    append_field(&page, "Your name (such as alice@example.org)", "name", "", "text");
    append_field(&page, "Your secret", "secret", "", "password");
    buf_append_cstr(&page, "<button>Sign in</button>\n</form>\n");
    answer_page(request, 200, &page, wish.redirect);
}

/* The code and the application's state, back to where it waits: by a redirect, or by a form, whose fields stand in no history and
 * no log (OAuth 2.0 Form Post Response Mode). The form has a button, since the page has no script. */
static void write_back(struct pending_page *pending, const struct application_wish *wish, const char *code,
                       const char *state)
{
    if (strcmp(wish->mode, MODE_FORM) != 0) {
        buf_append_fmt(&pending->location, "%s%ccode=%s", wish->redirect,
                       strchr(wish->redirect, '?') ? '&' : '?', code);
        if (state[0])
            buf_append_cstr(&pending->location, "&state=");
        percent_encode(&pending->location, bytes_of_cstr(state), NULL);
        return;
    }
    begin_page(&pending->page, "Signed in");
    buf_append_cstr(&pending->page, "<form method=\"post\" action=\"");
    append_html(&pending->page, wish->redirect);
    buf_append_cstr(&pending->page, "\">\n");
    append_hidden(&pending->page, "code", code);
    if (state[0])
        append_hidden(&pending->page, "state", state);
    buf_append_cstr(&pending->page, "<button autofocus>Back to the program that asked</button>\n</form>\n");
    pending->target = wish->redirect;
}

void sign_in_authorize(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    struct form_fields form;
    if (!sign_in_take_tenant(sign_in, request) || !read_form(request, &form))
        return;
    const struct application_wish wish = {.client_id = text_of(&form, "client_id"),
                                          .redirect = text_of(&form, "redirect_uri"),
                                          .challenge = text_of(&form, "code_challenge"),
                                          .nonce = text_of(&form, "nonce"),
                                          .mode = text_of(&form, MODE)};
    const char *fault = application_fault(&wish);
    if (!fault && !scope_fits(&form))
        fault = SCOPE_TOO_LONG;
    if (fault) {
        answer_text(request, 400, "Sign-in", fault);
        return;
    }
    const struct directory_person *person =
        sign_in_person(sign_in, text_of(&form, "name"), text_of(&form, "secret"));
    if (!person) {
        sign_in_fail(sign_in, request, text_of(&form, "name"), "access_denied", FAILED);
        return;
    }
    char id[GUID_TEXT_SIZE + 1], code[SECRET_TEXT_SIZE + 1], hash[SECRET_HASH_SIZE + 1];
    int64_t now_ns = clock_unix_ns();
    directory_guid(id);
    secret_make(SECRET_AUTHORIZATION, code);
    secret_hash(bytes_of_cstr(code), hash);
    const struct directory_ticket ticket = {.id = id,
                                            .type = DIRECTORY_CODE,
                                            .hash = hash,
                                            .family = id,
                                            .principal_id = person->id,
                                            .client_id = wish.client_id,
                                            .scope = text_of(&form, "scope"),
                                            .challenge = wish.challenge,
                                            .redirect = wish.redirect,
                                            .nonce = wish.nonce,
                                            .created_ns = now_ns,
                                            .expires_ns = now_ns + CODE_S * NS_PER_S};
    struct pending_page *pending = pending_new(request);
    if (!pending)
        return;
    write_back(pending, &wish, code, text_of(&form, "state"));
    pending->text = "";
    write_then_answer(sign_in, pending, DIRECTORY_CREATE, &ticket);
}
