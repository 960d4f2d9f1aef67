/* SPDX-License-Identifier: MIT */
/* sign_in.c — the routes, the documents that say where everything is, refusals, and the sweep. */
#include "svc/directory/sign_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/sip_hash.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/key_end.h"
#include "svc/directory/sign_in_internal.h"
#include "wire/json/json.h"

#define AREA          "audit"
#define SWEEP_NS      (60 * NS_PER_S)
#define FORGIVEN_NS   (60 * NS_PER_S) /* failures are forgotten behind so long a pause */
#define FREE_FAILURES 3
#define STEP_NS       (NS_PER_S / 4) /* an answer is later by so much for each further one … */
#define STEPS_MAX     20             /* … up to so many */
#define LATE_MAX      256            /* answers that wait at one time */
#define OBJECT_SIZE   80             /* of an object's name in the audit log */

/* --- refusals --- */

static void answer_json(struct http_request *request, int http_status, const struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, http_status, "application/json; charset=utf-8", buf_peek(json->out));
    else
        http_respond_no_memory(request);
}

void sign_in_refuse(struct http_request *request, int http_status, const char *error, const char *description)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body, .replace_invalid = true};
    if (!error) {
        http_respond_failure(request, http_status, description);
        return;
    }
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "error", error);
    json_write_member_cstr(&json, "error_description", description);
    json_write_end_object(&json);
    answer_json(request, http_status, &json);
}

struct late_answer {
    struct loop_timer timer;
    struct sign_in *sign_in;
    struct http_request *request; /* NULL: the peer is gone */
    const char *error;            /* static, as the next */
    const char *description;
};

/* INVARIANT: `late` counts the answers that are being held back; each is taken off where it ends, here or when its
 * peer is gone. */
static void on_late(struct loop_timer *timer)
{
    struct late_answer *late = CONTAINER_OF(timer, struct late_answer, timer);
    late->sign_in->late--;
    if (late->request)
        sign_in_refuse(late->request, 401, late->error, late->description);
    free(late);
}

static void on_late_gone(void *context)
{
    struct late_answer *late = context;
    late->request = NULL;
    loop_timer_cancel(&late->timer);
    late->sign_in->late--;
    free(late);
}

/* By buckets of a keyed hash: memory that strangers cannot grow, and neighbours in a bucket that they cannot
 * choose. Who shares one with somebody under attack waits, too, for some seconds. */
static int64_t delay_of(struct sign_in *sign_in, const char *who)
{
    size_t at = sip_hash(sign_in->key, bytes_of_cstr(who)) % FAILURE_BUCKETS;
    int64_t now_ns = loop_now(sign_in->loop);
    if (now_ns - sign_in->failures[at].last_ns > FORGIVEN_NS)
        sign_in->failures[at].count = 0;
    sign_in->failures[at].last_ns = now_ns;
    unsigned count = ++sign_in->failures[at].count;
    return count <= FREE_FAILURES ? 0 : STEP_NS * MIN(count - FREE_FAILURES, (unsigned)STEPS_MAX);
}

/* An answer that is late holds a request; so there are so many at a time, and who comes beyond that is sent away
 * rather than answered at once. */
void sign_in_fail(struct sign_in *sign_in, struct http_request *request, const char *who, const char *error,
                  const char *description)
{
    int64_t delay_ns = delay_of(sign_in, who);
    sign_in_note_failure(sign_in, who, text_or(error, "access_denied"));
    struct late_answer *late = delay_ns > 0 && sign_in->late < LATE_MAX ? calloc(1, sizeof *late) : NULL;
    if (!late && delay_ns > 0) {
        http_respond_failure(request, 503, "too many failed sign-ins at once: come again");
        return;
    }
    log_warn(AREA, "sign-in failed delay_ms=%lld", (long long)(delay_ns / NS_PER_MS));
    if (!late) {
        sign_in_refuse(request, 401, error, description);
        return;
    }
    *late = (struct late_answer){.timer.on_fire = on_late,
                                 .sign_in = sign_in,
                                 .request = request,
                                 .error = error,
                                 .description = description};
    if (loop_timer_set(sign_in->loop, &late->timer, loop_now(sign_in->loop) + delay_ns) != STATUS_OK) {
        free(late);
        sign_in_refuse(request, 401, error, description);
        return;
    }
    sign_in->late++;
    http_request_on_gone(request, on_late_gone, late);
}

/* --- what is told of it --- */

