/* SPDX-License-Identifier: MIT */
/* run_outputs_test.c — RP-61: readers of what runs print, over a book and an HTTP server that the test plays. If it fails, a reader gets
 * bytes twice, not at all or in another order, or slow readers take the memory of those that read. */
#include "svc/app/run_outputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "svc/app/limit_values.h"
#include "svc/app/pool_lines.h"

#define ID "r1"

/* --- an HTTP server --- */

/* One request of a reader. */
struct http_request {
    struct bytes from;
    struct buf body;
    int http_status; /* 0: not answered */
    bool streams, ended, cut, is_deaf;
    void (*on_drain)(void *context);
    void *drain_context;
    void (*on_gone)(void *context);
    void *gone_context;
};

const struct principal *http_request_principal(const struct http_request *request)
{
    return &access_local; /* core/review/sight_test.c has the others */
}

void http_request_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context)
{
    request->on_gone = on_gone;
    request->gone_context = context;
}

struct bytes http_request_header(const struct http_request *request, const char *name)
{
    return (struct bytes){0};
}

struct bytes http_request_query(struct http_request *request, const char *name)
{
    return request->from;
}

enum status http_response_header(struct http_request *request, const char *name, struct bytes value)
{
    return STATUS_OK;
}

void http_respond_failure(struct http_request *request, int http_status, const char *detail)
{
    request->http_status = http_status;
}

void http_respond(struct http_request *request, int http_status, const char *content_type, struct bytes body)
{
    request->http_status = http_status;
}

void http_stream_begin(struct http_request *request, int http_status, const char *content_type,
                       void (*on_drain)(void *context), void *context)
{
    request->http_status = http_status;
    request->streams = true;
    request->on_drain = on_drain;
    request->drain_context = context;
}

size_t http_stream_write(struct http_request *request, struct bytes chunk)
{
    if (request->is_deaf)
        assert_int_equal(request->body.size, 0); /* nobody is sent more than they take */
    buf_append_bytes(&request->body, chunk);
    return request->is_deaf ? SIZE_MAX : 0;
}

void http_stream_end(struct http_request *request)
{
    request->ended = true;
}

void http_stream_abort(struct http_request *request)
{
    request->cut = true;
}

void pool_line_wake(struct pool_line *line)
{
    fail();
}

/* --- a book --- */

/* What it says of each run: "queued", "running", or a result of so many bytes. */
struct fake_run {
    const char *id;
    bool began, ended;
    size_t size; /* of stdout */
    bool truncated;
};

static struct {
    struct loop *loop;
    struct loop_message message;
    struct list jobs; /* of struct waiting_job */
    int notes;        /* readers of what is held that are written down */
    bool is_full;     /* nobody can be written down */
    struct fake_run runs[4];
} book;

struct waiting_job {
    struct list link;
    struct review_job *job;
};

static struct fake_run *run_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(book.runs); i++)
        if (book.runs[i].id && strcmp(book.runs[i].id, id) == 0)
            return &book.runs[i];
    return NULL;
}

enum status review_book_read(struct review_book *unused, const char *id, enum review_detail detail,
                             json_t **ret_request, struct err *err)
{
    const struct fake_run *run = run_of(id);
    if (!run)
        return err_set(err, STATUS_NOT_FOUND, "no such request");
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:[]}", "id", id, "state", "running", "_state", "running", "runs");
    if (run->began) {
        json_t *row = json_pack("{s:i}", "number", 1);
        if (run->ended) {
            json_object_set_new(row, "ended", json_string("succeeded"));
            json_object_set_new(row, "resultSha256", json_string(id));
        }
        json_array_append_new(json_object_get(request, "runs"), row);
    }
    *ret_request = request;
    return STATUS_OK;
}

enum status review_book_output_read(struct review_book *unused, const char *id, int64_t run,
                                    const struct review_person *by, int64_t now_ns, struct err *err)
{
    assert_non_null(run_of(id));
    assert_int_equal(run, 1);
    assert_string_equal(by->id, access_local.id);
    if (book.is_full)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "disk full");
    book.notes++;
    return STATUS_OK;
}

