/* SPDX-License-Identifier: MIT */
/* jwt.c — three parts between two dots; two of them are JSON. */
#include "wire/jose/jwt.h"

#include <math.h>

#include "base/encode.h"
#include "wire/json/json.h"

#define DEPTH_MAX   16
#define VALUES_MAX  1024
#define SECONDS_MAX 253402300799.0 /* the end of the year 9999 */

static enum status read_object(struct bytes part, json_t **ret_object)
{
    static const struct json_limits limits = {
        .size_max = JWT_SIZE_MAX, .depth_max = DEPTH_MAX, .values_max = VALUES_MAX};
    CLEANUP(buf_fini) struct buf text = {.limit = JWT_SIZE_MAX};
    json_t *value = NULL;
    if (base64url_decode(&text, part) != STATUS_OK || buf_status(&text) != STATUS_OK)
        return STATUS_MALFORMED;
    if (json_parse(buf_peek(&text), &limits, &value, NULL) != STATUS_OK)
        return STATUS_MALFORMED;
    if (!json_is_object(value)) {
        json_decref(value);
        return STATUS_MALFORMED;
    }
    *ret_object = value;
    return STATUS_OK;
}

enum status jwt_parse(struct bytes text, struct jwt *ret_jwt, struct err *err)
{
    if (text.size > JWT_SIZE_MAX)
        return err_set(err, STATUS_TOO_LARGE, "the token has more than %zu bytes", JWT_SIZE_MAX);
    struct bytes rest = text;
    struct bytes header = bytes_split(&rest, '.');
    struct bytes claims = bytes_split(&rest, '.');
    CLEANUP(buf_fini) struct buf signature = {.limit = JWT_SIZE_MAX};
    bool sound = rest.data && base64url_decode(&signature, rest) == STATUS_OK;

    struct jwt jwt = {.text = text};
    sound = sound && read_object(header, &jwt.header) == STATUS_OK &&
            read_object(claims, &jwt.claims) == STATUS_OK;
    /* Who sets `crit` says that whoever does not know what it lists may not go on (RFC 7515 section 4.1.11). */
    if (!sound || !jwt_header_text(&jwt, "alg").data || json_object_get(jwt.header, "crit")) {
        jwt_fini(&jwt);
        return err_set(err, STATUS_MALFORMED, "this is no JSON Web Token");
    }
    *ret_jwt = jwt;
    return STATUS_OK;
}

void jwt_fini(struct jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
    *jwt = (struct jwt){.header = NULL};
}

struct bytes jwt_header_text(const struct jwt *jwt, const char *name)
{
    return json_member_bytes(jwt->header, name);
}

struct bytes jwt_text(const struct jwt *jwt, const char *name)
{
    return json_member_bytes(jwt->claims, name);
}

bool jwt_seconds(const struct jwt *jwt, const char *name, int64_t *ret_seconds)
{
    const json_t *value = json_object_get(jwt->claims, name);
    double seconds = json_number_value(value);
    if (!json_is_number(value) || isnan(seconds) || seconds < 0 || seconds > SECONDS_MAX)
        return false;
    *ret_seconds = (int64_t)seconds;
    return true;
}

static struct bytes without_slash(struct bytes text)
{
    return text.size > 0 && text.data[text.size - 1] == '/' ? bytes_slice(text, 0, text.size - 1) : text;
}

bool jwt_is_for(const struct jwt *jwt, struct bytes audience)
{
    const json_t *value = json_object_get(jwt->claims, "aud");
    struct bytes wanted = without_slash(audience);
    if (wanted.size == 0)
        return false;
    if (!json_is_array(value))
        return bytes_equal(without_slash(json_bytes(value)), wanted);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (bytes_equal(without_slash(json_bytes(json_array_get(value, i))), wanted))
            return true;
    return false;
}

enum status jwt_check_time(const struct jwt *jwt, int64_t now_s, int64_t leeway_s, struct err *err)
{
    int64_t seconds = 0;
    if (!jwt_seconds(jwt, "exp", &seconds))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token does not say when it expires");
    if (now_s >= seconds + leeway_s)
        return err_set(err, STATUS_UNAUTHENTICATED, "the token has expired");
    if (json_object_get(jwt->claims, "nbf") &&
        (!jwt_seconds(jwt, "nbf", &seconds) || seconds > now_s + leeway_s))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is not valid yet");
    if (json_object_get(jwt->claims, "iat") &&
        (!jwt_seconds(jwt, "iat", &seconds) || seconds > now_s + leeway_s))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token was issued in the future");
    return STATUS_OK;
}
