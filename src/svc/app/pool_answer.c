/* SPDX-License-Identifier: MIT */
/* pool_answer.c — the properties of the contract, and beside them what our own pool reports. */
#include "svc/app/pool_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "core/review/effects.h"
#include "wire/json/json.h"

void pool_run_fini(struct pool_run *run)
{
    buf_fini(&run->result);
    json_decref(run->effects);
    run->effects = NULL;
}

/* The exception in its own words, "Type: text"; its text may have many lines. False if the pool gave none. */
static bool describe_exception(const json_t *properties, char *ret_text, size_t size)
{
    const json_t *error = json_object_get(properties, "error");
    const char *name = json_member_text(error, "name");
    const char *value = json_member_text(error, "value");
    if (!name || !*name)
        return false;
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "%s%s%s", name, value && *value ? ": " : "", text_or(value, ""));
    struct bytes kept = bytes_utf8_prefix(buf_peek(&text), size - 1);
    snprintf(ret_text, size, "%.*s", BYTES_FMT(kept));
    return kept.size > 0;
}

/* The last line that is not blank: of a Python traceback, the one that names the error. */
static void last_line(const char *text, char *ret_line, size_t size)
{
    struct bytes rest = bytes_trim(bytes_of_cstr(text)), line = {0};
    while (rest.data)
        line = bytes_split(&rest, '\n');
    line = bytes_utf8_prefix(bytes_trim(line), size - 1);
    snprintf(ret_line, size, "%.*s", BYTES_FMT(line));
}

static void drop_counters(json_t *object)
{
    json_object_del(object, "$id");
    json_object_del(object, "executionResult"); /* the same value as "result" (C2) */
}

/* Why it ended: what our pool says, what the contract's reason comes to, or that it came to its end. */
static void read_ended(const json_t *root, bool reported, struct pool_run *run)
{
    const char *ended = reported ? effects_ended(root) : NULL;
    if (!ended && run->ending)
        ended = run->ending->why;
    if (!ended && run->succeeded)
        ended = "completed";
    if (ended)
        (void)snprintf(run->ended, sizeof run->ended, "%s", ended);
}

static enum status read_properties(json_t *properties, struct pool_run *run)
{
    if (!json_object_get(properties, "result") && json_object_get(properties, "executionResult"))
        json_object_set(properties, "result", json_object_get(properties, "executionResult"));
    drop_counters(properties);
    char *text = json_dumps(properties, JSON_COMPACT);
    if (text)
        buf_append_cstr(&run->result, text);
    free(text);
    return text && !run->result.failed ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status pool_answer_read(struct bytes body, bool reported, struct pool_run *ret_run, struct err *err)
{
    CLEANUP(json_release) json_t *root = NULL;
    if (json_parse(body, NULL, &root, NULL) != STATUS_OK) /* within limits: the pool may be anybody's */
        root = NULL;
    json_t *properties = json_object_get(root, "properties");
    const char *status = json_member_text(properties, "status");
    const char *error_text = json_member_text(properties, "stderr");
    if (!status)
        return err_set(err, STATUS_MALFORMED, "the session pool's answer has no properties.status");
    ret_run->succeeded = strcmp(status, "Success") == 0 || strcmp(status, "Succeeded") == 0;
    if (!ret_run->succeeded)
        ret_run->ending = run_ending_of(json_member_text(properties, "reason"));
    if (!ret_run->succeeded && !describe_exception(properties, ret_run->cause, sizeof ret_run->cause))
        last_line(error_text ? error_text : status, ret_run->cause, sizeof ret_run->cause);
    read_ended(root, reported, ret_run);
    ret_run->reported = reported && effects_ended(root);
    enum status kept = reported ? effects_read(root, &ret_run->effects) : STATUS_OK;
    if (kept == STATUS_OK)
        kept = read_properties(properties, ret_run);
    return kept == STATUS_OK ? STATUS_OK : err_set(err, kept, ERR_NO_MEMORY);
}
