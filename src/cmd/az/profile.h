/* SPDX-License-Identifier: MIT */
/* profile.h — what `sallyport az` remembers between two commands: who signed in where, tokens, presets. One JSON file with
 * mode 0600, in a folder with mode 0700: $XDG_STATE_HOME/sallyport-az/profile.json, else below ~/.local/state. It is not
 * the cloud CLI's own folder, so the two do not disturb each other. */
#ifndef CMD_AZ_PROFILE_H
#define CMD_AZ_PROFILE_H

#include "wire/json/json.h"

#define AZ_PROFILE_FOLDER "sallyport-az"

/* `*ret_profile` is an object, empty if there is no file yet; the caller owns it. FAILED_PRECONDITION: others may read
 * it, or it is another user's; MALFORMED: it was damaged; IO. */
STATUS_RESULT az_profile_read(json_t **ret_profile, struct err *err);
/* Replaces the file. IO, NO_MEMORY. */
STATUS_RESULT az_profile_write(const json_t *profile, struct err *err);

/* A member of an object of the profile ("defaults", "group") or of itself (NULL, "url"); NULL if it has none. */
const char *az_profile_text(const json_t *profile, const char *object, const char *name);
/* Sets it; NULL or "" takes it away. False: out of memory. */
bool az_profile_set(json_t *profile, const char *object, const char *name, const char *text);

#endif
