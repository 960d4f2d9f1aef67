/* SPDX-License-Identifier: MIT */
/* people_request.c — bodies and names come in here, lists go out. */
#include "svc/directory/people_request.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/log.h"
#include "net/http_link.h"
#include "os/clock.h"
#include "svc/directory/people_page.h"

#define AREA          "audit"
#define NAME_SIZE_MAX 200              /* bytes */
#define EXPIRY_MAX    (3650LL * 86400) /* seconds */

/* --- reading --- */

static bool is_text(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && *text && strlen(text) == json_string_length(value);
}

static bool is_shown(const json_t *value)
{
    return is_text(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static bool is_seconds(const json_t *value)
{
    int64_t seconds;
    return json_whole(value, &seconds) && seconds > 0;
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static const struct {
    bool (*holds)(const json_t *value);
    const char *words;
} kinds[] = {
    [PEOPLE_TEXT] = {is_text, "a text that is not empty"},
    [PEOPLE_SHOWN] = {is_shown, "a text"},
    [PEOPLE_SECONDS] = {is_seconds, "a whole number above 0"},
    [PEOPLE_OBJECT] = {is_object, "an object"},
};

static const struct people_field *field_of(const struct people_field *fields, const char *name)
{
    while (fields->name && strcmp(fields->name, name) != 0)
        fields++;
    return fields->name ? fields : NULL;
}

bool people_check(struct http_request *request, const json_t *object, const struct people_field *fields)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const struct people_field *field = field_of(fields, name);
        bool absent = json_is_null(value) && field && field->kind != PEOPLE_OBJECT;
        if (absent || (field && kinds[field->kind].holds(value)))
            continue;
        struct bytes shown = bytes_utf8_prefix(bytes_of_cstr(name), 100);
        char text[200];
        if (field)
            (void)snprintf(text, sizeof text, "The member \"%s\" must be %s.", field->name,
                           kinds[field->kind].words);
        else
            (void)snprintf(text, sizeof text, "There is no member \"%.*s\" here.", BYTES_FMT(shown));
        http_respond_failure(request, 400, text);
        return false;
    }
    return true;
}

json_t *people_read_body(struct http_request *request, const struct people_field *fields)
{
    static const struct json_limits limits = {.depth_max = 8, .values_max = 1000};
    struct err err = {0};
    json_t *root = NULL;
    bool sound =
        json_parse(http_request_body(request), &limits, &root, &err) == STATUS_OK && json_is_object(root);
    if (!sound)
        http_respond_failure(request, 400, "The body must be a JSON object.");
    if (sound && people_check(request, root, fields))
        return root;
    json_decref(root);
    return NULL;
}

const char *people_text(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return is_text(value) ? json_string_value(value) : NULL;
}

/* A name that may stand in a command line and in a log, and reads as no other. */
static bool name_valid(const char *name)
{
    struct bytes text = bytes_of_cstr(name);
    for (size_t i = 0; i < text.size; i++)
        if (strchr("\"'\\<>`", text.data[i]))
            return false;
    return text.size > 0 && text.size <= NAME_SIZE_MAX && !hidden_in(text) &&
           bytes_trim(text).size == text.size;
}

const char *people_take_name(struct http_request *request, const json_t *root)
{
    const char *name = people_text(root, "name");
    if (name_valid(name))
        return name;
    http_respond_failure(request, 400,
                         "The member \"name\" must be a text of at most 200 bytes without quotes, hidden "
                         "characters and blanks at its ends.");
    return NULL;
}

const char *people_take_new_name(const struct directory *directory, struct http_request *request,
                                 const json_t *root)
{
    struct people_principal other;
    const char *name = people_take_name(request, root);
    if (!name || !people_find(directory, bytes_of_cstr(name), &other))
        return name;
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "There is somebody called so already, or with that id: %s.", other.type);
    buf_append_byte(&text, '\0');
    if (buf_status(&text) == STATUS_OK)
        http_respond_failure(request, 409, (const char *)text.data);
    else
        http_respond_no_memory(request);
    return NULL;
}

/* Of several applications of a name the oldest. */
static const struct directory_application *application_named(const struct directory *directory,
                                                             struct bytes name)
{
    const struct directory_application *named = NULL;
    while ((named = directory_next(directory, DIRECTORY_APPLICATION, named)))
        if (bytes_equal_nocase(bytes_of_cstr(named->name), name))
            return named;
    return NULL;
}

