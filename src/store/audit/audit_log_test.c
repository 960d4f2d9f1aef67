/* SPDX-License-Identifier: MIT */
/* audit_log_test.c — appended, read, closed and opened again. If this fails, what was acknowledged is not in the log, or
 * the log of before cannot be proven any more. */
#include "store/audit/audit_log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/audit/head_file.h"
#include "store/audit/verify.h"

struct audit_fixture {
    struct loop *loop;
    struct audit_log *log;
    char folder[64];
};

struct append_wait {
    struct audit_waiter waiter;
    bool done;
    enum status status;
};

struct read_wait {
    struct audit_reader reader;
    struct buf lines;
    int64_t last;
    bool done;
};

static void on_done(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    struct append_wait *wait = CONTAINER_OF(waiter, struct append_wait, waiter);
    assert_false(wait->done);
    assert_true(status == STATUS_OK || err->text[0]);
    wait->done = true;
    wait->status = status;
}

static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    (void)err;
    struct read_wait *look = CONTAINER_OF(reader, struct read_wait, reader);
    assert_int_equal(status, STATUS_OK);
    buf_append_bytes(&look->lines, lines);
    look->last = last;
    look->done = true;
}

static enum status try_open(struct audit_fixture *rig, struct err *err)
{
    const struct audit_log_options options = {.folder = rig->folder, .shown = rig->folder};
    return audit_log_open(rig->loop, &options, &rig->log, err);
}

static void open_it(struct audit_fixture *rig)
{
    struct err err = {0};
    if (try_open(rig, &err) != STATUS_OK)
        fail_msg("%s", err.text);
}

static void close_it(struct audit_fixture *rig)
{
    audit_log_close(rig->log);
    rig->log = NULL;
}

static int rig_init(void **state)
{
    struct audit_fixture *rig = calloc(1, sizeof *rig);
    assert_int_equal(loop_create(&rig->loop, NULL), STATUS_OK);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/sallyport-audit-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    open_it(rig);
    *state = rig;
    return 0;
}

static void path_in(const struct audit_fixture *rig, const char *name, char path[static 128])
{
    snprintf(path, 128, "%s/%s", rig->folder, name);
}

static int rig_fini(void **state)
{
    static const char *const files[] = {"audit.db",         "audit.db-wal", "audit.db-shm",   "audit.db.lock",
                                        "audit.db.reserve", AUDIT_KEY,      AUDIT_PUBLIC_KEY, AUDIT_HEADS};
    struct audit_fixture *rig = *state;
    close_it(rig);
    loop_destroy(rig->loop);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char path[128];
        path_in(rig, files[i], path);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    free(rig);
    return 0;
}

static void step(struct audit_fixture *rig)
{
    assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
}

static struct audit_entry entry_about(const char *object)
{
    return (struct audit_entry){.action = AUDIT_REQUEST_VOTED,
                                .actor_id = "local",
                                .actor_name = "mina",
                                .object = object,
                                .at_ns = 5};
}

static void append(struct audit_fixture *rig, const char *object)
{
    struct append_wait wait = {.waiter.on_done = on_done};
    const struct audit_entry entry = entry_about(object);
    audit_log_append(rig->log, &entry, &wait.waiter);
    assert_false(wait.done);
    while (!wait.done)
        step(rig);
    assert_int_equal(wait.status, STATUS_OK);
}

/* All lines of a search, and the number of the last entry. */
static int64_t read_lines(struct audit_fixture *rig, const struct audit_search *search, struct buf *out)
{
    struct read_wait look = {.reader.on_read = on_read};
    audit_log_read(rig->log, search, &look.reader);
    while (!look.done)
        step(rig);
    buf_append_bytes(out, buf_peek(&look.lines));
    buf_fini(&look.lines);
    return look.last;
}

static int64_t read_all(struct audit_fixture *rig, struct buf *out)
{
    return read_lines(rig, &(struct audit_search){.limit = AUDIT_PAGE_MAX}, out);
}