/* "0123456789012…" */
static void write_digits(struct buf *out, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        buf_append_byte(out, (uint8_t)('0' + i % 10));
}

enum status review_book_blob(struct review_book *unused, const char *sha256, struct buf *out, struct err *err)
{
    const struct fake_run *run = run_of(sha256);
    buf_append_fmt(out, "{\"stderr\":\"\",\"stdoutTruncated\":%s,\"stdout\":\"",
                   run->truncated ? "true" : "false");
    write_digits(out, run->truncated ? 3 : 0, run->size);
    buf_append_cstr(out, "\"}");
    return STATUS_OK;
}

void review_store_run(struct review_store *store, struct review_job *job)
{
    struct waiting_job *waiting = calloc(1, sizeof *waiting);
    assert_non_null(waiting);
    waiting->job = job;
    list_push_back(&book.jobs, &waiting->link);
}

static void step(void)
{
    struct err err = {0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(loop_step(book.loop, 0, &err), STATUS_OK);
}

/* Jobs are done and told of, and what follows from that. */
static void settle(void)
{
    struct list *link;
    step();
    while ((link = list_pop_front(&book.jobs))) {
        struct waiting_job *waiting = CONTAINER_OF(link, struct waiting_job, link);
        struct review_job *job = waiting->job;
        struct err err = {0};
        free(waiting);
        enum status status = job->perform(job, NULL, &err);
        job->on_done(job, status, &err);
        step();
    }
    for (int i = 0; i < 2000; i++) /* long replays take many turns */
        step();
}

/* --- the rig --- */

struct output_rig {
    struct running *running;
    struct run_outputs *outputs;
};

static int setup(void **state)
{
    static struct output_rig rig;
    struct err err = {0};
    memset(&book, 0, sizeof book);
    list_init(&book.jobs);
    assert_int_equal(loop_create(&book.loop, &err), STATUS_OK);
    rig.running = running_create();
    assert_int_equal(run_outputs_create(book.loop, NULL, NULL, rig.running, &rig.outputs, &err), STATUS_OK);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct output_rig *rig = *state;
    run_outputs_stop(rig->outputs);
    settle();
    run_outputs_destroy(rig->outputs);
    running_destroy(rig->running);
    loop_destroy(book.loop);
    return 0;
}

static void open_reader(struct output_rig *rig, struct http_request *request, const char *id,
                        const char *from)
{
    *request = (struct http_request){.from = from ? bytes_of_cstr(from) : (struct bytes){0}};
    run_outputs_open(rig->outputs, request, bytes_of_cstr(id), 1);
    settle();
}

static void leave(struct http_request *request)
{
    if (request->on_gone && !request->ended && !request->cut)
        request->on_gone(request->gone_context);
    buf_fini(&request->body);
}

/* The texts of its events "stdout", put together. */
static void expect_text(const struct http_request *request, const char *expected)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct bytes rest = buf_peek(&request->body);
    static const char begin[] = "event: stdout\ndata: {\"text\":\"";
    for (;;) {
        size_t at = bytes_find(rest, bytes_of_cstr(begin));
        if (at == rest.size)
            break;
        rest = bytes_slice(rest, at + strlen(begin), rest.size);
        buf_append_bytes(&text, bytes_slice(rest, 0, bytes_find(rest, BYTES_LITERAL("\"}"))));
    }
    if (!bytes_equal_cstr(buf_peek(&text), expected))
        fail_msg("\"%.*s\" instead of \"%s\"", BYTES_FMT(buf_peek(&text)), expected);
}

static bool has(const struct http_request *request, const char *text)
{
    return bytes_find(buf_peek(&request->body), bytes_of_cstr(text)) < request->body.size;
}

/* --- tests --- */

