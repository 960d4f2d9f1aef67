/* SPDX-License-Identifier: MIT */
/* token.c — the keys as cjose reads them, kept in step with the directory by its generation; the table of audiences; claims in
 * and out. */
#include "store/directory/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "crypto/jose.h"
#include "os/clock.h"

#define KEYS_MAX    8 /* published at one time */
#define KEY_LIFE_NS ((int64_t)TOKEN_KEY_DAYS * 86400 * NS_PER_S)
#define KEY_LEAD_NS (TOKEN_KEY_LEAD_S * NS_PER_S)
#define KEY_AFTER_NS                                                                                         \
    ((2 * TOKEN_LIFETIME_S) * NS_PER_S) /* an old one is published so long behind its successor's start */

struct token_key {
    struct jose_key *key;
    int64_t active_ns;
};

struct token_keys {
    struct directory *directory;
    const struct site *site;
    uint64_t generation; /* of the directory, as of which the keys are */
    struct token_key at[KEYS_MAX];
    size_t count;
    bool making; /* a key is on its way to disk */
    struct directory_waiter made;
};

static const struct audience {
    const char *name;
    struct bytes place;
} audiences[] = {
    {TOKEN_AUDIENCE_POOL, BYTES_LITERAL("/pool")},
    {TOKEN_AUDIENCE_SCHEDULER, BYTES_LITERAL("/scheduler")},
    {TOKEN_AUDIENCE_APP, BYTES_LITERAL("/app")},
};

/* --- keys --- */

static void drop_keys(struct token_keys *keys)
{
    while (keys->count > 0)
        jose_key_free(keys->at[--keys->count].key);
}

static void refresh(struct token_keys *keys)
{
    if (keys->generation == directory_generation(keys->directory))
        return;
    keys->generation = directory_generation(keys->directory);
    drop_keys(keys);
    const struct directory_signing_key *row = NULL;
    while ((row = directory_next(keys->directory, DIRECTORY_SIGNING_KEY, row)) && keys->count < KEYS_MAX) {
        struct token_key *key = &keys->at[keys->count];
        struct err ignored;
        key->active_ns = row->active_ns;
        if (jose_key_read(bytes_of_cstr(row->private_key), &key->key, &ignored) == STATUS_OK)
            keys->count++;
    }
}

static void on_made(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    (void)status; /* token_keys_tend tries again */
    CONTAINER_OF(waiter, struct token_keys, made)->making = false;
}

static void make_key(struct token_keys *keys, int64_t now_ns, int64_t active_ns)
{
    char id[GUID_TEXT_SIZE + 1];
    CLEANUP(buf_fini) struct buf jwk = {0};
    struct err ignored;
    directory_guid(id);
    if (jose_key_make(id, &jwk, &ignored) != STATUS_OK)
        return;
    buf_append_byte(&jwk, '\0');
    if (buf_status(&jwk) != STATUS_OK)
        return;
    const struct directory_signing_key key = {
        .id = id, .private_key = (const char *)jwk.data, .created_ns = now_ns, .active_ns = active_ns};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_SIGNING_KEY, &key};
    keys->making = true;
    keys->made.on_done = on_made;
    directory_write(keys->directory, &write, 1, &keys->made);
    explicit_bzero(jwk.data, jwk.size);
}

/* The one that signs at that time: of those that are active the newest. */
static const struct directory_signing_key *signer(const struct token_keys *keys, int64_t now_ns)
{
    const struct directory_signing_key *row = NULL, *found = NULL;
    while ((row = directory_next(keys->directory, DIRECTORY_SIGNING_KEY, row)))
        if (row->active_ns <= now_ns && (!found || row->active_ns > found->active_ns))
            found = row;
    return found;
}

/* A key stays for as long as a token that it signed may be shown, and a little more: clients keep what was
 * published. */
static void drop_old(struct token_keys *keys, const struct directory_signing_key *current, int64_t now_ns)
{
    const struct directory_signing_key *row = NULL;
    while ((row = directory_next(keys->directory, DIRECTORY_SIGNING_KEY, row))) {
        if (row->active_ns >= current->active_ns || now_ns < current->active_ns + KEY_AFTER_NS)
            continue;
        const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_SIGNING_KEY, row};
        directory_write(keys->directory, &write, 1, NULL);
    }
}

/* It is published before it signs, so that whoever fetched the keys in between knows it. */
static bool successor_waits(const struct token_keys *keys, int64_t now_ns)
{
    const struct directory_signing_key *row = NULL;
    while ((row = directory_next(keys->directory, DIRECTORY_SIGNING_KEY, row)))
        if (row->active_ns > now_ns)
            return true;
    return false;
}

