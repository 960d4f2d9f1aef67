/* SPDX-License-Identifier: MIT */
/* az_helper_test.c — if it fails, a server that may start no program gets no token of who has run `az login`, gets the answer to
 * another question, or hangs with a program that does. The `az` is a script of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/duration.h"
#include "credential/az_helper.h"
#include "credential/az_question.h"

#define LONG_NS (120 * NS_PER_S)

static char folder[64], script[128];

static bool is_wanted(void *context)
{
    return context && atomic_fetch_add((atomic_int *)context, 1) > 3;
}

static void write_az(const char *text)
{
    FILE *file = fopen(script, "we");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    assert_int_equal(chmod(script, 0755), 0);
}

static int set_up(void **state)
{
    char path[256];
    snprintf(folder, sizeof folder, "/tmp/az_helper_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(script, sizeof script, "%s/az", folder);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    *state = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(script);
    return rmdir(folder);
}

static enum status ask(struct az_helper *helper, const char *resource, void *stop_context, int64_t timeout_ns,
                       struct buf *output)
{
    const struct world_stop stop = {.is_wanted = is_wanted, .context = stop_context};
    struct az_question question;
    struct err err = {0};
    assert_int_equal(az_question_make(resource, "t-1", &question, &err), STATUS_OK);
    buf_clear(output);
    return az_helper_run(helper, &stop, question.arguments, timeout_ns, output, &err);
}

static struct az_helper *started(void)
{
    struct az_helper *helper = NULL;
    assert_int_equal(az_helper_start(&helper, NULL), STATUS_OK);
    return helper;
}

static void it_runs_the_program_and_tells_its_end(void **state)
{
    CLEANUP(buf_fini) struct buf output = {0};
    (void)state;
    assert_false(az_helper_is_useful());
    struct az_helper *helper = started();
    assert_int_equal(ask(helper, "r", NULL, LONG_NS, &output), STATUS_NOT_FOUND);

    write_az("echo \"$*\"");
    assert_true(az_helper_is_useful());
    assert_int_equal(ask(helper, "r-1", NULL, LONG_NS, &output), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&output),
                                 "account get-access-token --output json --resource r-1 --tenant t-1\n"));
    write_az("echo words >&2; exit 1");
    assert_int_equal(ask(helper, "r-1", NULL, LONG_NS, &output), STATUS_FAILED_PRECONDITION);
    assert_true(bytes_equal_cstr(buf_peek(&output), "words\n"));
    write_az("head -c 70000 /dev/zero");
    assert_int_equal(ask(helper, "r-1", NULL, LONG_NS, &output), STATUS_TOO_LARGE);
    /* The server's descriptors are not the program's. */
    write_az("ls /proc/self/fd | wc -l");
    assert_int_equal(ask(helper, "r-1", NULL, LONG_NS, &output), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&output), "4\n"));
    az_helper_stop(helper);
}

/* An answer that nobody waited for is not given to the next question. */
static void who_does_not_wait_ends_it(void **state)
{
    CLEANUP(buf_fini) struct buf output = {0};
    atomic_int looks = 0;
    (void)state;
    write_az("sleep 1000");
    struct az_helper *helper = started();
    assert_int_equal(ask(helper, "r-1", &looks, LONG_NS, &output), STATUS_CANCELLED);
    write_az("echo other");
    assert_int_equal(ask(helper, "r-2", NULL, LONG_NS, &output), STATUS_UNAVAILABLE);
    assert_int_equal(output.size, 0);
    az_helper_stop(helper); /* and with it the sleep, or this would wait for it */
}

struct asker {
    struct az_helper *helper;
    const char *resource;
    bool good;
};

static void *ask_often(void *context)
{
    struct asker *asker = context;
    CLEANUP(buf_fini) struct buf output = {0};
    asker->good = true;
    for (int i = 0; i < 20; i++) {
        asker->good &= ask(asker->helper, asker->resource, NULL, LONG_NS, &output) == STATUS_OK;
        asker->good &= bytes_find(buf_peek(&output), bytes_of_cstr(asker->resource)) < output.size;
    }
    return NULL;
}

static void two_who_ask_get_their_own(void **state)
{
    pthread_t threads[2];
    (void)state;
    write_az("echo \"$*\"");
    struct az_helper *helper = started();
    struct asker askers[2] = {{helper, "first", false}, {helper, "second", false}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(askers[0].good && askers[1].good);
    az_helper_stop(helper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_runs_the_program_and_tells_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_wait_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_who_ask_get_their_own, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
