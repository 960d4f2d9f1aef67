/* SPDX-License-Identifier: MIT */
/* confirm_page.c — first what the page tells (a case), then its regions from the top to the form. */
#include "svc/confirm/confirm_page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/text.h"
#include "core/review/sight.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

static const char style[] =
    ":root{color-scheme:light "
    "dark;--p:#f7f6f3;--c:#fff;--t:#1d2127;--d:#5b6470;--b:#d9d6cf;--ok:#1c6b3c;--bad:#a2262c;--w:#8a5a00}"
    "@media(prefers-color-scheme:dark){:root{--p:#15181c;--c:#1d2126;--t:#e6e3dc;--d:#9aa3ad;--b:#343a42;--"
    "ok:#62c48a;--bad:#f08a8d;"
    "--w:#e0ae52}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--p);color:var(--t);font:16px/1.5 "
    "system-ui,sans-serif}"
    "main{max-width:40rem;margin:0 auto;padding:1rem}h1{font-size:1.3rem;margin:.3rem "
    "0;overflow-wrap:anywhere}h2{font-size:1rem;margin:0 0 .5rem}"
    ".d{color:var(--d);font-size:.875rem}.top{display:flex;justify-content:space-between;gap:1rem}"
    ".card{background:var(--c);border:1px solid var(--b);border-radius:8px;padding:.75rem;margin:.75rem 0}"
    "summary{cursor:pointer;font-weight:600}pre{margin:.5rem 0 "
    "0;overflow:auto;max-height:24rem;font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;"
    "overflow-wrap:anywhere}.facts{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}.facts "
    "div{min-width:5rem}dl{margin:0}dt{color:var(--d);font-size:.8rem}dd{margin:0;"
    "overflow-wrap:anywhere}img{max-width:100%;background:#fff}.st{font-weight:600}.note{border-left:4px "
    "solid var(--w)}"
    ".hid{border:1px solid var(--bad);border-radius:3px;color:var(--bad);font-size:.75em}"
    "textarea{width:100%;min-height:3rem;font:inherit;color:inherit;background:var(--p);border:1px solid "
    "var(--b);border-radius:6px;padding:.5rem}"
    ".row{display:flex;gap:.5rem;margin:.5rem 0 "
    "2rem}button{flex:1;min-height:48px;font:inherit;font-weight:600;border:2px solid;border-radius:8px;"
    "background:var(--c);cursor:pointer}.a{color:var(--ok)}.r{color:var(--bad)}.c{color:var(--w)}"
    ":focus-visible{outline:2px solid "
    "currentColor;outline-offset:2px}.mono{font-family:ui-monospace,monospace}";

/* --- text of others --- */

static unsigned code_point(struct bytes text, size_t at, size_t size)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned point = text.data[at] & first[MIN(size, ARRAY_SIZE(first) - 1)];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (text.data[at + i] & 0x3f);
    return point;
}

void confirm_page_append_text(struct buf *out, struct bytes text, bool lines)
{
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = text.data[at];
        bool stays = lines && (byte == '\n' || byte == '\t');
        size_t hidden = stays ? 0 : hidden_size(text, at);
        if (hidden > 0)
            buf_append_fmt(out, "<span class=\"hid\">U+%04X</span>",
                           code_point(text, at, utf8_lead_size(byte)));
        else if (strchr("<>&\"'", byte) && byte)
            buf_append_fmt(out, "&#%d;", byte);
        else
            buf_append_byte(out, byte);
        at += MAX(hidden, (size_t)1);
    }
}

/* As it is typed: what the field sends back must be the same. */
static void append_typed(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            buf_append_fmt(out, "&#%d;", *text);
        else
            buf_append_byte(out, (uint8_t)*text);
    }
}

static void append_line(struct buf *out, const json_t *text)
{
    confirm_page_append_text(out, json_bytes(text), false);
}

/* --- small pieces --- */

static const char *text_at(const json_t *object, const char *name)
{
    return text_or(json_string_value(json_object_get(object, name)), "");
}

