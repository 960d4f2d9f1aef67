/* SPDX-License-Identifier: MIT */
/* otlp_exporter.c — the queue under a lock, and a thread that takes batches from it. Three parts: what the lock guards,
 * one request, the thread. */
#include "svc/trace/otlp_exporter.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/duration.h"
#include "base/list.h"
#include "base/log.h"
#include "svc/trace/limit_values.h"

#define AREA            "svc/trace"
#define LAST_TIMEOUT_MS 1000L /* of a request while the server stops */
#define PAUSE_MS        500   /* before the second try; doubles */

/* What was handed over at once. */
struct handover {
    struct list link;
    size_t count; /* spans */
    size_t size;
    uint8_t data[];
};

/* What the thread and the others have in common; all but `lock` and `changed` under the lock. */
struct otlp_shared {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list queue; /* of struct handover */
    size_t size;       /* bytes in it */
    struct otlp_stats stats;
    bool stopping;
    bool told; /* of a collector that takes nothing, until one takes something */
};

struct otlp_exporter {
    char *url;
    CURL *curl;                 /* the thread's */
    struct curl_slist *headers; /* the thread's */
    pthread_t thread;
    struct otlp_shared *shared;
};

/* --- the queue --- */

void otlp_exporter_add(struct otlp_exporter *exporter, struct bytes spans, size_t count)
{
    struct handover *handover = NULL;
    if (spans.size <= OTLP_QUEUE_SIZE_MAX)
        handover = malloc(sizeof *handover + spans.size);
    if (handover) {
        *handover = (struct handover){.count = count, .size = spans.size};
        memcpy(handover->data, spans.data, spans.size);
    }
    pthread_mutex_lock(&exporter->shared->lock);
    bool room = handover && exporter->shared->size + spans.size <= OTLP_QUEUE_SIZE_MAX;
    if (room) {
        list_push_back(&exporter->shared->queue, &handover->link);
        exporter->shared->size += spans.size;
        exporter->shared->stats.waiting += count;
        pthread_cond_signal(&exporter->shared->changed);
    } else {
        exporter->shared->stats.dropped += count;
    }
    pthread_mutex_unlock(&exporter->shared->lock);
    if (!room)
        free(handover);
}

void otlp_exporter_stats(const struct otlp_exporter *exporter, struct otlp_stats *ret_stats)
{
    pthread_mutex_lock(&exporter->shared->lock);
    *ret_stats = exporter->shared->stats;
    pthread_mutex_unlock(&exporter->shared->lock);
}

/* --- one request --- */

