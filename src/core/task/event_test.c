/* SPDX-License-Identifier: MIT */
/* event_test.c — events as bytes, and write sets that copy them. */
#include "core/task/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/task/write_set.h"

/* If this fails, an event loses its time, its bytes, or what a newer worker put into it. */
static void an_event_survives_the_blob(void **state)
{
    struct arena arena;
    struct buf blob = {0};
    struct bytes rest, bytes, body;
    struct pb_history_event event;
    size_t count;
    (void)state;
    arena_init(&arena, 0);
    struct bytes failure = BYTES_LITERAL("\x0a\x03\x42\x61\x64\xfa\x01\x02hi"); /* with an unknown field */
    event_append(&blob, event_task_failed(&arena, 7, failure), 5);
    event_append(&blob, event_raised(&arena, BYTES_LITERAL("go"), pb_some(BYTES_LITERAL(""))),
                 1500000000000000001);
    assert_true(event_blob_valid(buf_peek(&blob), &count));
    assert_int_equal(count, 2);
    rest = buf_peek(&blob);
    assert_true(event_next(&rest, &bytes));
    assert_int_equal(event_peek(bytes, &body), PB_HISTORY_EVENT_TASK_FAILED);
    assert_int_equal(pb_history_event_decode(&arena, bytes, &event), STATUS_OK);
    assert_int_equal(event.event_id, -1);
    assert_int_equal(pb_time_to_ns(event.timestamp), 5);
    assert_true(bytes_equal(event.task_failed->failure_details->raw, failure));
    assert_true(event_next(&rest, &bytes));
    assert_int_equal(pb_history_event_decode(&arena, bytes, &event), STATUS_OK);
    assert_int_equal(pb_time_to_ns(event.timestamp), 1500000000000000001);
    assert_true(event.event_raised->input.present); /* empty is not absent */
    assert_false(event_next(&rest, &bytes));

    uint8_t *copy = arena_alloc(&arena, blob.size);
    struct pb_orchestrator_request request;
    event_copy_blob(copy, buf_peek(&blob), EVENT_TAG_NEW);
    assert_int_equal(pb_orchestrator_request_decode(&arena, bytes_of(copy, blob.size), &request), STATUS_OK);
    assert_int_equal(request.new_events_count, 2);
    buf_fini(&blob);
    arena_fini(&arena);
}

/* If this fails, a damaged history is sent to workers. */
static void broken_blobs_are_noticed(void **state)
{
    static const char *const broken[] = {"\x1a", "\x1a\x05zz", "\x22\x01\x08", "\x1a\x80", "\x18\x01"};
    size_t count;
    struct bytes body;
    (void)state;
    assert_true(event_blob_valid(BYTES_LITERAL(""), &count));
    assert_int_equal(count, 0);
    for (size_t n = 0; n < ARRAY_SIZE(broken); n++)
        assert_false(event_blob_valid(bytes_of_cstr(broken[n]), &count));
    assert_int_equal(event_peek(BYTES_LITERAL("\x08\x01"), &body), PB_HISTORY_EVENT_NOT_SET);
    assert_int_equal(event_peek(BYTES_LITERAL("\xff\xff"), &body), PB_HISTORY_EVENT_NOT_SET);
}

/* If this fails, a write set changes under the store's hands. */
static void a_write_set_owns_its_bytes(void **state)
{
    char id[] = "abc";
    char input[] = "payload";
    struct write_set *set = write_set_create();
    (void)state;
    struct write_op put = {.kind = WRITE_INSTANCE_PUT, .key = 3};
    put.instance = (struct instance_row){.key = 3, .instance_id = bytes_of_cstr(id)};
    struct write_op payload = {.kind = WRITE_PAYLOAD_PUT, .key = 3, .payload = {true, bytes_of_cstr(input)}};
    assert_int_equal(write_set_add(set, &put), STATUS_OK);
    assert_int_equal(write_set_add(set, &payload), STATUS_OK);
    memset(id, 'x', 3);
    memset(input, 'x', 7);
    assert_int_equal(set->op_count, 2);
    assert_int_equal(set->size, 10);
    const struct write_op *first = CONTAINER_OF(set->ops.next, struct write_op, link);
    const struct write_op *second = CONTAINER_OF(set->ops.prev, struct write_op, link);
    assert_true(bytes_equal_cstr(first->instance.instance_id, "abc"));
    assert_true(bytes_equal_cstr(second->payload.value, "payload"));
    write_set_destroy(set);
    write_set_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_survives_the_blob),
        cmocka_unit_test(broken_blobs_are_noticed),
        cmocka_unit_test(a_write_set_owns_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
