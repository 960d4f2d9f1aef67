/* SPDX-License-Identifier: MIT */
/* token_test.c — when a token is asked for, and which answers are used. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sdk/channel/token.h"
#include "sdk/clock.h"

struct source {
    int calls;
    int refused;
    const char *text; /* NULL: fails */
    bool unended;
    int64_t life_ns; /* 0: not said */
};

static enum dt_status give(const char *resource, char *ret_token, size_t capacity, int64_t *ret_expires_ns,
                           void *context)
{
    struct source *source = context;
    source->calls++;
    assert_string_equal(resource, "scope");
    if (source->unended)
        memset(ret_token, 'x', capacity);
    else
        snprintf(ret_token, capacity, "%s", source->text ? source->text : "half written");
    if (source->life_ns)
        *ret_expires_ns = sdk_wall_ns() + source->life_ns;
    return source->text ? DT_OK : DT_UNAVAILABLE;
}

static void on_refused(const char *resource, const char *token, void *context)
{
    struct source *source = context;
    source->refused++;
    assert_string_equal(resource, "scope");
    assert_string_equal(token, "old");
}

static void explain(const char *resource, char *ret_text, size_t capacity, void *context)
{
    assert_string_equal(resource, "scope");
    snprintf(ret_text, capacity, "nobody is signed in");
}

static struct sdk_target target(struct source *source)
{
    return (struct sdk_target){.provider = {.give = give, .context = source},
                               .token_resource = (char *)"scope"};
}

/* The channel's part: it sleeps until the provider has answered. */
struct sleeper {
    struct sdk_token token;
    sem_t answers;
};

static void on_answer(void *context)
{
    sem_post(context);
}

static struct sleeper *begin(const struct sdk_target *target)
{
    struct sleeper *sleeper = calloc(1, sizeof *sleeper);
    assert_non_null(sleeper);
    assert_int_equal(sem_init(&sleeper->answers, 0, 0), 0);
    assert_int_equal(sdk_token_init(&sleeper->token, target, on_answer, &sleeper->answers, NULL), STATUS_OK);
    return sleeper;
}

static void end(struct sleeper *sleeper)
{
    sdk_token_fini(&sleeper->token);
    sem_destroy(&sleeper->answers);
    free(sleeper);
}

static enum sdk_token_state settle(struct sleeper *sleeper)
{
    enum sdk_token_state state;
    while ((state = sdk_token_look(&sleeper->token)) == SDK_TOKEN_PENDING)
        assert_int_equal(sem_wait(&sleeper->answers), 0);
    return state;
}

/* A token that is renewed while it serves: the answer is taken by the look behind it. */
static void await_renewal(struct sleeper *sleeper)
{
    assert_int_equal(sdk_token_look(&sleeper->token), SDK_TOKEN_READY);
    assert_int_equal(sem_wait(&sleeper->answers), 0);
    assert_int_equal(sdk_token_look(&sleeper->token), SDK_TOKEN_READY);
}

/* Kept for its life but for five minutes, of a short one for half; without a stated life for ten minutes less those. */
static void renewal(void **state)
{
    static const struct {
        int64_t life_s;
        int64_t renewed_s;
    } cases[] = {{0, 300}, {3600, 3300}, {700, 400}, {600, 300}, {200, 100}, {10, 5}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct source source = {.text = "t", .life_ns = cases[i].life_s * NS_PER_S};
        struct sdk_target t = target(&source);
        struct sleeper *sleeper = begin(&t);
        int64_t now_ns = sdk_wall_ns();
        assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
        assert_string_equal(sleeper->token.text, "Bearer t");
        assert_int_equal(sleeper->token.serial, 1);
        assert_true(sleeper->token.renew_ns >= now_ns + cases[i].renewed_s * NS_PER_S);
        assert_true(sleeper->token.renew_ns <= sdk_wall_ns() + cases[i].renewed_s * NS_PER_S);
        sleeper->token.renew_ns = sdk_wall_ns() + 3600 * NS_PER_S;
        assert_int_equal(sdk_token_look(&sleeper->token), SDK_TOKEN_READY);
        assert_int_equal(source.calls, 1);
        sleeper->token.renew_ns = sdk_wall_ns();
        await_renewal(sleeper);
        assert_int_equal(source.calls, 2);
        assert_int_equal(sleeper->token.serial, 2);
        end(sleeper);
    }
}