void sign_in_note(struct sign_in *sign_in, const struct sign_in_subject *subject, const char *how)
{
    struct bytes id = bytes_of_cstr(subject->object_id);
    const struct directory_application *application =
        directory_find(sign_in->options.directory, DIRECTORY_APPLICATION, "id", id);
    const char *name = application ? application->name : subject->name;
    char object[OBJECT_SIZE];
    snprintf(object, sizeof object, "%s/%.60s", application ? "applications" : "people", subject->object_id);
    const struct witness_event event = {.action = AUDIT_SIGN_IN_SUCCEEDED,
                                        .actor_id = subject->object_id,
                                        .actor_name = text_or(name, ""),
                                        .object = bytes_of_cstr(object),
                                        .how = how};
    witness_tell(sign_in->witness, &event);
    log_info(AREA, "signed in principal=\"%.80s\" id=%.60s how=%s", text_or(subject->name, "application"),
             subject->object_id, how);
}

/* A name that is nobody's is not written down: people type their secret there, too. */
void sign_in_note_failure(struct sign_in *sign_in, const char *who, const char *cause)
{
    struct directory *directory = sign_in->options.directory;
    const struct directory_person *person =
        directory_find(directory, DIRECTORY_PERSON, "name", bytes_of_cstr(who));
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "client_id", bytes_of_cstr(who));
    char object[OBJECT_SIZE] = "sign-in";
    if (person)
        snprintf(object, sizeof object, "people/%.60s", person->id);
    else if (application)
        snprintf(object, sizeof object, "applications/%.60s", application->id);
    const struct witness_event event = {
        .action = AUDIT_SIGN_IN_FAILED, .object = bytes_of_cstr(object), .cause = bytes_of_cstr(cause)};
    witness_tell(sign_in->witness, &event);
}

void sign_in_record(struct sign_in *sign_in, struct witness *witness)
{
    sign_in->witness = witness;
}

/* --- where we are --- */

bool sign_in_take_tenant(struct sign_in *sign_in, struct http_request *request)
{
    static const char *const any[] = {"common", "organizations", "adfs", "sallyport"};
    struct bytes tenant = http_request_value(request);
    if (bytes_equal_nocase(tenant, bytes_of_cstr(directory_tenant(sign_in->options.directory)->id)))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(any); i++)
        if (bytes_equal_nocase(tenant, bytes_of_cstr(any[i])))
            return true;
    sign_in_refuse(request, 400, "invalid_tenant", "There is no such tenant here; \"common\" will do.");
    return false;
}

/* --- documents --- */

/* CS-01. Where a client of the cloud would go for a service that is not here, it finds us and no such route. */
static void write_endpoints(struct json_writer *json, const char *base)
{
    static const char *const own[] = {
        "portal",         "resourceManager",          "graph",   "graphAudience",           "media",
        "batch",          "microsoftGraphResourceId", "gallery", "activeDirectoryDataLake", "sqlManagement",
        "vmImageAliasDoc"};
    static const char *const suffixes[] = {"acrLoginServer",
                                           "keyVaultDns",
                                           "storage",
                                           "sqlServerHostname",
                                           "azureDataLakeStoreFileSystem",
                                           "azureDataLakeAnalyticsCatalogAndJob",
                                           "mhsmDns",
                                           "storageSyncEndpointSuffix",
                                           "synapseAnalytics",
                                           "mysqlServerEndpoint",
                                           "postgresqlServerEndpoint",
                                           "mariadbServerEndpoint"};
    json_write_begin_object(json);
    json_write_member_cstr(json, "name", "Sallyport");
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        json_write_member_cstr(json, own[i], base);
    json_write_key(json, "suffixes");
    json_write_begin_object(json);
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
        json_write_member_cstr(json, suffixes[i], "sallyport.invalid");
    json_write_end_object(json);
    json_write_key(json, "authentication");
    json_write_begin_object(json);
    json_write_member_cstr(json, "loginEndpoint", base);
    json_write_key(json, "audiences");
    json_write_begin_array(json);
    json_write_cstr(json, base);
    json_write_end_array(json);
    json_write_member_cstr(json, "tenant", "common");
    json_write_member_cstr(json, "identityProvider", "AAD");
    json_write_end_object(json);
    json_write_end_object(json);
}

static void metadata_endpoints(void *context, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    const char *base = sign_in_base(request);
    struct bytes version = http_request_query(request, "api-version");
    bool list = version.size > 0 && bytes_compare(version, BYTES_LITERAL("2022")) < 0;
    if (list)
        json_write_begin_array(&json);
    write_endpoints(&json, text_or(base, ""));
    if (list)
        json_write_end_array(&json);
    answer_json(request, 200, &json);
}

static void write_url(struct json_writer *json, const char *name, const char *base, const char *path)
{
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append_cstr(&url, base);
    buf_append_cstr(&url, path);
    json_write_member_string(json, name, buf_peek(&url));
}

static void write_texts(struct json_writer *json, const char *name, const char *const *texts, size_t count)
{
    json_write_key(json, name);
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++)
        json_write_cstr(json, texts[i]);
    json_write_end_array(json);
}