/* "2026-11-29 17:51 UTC" of a time as the API writes it. */
static void append_time(struct buf *out, const json_t *time)
{
    struct bytes text = json_bytes(time);
    confirm_page_append_text(out, bytes_slice(text, 0, 10), false);
    buf_append_byte(out, ' ');
    confirm_page_append_text(out, bytes_slice(text, 11, 5), false);
    buf_append_cstr(out, " UTC");
}

/* Who somebody is: {"id","name"}, or a name. */
static void append_person(struct buf *out, const json_t *person)
{
    append_line(out, json_is_object(person) ? json_object_get(person, "name") : person);
}

/* As much of a long text as a page of this kind shows; the rest is said. */
static void append_pre(struct buf *out, struct bytes text, const char *label)
{
    struct bytes shown = bytes_utf8_prefix(text, CONFIRM_TEXT_SIZE_MAX);
    buf_append_fmt(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"%s\">", label);
    confirm_page_append_text(out, shown, true);
    buf_append_cstr(out, "</pre>\n");
    if (shown.size < text.size)
        buf_append_fmt(
            out,
            "<p class=\"note\">%zu bytes more are not shown here: open the request before you decide.</p>\n",
            text.size - shown.size);
}

/* --- which case --- */

static const json_t *vote_of(const struct confirm_view *view)
{
    const json_t *votes = json_object_get(view->request, "votes");
    for (size_t i = json_array_size(votes); i-- > 0;) {
        const json_t *vote = json_array_get(votes, i);
        if (strcmp(text_at(json_object_get(vote, "by"), "id"), view->person_id) == 0 &&
            strcmp(text_at(vote, "manifestSha256"), view->manifest) == 0 &&
            json_equal(json_object_get(vote, "revision"), json_object_get(view->request, "revision")))
            return vote;
    }
    return NULL;
}

static bool is_over(const char *state)
{
    static const char *const over[] = {"approved", "rejected", "timed-out", "failed", "cancelled"};
    for (size_t i = 0; i < ARRAY_SIZE(over); i++)
        if (strcmp(state, over[i]) == 0)
            return true;
    return false;
}

enum confirm_case confirm_page_case(const struct confirm_view *view)
{
    const char *state = text_at(view->request, "state");
    bool same = strcmp(text_at(view->request, "manifestSha256"), view->manifest) == 0;
    bool known = strcmp(view->person_id, "local") != 0;
    if (same && vote_of(view))
        return CONFIRM_VOTED;
    if (is_over(state))
        return CONFIRM_OVER;
    if (!same)
        return CONFIRM_CHANGED;
    if (known && review_is_submitter(view->request, view->person_id))
        return CONFIRM_OWN;
    return strcmp(state, "waiting") == 0 ? CONFIRM_OPEN : CONFIRM_NOT_YET;
}

/* --- head --- */

