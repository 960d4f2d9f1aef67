/* SPDX-License-Identifier: MIT */
/* bearer.c — first whose roles count (one id, and those of groups), then one walk over the assignments. */
#include "svc/directory/bearer.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/no_memory.h"
#include "store/directory/assignments.h"

static void refuse(struct bearer *bearer, const char *why)
{
    bearer->principal = (struct principal){.id = NULL, .name = "nobody", .refusal = why};
}

/* How many groups somebody is in; their names go to `ret_names` if that is not NULL. */
static size_t walk_groups(struct bearer *bearer, const struct directory *directory, const char *id,
                          struct bytes *ret_names)
{
    const struct directory_member *member = NULL;
    size_t count = 0;
    while ((member = directory_next(directory, DIRECTORY_MEMBER, member))) {
        if (!bytes_equal_nocase(bytes_of_cstr(member->member_id), bytes_of_cstr(id)))
            continue;
        const struct directory_group *group =
            directory_find(directory, DIRECTORY_GROUP, "id", bytes_of_cstr(member->group_id));
        if (!group)
            continue;
        if (ret_names)
            ret_names[count] = arena_copy(&bearer->arena, bytes_of_cstr(group->name));
        count++;
    }
    return count;
}

/* False without memory: somebody of whom it is not known which groups they are in is nobody. */
static bool name_groups(struct bearer *bearer, const struct directory *directory, const char *id)
{
    size_t count = walk_groups(bearer, directory, id, NULL);
    struct bytes *names = arena_alloc_array(&bearer->arena, count, sizeof *names);
    if (!names)
        return false;
    (void)walk_groups(bearer, directory, id, names);
    for (size_t i = 0; i < count; i++)
        if (!names[i].data)
            return false;
    bearer->principal.groups = names;
    bearer->principal.group_count = count;
    return true;
}

/* True if a list of roles, separated by commas, has it; an empty one has all. */
static bool list_has(const char *list, enum access_role role)
{
    struct bytes rest = bytes_of_cstr(list);
    if (rest.size == 0)
        return true;
    while (rest.data) {
        enum access_role named;
        if (access_role_find(bytes_trim(bytes_split(&rest, ',')), &named) && named == role)
            return true;
    }
    return false;
}

static void collect(struct bearer *bearer, const struct directory *directory, const struct subjects *subjects,
                    const char *roles)
{
    const char *subscription = directory_tenant(directory)->subscription_id;
    struct access_grant *grants = arena_alloc_array(&bearer->arena, SUBJECT_GRANTS_MAX, sizeof *grants);
    const struct directory_assignment *assignment = NULL;
    size_t count = 0;
    while (grants && count < SUBJECT_GRANTS_MAX &&
           (assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment))) {
        enum access_role role;
        if (!subjects_have(subjects, assignment->principal_id) ||
            !access_role_find(bytes_of_cstr(assignment->role_id), &role) || !list_has(roles, role))
            continue;
        struct bytes scope =
            arena_copy(&bearer->arena, access_scope(bytes_of_cstr(assignment->scope), subscription));
        if (scope.data)
            grants[count++] = (struct access_grant){role, scope};
    }
    bearer->principal.grants = grants;
    bearer->principal.grant_count = count;
}

/* Of a person or an application; false: it is gone or may not sign in. `ret_name` lives in the arena. */
static bool find_member(struct bearer *bearer, const struct directory *directory, struct bytes id,
                        const char **ret_id, const char **ret_name)
{
    const struct directory_person *person = directory_find(directory, DIRECTORY_PERSON, "id", id);
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "id", id);
    const char *name = NULL;
    if (person && !person->disabled)
        name = person->name;
    else if (application && !application->disabled)
        name = application->name;
    if (!name)
        return false;
    *ret_id = arena_cstr(&bearer->arena, id);
    *ret_name = arena_cstr(&bearer->arena, bytes_of_cstr(name));
    return *ret_id && *ret_name;
}

