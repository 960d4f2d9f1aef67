/* SPDX-License-Identifier: MIT */
/* pb_test.c — the codec on bytes written by hand. test/wire compares it with another implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/pb/backend_service.pb.h"
#include "wire/pb/orchestrator_service.pb.h"

#define B(s) BYTES_LITERAL(s)

static struct arena arena;
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    buf_init(&out, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    buf_fini(&out);
    return 0;
}

static void assert_bytes(struct bytes got, struct bytes want)
{
    assert_int_equal(got.size, want.size);
    if (want.size)
        assert_memory_equal(got.data, want.data, want.size);
}

static struct pb_history_event event_of(struct bytes in)
{
    struct pb_history_event event;
    assert_int_equal(pb_history_event_decode(&arena, in, &event), STATUS_OK);
    return event;
}

/* What a decoded message is encoded as. */
static struct bytes again(const struct pb_message *m, struct bytes in)
{
    void *message = arena_alloc(&arena, m->size);
    assert_int_equal(pb_decode(&arena, in, m, message), STATUS_OK);
    buf_clear(&out);
    pb_encode(m, message, &out);
    assert_int_equal(buf_status(&out), STATUS_OK);
    assert_int_equal(out.size, pb_size(m, message));
    return buf_peek(&out);
}

static enum status verdict(const struct pb_message *message, struct bytes in)
{
    return pb_decode(&arena, in, message, arena_alloc(&arena, message->size));
}

/* --- What is decoded --- */

static void a_history_event_comes_out_whole(void **state)
{
    (void)state;
    struct bytes in = B("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* eventId -1 */
                        "\x12\x05\x08\x07\x10\xe8\x07"                 /* timestamp 7 s 1000 ns */
                        "\x1a\x16\x0a\x05hello\x12\x00\x1a\x05\x0a\x03x\0y\x22\x04\x0a\x02id");
    struct pb_history_event event = event_of(in);
    assert_int_equal(event.event_id, -1);
    assert_true(event.timestamp.present);
    assert_true(pb_time_to_ns(event.timestamp) == 7000001000);
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_EXECUTION_STARTED);
    const struct pb_execution_started_event *s = event.execution_started;
    assert_bytes(s->name, B("hello"));
    assert_true(s->version.present); /* present and empty */
    assert_int_equal(s->version.value.size, 0);
    assert_bytes(s->input.value, B("x\0y")); /* NUL is a character like any other */
    assert_bytes(s->orchestration_instance->instance_id, B("id"));
    assert_false(s->orchestration_instance->execution_id.present);
    assert_null(s->parent_instance);
    assert_int_equal(s->tags_count, 0);
    assert_bytes(event.raw, in);
    assert_bytes(s->raw, bytes_slice(in, 20, 22));
    assert_true(s->name.data >= in.data && s->name.data < in.data + in.size); /* a view, not a copy */
    assert_bytes(again(&pb_history_event_message, in), in);
}

static void an_empty_input_is_a_message(void **state)
{
    (void)state;
    struct pb_history_event event = event_of((struct bytes){0});
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_NOT_SET);
    assert_false(event.timestamp.present);
    assert_int_equal(again(&pb_history_event_message, B("")).size, 0);
}

static void empty_members_keep_the_case_of_a_oneof(void **state)
{
    (void)state;
    struct pb_history_event event = event_of(B("\x72\x00")); /* orchestratorStarted */
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_ORCHESTRATOR_STARTED);
    assert_non_null(event.orchestrator_started);
    assert_bytes(again(&pb_history_event_message, B("\x72\x00")), B("\x72\x00"));
    /* A scalar member too, although its value is the default. */
    assert_bytes(again(&pb_purge_instances_request_message, B("\x0a\x00")), B("\x0a\x00"));
    assert_bytes(again(&pb_value_message, B("\x20\x00")), B("\x20\x00"));
}

static void the_last_member_of_a_oneof_wins(void **state)
{
    (void)state;
    struct pb_history_event event = event_of(B("\x72\x00\x82\x01\x03\x0a\x01i\x8a\x01\x03\x0a\x01n"));
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_EVENT_RAISED);
    assert_bytes(event.event_raised->name, B("n"));
    /* Back to an earlier one: it starts from nothing, its first piece is forgotten. */
    event = event_of(B("\x8a\x01\x03\x0a\x01n\x72\x00\x8a\x01\x00"));
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_EVENT_RAISED);
    assert_int_equal(event.event_raised->name.size, 0);
    struct pb_purge_instances_request request;
    assert_int_equal(pb_purge_instances_request_decode(&arena, B("\x12\x02\x0a\x00\x0a\x01i"), &request),
                     STATUS_OK);
    assert_int_equal(request.request_case, PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID);
    assert_bytes(request.instance_id, B("i"));
}

