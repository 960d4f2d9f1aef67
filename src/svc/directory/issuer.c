/* SPDX-License-Identifier: MIT */
/* issuer.c — a thread that fetches two documents and posts the keys to the loop; and the judgement over a token by them. */
#include "svc/directory/issuer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/no_memory.h"
#include "crypto/jose.h"
#include "os/clock.h"
#include "svc/directory/first_owner.h"
#include "wire/http1/site.h"

#define AREA         "svc/directory"
#define KEYS_MAX     32
#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes */
#define TIMEOUT_MS   5000L
#define LEEWAY_S     60

/* The keys of one fetch, on their way to the loop. */
struct issuer_news {
    struct loop_message message; /* first */
    struct issuer *issuer;
    struct jose_key *keys[KEYS_MAX];
    size_t count;
    struct err err;
};

struct issuer {
    struct loop *loop;
    struct directory *directory;
    char *url; /* without a slash at its end */
    char *audience;
    char *name_claim;
    char *groups_claim;
    char *ca_file; /* NULL: those of the system */
    struct jose_key *keys[KEYS_MAX];
    size_t count;
    int64_t asked_ns; /* monotonic: when the thread was last woken */
    bool closing;     /* what still comes is dropped */

    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool wanted;
    bool stop;
    bool on_its_way; /* a message is posted */
};

/* --- fetching: the thread --- */

static size_t keep_piece(char *data, size_t size, size_t count, void *context)
{
    struct buf *document = context;
    buf_append(document, data, size * count);
    return buf_status(document) == STATUS_OK ? size * count : 0;
}

/* Redirects are not followed: the keys are those of the address that the operator wrote down, or that its document
 * names. */
static enum status fetch(const struct issuer *issuer, const char *url, json_t **ret_document, struct err *err)
{
    static const struct json_limits limits = {.size_max = DOCUMENT_MAX};
    CLEANUP(buf_fini) struct buf text = {.limit = DOCUMENT_MAX};
    CURL *curl = curl_easy_init();
    if (!curl)
        return err_no_memory(err);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    if (issuer->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, issuer->ca_file);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return err_set(err, STATUS_UNAVAILABLE, "%.120s: %.80s", url, curl_easy_strerror(code));
    return json_parse(buf_peek(&text), &limits, ret_document, err);
}

/* https, or http on this machine. */
static bool is_safe_url(const char *url)
{
    static const struct site loopback = {.names = NULL};
    const struct bytes text = bytes_of_cstr(url), https = BYTES_LITERAL("https://"),
                       http = BYTES_LITERAL("http://");
    if (bytes_starts_with_nocase(text, https))
        return true;
    struct bytes rest = bytes_slice(text, http.size, SIZE_MAX);
    return bytes_starts_with_nocase(text, http) && site_knows(&loopback, bytes_split(&rest, '/'));
}

static bool is_for_signatures(const json_t *key)
{
    struct bytes use = json_member_bytes(key, "use");
    return !use.data || bytes_equal_cstr(use, "sig");
}

/* A key that cannot be read is left out, not the whole set: issuers publish kinds of keys that nobody here needs. */
static void read_keys(const json_t *document, struct issuer_news *news)
{
    const json_t *keys = json_object_get(document, "keys");
    for (size_t i = 0; i < json_array_size(keys) && news->count < KEYS_MAX; i++) {
        struct err ignored;
        char *text = is_for_signatures(json_array_get(keys, i))
                         ? json_dumps(json_array_get(keys, i), JSON_COMPACT)
                         : NULL;
        if (text && jose_key_read(bytes_of_cstr(text), &news->keys[news->count], &ignored) == STATUS_OK)
            news->count++;
        free(text);
    }
}