static void what_is_over_is_read_from_the_book(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one, two, late, unknown;
    book.runs[0] = (struct fake_run){ID, true, true, 12, false};
    open_reader(rig, &one, ID, NULL);
    expect_text(&one, "012345678901");
    assert_true(one.ended && has(&one, "\"status\":\"over\"") && has(&one, "id: 12,0,0,end\n"));
    open_reader(rig, &two, "R1", "10,0,0");
    expect_text(&two, "01");
    open_reader(rig, &late, ID, "12,0,0,end");
    assert_int_equal(late.http_status, 204);
    open_reader(rig, &unknown, "r9", NULL);
    assert_int_equal(unknown.http_status, 404);
    leave(&one);
    leave(&two);
}

/* Begins a run that is followed, with a reader; returns the number that the run knows the reader by. */
static uint64_t begin_live(struct output_rig *rig, struct http_request *reader, struct running_run **ret_run)
{
    book.runs[0] = (struct fake_run){ID, true, false, 0, false};
    *ret_run = running_begin(rig->running, ID, 1);
    running_set_followed(*ret_run, true);
    open_reader(rig, reader, ID, NULL);
    assert_true(has(reader, "\"live\":true"));
    assert_true(running_reader(*ret_run) > 0);
    return running_reader(*ret_run);
}

static void say(struct output_rig *rig, uint64_t reader, uint64_t at, const char *text)
{
    const struct run_piece piece = {.reader = reader, .at = at, .text = bytes_of_cstr(text)};
    run_outputs_text(rig->outputs, ID, 1, &piece);
    settle();
}

static void end_run(struct output_rig *rig, struct running_run *run, size_t size, bool truncated)
{
    book.runs[0] = (struct fake_run){ID, true, true, size, truncated};
    running_end(rig->running, run);
    run_outputs_changed(rig->outputs, ID, 1);
    settle();
}

static void what_goes_on_is_read_as_it_comes(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one, two;
    struct running_run *run;
    uint64_t reader = begin_live(rig, &one, &run);
    say(rig, reader, 0, "012");
    expect_text(&one, "012");
    open_reader(rig, &two, ID, NULL);
    expect_text(&two, "012"); /* they share what came */
    say(rig, reader, 3, "345");
    say(rig, reader + 1, 6, "nobody's");
    expect_text(&two, "012345");
    end_run(rig, run, 12, false);
    expect_text(&one, "012345678901");
    expect_text(&two, "012345678901");
    assert_true(one.ended && two.ended && !has(&one, "event: reset"));
    leave(&one);
    leave(&two);
}

/* A piece is lost on its way: nothing behind it is sent before it, and all of it comes in the end. */
static void what_is_lost_comes_with_the_result(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one;
    struct running_run *run;
    uint64_t reader = begin_live(rig, &one, &run);
    say(rig, reader, 0, "012");
    say(rig, reader, 6, "678");
    assert_int_equal(running_reader(run), 0); /* it need not go on telling */
    say(rig, reader, 9, "901");
    expect_text(&one, "012");
    end_run(rig, run, 12, false);
    expect_text(&one, "012345678901");
    leave(&one);
}

static void the_last_reader_takes_the_interest_along(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one, two;
    struct running_run *run;
    uint64_t reader = begin_live(rig, &one, &run);
    say(rig, reader, 0, "012");
    leave(&one);
    assert_int_equal(running_reader(run), 0);
    open_reader(rig, &two, ID, NULL);
    assert_true(running_reader(run) > reader);
    say(rig, reader, 3, "of the first");
    say(rig, running_reader(run), 0, "01");
    expect_text(&two, "01");
    end_run(rig, run, 3, false);
    expect_text(&two, "012");
    leave(&two);
}

/* The result does not begin with what was sent. */
static void who_has_what_is_not_kept_begins_anew(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one;
    struct running_run *run;
    say(rig, begin_live(rig, &one, &run), 0, "012");
    one.body.size = 0;
    end_run(rig, run, 8, true);
    assert_true(has(&one, "id: 0,0,0\nevent: reset\n"));
    expect_text(&one, "34567");
    leave(&one);
}