static void pieces_of_one_message_are_merged(void **state)
{
    (void)state;
    /* taskFailed twice: an id, then details with one property; details again with another property and a
     * type. */
    struct bytes in = B("\x42\x02\x08\x05"
                        "\x42\x09\x12\x07\x32\x05\x0a\x03one"
                        "\x42\x0c\x12\x0a\x0a\x01T\x32\x05\x0a\x03two"
                        "\x42\x02\x48\x01");
    struct pb_history_event event = event_of(in);
    const struct pb_task_failed_event *t = event.task_failed;
    assert_int_equal(t->task_scheduled_id, 5);
    assert_bytes(t->failure_details->error_type, B("T"));
    assert_int_equal(t->failure_details->properties_count, 2);
    assert_bytes(t->failure_details->properties[0].key, B("one"));
    assert_bytes(t->failure_details->properties[1].key, B("two"));
    assert_bytes(t->unknown, B("\x48\x01"));
    /* The pieces joined are again an encoding of the merged message. */
    struct pb_task_failed_event alone;
    assert_int_equal(pb_task_failed_event_decode(&arena, t->raw, &alone), STATUS_OK);
    assert_int_equal(alone.failure_details->properties_count, 2);
    /* Wrappers and times merge field by field; a wrapper that comes again without a value keeps it. */
    struct pb_timer_fired_event f;
    assert_int_equal(pb_timer_fired_event_decode(&arena, B("\x0a\x02\x08\x09\x0a\x02\x10\x04"), &f),
                     STATUS_OK);
    assert_true(f.fire_at.seconds == 9 && f.fire_at.nanos == 4);
    struct pb_event_raised_event r;
    assert_int_equal(pb_event_raised_event_decode(&arena, B("\x12\x03\x0a\x01v\x12\x00"), &r), STATUS_OK);
    assert_bytes(r.input.value, B("v"));
}

static void repeated_fields_keep_their_order(void **state)
{
    (void)state;
    struct pb_history_chunk chunk;
    assert_int_equal(
        pb_history_chunk_decode(&arena, B("\x0a\x02\x08\x01\x50\x00\x0a\x02\x08\x02\x0a\x00"), &chunk),
        STATUS_OK);
    assert_int_equal(chunk.events_count, 3);
    assert_int_equal(chunk.events[0].event_id, 1);
    assert_int_equal(chunk.events[1].event_id, 2);
    assert_int_equal(chunk.events[2].event_id, 0);
    struct pb_instance_query query;
    assert_int_equal(pb_instance_query_decode(&arena, B("\x22\x00\x22\x03\x0a\x01h"), &query), STATUS_OK);
    assert_int_equal(query.task_hub_names_count, 2);
    assert_true(query.task_hub_names[0].present && query.task_hub_names[0].value.size == 0);
    assert_bytes(query.task_hub_names[1].value, B("h"));
}