static void begin(struct buf *out, const char *title)
{
    buf_append_cstr(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=\"robots\" content=\"noindex\">\n<title>");
    buf_append_cstr(out, title);
    buf_append_cstr(out, " · Sallyport</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
    buf_append_cstr(out, style);
    buf_append_cstr(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void end(struct buf *out)
{
    buf_append_cstr(out, "</main>\n</body>\n</html>\n");
}

static void append_for(struct buf *out, const struct confirm_view *view)
{
    char until[TIME_TEXT_SIZE_MAX];
    time_format(view->expires_s * 1000000000LL, 0, until);
    CLEANUP(json_release) json_t *time = json_string(until);
    buf_append_cstr(out, "<p class=\"top d\"><b>Sallyport</b><span>for <b>");
    confirm_page_append_text(out, bytes_of_cstr(view->name), false);
    buf_append_cstr(out, "</b>, until ");
    append_time(out, time);
    buf_append_cstr(out, "</span></p>\n");
}

static const char *case_word(enum confirm_case which, const char *state)
{
    static const char *const words[] = {[CONFIRM_OPEN] = "Waiting for you",
                                        [CONFIRM_CHANGED] = "Changed since",
                                        [CONFIRM_OWN] = "Your own request"};
    static const struct {
        const char *state, *word;
    } states[] = {{"approved", "Approved"},   {"rejected", "Rejected"},
                  {"timed-out", "Timed out"}, {"failed", "Failed"},
                  {"cancelled", "Cancelled"}, {"changes-requested", "Changes requested"},
                  {"waiting", "Waiting"},     {"running", "Running"}};
    if ((size_t)which < ARRAY_SIZE(words) && words[which])
        return words[which];
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (strcmp(states[i].state, state) == 0)
            return states[i].word;
    return "Queued";
}

static void append_title(struct buf *out, const struct confirm_view *view, enum confirm_case which)
{
    const json_t *request = view->request, *purpose = json_object_get(request, "purpose");
    buf_append_fmt(out, "<p class=\"st\">%s</p>\n<h1>", case_word(which, text_at(request, "state")));
    if (json_bytes(purpose).size > 0) {
        append_line(out, purpose);
    } else {
        buf_append_cstr(out, "Request ");
        confirm_page_append_text(out, bytes_slice(json_bytes(json_object_get(request, "id")), 0, 8), false);
    }
    buf_append_cstr(out, "</h1>\n<p class=\"d\">");
    const json_t *submitter = json_object_get(request, "submitter"),
                 *said = json_object_get(request, "submittedBy");
    bool local = strcmp(text_at(submitter, "kind"), "local") == 0;
    append_person(out, (local || !submitter) && json_is_string(said) ? said : submitter);
    if (json_is_string(json_object_get(request, "onBehalfOf"))) {
        buf_append_cstr(out, " on behalf of ");
        append_line(out, json_object_get(request, "onBehalfOf"));
    }
    buf_append_cstr(out, ", submitted ");
    append_time(out, json_object_get(request, "createdAt"));
    buf_append_fmt(out, ", revision %lld</p>\n",
                   (long long)json_integer_value(json_object_get(request, "revision")));
}

/* --- what became of it --- */

static const char *answer_word(const char *answer)
{
    if (strcmp(answer, "approve") == 0)
        return "approved";
    return strcmp(answer, "changes") == 0 ? "asked for changes" : "rejected";
}

static void append_note(struct buf *out, const char *words)
{
    buf_append_fmt(out, "<p class=\"card note\" role=\"status\">%s</p>\n", words);
}

static void append_voted(struct buf *out, const struct confirm_view *view)
{
    const json_t *vote = vote_of(view);
    buf_append_fmt(out, "<p class=\"card note\" role=\"status\"><b>You %s this at ",
                   answer_word(text_at(vote, "answer")));
    append_time(out, json_object_get(vote, "at"));
    buf_append_cstr(out, ".</b> ");
    buf_append_cstr(out, is_over(text_at(view->request, "state")) ? "It is decided."
                                                                  : "Others have to answer, too.");
    buf_append_cstr(
        out,
        " This link is used up: opening it again, or a program that previews it, changes nothing.</p>\n");
}

static void append_over(struct buf *out, const json_t *request)
{
    const json_t *decision = json_object_get(request, "decision"), *by = json_object_get(decision, "by");
    buf_append_cstr(out, "<p class=\"card note\" role=\"status\">");
    if (decision) {
        buf_append_cstr(out, json_is_true(json_object_get(decision, "approved")) ? "It was approved"
                                                                                 : "It was rejected");
        if (json_is_string(by)) {
            buf_append_cstr(out, " by ");
            append_line(out, by);
        }
        buf_append_cstr(out, " at ");
        append_time(out, json_object_get(decision, "at"));
        buf_append_cstr(out, ".");
    } else {
        buf_append_cstr(out, "It ended without a decision.");
    }
    buf_append_cstr(out, " Nothing is left to decide: this link is used up.</p>\n");
}

static void append_changed(struct buf *out, const struct confirm_view *view)
{
    buf_append_cstr(out, "<p class=\"card note\" role=\"status\"><b>There is something else to decide about "
                         "than what this link is about.</b> "
                         "It differs in: ");
    confirm_page_append_text(out, bytes_of_cstr(text_or(view->differs, "what is signed")), false);
    buf_append_cstr(out,
                    ". Nobody votes by this link any more; open the request to see what there is now.</p>\n");
}

static void append_case(struct buf *out, const struct confirm_view *view, enum confirm_case which)
{
    if (view->note)
        append_note(out, view->note);
    if (which == CONFIRM_VOTED)
        append_voted(out, view);
    else if (which == CONFIRM_OVER)
        append_over(out, view->request);
    else if (which == CONFIRM_CHANGED)
        append_changed(out, view);
    else if (which == CONFIRM_OWN)
        append_note(out, "Nobody decides on their own request.");
    else if (which == CONFIRM_NOT_YET)
        append_note(out, "Nobody is asked at the moment.");
}

/* --- what it did --- */

static const json_t *present_run(const json_t *request)
{
    const json_t *runs = json_object_get(request, "runs"), *number = json_object_get(request, "run");
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (json_equal(json_object_get(json_array_get(runs, i), "number"), number))
            return json_array_get(runs, i);
    return NULL;
}

/* What was not measured is not zero. */
static void append_fact(struct buf *out, const char *name, const json_t *number, long long unit,
                        const char *unit_word)
{
    buf_append_fmt(out, "<div><dt>%s</dt><dd>", name);
    if (json_is_integer(number))
        buf_append_fmt(out, "%lld %s", (long long)json_integer_value(number) / unit, unit_word);
    else
        buf_append_cstr(out, "not reported");
    buf_append_cstr(out, "</dd></div>\n");
}

static void append_facts(struct buf *out, const json_t *request)
{
    const json_t *run = present_run(request), *effects = json_object_get(run, "effects");
    if (!run)
        return;
    buf_append_cstr(out, "<dl class=\"card facts\">\n");
    append_fact(out, "Network", json_object_get(json_object_get(effects, "network"), "attempts"), 1, "tried");
    append_fact(out, "Refused calls", json_object_get(json_object_get(effects, "refused"), "count"), 1, "");
    append_fact(out, "Files", json_object_get(json_object_get(effects, "files"), "count"), 1, "changed");
    append_fact(out, "Memory", json_object_get(effects, "memoryPeakBytes"), 1 << 20, "MiB");
    append_fact(out, "Time", json_object_get(effects, "wallMicroseconds"), 1000, "ms");
    buf_append_cstr(out, "</dl>\n");
}

static bool is_base64(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!ascii_alnum(text.data[i]) && !strchr("+/=", text.data[i]))
            return false;
    return text.size > 0;
}

/* Only pictures that are nothing else: no SVG, which may hold more. */
static void append_picture(struct buf *out, const char *type, struct bytes base64, size_t *left)
{
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(types[i], type) != 0 || !is_base64(base64))
            continue;
        if (base64.size > *left) {
            append_note(out, "A picture is too large for this page: open the request before you decide.");
            return;
        }
        *left -= base64.size;
        buf_append_fmt(out, "<p><img alt=\"a picture that the code made\" src=\"data:%s;base64,", type);
        buf_append_bytes(out, base64);
        buf_append_cstr(out, "\"></p>\n");
    }
}

