/* SPDX-License-Identifier: MIT */
/* door.c — the cache of bearers by the hash of their credentials, the four ways to find one that is not in it, and what happens
 * when the directory changes. */
#include "svc/directory/door.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/log_rate.h"
#include "base/map.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/bearer.h"
#include "svc/directory/issuer.h"
#include "svc/directory/key_end.h"

#define AREA        "audit"
#define TRUSTED_MAX 2
#define USED_NS     (60 * NS_PER_S) /* a key's last use is noted once within this */

/* A bearer that requests use, or that is remembered. */
struct door_entry {
    struct bearer bearer; /* first: a principal of it leads back here */
    struct list link;     /* of door.recent, the latest first; unlinked: not remembered */
    struct list used;     /* of door.in_use */
    char hash[SECRET_HASH_SIZE + 1];
    size_t uses;
    bool lent;        /* forgotten once it was used */
    int64_t noted_ns; /* unix: when its use was last noted */
};

struct door_trusted {
    char hash[SECRET_HASH_SIZE + 1];
    bool inner;
};

struct doorkeeper {
    struct loop *loop;
    struct door_options options;
    struct authenticator authenticator;
    struct map entries; /* by hash */
    struct list recent;
    struct list in_use;
    struct door_trusted trusted[TRUSTED_MAX];
    size_t trusted_count;
    char page[SECRET_TEXT_SIZE + 1]; /* what the page shows before a ticket's id; "": there is none */
    struct directory_watch watch;
    struct loop_task change;
    struct log_rate denied_told;
    struct witness *witness; /* NULL: none */
};

/* --- entries --- */

static struct door_entry *entry_of(const struct principal *principal)
{
    struct bearer *bearer = CONTAINER_OF(principal, struct bearer, principal);
    return CONTAINER_OF(bearer, struct door_entry, bearer);
}

static void entry_free(struct door_entry *entry)
{
    bearer_fini(&entry->bearer);
    free(entry);
}

/* INVARIANT: an entry that a request uses is freed by its last release, never here. */
static void forget(struct doorkeeper *door, struct door_entry *entry)
{
    (void)map_take(&door->entries, bytes_of_cstr(entry->hash));
    list_remove(&entry->link);
    if (entry->uses == 0)
        entry_free(entry);
}

/* Without memory it is not remembered, and is freed when it was used: the next request finds the bearer anew. */
static void remember(struct doorkeeper *door, struct door_entry *entry)
{
    if (door->entries.count >= DOOR_BEARERS_MAX)
        forget(door, CONTAINER_OF(door->recent.prev, struct door_entry, link));
    if (map_put(&door->entries, bytes_of_cstr(entry->hash), entry) == STATUS_OK)
        list_push_front(&door->recent, &entry->link);
}

static bool is_remembered(const struct door_entry *entry)
{
    return !list_empty(&entry->link);
}

static void refuse(struct door_entry *entry, const char *why)
{
    entry->bearer.kind = BEARER_NOBODY;
    char *text = arena_cstr(&entry->bearer.arena, bytes_of_cstr(why));
    entry->bearer.principal = (struct principal){
        .id = NULL, .name = "nobody", .refusal = text_or(text, "the credentials do not count")};
}

/* --- whose credentials they are --- */

/* Hashes are compared, in a time that does not tell how much of them fits. */
static bool is_trusted(const struct doorkeeper *door, const char *hash, enum bearer_kind *ret_kind)
{
    for (size_t i = 0; i < door->trusted_count; i++) {
        if (!secret_equal(bytes_of_cstr(hash), bytes_of_cstr(door->trusted[i].hash)))
            continue;
        *ret_kind = door->trusted[i].inner ? BEARER_INNER : BEARER_LOCAL;
        return true;
    }
    return false;
}

static void find_key(struct doorkeeper *door, struct door_entry *entry)
{
    const struct directory_key *key =
        directory_find(door->options.directory, DIRECTORY_KEY, "hash", bytes_of_cstr(entry->hash));
    if (!key) {
        refuse(entry, "the API key is not known");
        return;
    }
    entry->bearer.kind = BEARER_KEY;
    entry->bearer.expires_ns = key->expires_ns;
    snprintf(entry->bearer.id, sizeof entry->bearer.id, "%s", key->id);
    key_end_if_over(door->options.directory, key, clock_unix_ns());
}

