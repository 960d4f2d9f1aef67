/* SPDX-License-Identifier: MIT */
/* scheduler_health.h — grpc.health.v1.Health/Check, what probes of orchestrators and load balancers ask (grpc/grpc
 * doc/health-checking.md). It needs no task hub. Watch is UNIMPLEMENTED, which that document allows. */
#ifndef SVC_SCHEDULER_SCHEDULER_HEALTH_H
#define SVC_SCHEDULER_SCHEDULER_HEALTH_H

#include "net/grpc_server.h"

/* True: it was such a call, and is answered: SERVING, NOT_SERVING when the scheduler stops or refuses writes,
 * NOT_FOUND for a service that is not here. */
bool scheduler_health_answer(struct grpc_server *grpc, const struct grpc_request *request, bool serving);

#endif