static void append_value(struct buf *out, const json_t *value, size_t *left)
{
    if (json_is_string(value) && json_string_length(value) > 0) {
        append_pre(out, json_bytes(value), "Result");
    } else if (json_is_object(value) && strcmp(text_at(value, "type"), "image") == 0) {
        char type[64];
        (void)snprintf(type, sizeof type, "image/%.40s", text_at(value, "format"));
        append_picture(out, type, json_bytes(json_object_get(value, "base64_data")), left);
    } else if (value && !json_is_null(value) && !json_is_string(value)) {
        char *text = json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY);
        append_pre(out, bytes_of_cstr(text_or(text, "")), "Result");
        free(text);
    }
}

static void append_outputs(struct buf *out, const json_t *outputs, size_t *left)
{
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const char *type;
        json_t *form, *forms = json_array_get(outputs, i);
        json_object_foreach(forms, type, form)
        {
            if (json_is_string(form) && strcmp(type, "text/plain") == 0)
                append_pre(out, json_bytes(form), "Output");
            else if (json_is_string(form))
                append_picture(out, type, json_bytes(form), left);
        }
    }
}

static void append_stream(struct buf *out, const json_t *result, const char *name, const char *label)
{
    struct bytes text = json_bytes(json_object_get(result, name));
    if (text.size == 0)
        return;
    buf_append_fmt(out, "<h2>%s</h2>\n", label);
    append_pre(out, text, label);
}