/* Up to the last byte that the user's function may write. */
static void the_longest(void **state)
{
    static char longest[SDK_TOKEN_SIZE_MAX];
    memset(longest, 'x', sizeof longest - 1);
    struct source source = {.text = longest};
    struct sdk_target t = target(&source);
    struct sleeper *sleeper = begin(&t);
    assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
    assert_int_equal(strlen(sleeper->token.text), strlen("Bearer ") + strlen(longest));
    end(sleeper);
}

/* One that cannot be renewed is used as long as it is valid, and no longer. */
static void outage(void **state)
{
    struct source source = {.text = "old", .life_ns = 200 * NS_PER_S};
    struct sdk_target t = target(&source);
    struct sleeper *sleeper = begin(&t);
    assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
    source.text = NULL;
    sleeper->token.renew_ns = sdk_wall_ns();
    await_renewal(sleeper);
    assert_string_equal(sleeper->token.text, "Bearer old");
    sleeper->token.until_ns = sdk_wall_ns() - 1;
    assert_int_equal(settle(sleeper), SDK_TOKEN_FAILED);
    assert_string_equal(sleeper->token.why, "the token callback gave no usable token");
    source.text = "new";
    assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
    assert_string_equal(sleeper->token.text, "Bearer new");
    end(sleeper);
}

/* What could end the header, or is none, is never sent. */
static void unusable(void **state)
{
    static const char *const texts[] = {"", "a b", "a\r\nx: y", "\x7f", "\xc3\xa9"};
    for (size_t i = 0; i <= ARRAY_SIZE(texts); i++) {
        struct source source = {.text = i < ARRAY_SIZE(texts) ? texts[i] : "x",
                                .unended = i == ARRAY_SIZE(texts)};
        struct sdk_target t = target(&source);
        struct sleeper *sleeper = begin(&t);
        assert_int_equal(settle(sleeper), SDK_TOKEN_FAILED);
        assert_int_equal(source.calls, 1);
        assert_string_equal(sleeper->token.text, "");
        end(sleeper);
    }
}

/* The provider learns of it, and says itself why it has no other. */
static void refused(void **state)
{
    struct source source = {.text = "old"};
    struct sdk_target t = target(&source);
    t.provider.refused = on_refused;
    t.provider.fault = explain;
    struct sleeper *sleeper = begin(&t);
    assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
    sdk_token_refuse(&sleeper->token);
    sdk_token_refuse(&sleeper->token);
    assert_string_equal(sleeper->token.text, "");
    source.text = NULL;
    assert_int_equal(settle(sleeper), SDK_TOKEN_FAILED);
    assert_int_equal(source.refused, 1);
    assert_string_equal(sleeper->token.why, "nobody is signed in");
    source.text = "new";
    assert_int_equal(settle(sleeper), SDK_TOKEN_READY);
    assert_string_equal(sleeper->token.text, "Bearer new");
    assert_int_equal(source.refused, 1);
    end(sleeper);
}

static void none_needed(void **state)
{
    struct sdk_target t = {0};
    struct sleeper *sleeper = begin(&t);
    assert_int_equal(sdk_token_look(&sleeper->token), SDK_TOKEN_READY);
    assert_string_equal(sleeper->token.text, "");
    end(sleeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(renewal), cmocka_unit_test(the_longest),
                                       cmocka_unit_test(outage),  cmocka_unit_test(unusable),
                                       cmocka_unit_test(refused), cmocka_unit_test(none_needed)};
    return cmocka_run_group_tests_name("sdk/token", tests, NULL, NULL);
}