static void find_own(struct doorkeeper *door, const struct jwt *jwt, struct door_entry *entry)
{
    struct err err = {0};
    int64_t expires_s = 0;
    struct bytes place = {0};
    if (token_check(door->options.keys, jwt, clock_unix_ns(), &place, &err) != STATUS_OK) {
        refuse(entry, err.text);
        return;
    }
    (void)jwt_seconds(jwt, "exp", &expires_s);
    entry->bearer.kind = BEARER_MEMBER;
    entry->bearer.within = place;
    entry->bearer.expires_ns = (expires_s + TOKEN_LEEWAY_S) * NS_PER_S;
    snprintf(entry->bearer.id, sizeof entry->bearer.id, "%.*s", BYTES_FMT(jwt_text(jwt, "oid")));
}

static void find_token(struct doorkeeper *door, struct bytes text, struct door_entry *entry)
{
    struct err err = {0};
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    if (jwt_parse(text, &jwt, &err) != STATUS_OK)
        refuse(entry, "the credentials are neither a token nor an API key");
    else if (token_is_ours(door->options.keys, &jwt) || !door->options.issuer)
        find_own(door, &jwt, entry);
    else if (issuer_believe(door->options.issuer, &jwt, clock_unix_ns(), &entry->bearer, &err) != STATUS_OK)
        refuse(entry, err.text);
}

/* The id of the ticket, if the page shows one; data NULL: it is somebody else. */
static struct bytes session_shown(const struct doorkeeper *door, struct bytes credentials)
{
    size_t size = strlen(door->page);
    if (size == 0 || credentials.size <= size ||
        !secret_equal(bytes_slice(credentials, 0, size), bytes_of_cstr(door->page)))
        return (struct bytes){0};
    return bytes_slice(credentials, size, SIZE_MAX);
}

/* A browser that signed in with a key is that key: it ends with it, and has its roles, not those of a person. */
static void find_session(struct doorkeeper *door, struct bytes id, struct door_entry *entry)
{
    const struct directory_ticket *ticket =
        directory_find(door->options.directory, DIRECTORY_TICKET, "id", id);
    if (!ticket || ticket->type != DIRECTORY_COOKIE) {
        refuse(entry, "the browser was signed out");
        return;
    }
    const struct directory_key *key =
        directory_find(door->options.directory, DIRECTORY_KEY, "id", bytes_of_cstr(ticket->scope));
    bool by_key = ticket->scope[0] != '\0';
    int64_t expires_ns = ticket->expires_ns;
    if (key && key->expires_ns)
        expires_ns = MIN(expires_ns, key->expires_ns);
    entry->bearer.kind = by_key ? BEARER_KEY : BEARER_MEMBER;
    entry->bearer.expires_ns = expires_ns;
    snprintf(entry->bearer.id, sizeof entry->bearer.id, "%s", by_key ? ticket->scope : ticket->principal_id);
    snprintf(entry->bearer.session, sizeof entry->bearer.session, "%s", ticket->id);
}

/* ORDER: what this process itself made before what strangers can write; a form that is known is never read as
 * another. */
static void find_bearer(struct doorkeeper *door, struct bytes credentials, struct door_entry *entry)
{
    arena_init(&entry->bearer.arena, 0);
    if (is_trusted(door, entry->hash, &entry->bearer.kind))
        return;
    struct bytes session = session_shown(door, credentials);
    if (session.data)
        find_session(door, session, entry);
    else if (secret_is_sound(credentials, SECRET_API_KEY))
        find_key(door, entry);
    else
        find_token(door, credentials, entry);
}

static struct bytes bearer_credentials(struct bytes authorization)
{
    const struct bytes scheme = BYTES_LITERAL("Bearer ");
    if (!bytes_starts_with_nocase(authorization, scheme))
        return (struct bytes){0};
    return bytes_trim(bytes_slice(authorization, scheme.size, SIZE_MAX));
}

/* --- admit --- */

/* Nobody stays nobody: credentials that did not count do not begin to within one request. */
static void bring_up_to_date(struct doorkeeper *door, struct door_entry *entry)
{
    if (entry->bearer.kind != BEARER_NOBODY)
        bearer_refresh(&entry->bearer, door->options.directory, clock_unix_ns());
}

/* Nobody waits for it: a request must not fail because its key's use could not be noted. */
static void note_use(struct doorkeeper *door, struct door_entry *entry)
{
    if (entry->bearer.kind != BEARER_KEY)
        return;
    int64_t now_ns = clock_unix_ns();
    if (now_ns - entry->noted_ns < USED_NS)
        return;
    const struct directory_key_use use = {.id = entry->bearer.id, .used_ns = now_ns};
    bool noted =
        directory_find(door->options.directory, DIRECTORY_KEY_USE, "id", bytes_of_cstr(use.id)) != NULL;
    const struct directory_write write = {noted ? DIRECTORY_REPLACE : DIRECTORY_CREATE, DIRECTORY_KEY_USE,
                                          &use};
    directory_write(door->options.directory, &write, 1, NULL);
    entry->noted_ns = now_ns;
}