static void append_error(struct buf *out, const json_t *error)
{
    static const char *const members[] = {"traceback", "message", "value", "hint"};
    if (!json_is_object(error))
        return;
    buf_append_cstr(out, "<section class=\"card\"><h2>It failed</h2>\n<p>");
    append_line(out, json_object_get(error, "name"));
    append_line(out, json_object_get(error, "type"));
    buf_append_cstr(out, "</p>\n");
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_bytes(json_object_get(error, members[i])).size > 0)
            append_pre(out, json_bytes(json_object_get(error, members[i])), members[i]);
    buf_append_cstr(out, "</section>\n");
}

static void append_result(struct buf *out, const json_t *request)
{
    const json_t *result = json_object_get(request, "result");
    size_t left = CONFIRM_PICTURES_SIZE_MAX;
    append_error(out, json_object_get(request, "error"));
    if (!json_is_object(result))
        return;
    append_error(out, json_object_get(result, "error"));
    buf_append_cstr(out, "<section class=\"card\">\n");
    bool silent = json_bytes(json_object_get(result, "stdout")).size +
                      json_bytes(json_object_get(result, "stderr")).size ==
                  0;
    if (silent)
        buf_append_cstr(out, "<h2>Output</h2>\n<p class=\"d\">It printed nothing.</p>\n");
    append_stream(out, result, "stdout", "Output");
    append_stream(out, result, "stderr", "Errors");
    append_value(out, json_object_get(result, "result"), &left);
    append_outputs(out, json_object_get(result, "outputs"), &left);
    buf_append_cstr(out, "</section>\n");
}

/* --- what it is --- */

static void append_code(struct buf *out, const json_t *request)
{
    struct bytes code = json_bytes(json_object_get(request, "code"));
    if (!code.data)
        return;
    size_t lines = 1;
    for (size_t i = 0; i + 1 < code.size; i++)
        lines += code.data[i] == '\n';
    bool unrun = strcmp(text_at(request, "stage"), "before") == 0;
    buf_append_fmt(out, "<details class=\"card\"%s><summary>Code, %zu line%s</summary>\n",
                   unrun ? " open" : "", lines, lines == 1 ? "" : "s");
    append_pre(out, code, "Code");
    buf_append_cstr(out, "</details>\n");
}

/* Paths are names that a stranger chose, too. */
static void append_files(struct buf *out, const json_t *files, const char *title)
{
    size_t count = json_array_size(files);
    if (count == 0)
        return;
    buf_append_fmt(out, "<details class=\"card\"><summary>%s, %zu</summary>\n<ul>\n", title, count);
    for (size_t i = 0; i < MIN(count, (size_t)CONFIRM_FILES_MAX); i++) {
        const json_t *file = json_array_get(files, i), *size = json_object_get(file, "size");
        buf_append_cstr(out, "<li>");
        append_line(out, json_object_get(file, "path"));
        if (json_is_integer(size))
            buf_append_fmt(out, ", %lld bytes", (long long)json_integer_value(size));
        buf_append_cstr(out, "</li>\n");
    }
    buf_append_cstr(out, "</ul>\n");
    if (count > CONFIRM_FILES_MAX)
        buf_append_fmt(out, "<p>%zu more are not shown here: open the request before you decide.</p>\n",
                       count - CONFIRM_FILES_MAX);
    buf_append_cstr(out, "</details>\n");
}