static enum status fetch_keys(const struct issuer *issuer, struct issuer_news *news)
{
    CLEANUP(json_release) json_t *configuration = NULL;
    CLEANUP(json_release) json_t *document = NULL;
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append_fmt(&url, "%s/.well-known/openid-configuration", issuer->url);
    buf_append_byte(&url, '\0');
    if (buf_status(&url) != STATUS_OK)
        return err_no_memory(&news->err);
    enum status status = fetch(issuer, (const char *)url.data, &configuration, &news->err);
    if (status != STATUS_OK)
        return status;
    const char *jwks = json_member_text(configuration, "jwks_uri");
    if (!jwks || !is_safe_url(jwks))
        return err_set(&news->err, STATUS_MALFORMED, "its configuration names no jwks_uri with https");
    status = fetch(issuer, jwks, &document, &news->err);
    if (status == STATUS_OK)
        read_keys(document, news);
    if (status == STATUS_OK && news->count == 0)
        return err_set(&news->err, STATUS_NOT_FOUND, "it publishes no key for RS256 or ES256");
    return status;
}

static void on_news(struct loop_message *message);

/* ORDER: that a message is under way is said under the lock before it is posted. By that, whoever destroys the
 * issuer knows whether the message frees it. */
static void post_news(struct issuer *issuer)
{
    struct issuer_news *news = calloc(1, sizeof *news);
    if (!news)
        return;
    news->message.on_run = on_news;
    news->issuer = issuer;
    (void)fetch_keys(issuer, news);
    pthread_mutex_lock(&issuer->mutex);
    bool stop = issuer->stop;
    issuer->on_its_way = !stop;
    pthread_mutex_unlock(&issuer->mutex);
    if (!stop) {
        loop_post(issuer->loop, &news->message);
        return;
    }
    while (news->count > 0)
        jose_key_free(news->keys[--news->count]);
    free(news);
}

/* It fetches when it is started, when a token has a key that is not known, and now and then, for issuers change
 * their keys. */
static void *run(void *argument)
{
    struct issuer *issuer = argument;
    pthread_mutex_lock(&issuer->mutex);
    while (!issuer->stop) {
        issuer->wanted = false;
        pthread_mutex_unlock(&issuer->mutex);
        post_news(issuer);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ISSUER_FRESH_S;
        pthread_mutex_lock(&issuer->mutex);

        /* INVARIANT: one message at a time, however long the loop stands still: a second would find the issuer freed. */
        while (!issuer->stop && issuer->on_its_way)
            pthread_cond_wait(&issuer->changed, &issuer->mutex);
        int waited = 0;
        while (!issuer->stop && waited == 0 && !issuer->wanted)
            waited = pthread_cond_timedwait(&issuer->changed, &issuer->mutex, &until);
    }
    pthread_mutex_unlock(&issuer->mutex);
    return NULL;
}

/* --- what the loop knows --- */

static void free_issuer(struct issuer *issuer)
{
    while (issuer->count > 0)
        jose_key_free(issuer->keys[--issuer->count]);
    free(issuer->url);
    free(issuer->audience);
    free(issuer->name_claim);
    free(issuer->groups_claim);
    free(issuer->ca_file);
    pthread_cond_destroy(&issuer->changed);
    pthread_mutex_destroy(&issuer->mutex);
    curl_global_cleanup();
    free(issuer);
}

/* Keys that cannot be fetched leave those of before. */
static void take_news(struct issuer *issuer, struct issuer_news *news)
{
    if (news->count == 0) {
        log_warn(AREA, "the keys of the issuer were not fetched cause=\"%s\"", news->err.text);
        return;
    }
    while (issuer->count > 0)
        jose_key_free(issuer->keys[--issuer->count]);
    memcpy(issuer->keys, news->keys, sizeof issuer->keys);
    issuer->count = news->count;
    news->count = 0;
}

static void on_news(struct loop_message *message)
{
    struct issuer_news *news = (struct issuer_news *)message;
    struct issuer *issuer = news->issuer;
    pthread_mutex_lock(&issuer->mutex);
    issuer->on_its_way = false;
    pthread_cond_signal(&issuer->changed);
    pthread_mutex_unlock(&issuer->mutex);
    if (!issuer->closing)
        take_news(issuer, news);
    while (news->count > 0)
        jose_key_free(news->keys[--news->count]);
    free(news);
    if (issuer->closing)
        free_issuer(issuer);
}

