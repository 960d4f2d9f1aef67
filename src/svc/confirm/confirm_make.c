/* SPDX-License-Identifier: MIT */
/* confirm_make.c — a link for oneself: a look at the request as whoever asks may see it, then the link, and perhaps a message
 * with it. */
#include "svc/confirm/confirm_make.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "os/clock.h"
#include "svc/confirm/confirm_message.h"
#include "svc/confirm/confirm_offer.h"
#include "svc/confirm/confirm_visit.h"
#include "wire/json/json.h"

const struct http_problem confirm_not_now = {409, "not-now", "Not In This State"};

/* True: it is answered already, with why there is no such message. */
static bool refuse_message(struct confirm_visit *visit, struct json_writer *json, const char *url)
{
    struct err err = {0};
    const struct confirm_message message = {.request = visit->shown,
                                            .format = http_request_query(visit->request, "format"),
                                            .topic = http_request_query(visit->request, "topic"),
                                            .url = url,
                                            .name = visit->name,
                                            .now_ns = clock_unix_ns()};
    if (!message.format.data || confirm_message_write(&message, json, &err) == STATUS_OK)
        return false;
    http_respond_failure(visit->request, err.status == STATUS_INVALID_ARGUMENT ? 400 : 503, err.text);
    return true;
}

/* `url` ends with a NUL. */
static void answer_link(struct confirm_visit *visit, const char *expires, const char *url)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "url", url);
    json_write_member_cstr(&json, "expiresAt", expires);
    json_write_member_cstr(&json, "manifestSha256", visit->link.manifest);
    if (refuse_message(visit, &json, url))
        return;
    json_write_end_object(&json);
    buf_append_byte(&body, '\n');
    if (json_write_status(&json) == STATUS_OK && buf_status(&body) == STATUS_OK)
        http_respond(visit->request, 201, "application/json; charset=utf-8", buf_peek(&body));
    else
        http_respond_no_memory(visit->request);
}

static void write_link(struct confirm_visit *visit)
{
    CLEANUP(buf_fini) struct buf url = {0};
    char expires[TIME_TEXT_SIZE_MAX];
    struct err err = {0};
    struct bytes host = http_request_header(visit->request, "host");
    visit->link.made_s = visit_now_s();
    visit->link.expires_s = confirm_expiry_s(visit->service, visit->shown);
    time_format(visit->link.expires_s * NS_PER_S, 0, expires);
    buf_append_fmt(&url, "%s://%.*s/confirm/", http_request_scheme(visit->request), BYTES_FMT(host));
    enum status status = confirm_link_write(visit->service->key, &visit->link, &url, &err);
    buf_append_byte(&url, '\0');
    if (status == STATUS_OK && buf_status(&url) == STATUS_OK)
        answer_link(visit, expires, (const char *)url.data);
    else
        http_respond_no_memory(visit->request);
    visit_free(visit);
}

/* By the name that the requests' own routes have for it (svc/app/problem.c). */
static const struct http_problem unknown_request = {404, "unknown-request", "Unknown Request"};

/* Of the request as whoever asks for a link may see it. */
static void on_own_request(struct confirm_visit *visit, const struct http_inner_answer *answer)
{
    struct err err = {0};
    bool read =
        answer->http_status == 200 && json_parse(answer->body, NULL, &visit->shown, &err) == STATUS_OK;
    struct bytes state = json_member_bytes(visit->shown, "state");
    struct bytes manifest = json_member_bytes(visit->shown, "manifestSha256");
    if (!read) {
        bool unknown = answer->http_status == 404 || answer->http_status == 403;
        if (unknown)
            http_respond_problem(visit->request, &unknown_request, "There is no request with this id.");
        else
            http_respond_failure(visit->request, 503, "Come again.");
    } else if (!bytes_equal_cstr(state, "waiting") || manifest.size != SECRET_HASH_SIZE) {
        http_respond_problem(visit->request, &confirm_not_now, "Nobody is asked about this request now.");
    } else {
        (void)snprintf(visit->link.manifest, sizeof visit->link.manifest, "%.*s", BYTES_FMT(manifest));
        (void)snprintf(visit->link.request, sizeof visit->link.request, "%s",
                       text_or(json_member_text(visit->shown, "id"), ""));
        write_link(visit);
        return;
    }
    visit_free(visit);
}

void confirm_make(void *context, struct http_request *request)
{
    struct confirm_service *service = context;
    struct confirm_visit *visit = calloc(1, sizeof *visit);
    struct bytes id = http_request_value(request);
    if (!visit) {
        http_respond_no_memory(request);
        return;
    }
    *visit = (struct confirm_visit){.service = service, .request = request};
    (void)snprintf(visit->link.request, sizeof visit->link.request, "%.*s", BYTES_FMT(id));
    if (id.size >= sizeof visit->link.request ||
        !service->people.name(service->people.context, http_request_principal(request), visit->link.who)) {
        http_respond_failure(request, 403,
                             "A link is for a person of the directory or the owner of an API key.");
        visit_free(visit);
        return;
    }
    http_request_on_gone(request, visit_gone, visit);
    visit_ask(visit, "", NULL, on_own_request);
}
