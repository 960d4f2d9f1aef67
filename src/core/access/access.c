/* SPDX-License-Identifier: MIT */
/* access.c — two tables: the names of permissions, and roles with what they permit; and one walk over a principal's
 * grants. */
#include "core/access/access.h"

#include "base/text.h"

#define SHOWN_NAME_SIZE 80  /* bytes of a name in a message */
#define SHOWN_SCOPE_MAX 250 /* bytes of a place in a message: the id of a resource in a group */
#define MAY(permission) (1u << ACCESS_##permission)
#define EVERYTHING                                                                                           \
    (MAY(READ) | MAY(SUBMIT) | MAY(DECIDE) | MAY(AUDIT) | MAY(EXECUTE) | MAY(OPERATE) | MAY(CANCEL) |        \
     MAY(HUB_HELLO) | MAY(HUB_READ) | MAY(HUB_WRITE) | MAY(HUB_WORK) | MAY(HUB_ADMIN) | MAY(CONTROL_READ) |  \
     MAY(CONTROL_WRITE) | MAY(GRANT) | MAY(DIRECTORY_READ) | MAY(DIRECTORY_WRITE) | MAY(POLICY_READ) |       \
     MAY(POLICY_WRITE))

static const char *const permissions[] = {
    [ACCESS_UNSET] = "unset",
    [ACCESS_ANYONE] = "anyone",
    [ACCESS_READ] = "read",
    [ACCESS_SUBMIT] = "submit",
    [ACCESS_DECIDE] = "decide",
    [ACCESS_CANCEL] = "cancel",
    [ACCESS_EXECUTE] = "execute",
    [ACCESS_OPERATE] = "operate",
    [ACCESS_AUDIT] = "audit",
    [ACCESS_HUB_HELLO] = "hub-hello",
    [ACCESS_HUB_READ] = "hub-read",
    [ACCESS_HUB_WRITE] = "hub-write",
    [ACCESS_HUB_WORK] = "hub-work",
    [ACCESS_HUB_ADMIN] = "hub-admin",
    [ACCESS_SIGNED_IN] = "signed-in",
    [ACCESS_CONTROL_READ] = "control-read",
    [ACCESS_CONTROL_WRITE] = "control-write",
    [ACCESS_GRANT] = "grant",
    [ACCESS_DIRECTORY_READ] = "directory-read",
    [ACCESS_DIRECTORY_WRITE] = "directory-write",
    [ACCESS_POLICY_READ] = "policy-read",
    [ACCESS_POLICY_WRITE] = "policy-write",
};

static const struct role {
    const char *name;
    const char *id; /* by which clients of the cloud name it */
    unsigned may;   /* bit n: the permission n */
} roles[] = {
    /* Of the cloud: those of the control plane do not see data. */
    [ROLE_OWNER] = {"Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
                    MAY(OPERATE) | MAY(HUB_ADMIN) | MAY(CONTROL_READ) | MAY(CONTROL_WRITE) | MAY(GRANT) |
                        MAY(DIRECTORY_READ) | MAY(DIRECTORY_WRITE) | MAY(POLICY_READ) | MAY(POLICY_WRITE)},
    [ROLE_CONTRIBUTOR] = {"Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c",
                          MAY(HUB_ADMIN) | MAY(CONTROL_READ) | MAY(CONTROL_WRITE) | MAY(DIRECTORY_READ)},
    [ROLE_READER] = {"Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7",
                     MAY(CONTROL_READ) | MAY(DIRECTORY_READ)},
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
                        MAY(SUBMIT) | MAY(CANCEL) | MAY(READ)},
    [ROLE_REVIEWER] = {"Sallyport Reviewer", "5a11e7f0-0000-4000-8000-000000000002",
                       MAY(READ) | MAY(DECIDE) | MAY(POLICY_READ)},
    [ROLE_OPERATOR] = {"Sallyport Operator", "5a11e7f0-0000-4000-8000-000000000003",
                       MAY(READ) | MAY(OPERATE) | MAY(CANCEL) | MAY(HUB_HELLO) | MAY(HUB_ADMIN) |
                           MAY(DIRECTORY_READ) | MAY(POLICY_READ) | MAY(POLICY_WRITE)},
    [ROLE_AUDITOR] = {"Sallyport Auditor", "5a11e7f0-0000-4000-8000-000000000004",
                      MAY(READ) | MAY(AUDIT) | MAY(HUB_READ) | MAY(CONTROL_READ) | MAY(DIRECTORY_READ) |
                          MAY(POLICY_READ)},
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

/* UNKNOWN before DENIED: a token for another place does not count here at all, and its owner is told that, not
 * that they lack a role. */
enum access_verdict access_decide_at(const struct principal *principal, enum access_permission permission,
                                     struct bytes place, struct bytes resource)
{
    ASSERT(permission < ACCESS_PERMISSIONS);
    if (permission == ACCESS_ANYONE)
        return ACCESS_GRANTED;
    if (!principal->id || (principal->within.size > 0 && !holds_at(principal->within, place)))
        return ACCESS_UNKNOWN;
    if (permission == ACCESS_SIGNED_IN)
        return ACCESS_GRANTED;
    for (size_t i = 0; i < principal->grant_count; i++) {
        const struct access_grant *grant = &principal->grants[i];
        bool here = holds_at(grant->scope, place) || (resource.size > 0 && holds_at(grant->scope, resource));
        if (here && access_role_permits(grant->role, permission))
            return ACCESS_GRANTED;
    }
    return ACCESS_DENIED;
}

