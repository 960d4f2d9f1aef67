/* SPDX-License-Identifier: MIT */
/* managed_identity.c — parts: who is admitted; which identity a request means; the answer. A request is judged in this order:
 * the path, the header, the version, the resource, the identity. Before the header is good, nothing is said of the rest. */
#include "svc/directory/managed_identity.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define AREA    "svc/directory"
#define VERSION "2019-08-01"

struct managed_program {
    char name[MANAGED_IDENTITY_NAME_SIZE]; /* "": free */
    char hash[SECRET_HASH_SIZE + 1];
    char object_ids[MANAGED_IDENTITIES_MAX][GUID_TEXT_SIZE + 1];
    size_t count;
};

struct managed_identity {
    struct directory *directory;
    struct token_keys *keys;
    char *issuer_base;
    struct managed_program programs[MANAGED_IDENTITY_PROGRAMS];
};

enum status managed_identity_create(struct directory *directory, struct token_keys *keys,
                                    const char *issuer_base, struct managed_identity **ret_identity,
                                    struct err *err)
{
    struct managed_identity *identity = calloc(1, sizeof *identity);
    char *copy = strdup(issuer_base);
    if (!identity || !copy) {
        free(identity);
        free(copy);
        return err_no_memory(err);
    }
    identity->directory = directory;
    identity->keys = keys;
    identity->issuer_base = copy;
    *ret_identity = identity;
    return STATUS_OK;
}

void managed_identity_destroy(struct managed_identity *identity)
{
    if (!identity)
        return;
    free(identity->issuer_base);
    free(identity);
}

/* --- who is admitted --- */

static struct managed_program *find_named(struct managed_identity *identity, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(identity->programs); i++)
        if (strcmp(identity->programs[i].name, name) == 0)
            return &identity->programs[i];
    return NULL;
}

enum status managed_identity_admit(struct managed_identity *identity, const char *program,
                                   const char *const *object_ids, size_t count,
                                   char ret_secret[SECRET_TEXT_SIZE + 1], struct err *err)
{
    struct managed_program admitted = {.count = count};
    if (count > MANAGED_IDENTITIES_MAX || !*program || strlen(program) >= sizeof admitted.name)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a program has up to %d identities, and a name",
                       MANAGED_IDENTITIES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strlen(object_ids[i]) != GUID_TEXT_SIZE)
            return err_set(err, STATUS_INVALID_ARGUMENT, "an identity's id is no GUID");
        memcpy(admitted.object_ids[i], object_ids[i], GUID_TEXT_SIZE + 1);
    }
    struct managed_program *place = find_named(identity, program);
    ret_secret[0] = '\0';
    if (place)
        *place = (struct managed_program){.count = 0};
    if (count == 0)
        return STATUS_OK;
    if (!place)
        place = find_named(identity, "");
    if (!place)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "more than %d programs with a managed identity",
                       MANAGED_IDENTITY_PROGRAMS);
    memcpy(admitted.name, program, strlen(program) + 1);
    secret_make(MANAGED_IDENTITY_SECRET, ret_secret);
    secret_hash(bytes_of_cstr(ret_secret), admitted.hash);
    *place = admitted;
    return STATUS_OK;
}

/* All are compared, so that the time says nothing of which one is near. */
static const struct managed_program *find_by_secret(const struct managed_identity *identity,
                                                    struct bytes secret)
{
    char hash[SECRET_HASH_SIZE + 1];
    const struct managed_program *found = NULL;
    secret_hash(secret, hash);
    for (size_t i = 0; i < ARRAY_SIZE(identity->programs); i++) {
        const struct managed_program *program = &identity->programs[i];
        if (program->name[0] && secret_equal(bytes_of_cstr(program->hash), bytes_of_cstr(hash)))
            found = program;
    }
    return found;
}

/* --- which identity is meant --- */

static const char *client_id_of(const struct directory_application *application)
{
    return application->client_id;
}

static const char *object_id_of(const struct directory_application *application)
{
    return application->id;
}

static const char *resource_id_of(const struct directory_application *application)
{
    return application->resource_id;
}

/* How a request names one of several; as the cloud's form has them, and as newer clients do. */
static const struct {
    const char *parameter;
    const char *(*value)(const struct directory_application *application);
} selectors[] = {
    {"client_id", client_id_of}, {"clientid", client_id_of},    {"principal_id", object_id_of},
    {"object_id", object_id_of}, {"mi_res_id", resource_id_of}, {"msi_res_id", resource_id_of},
};