/* CS-02 */
static void openid_configuration(void *context, struct http_request *request)
{
    static const char *const methods[] = {"client_secret_post", "private_key_jwt"};
    static const char *const responses[] = {"code"};
    static const char *const modes[] = {"query", "form_post"};
    static const char *const algorithms[] = {"ES256"};
    static const char *const subjects[] = {"public"};
    static const char *const scopes[] = {"openid", "profile", "email", "offline_access"};
    static const char *const challenges[] = {"S256"};
    struct sign_in *sign_in = context;
    if (!sign_in_take_tenant(sign_in, request))
        return;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    const char *base = arena_fmt(http_request_arena(request), "%s/%s", sign_in_base(request),
                                 directory_tenant(sign_in->options.directory)->id);
    json_write_begin_object(&json);
    write_url(&json, "issuer", base, "/v2.0");
    write_url(&json, "token_endpoint", base, "/oauth2/v2.0/token");
    write_url(&json, "authorization_endpoint", base, "/oauth2/v2.0/authorize");
    write_url(&json, "device_authorization_endpoint", base, "/oauth2/v2.0/devicecode");
    write_url(&json, "jwks_uri", base, "/discovery/v2.0/keys");
    write_texts(&json, "token_endpoint_auth_methods_supported", methods, ARRAY_SIZE(methods));
    write_texts(&json, "response_types_supported", responses, ARRAY_SIZE(responses));
    write_texts(&json, "response_modes_supported", modes, ARRAY_SIZE(modes));
    write_texts(&json, "id_token_signing_alg_values_supported", algorithms, ARRAY_SIZE(algorithms));
    write_texts(&json, "subject_types_supported", subjects, ARRAY_SIZE(subjects));
    write_texts(&json, "scopes_supported", scopes, ARRAY_SIZE(scopes));
    write_texts(&json, "code_challenge_methods_supported", challenges, ARRAY_SIZE(challenges));
    json_write_end_object(&json);
    answer_json(request, 200, &json);
}

/* CS-03 */
static void discovery_instance(void *context, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    struct bytes host = http_request_header(request, "host");
    const char *base = sign_in_base(request);
    json_write_begin_object(&json);
    write_url(&json, "tenant_discovery_endpoint", text_or(base, ""),
              "/common/v2.0/.well-known/openid-configuration");
    json_write_member_cstr(&json, "api-version", "1.1");
    json_write_key(&json, "metadata");
    json_write_begin_array(&json);
    json_write_begin_object(&json);
    json_write_member_string(&json, "preferred_network", host);
    json_write_member_string(&json, "preferred_cache", host);
    json_write_key(&json, "aliases");
    json_write_begin_array(&json);
    json_write_string(&json, host);
    json_write_end_array(&json);
    json_write_end_object(&json);
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_json(request, 200, &json);
}

/* CS-06 */
static void keys(void *context, struct http_request *request)
{
    struct sign_in *sign_in = context;
    CLEANUP(buf_fini) struct buf body = {0};
    if (!sign_in_take_tenant(sign_in, request))
        return;
    if (token_keys_publish(sign_in->options.keys, &body) == STATUS_OK)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(&body));
    else
        http_respond_no_memory(request);
}

/* --- routes --- */

static const struct http_route routes[] = {
    {"GET", "/metadata/endpoints", "api-version", ACCESS_ANYONE, .handle = metadata_endpoints,
     .summary = "What a command line of the cloud needs to know"},
    {"GET", "/{tenant}/v2.0/.well-known/openid-configuration", "", ACCESS_ANYONE,
     .handle = openid_configuration, .summary = "Where the token service has what"},
    {"GET", "/{tenant}/.well-known/openid-configuration", "", ACCESS_ANYONE, .handle = openid_configuration,
     .summary = "The same"},
    {"GET", "/{tenant}/discovery/instance", "api-version authorization_endpoint", ACCESS_ANYONE,
     .handle = discovery_instance, .summary = "That this host is its own alias"},
    {"GET", "/{tenant}/discovery/v2.0/keys", "", ACCESS_ANYONE, .handle = keys,
     .summary = "Keys that sign tokens, as a JWK set"},
    {"GET", "/{tenant}/discovery/keys", "", ACCESS_ANYONE, .handle = keys, .summary = "The same"},
    {"POST", "/{tenant}/oauth2/v2.0/token", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED, .handle = sign_in_token,
     .summary = "A grant for tokens"},
    {"POST", "/{tenant}/oauth2/token", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED, .handle = sign_in_token,
     .summary = "The same, with a resource in place of a scope"},
    {"POST", "/{tenant}/oauth2/v2.0/devicecode", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED,
     .handle = sign_in_device_code, .summary = "A code that is confirmed on another device"},
    {"GET", "/device", "code", ACCESS_ANYONE, .page = true, .handle = sign_in_device_page,
     .summary = "The page where it is confirmed"},
    {"POST", "/device", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED, .handle = sign_in_device_confirm,
     .summary = "Confirm or refuse"},
    {"GET", "/{tenant}/oauth2/v2.0/authorize",
     "client_id redirect_uri state scope code_challenge code_challenge_method response_type response_mode "
     "nonce",
     ACCESS_ANYONE, .page = true, .handle = sign_in_authorize_page,
     .summary = "The page where people sign in"},
    {"POST", "/{tenant}/oauth2/v2.0/authorize", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED,
     .handle = sign_in_authorize, .summary = "Sign in: back to the application with a code"},
};

