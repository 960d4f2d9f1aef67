/* SPDX-License-Identifier: MIT */
/* graph.c — people and applications in the words of Microsoft Graph 1.0, as far as command lines and SDKs ask for them: one object
 * by id or name, lists with a $filter, several by their ids, and whoever asks. Reads only. */
#include "base/no_memory.h"
#include "base/text.h"
#include "svc/directory/people.h"
#include "wire/json/json.h"
#include "wire/odata_filter.h"

#define IDS_MAX 1000 /* of one question */

/* --- objects --- */

/* A field by its name; NULL: the object has none of that name. */
static const char *person_field(const void *object, struct bytes field)
{
    const struct directory_person *person = object;
    if (bytes_equal_cstr(field, "id"))
        return person->id;
    if (bytes_equal_cstr(field, "userPrincipalName") || bytes_equal_cstr(field, "mail"))
        return person->name;
    return bytes_equal_cstr(field, "displayName") ? person->display_name : NULL;
}

static const char *application_field(const void *object, struct bytes field)
{
    const struct directory_application *application = object;
    if (bytes_equal_cstr(field, "id"))
        return application->id;
    if (bytes_equal_cstr(field, "appId") || bytes_equal_cstr(field, "servicePrincipalNames"))
        return application->client_id;
    return bytes_equal_cstr(field, "displayName") ? application->name : NULL;
}

static const char *group_field(const void *object, struct bytes field)
{
    const struct directory_group *group = object;
    if (bytes_equal_cstr(field, "id"))
        return group->id;
    return bytes_equal_cstr(field, "displayName") ? group->name : NULL;
}

static void write_person(struct json_writer *json, const void *object)
{
    const struct directory_person *person = object;
    json_write_member_cstr(json, "@odata.type", "#microsoft.graph.user");
    json_write_member_cstr(json, "id", person->id);
    json_write_member_cstr(json, "userPrincipalName", person->name);
    json_write_member_cstr(json, "displayName", person->display_name);
    json_write_member_cstr(json, "mail", person->name);
    json_write_member_bool(json, "accountEnabled", !person->disabled);
}

static void write_application(struct json_writer *json, const void *object)
{
    const struct directory_application *application = object;
    bool managed = application->resource_id[0] != '\0';
    json_write_member_cstr(json, "@odata.type", "#microsoft.graph.servicePrincipal");
    json_write_member_cstr(json, "id", application->id);
    json_write_member_cstr(json, "appId", application->client_id);
    json_write_member_cstr(json, "displayName", application->name);
    json_write_member_cstr(json, "appDisplayName", application->name);
    json_write_member_cstr(json, "servicePrincipalType", managed ? "ManagedIdentity" : "Application");
    json_write_member_bool(json, "accountEnabled", !application->disabled);
    json_write_key(json, "servicePrincipalNames");
    json_write_begin_array(json);
    json_write_cstr(json, application->client_id);
    json_write_end_array(json);
}

static void write_group(struct json_writer *json, const void *object)
{
    const struct directory_group *group = object;
    json_write_member_cstr(json, "@odata.type", "#microsoft.graph.group");
    json_write_member_cstr(json, "id", group->id);
    json_write_member_cstr(json, "displayName", group->name);
}

static const struct graph_kind {
    enum directory_kind kind;
    const char *name; /* the second way to find one, by a unique field */
    const char *(*field)(const void *object, struct bytes field);
    void (*write)(struct json_writer *json, const void *object);
} people = {DIRECTORY_PERSON, "name", person_field, write_person},
  applications = {DIRECTORY_APPLICATION, "client_id", application_field, write_application},
  groups = {DIRECTORY_GROUP, "name", group_field, write_group};

/* --- answers --- */

#define JSON_TYPE "application/json; charset=utf-8"

static void write_fault(struct buf *out, const char *code, const char *message)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "error");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "code", code);
    json_write_member_cstr(&json, "message", message);
    json_write_end_object(&json);
    json_write_end_object(&json);
}

static void refuse(struct http_request *request, int http_status, const char *code, const char *message)
{
    CLEANUP(buf_fini) struct buf body = {0};
    write_fault(&body, code, message);
    http_respond(request, http_status, JSON_TYPE, buf_peek(&body));
}

static void write_error(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    static const struct {
        int http_status;
        const char *code;
    } codes[] = {
        {401, "InvalidAuthenticationToken"}, {403, "Authorization_RequestDenied"}, {404, "ResourceNotFound"}};
    const char *code = "BadRequest";
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].http_status == http_status)
            code = codes[i].code;
    write_fault(ret_body, code, text_or(detail, ""));
    *ret_content_type = JSON_TYPE;
}

static void answer(struct http_request *request, const struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, 200, JSON_TYPE, buf_peek(json->out));
    else
        refuse(request, 503, "serviceNotAvailable", ERR_NO_MEMORY);
}

/* --- one --- */

static void answer_one(const struct directory *directory, struct http_request *request,
                       const struct graph_kind *kind, struct bytes id)
{
    const void *object = directory_find(directory, kind->kind, "id", id);
    if (!object)
        object = directory_find(directory, kind->kind, kind->name, id);
    if (!object) {
        refuse(request, 404, "Request_ResourceNotFound", "There is no such object in the directory.");
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body, .replace_invalid = true};
    json_write_begin_object(&json);
    kind->write(&json, object);
    json_write_end_object(&json);
    answer(request, &json);
}

