/* SPDX-License-Identifier: MIT */
/* resource_store_test.c — if one fails: a resource that was acknowledged is lost, or one that was not is seen. */
#include "store/resources/resource_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/sqlite.h"

struct resource_fixture {
    struct loop *loop;
    struct resource_store *store;
    char folder[64], path[96];
    int done;
    enum status status;
};

static void open_store(struct resource_fixture *f, size_t count_max)
{
    struct err error = {0};
    struct resource_store_options options = resource_store_options_default();
    options.path = f->path;
    options.count_max = count_max;
    options.size_max = 100;
    if (resource_store_open(f->loop, &options, &f->store, &error) != STATUS_OK)
        fail_msg("%s", error.text);
}

/* What opening it says; it is not kept open. */
static enum status try_open(struct resource_fixture *f, struct err *ret_error)
{
    struct resource_store_options options = resource_store_options_default();
    struct resource_store *store = NULL;
    options.path = f->path;
    enum status status = resource_store_open(f->loop, &options, &store, ret_error);
    resource_store_close(store);
    return status;
}

static int begin(void **state)
{
    struct resource_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/resource_store_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/control.db", f->folder);
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    open_store(f, RESOURCE_COUNT_MAX);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct resource_fixture *f = *state;
    char path[128];
    resource_store_close(f->store);
    loop_destroy(f->loop);
    unlink(f->path);
    snprintf(path, sizeof path, "%s-wal", f->path);
    unlink(path);
    snprintf(path, sizeof path, "%s-shm", f->path);
    unlink(path);
    snprintf(path, sizeof path, "%s.lock", f->path);
    unlink(path);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static void on_done(void *context, enum status status, const char *text)
{
    struct resource_fixture *f = context;
    f->done++;
    f->status = status;
    assert_true((status == STATUS_OK) == !text);
}

static void wait_for(struct resource_fixture *f, int done)
{
    for (int i = 0; f->done < done; i++) {
        assert_true(i < 3000);
        assert_int_equal(loop_step(f->loop, 10, NULL), STATUS_OK);
    }
}

static size_t count(const struct resource_store *store)
{
    size_t count = 0;
    const struct resource *resource = resource_store_from(store, BYTES_LITERAL(""), false);
    for (; resource; resource = resource_store_from(store, resource->key, true))
        count++;
    return count;
}

static void put(struct resource_fixture *f, const char *id, const char *text, int64_t now_ns)
{
    struct err error = {0};
    int done = f->done;
    if (resource_store_put(f->store, bytes_of_cstr(id), bytes_of_cstr(text), now_ns, on_done, f, &error) !=
        STATUS_OK)
        fail_msg("%s", error.text);
    wait_for(f, done + 1);
    assert_int_equal(f->status, STATUS_OK);
}

static void erase(struct resource_fixture *f, const char *key)
{
    int done = f->done;
    assert_int_equal(resource_store_delete(f->store, bytes_of_cstr(key), on_done, f, NULL), STATUS_OK);
    wait_for(f, done + 1);
}

static void reopen(struct resource_fixture *f)
{
    resource_store_close(f->store);
    loop_destroy(f->loop);
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    open_store(f, RESOURCE_COUNT_MAX);
}

static void assert_resource(struct resource_fixture *f, const char *key, const char *id, const char *text)
{
    const struct resource *resource = resource_store_get(f->store, bytes_of_cstr(key));
    assert_non_null(resource);
    assert_true(bytes_equal_cstr(resource->id, id));
    assert_true(bytes_equal_cstr(resource->text, text));
}

static void what_was_written_is_there_after_a_restart(void **state)
{
    struct resource_fixture *f = *state;
    put(f, "/A/One", "{}", 5);
    put(f, "/a/two", "{\"x\":1}", 6);
    put(f, "/a/three", "{}", 7);
    erase(f, "/a/three");
    reopen(f);
    assert_int_equal(count(f->store), 2);
    assert_resource(f, "/a/one", "/A/One", "{}");
    assert_resource(f, "/a/two", "/a/two", "{\"x\":1}");
    assert_int_equal(resource_store_get(f->store, BYTES_LITERAL("/a/one"))->created_ns, 5);
}

static void an_id_stays_as_first_written(void **state)
{
    struct resource_fixture *f = *state;
    put(f, "/A/One", "{}", 5);
    put(f, "/a/ONE", "{\"x\":2}", 9);
    assert_int_equal(count(f->store), 1);
    assert_resource(f, "/a/one", "/A/One", "{\"x\":2}");
    reopen(f);
    assert_resource(f, "/a/one", "/A/One", "{\"x\":2}");
    const struct resource *resource = resource_store_get(f->store, BYTES_LITERAL("/a/one"));
    assert_int_equal(resource->created_ns, 5);
    assert_int_equal(resource->changed_ns, 9);
}

static void nothing_is_seen_before_it_is_on_disk(void **state)
{
    struct resource_fixture *f = *state;
    assert_int_equal(
        resource_store_put(f->store, BYTES_LITERAL("/a"), BYTES_LITERAL("{}"), 1, on_done, f, NULL),
        STATUS_OK);
    assert_null(resource_store_get(f->store, BYTES_LITERAL("/a"))); /* the loop has not run */
    wait_for(f, 1);
    assert_non_null(resource_store_get(f->store, BYTES_LITERAL("/a")));
}

/* An If-Match of a resource that was deleted and made again must not fit. */
static void a_version_never_comes_again(void **state)
{
    struct resource_fixture *f = *state;
    put(f, "/a", "{}", 1);
    uint64_t first = resource_store_get(f->store, BYTES_LITERAL("/a"))->version;
    erase(f, "/a");
    reopen(f);
    put(f, "/a", "{}", 1);
    assert_true(resource_store_get(f->store, BYTES_LITERAL("/a"))->version > first + 1);
}

static void they_are_walked_in_order(void **state)
{
    struct resource_fixture *f = *state;
    static const char *const ids[] = {"/b", "/a/2", "/c", "/a", "/a/1"};
    static const char *const order[] = {"/a", "/a/1", "/a/2", "/b", "/c"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        put(f, ids[i], "{}", 1);
    const struct resource *resource = resource_store_from(f->store, BYTES_LITERAL(""), false);
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        assert_non_null(resource);
        assert_true(bytes_equal_cstr(resource->key, order[i]));
        resource = resource_store_from(f->store, resource->key, true);
    }
    assert_null(resource);
    assert_true(bytes_equal_cstr(resource_store_from(f->store, BYTES_LITERAL("/a/1"), false)->key, "/a/1"));
}

static void limits_hold_also_for_what_is_on_its_way(void **state)
{
    struct resource_fixture *f = *state;
    char large[101];
    memset(large, 'x', sizeof large);
    assert_int_equal(
        resource_store_put(f->store, BYTES_LITERAL("/a"), bytes_of(large, 101), 1, on_done, f, NULL),
        STATUS_TOO_LARGE);
    resource_store_close(f->store);
    open_store(f, 2);
    const struct bytes ids[] = {BYTES_LITERAL("/a"), BYTES_LITERAL("/b"), BYTES_LITERAL("/c")};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_int_equal(resource_store_put(f->store, ids[i], BYTES_LITERAL("{}"), 1, on_done, f, NULL),
                         i < 2 ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED);
    wait_for(f, 2);
    assert_int_equal(count(f->store), 2);
}

static void a_newer_file_is_refused(void **state)
{
    struct resource_fixture *f = *state;
    struct db *db = NULL;
    struct err error = {0};
    resource_store_close(f->store);
    f->store = NULL;
    assert_int_equal(sqlite_open(&(struct sqlite_options){.path = f->path}, &db, NULL), STATUS_OK);
    assert_int_equal(sqlite_pragma_set(db, "user_version", 99, NULL), STATUS_OK);
    sqlite_close(db);
    assert_int_equal(try_open(f, &error), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(error.text, "newer sallyport"));
}

static void another_programs_file_is_refused(void **state)
{
    struct resource_fixture *f = *state;
    struct db *db = NULL;
    struct err error = {0};
    resource_store_close(f->store);
    f->store = NULL;
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(sqlite_open(&(struct sqlite_options){.path = f->path}, &db, NULL), STATUS_OK);
    assert_int_equal(sqlite_script(db, "CREATE TABLE theirs (a);", NULL), STATUS_OK);
    sqlite_close(db);
    assert_int_equal(try_open(f, &error), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(error.text, "another program"));
}

static void one_process_has_it(void **state)
{
    struct resource_fixture *f = *state;
    struct err error = {0};
    assert_int_equal(try_open(f, &error), STATUS_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_there_after_a_restart, begin, end),
        cmocka_unit_test_setup_teardown(an_id_stays_as_first_written, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_seen_before_it_is_on_disk, begin, end),
        cmocka_unit_test_setup_teardown(a_version_never_comes_again, begin, end),
        cmocka_unit_test_setup_teardown(they_are_walked_in_order, begin, end),
        cmocka_unit_test_setup_teardown(limits_hold_also_for_what_is_on_its_way, begin, end),
        cmocka_unit_test_setup_teardown(a_newer_file_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(another_programs_file_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(one_process_has_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
