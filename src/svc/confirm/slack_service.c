/* SPDX-License-Identifier: MIT */
/* slack_service.c — one question to the API for each of the two routes. ORDER: signature and age before a byte of the body is read,
 * then whether it was seen, then what it says. */
#include "svc/confirm/slack_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "core/notice/format/format.h"
#include "net/http_inner.h"
#include "os/clock.h"
#include "svc/confirm/limit_values.h"
#include "svc/confirm/person_question.h"
#include "svc/confirm/slack_press.h"
#include "wire/http1/form.h"
#include "wire/json/json.h"

struct slack_call {
    struct slack_service *service;
    struct http_request *request;
    struct http_inner *inner;
    void (*on_answer)(struct slack_call *call, const struct http_inner_answer *answer);
    struct confirm_link link;
    char response_url[SLACK_URL_SIZE]; /* of a press; "": none */
    json_t *refused;                   /* what the API said to a vote; NULL: nothing */
};

static void call_free(struct slack_call *call)
{
    json_decref(call->refused);
    free(call);
}

static void on_gone(void *context)
{
    struct slack_call *call = context;
    if (call->inner)
        http_inner_cancel(call->inner);
    call_free(call);
}

static int64_t now_s(void)
{
    return clock_unix_ns() / NS_PER_S;
}

static struct slack_call *call_new(struct slack_service *service, struct http_request *request)
{
    struct slack_call *call = calloc(1, sizeof *call);
    if (!call) {
        http_respond_no_memory(request);
        return NULL;
    }
    *call = (struct slack_call){.service = service, .request = request};
    http_request_on_gone(request, on_gone, call);
    return call;
}

/* By the URL of the press, where there is one that may be used: Slack looks at no answer to a press of a message of blocks. */
static void end_json(struct slack_call *call, const struct buf *body)
{
    struct slack_replies *replies = call->service->replies;
    bool whole = buf_status(body) == STATUS_OK;
    if (whole && call->response_url[0] && slack_replies_send(replies, call->response_url, buf_peek(body)))
        http_respond(call->request, 200, NULL, (struct bytes){0});
    else if (whole)
        http_respond(call->request, 200, "application/json; charset=utf-8", buf_peek(body));
    else
        http_respond_no_memory(call->request);
    call_free(call);
}

static void end_failure(struct slack_call *call, int http_status, const char *detail)
{
    http_respond_failure(call->request, http_status, detail);
    call_free(call);
}

/* What only who pressed is told. */
static void end_privately(struct slack_call *call, const char *words)
{
    CLEANUP(buf_fini) struct buf body = {0};
    slack_answer_privately(words, &body);
    end_json(call, &body);
}

/* --- asking the API --- */

static void on_inner(void *context, const struct http_inner_answer *answer)
{
    struct slack_call *call = context;
    call->inner = NULL;
    call->on_answer(call, answer);
}

/* As who `who` names; `body` NULL: GET. False: it could not be asked, and nothing was answered. */
static bool ask(struct slack_call *call, const char *who, const char *what, const struct buf *body,
                void (*on_answer)(struct slack_call *call, const struct http_inner_answer *answer))
{
    const struct confirm_service *confirm = call->service->confirm;
    struct confirm_loan loan = {.secret = ""};
    if (!confirm->people.lend(confirm->people.context, who, "slack", &loan))
        return false;
    const struct person_question question = {.server = confirm->server,
                                             .outer = call->request,
                                             .secret = loan.secret,
                                             .request_id = call->link.request,
                                             .what = what,
                                             .body = body,
                                             .on_answer = on_inner,
                                             .context = call};
    call->on_answer = on_answer;
    return person_question_ask(&question, &call->inner);
}

/* --- what became of a press --- */

static void end_retired(struct slack_call *call, const json_t *request)
{
    CLEANUP(buf_fini) struct buf body = {0};
    if (slack_answer_retired(request, &body) != STATUS_OK)
        body.failed = true;
    end_json(call, &body);
}

static void on_looked(struct slack_call *call, const struct http_inner_answer *answer)
{
    CLEANUP(json_release) json_t *request = NULL;
    struct err err = {0};
    if (answer->http_status == 200 && json_parse(answer->body, NULL, &request, &err) == STATUS_OK)
        end_retired(call, request);
    else
        end_privately(call, "It is over, or has changed; this vote was not taken.");
}

