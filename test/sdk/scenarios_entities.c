/* SPDX-License-Identifier: MIT */
/* scenarios_entities.c — entities from all sides: a client that signals, reads and lists them, orchestrations that call
 * and lock them, entities that signal, fail, start orchestrations and go away. */
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "scenario_rig.h"

static struct dt_entity_id named(const char *name, char key[64])
{
    static int count;
    snprintf(key, 64, "%ld-%d", (long)getpid(), count++);
    return dt_entity_named(name, key);
}

/* ---- the entities ---- */

static void op_add(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state_number(operation, dt_operation_state_number(operation, 0) + atoll(input));
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static void op_get(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static void op_spoil(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state(operation, "-1");
    (void)dt_operation_signal(operation, dt_operation_entity(operation), "add", "1000", NULL);
    (void)dt_operation_fail(operation, "Spoilt", "on purpose");
}

static void op_launch(struct dt_operation *operation, const char *input, void *user)
{
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.instance_id = input;
    options.input = dt_operation_state(operation);
    (void)dt_operation_start(operation, "launched", &options, NULL);
    (void)dt_operation_signal(operation, dt_operation_entity(operation), "add", "5", NULL);
}

static const struct dt_entity_operation counter[] = {
    {"add", op_add}, {"get", op_get}, {"spoil", op_spoil}, {"launch", op_launch}};

void add_entities(struct dt_worker *w)
{
    struct dt_error e;
    check(dt_worker_register_entity(w, "Counter", counter, 4, NULL, &e), &e);
}

/* ---- the orchestrations ---- */

static void echo_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, input);
}

/* Adds to the counter whose key is the input and tells what it is then. */
static void call_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id id = dt_entity_named("counter", input);
    dt_signal_entity(ctx, id, "add", "1", NULL);
    (void)dt_await_result(dt_call_entity(ctx, id, "add", "2"));
    struct dt_task *spoilt = dt_call_entity(ctx, id, "spoil", NULL);
    if (dt_await(spoilt) != DT_TASK_FAILED)
        dt_fail(ctx, "Wrong", "it did not fail");
    const char *type = dt_task_failure(spoilt)->type;
    dt_set_result(ctx, dt_format(ctx, "%s %s", dt_await_result(dt_call_entity(ctx, id, "get", NULL)), type));
}

/* Moves 1 from the first to the second of the two counters "KEY-a" and "KEY-b", unseen by anybody in between. */
static void transfer_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id accounts[] = {dt_entity_named("counter", dt_format(ctx, "%s-b", input)),
                                      dt_entity_named("counter", dt_format(ctx, "%s-a", input))};
    (void)dt_await(dt_lock_entities(ctx, accounts, 2));
    const char *before = dt_await_result(dt_call_entity(ctx, accounts[1], "get", NULL));
    (void)dt_await_result(dt_call_entity(ctx, accounts[1], "add", "-1"));
    const char *after = dt_await_result(dt_call_entity(ctx, accounts[1], "get", NULL));
    if (atoi(before ? before : "0") - 1 != atoi(after))
        dt_fail(ctx, "Seen", "somebody was in between: %s, %s", before, after);
    (void)dt_await_result(dt_call_entity(ctx, accounts[0], "add", "1"));
    dt_set_result(ctx, "moved");
}

/* Locks, and waits for an event; ends without unlocking. */
static void hold_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id id = dt_entity_named("counter", input);
    (void)dt_await(dt_lock_entities(ctx, &id, 1));
    dt_set_custom_status(ctx, "held");
    (void)dt_await(dt_wait_event(ctx, "go", -1));
    dt_fail(ctx, "Broke", "while it held the lock");
}

const struct rig_function entity_functions[] = {{"launched", echo_fn, NULL},
                                                {"call-counter", call_fn, NULL},
                                                {"transfer", transfer_fn, NULL},
                                                {"hold", hold_fn, NULL},
                                                {NULL, NULL, NULL}};

/* ---- tests ---- */

