/* SPDX-License-Identifier: MIT */
/* pool_client.c — what is asked of a pool beside a run: is it there, what does it give, end a session. */
#include "svc/app/pool_client.h"

#include <strings.h>

#include "svc/app/limit_values.h"
#include "svc/app/pool_exchange.h"
#include "wire/json/json.h"

#define VERSION "2025-02-02-preview"

enum status pool_client_global_init(struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, STATUS_INTERNAL, "libcurl could not be initialised");
    return STATUS_OK;
}

void pool_client_global_fini(void)
{
    curl_global_cleanup();
}

static bool url_part_present(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool present = curl_url_get(url, part, &text, 0) == CURLUE_OK && *text;
    curl_free(text);
    return present;
}

bool pool_client_url_usable(const char *text)
{
    bool known = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
    CURLU *url = known ? curl_url() : NULL;
    bool usable = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                  url_part_present(url, CURLUPART_HOST) && !url_part_present(url, CURLUPART_QUERY) &&
                  !url_part_present(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    return usable;
}

/* --- requests --- */

enum status pool_client_release(const struct pool_client *client, const char *identifier, struct err *err)
{
    const struct pool_question question = {.route = "session",
                                           .version = VERSION,
                                           .identifier = identifier,
                                           .method = "DELETE",
                                           .timeout_ms = APP_POOL_RELEASE_TIMEOUT_MS};
    struct pool_exchange exchange;
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    pool_exchange_fini(&exchange);
    return status == STATUS_FAILED_PRECONDITION ? STATUS_OK : status;
}

enum status pool_client_has_session(const struct pool_client *client, const char *identifier, struct err *err)
{
    const struct pool_question question = {.route = "session",
                                           .version = VERSION,
                                           .identifier = identifier,
                                           .timeout_ms = APP_POOL_REACH_TIMEOUT_MS};
    struct pool_exchange exchange;
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    pool_exchange_fini(&exchange);
    return status;
}

enum status pool_client_reach(const struct pool_client *client, struct err *err)
{
    const struct pool_question question = {
        .route = "metadata", .version = VERSION, .identifier = "", .timeout_ms = APP_POOL_REACH_TIMEOUT_MS};
    struct pool_exchange exchange;
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    bool answered = pool_exchange_http_status(&exchange) > 0;
    pool_exchange_fini(&exchange);
    return answered ? STATUS_OK : status;
}

/* {"sallyport":VERSION,"gives":["report","output","cancel"]}: all that we use of it, or it is as if it were a foreign one. */
static bool gives_all(struct bytes body)
{
    static const char *const used[] = {"report", "output", "cancel"};
    CLEANUP(json_release) json_t *root = pool_exchange_json(body);
    const json_t *gives = json_object_get(root, "gives");
    if (!json_is_string(json_object_get(root, "sallyport")))
        return false;

    size_t found = 0;
    for (size_t i = 0; i < json_array_size(gives); i++) {
        struct bytes word = json_bytes(json_array_get(gives, i));
        for (size_t j = 0; j < ARRAY_SIZE(used); j++)
            found += bytes_equal_cstr(word, used[j]);
    }
    return found == ARRAY_SIZE(used);
}

enum status pool_client_is_ours(const struct pool_client *client, bool *ret_ours, struct err *err)
{
    const struct pool_question question = {
        .route = "sallyport", .version = VERSION, .timeout_ms = APP_POOL_REACH_TIMEOUT_MS};
    struct pool_exchange exchange;
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    bool answered = pool_exchange_http_status(&exchange) > 0;
    *ret_ours = status == STATUS_OK && gives_all(buf_peek(&exchange.response));
    pool_exchange_fini(&exchange);
    return answered ? STATUS_OK : status;
}