enum access_verdict access_decide(const struct principal *principal, enum access_permission permission,
                                  struct bytes scope)
{
    return access_decide_at(principal, permission, scope, (struct bytes){0});
}

static const struct bytes subscriptions = BYTES_LITERAL("/subscriptions/");

struct bytes access_scope(struct bytes scope, const char *subscription)
{
    while (scope.size > 1 && scope.data[scope.size - 1] == '/')
        scope.size--;
    struct bytes name = bytes_slice(scope, subscriptions.size, SIZE_MAX);
    bool is_ours = bytes_equal_nocase(name, bytes_of_cstr(subscription)) ||
                   bytes_equal_nocase(name, BYTES_LITERAL("local"));
    bool whole = bytes_starts_with_nocase(scope, subscriptions) && is_ours;
    return whole ? BYTES_LITERAL("/") : scope;
}

bool access_may_grant(const struct principal *principal, struct bytes scope, const char *subscription)
{
    struct principal who = *principal;
    if (!who.narrowed)
        /* what a token is meant for says nothing of what its owner may grant */
        who.within = (struct bytes){0};

    /* Ids of resources are no places; all of them are the control plane's. */
    struct bytes asked = access_scope(scope, subscription);
    bool is_resource = bytes_starts_with_nocase(asked, subscriptions);
    struct bytes place = is_resource ? BYTES_LITERAL("/control") : asked;
    struct bytes resource = is_resource ? asked : (struct bytes){0};
    return access_decide_at(&who, ACCESS_GRANT, place, resource) == ACCESS_GRANTED;
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

const char *access_role_id(enum access_role role)
{
    ASSERT(role < ACCESS_ROLES);
    return roles[role].id;
}

bool access_role_find(struct bytes text, enum access_role *ret_role)
{
    const struct bytes ours = BYTES_LITERAL("Sallyport ");
    for (enum access_role role = 0; role < ROLE_LOCAL; role++) {
        struct bytes name = bytes_of_cstr(roles[role].name);
        bool found =
            bytes_equal_nocase(text, name) || bytes_equal_nocase(text, bytes_of_cstr(roles[role].id));
        if (!found && bytes_starts_with(name, ours))
            found = bytes_equal_nocase(text, bytes_slice(name, ours.size, name.size));
        if (found) {
            *ret_role = role;
            return true;
        }
    }
    return false;
}

/* --- roles as policies name them --- */

/* Those that say what somebody is in the life of a request. */
static const struct {
    enum access_role role;
    const char *word;
} role_words[] = {
    {ROLE_OWNER, "owner"},       {ROLE_CONTRIBUTOR, "contributor"}, {ROLE_SUBMITTER, "submitter"},
    {ROLE_REVIEWER, "reviewer"}, {ROLE_OPERATOR, "operator"},       {ROLE_AUDITOR, "auditor"},
};

static bool has_role_at(const struct principal *principal, enum access_role role, struct bytes place)
{
    for (size_t i = 0; i < principal->grant_count; i++) {
        const struct access_grant *grant = &principal->grants[i];
        bool is = grant->role == role || grant->role == ROLE_LOCAL;
        if (is && holds_at(grant->scope, place))
            return true;
    }
    return false;
}

size_t access_role_words(const struct principal *principal, struct bytes place,
                         const char *ret_words[ACCESS_ROLES])
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(role_words); i++)
        if (has_role_at(principal, role_words[i].role, place))
            ret_words[count++] = role_words[i].word;
    return count;
}

static int permission_count(enum access_role role)
{
    return __builtin_popcount(roles[role].may);
}

static void append_word(struct bytes text, struct buf *out)
{
    bool plain = text.size > 0;
    for (size_t i = 0; i < text.size; i++)
        plain = plain && (ascii_alnum(text.data[i]) || strchr("@._-+/:=,%", text.data[i]));
    if (plain) {
        buf_append_bytes(out, text);
        return;
    }
    buf_append_byte(out, '\'');
    while (text.data) {
        buf_append_bytes(out, bytes_split(&text, '\''));
        if (text.data)
            buf_append_cstr(out, "'\\''");
    }
    buf_append_byte(out, '\'');
}

void access_write_grant(enum access_role role, const char *to, struct bytes scope, struct buf *out)
{
    buf_append_fmt(out, "sallyport role create \"%s\" --to ", roles[role].name);
    append_word(bytes_utf8_prefix(bytes_of_cstr(to), SHOWN_NAME_SIZE), out);
    buf_append_cstr(out, " --scope ");
    append_word(scope, out);
}

void access_explain(const struct principal *principal, enum access_permission permission, struct bytes place,
                    struct buf *out)
{
    enum access_role least = ROLE_LOCAL;
    for (enum access_role role = 0; role < ROLE_LOCAL; role++)
        if (access_role_permits(role, permission) && permission_count(role) < permission_count(least))
            least = role;
    if (least == ROLE_LOCAL) {
        buf_append_fmt(out, "%.80s may not do this, and no role permits it", principal->name);
        return;
    }
    buf_append_fmt(out, "%.80s lacks the role \"%s\" (%s): ", principal->name, roles[least].name,
                   access_permission_name(permission));
    access_write_grant(least, principal->name, bytes_slice(place, 0, SHOWN_SCOPE_MAX), out);
}

const char *access_refusal(const struct principal *principal)
{
    if (principal->id)
        return "the credentials count at another place only";
    return text_or(principal->refusal, "no credentials were sent");
}
