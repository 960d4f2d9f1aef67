/* SPDX-License-Identifier: MIT */
/* sender.c — a queue under a lock, and a thread with one multi handle of libcurl, which keeps connections for the next request to the
 * same host. Three parts: one request, the thread, life. */
#include "svc/webhook/sender.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/no_memory.h"
#include "os/clock.h"
#include "svc/webhook/limit_values.h"

#define CONNECTIONS_KEPT 32L /* that are open and idle */
#define WAIT_MS          1000

struct notice_sender {
    struct loop *loop;
    struct sender_options options;
    CURLM *multi;       /* the thread's */
    struct list active; /* of struct post; the thread's */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the next two */
    struct list queue;    /* of struct post */
    bool stopping;
};

/* --- one request --- */

const char *sender_refusal(const struct notice_hosts *hosts, struct bytes url, struct notice_place *ret_place)
{
    enum notice_address_kind kind;
    const char *why = NULL;
    if (!notice_place_read(url, ret_place, &why))
        return why;
    if (!ret_place->tls && !notice_hosts_name(hosts, ret_place))
        return "begins with http://, which is for hosts that the setting webhook-hosts names";
    if (ret_place->is_address && !notice_place_may(hosts, ret_place, &ret_place->address, &kind))
        return "has an address that is not of the public net, and that the setting webhook-hosts does not "
               "name";
    return NULL;
}

const char *sender_mail_refusal(const struct notice_hosts *hosts, const struct sender_mail *mail,
                                struct notice_place *ret_place)
{
    enum notice_address_kind kind;
    const char *why = NULL;
    if (!mail->server)
        return "is not set, so no mail can be sent";
    if (!notice_place_read_mail(bytes_of_cstr(mail->server), ret_place, &why))
        return why;
    bool encrypted = ret_place->tls || !mail->plain;
    if (!encrypted && mail->password)
        return "would be told a password without TLS";
    if (!encrypted && !notice_hosts_name(hosts, ret_place))
        return "is without TLS, which is for hosts that the setting webhook-hosts names";
    if (ret_place->is_address && !notice_place_may(hosts, ret_place, &ret_place->address, &kind))
        return "has an address that is not of the public net, and that the setting webhook-hosts does not "
               "name";
    return NULL;
}

/* False: it is of no family that is looked at. */
static bool address_of(const struct curl_sockaddr *socket_address, struct notice_address *ret_address)
{
    if (socket_address->family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &socket_address->addr, sizeof four);
        *ret_address = notice_address_of_v4((const uint8_t *)&four.sin_addr);
        return true;
    }
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&socket_address->addr;
    if (socket_address->family == AF_INET6)
        memcpy(ret_address->bytes, &six->sin6_addr, sizeof ret_address->bytes);
    return socket_address->family == AF_INET6;
}

/* Behind the resolution and before the connection: the only place where a socket is made. */
static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *socket_address)
{
    struct post *post = context;
    struct notice_address address;
    enum notice_address_kind kind = NOTICE_ADDRESS_RESERVED;
    if (!address_of(socket_address, &address) ||
        !notice_place_may(post->sender->options.hosts, &post->place, &address, &kind)) {
        (void)snprintf(
            post->error, sizeof post->error,
            "the host leads to an address (%s) that is not of the public net, and the setting webhook-hosts "
            "does not name it",
            notice_address_kind_name(kind));
        return CURL_SOCKET_BAD;
    }
    return socket(socket_address->family, socket_address->socktype | SOCK_CLOEXEC, socket_address->protocol);
}

/* What is too much is not read: libcurl breaks off. */
static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t got = size * count, room = post->answer_size_max - post->answer.size;
    buf_append(&post->answer, data, MIN(got, room));
    post->answer_cut = got > room;
    return post->answer_cut ? 0 : got;
}

/* A mail server says much; what it said last is kept, but its farewell (RFC 5321 section 4.2.3). */
static size_t on_reply(char *data, size_t size, size_t count, void *context)
{
    struct post *post = context;
    struct bytes line = bytes_trim(bytes_of(data, size * count));
    if (bytes_starts_with(line, BYTES_LITERAL("221")))
        return size * count;
    buf_clear(&post->answer);
    buf_append_bytes(&post->answer, bytes_slice(line, 0, post->answer_size_max));
    return size * count;
}