static void numbers_are_taken_packed_and_unpacked(void **state)
{
    (void)state;
    struct pb_instance_query query;
    struct bytes mixed =
        B("\x0a\x02\x01\x03\x08\x05\x0a\x00\x0a\x0b\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    assert_int_equal(pb_instance_query_decode(&arena, mixed, &query), STATUS_OK);
    assert_int_equal(query.runtime_status_count, 5);
    static const int32_t want[] = {1, 3, 5, 6, -1};
    assert_memory_equal(query.runtime_status, want, sizeof want);
    assert_bytes(again(&pb_instance_query_message, mixed),
                 B("\x0a\x0e\x01\x03\x05\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    /* A packed element that is cut, and one that is too long. */
    assert_int_equal(verdict(&pb_instance_query_message, B("\x0a\x02\x01\x83")), STATUS_MALFORMED);
    assert_int_equal(
        verdict(&pb_instance_query_message, B("\x0a\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
        STATUS_MALFORMED);
}

static void maps_are_entries_and_the_last_key_counts(void **state)
{
    (void)state;
    struct bytes in = B("\x3a\x06\x0a\x01k\x12\x01"
                        "1\x3a\x03\x12\x01v\x3a\x06\x12\x01"
                        "2\x0a\x01k\x3a\x00");
    struct pb_activity_request request;
    assert_int_equal(pb_activity_request_decode(&arena, in, &request), STATUS_OK);
    assert_int_equal(request.tags_count, 4);
    struct bytes value = B("untouched");
    assert_true(pb_string_entry_find(request.tags, request.tags_count, B("k"), &value));
    assert_bytes(value, B("2"));
    assert_true(pb_string_entry_find(request.tags, request.tags_count, B(""), &value));
    assert_bytes(value, B(""));
    value = B("untouched");
    assert_false(pb_string_entry_find(request.tags, request.tags_count, B("other"), &value));
    assert_false(pb_string_entry_find(NULL, 0, B("k"), &value));
    assert_bytes(value, B("untouched"));
    /* Keys and values are sent even when they are empty. */
    assert_bytes(bytes_slice(again(&pb_activity_request_message, B("\x3a\x00")), 0, 99),
                 B("\x3a\x04\x0a\x00\x12\x00"));
    /* A map to messages: a missing value is an empty message, never NULL. */
    struct pb_orchestrator_request o;
    assert_int_equal(pb_orchestrator_request_decode(&arena, B("\x3a\x03\x0a\x01p"), &o), STATUS_OK);
    assert_int_equal(o.properties_count, 1);
    assert_non_null(o.properties[0].value);
    assert_int_equal(o.properties[0].value->kind_case, PB_VALUE_NOT_SET);
    assert_bytes(again(&pb_orchestrator_request_message, B("\x3a\x03\x0a\x01p")),
                 B("\x3a\x05\x0a\x01p\x12\x00"));
    struct pb_value_entry empty = {.key = B("p")};
    struct pb_orchestrator_request built = {.properties = &empty, .properties_count = 1};
    buf_clear(&out);
    pb_orchestrator_request_encode(&built, &out);
    assert_bytes(buf_peek(&out), B("\x3a\x05\x0a\x01p\x12\x00"));
}

static void values_hold_doubles(void **state)
{
    (void)state;
    struct bytes in = B("\x11\x00\x00\x00\x00\x00\x00\xf8\xbf");
    struct pb_value value;
    assert_int_equal(pb_value_decode(&arena, in, &value), STATUS_OK);
    assert_int_equal(value.kind_case, PB_VALUE_NUMBER_VALUE);
    assert_true(value.number_value == -1.5);
    assert_bytes(again(&pb_value_message, in), in);
    assert_int_equal(verdict(&pb_value_message, B("\x11\x00\x00\x00\x00\x00\x00\xf8")), STATUS_MALFORMED);
}

static void integers_are_cut_to_their_type(void **state)
{
    (void)state;
    assert_int_equal(event_of(B("\x08\xff\xff\xff\xff\x0f")).event_id,
                     -1); /* 32 bits, as some encoders send it */
    assert_int_equal(event_of(B("\x08\x81\x80\x80\x80\x10")).event_id, 1);
    assert_int_equal(event_of(B("\x08\x81\x80\x80\x00")).event_id, 1); /* longer than it has to be */
    struct pb_get_instance_request request;
    assert_int_equal(
        pb_get_instance_request_decode(&arena, B("\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), &request),
        STATUS_OK);
    assert_true(request.get_inputs_and_outputs);
}

static void absent_and_empty_wrappers_stay_different(void **state)
{
    (void)state;
    struct pb_orchestration_state s = {.instance_id = B("i")};
    pb_orchestration_state_encode(&s, &out);
    assert_bytes(buf_peek(&out), B("\x0a\x01i"));
    s.input = pb_some(B(""));
    s.output = pb_none();
    s.completed_timestamp = (struct pb_opt_time){.present = true};
    buf_clear(&out);
    pb_orchestration_state_encode(&s, &out);
    assert_bytes(buf_peek(&out), B("\x0a\x01i\x42\x00\x6a\x00"));
    struct pb_orchestration_state back;
    assert_int_equal(pb_orchestration_state_decode(&arena, buf_peek(&out), &back), STATUS_OK);
    assert_true(back.input.present && !back.output.present && back.completed_timestamp.present);
    struct pb_purge_instances_response response = {.is_complete = {.present = true, .value = false}};
    buf_clear(&out);
    pb_purge_instances_response_encode(&response, &out);
    assert_bytes(buf_peek(&out), B("\x12\x00"));
    response.is_complete.value = true;
    buf_clear(&out);
    pb_purge_instances_response_encode(&response, &out);
    assert_bytes(buf_peek(&out), B("\x12\x02\x08\x01"));
    struct pb_orchestrator_response r = {.num_events_processed = {.present = true, .value = -2}};
    buf_clear(&out);
    pb_orchestrator_response_encode(&r, &out);
    assert_bytes(buf_peek(&out), B("\x2a\x0b\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

/* --- Unknown fields --- */

static void unknown_fields_survive_in_order(void **state)
{
    (void)state;
    /* A varint, a string and a fixed64 of a newer peer, in two runs around a known field. */
    struct bytes in = B("\x98\x06\x01\xa2\x06\x02hi\x08\x07\x99\x06\x01\x02\x03\x04\x05\x06\x07\x08");
    struct pb_history_event event = event_of(in);
    assert_int_equal(event.event_id, 7);
    struct bytes unknown = B("\x98\x06\x01\xa2\x06\x02hi\x99\x06\x01\x02\x03\x04\x05\x06\x07\x08");
    assert_bytes(event.unknown, unknown);
    assert_bytes(again(&pb_history_event_message, in),
                 B("\x08\x07\x98\x06\x01\xa2\x06\x02hi\x99\x06\x01\x02\x03\x04\x05\x06\x07\x08"));
    /* One run stays a view into the input. */
    event = event_of(bytes_slice(in, 0, 8));
    assert_ptr_equal(event.unknown.data, in.data);
}

static void unknown_members_of_a_oneof_survive(void **state)
{
    (void)state;
    struct bytes in = B("\x08\x03\xfa\x01\x03\x0a\x01n"); /* member 31 of eventType, from the future */
    struct pb_history_event event = event_of(in);
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_NOT_SET);
    assert_bytes(event.unknown, B("\xfa\x01\x03\x0a\x01n"));
    assert_bytes(again(&pb_history_event_message, in), in);
    /* Inside a chunk, where the event is an element. */
    struct bytes chunk = B("\x0a\x08\x08\x03\xfa\x01\x03\x0a\x01n");
    assert_bytes(again(&pb_history_chunk_message, chunk), chunk);
    /* Reserved number 2 of the reuse policy: the old `action`, read by hand. */
    struct pb_orchestration_id_reuse_policy policy;
    assert_int_equal(pb_orchestration_id_reuse_policy_decode(&arena, B("\x0a\x01\x01\x10\x01"), &policy),
                     STATUS_OK);
    struct pb_reader reader = pb_reader_of(policy.unknown);
    assert_true(pb_reader_next(&reader));
    assert_true(reader.number == 2 && reader.wire == PB_WIRE_VARINT && reader.value == 1);
    assert_false(pb_reader_next(&reader));
}

static void a_known_number_of_another_wire_type_is_unknown(void **state)
{
    (void)state;
    struct bytes in = B(
        "\x0a\x01x\x15\x01\x02\x03\x04\x18\x05"); /* eventId as bytes, timestamp fixed32, member as varint */
    struct pb_history_event event = event_of(in);
    assert_int_equal(event.event_id, 0);
    assert_false(event.timestamp.present);
    assert_int_equal(event.event_type_case, PB_HISTORY_EVENT_NOT_SET);
    assert_bytes(event.unknown, in);
    assert_bytes(again(&pb_history_event_message, in), in);
}

/* No message of ours has a group, yet a peer of another version may: the fields of a group are nobody's. */
static void groups_are_unknown_fields(void **state)
{
    (void)state;
    static const struct bytes groups[] = {
        B("\xfb\x01\xfc\x01"), /* field 31, empty */
        B("\x0b\x08\x01\x0c"), /* the number of a known field */
        B("\xfb\x01\x0a\x02\xff\xfe\x0d\x01\x02\x03\x04"
          "\xf3\x01\xf4\x01\x09\x01\x02\x03\x04\x05\x06\x07\x08\xfc\x01"), /* every wire type */
    };
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        CLEANUP(buf_fini) struct buf in = {0};
        buf_append(&in, "\x08\x05", 2); /* the event's number in front */
        buf_append_bytes(&in, groups[i]);
        assert_bytes(again(&pb_history_event_message, buf_peek(&in)), buf_peek(&in));
    }
    CLEANUP(buf_fini) struct buf deep = {0};
    for (int levels = PB_DEPTH_MAX; levels <= PB_DEPTH_MAX + 1; levels++) {
        buf_clear(&deep);
        for (int i = 0; i < levels; i++)
            buf_append(&deep, "\xfb\x01", 2);
        for (int i = 0; i < levels; i++)
            buf_append(&deep, "\xfc\x01", 2);
        assert_int_equal(verdict(&pb_history_event_message, buf_peek(&deep)),
                         levels == PB_DEPTH_MAX ? STATUS_OK : STATUS_MALFORMED);
    }
}

static void many_scattered_unknown_fields_cost_linear_memory(void **state)
{
    (void)state;
    enum { PAIRS = 20000 };
    for (int i = 0; i < PAIRS; i++) {
        pb_put_varint_field(&out, 1, 1);
        pb_put_varint_field(&out, 100, 1);
    }
    struct pb_history_event event = event_of(buf_peek(&out));
    assert_int_equal(event.unknown.size, 3 * PAIRS);
    assert_true(arena.used <= 3 * PAIRS);
}

/* --- What is refused --- */

static void broken_bytes_are_malformed(void **state)
{
    (void)state;
    static const struct bytes bad[] = {
        B("\x08"),                                             /* no value */
        B("\x08\x80"),                                         /* cut varint */
        B("\x80"),                                             /* cut tag */
        B("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), /* 11 bytes */
        B("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* 65 bits */
        B("\x00\x00"),                                         /* field 0 */
        B("\x02\x00"),                                         /* field 0, bytes */
        B("\x80\x80\x80\x80\x10\x00"),                         /* a number of 30 bits */
        B("\x88\x80\x80\x80\x80\x00\x01"),                     /* a tag of six bytes */
        B("\xfb\x01"),                                         /* a group without end */
        B("\xfb\x01\x08\x01"),                                 /* the same with a field in it */
        B("\xfb\x01\xf4\x01"),                                 /* a group that another number ends */
        B("\xfb\x01\xf3\x01\xfc\x01\xf4\x01"),                 /* groups that end crosswise */
        B("\xfb\x01\x0a\x05\xfc\x01"),                         /* a length beyond the input in a group */
        B("\xfb\x01\x00\x00\xfc\x01"),                         /* field 0 in a group */
        B("\x0c"),                                             /* the end of one that never began */
        B("\x0e\x00"),
        B("\x0f\x00"),                                     /* wire types 6 and 7 */
        B("\x12\x05\x08\x07"),                             /* a length beyond the input */
        B("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* a length of 2^64 - 1 */
        B("\xa2\x06\x02x"),                                /* the same for an unknown field */
        B("\x99\x06\x01\x02\x03\x04\x05\x06\x07"),         /* cut fixed64 */
        B("\x9d\x06\x01\x02\x03"),                         /* cut fixed32 */
        B("\x12\x02\x08\x80"),                             /* cut inside a timestamp */
        B("\x12\x01\x0b"),                                 /* a group inside a timestamp */
        B("\x1a\x02\x0a\x01"),                             /* a string beyond its message, not the input */
        B("\x1a\x03\x12\x01\x0a"),                         /* a broken wrapper */
        B("\x1a\x03\x4a\x01\x0a"),                         /* a broken map entry */
        B("\x1a\x04\x22\x02\x0a\x05"),                     /* two levels down */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct pb_history_event event = {.event_id = 77};
        /* The sanitizer sees a read beyond an input that has its own block. */
        uint8_t *copy = malloc(bad[i].size);
        assert_non_null(copy);
        memcpy(copy, bad[i].data, bad[i].size);
        assert_int_equal(pb_history_event_decode(&arena, bytes_of(copy, bad[i].size), &event),
                         STATUS_MALFORMED);
        assert_int_equal(event.event_id, 77); /* untouched on failure */
        free(copy);
    }
}

static void every_cut_of_a_message_is_handled(void **state)
{
    (void)state;
    struct bytes in = B("\x08\x05\x12\x02\x08\x07\x1a\x1d\x0a\x01n\x12\x00\x1a\x05\x0a\x03"
                        "abc\x4a\x06\x0a\x01k\x12\x01v\x2a\x07\x12\x03\x0a\x01p\x08\x03");
    assert_int_equal(verdict(&pb_history_event_message, in), STATUS_OK);
    for (size_t size = 0; size < in.size; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, in.data, size);
        bool whole = size == 0 || size == 2 || size == 6; /* between the outer fields */
        assert_int_equal(verdict(&pb_history_event_message, bytes_of(copy, size)),
                         whole ? STATUS_OK : STATUS_MALFORMED);
        free(copy);
    }
}

static void strings_have_to_be_utf8(void **state)
{
    (void)state;
    assert_int_equal(verdict(&pb_event_raised_event_message, B("\x0a\x02\xc3\xa9")), STATUS_OK);
    static const struct bytes bad[] = {
        B("\x0a\x01\xc3"),             /* a name */
        B("\x0a\x02\xc0\x80"),         /* an overlong NUL */
        B("\x0a\x03\xed\xa0\x80"),     /* a surrogate */
        B("\x12\x04\x0a\x02\xff\xfe"), /* in a wrapper */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(verdict(&pb_event_raised_event_message, bad[i]), STATUS_MALFORMED);
    assert_int_equal(verdict(&pb_activity_request_message, B("\x3a\x03\x0a\x01\x80")), STATUS_MALFORMED);
    assert_int_equal(verdict(&pb_activity_request_message, B("\x3a\x03\x12\x01\x80")), STATUS_MALFORMED);
    assert_int_equal(verdict(&pb_instance_batch_message, B("\x0a\x01\xff")), STATUS_MALFORMED);
}

/* `levels` failures, each inside the one before. */
static struct bytes nested_failures(int levels)
{
    CLEANUP(buf_fini) struct buf inner = {0};
    buf_clear(&out);
    for (int i = 0; i < levels; i++) {
        buf_clear(&inner);
        buf_append_bytes(&inner, buf_peek(&out));
        buf_clear(&out);
        pb_put_bytes_field(&out, 4, buf_peek(&inner)); /* innerFailure */
    }
    return buf_peek(&out);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    struct bytes deepest = arena_copy(&arena, nested_failures(PB_DEPTH_MAX));
    assert_bytes(again(&pb_task_failure_details_message, deepest), deepest);
    struct bytes over = arena_copy(&arena, nested_failures(PB_DEPTH_MAX + 1));
    assert_int_equal(verdict(&pb_task_failure_details_message, over), STATUS_MALFORMED);
    struct bytes far_over = arena_copy(&arena, nested_failures(5000));
    assert_int_equal(verdict(&pb_task_failure_details_message, far_over), STATUS_MALFORMED);
    /* Our own mistake on the way out is a failed append, not an endless recursion. */
    struct pb_task_failure_details ring = {.error_type = B("T")};
    ring.inner_failure = &ring;
    buf_clear(&out);
    pb_task_failure_details_encode(&ring, &out);
    assert_true(out.failed);
    assert_int_equal(out.size, 0);
    assert_true(pb_task_failure_details_size(&ring) == SIZE_MAX);
}

static void lists_in_values_have_the_same_limit(void **state)
{
    (void)state;
    /* list_value { values { … } }: two levels each. */
    for (int levels = 49; levels <= 51; levels++) {
        struct bytes in = B("");
        for (int i = 0; i < levels; i++) {
            struct buf list = {0};
            pb_put_bytes_field(&list, 1, in);
            buf_clear(&out);
            pb_put_bytes_field(&out, 6, buf_peek(&list));
            buf_fini(&list);
            in = arena_copy(&arena, buf_peek(&out));
        }
        assert_int_equal(verdict(&pb_value_message, in), levels <= 50 ? STATUS_OK : STATUS_MALFORMED);
    }
}

/* --- Limits --- */

/* A request that makes the decoder allocate for everything it can: arrays, pointers, maps, joined pieces. */
static struct bytes demanding_request(void)
{
    struct pb_value property = {.kind_case = PB_VALUE_STRING_VALUE, .string_value = B("v")};
    struct pb_value_entry entries[] = {{B("a"), &property}, {B("b"), NULL}};
    struct pb_task_failure_details details = {
        .error_type = B("T"), .properties = entries, .properties_count = 2};
    struct pb_task_failed_event failed = {.failure_details = &details};
    struct pb_history_event events[] = {
        {.event_type_case = PB_HISTORY_EVENT_TASK_FAILED, .task_failed = &failed},
        {.event_id = 1, .unknown = B("\xfa\x01\x03\x0a\x01n")},
    };
    struct pb_orchestrator_entity_parameters parameters = {.unknown = B("\x98\x06\x01")};
    struct pb_orchestrator_request request = {.past_events = events,
                                              .past_events_count = 2,
                                              .new_events = events,
                                              .new_events_count = 1,
                                              .entity_parameters = &parameters,
                                              .properties = entries,
                                              .properties_count = 2,
                                              .unknown = B("\x98\x06\x01")};
    pb_orchestrator_request_encode(&request, &out);
    pb_orchestrator_request_encode(&request,
                                   &out); /* a second piece: merges, and scatters the unknown fields */
    assert_int_equal(buf_status(&out), STATUS_OK);
    return buf_peek(&out);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct bytes in = demanding_request();
    struct pb_orchestrator_request request;
    CLEANUP(arena_fini) struct arena small;
    arena_init(&small, 0);
    assert_int_equal(pb_orchestrator_request_decode(&small, in, &request), STATUS_OK);
    assert_int_equal(request.past_events_count, 4);
    size_t need = small.used;
    assert_true(need > 1000);
    for (size_t limit = 1; limit < need; limit++) {
        arena_fini(&small);
        arena_init(&small, limit);
        struct pb_orchestrator_request untouched = {.past_events_count = 42};
        assert_int_equal(pb_orchestrator_request_decode(&small, in, &untouched), STATUS_NO_MEMORY);
        assert_int_equal(untouched.past_events_count, 42);
    }
    arena_fini(&small);
    arena_init(&small, need);
    assert_int_equal(pb_orchestrator_request_decode(&small, in, &request), STATUS_OK);
}

static void amplification_stops_at_the_arena(void **state)
{
    (void)state;
    /* A hundred thousand empty events in 200 kB would need 8 MB and more. */
    for (int i = 0; i < 100000; i++)
        pb_put_bytes_field(&out, 1, B(""));
    CLEANUP(arena_fini) struct arena small;
    struct pb_history_chunk chunk;
    arena_init(&small, (size_t)1 << 20);
    assert_int_equal(pb_history_chunk_decode(&small, buf_peek(&out), &chunk), STATUS_NO_MEMORY);
    assert_true(small.used == 0);
}

static void a_full_buffer_fails_the_encoding(void **state)
{
    (void)state;
    struct pb_create_instance_request request = {.instance_id = B("0123456789"),
                                                 .input = pb_some(B("input"))};
    struct buf small = {.limit = 8};
    pb_create_instance_request_encode(&request, &small);
    assert_true(buf_status(&small) != STATUS_OK);
    assert_int_equal(small.size, 0);
    pb_create_instance_request_encode(&request, &small); /* stays failed, as every append does */
    assert_true(small.failed);
    buf_fini(&small);
    buf_append_cstr(&out, "before");
    pb_create_instance_request_encode(&request, &out);
    assert_int_equal(out.size, 6 + pb_create_instance_request_size(&request));
    assert_bytes(bytes_slice(buf_peek(&out), 0, 8), B("before\x0a\x0a"));
}

static void many_nested_messages_are_sized_on_the_heap(void **state)
{
    (void)state;
    enum { EVENTS = 3000 };
    struct pb_event_raised_event raised = {.name = B("n"), .input = pb_some(B("v"))};
    struct pb_history_event *events = calloc(EVENTS, sizeof *events);
    assert_non_null(events);
    for (int i = 0; i < EVENTS; i++) {
        events[i].event_id = i;
        events[i].event_type_case = PB_HISTORY_EVENT_EVENT_RAISED;
        events[i].event_raised = &raised;
    }
    struct pb_history_chunk chunk = {.events = events, .events_count = EVENTS}, back;
    pb_history_chunk_encode(&chunk, &out);
    assert_int_equal(buf_status(&out), STATUS_OK);
    assert_int_equal(out.size, pb_history_chunk_size(&chunk));
    assert_int_equal(pb_history_chunk_decode(&arena, buf_peek(&out), &back), STATUS_OK);
    assert_int_equal(back.events_count, EVENTS);
    assert_int_equal(back.events[EVENTS - 1].event_id, EVENTS - 1);
    assert_bytes(back.events[EVENTS - 1].event_raised->input.value, B("v"));
    free(events);
}

static void a_case_without_its_member_is_not_sent(void **state)
{
    (void)state;
    struct pb_history_event event = {.event_id = 1, .event_type_case = PB_HISTORY_EVENT_TIMER_FIRED};
    pb_history_event_encode(&event, &out);
    assert_bytes(buf_peek(&out), B("\x08\x01"));
}

/* --- Primitives and helpers --- */

static void varints_have_their_sizes(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        size_t size;
    } cases[] = {{0, 1},
                 {127, 1},
                 {128, 2},
                 {16383, 2},
                 {16384, 3},
                 {1ull << 28, 5},
                 {(1ull << 35) - 1, 5},
                 {1ull << 56, 9},
                 {INT64_MAX, 9},
                 {UINT64_MAX, 10}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        buf_clear(&out);
        pb_put_varint_field(&out, 1, cases[i].value);
        assert_int_equal(pb_varint_size(cases[i].value), cases[i].size);
        assert_int_equal(out.size, 1 + cases[i].size);
        struct pb_reader reader = pb_reader_of(buf_peek(&out));
        assert_true(pb_reader_next(&reader));
        assert_true(reader.value == cases[i].value);
        assert_false(pb_reader_next(&reader));
        assert_int_equal(reader.status, STATUS_OK);
    }
}

static void the_reader_walks_what_the_writers_wrote(void **state)
{
    (void)state;
    pb_put_bytes_field(&out, 1, B("a\0b"));
    pb_put_bytes_field(&out, 2, B(""));
    pb_put_fixed64_field(&out, PB_FIELD_NUMBER_MAX, 0x0102030405060708);
    pb_put_tag(&out, 16, PB_WIRE_FIXED32);
    buf_append(&out, "\x01\x00\x00\x80", 4);
    struct pb_reader reader = pb_reader_of(buf_peek(&out));
    assert_true(pb_reader_next(&reader));
    assert_true(reader.number == 1 && reader.wire == PB_WIRE_BYTES);
    assert_bytes(reader.bytes, B("a\0b"));
    assert_bytes(reader.raw, B("\x0a\x03"
                               "a\0b"));
    assert_true(pb_reader_next(&reader));
    assert_true(reader.number == 2 && reader.bytes.size == 0);
    assert_true(pb_reader_next(&reader));
    assert_true(reader.number == PB_FIELD_NUMBER_MAX && reader.value == 0x0102030405060708);
    assert_true(pb_reader_next(&reader));
    assert_true(reader.number == 16 && reader.value == 0x80000001);
    assert_false(pb_reader_next(&reader));
    assert_int_equal(reader.status, STATUS_OK);
    reader = pb_reader_of(B("\x08\x01\x08"));
    assert_true(pb_reader_next(&reader));
    assert_false(pb_reader_next(&reader));
    assert_int_equal(reader.status, STATUS_MALFORMED);
    assert_false(pb_reader_next(&reader)); /* and stays so */
    reader = pb_reader_of((struct bytes){0});
    assert_false(pb_reader_next(&reader));
    assert_int_equal(reader.status, STATUS_OK);
}

static void times_convert_and_saturate(void **state)
{
    (void)state;
    static const int64_t exact[] = {0, 1, -1, 999999999, 1000000000, -1000000000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
        struct pb_opt_time time = pb_time_from_ns(exact[i]);
        assert_true(time.present && time.nanos >= 0 && time.nanos < 1000000000);
        assert_true(pb_time_to_ns(time) == exact[i]);
    }
    assert_true(pb_time_from_ns(-1).seconds == -1);
    assert_true(pb_time_to_ns((struct pb_opt_time){true, INT64_MAX, INT32_MAX}) == INT64_MAX);
    assert_true(pb_time_to_ns((struct pb_opt_time){true, INT64_MIN, INT32_MIN}) == INT64_MIN);
    assert_true(pb_time_to_ns((struct pb_opt_time){true, -1, -500000000}) == -1500000000); /* a Duration */
    assert_true(pb_time_to_ns((struct pb_opt_time){false, 5, 5}) == 0);
}

/* --- The tables --- */

static void check_table(const struct pb_message *message)
{
    assert_true(message->size >= 2 * sizeof(struct bytes) && message->size <= PB_STRUCT_SIZE_MAX);
    assert_true(message->field_count <= 64); /* decoding keeps a bit for each */
    for (size_t i = 0; i < message->field_count; i++) {
        const struct pb_field *field = &message->fields[i];
        assert_true(i == 0 || message->fields[i - 1].number < field->number);
        assert_int_equal(message->index[field->number], i + 1);
        assert_true(field->offset < message->size && field->count_offset < message->size);
        assert_true(field->repeated == (field->count_offset != 0));
        assert_true(field->in_oneof == (field->oneof_run != 0));
        assert_true((field->message != NULL) ==
                    (field->kind == PB_KIND_MESSAGE || field->kind == PB_KIND_MESSAGE_MAP));
    }
    assert_int_equal(message->number_max,
                     message->field_count ? message->fields[message->field_count - 1].number : 0);
    assert_int_equal(verdict(message, B("")), STATUS_OK);
    assert_int_equal(verdict(message, B("\xf8\xff\xff\xff\x0f\x01")),
                     STATUS_OK);                                  /* the highest number is unknown to all */
    assert_int_equal(verdict(message, B("\x0b\x0c")), STATUS_OK); /* a group, too */
    assert_int_equal(verdict(message, B("\x0b")), STATUS_MALFORMED);
}

static void tables_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < PB_ORCHESTRATOR_SERVICE_MESSAGES_COUNT; i++)
        check_table(pb_orchestrator_service_messages[i]);
    for (size_t i = 0; i < PB_BACKEND_SERVICE_MESSAGES_COUNT; i++)
        check_table(pb_backend_service_messages[i]);
    assert_int_equal(PB_ORCHESTRATOR_SERVICE_MESSAGES_COUNT,
                     118 + 3); /* and google.protobuf.Value, Struct, ListValue */
    assert_int_equal(PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT, 29);
    const struct pb_method *method =
        &pb_task_hub_sidecar_service_methods[PB_TASK_HUB_SIDECAR_SERVICE_GET_WORK_ITEMS];
    assert_string_equal(method->path, "/TaskHubSidecarService/GetWorkItems");
    assert_true(method->server_streaming && !method->client_streaming);
    assert_ptr_equal(method->response, &pb_work_item_message);
    assert_null(pb_task_hub_sidecar_service_methods[PB_TASK_HUB_SIDECAR_SERVICE_HELLO].request);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_history_event_comes_out_whole),
        T(an_empty_input_is_a_message),
        T(empty_members_keep_the_case_of_a_oneof),
        T(the_last_member_of_a_oneof_wins),
        T(pieces_of_one_message_are_merged),
        T(repeated_fields_keep_their_order),
        T(numbers_are_taken_packed_and_unpacked),
        T(maps_are_entries_and_the_last_key_counts),
        T(values_hold_doubles),
        T(integers_are_cut_to_their_type),
        T(absent_and_empty_wrappers_stay_different),
        T(unknown_fields_survive_in_order),
        T(unknown_members_of_a_oneof_survive),
        T(a_known_number_of_another_wire_type_is_unknown),
        T(groups_are_unknown_fields),
        T(many_scattered_unknown_fields_cost_linear_memory),
        T(broken_bytes_are_malformed),
        T(every_cut_of_a_message_is_handled),
        T(strings_have_to_be_utf8),
        T(nesting_has_a_limit),
        T(lists_in_values_have_the_same_limit),
        T(every_allocation_may_fail),
        T(amplification_stops_at_the_arena),
        T(a_full_buffer_fails_the_encoding),
        T(many_nested_messages_are_sized_on_the_heap),
        T(a_case_without_its_member_is_not_sent),
        T(varints_have_their_sizes),
        T(the_reader_walks_what_the_writers_wrote),
        T(times_convert_and_saturate),
        T(tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