static void refresh_member(struct bearer *bearer, const struct directory *directory, struct bytes id,
                           const char *roles, struct bytes within)
{
    struct principal *principal = &bearer->principal;
    *principal = (struct principal){.within = within};
    if (!find_member(bearer, directory, id, &principal->id, &principal->name)) {
        refuse(bearer, "whose credentials these are is no longer there, or may not sign in");
        return;
    }
    if (!name_groups(bearer, directory, principal->id)) {
        refuse(bearer, ERR_NO_MEMORY);
        return;
    }
    struct subjects subjects;
    subjects_find(directory, bytes_of_cstr(principal->id), &subjects);
    collect(bearer, directory, &subjects, roles);
}

static void refresh_key(struct bearer *bearer, const struct directory *directory, int64_t now_ns)
{
    const struct directory_key *key =
        directory_find(directory, DIRECTORY_KEY, "id", bytes_of_cstr(bearer->id));
    if (!key || key->revoked_ns) {
        refuse(bearer, "the API key was revoked");
        return;
    }
    if (key->expires_ns && now_ns >= key->expires_ns) {
        refuse(bearer, "the API key has expired");
        return;
    }
    struct bytes within = arena_copy(&bearer->arena, bytes_of_cstr(key->scope));
    const char *name = arena_cstr(&bearer->arena, bytes_of_cstr(key->name));
    if (!within.data || !name) {
        refuse(bearer, ERR_NO_MEMORY);
        return;
    }
    refresh_member(bearer, directory, bytes_of_cstr(key->owner_id), key->roles, within);
    bearer->principal.narrowed = true;
    bearer->principal.key_name = name;
}

/* Somebody whom only the issuer knows has the roles of the groups that the issuer says. */
static void refresh_outside(struct bearer *bearer, const struct directory *directory)
{
    struct subjects subjects = {.count = 0};
    struct bytes *names = arena_alloc_array(&bearer->arena, BEARER_GROUPS_MAX, sizeof *names);
    bearer->principal = (struct principal){.id = bearer->subject, .name = bearer->name, .groups = names};
    if (!names) {
        refuse(bearer, ERR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < bearer->group_count; i++) {
        const struct directory_group *group =
            directory_find(directory, DIRECTORY_GROUP, "name", bytes_of_cstr(bearer->groups[i]));
        if (!group)
            continue;
        subjects_add(&subjects, bytes_of_cstr(group->id));
        names[bearer->principal.group_count++] = bytes_of_cstr(bearer->groups[i]);
    }
    collect(bearer, directory, &subjects, "");
}

static void refresh_inner(struct bearer *bearer)
{
    static const struct access_grant grants[] = {{ROLE_HUB_CONTRIBUTOR, BYTES_LITERAL("/scheduler")},
                                                 {ROLE_SESSION_EXECUTOR, BYTES_LITERAL("/pool")}};
    bearer->principal = (struct principal){
        .id = "sallyport-app", .name = "the app", .grants = grants, .grant_count = ARRAY_SIZE(grants)};
}

void bearer_refresh(struct bearer *bearer, const struct directory *directory, int64_t now_ns)
{
    arena_fini(&bearer->arena);
    arena_init(&bearer->arena, 0);
    bearer->generation = directory_generation(directory);
    if (bearer->session[0] &&
        !directory_find(directory, DIRECTORY_TICKET, "id", bytes_of_cstr(bearer->session))) {
        refuse(bearer, "the browser was signed out");
        return;
    }
    switch (bearer->kind) {
    case BEARER_NOBODY:
        break;
    case BEARER_LOCAL:
        bearer->principal = access_local;
        break;
    case BEARER_INNER:
        refresh_inner(bearer);
        break;
    case BEARER_MEMBER:
        refresh_member(bearer, directory, bytes_of_cstr(bearer->id), "", bearer->within);
        break;
    case BEARER_KEY:
        refresh_key(bearer, directory, now_ns);
        break;
    case BEARER_OUTSIDE:
        refresh_outside(bearer, directory);
        break;
    }
    bearer->principal.way = bearer->way;
}

void bearer_fini(struct bearer *bearer)
{
    arena_fini(&bearer->arena);
    free(bearer->name);
    free(bearer->subject);
    for (size_t i = 0; i < bearer->group_count; i++)
        free(bearer->groups[i]);
}