static size_t on_read(char *ret_data, size_t size, size_t count, void *context)
{
    struct post *post = context;
    struct bytes piece = bytes_slice(post->body, post->sent, size * count);
    if (piece.size > 0)
        memcpy(ret_data, piece.data, piece.size);
    post->sent += piece.size;
    return piece.size;
}

static bool ask_http(struct post *post)
{
    CURL *easy = post->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)post->body.data);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport/" SALLYPORT_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    return curl_easy_setopt(easy, CURLOPT_URL, post->url) == CURLE_OK;
}

/* The path of the URL is what this side calls itself (RFC 5321 section 4.1.1.1): the domain that it writes for. */
static bool name_server(struct post *post)
{
    const struct sender_mail *mail = &post->sender->options.mail;
    const char *domain = strchr(mail->from, '@');
    CLEANUP(buf_fini) struct buf url = {0};
    size_t size = strlen(mail->server);
    buf_append_fmt(&url, "%s%s%s", mail->server, mail->server[size - 1] == '/' ? "" : "/",
                   domain ? domain + 1 : "");
    buf_append_byte(&url, '\0');
    return buf_status(&url) == STATUS_OK &&
           curl_easy_setopt(post->easy, CURLOPT_URL, (const char *)url.data) == CURLE_OK;
}

static bool ask_mail(struct post *post)
{
    const struct sender_mail *mail = &post->sender->options.mail;
    CURL *easy = post->easy;
    post->recipients = curl_slist_append(NULL, post->mailbox);
    post->sent = 0;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(mail->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, post->recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)post->body.size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, post);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
    return post->recipients && name_server(post);
}

static bool make_easy(struct post *post)
{
    const struct sender_options *options = &post->sender->options;
    CURL *easy = post->easy = curl_easy_init();
    if (!easy)
        return false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* one of the environment would look at no address */
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)MIN(options->timeout_ms, WEBHOOK_CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->detail);
    if (options->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    if (post->mailbox)
        return ask_mail(post);
    return ask_http(post);
}

/* In words for an operator. */
static void say_why(struct post *post, CURLcode code)
{
    if (!post->mailbox && post->http_status >= 300 && post->http_status < 400)
        (void)snprintf(post->error, sizeof post->error, "HTTP status %d: redirects are not followed",
                       post->http_status);
    else if (code == CURLE_OK || (!post->mailbox && post->http_status > 0))
        post->error[0] = '\0';
    else if (!post->error[0])
        (void)snprintf(post->error, sizeof post->error, "%s",
                       post->detail[0] ? post->detail : curl_easy_strerror(code));
}

/* What it came to, as far as an answer's head came; its body may be cut. */
static void read_outcome(struct post *post, CURLcode code)
{
    long status = 0;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    post->http_status = status >= 200 ? (int)status : 0;
    /* What a server said to a step before the last does not say that it took the mail. */
    if (post->mailbox && code != CURLE_OK && post->http_status < 400)
        post->http_status = 0;
    post->retry_after_ns = MIN(MAX(retry_after_s, 0), 86400) * NS_PER_S;
    post->took_ns = clock_monotonic_ns() - post->began_ns;
    say_why(post, code);
}

/* --- the thread --- */

static void give_back(struct post *post)
{
    list_remove(&post->link);
    curl_easy_cleanup(post->easy);
    curl_slist_free_all(post->recipients);
    post->easy = NULL;
    post->recipients = NULL;
    loop_post(post->sender->loop, &post->message);
}

static void fail(struct post *post, const char *why)
{
    (void)snprintf(post->error, sizeof post->error, "%s", why);
    give_back(post);
}

