/* SPDX-License-Identifier: MIT */
/* scheduler_health.c — HealthCheckRequest {string service = 1}, HealthCheckResponse {ServingStatus status = 1}. */
#include "svc/scheduler/scheduler_health.h"

#define SERVICE_TAG   0x0a /* field 1, length-delimited */
#define NAME_SIZE_MAX 127  /* bytes: a length of one byte */

/* The service that is asked for; data NULL: the message is none. */
static struct bytes service_of(struct bytes message)
{
    if (message.size == 0)
        return BYTES_LITERAL("");
    bool good = message.size >= 2 && message.data[0] == SERVICE_TAG && message.data[1] <= NAME_SIZE_MAX &&
                message.data[1] == message.size - 2;
    return good ? bytes_slice(message, 2, SIZE_MAX) : (struct bytes){0};
}

static bool is_served(struct bytes service)
{
    return service.size == 0 || bytes_equal_cstr(service, "TaskHubSidecarService") ||
           bytes_equal_cstr(service, "grpc.health.v1.Health");
}

bool scheduler_health_answer(struct grpc_server *grpc, const struct grpc_request *request, bool serving)
{
    if (!bytes_equal_cstr(request->path, "/grpc.health.v1.Health/Check"))
        return false;

    struct bytes service = service_of(request->message);
    if (!service.data)
        (void)grpc_finish(grpc, request->id, STATUS_INVALID_ARGUMENT, "this is no HealthCheckRequest");
    else if (!is_served(service))
        (void)grpc_finish(grpc, request->id, STATUS_NOT_FOUND, "there is no such service here");
    else
        (void)grpc_reply(grpc, request->id, serving ? BYTES_LITERAL("\x08\x01") : BYTES_LITERAL("\x08\x02"));
    return true;
}
