/* SPDX-License-Identifier: MIT */
/* confirm_page.c — first what the page tells (a case), then its regions from the top to the form; those of the run are
 * confirm_run.c's. */
#include "svc/confirm/confirm_page.h"

#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/review/sight.h"
#include "svc/confirm/confirm_html.h"
#include "svc/confirm/confirm_run.h"
#include "wire/json/json.h"

// clang-format off
static const char style[] =
    ":root{color-scheme:light dark;--p:#f7f6f3;--c:#fff;--t:#1d2127;--d:#5b6470;--b:#d9d6cf;--ok:#1c6b3c;--bad:#a2262c;--w:#8a5a00}"
    "@media(prefers-color-scheme:dark){:root{--p:#15181c;--c:#1d2126;--t:#e6e3dc;--d:#9aa3ad;--b:#343a42;--ok:#62c48a;--bad:#f08a8d;--w:#e0ae52}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--p);color:var(--t);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:40rem;margin:0 auto;padding:1rem}"
    "h1{font-size:1.3rem;margin:.3rem 0;overflow-wrap:anywhere}"
    "h2{font-size:1rem;margin:0 0 .5rem}"
    ".d{color:var(--d);font-size:.875rem}"
    ".top{display:flex;justify-content:space-between;gap:1rem}"
    ".card{background:var(--c);border:1px solid var(--b);border-radius:8px;padding:.75rem;margin:.75rem 0}"
    "summary{cursor:pointer;font-weight:600}"
    "pre{margin:.5rem 0 0;overflow:auto;max-height:24rem;font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".facts{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}"
    ".facts div{min-width:5rem}"
    "dl{margin:0}"
    "dt{color:var(--d);font-size:.8rem}"
    "dd{margin:0;overflow-wrap:anywhere}"
    "img{max-width:100%;background:#fff}"
    ".st{font-weight:600}"
    ".note{border-left:4px solid var(--w)}"
    ".hid{border:1px solid var(--bad);border-radius:3px;color:var(--bad);font-size:.75em}"
    "textarea{width:100%;min-height:3rem;font:inherit;color:inherit;background:var(--p);border:1px solid var(--b);border-radius:6px;padding:.5rem}"
    ".row{display:flex;gap:.5rem;margin:.5rem 0 2rem}"
    "button{flex:1;min-height:48px;font:inherit;font-weight:600;border:2px solid;border-radius:8px;background:var(--c);cursor:pointer}"
    ".a{color:var(--ok)}"
    ".r{color:var(--bad)}"
    ".c{color:var(--w)}"
    ":focus-visible{outline:2px solid currentColor;outline-offset:2px}"
    ".mono{font-family:ui-monospace,monospace}";
// clang-format on

/* --- which case --- */

