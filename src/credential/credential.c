/* SPDX-License-Identifier: MIT */
/* credential.c — parts: making; the thread, which alone asks the sources; those who want a token.
 * One lock guards the slots (one an audience); it is never held while a source is asked. The chain, the world and the settings
 * belong to the thread once it runs. A slot counts the rounds that ended, so who waits sees that one has ended behind him. */
#include "credential/credential.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/duration.h"
#include "credential/authority.h"
#include "credential/chain.h"
#include "credential/renewal.h"
#include "credential/world_real.h"
#include "os/clock.h"
#include "wire/connection_string.h"

#define SLEEP_MAX_NS (60 * NS_PER_S) /* the wall clock may be set meanwhile */

/* What is known of one audience. */
struct kept_token {
    char scope[CREDENTIAL_SCOPE_SIZE]; /* "": free */
    struct access_token token;
    struct renewal renewal;
    uint64_t rounds;    /* that ended */
    bool wanted;        /* somebody waits, or the token was refused */
    enum status status; /* of the latest round */
    char fault[CHAIN_FAULT_SIZE];
};

struct credential {
    struct source_settings settings;
    char *texts[5]; /* what the settings point to */
    struct world_real real;
    struct credential_world world;

    pthread_mutex_t lock; /* guards the next five */
    pthread_cond_t changed;
    struct kept_token slots[CREDENTIAL_AUDIENCES_MAX];
    bool runs; /* the thread has been started */
    const char *source;

    atomic_bool stopping;
    pthread_t thread;
    struct chain chain; /* the thread's */
};

static int64_t wall_ns(const struct credential *credential)
{
    return credential->world.unix_ns(credential->world.context);
}

/* --- making --- */

enum status credential_check_endpoint(struct bytes endpoint, const char *what, struct err *err)
{
    char url[CREDENTIAL_SCOPE_SIZE];
    bool grpc = bytes_starts_with_nocase(endpoint, BYTES_LITERAL("grpc"));
    bool scheme = bytes_find(endpoint, BYTES_LITERAL("://")) < endpoint.size;
    struct bytes rest = grpc && scheme ? bytes_slice(endpoint, strlen("grpc"), SIZE_MAX) : endpoint;
    const char *front = "";
    if (!scheme)
        front = "https://";
    else if (grpc)
        front = "http";
    int size = snprintf(url, sizeof url, "%s%.*s", front, BYTES_FMT(rest));
    if (size >= (int)sizeof url)
        return err_set(err, STATUS_FAILED_PRECONDITION, "%s is too long", what);
    enum status status = authority_check_url(url, what, false, err);
    if (status == STATUS_OK)
        return status;
    return err_wrap(err, "a token would be readable on its way");
}

static bool stop_is_wanted(void *context)
{
    const struct credential *credential = context;
    return atomic_load(&credential->stopping);
}

/* With the lock held. Until something changes, or for `ns`. */
static void wait_change(struct credential *credential, int64_t ns)
{
    int64_t until_ns = clock_monotonic_ns() + MAX(ns, 0);
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    (void)pthread_cond_timedwait(&credential->changed, &credential->lock, &until);
}

static bool stop_pause(void *context, int64_t ns)
{
    struct credential *credential = context;
    int64_t until_ns = clock_monotonic_ns() + ns;
    pthread_mutex_lock(&credential->lock);
    while (!atomic_load(&credential->stopping) && clock_monotonic_ns() < until_ns)
        wait_change(credential, until_ns - clock_monotonic_ns());
    pthread_mutex_unlock(&credential->lock);
    return !atomic_load(&credential->stopping);
}

/* The option if there is one, else what the connection string says. */
static STATUS_RESULT keep(struct credential *credential, int index, const char *option, struct bytes said,
                          const char **ret_text)
{
    struct bytes text = option ? bytes_of_cstr(option) : said;
    if (!text.data)
        return STATUS_OK;
    credential->texts[index] = strndup((const char *)text.data, text.size);
    *ret_text = credential->texts[index];
    return *ret_text ? STATUS_OK : STATUS_NO_MEMORY;
}