/* Waits until the counter has this state; NULL: until it is gone. */
static void wait_state(struct dt_entity_id id, const char *wanted)
{
    for (int i = 0; i < WAIT_MS / 20; i++) {
        struct dt_entity *entity;
        struct dt_error e;
        enum dt_status status = dt_client_get_entity(client, id, true, &entity, &e);
        if (status == DT_NOT_FOUND) {
            if (!wanted)
                return;
            sleep_ms(20);
            continue;
        }
        check(status, &e);
        const char *now = dt_entity_state(entity);
        bool same = now && wanted && strcmp(now, wanted) == 0;
        dt_entity_destroy(entity);
        if (same)
            return;
        sleep_ms(20);
    }
    fail_msg("the state never became %s", wanted ? wanted : "none");
}

static void signal_entity(struct dt_entity_id id, const char *operation, const char *input)
{
    struct dt_error e;
    check(dt_client_signal_entity(client, id, operation, input, NULL, &e), &e);
}

/* Signals make an entity, in their order; "delete" ends it; an unknown one is NOT_FOUND. */
static void test_signal_and_get(void **state)
{
    char key[64];
    struct dt_entity_id id = named("counter", key);
    struct dt_error e;
    assert_int_equal(dt_client_get_entity(client, id, true, NULL, &e), DT_NOT_FOUND);
    for (int i = 0; i < 10; i++)
        signal_entity(dt_entity_named("COUNTER", key), "add", "1");
    wait_state(id, "10");
    struct dt_entity *entity;
    check(dt_client_get_entity(client, id, false, &entity, &e), &e);
    assert_string_equal(dt_entity_id_of(entity).name, "counter");
    assert_string_equal(dt_entity_id_of(entity).key, key);
    assert_null(dt_entity_state(entity));
    assert_null(dt_entity_locked_by(entity));
    assert_true(dt_entity_modified_ns(entity) > 0);
    dt_entity_destroy(entity);
    if (lacks("entity-deletion"))
        return;
    signal_entity(id, "delete", NULL);
    wait_state(id, NULL);
}

static void test_scheduled_signal(void **state)
{
    if (lacks("delayed-signals"))
        skip();
    char key[64];
    struct dt_entity_id id = named("counter", key);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct dt_signal_options options = DT_INIT(struct dt_signal_options);
    options.at_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + 1500000000;
    struct dt_error e;
    check(dt_client_signal_entity(client, id, "add", "7", &options, &e), &e);
    sleep_ms(300);
    assert_int_equal(dt_client_get_entity(client, id, true, NULL, &e), DT_NOT_FOUND);
    wait_state(id, "7");
}

/* A failed operation reaches its caller and changes nothing. */
static void test_calls(void **state)
{
    char key[64];
    char id[DT_INSTANCE_ID_SIZE];
    (void)named("counter", key);
    start("call-counter", key, id);
    finish_with(id, "3 Spoilt");
}

static void test_entity_starts(void **state)
{
    char key[64];
    struct dt_entity_id id = named("counter", key);
    char instance[80];
    snprintf(instance, sizeof instance, "launched-%s", key);
    signal_entity(id, "add", "1");
    signal_entity(id, "launch", instance);
    finish_with(instance, "1");
    wait_state(id, "6");
}

/* Many at once lock the same two accounts; none sees another in between, and all end. */
static void test_locks(void **state)
{
    enum { TRANSFERS = 8 };
    char key[64];
    char ids[TRANSFERS][DT_INSTANCE_ID_SIZE];
    (void)named("counter", key);
    char account[80];
    snprintf(account, sizeof account, "%s-a", key);
    signal_entity(dt_entity_named("counter", account), "add", "100");
    for (int i = 0; i < TRANSFERS; i++)
        start("transfer", key, ids[i]);
    for (int i = 0; i < TRANSFERS; i++)
        finish_with(ids[i], "moved");
    wait_state(dt_entity_named("counter", account), "92");
    snprintf(account, sizeof account, "%s-b", key);
    wait_state(dt_entity_named("counter", account), "8");
}

