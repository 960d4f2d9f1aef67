/* SPDX-License-Identifier: MIT */
/* sign_in_client.c — whose secret, certificate or foreign token it is. What is told to the client is the same whatever was
 * wrong: whether a name exists must not show. */
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "crypto/jose.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/sign_in_internal.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define NO_SUCH        "there is no such application, secret, certificate or federated credential"

/* By the name and the scheme that the client used: a token's issuer must be what it will ask for again. */
const char *sign_in_base(struct http_request *request)
{
    struct bytes host = http_request_header(request, "host");
    if (host.size == 0)
        host = BYTES_LITERAL("localhost");
    return arena_fmt(http_request_arena(request), "%s://%.*s", http_request_scheme(request), BYTES_FMT(host));
}

/* The next credential of an owner and type that counts now; NULL at the end. */
static const struct directory_credential *next_credential(const struct sign_in *sign_in, const char *owner_id,
                                                          enum directory_credential_type type,
                                                          const struct directory_credential *after)
{
    int64_t now_ns = clock_unix_ns();
    while ((after = directory_next(sign_in->options.directory, DIRECTORY_CREDENTIAL, after)))
        if (after->type == type && strcmp(after->owner_id, owner_id) == 0 &&
            (!after->expires_ns || now_ns < after->expires_ns))
            return after;
    return NULL;
}

/* All are compared, so that time does not tell which one it was. `owner_id` NULL: nobody's. */
static bool secret_matches(const struct sign_in *sign_in, const char *owner_id, const char *secret)
{
    char hash[SECRET_HASH_SIZE + 1];
    const struct directory_credential *credential = NULL;
    bool found = false;
    secret_hash(bytes_of_cstr(secret), hash);
    while ((credential = next_credential(sign_in, text_or(owner_id, ""), DIRECTORY_SECRET, credential)))
        found |= secret_equal(bytes_of_cstr(hash), bytes_of_cstr(credential->hash));
    return owner_id && found;
}

const struct directory_person *sign_in_person(struct sign_in *sign_in, const char *name, const char *secret)
{
    const struct directory_person *person =
        directory_find(sign_in->options.directory, DIRECTORY_PERSON, "name", bytes_of_cstr(name));
    bool good = secret_matches(sign_in, person ? person->id : NULL, secret);
    return good && !person->disabled ? person : NULL;
}

/* --- assertions --- */

/* The audience of an assertion is the token endpoint by one of its names, or the issuer (RFC 7523 section 3). */
static bool is_for_us(struct sign_in *sign_in, struct http_request *request, const struct jwt *jwt)
{
    struct bytes audience = jwt_text(jwt, "aud");
    struct bytes base = bytes_of_cstr(sign_in_base(request));
    const char *id = directory_tenant(sign_in->options.directory)->id;
    if (base.size == 0 || !bytes_starts_with_nocase(audience, base))
        return false;
    struct bytes rest = bytes_slice(audience, base.size, SIZE_MAX);
    struct bytes tenant = bytes_slice(rest, 1, SIZE_MAX);
    if (rest.size == 0 || rest.data[0] != '/')
        return false;
    tenant = bytes_split(&tenant, '/');
    return bytes_equal_nocase(tenant, bytes_of_cstr(id)) ||
           bytes_equal_nocase(tenant, http_request_value(request));
}

/* MSAL pads it, against RFC 7515 section 2. */
static struct bytes print_in(const struct jwt *jwt, const char *name)
{
    struct bytes print = jwt_header_text(jwt, name);
    while (print.size > 0 && print.data[print.size - 1] == '=')
        print.size--;
    return print;
}

static bool names_certificate(const struct jwt *jwt, const struct jose_prints *prints)
{
    struct bytes sha1 = print_in(jwt, "x5t"), sha256 = print_in(jwt, "x5t#S256");
    if (!sha1.data && !sha256.data)
        return true; /* then the signature alone decides */
    return (!sha1.data || bytes_equal_cstr(sha1, prints->sha1)) &&
           (!sha256.data || bytes_equal_cstr(sha256, prints->sha256));
}

static bool is_signed_by(const struct directory_credential *credential, const struct jwt *jwt)
{
    struct err ignored;
    struct jose_key *key = NULL;
    struct jose_prints prints = {.hex = ""};
    bool good = jose_key_of_certificate(bytes_of_cstr(credential->certificate), &key, &prints, &ignored) ==
                    STATUS_OK &&
                prints.end_s > clock_unix_ns() / NS_PER_S && names_certificate(jwt, &prints) &&
                jose_verify(key, jwt, &ignored) == STATUS_OK;
    jose_key_free(key);
    return good;
}

