/* SPDX-License-Identifier: MIT */
/* pb_fuzz.c — any bytes as any message. The first byte chooses the message: below 16 one of those that peers
 * send most, else any that there is. What is accepted is encoded, decoded and encoded again: the first
 * encoding is accepted, has the size that was foretold, and is a fixed point. */
#include "wire/pb/backend_service.pb.h"
#include "wire/pb/orchestrator_service.pb.h"

#define ARENA_LIMIT ((size_t)8 << 20) /* bytes; reached by inputs that amplify, which is tested too */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pb_message *const messages[] = {
    &pb_history_event_message,           &pb_orchestrator_request_message,
    &pb_orchestrator_response_message,   &pb_work_item_message,
    &pb_activity_response_message,       &pb_entity_batch_result_message,
    &pb_create_instance_request_message, &pb_query_instances_request_message,
    &pb_purge_instances_request_message, &pb_get_work_items_request_message,
    &pb_task_failure_details_message,    &pb_value_message,
    &pb_orchestration_state_message,     &pb_complete_orchestration_work_item_request_message,
    &pb_add_events_request_message,      &pb_entity_request_message,
};

static const struct pb_message *message_of(uint8_t choice)
{
    if (choice < ARRAY_SIZE(messages))
        return messages[choice];
    size_t at = choice - ARRAY_SIZE(messages);
    if (at < PB_ORCHESTRATOR_SERVICE_MESSAGES_COUNT)
        return pb_orchestrator_service_messages[at];
    at -= PB_ORCHESTRATOR_SERVICE_MESSAGES_COUNT;
    return pb_backend_service_messages[at % PB_BACKEND_SERVICE_MESSAGES_COUNT];
}

static void read_all_fields(struct bytes in)
{
    struct pb_reader r = pb_reader_of(in);
    size_t size = 0;
    while (pb_reader_next(&r)) {
        ASSERT(r.bytes.size < r.raw.size);
        size += r.raw.size;
    }
    ASSERT(r.status != STATUS_OK || size == in.size);
}

static void check(const struct pb_message *m, struct bytes in)
{
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(buf_fini) struct buf first = {0};
    CLEANUP(buf_fini) struct buf second = {0};
    _Alignas(16) char message[PB_STRUCT_SIZE_MAX];
    arena_init(&arena, ARENA_LIMIT);
    enum status st = pb_decode(&arena, in, m, message);
    ASSERT(st == STATUS_OK || st == STATUS_MALFORMED || st == STATUS_NO_MEMORY);
    if (st != STATUS_OK)
        return;
    ASSERT(bytes_equal(((const struct pb_health_ping *)(void *)message)->raw, in));
    pb_encode(m, message, &first);
    ASSERT(buf_status(&first) == STATUS_OK && first.size == pb_size(m, message));
    arena_reset(&arena);
    arena.limit = 0;
    ASSERT(pb_decode(&arena, buf_peek(&first), m, message) == STATUS_OK);
    pb_encode(m, message, &second);
    ASSERT(bytes_equal(buf_peek(&first), buf_peek(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    read_all_fields(in);
    check(message_of(data[0]), in);
    return 0;
}