static void begin(struct notice_sender *sender, struct post *post)
{
    list_push_back(&sender->active, &post->link);
    post->sender = sender;
    post->began_ns = clock_monotonic_ns();
    const struct sender_options *options = &sender->options;
    const char *refusal = post->mailbox
                              ? sender_mail_refusal(options->hosts, &options->mail, &post->place)
                              : sender_refusal(options->hosts, bytes_of_cstr(post->url), &post->place);
    if (refusal) {
        char text[sizeof post->error];
        (void)snprintf(text, sizeof text, "%s %s", post->mailbox ? "the setting smtp-server" : "the URL",
                       refusal);
        fail(post, text);
    } else if (!make_easy(post) || curl_multi_add_handle(sender->multi, post->easy) != CURLM_OK) {
        fail(post, ERR_NO_MEMORY);
    }
}

static void end_done(struct notice_sender *sender)
{
    int left;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(sender->multi, &left))) {
        struct post *post = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&post);
        read_outcome(post, code);
        curl_multi_remove_handle(sender->multi, post->easy);
        give_back(post);
    }
}

static void end_all(struct notice_sender *sender)
{
    while (!list_empty(&sender->active)) {
        struct post *post = CONTAINER_OF(sender->active.next, struct post, link);
        if (post->easy) {
            curl_easy_setopt(post->easy, CURLOPT_QUICK_EXIT, 1L); /* waits for no resolver */
            curl_multi_remove_handle(sender->multi, post->easy);
        }
        post->stopped = true;
        give_back(post);
    }
}

/* The next of what was posted; NULL: none. */
static struct post *take(struct notice_sender *sender, bool *ret_stopping)
{
    pthread_mutex_lock(&sender->lock);
    struct list *link = list_pop_front(&sender->queue);
    *ret_stopping = sender->stopping;
    pthread_mutex_unlock(&sender->lock);
    return link ? CONTAINER_OF(link, struct post, link) : NULL;
}

static void *run(void *context)
{
    struct notice_sender *sender = context;
    bool stopping = false;
    while (!stopping) {
        struct post *post;
        int running;
        while ((post = take(sender, &stopping)))
            begin(sender, post);
        if (stopping)
            break;
        curl_multi_perform(sender->multi, &running);
        end_done(sender);
        curl_multi_poll(sender->multi, NULL, 0, WAIT_MS, NULL);
    }
    end_all(sender);
    return NULL;
}

/* --- life --- */

static void on_back(struct loop_message *message)
{
    struct post *post = CONTAINER_OF(message, struct post, message);
    post->on_done(post);
}

void sender_post(struct notice_sender *sender, struct post *post)
{
    post->message.on_run = on_back;
    list_init(&post->link);
    pthread_mutex_lock(&sender->lock);
    list_push_back(&sender->queue, &post->link);
    pthread_mutex_unlock(&sender->lock);
    curl_multi_wakeup(sender->multi);
}

void sender_stop(struct notice_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    sender->stopping = true;
    pthread_mutex_unlock(&sender->lock);
    curl_multi_wakeup(sender->multi);
}

static void release(struct notice_sender *sender)
{
    curl_multi_cleanup(sender->multi);
    curl_global_cleanup();
    pthread_mutex_destroy(&sender->lock);
    free(sender);
}

enum status sender_create(struct loop *loop, const struct sender_options *options,
                          struct notice_sender **ret_sender, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, STATUS_INTERNAL, "libcurl could not be initialised");
    struct notice_sender *sender = calloc(1, sizeof *sender);
    if (!sender) {
        curl_global_cleanup();
        return err_no_memory(err);
    }
    sender->loop = loop;
    sender->options = *options;
    list_init(&sender->active);
    list_init(&sender->queue);
    pthread_mutex_init(&sender->lock, NULL);
    sender->multi = curl_multi_init();
    if (sender->multi) /* ORDER: from its beginning on the thread alone touches the handle */
        curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    if (!sender->multi || pthread_create(&sender->thread, NULL, run, sender) != 0) {
        release(sender);
        return err_set(err, STATUS_INTERNAL, "webhooks: no memory, or no thread");
    }
    *ret_sender = sender;
    return STATUS_OK;
}

void sender_destroy(struct notice_sender *sender)
{
    if (!sender)
        return;
    sender_stop(sender);
    pthread_join(sender->thread, NULL);
    release(sender);
}
