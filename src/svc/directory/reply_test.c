/* SPDX-License-Identifier: MIT */
/* reply_test.c — plays the HTTP server and the directory: a write ends with each status, and what is answered is kept. */
#include "svc/directory/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int request_place; /* what the product's opaque struct http_request is here */
static int answered;
static char detail_told[256];
static enum status outcome;

static struct http_request *the_request(void)
{
    return (struct http_request *)&request_place;
}

void http_respond(struct http_request *request, int http_status, const char *content_type, struct bytes body)
{
    assert_ptr_equal(request, the_request());
    answered = http_status;
}

void http_respond_failure(struct http_request *request, int http_status, const char *detail)
{
    answered = http_status;
    snprintf(detail_told, sizeof detail_told, "%s", detail);
}

void http_respond_no_memory(struct http_request *request)
{
    answered = 503;
}

void http_request_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context)
{
}

const struct principal *http_request_principal(const struct http_request *request)
{
    static const struct principal who;
    return &who;
}

struct directory_author directory_author(const char *id, const char *name)
{
    return (struct directory_author){0};
}

void directory_write_by(struct directory *directory, const struct directory_author *author,
                        const struct directory_write *writes, size_t count, struct directory_waiter *waiter)
{
    struct err err = {.status = outcome, .text = "the directory's words"};
    waiter->on_done(waiter, outcome, &err);
}

static void answer_to(enum status status)
{
    outcome = status;
    answered = 0;
    detail_told[0] = '\0';
    struct reply *reply = reply_create(the_request(), 204);
    assert_non_null(reply);
    reply_after(reply, NULL, NULL, 0);
}

/* If this fails, who fills the directory is told that its disk is broken, and looks for the reason in a log that has
 * none. */
static void who_can_mend_it_is_told_why(void **state)
{
    static const struct {
        enum status status;
        int http_status;
    } rows[] = {
        {STATUS_INVALID_ARGUMENT, 400},
        {STATUS_NOT_FOUND, 404},
        {STATUS_ALREADY_EXISTS, 409},
        {STATUS_RESOURCE_EXHAUSTED, 429},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        answer_to(rows[i].status);
        assert_int_equal(answered, rows[i].http_status);
        assert_string_equal(detail_told, "the directory's words");
    }
}

/* If this fails, a stranger reads paths and errors of the server's disk. */
static void what_the_server_cannot_do_is_in_its_log(void **state)
{
    static const enum status statuses[] = {STATUS_IO, STATUS_NO_MEMORY, STATUS_DATA_LOSS, STATUS_UNAVAILABLE};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        answer_to(statuses[i]);
        assert_int_equal(answered, 503);
        assert_string_equal(detail_told, "the directory cannot be written at the moment; the log says why");
    }
}

static void what_was_written_is_answered(void **state)
{
    (void)state;
    answer_to(STATUS_OK);
    assert_int_equal(answered, 204);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_can_mend_it_is_told_why),
        cmocka_unit_test(what_the_server_cannot_do_is_in_its_log),
        cmocka_unit_test(what_was_written_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