/* Refusals are not remembered: strangers could fill the cache with guesses, and push out who is known. */
static struct door_entry *entry_new(struct doorkeeper *door, struct bytes credentials, const char *hash)
{
    struct door_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    list_init(&entry->link);
    list_init(&entry->used);
    memcpy(entry->hash, hash, sizeof entry->hash);
    find_bearer(door, credentials, entry);
    bring_up_to_date(door, entry);
    if (entry->bearer.principal.id)
        remember(door, entry);
    return entry;
}

static bool is_over(const struct door_entry *entry)
{
    return entry->bearer.expires_ns && clock_unix_ns() >= entry->bearer.expires_ns;
}

/* Of credentials of another form; nobody's entry. */
static const struct principal other = {
    .id = NULL, .name = "nobody", .refusal = "send Authorization: Bearer and a token or an API key"};

static const struct principal *admit(void *context, struct bytes authorization)
{
    struct doorkeeper *door = context;
    if (!authorization.data)
        return &access_nobody;
    struct bytes credentials = bearer_credentials(authorization);
    if (credentials.size == 0 || credentials.size > JWT_SIZE_MAX)
        return &other;

    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(credentials, hash);
    struct door_entry *entry = map_get(&door->entries, bytes_of_cstr(hash));
    if (entry && is_over(entry)) {
        forget(door, entry);
        entry = NULL;
    }
    if (!entry)
        entry = entry_new(door, credentials, hash);
    if (!entry)
        return &access_nobody;
    if (entry->bearer.generation != directory_generation(door->options.directory))
        bring_up_to_date(door, entry);
    note_use(door, entry);
    if (entry->uses++ == 0)
        list_push_back(&door->in_use, &entry->used);
    return &entry->bearer.principal;
}

static void release(void *context, const struct principal *principal)
{
    struct doorkeeper *door = context;
    if (principal == &other)
        return;
    struct door_entry *entry = entry_of(principal);
    ASSERT(entry->uses > 0);
    if (--entry->uses > 0)
        return;
    list_remove(&entry->used);
    if (entry->lent && is_remembered(entry))
        forget(door, entry);
    else if (!is_remembered(entry))
        entry_free(entry);
}

/* --- changes --- */

/* In a turn of its own, once for all write sets of this one: whoever is in use is looked up again. */
static void on_change(struct directory_watch *watch)
{
    struct doorkeeper *door = CONTAINER_OF(watch, struct doorkeeper, watch);
    loop_defer(door->loop, &door->change);
}

static void apply_change(struct loop_task *task)
{
    struct doorkeeper *door = CONTAINER_OF(task, struct doorkeeper, change);
    list_each (link, &door->in_use) {
        bring_up_to_date(door, CONTAINER_OF(link, struct door_entry, used));
    }
    if (door->options.on_change)
        door->options.on_change(door->options.context);
}

/* --- refusals --- */

/* Who shows nothing at all is not told of: a browser asks so before anybody signs in. */
static void tell_witness(const struct doorkeeper *door, const struct principal *principal, const char *what,
                         struct bytes place)
{
    struct witness_event event = {.action = AUDIT_ACCESS_DENIED,
                                  .actor_id = principal->id,
                                  .actor_name = principal->name,
                                  .object = place.size > 0 ? place : BYTES_LITERAL("/"),
                                  .how = what};
    char object[GUID_TEXT_SIZE + sizeof "keys/"];
    if (principal == &access_nobody)
        return;
    if (!principal->id) {
        bool key = principal != &other && entry_of(principal)->bearer.kind == BEARER_KEY;
        snprintf(object, sizeof object, "keys/%s", key ? entry_of(principal)->bearer.id : "unknown");
        event.action = AUDIT_SIGN_IN_FAILED;
        event.object = key ? bytes_of_cstr(object) : BYTES_LITERAL("sign-in");
        event.how = "bearer";
        event.cause = bytes_of_cstr(access_refusal(principal));
    }
    witness_tell(door->witness, &event);
}