/* Bounded: a stranger can send tokens with keys of any name, and each would cost the issuer a request. */
static void want_keys(struct issuer *issuer)
{
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns - issuer->asked_ns < ISSUER_PATIENCE_S * NS_PER_S)
        return;
    issuer->asked_ns = now_ns;
    pthread_mutex_lock(&issuer->mutex);
    issuer->wanted = true;
    pthread_cond_signal(&issuer->changed);
    pthread_mutex_unlock(&issuer->mutex);
}

/* --- a token --- */

static const struct jose_key *find_key(const struct issuer *issuer, struct bytes id)
{
    for (size_t i = 0; i < issuer->count; i++)
        if (bytes_equal_cstr(id, jose_key_id(issuer->keys[i])))
            return issuer->keys[i];
    return NULL;
}

static bool is_its_issuer(const struct issuer *issuer, struct bytes said)
{
    while (said.size > 0 && said.data[said.size - 1] == '/')
        said.size--;
    return bytes_equal_cstr(said, issuer->url);
}

/* ORDER: whose it is and for whom, then the signature, then the time. A token for somebody else never makes us
 * fetch a key. */
enum status issuer_check(struct issuer *issuer, const struct jwt *jwt, struct bytes audience, int64_t now_ns,
                         struct err *err)
{
    if (!is_its_issuer(issuer, jwt_text(jwt, "iss")))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is of an issuer that is not trusted here");
    if (!jwt_is_for(jwt, audience))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is for another audience");
    const struct jose_key *key = find_key(issuer, jwt_header_text(jwt, "kid"));
    if (!key) {
        want_keys(issuer);
        return err_set(err, STATUS_UNAUTHENTICATED,
                       "the token's key is not among those of its issuer; they are fetched anew, try again");
    }
    enum status status = jose_verify(key, jwt, err);
    if (status != STATUS_OK)
        return status;
    return jwt_check_time(jwt, now_ns / NS_PER_S, LEEWAY_S, err);
}

static void take_groups(const struct issuer *issuer, const struct jwt *jwt, struct bearer *bearer)
{
    const json_t *claim = json_object_get(jwt->claims, issuer->groups_claim);
    size_t count = json_is_array(claim) ? json_array_size(claim) : 1;
    for (size_t i = 0; i < count && bearer->group_count < BEARER_GROUPS_MAX; i++) {
        const char *name = json_string_value(json_is_array(claim) ? json_array_get(claim, i) : claim);
        char *copy = name ? strdup(name) : NULL;
        if (copy)
            bearer->groups[bearer->group_count++] = copy;
    }
}

/* A mail address that the issuer itself has not verified is whatever somebody typed there, such as another person's (OpenID Connect
 * Core 1.0 section 5.7). Some issuers write the member as a string. */
static bool is_vouched_for(const struct issuer *issuer, const struct jwt *jwt)
{
    const json_t *verified = json_object_get(jwt->claims, "email_verified");
    bool by_mail = strcmp(issuer->name_claim, "email") == 0;
    return !by_mail || !verified || json_is_true(verified) ||
           bytes_equal_nocase(json_bytes(verified), BYTES_LITERAL("true"));
}

/* The first owner is this server's own: no issuer has such a person. What is shown of a name is what people and logs see. */
static enum status check_name(const struct issuer *issuer, const struct jwt *jwt, struct bytes name,
                              struct err *err)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 0x20 || name.data[i] == 0x7f)
            return err_set(err, STATUS_UNAUTHENTICATED, "the token's name holds control characters");
    if (bytes_equal_nocase(name, BYTES_LITERAL(FIRST_OWNER_NAME)))
        return err_set(err, STATUS_UNAUTHENTICATED,
                       "the first owner signs in here, never by a token of an issuer");
    if (name.size > 0 && !is_vouched_for(issuer, jwt))
        return err_set(err, STATUS_UNAUTHENTICATED,
                       "the issuer has not verified the mail address in the token (email_verified)");
    return STATUS_OK;
}