/* The book answers whoever asked last, and nobody is sent anything yet. */
static void answer_job(void)
{
    struct waiting_job *waiting = CONTAINER_OF(list_pop_front(&book.jobs), struct waiting_job, link);
    struct err err = {0};
    assert_int_equal(waiting->job->perform(waiting->job, NULL, &err), STATUS_OK);
    waiting->job->on_done(waiting->job, STATUS_OK, &err);
    free(waiting);
}

/* Results of a third of the memory each: two have room, and a third one when one of them gives way. */
static void open_two(struct output_rig *rig, struct http_request readers[2], bool are_deaf)
{
    static const char *const ids[] = {"r1", "r2"};
    for (size_t i = 0; i < 2; i++) {
        readers[i] = (struct http_request){.is_deaf = are_deaf};
        run_outputs_open(rig->outputs, &readers[i], bytes_of_cstr(ids[i]), 1);
        answer_job();
        assert_true(readers[i].streams && !readers[i].ended);
    }
}

static void make_results(void)
{
    static const char *const ids[] = {"r1", "r2", "r3"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        book.runs[i] = (struct fake_run){ids[i], true, true, APP_OUTPUT_MEMORY_MAX / 3, false};
}

static void who_takes_nothing_gives_way(void **state)
{
    struct output_rig *rig = *state;
    struct http_request deaf[2], reader;
    make_results();
    open_two(rig, deaf, true);
    settle();
    open_reader(rig, &reader, "r3", NULL);
    assert_true(reader.ended);
    assert_int_equal(deaf[0].cut + deaf[1].cut, 1); /* no more than it takes */
    leave(&deaf[0]);
    leave(&deaf[1]);
    leave(&reader);
}

static void who_reads_gives_way_to_nobody(void **state)
{
    struct output_rig *rig = *state;
    struct http_request readers[2], third = {.http_status = 0}, later;
    make_results();
    open_two(rig, readers, false);
    run_outputs_open(rig->outputs, &third, bytes_of_cstr("r3"), 1);
    answer_job();
    assert_int_equal(third.http_status, 503);
    settle();
    assert_true(readers[0].ended && readers[1].ended && !readers[0].cut && !readers[1].cut);
    open_reader(rig, &later, "r3", NULL); /* they have read all, so there is room */
    assert_true(later.ended);
    leave(&readers[0]);
    leave(&readers[1]);
    leave(&later);
}

/* RP-50. Broken: somebody reads held output, and the log does not know. */
static void what_is_held_is_read_once_that_is_written_down(void **state)
{
    struct output_rig *rig = *state;
    struct http_request one = {.http_status = 0}, gone = {.http_status = 0}, unwritten;
    book.runs[0] = (struct fake_run){ID, true, true, 12, false};
    run_outputs_open(rig->outputs, &one, bytes_of_cstr(ID), 1);
    answer_job();
    for (int i = 0; i < 10; i++)
        step();
    assert_true(one.streams && !has(&one, "stdout") && book.notes == 0);
    settle();
    expect_text(&one, "012345678901");
    assert_int_equal(book.notes, 1);
    leave(&one);

    run_outputs_open(rig->outputs, &gone, bytes_of_cstr(ID), 1);
    answer_job();
    step();
    leave(&gone); /* while it is being written down */
    settle();
    assert_int_equal(book.notes, 2);

    book.is_full = true;
    open_reader(rig, &unwritten, ID, NULL);
    assert_true(unwritten.cut && !has(&unwritten, "stdout"));
    leave(&unwritten);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_over_is_read_from_the_book),   TEST(what_goes_on_is_read_as_it_comes),
        TEST(what_is_lost_comes_with_the_result),   TEST(the_last_reader_takes_the_interest_along),
        TEST(who_has_what_is_not_kept_begins_anew), TEST(who_takes_nothing_gives_way),
        TEST(who_reads_gives_way_to_nobody),        TEST(what_is_held_is_read_once_that_is_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
