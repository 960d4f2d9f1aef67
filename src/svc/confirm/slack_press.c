/* SPDX-License-Identifier: MIT */
/* slack_press.c — strict reading, and two kinds of answer. */
#include "svc/confirm/slack_press.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/notice/format/format.h"
#include "wire/json/json.h"

static const struct {
    const char *action, *answer;
} actions[] = {{FORMAT_SLACK_APPROVE, "approve"}, {FORMAT_SLACK_REJECT, "reject"}};

/* --- reading --- */

static bool is_user(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!ascii_alnum(text.data[i]))
            return false;
    return text.size > 0 && text.size < SLACK_USER_SIZE;
}

static bool take_text(const json_t *value, char *ret_text, size_t capacity)
{
    struct bytes text = json_bytes(value);
    if (text.size == 0 || text.size >= capacity || memchr(text.data, '\0', text.size))
        return false;
    memcpy(ret_text, text.data, text.size);
    ret_text[text.size] = '\0';
    return true;
}

static const char *answer_of(const json_t *action)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (bytes_equal_cstr(json_member_bytes(action, "action_id"), actions[i].action))
            return actions[i].answer;
    return NULL;
}

enum status slack_press_read(struct bytes payload, struct slack_press *ret_press, struct err *err)
{
    CLEANUP(json_release) json_t *root = NULL;
    const struct json_limits limits = {.last_duplicate_wins = true};
    struct slack_press press = {0};
    enum status status = json_parse(payload, &limits, &root, err);
    if (status != STATUS_OK)
        return status;
    const json_t *list = json_object_get(root, "actions"), *action = json_array_get(list, 0);
    press.answer = answer_of(action);
    bool whole =
        bytes_equal_cstr(json_member_bytes(root, "type"), "block_actions") && json_array_size(list) == 1 &&
        press.answer &&
        take_text(json_object_get(json_object_get(root, "user"), "id"), press.user, sizeof press.user) &&
        is_user(bytes_of_cstr(press.user)) &&
        take_text(json_object_get(action, "value"), press.value, sizeof press.value);
    if (!whole)
        return err_set(err, STATUS_MALFORMED, "the payload is no press of a button of ours");
    if (!take_text(json_object_get(root, "response_url"), press.response_url, sizeof press.response_url))
        press.response_url[0] = '\0';
    *ret_press = press;
    return STATUS_OK;
}

/* --- people --- */

/* The next entry; false: the list is over. */
static bool next_entry(struct bytes *rest, struct bytes *ret_user, struct bytes *ret_name)
{
    if (!rest->data)
        return false;
    struct bytes name = bytes_trim(bytes_split(rest, ','));
    *ret_user = bytes_trim(bytes_split(&name, '='));
    *ret_name = bytes_trim(name);
    return true;
}

bool slack_person_find(struct bytes list, const char *user, char ret_name[SLACK_PERSON_SIZE])
{
    struct bytes one, name;
    while (next_entry(&list, &one, &name)) {
        if (!bytes_equal_cstr(one, user))
            continue;
        (void)snprintf(ret_name, SLACK_PERSON_SIZE, "%.*s", BYTES_FMT(name));
        return true;
    }
    return false;
}

bool slack_people_are_sound(struct bytes list)
{
    struct bytes rest = list, user, name;
    /* A NUL would end a name for whoever reads it later. */
    if (list.size == 0 || memchr(list.data, '\0', list.size))
        return false;
    while (next_entry(&rest, &user, &name)) {
        struct bytes later = rest, other, ignored;
        if (!is_user(user) || name.size == 0 || name.size >= SLACK_PERSON_SIZE)
            return false;
        while (next_entry(&later, &other, &ignored))
            if (bytes_equal(user, other))
                return false;
    }
    return true;
}

/* --- answers --- */

void slack_answer_privately(const char *words, struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "response_type", "ephemeral");
    json_write_member_bool(&json, "replace_original", false);
    json_write_member_cstr(&json, "text", words);
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        out->failed = true;
}

static const char *event_of(const json_t *request)
{
    static const char *const states[][2] = {{"approved", "request.approved"},
                                            {"rejected", "request.rejected"},
                                            {"timed-out", "request.timed_out"},
                                            {"failed", "request.failed"},
                                            {"cancelled", "request.cancelled"}};
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (bytes_equal_cstr(json_member_bytes(request, "state"), states[i][0]))
            return states[i][1];
    return "request.revised"; /* what the buttons were about is gone */
}

enum status slack_answer_retired(const json_t *request, struct buf *out)
{
    CLEANUP(format_words_fini) struct format_words words = {0};
    CLEANUP(buf_fini) struct buf message = {0};
    CLEANUP(json_release) json_t *root = NULL;
    struct err err = {0};
    if (format_words_of(event_of(request), request, NULL, &words, &err) != STATUS_OK ||
        format_slack(&words, &message) != STATUS_OK ||
        json_parse(buf_peek(&message), NULL, &root, &err) != STATUS_OK)
        return STATUS_NO_MEMORY;
    json_object_set_new(root, "replace_original", json_true());
    char *text = json_dumps(root, JSON_COMPACT);
    buf_append_cstr(out, text_or(text, ""));
    if (!text)
        out->failed = true;
    free(text);
    return buf_status(out);
}
