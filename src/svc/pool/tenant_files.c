/* SPDX-License-Identifier: MIT */
/* tenant_files.c — those who want a session's files, and not its interpreter: they wait for it, hold it while they use it, and
 * write into it at the server's cost. */
#include "svc/pool/pool_books.h"
#include "svc/pool/tenant.h"

/* May answer from within, if the session is there and free. */
void tenant_want_session(struct tenant *tenant, struct session_wait *wait)
{
    list_push_back(&tenant->waits, &wait->link);
    tenant_pump(tenant);
}

void tenant_cancel_wait(struct session_wait *wait)
{
    list_remove(&wait->link);
}

/* Each is off the list before it is called, which may free it. */
void tenant_fail_waits(struct tenant *tenant, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&tenant->waits))) {
        struct session_wait *wait = CONTAINER_OF(link, struct session_wait, link);
        wait->on_session(wait, NULL, cause);
    }
}

void tenant_hold_begin(struct tenant *tenant, struct tenant_hold *hold)
{
    ASSERT(tenant->session);
    hold->tenant = tenant;
    list_push_back(&tenant->holds, &hold->link);
    tenant->session->held = true;
}

void tenant_hold_end(struct tenant_hold *hold)
{
    struct tenant *tenant = hold->tenant;
    if (!tenant)
        return;
    hold->tenant = NULL;
    list_remove(&hold->link);
    tenant->session->held = !list_empty(&tenant->holds);
    tenant_touch(tenant);
}

void tenant_drop_holds(struct tenant *tenant)
{
    struct list *link;
    while ((link = list_pop_front(&tenant->holds)))
        CONTAINER_OF(link, struct tenant_hold, link)->tenant = NULL;
}

/* What was uploaded and removed since is not there any more: a session cannot hold more than is used. */
bool tenant_charge_upload(struct tenant *tenant, size_t used_size, size_t size)
{
    struct memory_budget *uploads = &tenant->pool->uploads;
    ASSERT(tenant->session);
    size_t gone = tenant->uploaded > used_size ? tenant->uploaded - used_size : 0;
    memory_budget_give(uploads, gone);
    tenant->uploaded -= gone;
    if (!memory_budget_take(uploads, size))
        return false;
    tenant->uploaded += size;
    return true;
}

void tenant_forget_uploads(struct tenant *tenant)
{
    memory_budget_give(&tenant->pool->uploads, tenant->uploaded);
    tenant->uploaded = 0;
}
