/* SPDX-License-Identifier: MIT */
/* audit_service.h — the audit log over HTTP, for auditors and for `sallyport audit`. Reads only. Loop's thread. */
#ifndef SVC_AUDIT_AUDIT_SERVICE_H
#define SVC_AUDIT_AUDIT_SERVICE_H

#include "net/http_router.h"
#include "store/audit/audit_log.h"

struct audit_service {
    struct audit_log *log; /* outlives the service */
};

/* Its routes, for an http_router; valid as long as the service. */
struct http_part audit_service_part(struct audit_service *service);

#endif