static const char body_head[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
    "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"sallyport\"}},"
    "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" SALLYPORT_VERSION "\"}}]},"
    "\"scopeSpans\":[{\"scope\":{\"name\":\"Microsoft.DurableTask\"},\"spans\":[";
static const char body_tail[] = "]}]}]}";

/* Takes what fits into one request off the queue, as its body; returns how many spans that is. Under the lock. */
static size_t take_batch(struct otlp_exporter *exporter, struct buf *ret_body)
{
    size_t count = 0;
    size_t size = 0;
    buf_append_cstr(ret_body, body_head);
    while (!list_empty(&exporter->shared->queue)) {
        struct handover *next = CONTAINER_OF(exporter->shared->queue.next, struct handover, link);
        if (size > 0 && size + next->size > OTLP_BATCH_SIZE_MAX)
            break;
        if (size > 0)
            buf_append_byte(ret_body, ',');
        buf_append(ret_body, next->data, next->size);
        size += next->size;
        count += next->count;
        list_remove(&next->link);
        free(next);
    }
    buf_append_cstr(ret_body, body_tail);
    exporter->shared->size -= size;
    exporter->shared->stats.waiting -= count;
    return count;
}

static size_t ignore_answer(char *data, size_t size, size_t count, void *context)
{
    return size * count;
}

/* True if the collector took it. `*ret_again`: it may take it later (the status codes that the specification names, or
 * no answer). */
static bool post(struct otlp_exporter *exporter, struct bytes body, long timeout_ms, bool *ret_again)
{
    curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDS, (const char *)body.data);
    curl_easy_setopt(exporter->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(exporter->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    CURLcode code = curl_easy_perform(exporter->curl);
    long status = 0;
    curl_easy_getinfo(exporter->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_again = code != CURLE_OK || status == 429 || status == 502 || status == 503 || status == 504;
    return code == CURLE_OK && status >= 200 && status < 300;
}

/* --- the thread --- */

static bool is_stopping(struct otlp_exporter *exporter)
{
    pthread_mutex_lock(&exporter->shared->lock);
    bool stopping = exporter->shared->stopping;
    pthread_mutex_unlock(&exporter->shared->lock);
    return stopping;
}

/* Ends early when the exporter stops. */
static void pause_ms(struct otlp_exporter *exporter, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms * NS_PER_MS;
    until.tv_sec += ns / NS_PER_S;
    until.tv_nsec = ns % NS_PER_S;
    pthread_mutex_lock(&exporter->shared->lock);
    int waited = 0;
    while (!exporter->shared->stopping && waited == 0)
        waited = pthread_cond_timedwait(&exporter->shared->changed, &exporter->shared->lock, &until);
    pthread_mutex_unlock(&exporter->shared->lock);
}

static bool send_batch(struct otlp_exporter *exporter, struct bytes body)
{
    for (int i = 0; i < OTLP_TRIES_MAX; i++) {
        bool again;
        bool stopping = is_stopping(exporter);
        if (post(exporter, body, stopping ? LAST_TIMEOUT_MS : OTLP_REQUEST_TIMEOUT_MS, &again))
            return true;
        if (!again || stopping)
            return false;
        pause_ms(exporter, (int64_t)PAUSE_MS << i);
    }
    return false;
}

static void note_outcome(struct otlp_exporter *exporter, size_t count, bool taken)
{
    pthread_mutex_lock(&exporter->shared->lock);
    if (taken)
        exporter->shared->stats.sent += count;
    else
        exporter->shared->stats.failed += count;
    bool tell = !taken && !exporter->shared->told;
    exporter->shared->told = !taken;
    pthread_mutex_unlock(&exporter->shared->lock);
    if (tell)
        log_warn(AREA, "the collector takes no spans; they are given up and counted url=\"%s\"",
                 exporter->url);
}

static void *run(void *context)
{
    struct otlp_exporter *exporter = context;
    for (;;) {
        CLEANUP(buf_fini) struct buf body = {.limit = SIZE_MAX};
        pthread_mutex_lock(&exporter->shared->lock);
        while (list_empty(&exporter->shared->queue) && !exporter->shared->stopping)
            pthread_cond_wait(&exporter->shared->changed, &exporter->shared->lock);
        bool over = list_empty(&exporter->shared->queue);
        size_t count = over ? 0 : take_batch(exporter, &body);
        pthread_mutex_unlock(&exporter->shared->lock);
        if (over)
            return NULL;

        bool taken = buf_status(&body) == STATUS_OK && send_batch(exporter, buf_peek(&body));
        note_outcome(exporter, count, taken);
        if (!taken && is_stopping(exporter))
            return NULL; /* nobody will take the rest either */
    }
}

/* --- life --- */

static bool is_url(const char *text)
{
    bool known = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
    CURLU *url = known ? curl_url() : NULL;
    bool usable = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
    curl_url_cleanup(url);
    return usable;
}

static bool make_request(struct otlp_exporter *exporter)
{
    exporter->curl = curl_easy_init();
    exporter->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!exporter->curl || !exporter->headers)
        return false;
    curl_easy_setopt(exporter->curl, CURLOPT_URL, exporter->url);
    curl_easy_setopt(exporter->curl, CURLOPT_HTTPHEADER, exporter->headers);
    curl_easy_setopt(exporter->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(exporter->curl, CURLOPT_CONNECTTIMEOUT_MS, OTLP_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(exporter->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(exporter->curl, CURLOPT_WRITEFUNCTION, ignore_answer);
    return true;
}

static void release(struct otlp_exporter *exporter)
{
    struct list *link;
    while ((link = list_pop_front(&exporter->shared->queue)))
        free(CONTAINER_OF(link, struct handover, link));
    curl_slist_free_all(exporter->headers);
    curl_easy_cleanup(exporter->curl);
    curl_global_cleanup();
    pthread_cond_destroy(&exporter->shared->changed);
    pthread_mutex_destroy(&exporter->shared->lock);
    free(exporter->shared);
    free(exporter->url);
    free(exporter);
}

enum status otlp_exporter_create(const char *url, struct otlp_exporter **ret_exporter, struct err *err)
{
    if (!is_url(url))
        return err_set(err, STATUS_INVALID_ARGUMENT, "trace-url: \"%.100s\" is not an http or https URL",
                       url);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, STATUS_INTERNAL, "libcurl could not be initialised");
    struct otlp_exporter *exporter = calloc(1, sizeof *exporter);
    struct otlp_shared *shared = calloc(1, sizeof *shared);
    if (!exporter || !shared) {
        free(exporter);
        free(shared);
        curl_global_cleanup();
        return err_no_memory(err);
    }
    exporter->shared = shared;
    list_init(&exporter->shared->queue);
    pthread_mutex_init(&exporter->shared->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&exporter->shared->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    exporter->url = strdup(url);
    bool made = exporter->url && make_request(exporter) &&
                pthread_create(&exporter->thread, NULL, run, exporter) == 0;
    if (!made) {
        release(exporter);
        return err_set(err, STATUS_INTERNAL, "traces: no memory, or no thread");
    }
    *ret_exporter = exporter;
    return STATUS_OK;
}

void otlp_exporter_destroy(struct otlp_exporter *exporter)
{
    if (!exporter)
        return;
    pthread_mutex_lock(&exporter->shared->lock);
    exporter->shared->stopping = true;
    pthread_cond_signal(&exporter->shared->changed);
    pthread_mutex_unlock(&exporter->shared->lock);
    pthread_join(exporter->thread, NULL);
    release(exporter);
}

/* --- metrics --- */

static void read_spans(const void *source, struct metric_sink *sink)
{
    struct otlp_stats stats;
    if (!source)
        return;
    otlp_exporter_stats(source, &stats);
    metric_count(sink, stats.sent, (const char *const[]){"sent"});
    metric_count(sink, stats.dropped, (const char *const[]){"dropped"});
    metric_count(sink, stats.failed, (const char *const[]){"failed"});
}

static void read_waiting(const void *source, struct metric_sink *sink)
{
    struct otlp_stats stats;
    if (!source)
        return;
    otlp_exporter_stats(source, &stats);
    metric_count(sink, stats.waiting, NULL);
}

const struct metric_row otlp_metrics[] = {
    {"sallyport_trace_spans_total", METRIC_COUNTER, "outcome",
     "Spans that a collector took, that found no room in the queue, that no collector took", read_spans},
    {"sallyport_trace_spans_waiting", METRIC_GAUGE, "", "Spans in the queue", read_waiting},
    {.name = NULL},
};
