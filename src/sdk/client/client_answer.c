/* SPDX-License-Identifier: MIT */
/* client_answer.c — one function for each kind of answer; methods.c has the table of which method gives which. */
#include "sdk/client/client_answer.h"

#include <stdio.h>

#include "sdk/client/entity_snapshot.h"
#include "sdk/client/ids.h"
#include "sdk/client/snapshot.h"

enum status sdk_answer_started(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                               struct dt_reply *reply, struct err *err)
{
    struct pb_create_instance_response response;
    enum status status = pb_create_instance_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    reply->instance_id = op->instance_id;
    if (response.instance_id.size && !bytes_equal_cstr(response.instance_id, op->instance_id))
        return err_set(err, STATUS_INTERNAL, "the service answered with another instance id");
    return STATUS_OK;
}

enum status sdk_answer_instance(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                struct dt_reply *reply, struct err *err)
{
    struct pb_get_instance_response response;
    enum status s = pb_get_instance_response_decode(arena, answer, &response);
    if (s != STATUS_OK)
        return s;
    if (!response.exists || !response.orchestration_state) {
        bool wait = op->must_have_started || op->must_have_ended;
        return err_set(err, wait ? STATUS_DEADLINE_EXCEEDED : STATUS_NOT_FOUND, "no such instance");
    }
    enum dt_instance_status status =
        (enum dt_instance_status)response.orchestration_state->orchestration_status;
    if ((op->must_have_started && status == DT_INSTANCE_PENDING) ||
        (op->must_have_ended && !dt_instance_status_final(status)))
        return err_set(err, STATUS_DEADLINE_EXCEEDED, "the instance is %s", dt_instance_status_name(status));
    return sdk_instance_create(response.orchestration_state, &reply->instance);
}

enum status sdk_answer_purged(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                              struct dt_reply *reply, struct err *err)
{
    struct pb_purge_instances_response response;
    enum status status = pb_purge_instances_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    reply->purged = response.deleted_instance_count;
    reply->complete = !response.is_complete.present || response.is_complete.value;
    return STATUS_OK;
}

enum status sdk_answer_page(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                            struct dt_reply *reply, struct err *err)
{
    struct pb_query_instances_response response;
    enum status status = pb_query_instances_response_decode(arena, answer, &response);
    if (status)
        return status;
    return sdk_page_create(&response, &reply->page);
}

enum status sdk_answer_restarted(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                 struct dt_reply *reply, struct err *err)
{
    struct pb_restart_instance_response response;
    enum status status = pb_restart_instance_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    if (!response.instance_id.size)
        return err_set(err, STATUS_INTERNAL, "the service does not say which instance it has started");
    snprintf(op->instance_id, DT_INSTANCE_ID_SIZE, "%.*s", BYTES_FMT(response.instance_id));
    reply->instance_id = op->instance_id;
    return STATUS_OK;
}

enum status sdk_answer_ids(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                           struct dt_reply *reply, struct err *err)
{
    struct pb_list_instance_ids_response response;
    enum status status = pb_list_instance_ids_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    return sdk_ids_create(response.instance_ids, response.instance_ids_count,
                          response.last_instance_key.value, &reply->ids);
}

enum status sdk_answer_unterminated(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                    struct dt_reply *reply, struct err *err)
{
    struct pb_skip_graceful_orchestration_terminations_response response;
    enum status status =
        pb_skip_graceful_orchestration_terminations_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    return sdk_ids_create(response.unterminated_instance_ids, response.unterminated_instance_ids_count,
                          (struct bytes){0}, &reply->ids);
}

enum status sdk_answer_entity(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                              struct dt_reply *reply, struct err *err)
{
    struct pb_get_entity_response response;
    enum status status = pb_get_entity_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    if (!response.exists || !response.entity)
        return err_set(err, STATUS_NOT_FOUND, "no such entity");
    return sdk_entity_create(response.entity, &reply->entity);
}

enum status sdk_answer_entities(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                                struct dt_reply *reply, struct err *err)
{
    struct pb_query_entities_response response;
    enum status status = pb_query_entities_response_decode(arena, answer, &response);
    if (status)
        return status;
    return sdk_entities_create(&response, &reply->entities);
}

enum status sdk_answer_cleaned(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                               struct dt_reply *reply, struct err *err)
{
    struct pb_clean_entity_storage_response response;
    enum status status = pb_clean_entity_storage_response_decode(arena, answer, &response);
    if (status != STATUS_OK)
        return status;
    reply->removed = response.empty_entities_removed;
    reply->released = response.orphaned_locks_released;
    return sdk_ids_create(NULL, 0, response.continuation_token.value, &reply->ids);
}