static bool is_meant(struct http_request *request, const struct directory_application *application)
{
    for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
        struct bytes wanted = http_request_query(request, selectors[i].parameter);
        if (wanted.data && !bytes_equal_nocase(wanted, bytes_of_cstr(selectors[i].value(application))))
            return false;
    }
    return true;
}

/* NULL: the program has no such identity, whoever else may have it. */
static const struct directory_application *choose(const struct managed_identity *identity,
                                                  const struct managed_program *program,
                                                  struct http_request *request)
{
    for (size_t i = 0; i < program->count; i++) {
        const struct directory_application *application = directory_find(
            identity->directory, DIRECTORY_APPLICATION, "id", bytes_of_cstr(program->object_ids[i]));
        if (application && !application->disabled && is_meant(request, application))
            return application;
    }
    return NULL;
}

/* --- the answer --- */

/* As the cloud's service says it, which the SDKs read. */
static void refuse(struct http_request *request, int http_status, const char *message)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_int(&json, "statusCode", http_status);
    json_write_member_cstr(&json, "message", message);
    json_write_end_object(&json);
    http_respond(request, http_status, "application/json", buf_peek(&body));
}

static void grant(struct http_request *request, const struct directory_application *application,
                  struct bytes resource, struct bytes token, int64_t now_ns)
{
    CLEANUP(buf_fini) struct buf body = {0};
    char until[24];
    snprintf(until, sizeof until, "%lld", (long long)(now_ns / NS_PER_S + TOKEN_LIFETIME_S));
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_string(&json, "access_token", token);
    json_write_member_cstr(&json, "expires_on", until);
    json_write_member_string(&json, "resource", resource);
    json_write_member_cstr(&json, "token_type", "Bearer");
    json_write_member_cstr(&json, "client_id", application->client_id);
    json_write_end_object(&json);
    if (json_write_status(&json) == STATUS_OK)
        http_respond(request, 200, "application/json", buf_peek(&body));
    else
        refuse(request, 500, ERR_NO_MEMORY);
    if (body.data)
        explicit_bzero(body.data, body.size);
}

static void mint(const struct managed_identity *identity, const struct managed_program *program,
                 const struct directory_application *application, struct bytes resource,
                 struct http_request *request)
{
    CLEANUP(buf_fini) struct buf token = {0};
    struct err err = {0};
    int64_t now_ns = clock_unix_ns();
    const struct token_wish wish = {.issuer_base = identity->issuer_base,
                                    .audience = resource,
                                    .object_id = application->id,
                                    .client_id = application->client_id};
    enum status status = token_mint(identity->keys, &wish, now_ns, &token, &err);
    if (status == STATUS_OK) {
        log_debug(AREA, "managed identity name=\"%s\" program=\"%s\"", application->name, program->name);
        grant(request, application, resource, buf_peek(&token), now_ns);
    } else {
        refuse(request, status == STATUS_INVALID_ARGUMENT ? 400 : 500, err.text);
    }
    if (token.data)
        explicit_bzero(token.data, token.size);
}

static void on_request(void *context, struct http_request *request)
{
    const struct managed_identity *identity = context;
    if (!bytes_equal_cstr(http_request_path(request), MANAGED_IDENTITY_PATH)) {
        refuse(request, 404, "this server has " MANAGED_IDENTITY_PATH " and nothing else");
        return;
    }
    if (!bytes_equal_cstr(http_request_method(request), "GET")) {
        refuse(request, 405, "ask with GET");
        return;
    }
    const struct managed_program *program =
        find_by_secret(identity, http_request_header(request, "x-identity-header"));
    if (!program) {
        refuse(request, 401, "the header X-IDENTITY-HEADER is not that of a program that runs here");
        return;
    }
    struct bytes version = http_request_query(request, "api-version");
    struct bytes resource = http_request_query(request, "resource");
    if (!bytes_equal_cstr(version, VERSION) || !resource.size) {
        refuse(request, 400, resource.size ? "api-version must be " VERSION : "resource is missing");
        return;
    }
    const struct directory_application *application = choose(identity, program, request);
    if (application)
        mint(identity, program, application, resource, request);
    else
        refuse(request, 400, "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.");
}

struct http_handler managed_identity_handler(struct managed_identity *identity)
{
    return (struct http_handler){.on_request = on_request, .context = identity};
}