/* The log verifies with its own public key and the heads that are kept; returns what heads hold. */
static int64_t verify(struct audit_fixture *rig)
{
    char path[128], line[2048];
    struct seal_key *key = NULL;
    assert_int_equal(seal_key_read(audit_log_public_key(rig->log), &key, NULL), STATUS_OK);
    struct audit_verifier verifier;
    audit_verifier_begin(&verifier, key);
    path_in(rig, AUDIT_HEADS, path);
    FILE *heads = fopen(path, "re");
    assert_non_null(heads);
    while (fgets(line, sizeof line, heads))
        assert_int_equal(audit_verifier_head(&verifier, bytes_of(line, strlen(line) - 1), NULL), STATUS_OK);
    (void)fclose(heads);

    struct buf lines = {0};
    read_all(rig, &lines);
    struct bytes rest = buf_peek(&lines);
    while (rest.size > 0)
        assert_int_equal(audit_verifier_line(&verifier, bytes_split(&rest, '\n'), NULL), STATUS_OK);
    assert_int_equal(audit_verifier_end(&verifier, NULL), STATUS_OK);
    int64_t signed_seq = verifier.signed_seq;
    audit_verifier_fini(&verifier);
    seal_key_free(key);
    buf_fini(&lines);
    return signed_seq;
}

static void what_is_appended_is_there_after_a_restart(void **state)
{
    struct audit_fixture *rig = *state;
    for (int i = 0; i < 3; i++)
        append(rig, "requests/1");
    close_it(rig);
    open_it(rig);
    append(rig, "requests/2");

    struct buf lines = {0};
    assert_int_equal(read_all(rig, &lines), 4);
    assert_int_equal(verify(rig), 3); /* the head of the close */
    buf_fini(&lines);
}

static void pages_and_objects_are_found(void **state)
{
    struct audit_fixture *rig = *state;
    append(rig, "requests/1");
    append(rig, "requests/2");
    append(rig, "requests/1");

    struct buf lines = {0};
    assert_int_equal(read_lines(rig, &(struct audit_search){.after = 1, .limit = 1}, &lines), 2);
    assert_int_equal(read_lines(rig, &(struct audit_search){.after = 3, .limit = 9}, &lines), 0);
    buf_clear(&lines);
    const struct audit_search mine = {.limit = 9, .object = "requests/1"};
    assert_int_equal(read_lines(rig, &mine, &lines), 3);
    struct bytes rest = buf_peek(&lines);
    size_t count = 0;
    for (; rest.size > 0; count++)
        assert_true(bytes_find(bytes_split(&rest, '\n'), BYTES_LITERAL("\"requests/1\"")) != SIZE_MAX);
    assert_int_equal(count, 2);
    buf_fini(&lines);
}

/* So that it can be shown to somebody who has nothing else. */
static void an_entry_with_its_head_stands_for_itself(void **state)
{
    struct audit_fixture *rig = *state;
    append(rig, "requests/1");
    append(rig, "requests/2");
    struct buf lines = {0};
    const struct audit_search search = {.limit = 9, .object = "requests/2", .with_heads = true};
    assert_int_equal(read_lines(rig, &search, &lines), 2);

    struct bytes rest = buf_peek(&lines);
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_split(&rest, '\n'), hash);
    struct seal_key *key = NULL;
    struct audit_chain head;
    assert_int_equal(seal_key_read(audit_log_public_key(rig->log), &key, NULL), STATUS_OK);
    assert_int_equal(audit_head_check(bytes_split(&rest, '\n'), key, &head, NULL), STATUS_OK);
    assert_int_equal(head.seq, 2);
    assert_string_equal(head.hash, hash);
    seal_key_free(key);
    buf_fini(&lines);
}

/* RP-51. */
static void many_at_once_keep_their_order(void **state)
{
    struct audit_fixture *rig = *state;
    static struct append_wait waits[AUDIT_HEAD_EVERY + 50];
    for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
        waits[i] = (struct append_wait){.waiter.on_done = on_done};
        const struct audit_entry entry = entry_about("requests/1");
        audit_log_append(rig->log, &entry, &waits[i].waiter);
    }
    for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
        while (!waits[i].done)
            step(rig);
        assert_int_equal(waits[i].status, STATUS_OK);
    }
    struct buf lines = {0};
    const struct audit_search end = {.after = AUDIT_HEAD_EVERY, .limit = AUDIT_PAGE_MAX};
    assert_int_equal(read_lines(rig, &end, &lines), ARRAY_SIZE(waits));
    buf_fini(&lines);

    char path[128];
    struct stat heads;
    path_in(rig, AUDIT_HEADS, path);
    assert_int_equal(stat(path, &heads), 0);
    assert_true(heads.st_size > 0); /* signed behind every AUDIT_HEAD_EVERY */
}

