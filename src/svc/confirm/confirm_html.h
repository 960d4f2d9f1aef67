/* SPDX-License-Identifier: MIT */
/* confirm_html.h — the small pieces of the page: text that strangers wrote, times, people, notes. INVARIANT: nothing of a
 * stranger reaches the page but through confirm_html_text or confirm_html_typed, which leave no markup. Pure; any thread. */
#ifndef SVC_CONFIRM_CONFIRM_HTML_H
#define SVC_CONFIRM_CONFIRM_HTML_H

#include <jansson.h>

#include "base/buf.h"

/* Appends text of others as HTML: nothing of it is markup, and a character that hides or turns the direction of reading is
 * shown by its number. `lines`: line ends and tabs stay. */
void confirm_html_text(struct buf *out, struct bytes text, bool lines);
/* As it is typed: what the field sends back must be the same. */
void confirm_html_typed(struct buf *out, const char *text);
/* A JSON string as one line; nothing for NULL. */
void confirm_html_line(struct buf *out, const json_t *text);
/* "2026-11-29 17:51 UTC" of a time as the API writes it. */
void confirm_html_time(struct buf *out, const json_t *time);
/* Who somebody is: {"id","name"}, or a name. */
void confirm_html_person(struct buf *out, const json_t *person);
/* As much of a long text as a page of this kind shows; the rest is said. `label` is ours. */
void confirm_html_pre(struct buf *out, struct bytes text, const char *label);
/* A sentence of ours that stands out. */
void confirm_html_note(struct buf *out, const char *words);
/* The member's text, not escaped; "" if it has none. */
const char *confirm_html_member(const json_t *object, const char *name);

#endif