static const json_t *present_inputs(const json_t *request)
{
    const json_t *revisions = json_object_get(request, "revisions"),
                 *number = json_object_get(request, "revision");
    for (size_t i = 0; i < json_array_size(revisions); i++)
        if (json_equal(json_object_get(json_array_get(revisions, i), "number"), number))
            return json_object_get(json_array_get(revisions, i), "files");
    return NULL;
}

static void append_votes(struct buf *out, const json_t *request)
{
    const json_t *votes = json_object_get(request, "votes"), *policy = json_object_get(request, "policy");
    if (json_array_size(votes) == 0 && !policy)
        return;
    buf_append_cstr(out, "<details class=\"card\"><summary>Votes and policy</summary>\n<ul>\n");
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        buf_append_cstr(out, "<li>");
        append_person(out, json_object_get(vote, "by"));
        buf_append_fmt(out, " %s at ", answer_word(text_at(vote, "answer")));
        append_time(out, json_object_get(vote, "at"));
        if (!json_is_true(json_object_get(vote, "counts")))
            buf_append_cstr(out, ", which does not count");
        if (json_bytes(json_object_get(vote, "comment")).size > 0)
            append_pre(out, json_bytes(json_object_get(vote, "comment")), "Comment");
        buf_append_cstr(out, "</li>\n");
    }
    buf_append_cstr(out, "</ul>\n");
    if (policy) {
        buf_append_cstr(out, "<p>Policy: ");
        append_line(out, json_object_get(policy, "due"));
        buf_append_cstr(out, "</p>\n");
    }
    buf_append_cstr(out, "</details>\n");
}

/* --- the form --- */

static void append_form(struct buf *out, const struct confirm_view *view)
{
    buf_append_fmt(out,
                   "<form method=\"post\">\n<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
                   "<input type=\"hidden\" name=\"manifest\" value=\"%s\">\n"
                   "<label for=\"c\" class=\"d\">Comment, which some answers need</label>\n<textarea "
                   "id=\"c\" name=\"comment\">",
                   view->page_token, view->manifest);
    append_typed(out, text_or(view->comment, ""));
    buf_append_cstr(out,
                    "</textarea>\n<div class=\"row\">\n<button class=\"a\" name=\"vote\" "
                    "value=\"approve\">Approve</button>\n"
                    "<button class=\"c\" name=\"vote\" value=\"changes\">Changes</button>\n"
                    "<button class=\"r\" name=\"vote\" value=\"reject\">Reject</button>\n</div>\n</form>\n");
}

void confirm_page_write(const struct confirm_view *view, struct buf *out)
{
    enum confirm_case which = confirm_page_case(view);
    begin(out, "Decide");
    append_for(out, view);
    append_title(out, view, which);
    append_case(out, view, which);

    append_facts(out, view->request);
    append_result(out, view->request);
    append_code(out, view->request);
    append_files(out, present_inputs(view->request), "Input files");
    append_files(out, json_object_get(view->request, "files"), "Files that it made");
    append_votes(out, view->request);

    buf_append_fmt(out,
                   "<p class=\"d\">%s <span class=\"mono\">%.16s&hellip;</span>: code, inputs, result and "
                   "policy. Opening this page "
                   "decided nothing. <a href=\"/#/requests/",
                   which == CONFIRM_OPEN ? "You sign" : "It is about", view->manifest);
    percent_encode(out, json_bytes(json_object_get(view->request, "id")), NULL);
    buf_append_cstr(out, "\">Open the request</a></p>\n");
    if (which == CONFIRM_OPEN)
        append_form(out, view);
    end(out);
}

void confirm_page_write_words(const char *title, const char *words, struct buf *out)
{
    begin(out, title);
    buf_append_fmt(out, "<p class=\"d\"><b>Sallyport</b></p>\n<h1>%s</h1>\n<p class=\"card note\">%s</p>\n",
                   title, words);
    end(out);
}