static STATUS_RESULT keep_all(struct credential *credential, const struct credential_options *options,
                              const struct connection_string *said)
{
    struct source_settings *settings = &credential->settings;
    struct bytes none = {0};
    enum status status = keep(credential, 0, options->client_id, said->client_id, &settings->client_id);
    if (status == STATUS_OK)
        status = keep(credential, 1, options->tenant_id, said->tenant_id, &settings->tenant_id);
    if (status == STATUS_OK)
        status = keep(credential, 2, options->token_file, said->token_file, &settings->token_file);
    if (status == STATUS_OK)
        status = keep(credential, 3, options->authority, none, &settings->authority);
    if (status == STATUS_OK)
        status = keep(credential, 4, options->ca_file, none, &settings->ca_file);
    return status;
}

static STATUS_RESULT init_lock(struct credential *credential)
{
    pthread_condattr_t monotonic;
    if (pthread_mutex_init(&credential->lock, NULL) != 0)
        return STATUS_NO_MEMORY;
    if (pthread_condattr_init(&monotonic) != 0) {
        pthread_mutex_destroy(&credential->lock);
        return STATUS_NO_MEMORY;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int error = pthread_cond_init(&credential->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!error)
        return STATUS_OK;
    pthread_mutex_destroy(&credential->lock);
    return STATUS_NO_MEMORY;
}

static STATUS_RESULT choose(const struct credential_options *options, const struct connection_string *said,
                            const struct credential_world *world, struct chain *ret_chain, struct err *err)
{
    struct bytes authentication =
        options->authentication ? bytes_of_cstr(options->authentication) : said->authentication;
    if (!authentication.data) /* a connection string without one asks for none, as libdurabletask reads it */
        authentication = options->connection_string ? BYTES_LITERAL("None") : BYTES_LITERAL("DefaultAzure");
    return chain_choose(authentication, world, ret_chain, err);
}

enum status credential_create(const struct credential_options *options, struct credential **ret_credential,
                              struct err *err)
{
    struct connection_string said = {0};
    struct world_real nobody = {.helper = NULL};
    struct credential_world world = options->world ? *options->world : world_real(&nobody);
    struct chain chain;
    enum status status = STATUS_OK;
    if (options->connection_string)
        status = connection_string_parse(bytes_of_cstr(options->connection_string), &said, err);
    if (status == STATUS_OK)
        status = choose(options, &said, &world, &chain, err);
    if (status != STATUS_OK)
        return status;
    if (!chain.count) {
        *ret_credential = NULL;
        return STATUS_OK;
    }

    struct credential *credential = calloc(1, sizeof *credential);
    if (!credential || init_lock(credential) != STATUS_OK) {
        free(credential);
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    }
    credential->chain = chain;
    credential->source = "";
    credential->real =
        (struct world_real){.stop = {.is_wanted = stop_is_wanted, .pause = stop_pause, .context = credential},
                            .helper = options->helper};
    credential->world = options->world ? world : world_real(&credential->real);
    if (keep_all(credential, options, &said) != STATUS_OK) {
        credential_destroy(credential);
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    }
    *ret_credential = credential;
    return STATUS_OK;
}

void credential_stop(struct credential *credential)
{
    if (!credential)
        return;
    pthread_mutex_lock(&credential->lock);
    atomic_store(&credential->stopping, true);
    pthread_cond_broadcast(&credential->changed);
    pthread_mutex_unlock(&credential->lock);
}

void credential_destroy(struct credential *credential)
{
    if (!credential)
        return;
    credential_stop(credential);
    if (credential->runs)
        pthread_join(credential->thread, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(credential->slots); i++)
        access_token_fini(&credential->slots[i].token);
    for (size_t i = 0; i < ARRAY_SIZE(credential->texts); i++)
        free(credential->texts[i]);
    pthread_cond_destroy(&credential->changed);
    pthread_mutex_destroy(&credential->lock);
    free(credential);
}

/* --- the thread --- */

/* When a slot is to be asked for; INT64_MAX: it is not. A failure's pause holds for those who wait, too. */
static int64_t due_ns(const struct kept_token *slot, int64_t now_ns)
{
    if (!slot->scope[0])
        return INT64_MAX;
    if (renewal_is_pausing(&slot->renewal, now_ns))
        return slot->renewal.retry_ns;
    if (slot->wanted)
        return now_ns;
    return renewal_next_ns(&slot->renewal);
}

static struct kept_token *next_due(struct credential *credential, int64_t now_ns)
{
    struct kept_token *first = &credential->slots[0];
    for (size_t i = 1; i < ARRAY_SIZE(credential->slots); i++)
        if (due_ns(&credential->slots[i], now_ns) < due_ns(first, now_ns))
            first = &credential->slots[i];
    return first;
}

/* "https://durabletask.io/.default" is the scope of the resource "https://durabletask.io". */
static void copy_resource(const char *scope, char ret_resource[CREDENTIAL_SCOPE_SIZE])
{
    static const char suffix[] = "/.default";
    size_t size = strlen(scope);
    size_t cut = sizeof suffix - 1;
    if (size > cut && strcmp(scope + size - cut, suffix) == 0)
        size -= cut;
    memcpy(ret_resource, scope, size);
    ret_resource[size] = '\0';
}

/* With the lock held: what a round has brought. */
static void settle(struct credential *credential, struct kept_token *slot, enum status status,
                   struct access_token *token, int64_t wait_ns, const char *fault)
{
    int64_t now_ns = wall_ns(credential);
    slot->status = status;
    slot->wanted = false;
    slot->rounds++;
    memcpy(slot->fault, fault, sizeof slot->fault);
    if (status != STATUS_OK) {
        uint64_t random = credential->world.random(credential->world.context);
        renewal_failed(&slot->renewal, now_ns, wait_ns, random);
        return;
    }
    access_token_fini(&slot->token);
    slot->token = *token;
    renewal_came(&slot->renewal, now_ns, token->until_ns, token->renew_ns);
    credential->source = chain_source(&credential->chain);
}

/* With the lock held, which it gives away meanwhile. */
static void ask(struct credential *credential, struct kept_token *slot)
{
    char resource[CREDENTIAL_SCOPE_SIZE];
    copy_resource(slot->scope, resource);
    pthread_mutex_unlock(&credential->lock);

    struct source_query query = {
        .world = &credential->world, .settings = &credential->settings, .resource = resource};
    struct access_token token = {0};
    int64_t wait_ns = 0;
    char fault[CHAIN_FAULT_SIZE] = "";
    enum status status = chain_get(&credential->chain, &query, &token, &wait_ns, fault);

    pthread_mutex_lock(&credential->lock);
    settle(credential, slot, status, &token, wait_ns, fault);
    pthread_cond_broadcast(&credential->changed);
}

static void *run(void *context)
{
    struct credential *credential = context;
    pthread_mutex_lock(&credential->lock);
    while (!atomic_load(&credential->stopping)) {
        int64_t now_ns = wall_ns(credential);
        struct kept_token *slot = next_due(credential, now_ns);
        int64_t left_ns = due_ns(slot, now_ns) == INT64_MAX ? SLEEP_MAX_NS : due_ns(slot, now_ns) - now_ns;
        if (left_ns <= 0)
            ask(credential, slot);
        else
            wait_change(credential, MIN(left_ns, SLEEP_MAX_NS));
    }
    pthread_mutex_unlock(&credential->lock);
    return NULL;
}

/* With the lock held. The program's signals are for its own threads. */
static STATUS_RESULT start_thread(struct credential *credential, struct err *err)
{
    if (credential->runs)
        return STATUS_OK;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&credential->thread, NULL, run, credential);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    credential->runs = !error;
    if (error)
        return err_set(err, STATUS_INTERNAL, "no thread: %s", strerror(error));
    return STATUS_OK;
}