static bool certificate_matches(struct sign_in *sign_in, struct http_request *request,
                                const struct directory_application *application, const struct jwt *jwt)
{
    struct err ignored;
    const struct directory_credential *credential = NULL;
    if (!bytes_equal_cstr(jwt_text(jwt, "iss"), application->client_id) ||
        !bytes_equal_cstr(jwt_text(jwt, "sub"), application->client_id) ||
        !is_for_us(sign_in, request, jwt) ||
        jwt_check_time(jwt, clock_unix_ns() / NS_PER_S, TOKEN_LEEWAY_S, &ignored) != STATUS_OK)
        return false;
    while ((credential = next_credential(sign_in, application->id, DIRECTORY_CERTIFICATE, credential)))
        if (is_signed_by(credential, jwt))
            return true;
    return false;
}

/* A token of somebody whom the application trusts to speak for it (workload identity). */
static bool federation_matches(struct sign_in *sign_in, const struct directory_application *application,
                               const struct jwt *jwt)
{
    struct err ignored;
    const struct directory_credential *credential = NULL;
    while ((credential = next_credential(sign_in, application->id, DIRECTORY_FEDERATION, credential))) {
        struct bytes audience = bytes_of_cstr(credential->audience);
        if (sign_in->options.issuer && bytes_equal_cstr(jwt_text(jwt, "iss"), credential->issuer) &&
            bytes_equal_cstr(jwt_text(jwt, "sub"), credential->subject) &&
            issuer_check(sign_in->options.issuer, jwt, audience, clock_unix_ns(), &ignored) == STATUS_OK)
            return true;
    }
    return false;
}

static bool assertion_matches(struct sign_in *sign_in, struct http_request *request,
                              const struct directory_application *application, const char *assertion)
{
    struct err ignored;
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    if (!application || jwt_parse(bytes_of_cstr(assertion), &jwt, &ignored) != STATUS_OK)
        return false;
    return certificate_matches(sign_in, request, application, &jwt) ||
           federation_matches(sign_in, application, &jwt);
}

/* --- clients --- */

const struct directory_application *sign_in_client(struct sign_in *sign_in, struct http_request *request,
                                                   const struct form_fields *form, const char **ret_why)
{
    const char *id = form_get(form, "client_id"), *secret = form_get(form, "client_secret");
    const char *assertion = form_get(form, "client_assertion"),
               *type = form_get(form, "client_assertion_type");
    if (!assertion && form_get(form, "assertion")) { /* the grant of RFC 7523 section 2.1 */
        assertion = form_get(form, "assertion");
        type = ASSERTION_TYPE;
    }
    const struct directory_application *application = directory_find(
        sign_in->options.directory, DIRECTORY_APPLICATION, "client_id", bytes_of_cstr(text_or(id, "")));
    bool good = false;
    if (secret)
        good = secret_matches(sign_in, application ? application->id : NULL, secret);
    else if (assertion && type && strcmp(type, ASSERTION_TYPE) == 0)
        good = assertion_matches(sign_in, request, application, assertion);
    *ret_why = NO_SUCH;
    return good && !application->disabled ? application : NULL;
}

bool sign_in_client_id_valid(const char *client_id)
{
    size_t size = client_id ? strlen(client_id) : 0;
    for (size_t i = 0; i < size; i++)
        if (!ascii_alnum((uint8_t)client_id[i]) && !strchr("-_.", client_id[i]))
            return false;
    return size > 0 && size <= CLIENT_ID_MAX;
}

/* What stands behind the host: it becomes part of a header of the page that leads there. */
static bool has_port_and_path(const char *rest)
{
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits == 0 || digits > 5)
            return false;
        rest += 1 + digits;
    }
    return *rest == '\0' || *rest == '/' || *rest == '?';
}

bool sign_in_redirect_valid(const char *redirect)
{
    static const char *const starts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    if (!redirect || strlen(redirect) > REDIRECT_MAX || strpbrk(redirect, "#\r\n\t \"<>\\"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        size_t size = strlen(starts[i]);
        if (strncmp(redirect, starts[i], size) == 0)
            return has_port_and_path(redirect + size);
    }
    return false;
}