/* ORDER: old keys go by the one that signs now, which a successor that is made here does not change. */
void token_keys_tend(struct token_keys *keys, int64_t now_ns)
{
    const struct directory_signing_key *current = signer(keys, now_ns);
    if (current)
        drop_old(keys, current, now_ns);
    if (keys->making)
        return;
    if (!current)
        make_key(keys, now_ns, now_ns);
    else if (now_ns >= current->active_ns + KEY_LIFE_NS && !successor_waits(keys, now_ns))
        make_key(keys, now_ns, now_ns + KEY_LEAD_NS);
}

enum status token_keys_open(struct directory *directory, const struct site *site, int64_t now_ns,
                            struct token_keys **ret_keys, struct err *err)
{
    struct token_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return err_no_memory(err);
    keys->directory = directory;
    keys->site = site;
    keys->generation = UINT64_MAX;
    token_keys_tend(keys, now_ns);
    directory_settle(directory);
    refresh(keys);
    if (keys->count == 0) {
        token_keys_close(keys);
        return err_set(err, STATUS_INTERNAL, "no key for tokens could be made");
    }
    *ret_keys = keys;
    return STATUS_OK;
}

void token_keys_close(struct token_keys *keys)
{
    if (!keys)
        return;
    directory_settle(keys->directory); /* the waiter is ours */
    drop_keys(keys);
    free(keys);
}

enum status token_keys_publish(struct token_keys *keys, struct buf *out)
{
    refresh(keys);
    buf_append_cstr(out, "{\"keys\":[");
    for (size_t i = 0; i < keys->count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        if (jose_key_publish(keys->at[i].key, out) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    buf_append_cstr(out, "]}");
    return buf_status(out);
}

/* A token that names no key is of nobody here. */
static const struct jose_key *key_of_id(struct token_keys *keys, struct bytes id)
{
    refresh(keys);
    for (size_t i = 0; i < keys->count; i++)
        if (id.size > 0 && bytes_equal_cstr(id, jose_key_id(keys->at[i].key)))
            return keys->at[i].key;
    return NULL;
}

/* --- audiences --- */

/* "https://host:port" and no more; the host must be one of ours. */
static bool is_own_url(const struct token_keys *keys, struct bytes url)
{
    static const struct site loopback = {.names = NULL};
    const struct bytes schemes[] = {BYTES_LITERAL("https://"), BYTES_LITERAL("http://")};
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        if (!bytes_starts_with_nocase(url, schemes[i]))
            continue;
        struct bytes authority = bytes_slice(url, schemes[i].size, SIZE_MAX);
        return site_knows(keys->site ? keys->site : &loopback, authority);
    }
    return false;
}

/* Clients add "/.default", and a slash of their own before it. */
static struct bytes bare(struct bytes audience)
{
    const struct bytes tail = BYTES_LITERAL("/.default");
    if (audience.size > tail.size &&
        bytes_equal(bytes_slice(audience, audience.size - tail.size, tail.size), tail))
        audience.size -= tail.size;
    while (audience.size > 0 && audience.data[audience.size - 1] == '/')
        audience.size--;
    return audience;
}

struct bytes token_audience_place(const struct token_keys *keys, struct bytes audience)
{
    struct bytes name = bare(audience);
    for (size_t i = 0; i < ARRAY_SIZE(audiences); i++)
        if (bytes_equal_nocase(name, bytes_of_cstr(audiences[i].name)))
            return audiences[i].place;
    return is_own_url(keys, name) ? BYTES_LITERAL("/control") : (struct bytes){0};
}

/* --- mint --- */

static void write_claims(struct json_writer *json, const struct token_keys *keys,
                         const struct token_wish *wish, int64_t now_s)
{
    const struct directory_tenant *tenant = directory_tenant(keys->directory);
    char issuer[512], id[GUID_TEXT_SIZE + 1];
    snprintf(issuer, sizeof issuer, "%.300s/%.64s/v2.0", wish->issuer_base, tenant->id);
    directory_guid(id);
    json_write_begin_object(json);
    json_write_member_string(json, "aud", bare(wish->audience));
    json_write_member_cstr(json, "iss", issuer);
    json_write_member_int(json, "iat", now_s);
    json_write_member_int(json, "nbf", now_s);
    json_write_member_int(json, "exp", now_s + TOKEN_LIFETIME_S);
    json_write_member_cstr(json, "oid", wish->object_id);
    json_write_member_cstr(json, "sub", wish->object_id);
    json_write_member_cstr(json, "tid", tenant->id);
    json_write_member_cstr(json, "appid", wish->client_id);
    json_write_member_cstr(json, "azp", wish->client_id);
    if (wish->name) {
        json_write_member_cstr(json, "upn", wish->name);
        json_write_member_cstr(json, "unique_name", wish->name);
    }
    json_write_member_cstr(json, "idtyp", wish->name ? "user" : "app");
    json_write_member_cstr(json, "jti", id);
    json_write_member_cstr(json, "ver", "2.0");
    json_write_end_object(json);
}

/* The signer is looked up anew each time: between two tokens a successor may have become active. */
static enum status sign(struct token_keys *keys, const struct buf *claims, int64_t now_ns, struct buf *out,
                        struct err *err)
{
    const struct directory_signing_key *row = signer(keys, now_ns);
    const struct jose_key *key = row ? key_of_id(keys, bytes_of_cstr(row->id)) : NULL;
    if (!key)
        return err_set(err, STATUS_UNAVAILABLE, "there is no key that signs tokens; try again");
    return jose_sign(key, buf_peek(claims), out, err);
}

enum status token_mint(struct token_keys *keys, const struct token_wish *wish, int64_t now_ns,
                       struct buf *out, struct err *err)
{
    if (!token_audience_place(keys, wish->audience).data)
        return err_set(err, STATUS_INVALID_ARGUMENT, "nothing here has the audience \"%.*s\"",
                       (int)MIN(wish->audience.size, (size_t)100), (const char *)wish->audience.data);
    CLEANUP(buf_fini) struct buf claims = {0};
    struct json_writer json = {.out = &claims};
    write_claims(&json, keys, wish, now_ns / NS_PER_S);
    if (json_write_status(&json) != STATUS_OK)
        return err_no_memory(err);
    return sign(keys, &claims, now_ns, out, err);
}

enum status token_mint_identity(struct token_keys *keys, const struct token_wish *wish, const char *nonce,
                                int64_t now_ns, struct buf *out, struct err *err)
{
    const struct directory_tenant *tenant = directory_tenant(keys->directory);
    char issuer[512];
    snprintf(issuer, sizeof issuer, "%.300s/%.64s/v2.0", wish->issuer_base, tenant->id);
    CLEANUP(buf_fini) struct buf claims = {0};
    struct json_writer json = {.out = &claims};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "aud", wish->client_id);
    json_write_member_cstr(&json, "iss", issuer);
    json_write_member_int(&json, "iat", now_ns / NS_PER_S);
    json_write_member_int(&json, "nbf", now_ns / NS_PER_S);
    json_write_member_int(&json, "exp", now_ns / NS_PER_S + TOKEN_LIFETIME_S);
    json_write_member_cstr(&json, "oid", wish->object_id);
    json_write_member_cstr(&json, "sub", wish->object_id);
    json_write_member_cstr(&json, "tid", tenant->id);
    json_write_member_cstr(&json, "preferred_username", wish->name);
    json_write_member_cstr(&json, "name", wish->name);
    if (nonce)
        json_write_member_cstr(&json, "nonce", nonce);
    json_write_member_cstr(&json, "ver", "2.0");
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        return err_no_memory(err);
    return sign(keys, &claims, now_ns, out, err);
}