static void on_refused(struct slack_call *call, const char *who, const struct http_inner_answer *answer)
{
    struct err err = {0};
    const struct person_refusal *refusal = NULL;
    if (json_parse(answer->body, NULL, &call->refused, &err) == STATUS_OK)
        refusal = person_refusal_of(call->refused);
    if (!refusal)
        end_privately(call, answer->http_status == 503
                                ? "The server cannot say at the moment. Nothing was decided: press again."
                                : "You are not asked about this request.");
    else if (refusal->wants_comment)
        end_privately(call,
                      "The policy wants a comment with this answer. Open the request and answer there.");
    else if (!refusal->is_last || !ask(call, who, "", NULL, on_looked))
        end_privately(call, refusal->words);
}

/* The vote alone decided nothing: the message retires with the one that does. */
static void end_taken(struct slack_call *call)
{
    if (call->response_url[0])
        slack_replies_await(call->service->replies, call->link.request, call->link.manifest,
                            call->response_url);
    end_privately(call, "Your vote was taken. Others have to answer, too.");
}

static void on_voted(struct slack_call *call, const struct http_inner_answer *answer)
{
    CLEANUP(json_release) json_t *request = NULL;
    struct err err = {0};
    if (answer->http_status != 200)
        on_refused(call, call->link.who, answer);
    else if (json_parse(answer->body, NULL, &request, &err) != STATUS_OK)
        end_privately(call, "Your vote was taken.");
    else if (json_object_get(request, "decision"))
        end_retired(call, request);
    else
        end_taken(call);
}

/* --- POST /v1/slack/interactions --- */

/* True if this press was taken before; else it is from now on. ORDER: behind the signature, so that nobody else fills the book. `*ret_full`:
 * as many as are remembered came within the window, and one more could be a repeat of one that was forgotten. */
static bool is_repeated(struct slack_service *service, struct bytes signature, bool *ret_full)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(signature, hash);
    struct slack_seen *slot = &service->seen[service->next];
    *ret_full = slot->until_s > now_s();
    for (size_t i = 0; i < SLACK_PRESSES_MAX; i++)
        if (strcmp(service->seen[i].hash, hash) == 0)
            return true;
    if (*ret_full)
        return false;
    memcpy(slot->hash, hash, sizeof hash);
    slot->until_s = now_s() + 2 * SLACK_WINDOW_S; /* a timestamp may lie as far ahead */
    service->next = (service->next + 1) % SLACK_PRESSES_MAX;
    return false;
}

/* False: it is answered. */
static bool is_from_slack(struct slack_service *service, struct http_request *request)
{
    struct bytes signature = http_request_header(request, "x-slack-signature");
    bool full = false;
    if (!slack_signature_holds(bytes_of_cstr(service->secret),
                               http_request_header(request, "x-slack-request-timestamp"),
                               http_request_body(request), signature, now_s()))
        http_respond_failure(request, 401,
                             "This is not signed by Slack with the secret of this server, or not now.");
    else if (is_repeated(service, signature, &full))
        http_respond_failure(request, 401, "This press was taken before.");
    else if (full)
        http_respond_failure(request, 503, "Too many buttons were pressed in the last minutes.");
    else
        return true;
    return false;
}

static void vote(struct slack_call *call, const struct slack_press *press)
{
    CLEANUP(buf_fini) struct buf body = {0};
    person_question_write_vote(press->answer, call->link.manifest, NULL, &body);
    if (!ask(call, call->link.who, "/votes", &body, on_voted))
        end_privately(
            call, "You may not decide here, or the server cannot say at the moment. Nothing was decided.");
}

static void take_press(struct slack_call *call, const struct slack_press *press)
{
    struct slack_service *service = call->service;
    char name[SLACK_PERSON_SIZE];
    struct err err = {0};
    memcpy(call->response_url, press->response_url, sizeof call->response_url);
    enum status status =
        confirm_link_read(service->confirm->key, bytes_of_cstr(press->value), now_s(), &call->link, &err);
    if (status != STATUS_OK || strcmp(call->link.who, SLACK_WHO) != 0) {
        end_privately(call, "This message is over. Nothing was decided.");
        return;
    }
    if (!slack_person_find(bytes_of_cstr(service->people), press->user, name) ||
        !service->find(service->context, name, call->link.who)) {
        end_privately(
            call,
            "This server does not know which person you are. Ask its operator for an entry in slack-people.");
        return;
    }
    vote(call, press);
}

static void take_interaction(void *context, struct http_request *request)
{
    struct slack_service *service = context;
    struct form_fields form;
    struct slack_press press;
    struct err err = {0};
    if (!service->secret) {
        http_respond_failure(request, 404,
                             "This server has no buttons in Slack: see the setting slack-signing-secret.");
        return;
    }
    if (!is_from_slack(service, request))
        return;
    bool read =
        form_read(http_request_body(request), http_request_arena(request), &form, &err) == STATUS_OK &&
        slack_press_read(bytes_of_cstr(form_get(&form, "payload")), &press, &err) == STATUS_OK;
    struct slack_call *call = read ? call_new(service, request) : NULL;
    if (!read)
        http_respond_failure(request, 400, err.text);
    else if (call)
        take_press(call, &press);
}

