/* SPDX-License-Identifier: MIT */
/* credential_test.c — keeping and renewing, with the test's clock: who asks gets a token without a request while
 * one is good, many who ask at once make one request, and a service that fails is left alone for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "base/duration.h"
#include "credential/credential.h"
#include "lib/world_rig.h"

#define PATIENCE_NS (60 * NS_PER_S)

static struct world_rig rig;
static struct credential *credential;

static int open_rig(void **state)
{
    world_rig_init(&rig);
    rig.variables[0] = "IDENTITY_ENDPOINT";
    rig.variables[1] = "http://127.0.0.1:1/";
    rig.variables[2] = "IDENTITY_HEADER";
    rig.variables[3] = "h";
    const struct credential_options options = {.authentication = "ManagedIdentity", .world = &rig.world};
    return credential_create(&options, &credential, NULL) == STATUS_OK ? 0 : -1;
}

static int close_rig(void **state)
{
    credential_destroy(credential);
    return 0;
}

static enum status get(const char *scope, const char *token, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    int64_t until_ns = 0;
    enum status status = credential_get(credential, scope, PATIENCE_NS, &text, &until_ns, err);
    if (status != STATUS_OK)
        return status;
    assert_string_equal((char *)text.data, token);
    assert_true(until_ns > rig.now_ns);
    return status;
}

static void await_requests(int count)
{
    for (int i = 0; i < 6000 && atomic_load(&rig.asked) < count; i++)
        poll(NULL, 0, 10);
    assert_int_equal(rig.asked, count);
}

static const struct rig_answer two[] = {
    {.http_status = 200, .body = RIG_GOOD},
    {.http_status = 200, .body = "{\"access_token\":\"tok-2\",\"expires_in\":3600}"},
};

static void kept_for_each_audience(void **state)
{
    rig.answers = two;
    rig.answer_count = 2;
    assert_string_equal(credential_source(credential), "");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get("https://durabletask.io/.default", "tok-1", NULL), STATUS_OK);
        assert_int_equal(get("https://dynamicsessions.io/.default", "tok-2", NULL), STATUS_OK);
    }
    assert_int_equal(rig.asked, 2);
    assert_non_null(strstr(rig.requests[0], "resource=https%3A%2F%2Fdurabletask.io "));
    assert_string_equal(credential_source(credential), "managed identity");

    char scope[32];
    for (int i = 2; i < CREDENTIAL_AUDIENCES_MAX; i++) {
        snprintf(scope, sizeof scope, "audience-%d", i);
        assert_int_equal(get(scope, "tok-2", NULL), STATUS_OK);
    }
    assert_int_equal(get("one too many", "", NULL), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(get("", "", NULL), STATUS_INVALID_ARGUMENT);
}

/* Nobody waits for it: the old token is given until the new one is there. */
static void renewed_ahead_by_itself(void **state)
{
    static const struct rig_answer answers[] = {
        {.http_status = 200, .body = "{\"access_token\":\"tok-1\",\"expires_in\":3600,\"refresh_in\":1}"},
        {.http_status = 200, .body = "{\"access_token\":\"tok-2\",\"expires_in\":7200}"},
    };
    rig.answers = answers;
    rig.answer_count = 2;
    assert_int_equal(get("s", "tok-1", NULL), STATUS_OK);
    atomic_fetch_add(&rig.now_ns, 2 * NS_PER_S);
    await_requests(2);
    CLEANUP(buf_fini) struct buf text = {0};
    for (int i = 0; i < 6000; i++) {
        buf_clear(&text);
        assert_int_equal(credential_get(credential, "s", PATIENCE_NS, &text, NULL, NULL), STATUS_OK);
        if (strcmp((char *)text.data, "tok-2") == 0)
            return;
        poll(NULL, 0, 10);
    }
    fail();
}

static void an_outage_is_outlived_and_not_hammered(void **state)
{
    static const struct rig_answer answers[] = {
        {.http_status = 400, .body = "{\"error\":\"invalid_request\"}"},
        {.http_status = 200, .body = RIG_GOOD},
    };
    rig.answers = answers;
    rig.answer_count = 2;
    struct err err = {0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(get("s", "", &err), STATUS_UNAUTHENTICATED);
    assert_string_equal(err.text, "no token: managed identity: HTTP 400 invalid_request");
    assert_int_equal(rig.asked, 1);
    atomic_fetch_add(&rig.now_ns, 2 * NS_PER_S);
    assert_int_equal(get("s", "tok-1", NULL), STATUS_OK);
    assert_int_equal(rig.asked, 2);
}

static void a_refused_token_is_not_given_again(void **state)
{
    rig.answers = two;
    rig.answer_count = 2;
    assert_int_equal(get("s", "tok-1", NULL), STATUS_OK);
    credential_refuse(credential, "s", BYTES_LITERAL("tok-1")); /* it has come just now */
    assert_int_equal(get("s", "tok-1", NULL), STATUS_OK);
    atomic_fetch_add(&rig.now_ns, 60 * NS_PER_S);
    credential_refuse(credential, "s", BYTES_LITERAL("tok-0")); /* not the one that is kept */
    assert_int_equal(get("s", "tok-1", NULL), STATUS_OK);
    credential_refuse(credential, "s", BYTES_LITERAL("tok-1"));
    assert_int_equal(get("s", "tok-2", NULL), STATUS_OK);
    assert_int_equal(rig.asked, 2);
}

static void *want(void *context)
{
    return get("s", "tok-1", NULL) == STATUS_OK ? context : NULL;
}

static void many_who_want_one_make_one_request(void **state)
{
    rig.answers = two;
    rig.answer_count = 2;
    pthread_t threads[16];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, want, &rig), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *good = NULL;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_ptr_equal(good, &rig);
    }
    assert_int_equal(rig.asked, 1);
}

static void none_has_none(void **state)
{
    struct credential *none = credential;
    const struct credential_options options = {.connection_string = "Endpoint=http://h;TaskHub=t",
                                               .world = &rig.world};
    assert_int_equal(credential_create(&options, &none, NULL), STATUS_OK);
    assert_null(none);
    struct buf text = {0};
    assert_int_equal(credential_get(none, "s", 0, &text, NULL, NULL), STATUS_INVALID_ARGUMENT);
    credential_refuse(none, "s", (struct bytes){0});
    assert_string_equal(credential_source(none), "");
    credential_destroy(none);
    const struct credential_options wrong = {.connection_string =
                                                 "Endpoint=http://h;Authentication=VisualStudio"};
    assert_int_equal(credential_create(&wrong, &none, NULL), STATUS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_for_each_audience, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(renewed_ahead_by_itself, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(an_outage_is_outlived_and_not_hammered, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_refused_token_is_not_given_again, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(many_who_want_one_make_one_request, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(none_has_none, open_rig, close_rig),
    };
    return cmocka_run_group_tests_name("credential/credential", tests, NULL, NULL);
}