/* --- those who want a token --- */

/* With the lock held. A slot is never given back: audiences are few. */
static STATUS_RESULT find_slot(struct credential *credential, const char *scope, struct kept_token **ret_slot,
                               struct err *err)
{
    if (!scope || !*scope || strlen(scope) >= CREDENTIAL_SCOPE_SIZE)
        return err_set(err, STATUS_INVALID_ARGUMENT, "no scope, or one that is too long");
    for (size_t i = 0; i < ARRAY_SIZE(credential->slots); i++) {
        struct kept_token *slot = &credential->slots[i];
        bool free_one = !slot->scope[0];
        if (!free_one && strcmp(slot->scope, scope) != 0)
            continue;
        if (free_one)
            memcpy(slot->scope, scope, strlen(scope) + 1);
        *ret_slot = slot;
        return STATUS_OK;
    }
    return err_set(err, STATUS_RESOURCE_EXHAUSTED, "tokens for more than %d audiences",
                   CREDENTIAL_AUDIENCES_MAX);
}

/* With the lock held. Until a token is there, a round behind now has failed, or the patience is over. */
static STATUS_RESULT await(struct credential *credential, struct kept_token *slot, int64_t patience_ns,
                           struct err *err)
{
    int64_t until_ns = clock_monotonic_ns() + patience_ns;
    uint64_t rounds = slot->rounds;
    while (!renewal_is_good(&slot->renewal, wall_ns(credential))) {
        if (renewal_is_pausing(&slot->renewal, wall_ns(credential)) ||
            (slot->rounds != rounds && slot->status != STATUS_OK))
            return err_set(err, slot->status, "no token: %s", slot->fault);
        if (atomic_load(&credential->stopping))
            return err_set(err, STATUS_CANCELLED, "the credential is being destroyed");
        if (clock_monotonic_ns() >= until_ns)
            return err_set(err, STATUS_DEADLINE_EXCEEDED, "no token in time: its sources are still asked");
        slot->wanted = true;
        pthread_cond_broadcast(&credential->changed);
        wait_change(credential, until_ns - clock_monotonic_ns());
    }
    return STATUS_OK;
}

