/* SPDX-License-Identifier: MIT */
/* deployment.h — one deployment of a template while it is made; for deployment.c and deployment_record.c. */
#ifndef SVC_CONTROL_DEPLOYMENT_H
#define SVC_CONTROL_DEPLOYMENT_H

#include "core/template/template.h"
#include "svc/control/control_internal.h"

/* On the heap, in the list of the control plane; those within one another know their parent. */
struct deployment {
    struct list link;
    struct control *control;
    struct control_call *call; /* of whoever asked; NULL of one within another */
    struct deployment *parent; /* NULL: it was asked for */
    struct arena arena;
    struct resource_id id;
    struct template_place place;
    struct template_world world;
    struct deployment_plan *plan;
    struct template_resource *making; /* what is under way; NULL: nothing */
    struct loop_task next;
    int depth;                  /* of deployments within each other */
    size_t passed;              /* in this walk through the resources, since one was made */
    struct control_fault fault; /* why it failed; http_status 0: it has not */
    const char *fault_id;       /* of the resource that could not be made; NULL */
    json_t *outputs;
    int64_t started_ns;
    bool keeping; /* its record is on its way to the disk */
};

/* The record of one that is over: what is kept and shown. NULL: no memory. */
json_t *deployment_record(const struct deployment *deployment);
/* The body of a refusal: {"error": {"code": "DeploymentFailed", "details": [...]}}. NULL: no memory. */
json_t *deployment_refusal(const struct deployment *deployment);
/* What is answered to a template that was looked at only. NULL: no memory. */
json_t *deployment_validation(const struct deployment *deployment);

#endif
