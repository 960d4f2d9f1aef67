/* SPDX-License-Identifier: MIT */
/* decision_test.c — every way a decision can meet a request. If this fails, two people can both believe that
 * theirs was the decision, or somebody approves what nobody has shown them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "svc/app/decision.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MINE   "{\"approved\":true,\"at\":\"t1\",\"by\":\"mina\"}"
#define OTHER  "{\"approved\":true,\"at\":\"t0\",\"by\":\"otto\"}"
#define NO     "{\"approved\":false,\"at\":\"t1\"}"

enum { RUNNING = 0, COMPLETED = 1, FAILED = 3, TERMINATED = 5, PENDING = 6 };

static json_t *parsed(const char *text)
{
    json_t *value = text ? json_loads(text, 0, NULL) : NULL;
    assert_true(!text || value);
    return value;
}

static struct request_facts facts(int status, const char *custom)
{
    return (struct request_facts){.id = "i", .status = status, .input = "\"x\"", .custom_status = custom};
}

static void what_is_admitted(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *custom, *record, *remembered;
        enum decision_verdict want;
        const char *hash;  /* in the record afterwards; NULL: none */
        const char *first; /* "by" of what was first; NULL: nothing */
    } rows[] = {
        {PENDING, NULL, MINE, NULL, DECISION_ADMITTED, NULL, NULL}, /* early ones are kept */
        {RUNNING, "{\"state\":\"running\"}", MINE, NULL, DECISION_ADMITTED, NULL, NULL},
        {RUNNING, "{\"state\":\"waiting\",\"sha256\":\"" HASH_A "\"}", MINE, NULL, DECISION_ADMITTED, HASH_A,
         NULL},
        {RUNNING, "{\"state\":\"waiting\",\"sha256\":\"" HASH_A "\"}",
         "{\"approved\":true,\"sha256\":\"" HASH_A "\"}", NULL, DECISION_ADMITTED, HASH_A, NULL},
        {RUNNING, "{\"state\":\"waiting\",\"sha256\":\"" HASH_A "\"}",
         "{\"approved\":true,\"sha256\":\"" HASH_B "\"}", NULL, DECISION_MISFIT, HASH_B, NULL},
        /* a hash of what is not there yet fits nothing */
        {RUNNING, "{\"state\":\"running\"}", "{\"approved\":true,\"sha256\":\"" HASH_B "\"}", NULL,
         DECISION_MISFIT, HASH_B, NULL},
        {RUNNING, "\"the sample's\"", MINE, NULL, DECISION_ADMITTED, NULL, NULL},
        {RUNNING, "{\"state\":\"running\",\"decision\":" OTHER "}", MINE, NULL, DECISION_LOST, NULL, "otto"},
        {RUNNING, "{\"state\":\"waiting\"}", MINE, OTHER, DECISION_LOST, NULL, "otto"},
        {COMPLETED, "{\"state\":\"approved\",\"decision\":" OTHER "}", MINE, MINE, DECISION_LOST, NULL,
         "otto"},
        {COMPLETED, "{\"state\":\"timed-out\"}", MINE, NULL, DECISION_LATE, NULL, NULL},
        {COMPLETED, NULL, MINE, NULL, DECISION_LATE, NULL, NULL},
        {FAILED, "{\"state\":\"failed\"}", MINE, NULL, DECISION_LATE, NULL, NULL},
        {TERMINATED, "{\"state\":\"waiting\"}", MINE, NULL, DECISION_LATE, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct request_facts f = facts(rows[i].status, rows[i].custom);
        json_t *record = parsed(rows[i].record), *remembered = parsed(rows[i].remembered), *first;
        assert_int_equal(decision_admit(&f, record, remembered, &first), rows[i].want);
        const char *hash = json_string_value(json_object_get(record, "sha256"));
        assert_string_equal(hash ? hash : "none", rows[i].hash ? rows[i].hash : "none");
        const char *by = json_string_value(json_object_get(first, "by"));
        assert_string_equal(by ? by : "nobody", rows[i].first ? rows[i].first : "nobody");
        json_decref(record);
        json_decref(remembered);
        json_decref(first);
    }
}

static void what_follows_a_record(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *custom, *record;
        bool patient;
        enum decision_verdict want;
    } rows[] = {
        {RUNNING, "{\"state\":\"waiting\"}", MINE, true, DECISION_HIDDEN},
        {RUNNING, "{\"state\":\"waiting\"}", MINE, false, DECISION_STANDS},
        {PENDING, NULL, MINE, true, DECISION_HIDDEN},
        /* taken up, but the request still says that it waits: its last word is about to come */
        {RUNNING, "{\"state\":\"waiting\",\"decision\":" MINE "}", MINE, true, DECISION_HIDDEN},
        {RUNNING, "{\"state\":\"running\",\"decision\":" MINE "}", MINE, true, DECISION_STANDS},
        {COMPLETED, "{\"state\":\"approved\",\"decision\":" MINE "}", MINE, true, DECISION_STANDS},
        {COMPLETED, "{\"state\":\"approved\",\"decision\":" OTHER "}", MINE, true, DECISION_LOST},
        {COMPLETED, "{\"state\":\"approved\",\"decision\":" OTHER "}", MINE, false, DECISION_LOST},
        {COMPLETED, "{\"state\":\"rejected\",\"decision\":" NO "}", MINE, true,
         DECISION_LOST}, /* at one instant */
        {COMPLETED, "{\"state\":\"timed-out\"}", MINE, true, DECISION_LATE},
        {COMPLETED, "{\"state\":\"timed-out\"}", MINE, false, DECISION_LATE},
        {FAILED, "{\"state\":\"failed\"}", MINE, true, DECISION_LATE},
        /* approved early, then the code failed: the decision was taken, and the request says what came of it
         */
        {FAILED, "{\"state\":\"failed\",\"decision\":" MINE "}", MINE, true, DECISION_STANDS},
        {TERMINATED, NULL, MINE, true, DECISION_LATE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct request_facts f = facts(rows[i].status, rows[i].custom);
        json_t *record = parsed(rows[i].record), *first;
        assert_int_equal(decision_follow(&f, record, rows[i].patient, &first), rows[i].want);
        assert_int_equal(first != NULL, rows[i].want == DECISION_LOST);
        json_decref(record);
        json_decref(first);
    }
}

static void a_conflict_is_a_problem_with_the_first_decision(void **state)
{
    (void)state;
    static const struct {
        enum decision_verdict verdict;
        const char *first, *type, *detail;
    } rows[] = {
        {DECISION_LOST, OTHER, "urn:sallyport:problem:already-decided",
         "The request has already been decided."},
        {DECISION_LATE, NULL, "urn:sallyport:problem:request-over",
         "The request was over before the decision."},
        {DECISION_MISFIT, NULL, "urn:sallyport:problem:result-differs",
         "The result is not the one with this sha256."},
    };
    struct request_facts f = facts(COMPLETED, "{\"state\":\"rejected\"}");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *first = parsed(rows[i].first);
        json_t *body = decision_conflict(rows[i].verdict, &f, first);
        assert_int_equal(json_integer_value(json_object_get(body, "status")), 409);
        assert_string_equal(json_string_value(json_object_get(body, "type")), rows[i].type);
        assert_string_equal(json_string_value(json_object_get(body, "detail")), rows[i].detail);
        assert_string_equal(json_string_value(json_object_get(body, "state")), "rejected");
        assert_true(json_object_get(body, "decision") == first);
        json_decref(body);
        json_decref(first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_admitted),
        cmocka_unit_test(what_follows_a_record),
        cmocka_unit_test(a_conflict_is_a_problem_with_the_first_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
