/* SPDX-License-Identifier: MIT */
/* token.c — parts: the thread that asks the provider; what the channel does with its answers. A fresh token is checked before it
 * replaces the old one: the old one serves until its own end if the provider fails or returns what no header may hold. */
#include "sdk/channel/token.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/duration.h"
#include "sdk/clock.h"

#define LIFE_NS  (600 * NS_PER_S) /* of a token without a stated expiry */
#define EARLY_NS (300 * NS_PER_S) /* renewed so long before it expires */
#define AGAIN_NS (1 * NS_PER_S)   /* between two tries while the old one serves */

enum status sdk_token_init(struct sdk_token *token, const struct sdk_target *target,
                           void (*on_answer)(void *context), void *context, struct err *err)
{
    memset(token, 0, sizeof *token);
    token->target = target;
    token->on_answer = on_answer;
    token->context = context;
    if (pthread_mutex_init(&token->lock, NULL) != 0)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    if (pthread_cond_init(&token->changed, NULL) == 0)
        return STATUS_OK;
    pthread_mutex_destroy(&token->lock);
    return err_set(err, STATUS_NO_MEMORY, "no memory");
}

void sdk_token_fini(struct sdk_token *token)
{
    pthread_mutex_lock(&token->lock);
    token->post.stop = true;
    pthread_cond_signal(&token->changed);
    pthread_mutex_unlock(&token->lock);
    if (token->runs)
        pthread_join(token->thread, NULL);
    pthread_cond_destroy(&token->changed);
    pthread_mutex_destroy(&token->lock);
    OPENSSL_cleanse(token, sizeof *token);
}

/* --- the thread --- */

static bool is_usable(const char *text)
{
    if (!text[0] || !memchr(text, '\0', SDK_TOKEN_SIZE_MAX))
        return false;
    for (; *text; text++)
        if (*text <= 0x20 || *text >= 0x7f)
            return false;
    return true;
}

/* What the provider says to one question. On the thread's stack, so that no lock is held meanwhile. */
struct answer {
    bool good;
    int64_t until_ns;
    char why[SDK_TOKEN_WHY_SIZE];
    char text[SDK_TOKEN_SIZE_MAX];
};

static void ask(const struct sdk_target *target, struct answer *answer)
{
    const struct dt_token_provider *provider = &target->provider;
    enum dt_status status = provider->give(target->token_resource, answer->text, sizeof answer->text,
                                           &answer->until_ns, provider->context);
    answer->good = status == DT_OK && is_usable(answer->text);
    if (answer->good)
        return;
    snprintf(answer->why, sizeof answer->why, "the token callback gave no usable token");
    if (status != DT_OK && provider->fault)
        provider->fault(target->token_resource, answer->why, sizeof answer->why, provider->context);
    answer->why[sizeof answer->why - 1] = '\0';
}

static void tell_refused(const struct sdk_target *target, const char *text)
{
    if (target->provider.refused)
        target->provider.refused(target->token_resource, text, target->provider.context);
}

/* With the lock held, which it gives away meanwhile. */
static void serve(struct sdk_token *token)
{
    struct answer answer = {.good = false};
    bool is_refused = token->post.is_refused;
    token->post.is_refused = false;
    if (is_refused) /* until the provider is asked, the place of its answer is free */
        memcpy(answer.text, token->post.refused, sizeof answer.text);
    pthread_mutex_unlock(&token->lock);

    if (is_refused)
        tell_refused(token->target, answer.text);
    memset(answer.text, 0, sizeof answer.text);
    ask(token->target, &answer);

    pthread_mutex_lock(&token->lock);
    token->post.wanted = false;
    token->post.answered = true;
    token->post.good = answer.good;
    token->post.until_ns = answer.until_ns;
    memcpy(token->post.why, answer.why, sizeof answer.why);
    memcpy(token->post.text, answer.text, sizeof answer.text);
    OPENSSL_cleanse(&answer, sizeof answer);
    token->on_answer(token->context);
}

static void *run(void *context)
{
    struct sdk_token *token = context;
    pthread_mutex_lock(&token->lock);
    while (!token->post.stop) {
        if (token->post.wanted)
            serve(token);
        else
            pthread_cond_wait(&token->changed, &token->lock);
    }
    pthread_mutex_unlock(&token->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static bool start_thread(struct sdk_token *token)
{
    if (token->runs)
        return true;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    token->runs = pthread_create(&token->thread, NULL, run, token) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return token->runs;
}

/* --- the channel's side --- */

/* Takes what the provider has said since the last look. False: it gave none. */
static bool take_answer(struct sdk_token *token, int64_t now_ns)
{
    struct sdk_token_post *post = &token->post;
    bool good = true;
    pthread_mutex_lock(&token->lock);
    if (post->answered && post->good) {
        memcpy(token->text, "Bearer ", SDK_TOKEN_PREFIX_SIZE);
        memcpy(token->text + SDK_TOKEN_PREFIX_SIZE, post->text, sizeof post->text);
        token->serial++;
        token->until_ns = post->until_ns > 0 ? post->until_ns : now_ns + LIFE_NS;
        token->renew_ns = token->until_ns - MIN(EARLY_NS, MAX(token->until_ns - now_ns, 0) / 2);
    } else if (post->answered) {
        memcpy(token->why, post->why, sizeof post->why);
        token->again_ns = sdk_now_ns() + AGAIN_NS;
        good = false;
    }
    post->answered = false;
    OPENSSL_cleanse(post->text, sizeof post->text);
    pthread_mutex_unlock(&token->lock);
    return good;
}

/* False: there is no thread to be had. */
static bool want(struct sdk_token *token)
{
    if (!start_thread(token))
        return false;
    pthread_mutex_lock(&token->lock);
    token->post.wanted |= !token->post.answered; /* one that came since the look is taken first */
    pthread_cond_signal(&token->changed);
    pthread_mutex_unlock(&token->lock);
    return true;
}

enum sdk_token_state sdk_token_look(struct sdk_token *token)
{
    if (!token->target->provider.give)
        return SDK_TOKEN_READY;
    int64_t now_ns = sdk_wall_ns();
    bool answered_well = take_answer(token, now_ns);
    bool valid = token->text[0] && now_ns < token->until_ns;
    if (valid && now_ns < token->renew_ns)
        return SDK_TOKEN_READY;
    if (!valid && !answered_well)
        return SDK_TOKEN_FAILED;
    if (valid && sdk_now_ns() < token->again_ns)
        return SDK_TOKEN_READY;
    if (!want(token)) {
        snprintf(token->why, sizeof token->why, "no thread to ask for a token");
        return valid ? SDK_TOKEN_READY : SDK_TOKEN_FAILED;
    }
    return valid ? SDK_TOKEN_READY : SDK_TOKEN_PENDING;
}

void sdk_token_refuse(struct sdk_token *token)
{
    if (!token->text[0])
        return;
    pthread_mutex_lock(&token->lock);
    memcpy(token->post.refused, token->text + SDK_TOKEN_PREFIX_SIZE, sizeof token->post.refused);
    token->post.is_refused = true;
    pthread_mutex_unlock(&token->lock);
    OPENSSL_cleanse(token->text, sizeof token->text);
    token->until_ns = 0;
    token->again_ns = 0;
}