enum status credential_get(struct credential *credential, const char *scope, int64_t patience_ns,
                           struct buf *ret_token, int64_t *ret_until_ns, struct err *err)
{
    if (!credential)
        return err_set(err, STATUS_INVALID_ARGUMENT, "Authentication=None has no tokens");
    struct kept_token *slot = NULL;
    pthread_mutex_lock(&credential->lock);
    enum status status = find_slot(credential, scope, &slot, err);
    if (status == STATUS_OK)
        status = start_thread(credential, err);
    if (status == STATUS_OK)
        status = await(credential, slot, patience_ns, err);
    if (status == STATUS_OK)
        status = buf_reserve(ret_token, slot->token.text.size + 1);
    if (status == STATUS_OK) {
        buf_append_bytes(ret_token, buf_peek(&slot->token.text));
        buf_append_byte(ret_token, '\0');
        if (ret_until_ns)
            *ret_until_ns = slot->renewal.until_ns;
    }
    pthread_mutex_unlock(&credential->lock);
    return status;
}

void credential_refuse(struct credential *credential, const char *scope, struct bytes token)
{
    if (!credential)
        return;
    struct kept_token *slot = NULL;
    pthread_mutex_lock(&credential->lock);
    bool known = find_slot(credential, scope, &slot, NULL) == STATUS_OK;
    if (known && bytes_equal(token, buf_peek(&slot->token.text)) &&
        renewal_refused(&slot->renewal, wall_ns(credential))) {
        slot->wanted = true;
        pthread_cond_broadcast(&credential->changed);
    }
    pthread_mutex_unlock(&credential->lock);
}

void credential_explain(struct credential *credential, const char *scope, char *ret_text, size_t size)
{
    struct kept_token *slot = NULL;
    snprintf(ret_text, size, "no token in time: its sources are still asked");
    if (!credential)
        return;
    pthread_mutex_lock(&credential->lock);
    if (find_slot(credential, scope, &slot, NULL) == STATUS_OK && slot->rounds > 0 &&
        slot->status != STATUS_OK)
        snprintf(ret_text, size, "no token: %s", slot->fault);
    pthread_mutex_unlock(&credential->lock);
}

const char *credential_source(struct credential *credential)
{
    if (!credential)
        return "";
    pthread_mutex_lock(&credential->lock);
    const char *source = credential->source;
    pthread_mutex_unlock(&credential->lock);
    return source;
}
