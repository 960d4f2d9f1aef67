/* SPDX-License-Identifier: MIT */
/* When a token is asked for, and which answers are used. */
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

static struct sdk_target target(struct source *source)
{
    return (struct sdk_target){.token = give, .token_context = source, .token_resource = (char *)"scope"};
}

/* Kept for its life but for five minutes; without a stated life for ten minutes less those. */
static void renewal(void **state)
{
    static const struct {
        int64_t life_s;
        bool kept;
    } cases[] = {{0, true}, {3600, true}, {301, true}, {299, false}, {1, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct source source = {.text = "t", .life_ns = cases[i].life_s * NS_PER_S};
        struct sdk_target t = target(&source);
        struct sdk_token token = {0};
        assert_true(sdk_token_refresh(&token, &t));
        assert_string_equal(token.text, "Bearer t");
        assert_true(sdk_token_refresh(&token, &t));
        assert_int_equal(source.calls, cases[i].kept ? 1 : 2);
    }
}

/* Up to the last byte that the user's function may write. */
static void the_longest(void **state)
{
    static char longest[SDK_TOKEN_SIZE_MAX];
    memset(longest, 'x', sizeof longest - 1);
    struct source source = {.text = longest};
    struct sdk_target t = target(&source);
    static struct sdk_token token;
    assert_true(sdk_token_refresh(&token, &t));
    assert_int_equal(strlen(token.text), strlen("Bearer ") + strlen(longest));
}

/* One that cannot be renewed is used as long as it is valid, and no longer. */
static void outage(void **state)
{
    struct source source = {.text = "old", .life_ns = 200 * NS_PER_S};
    struct sdk_target t = target(&source);
    struct sdk_token token = {0};
    assert_true(sdk_token_refresh(&token, &t));
    source.text = NULL;
    assert_true(sdk_token_refresh(&token, &t));
    assert_string_equal(token.text, "Bearer old");
    token.until_ns = sdk_wall_ns() - 1;
    assert_false(sdk_token_refresh(&token, &t));
    source.text = "new";
    assert_true(sdk_token_refresh(&token, &t));
    assert_string_equal(token.text, "Bearer new");
}

/* What could end the header, or is none, is never sent. */
static void unusable(void **state)
{
    static const char *const texts[] = {"", "a b", "a\r\nx: y", "\x7f", "\xc3\xa9"};
    for (size_t i = 0; i <= ARRAY_SIZE(texts); i++) {
        struct source source = {.text = i < ARRAY_SIZE(texts) ? texts[i] : "x",
                                .unended = i == ARRAY_SIZE(texts)};
        struct sdk_target t = target(&source);
        struct sdk_token token = {0};
        assert_false(sdk_token_refresh(&token, &t));
        assert_int_equal(source.calls, 1);
        assert_string_equal(token.text, "");
    }
}

static void none_needed(void **state)
{
    struct sdk_target target = {0};
    struct sdk_token token = {0};
    assert_true(sdk_token_refresh(&token, &target));
    assert_string_equal(token.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(renewal), cmocka_unit_test(the_longest),
                                       cmocka_unit_test(outage), cmocka_unit_test(unusable),
                                       cmocka_unit_test(none_needed)};
    return cmocka_run_group_tests_name("sdk/token", tests, NULL, NULL);
}