static void an_entry_that_cannot_be_written_fails_alone(void **state)
{
    struct audit_fixture *rig = *state;
    struct append_wait bad = {.waiter.on_done = on_done}, good = {.waiter.on_done = on_done};
    const struct audit_entry not_text = entry_about("\xff"), entry = entry_about("requests/1");
    audit_log_append(rig->log, &not_text, &bad.waiter);
    audit_log_append(rig->log, &entry, &good.waiter);
    while (!bad.done || !good.done)
        step(rig);
    assert_int_equal(bad.status, STATUS_INVALID_ARGUMENT);
    assert_int_equal(good.status, STATUS_OK);
    struct err why = {0};
    assert_true(audit_log_writable(rig->log, &why)); /* the log itself is well */
    struct buf lines = {0};
    assert_int_equal(read_all(rig, &lines), 1);
    buf_fini(&lines);
}

static void *append_and_wait(void *context)
{
    struct audit_fixture *rig = context;
    const struct audit_entry entry = entry_about("requests/thread");
    enum status status = audit_log_append_wait(rig->log, &entry, NULL);
    loop_stop(rig->loop);
    return status == STATUS_OK ? rig : NULL;
}

static void a_thread_can_wait_for_the_disk(void **state)
{
    struct audit_fixture *rig = *state;
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, append_and_wait, rig), 0);
    assert_int_equal(loop_run(rig->loop, NULL), STATUS_OK);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, rig);
    struct buf lines = {0};
    assert_int_equal(read_all(rig, &lines), 1);
    buf_fini(&lines);
}

static void private_files_are_the_owners_alone(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } rows[] = {{"audit.db", 0600}, {AUDIT_KEY, 0600}, {AUDIT_HEADS, 0600}, {AUDIT_PUBLIC_KEY, 0644}};
    struct audit_fixture *rig = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char path[128];
        struct stat file;
        path_in(rig, rows[i].name, path);
        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode & 07777, rows[i].mode);
    }
}

/* Otherwise who can write in the folder signs another past with a key of their own. */
static void a_key_that_is_gone_is_not_made_anew(void **state)
{
    struct audit_fixture *rig = *state;
    char path[128], away[128];
    append(rig, "requests/1");
    close_it(rig);
    path_in(rig, AUDIT_KEY, path);
    path_in(rig, "away", away);
    assert_int_equal(rename(path, away), 0);
    struct err err = {0};
    assert_int_equal(try_open(rig, &err), STATUS_DATA_LOSS);
    assert_non_null(strstr(err.text, "backup"));
    assert_int_equal(rename(away, path), 0);
    open_it(rig);
    assert_int_equal(verify(rig), 1);
}

/* Else SQLite's log grows as long as the server runs, and is read through at each start. */
static void what_was_written_comes_into_the_file(void **state)
{
    struct audit_fixture *rig = *state;
    char path[128], *large = malloc(32 << 10);
    struct stat facts;
    append(rig, "requests/1");
    close_it(rig); /* a log that goes on, too */
    open_it(rig);
    path_in(rig, AUDIT_DATABASE, path);
    memset(large, 'x', 32 << 10);
    large[(32 << 10) - 1] = '\0';
    json_t *details = json_pack("{s:s}", "text", large);
    for (int i = 0; i < 200; i++) { /* 6 MiB */
        struct append_wait wait = {.waiter.on_done = on_done};
        struct audit_entry entry = entry_about("requests/1");
        entry.details = details;
        audit_log_append(rig->log, &entry, &wait.waiter);
        while (!wait.done)
            step(rig);
        assert_int_equal(wait.status, STATUS_OK);
    }
    assert_int_equal(stat(path, &facts), 0);
    assert_true(facts.st_size > 3 << 20);
    json_decref(details);
    free(large);
}

static void one_process_has_it(void **state)
{
    struct audit_fixture *rig = *state;
    struct audit_fixture second = *rig;
    struct err err = {0};
    assert_int_equal(try_open(&second, &err), STATUS_UNAVAILABLE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_init, rig_fini)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_appended_is_there_after_a_restart),   CASE(pages_and_objects_are_found),
        CASE(an_entry_with_its_head_stands_for_itself),    CASE(many_at_once_keep_their_order),
        CASE(an_entry_that_cannot_be_written_fails_alone), CASE(a_thread_can_wait_for_the_disk),
        CASE(private_files_are_the_owners_alone),          CASE(a_key_that_is_gone_is_not_made_anew),
        CASE(what_was_written_comes_into_the_file),        CASE(one_process_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