/* --- GET /v1/requests/{id}/slack-message --- */

/* Until its deadline at the latest it is of use; afterwards presses say so. */
static void write_message(struct slack_call *call, const json_t *request)
{
    CLEANUP(buf_fini) struct buf url = {0};
    CLEANUP(buf_fini) struct buf value = {0};
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(format_words_fini) struct format_words words = {0};
    struct err err = {0};
    struct bytes host = http_request_header(call->request, "host");
    (void)snprintf(call->link.who, sizeof call->link.who, SLACK_WHO);
    call->link.made_s = now_s();
    call->link.expires_s = now_s() + call->service->confirm->lifetime_ns / NS_PER_S;
    enum status status = confirm_link_write(call->service->confirm->key, &call->link, &value, &err);
    buf_append_byte(&value, '\0');
    buf_append_fmt(&url, "%s://%.*s/#/requests/", http_request_scheme(call->request), BYTES_FMT(host));
    percent_encode(&url, bytes_of_cstr(call->link.request), NULL);
    buf_append_byte(&url, '\0');
    if (status == STATUS_OK && buf_status(&value) == STATUS_OK && buf_status(&url) == STATUS_OK)
        status = format_words_of("request.waiting", request, (const char *)url.data, &words, &err);
    words.button_value = (const char *)value.data;
    if (status != STATUS_OK || format_slack(&words, &body) != STATUS_OK)
        body.failed = true;
    end_json(call, &body);
}

static void on_request(struct slack_call *call, const struct http_inner_answer *answer)
{
    CLEANUP(json_release) json_t *request = NULL;
    struct err err = {0};
    if (answer->http_status != 200 || json_parse(answer->body, NULL, &request, &err) != STATUS_OK) {
        bool unknown = answer->http_status == 404 || answer->http_status == 403;
        end_failure(call, unknown ? 404 : 503, unknown ? "There is no request with this id." : "Come again.");
        return;
    }
    struct bytes manifest = json_member_bytes(request, "manifestSha256");
    if (!bytes_equal_cstr(json_member_bytes(request, "state"), "waiting") ||
        manifest.size != SECRET_HASH_SIZE) {
        http_respond_problem(call->request, &confirm_not_now, "Nobody is asked about this request now.");
        call_free(call);
        return;
    }
    (void)snprintf(call->link.manifest, sizeof call->link.manifest, "%.*s", BYTES_FMT(manifest));
    (void)snprintf(call->link.request, sizeof call->link.request, "%s",
                   text_or(json_member_text(request, "id"), ""));
    write_message(call, request);
}

static void show_message(void *context, struct http_request *request)
{
    struct slack_service *service = context;
    const struct confirm_people *people = &service->confirm->people;
    struct bytes id = http_request_value(request);
    if (!service->secret) {
        http_respond_failure(request, 404,
                             "This server has no buttons in Slack: see the setting slack-signing-secret.");
        return;
    }
    struct slack_call *call = call_new(service, request);
    if (!call)
        return;
    (void)snprintf(call->link.request, sizeof call->link.request, "%.*s", BYTES_FMT(id));
    if (id.size >= sizeof call->link.request)
        end_failure(call, 404, "There is no request with this id.");
    else if (!people->name(people->context, http_request_principal(request), call->link.who))
        end_failure(call, 403,
                    "Such a message is made by a person of the directory or the owner of an API key.");
    else if (!ask(call, call->link.who, "", NULL, on_request))
        end_failure(call, 503, "Come again.");
}

static const struct http_route routes[] = {
    {"GET", "/v1/requests/{id}/slack-message", "", ACCESS_DECIDE, .handle = show_message,
     .summary = "A message for Slack whose buttons decide about what waits now"},
    {"POST", "/v1/slack/interactions", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED, .handle = take_interaction,
     .summary = "Slack tells that a button was pressed; its signature is asked for"},
};

struct http_part slack_service_part(struct slack_service *service)
{
    return (struct http_part){.name = "slack",
                              .where = "/app",
                              .prefix = "",
                              .claims = "/v1/slack",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {SLACK_BODY_SIZE_MAX, SLACK_BODY_SIZE_MAX, SLACK_BODY_SIZE_MAX},
                              .problems = http_problems,
                              .problem_count = http_problem_count,
                              .context = service};
}