static void denied(void *context, const struct principal *principal, const char *what, struct bytes place)
{
    struct doorkeeper *door = context;
    uint64_t held_back = 0;
    tell_witness(door, principal, what, place);
    if (principal->id)
        log_warn(AREA, "denied principal=\"%.80s\" id=%.60s what=\"%.100s\" place=\"%.*s\"", principal->name,
                 principal->id, what, BYTES_FMT(bytes_slice(place, 0, 120)));
    else if (log_rate_allows(&door->denied_told, loop_now(door->loop), &held_back))
        log_warn(AREA, "denied principal=nobody what=\"%.100s\" cause=\"%.120s\" held_back=%llu", what,
                 access_refusal(principal), (unsigned long long)held_back);
}

/* --- loans --- */

#define PERSON "person/"
#define KEY    "key/"

bool door_name(const struct doorkeeper *door, const struct principal *principal, char ret_who[DOOR_WHO_SIZE])
{
    if (!principal->id || principal == &other || principal == &access_nobody || principal == &access_local)
        return false;
    const struct bearer *bearer = &entry_of(principal)->bearer;
    if (bearer->kind != BEARER_MEMBER && bearer->kind != BEARER_KEY)
        return false;
    (void)snprintf(ret_who, DOOR_WHO_SIZE, "%s%s", bearer->kind == BEARER_KEY ? KEY : PERSON, bearer->id);
    return true;
}

/* False: `who` is no name of door_name. */
static bool read_name(struct bearer *bearer, const char *who)
{
    bool person = bytes_starts_with(bytes_of_cstr(who), BYTES_LITERAL(PERSON));
    if (!person && !bytes_starts_with(bytes_of_cstr(who), BYTES_LITERAL(KEY)))
        return false;
    bearer->kind = person ? BEARER_MEMBER : BEARER_KEY;
    int size = snprintf(bearer->id, sizeof bearer->id, "%s", who + strlen(person ? PERSON : KEY));
    return size > 0 && (size_t)size < sizeof bearer->id;
}

bool door_lend(struct doorkeeper *door, const char *who, const char *way,
               char ret_secret[SECRET_TEXT_SIZE + 1], const char **ret_id, const char **ret_name)
{
    struct door_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return false;
    list_init(&entry->link);
    list_init(&entry->used);
    arena_init(&entry->bearer.arena, 0);
    entry->lent = true;
    entry->bearer.way = way;
    if (!read_name(&entry->bearer, who)) {
        entry_free(entry);
        return false;
    }
    secret_make(SECRET_LOAN, ret_secret);
    secret_hash(bytes_of_cstr(ret_secret), entry->hash);
    bring_up_to_date(door, entry);
    entry->bearer.expires_ns = clock_unix_ns() + DOOR_LOAN_S * NS_PER_S;
    if (entry->bearer.principal.id)
        remember(door, entry);
    if (!is_remembered(entry)) {
        entry_free(entry);
        return false;
    }
    *ret_id = entry->bearer.principal.id;
    *ret_name = entry->bearer.principal.name;
    return true;
}

/* --- making --- */

enum status door_create(struct loop *loop, const struct door_options *options, struct doorkeeper **ret_door,
                        struct err *err)
{
    struct doorkeeper *door = calloc(1, sizeof *door);
    if (!door)
        return err_no_memory(err);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    door->loop = loop;
    door->options = *options;
    door->authenticator =
        (struct authenticator){.admit = admit, .release = release, .denied = denied, .context = door};
    map_init(&door->entries, seed[0], seed[1]);
    list_init(&door->recent);
    list_init(&door->in_use);
    door->watch.on_change = on_change;
    door->change.on_run = apply_change;
    directory_watch_add(options->directory, &door->watch);
    *ret_door = door;
    return STATUS_OK;
}

void door_destroy(struct doorkeeper *door)
{
    if (!door)
        return;
    directory_watch_remove(&door->watch);
    loop_defer_cancel(&door->change);
    struct list *link;
    while ((link = list_pop_front(&door->recent)))
        entry_free(CONTAINER_OF(link, struct door_entry, link));
    map_fini(&door->entries);
    free(door);
}

const struct authenticator *door_authenticator(const struct doorkeeper *door)
{
    return &door->authenticator;
}

void door_record(struct doorkeeper *door, struct witness *witness)
{
    door->witness = witness;
}

void door_trust_page(struct doorkeeper *door, const char *secret)
{
    snprintf(door->page, sizeof door->page, "%s", secret);
}

void door_trust(struct doorkeeper *door, const char *hash, bool inner)
{
    ASSERT(door->trusted_count < TRUSTED_MAX);
    struct door_trusted *trusted = &door->trusted[door->trusted_count++];
    snprintf(trusted->hash, sizeof trusted->hash, "%s", hash);
    trusted->inner = inner;
}