static const json_t *vote_of(const struct confirm_view *view)
{
    const json_t *votes = json_object_get(view->request, "votes");
    for (size_t i = json_array_size(votes); i-- > 0;) {
        const json_t *vote = json_array_get(votes, i);
        if (strcmp(confirm_html_member(json_object_get(vote, "by"), "id"), view->person_id) == 0 &&
            strcmp(confirm_html_member(vote, "manifestSha256"), view->manifest) == 0 &&
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
    const char *state = confirm_html_member(view->request, "state");
    bool same = strcmp(confirm_html_member(view->request, "manifestSha256"), view->manifest) == 0;
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
    confirm_html_text(out, bytes_of_cstr(view->name), false);
    buf_append_cstr(out, "</b>, until ");
    confirm_html_time(out, time);
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
    buf_append_fmt(out, "<p class=\"st\">%s</p>\n<h1>",
                   case_word(which, confirm_html_member(request, "state")));
    if (json_bytes(purpose).size > 0) {
        confirm_html_line(out, purpose);
    } else {
        buf_append_cstr(out, "Request ");
        confirm_html_text(out, bytes_slice(json_member_bytes(request, "id"), 0, 8), false);
    }
    buf_append_cstr(out, "</h1>\n<p class=\"d\">");
    const json_t *submitter = json_object_get(request, "submitter"),
                 *said = json_object_get(request, "submittedBy");
    bool local = strcmp(confirm_html_member(submitter, "kind"), "local") == 0;
    confirm_html_person(out, (local || !submitter) && json_is_string(said) ? said : submitter);
    if (json_is_string(json_object_get(request, "onBehalfOf"))) {
        buf_append_cstr(out, " on behalf of ");
        confirm_html_line(out, json_object_get(request, "onBehalfOf"));
    }
    buf_append_cstr(out, ", submitted ");
    confirm_html_time(out, json_object_get(request, "createdAt"));
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

static void append_voted(struct buf *out, const struct confirm_view *view)
{
    const json_t *vote = vote_of(view);
    buf_append_fmt(out, "<p class=\"card note\" role=\"status\"><b>You %s this at ",
                   answer_word(confirm_html_member(vote, "answer")));
    confirm_html_time(out, json_object_get(vote, "at"));
    buf_append_cstr(out, ".</b> ");
    buf_append_cstr(out, is_over(confirm_html_member(view->request, "state"))
                             ? "It is decided."
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
            confirm_html_line(out, by);
        }
        buf_append_cstr(out, " at ");
        confirm_html_time(out, json_object_get(decision, "at"));
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
    confirm_html_text(out, bytes_of_cstr(text_or(view->differs, "what is signed")), false);
    buf_append_cstr(out,
                    ". Nobody votes by this link any more; open the request to see what there is now.</p>\n");
}

static void append_case(struct buf *out, const struct confirm_view *view, enum confirm_case which)
{
    if (view->note)
        confirm_html_note(out, view->note);
    if (which == CONFIRM_VOTED)
        append_voted(out, view);
    else if (which == CONFIRM_OVER)
        append_over(out, view->request);
    else if (which == CONFIRM_CHANGED)
        append_changed(out, view);
    else if (which == CONFIRM_OWN)
        confirm_html_note(out, "Nobody decides on their own request.");
    else if (which == CONFIRM_NOT_YET)
        confirm_html_note(out, "Nobody is asked at the moment.");
}

/* --- votes --- */

static void append_votes(struct buf *out, const json_t *request)
{
    const json_t *votes = json_object_get(request, "votes"), *policy = json_object_get(request, "policy");
    if (json_array_size(votes) == 0 && !policy)
        return;
    buf_append_cstr(out, "<details class=\"card\"><summary>Votes and policy</summary>\n<ul>\n");
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        buf_append_cstr(out, "<li>");
        confirm_html_person(out, json_object_get(vote, "by"));
        buf_append_fmt(out, " %s at ", answer_word(confirm_html_member(vote, "answer")));
        confirm_html_time(out, json_object_get(vote, "at"));
        if (!json_is_true(json_object_get(vote, "counts")))
            buf_append_cstr(out, ", which does not count");
        if (json_member_bytes(vote, "comment").size > 0)
            confirm_html_pre(out, json_member_bytes(vote, "comment"), "Comment");
        buf_append_cstr(out, "</li>\n");
    }
    buf_append_cstr(out, "</ul>\n");
    if (policy) {
        buf_append_cstr(out, "<p>Policy: ");
        confirm_html_line(out, json_object_get(policy, "due"));
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
    confirm_html_typed(out, text_or(view->comment, ""));
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

    confirm_run_facts(out, view->request);
    confirm_run_result(out, view->request);
    confirm_run_code(out, view->request);
    confirm_run_files(out, confirm_run_inputs(view->request), "Input files");
    confirm_run_files(out, json_object_get(view->request, "files"), "Files that it made");
    append_votes(out, view->request);

    buf_append_fmt(out,
                   "<p class=\"d\">%s <span class=\"mono\">%.16s&hellip;</span>: code, inputs, result and "
                   "policy. Opening this page "
                   "decided nothing. <a href=\"/#/requests/",
                   which == CONFIRM_OPEN ? "You sign" : "It is about", view->manifest);
    percent_encode(out, json_member_bytes(view->request, "id"), NULL);
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
