/* SPDX-License-Identifier: MIT */
/* slack_press.h — a button of a Slack message that somebody pressed, and what is said to it. Who pressed is Slack's word, by its id; which
 * person that is, an operator's list says. Pure; any thread. */
#ifndef SVC_CONFIRM_SLACK_PRESS_H
#define SVC_CONFIRM_SLACK_PRESS_H

#include <jansson.h>

#include "base/buf.h"

#define SLACK_USER_SIZE   32      /* bytes of an id, with the NUL */
#define SLACK_URL_SIZE    512     /* bytes of a URL for a reply, with the NUL */
#define SLACK_PERSON_SIZE 256     /* bytes of a person's name, with the NUL */
#define SLACK_WHO         "slack" /* for whom the link in a button is: whoever presses it */

struct slack_press {
    char user[SLACK_USER_SIZE];
    const char *answer;                /* "approve", "reject"; static */
    char value[512];                   /* of the button: a link's token */
    char response_url[SLACK_URL_SIZE]; /* as it came; "": none, or one that is none */
};

/* Of the member `payload` of what Slack sends (docs.slack.dev, "Handling user interaction"; block_actions). MALFORMED: it is none of one button of
 * ours. */
STATUS_RESULT slack_press_read(struct bytes payload, struct slack_press *ret_press, struct err *err);

/* The name of a user in a list "U012AB3CD=mina, U034EF5GH=noor@example.org". False: they are not in it. */
bool slack_person_find(struct bytes list, const char *user, char ret_name[SLACK_PERSON_SIZE]);
/* True if it is such a list, each user once. */
bool slack_people_are_sound(struct bytes list);

/* Appends words for who pressed alone; the message stays as it is. */
void slack_answer_privately(const char *words, struct buf *out);
/* Appends what stands in the place of the message from now on: what became of the request, by whom, and no button. `request` as the API shows
 * it. NO_MEMORY. */
STATUS_RESULT slack_answer_retired(const json_t *request, struct buf *out);

#endif
