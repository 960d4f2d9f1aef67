/* SPDX-License-Identifier: MIT */
/* deliveries.c — what a webhook was sent, and how it went; and once more. */
#include <inttypes.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/cli/print.h"
#include "cmd/webhook/webhook_call.h"

#define ON_A_PAGE 200

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* --- deliveries --- */

static int fetch(const struct review_call *call, int64_t limit, json_t *ret_deliveries)
{
    int64_t after = 0;
    do {
        CLEANUP(json_release) json_t *page = NULL;
        CLEANUP(buf_fini) struct buf path = {0};
        char rest[120];
        int64_t missing = limit - (int64_t)json_array_size(ret_deliveries);
        int written = snprintf(rest, sizeof rest, "/deliveries?limit=%" PRId64, MIN(missing, ON_A_PAGE));
        if (after > 0)
            (void)snprintf(rest + written, sizeof rest - (size_t)written, "&after=%" PRId64, after);
        if (!webhook_path(call, rest, &path))
            return EXIT_FAILED;
        int code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &page);
        if (code != EXIT_GOOD)
            return code;
        json_array_extend(ret_deliveries, json_object_get(page, "deliveries"));
        after = number_of(page, "next");
    } while (after > 0 && (int64_t)json_array_size(ret_deliveries) < limit);
    return EXIT_GOOD;
}

static void add_row(struct print_table *table, const json_t *delivery)
{
    char number[24], attempts[24];
    (void)snprintf(number, sizeof number, "%" PRId64, number_of(delivery, "number"));
    (void)snprintf(attempts, sizeof attempts, "%" PRId64, number_of(delivery, "attempts"));
    const char *const cells[] = {number,
                                 webhook_text(delivery, "state"),
                                 webhook_text(delivery, "type"),
                                 webhook_text(delivery, "subject"),
                                 attempts,
                                 webhook_text(delivery, "createdAt"),
                                 webhook_text(delivery, "nextAttemptAt")};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

int webhook_deliveries(const struct command *command, const struct option_values *values)
{
    static const char *const headings[] = {"NUMBER",   "STATE",   "EVENT", "ABOUT",
                                           "ATTEMPTS", "CREATED", "NEXT"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *deliveries = json_array();
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    int code = fetch(&call, setting_number(values, "limit"), deliveries);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return webhook_print_json(deliveries);
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(deliveries); i++)
        add_row(&table, json_array_get(deliveries, i));
    print_table_write(&table, &out);
    print_table_fini(&table);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- one delivery --- */

/* "/deliveries/7" and `rest`. */
static bool delivery_path(const struct review_call *call, const char *rest, struct buf *ret_path)
{
    CLEANUP(buf_fini) struct buf behind = {0};
    buf_append_cstr(&behind, "/deliveries/");
    percent_encode(&behind, bytes_of_cstr(call->values->positionals[1]), NULL);
    buf_append_cstr(&behind, rest);
    buf_append_byte(&behind, '\0');
    if (buf_status(&behind) == STATUS_OK)
        return webhook_path(call, (const char *)behind.data, ret_path);
    (void)review_no_memory(call);
    return false;
}

static void print_try(struct buf *out, const json_t *attempt)
{
    char status[24] = "no answer";
    if (number_of(attempt, "status") > 0)
        (void)snprintf(status, sizeof status, "%s %" PRId64,
                       json_object_get(attempt, "via") ? "SMTP" : "HTTP", number_of(attempt, "status"));
    const char *error = webhook_text(attempt, "error"), *answer = webhook_text(attempt, "answer");
    buf_append_fmt(out, "%s  %s in %" PRId64 " ms%s%s\n", webhook_text(attempt, "at"), status,
                   number_of(attempt, "milliseconds"), *error ? ": " : "", error);
    if (*answer) {
        print_text(out, answer);
        buf_append_cstr(out, json_is_true(json_object_get(attempt, "answerCut")) ? " (cut)\n" : "\n");
    }
}

int webhook_delivery(const struct command *command, const struct option_values *values)
{
    static const char *const members[] = {"state",   "type",      "subject",
                                          "eventId", "createdAt", "nextAttemptAt"};
    const struct review_call call = {command, values};
    CLEANUP(json_release) json_t *delivery = NULL;
    CLEANUP(buf_fini) struct buf out = {0}, path = {0};
    if (!delivery_path(&call, "", &path))
        return EXIT_FAILED;
    int code = review_get(&call, (const char *)path.data, SERVER_PATIENCE_MS, &delivery);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(values, "json"))
        return webhook_print_json(delivery);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        print_pair(&out, members[i], json_member_text(delivery, members[i]));
    const json_t *tries = json_object_get(delivery, "tries");
    for (size_t i = 0; i < json_array_size(tries); i++)
        print_try(&out, json_array_get(tries, i));
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

int webhook_replay(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    CLEANUP(buf_fini) struct buf path = {0};
    return delivery_path(&call, "/replay", &path) ? webhook_send(&call, &path) : EXIT_FAILED;
}