/* --- check --- */

bool token_is_ours(struct token_keys *keys, const struct jwt *jwt)
{
    return key_of_id(keys, jwt_header_text(jwt, "kid")) != NULL;
}

/* By its end only: one server has many names, and each is in the tokens that were asked for under it. */
static bool is_own_issuer(const struct token_keys *keys, struct bytes issuer)
{
    char tail[80];
    snprintf(tail, sizeof tail, "/%.40s/v2.0", directory_tenant(keys->directory)->id);
    size_t size = strlen(tail);
    return issuer.size > size && bytes_equal_cstr(bytes_slice(issuer, issuer.size - size, size), tail);
}

/* ORDER: the signature before any claim: until then each of them is what a stranger wrote. */
enum status token_check(struct token_keys *keys, const struct jwt *jwt, int64_t now_ns,
                        struct bytes *ret_place, struct err *err)
{
    const struct jose_key *key = key_of_id(keys, jwt_header_text(jwt, "kid"));
    if (!key)
        return err_set(err, STATUS_UNAUTHENTICATED, "the token names a key that is not known");
    enum status status = jose_verify(key, jwt, err);
    if (status == STATUS_OK)
        status = jwt_check_time(jwt, now_ns / NS_PER_S, TOKEN_LEEWAY_S, err);
    if (status != STATUS_OK)
        return status;
    if (!bytes_equal_cstr(jwt_text(jwt, "tid"), directory_tenant(keys->directory)->id) ||
        !is_own_issuer(keys, jwt_text(jwt, "iss")))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is of another tenant");
    struct bytes place = token_audience_place(keys, jwt_text(jwt, "aud"));
    if (!place.data)
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is for another audience");
    *ret_place = place;
    return STATUS_OK;
}