/* Who fails or is terminated while it holds a lock holds it no longer; meanwhile others wait. */
static void test_lock_is_given_back(void **state)
{
    if (lacks("signals-wait-for-lock"))
        skip();
    for (int by_termination = 0; by_termination < 2; by_termination++) {
        char key[64];
        char holder[DT_INSTANCE_ID_SIZE];
        struct dt_error e;
        struct dt_entity_id id = named("counter", key);
        signal_entity(id, "add", "1");
        wait_state(id, "1");
        start("hold", key, holder);
        wait_custom_status(holder, "held");
        signal_entity(id, "add", "1");
        sleep_ms(200);
        struct dt_entity *entity;
        check(dt_client_get_entity(client, id, true, &entity, &e), &e);
        assert_string_equal(dt_entity_state(entity), "1");
        assert_string_equal(dt_entity_locked_by(entity), holder);
        dt_entity_destroy(entity);
        if (by_termination)
            check(dt_client_terminate(client, holder, NULL, false, &e), &e);
        else
            tell(holder, "go", NULL);
        wait_state(id, "2");
        dt_instance_destroy(finish(holder, by_termination ? DT_INSTANCE_TERMINATED : DT_INSTANCE_FAILED));
    }
}

struct cleaned {
    enum dt_status status;
    int32_t removed, released;
    sem_t over;
};

static void on_cleaned(const struct dt_reply *reply, void *context)
{
    struct cleaned *cleaned = context;
    cleaned->status = dt_reply_status(reply);
    cleaned->removed = dt_reply_cleaned(reply, &cleaned->released);
    sem_post(&cleaned->over);
}

/* Pages hold every entity of the prefix once, and end. */
static void test_query(void **state)
{
    enum { ENTITIES = 5 };
    char key[64];
    struct dt_error e;
    (void)named("counter", key);
    for (int i = 0; i < ENTITIES; i++) {
        char each[80];
        snprintf(each, sizeof each, "%s-%d", key, i);
        signal_entity(dt_entity_named("counter", each), "add", "1");
        wait_state(dt_entity_named("counter", each), "1");
    }
    char prefix[96];
    snprintf(prefix, sizeof prefix, "@counter@%s-", key);
    struct dt_entity_query query = DT_INIT(struct dt_entity_query);
    query.id_prefix = prefix;
    query.page_size = 2;
    query.state = true;
    char token[512];
    unsigned seen = 0;
    for (int pages = 1;; pages++) {
        struct dt_entities *page;
        check(dt_client_query_entities(client, &query, &page, &e), &e);
        for (size_t i = 0; i < dt_entities_count(page); i++) {
            const struct dt_entity *entity = dt_entities_get(page, i);
            unsigned bit = 1u << atoi(strrchr(dt_entity_id_of(entity).key, '-') + 1);
            assert_false(seen & bit);
            seen |= bit;
            assert_string_equal(dt_entity_state(entity), "1");
        }
        bool more = dt_entities_token(page) != NULL;
        snprintf(token, sizeof token, "%s", more ? dt_entities_token(page) : "");
        dt_entities_destroy(page);
        if (!more)
            break;
        query.page_token = token;
        assert_true(pages < 10);
    }
    assert_int_equal(seen, (1u << ENTITIES) - 1);
    int32_t removed = -1;
    int32_t released = -1;
    check(dt_client_clean_entities(client, true, true, &removed, &released, &e), &e);
    assert_true(removed >= 0 && released >= 0);

    struct cleaned cleaned = {.removed = -1, .released = -1};
    assert_int_equal(sem_init(&cleaned.over, 0, 0), 0);
    assert_int_equal(dt_client_clean_entities_async(client, true, true, on_cleaned, &cleaned), DT_OK);
    while (sem_wait(&cleaned.over) != 0)
        ; /* a signal came; the client's own time limit ends the call */
    sem_destroy(&cleaned.over);
    assert_int_equal(cleaned.status, DT_OK);
    assert_true(cleaned.removed >= 0 && cleaned.released >= 0);
    assert_int_equal(dt_client_clean_entities_async(client, true, true, NULL, NULL), DT_INVALID_ARGUMENT);
}

int run_entity_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_signal_and_get), RIG_TEST(test_scheduled_signal),
        RIG_TEST(test_calls),          RIG_TEST(test_entity_starts),
        RIG_TEST(test_locks),          RIG_TEST(test_lock_is_given_back),
        RIG_TEST(test_query),
    };
    if (lacks("entities"))
        return 0;
    return cmocka_run_group_tests_name("entities", tests, NULL, NULL);
}
