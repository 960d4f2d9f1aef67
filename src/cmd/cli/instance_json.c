/* SPDX-License-Identifier: MIT */
/* instance_json.c — member by member; what an instance does not have is left out. */
#include "cmd/cli/instance_json.h"

#include "cmd/cli/print.h"
#include "wire/pb/orchestrator_service.pb.h"

void instance_json_failure(struct json_writer *json, const struct dt_failure *failure)
{
    if (!failure)
        return;
    json_write_key(json, "failureDetails");
    json_write_begin_object(json);
    print_json_text(json, "errorType", failure->type);
    print_json_text(json, "errorMessage", failure->message);
    print_json_text(json, "stackTrace", failure->stack_trace);
    json_write_end_object(json);
}

static void json_tags(struct json_writer *json, const struct dt_instance *instance)
{
    size_t count = 0;
    const struct dt_tag *tags = dt_instance_tags(instance, &count);
    if (count == 0)
        return;
    json_write_key(json, "tags");
    json_write_begin_object(json);
    for (size_t i = 0; i < count; i++)
        json_write_member_cstr(json, tags[i].key, tags[i].value);
    json_write_end_object(json);
}

void instance_json(struct json_writer *json, const struct dt_instance *instance, const char *standing)
{
    size_t status = dt_instance_status(instance);
    json_write_begin_object(json);
    print_json_text(json, "instanceId", dt_instance_id(instance));
    print_json_text(json, "executionId", dt_instance_execution_id(instance));
    print_json_text(json, "name", dt_instance_name(instance));
    print_json_text(json, "version", dt_instance_version(instance));
    if (status < pb_orchestration_status_enum.count)
        json_write_member_cstr(json, "orchestrationStatus", pb_orchestration_status_enum.names[status]);
    print_json_time(json, "createdTimestamp", dt_instance_created_ns(instance));
    print_json_time(json, "lastUpdatedTimestamp", dt_instance_updated_ns(instance));
    print_json_time(json, "completedTimestamp", dt_instance_completed_ns(instance));
    print_json_time(json, "scheduledStartTimestamp", dt_instance_scheduled_start_ns(instance));
    print_json_text(json, "parentInstanceId", dt_instance_parent_id(instance));
    json_tags(json, instance);
    print_json_text(json, "input", dt_instance_input(instance));
    print_json_text(json, "output", dt_instance_output(instance));
    print_json_text(json, "customStatus", dt_instance_custom_status(instance));
    instance_json_failure(json, dt_instance_failure(instance));
    print_json_text(json, "standing", standing);
    json_write_end_object(json);
}
