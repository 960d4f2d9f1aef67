/* SPDX-License-Identifier: MIT */
/* session_store_test.c — if these fail, an upload is cut, never answered, or answered for another one. */
#include "svc/pool/session/session_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LARGE_SIZE ((size_t)3 << 20) /* more than any pipe holds */

/* A tier that takes orders and leaves their work to the test. */
static struct {
    unsigned orders;
    int pipe_fd, file_fd;
    size_t size;
} tier_got;

static void tier_store(void *tier, struct tier_ref ref, int pipe_fd, int file_fd, size_t size)
{
    tier_got.orders++;
    tier_got.pipe_fd = dup(pipe_fd);
    tier_got.file_fd = file_fd;
    tier_got.size = size;
}

static const struct session_tier tier = {.name = "test", .store = tier_store};

struct file {
    struct session_store store;
    unsigned done; /* how often on_done came */
    int error;
    char cause[64];
};

static void on_done(struct session_store *store, int error, const char *cause)
{
    struct file *file = CONTAINER_OF(store, struct file, store);
    file->done++;
    file->error = error;
    snprintf(file->cause, sizeof file->cause, "%s", cause);
}

struct rig {
    struct loop *loop;
    struct session_stores stores;
};

static int set_up(void **state)
{
    static struct rig rig;
    memset(&tier_got, 0, sizeof tier_got);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(loop_create(&rig.loop, NULL), STATUS_OK);
    session_stores_init(&rig.stores, rig.loop, &tier, NULL);
    session_stores_open(&rig.stores, &(const struct tier_session){.ref = {1, 1}, .stores = true});
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    session_stores_fini(&rig->stores);
    loop_destroy(rig->loop);
    return 0;
}

static void begin(struct rig *rig, struct file *file, struct bytes content)
{
    *file = (struct file){.store = {.content = content, .file_fd = 1, .on_done = on_done}};
    assert_int_equal(session_store_begin(&rig->stores, &file->store, NULL), STATUS_OK);
}

/* What the tier's end of the pipe brings until it ends, while the loop feeds it. */
static size_t drain(struct rig *rig, uint8_t *ret_bytes, size_t size)
{
    size_t used = 0;
    (void)fcntl(tier_got.pipe_fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        assert_int_equal(loop_step(rig->loop, 0, NULL), STATUS_OK);
        ssize_t n = read(tier_got.pipe_fd, ret_bytes + used, size - used);
        if (n == 0)
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    close(tier_got.pipe_fd);
    return used;
}

static void test_every_byte_arrives(void **state)
{
    static uint8_t sent[LARGE_SIZE], arrived[LARGE_SIZE + 1];
    struct file file;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 13 + i / 257);
    begin(*state, &file, bytes_of(sent, sizeof sent));
    assert_int_equal(tier_got.size, sizeof sent);
    assert_int_equal(drain(*state, arrived, sizeof arrived), sizeof sent);
    assert_memory_equal(arrived, sent, sizeof sent);
    assert_int_equal(file.done, 0);
    session_stores_answered(&((struct rig *)*state)->stores, 0);
    assert_int_equal(file.done, 1);
    assert_int_equal(file.error, 0);
}

static void test_a_second_file_waits_for_the_answer(void **state)
{
    struct rig *rig = *state;
    struct file first, second;
    uint8_t text[8];
    begin(rig, &first, BYTES_LITERAL("one"));
    begin(rig, &second, BYTES_LITERAL("two"));
    assert_int_equal(drain(rig, text, sizeof text), 3);
    assert_int_equal(tier_got.orders, 1);
    session_stores_answered(&rig->stores, ENOMEM);
    assert_int_equal(first.error, ENOMEM);
    assert_int_equal(tier_got.orders, 2);
    assert_int_equal(drain(rig, text, sizeof text), 3);
    assert_memory_equal(text, "two", 3);
    session_stores_answered(&rig->stores, 0);
    assert_true(first.done == 1 && second.done == 1 && second.error == 0);
}

static void test_a_copy_that_ended_early_is_no_file(void **state)
{
    struct rig *rig = *state;
    static uint8_t large[LARGE_SIZE];
    struct file file;
    begin(rig, &file, bytes_of(large, sizeof large));
    close(tier_got.pipe_fd);
    session_stores_answered(&rig->stores, 0);
    assert_int_equal(file.error, EIO);
}

static void test_who_leaves_is_not_called_and_the_next_one_waits(void **state)
{
    struct rig *rig = *state;
    static uint8_t large[LARGE_SIZE], arrived[LARGE_SIZE];
    struct file first, second;
    begin(rig, &first, bytes_of(large, sizeof large));
    begin(rig, &second, BYTES_LITERAL("two"));
    session_store_cancel(&first.store);
    session_store_cancel(&first.store);
    assert_true(drain(rig, arrived, sizeof arrived) < sizeof large);
    assert_int_equal(tier_got.orders, 1);
    session_stores_answered(&rig->stores, 0);
    assert_int_equal(first.done, 0);
    assert_int_equal(tier_got.orders, 2);
    session_store_cancel(&second.store);
    close(tier_got.pipe_fd);
}

static void test_the_end_of_the_session_is_told_with_its_cause(void **state)
{
    struct rig *rig = *state;
    struct file first, second;
    begin(rig, &first, BYTES_LITERAL("one"));
    begin(rig, &second, BYTES_LITERAL("two"));
    close(tier_got.pipe_fd);
    session_stores_answered(&rig->stores, ESRCH); /* says less than the end, which follows */
    assert_int_equal(first.done, 0);
    session_stores_end(&rig->stores, "over its limit");
    assert_true(first.done == 1 && first.error == ESRCH && second.done == 1 && second.error == ESRCH);
    assert_string_equal(first.cause, "over its limit");
    assert_false(rig->stores.possible);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_byte_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_second_file_waits_for_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_copy_that_ended_early_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_leaves_is_not_called_and_the_next_one_waits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_session_is_told_with_its_cause, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
