/* SPDX-License-Identifier: MIT */
/* people_groups.c — groups and who is in them. */
#include "base/text.h"
#include "os/clock.h"
#include "svc/directory/people_request.h"
#include "svc/directory/reply.h"

static void write_members(struct json_writer *json, const struct directory *directory, const char *group_id)
{
    const struct directory_member *member = NULL;
    json_write_key(json, "members");
    json_write_begin_array(json);
    while ((member = directory_next(directory, DIRECTORY_MEMBER, member))) {
        struct people_principal found;
        if (strcmp(member->group_id, group_id) == 0 &&
            people_find(directory, bytes_of_cstr(member->member_id), &found))
            json_write_cstr(json, found.name);
    }
    json_write_end_array(json);
}

static void write_group(struct json_writer *json, const struct directory *directory, const void *object)
{
    const struct directory_group *group = object;
    json_write_member_cstr(json, "id", group->id);
    json_write_member_cstr(json, "name", group->name);
    write_members(json, directory, group->id);
}

void people_groups_list(void *context, struct http_request *request)
{
    people_answer_objects(request, context, DIRECTORY_GROUP, "groups", write_group);
}

void people_group_create(void *context, struct http_request *request)
{
    static const struct people_field fields[] = {{"name", PEOPLE_TEXT}, {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    const char *name = root ? people_take_new_name(context, request, root) : NULL;
    if (!name)
        return;
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_group group = {.id = id, .name = name, .created_ns = clock_unix_ns()};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_GROUP, &group};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", id);
    json_write_member_cstr(&json, "name", name);
    json_write_end_object(&json);
    people_note(request, "group made", name);
    reply_after(reply, context, &write, 1);
}

void people_group_delete(void *context, struct http_request *request)
{
    people_delete(context, request, DIRECTORY_GROUP, "Group");
}

void people_member_create(void *context, struct http_request *request)
{
    struct people_principal group, who;
    if (!people_take(context, request, http_request_value(request), "Group", &group))
        return;
    if (!people_may_grant(context, request, BYTES_LITERAL("/"))) /* the group's roles may be anywhere */
        return;
    static const struct people_field fields[] = {{"member", PEOPLE_TEXT}, {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    const char *name = root ? people_text(root, "member") : NULL;
    if (!root || !people_take(context, request, bytes_of_cstr(text_or(name, "")), NULL, &who))
        return;
    if (strcmp(who.type, "Group") == 0) {
        http_respond_failure(request, 400, "A group cannot be in a group.");
        return;
    }
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_member member = {.id = id, .group_id = group.id, .member_id = who.id};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_MEMBER, &member};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    people_note(request, "member added", group.name);
    reply_after(reply, context, &write, 1);
}

void people_member_delete(void *context, struct http_request *request)
{
    struct people_principal group, who;
    if (!people_take(context, request, http_request_value(request), "Group", &group) ||
        !people_take(context, request, http_request_second_value(request), NULL, &who) ||
        !people_may_grant(context, request, BYTES_LITERAL("/"))) /* as whoever adds one */
        return;
    const struct directory_member *member = NULL;
    while ((member = directory_next(context, DIRECTORY_MEMBER, member)))
        if (strcmp(member->group_id, group.id) == 0 && strcmp(member->member_id, who.id) == 0)
            break;
    if (!member) {
        http_respond_failure(request, 404, "That is no member of the group.");
        return;
    }
    const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_MEMBER, member};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    people_note(request, "member removed", group.name);
    reply_after(reply, context, &write, 1);
}