struct http_part sign_in_part(struct sign_in *sign_in)
{
    return (struct http_part){.name = "sign-in",
                              .prefix = "",
                              .claims = "/metadata/",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {64 << 10, 64 << 10, 64 << 10},
                              .context = sign_in};
}

/* --- life --- */

static void sweep(struct sign_in *sign_in)
{
    int64_t now_ns = clock_unix_ns();
    const struct directory_ticket *ticket = NULL;
    struct directory *directory = sign_in->options.directory;
    while ((ticket = directory_next(directory, DIRECTORY_TICKET, ticket))) {
        const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_TICKET, ticket};
        if (ticket->expires_ns <= now_ns)
            directory_write(directory, &write, 1, NULL);
    }
    key_end_all(directory, now_ns);
    token_keys_tend(sign_in->options.keys, now_ns);
}

static void on_timer(struct loop_timer *timer)
{
    struct sign_in *sign_in = CONTAINER_OF(timer, struct sign_in, timer);
    sweep(sign_in);
    if (loop_timer_set(sign_in->loop, &sign_in->timer, loop_now(sign_in->loop) + SWEEP_NS) != STATUS_OK)
        log_error("svc/directory", "out of memory: what is over is not swept any more");
}

enum status sign_in_create(struct loop *loop, const struct sign_in_options *options,
                           struct sign_in **ret_sign_in, struct err *err)
{
    struct sign_in *sign_in = calloc(1, sizeof *sign_in);
    if (!sign_in)
        return err_no_memory(err);
    sign_in->loop = loop;
    sign_in->options = *options;
    sign_in->timer.on_fire = on_timer;
    ticket_ends_init(&sign_in->ends, options->directory);
    entropy_fill(sign_in->key, sizeof sign_in->key);
    entropy_fill(sign_in->devices.key, sizeof sign_in->devices.key);
    on_timer(&sign_in->timer);
    *ret_sign_in = sign_in;
    return STATUS_OK;
}

void sign_in_destroy(struct sign_in *sign_in)
{
    if (!sign_in)
        return;
    loop_timer_cancel(&sign_in->timer);
    directory_settle(sign_in->options.directory); /* who waits for it is ours */
    free(sign_in);
}

/* --- for the page --- */

const char *sign_in_by_secret(struct sign_in *sign_in, struct http_request *request, const char *name,
                              const char *secret)
{
    const struct directory_person *person = sign_in_person(sign_in, name, secret);
    if (!person) {
        sign_in_fail(sign_in, request, name, NULL, "The name or the secret is not right.");
        return NULL;
    }
    const struct sign_in_subject subject = {
        .object_id = person->id, .client_id = "page", .name = person->name};
    sign_in_note(sign_in, &subject, "page, by secret");
    return person->id;
}

const struct directory_ticket *sign_in_by_device(struct sign_in *sign_in, const char *code,
                                                 const char *client, bool *ret_waits)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_of_cstr(code), hash);
    struct directory *directory = sign_in->options.directory;
    const struct directory_ticket *ticket =
        directory_find(directory, DIRECTORY_TICKET, "hash", bytes_of_cstr(hash));
    bool counts = ticket && ticket->type == DIRECTORY_DEVICE && strcmp(ticket->client_id, client) == 0 &&
                  !ticket->refused && ticket->expires_ns > clock_unix_ns();
    *ret_waits = counts && !ticket->principal_id[0];
    if (!counts || *ret_waits)
        return NULL;
    const struct directory_person *person =
        directory_find(directory, DIRECTORY_PERSON, "id", bytes_of_cstr(ticket->principal_id));
    if (!person || person->disabled)
        return NULL;
    const struct sign_in_subject subject = {
        .object_id = person->id, .client_id = client, .name = person->name};
    sign_in_note(sign_in, &subject, "page, by device");
    return ticket;
}

void sign_in_believed(struct sign_in *sign_in, const struct principal *principal, const char *how)
{
    const struct sign_in_subject subject = {.object_id = principal->id, .name = principal->name};
    sign_in_note(sign_in, &subject, how);
}