static void user_get(void *context, struct http_request *request)
{
    answer_one(context, request, &people, http_request_value(request));
}

static void application_get(void *context, struct http_request *request)
{
    answer_one(context, request, &applications, http_request_value(request));
}

static void group_get(void *context, struct http_request *request)
{
    answer_one(context, request, &groups, http_request_value(request));
}

static void me(void *context, struct http_request *request)
{
    struct bytes id = bytes_of_cstr(http_request_principal(request)->id);
    bool person = directory_find(context, DIRECTORY_PERSON, "id", id) != NULL;
    answer_one(context, request, person ? &people : &applications, id);
}

/* --- lists --- */

static bool term_matches(const struct graph_kind *kind, const void *object, const struct odata_term *term)
{
    const char *value = kind->field(object, term->name);
    if (!value || term->kind == ODATA_CALL)
        return false;
    return term->kind == ODATA_PREFIX ? bytes_starts_with_nocase(bytes_of_cstr(value), term->text)
                                      : bytes_equal_nocase(bytes_of_cstr(value), term->text);
}

static bool matches(const struct graph_kind *kind, const void *object, const struct odata_filter *filter)
{
    size_t count = 0;
    for (size_t i = 0; i < filter->count; i++)
        count += term_matches(kind, object, &filter->terms[i]);
    return filter->all ? count == filter->count : count > 0 || filter->count == 0;
}

static void answer_list(const struct directory *directory, struct http_request *request,
                        const struct graph_kind *kind)
{
    struct odata_filter filter;
    struct err err = {0};
    const void *object = NULL;
    if (odata_filter_read(http_request_query(request, "$filter"), http_request_arena(request), &filter,
                          &err) != STATUS_OK) {
        refuse(request, 400, "Request_UnsupportedQuery", err.text);
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "value");
    json_write_begin_array(&json);
    while ((object = directory_next(directory, kind->kind, object))) {
        if (!matches(kind, object, &filter))
            continue;
        json_write_begin_object(&json);
        kind->write(&json, object);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer(request, &json);
}

static void users_list(void *context, struct http_request *request)
{
    answer_list(context, request, &people);
}

static void applications_list(void *context, struct http_request *request)
{
    answer_list(context, request, &applications);
}

static void groups_list(void *context, struct http_request *request)
{
    answer_list(context, request, &groups);
}

static void write_by_id(struct json_writer *json, const struct directory *directory, struct bytes id)
{
    static const struct graph_kind *const kinds[] = {&people, &applications, &groups};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const void *object = directory_find(directory, kinds[i]->kind, "id", id);
        if (!object)
            continue;
        json_write_begin_object(json);
        kinds[i]->write(json, object);
        json_write_end_object(json);
        return;
    }
}

static void get_by_ids(void *context, struct http_request *request)
{
    static const struct json_limits limits = {.depth_max = 4, .values_max = 2 * IDS_MAX};
    CLEANUP(json_release) json_t *root = NULL;
    struct err err = {0};
    if (json_parse(http_request_body(request), &limits, &root, &err) != STATUS_OK ||
        !json_is_array(json_object_get(root, "ids")) ||
        json_array_size(json_object_get(root, "ids")) > IDS_MAX) {
        refuse(request, 400, "Request_BadRequest", "The body has an array \"ids\" of at most 1000.");
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "value");
    json_write_begin_array(&json);
    const json_t *ids = json_object_get(root, "ids");
    for (size_t i = 0; i < json_array_size(ids); i++)
        write_by_id(&json, context, json_bytes(json_array_get(ids, i)));
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer(request, &json);
}

/* --- routes --- */

#define QUERY "$filter $select $top $count"

static const struct http_route routes[] = {
    {"GET", "/v1.0/me", "$select", ACCESS_SIGNED_IN, .handle = me, .summary = "Whoever asks"},
    {"GET", "/v1.0/users", QUERY, ACCESS_DIRECTORY_READ, .handle = users_list, .summary = "People"},
    {"GET", "/v1.0/users/{id}", "$select", ACCESS_DIRECTORY_READ, .handle = user_get,
     .summary = "A person by id or name"},
    {"GET", "/v1.0/groups", QUERY, ACCESS_DIRECTORY_READ, .handle = groups_list, .summary = "Groups"},
    {"GET", "/v1.0/groups/{id}", "$select", ACCESS_DIRECTORY_READ, .handle = group_get,
     .summary = "A group by id or name"},
    {"GET", "/v1.0/servicePrincipals", QUERY, ACCESS_DIRECTORY_READ, .handle = applications_list,
     .summary = "Applications"},
    {"GET", "/v1.0/servicePrincipals/{id}", "$select", ACCESS_DIRECTORY_READ, .handle = application_get,
     .summary = "An application by id or client id"},
    {"POST", "/v1.0/directoryObjects/getByIds", "", ACCESS_DIRECTORY_READ, HTTP_TYPE_JSON,
     .handle = get_by_ids, .summary = "Several by their ids"},
};

struct http_part graph_part(struct directory *directory)
{
    return (struct http_part){.name = "graph",
                              .where = "/control/directory",
                              .prefix = "",
                              .claims = "/v1.0",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {64 << 10, 64 << 10, 64 << 10},
                              .write_error = write_error,
                              .context = directory};
}