/* ORDER: ids before names, so that nobody is found in somebody else's place by being called as that one's id is. */
bool people_find(const struct directory *directory, struct bytes text, struct people_principal *ret_found)
{
    const struct directory_person *person = directory_find(directory, DIRECTORY_PERSON, "id", text);
    const struct directory_group *group = directory_find(directory, DIRECTORY_GROUP, "id", text);
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "id", text);
    if (!application)
        application = directory_find(directory, DIRECTORY_APPLICATION, "client_id", text);
    bool by_id = person || group || application;
    if (!by_id && !(person = directory_find(directory, DIRECTORY_PERSON, "name", text)) &&
        !(group = directory_find(directory, DIRECTORY_GROUP, "name", text)))
        application = application_named(directory, text);
    if (person)
        *ret_found = (struct people_principal){person->id, person->name, "User"};
    else if (group)
        *ret_found = (struct people_principal){group->id, group->name, "Group"};
    else if (application)
        *ret_found = (struct people_principal){application->id, application->name, "ServicePrincipal"};
    return person || group || application;
}

bool people_take(const struct directory *directory, struct http_request *request, struct bytes text,
                 const char *type, struct people_principal *ret_found)
{
    if (people_find(directory, text, ret_found) && (!type || strcmp(ret_found->type, type) == 0))
        return true;
    http_respond_failure(request, 404, "There is no such person, group or application.");
    return false;
}

int64_t people_expiry(const json_t *root, int64_t otherwise_ns)
{
    const json_t *seconds = json_object_get(root, "expiresInSeconds");
    int64_t now_ns = clock_unix_ns();
    int64_t count;
    if (json_whole(seconds, &count) && count > 0)
        return now_ns + MIN(count, EXPIRY_MAX) * NS_PER_S;
    return otherwise_ns ? now_ns + otherwise_ns : 0;
}

bool people_may_grant(const struct directory *directory, struct http_request *request, struct bytes scope)
{
    const struct principal *who = http_request_principal(request);
    if (access_may_grant(who, scope, directory_tenant(directory)->subscription_id))
        return true;
    struct bytes shown = bytes_utf8_prefix(scope, 100);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "What counts at %.*s is handed out by an Owner there: ", BYTES_FMT(shown));
    access_write_grant(ROLE_OWNER, who->name, shown, &text);
    buf_append_byte(&text, '\0');
    if (buf_status(&text) == STATUS_OK)
        http_respond_failure(request, 403, (const char *)text.data);
    else
        http_respond_no_memory(request);
    return false;
}

/* --- writing --- */

void people_write_time(struct json_writer *json, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    size_t size = unix_ns ? time_format(unix_ns, 0, text) : 0;
    if (size > 0)
        json_write_member_string(json, name, bytes_of(text, size));
}

void people_answer(struct http_request *request, struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(json->out));
    else
        http_respond_no_memory(request);
}

/* False without memory. */
static bool write_next(struct http_request *request, const struct directory *directory,
                       const struct people_page *page, struct json_writer *json)
{
    const char *next = people_page_next(page, directory, request);
    if (!next)
        return false;
    if (!*next)
        return true;
    json_write_member_cstr(json, "next", next);
    return http_link_next(request, http_request_route(request)->pattern, next);
}

void people_answer_objects(struct http_request *request, const struct directory *directory,
                           enum directory_kind kind, const char *name, people_write_object *write)
{
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(people_page_fini) struct people_page page = {0};
    struct json_writer json = {.out = &body};
    if (!people_page_begin(request, directory, kind, &page))
        return;
    json_write_begin_object(&json);
    json_write_key(&json, name);
    json_write_begin_array(&json);
    for (size_t i = page.from; i < page.until; i++) {
        json_write_begin_object(&json);
        write(&json, directory, page.objects[i]);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    bool whole = write_next(request, directory, &page, &json);
    json_write_end_object(&json);
    if (whole)
        people_answer(request, &json);
    else
        http_respond_no_memory(request);
}

void people_note(struct http_request *request, const char *what, const char *of)
{
    log_info(AREA, "%s of=\"%.100s\" by=\"%.80s\"", what, of, http_request_principal(request)->name);
}

void people_make_secret(const char *prefix, struct people_secret *secret)
{
    directory_guid(secret->id);
    secret_make(prefix, secret->text);
    secret_hash(bytes_of_cstr(secret->text), secret->hash);
    snprintf(secret->hint, sizeof secret->hint, "%.8s", secret->text);
}
