/* SPDX-License-Identifier: MIT */
/* entity_legacy_test.c — entity messages in JSON, as older workers write them, and what they are told. */
#include "core/task/entity_legacy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/task/event.h"

static struct arena arena;

static enum status read(const char *name, const char *text, struct entity_legacy *ret_message)
{
    return entity_legacy_read(&arena, bytes_of_cstr(name), bytes_of_cstr(text), ret_message);
}

/* If this fails, what a Durable Functions worker says to an entity is lost (spec 3.23.9). */
static void requests_are_read(void **state)
{
    struct entity_legacy message;
    (void)state;
    assert_int_equal(read("op",
                          "{\"op\":\"add\",\"signal\":true,\"input\":\"5\",\"id\":\"1-2\",\"parent\":\"p\"}",
                          &message),
                     STATUS_OK);
    assert_int_equal(message.kind, ENTITY_LEGACY_SIGNAL);
    assert_true(bytes_equal_cstr(message.operation, "add") && bytes_equal_cstr(message.id, "1-2"));
    assert_true(message.input.present && bytes_equal_cstr(message.input.value, "5"));
    assert_false(message.due.present);

    assert_int_equal(read("op@2024-01-02T03:04:05.5000000Z", "{\"OP\":\"get\",\"id\":\"x\"}", &message),
                     STATUS_OK);
    assert_int_equal(message.kind, ENTITY_LEGACY_CALL);
    assert_false(message.input.present);
    assert_true(pb_time_to_ns(message.due) == INT64_C(1704164645500000000));

    assert_int_equal(read("op", "{\"op\":\"get\",\"id\":\"x\",\"due\":\"2024-01-02T03:04:05\"}", &message),
                     STATUS_OK);
    assert_true(pb_time_to_ns(message.due) == INT64_C(1704164645000000000));
}

/* If this fails, an orchestration of an older worker waits for a lock for ever, or holds it. */
static void locks_and_releases_are_read(void **state)
{
    struct entity_legacy message;
    (void)state;
    assert_int_equal(read("op",
                          "{\"op\":null,\"id\":\"cs\",\"lockset\":[{\"name\":\"B\",\"key\":\"2\"},"
                          "{\"name\":\"a\",\"key\":\"1\"}],\"pos\":0}",
                          &message),
                     STATUS_OK);
    assert_int_equal(message.kind, ENTITY_LEGACY_LOCK);
    assert_int_equal(message.lock_set_count, 2);
    assert_true(bytes_equal_cstr(message.lock_set[0].id, "@b@2"));
    assert_int_equal(read("release", "{\"parent\":\"p\",\"id\":\"cs\"}", &message), STATUS_OK);
    assert_int_equal(message.kind, ENTITY_LEGACY_RELEASE);
    assert_true(entity_legacy_is(BYTES_LITERAL("op@x")) && !entity_legacy_is(BYTES_LITERAL("open")));
}

/* If this fails, text from a worker that is no message is taken for one. */
static void other_text_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "null",
                                      "[]",
                                      "{}",
                                      "{\"op\":\"x\"}",
                                      "{\"id\":\"\",\"op\":\"x\"}",
                                      "{\"id\":\"x\"}",
                                      "{\"id\":\"x\",\"op\":5}",
                                      "{\"id\":\"x\",\"op\":\"y\",\"due\":\"soon\"}",
                                      "{\"id\":\"x\",\"lockset\":[{\"name\":\"\",\"key\":\"k\"}]}",
                                      "{\"id\":\"x\",\"lockset\":[1]}"};
    struct entity_legacy message;
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(bad); n++)
        assert_int_equal(read("op", bad[n], &message), STATUS_MALFORMED);
    assert_int_equal(read("op@tomorrow", "{\"id\":\"x\",\"op\":\"y\"}", &message), STATUS_MALFORMED);
}

/* If this fails, an older worker cannot read what an entity has answered. */
static void answers_are_written(void **state)
{
    (void)state;
    struct bytes none = {0};
    assert_true(bytes_equal_cstr(entity_legacy_reply(&arena, pb_some(BYTES_LITERAL("\"a\"")), none),
                                 "{\"result\":\"\\\"a\\\"\"}"));
    assert_true(bytes_equal_cstr(entity_legacy_reply(&arena, pb_none(), none), "{\"result\":null}"));
    struct bytes failure = event_failure(&arena, "Boom", "it broke");
    assert_true(bytes_equal_cstr(entity_legacy_reply(&arena, pb_none(), failure),
                                 "{\"result\":null,\"exceptionType\":\"it broke\",\"failureDetails\":"
                                 "{\"ErrorType\":\"Boom\",\"ErrorMessage\":\"it broke\",\"StackTrace\":null,"
                                 "\"IsNonRetriable\":true}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(locks_and_releases_are_read),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(answers_are_written),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