enum status issuer_believe(struct issuer *issuer, const struct jwt *jwt, int64_t now_ns,
                           struct bearer *bearer, struct err *err)
{
    enum status status = issuer_check(issuer, jwt, bytes_of_cstr(issuer->audience), now_ns, err);
    if (status != STATUS_OK)
        return status;
    struct bytes subject = jwt_text(jwt, "sub"), name = jwt_text(jwt, issuer->name_claim);
    if (subject.size == 0)
        return err_set(err, STATUS_UNAUTHENTICATED, "the token does not say whose it is");
    status = check_name(issuer, jwt, name, err);
    if (status != STATUS_OK)
        return status;
    int64_t expires_s = 0;
    (void)jwt_seconds(jwt, "exp", &expires_s);
    bearer->expires_ns = (expires_s + LEEWAY_S) * NS_PER_S;

    const struct directory_person *person = directory_find(issuer->directory, DIRECTORY_PERSON, "name", name);
    if (person) {
        bearer->kind = BEARER_MEMBER;
        snprintf(bearer->id, sizeof bearer->id, "%s", person->id);
        return STATUS_OK;
    }
    bearer->kind = BEARER_OUTSIDE;
    if (asprintf(&bearer->subject, "%.*s@%s", BYTES_FMT(subject), issuer->url) < 0)
        bearer->subject = NULL;
    struct bytes shown = name.size > 0 ? name : subject;
    bearer->name = strndup((const char *)shown.data, shown.size);
    if (!bearer->subject || !bearer->name)
        return err_set(err, STATUS_UNAUTHENTICATED, ERR_NO_MEMORY);
    take_groups(issuer, jwt, bearer);
    return STATUS_OK;
}

/* --- making --- */

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static bool copy_options(struct issuer *issuer, const struct issuer_options *options)
{
    issuer->directory = options->directory;
    issuer->url = copy(options->url);
    issuer->audience = copy(options->audience);
    issuer->name_claim = copy(options->name_claim);
    issuer->groups_claim = copy(options->groups_claim);
    issuer->ca_file = copy(options->ca_file);
    char *url = issuer->url;
    while (url && url[0] && url[strlen(url) - 1] == '/')
        url[strlen(url) - 1] = '\0';
    return url && issuer->audience && issuer->name_claim && issuer->groups_claim;
}

static bool start_thread(struct issuer *issuer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&issuer->thread, NULL, run, issuer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0;
}

enum status issuer_create(struct loop *loop, const struct issuer_options *options, struct issuer **ret_issuer,
                          struct err *err)
{
    if (!is_safe_url(options->url))
        return err_set(err, STATUS_INVALID_ARGUMENT, "oidc-issuer: \"%.100s\" is not an https URL",
                       options->url);
    struct issuer *issuer = calloc(1, sizeof *issuer);
    if (!issuer || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(issuer);
        return err_no_memory(err);
    }
    issuer->loop = loop;
    issuer->asked_ns = clock_monotonic_ns();
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&issuer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&issuer->mutex, NULL);
    if (!copy_options(issuer, options) || !start_thread(issuer)) {
        free_issuer(issuer);
        return err_set(err, STATUS_INTERNAL, "oidc-issuer: no memory, or no thread");
    }
    *ret_issuer = issuer;
    return STATUS_OK;
}

void issuer_destroy(struct issuer *issuer)
{
    if (!issuer)
        return;
    pthread_mutex_lock(&issuer->mutex);
    issuer->stop = true;
    pthread_cond_signal(&issuer->changed);
    pthread_mutex_unlock(&issuer->mutex);
    pthread_join(issuer->thread, NULL);
    issuer->closing = true;
    if (!issuer->on_its_way) /* else its message frees it */
        free_issuer(issuer);
}
