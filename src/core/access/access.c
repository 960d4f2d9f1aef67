/* SPDX-License-Identifier: MIT */
/* access.c — two tables: the names of permissions, and roles with what they permit; and one walk over a principal's
 * grants. */
#include "core/access/access.h"

#define MAY(permission) (1u << ACCESS_##permission)
#define EVERYTHING                                                                                           \
    (MAY(READ) | MAY(SUBMIT) | MAY(DECIDE) | MAY(EXECUTE) | MAY(OPERATE) | MAY(HUB_HELLO) | MAY(HUB_READ) |  \
     MAY(HUB_WRITE) | MAY(HUB_WORK) | MAY(HUB_ADMIN))

static const char *const permissions[] = {
    [ACCESS_UNSET] = "unset",         [ACCESS_ANYONE] = "anyone",       [ACCESS_READ] = "read",
    [ACCESS_SUBMIT] = "submit",       [ACCESS_DECIDE] = "decide",       [ACCESS_EXECUTE] = "execute",
    [ACCESS_OPERATE] = "operate",     [ACCESS_HUB_HELLO] = "hub-hello", [ACCESS_HUB_READ] = "hub-read",
    [ACCESS_HUB_WRITE] = "hub-write", [ACCESS_HUB_WORK] = "hub-work",   [ACCESS_HUB_ADMIN] = "hub-admin",
};

static const struct role {
    const char *name;
    const char *id; /* by which clients of the cloud name it */
    unsigned may;   /* bit n: the permission n */
} roles[] = {
    /* Of the cloud: those of the control plane do not see data. */
    [ROLE_OWNER] = {"Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", MAY(OPERATE) | MAY(HUB_ADMIN)},
    [ROLE_CONTRIBUTOR] = {"Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", MAY(HUB_ADMIN)},
    [ROLE_READER] = {"Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", 0},
    [ROLE_HUB_CONTRIBUTOR] = {"Durable Task Data Contributor", "0ad04412-c4d5-4796-b79c-f76d14c8d402",
                              MAY(HUB_HELLO) | MAY(HUB_READ) | MAY(HUB_WRITE) | MAY(HUB_WORK)},
    [ROLE_HUB_WORKER] = {"Durable Task Worker", "80d0d6b0-f522-40a4-8886-a5a11720c375",
                         MAY(HUB_HELLO) | MAY(HUB_WORK)},
    [ROLE_HUB_READER] = {"Durable Task Data Reader", "d6a5505f-6ebb-45a4-896e-ac8274cfc0ac",
                         MAY(HUB_HELLO) | MAY(HUB_READ)},
    [ROLE_SESSION_EXECUTOR] = {"Azure ContainerApps Session Executor", "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0",
                               MAY(EXECUTE)},
    /* Ours. */
    [ROLE_SUBMITTER] = {"Sallyport Submitter", "5a11e7f0-0000-4000-8000-000000000001",
                        MAY(SUBMIT) | MAY(READ)},
    [ROLE_REVIEWER] = {"Sallyport Reviewer", "5a11e7f0-0000-4000-8000-000000000002", MAY(READ) | MAY(DECIDE)},
    [ROLE_OPERATOR] = {"Sallyport Operator", "5a11e7f0-0000-4000-8000-000000000003",
                       MAY(OPERATE) | MAY(HUB_HELLO) | MAY(HUB_ADMIN)},
    [ROLE_AUDITOR] = {"Sallyport Auditor", "5a11e7f0-0000-4000-8000-000000000004", MAY(READ) | MAY(HUB_READ)},
    [ROLE_LOCAL] = {"the local user", "", EVERYTHING},
};

static const struct access_grant local_grants[] = {{ROLE_LOCAL, BYTES_LITERAL("/")}};
const struct principal access_local = {
    .id = "local", .name = "anonymous", .grants = local_grants, .grant_count = ARRAY_SIZE(local_grants)};
const struct principal access_nobody = {.id = NULL, .name = "nobody"};

bool access_role_permits(enum access_role role, enum access_permission permission)
{
    ASSERT(role < ACCESS_ROLES && permission < ACCESS_PERMISSIONS);
    return roles[role].may & (1u << permission);
}

/* "/a/b" holds for itself and for "/a/b/c", not for "/a/bc". */
static bool holds_at(struct bytes granted, struct bytes asked)
{
    while (granted.size > 0 && granted.data[granted.size - 1] == '/')
        granted.size--;
    if (asked.size < granted.size || !bytes_equal_nocase(bytes_slice(asked, 0, granted.size), granted))
        return false;
    return asked.size == granted.size || asked.data[granted.size] == '/';
}

enum access_verdict access_decide(const struct principal *principal, enum access_permission permission,
                                  struct bytes scope)
{
    ASSERT(permission < ACCESS_PERMISSIONS);
    if (permission == ACCESS_ANYONE)
        return ACCESS_GRANTED;
    if (!principal->id)
        return ACCESS_UNKNOWN;
    for (size_t i = 0; i < principal->grant_count; i++) {
        const struct access_grant *grant = &principal->grants[i];
        if (access_role_permits(grant->role, permission) && holds_at(grant->scope, scope))
            return ACCESS_GRANTED;
    }
    return ACCESS_DENIED;
}

const char *access_permission_name(enum access_permission permission)
{
    ASSERT(permission < ACCESS_PERMISSIONS);
    return permissions[permission];
}

const char *access_role_name(enum access_role role)
{
    ASSERT(role < ACCESS_ROLES);
    return roles[role].name;
}

void access_explain(enum access_permission permission, struct buf *out)
{
    const char *before = "";
    buf_append_fmt(out, "this needs the permission \"%s\", which these roles have: ",
                   access_permission_name(permission));
    for (enum access_role role = 0; role < ROLE_LOCAL; role++) {
        if (!access_role_permits(role, permission))
            continue;
        buf_append_fmt(out, "%s%s", before, access_role_name(role));
        before = ", ";
    }
}
