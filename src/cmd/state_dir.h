/* SPDX-License-Identifier: MIT */
/* state_dir.h — the folder of durable state, and files written whole or not at all. Start-up only. */
#ifndef CMD_STATE_DIR_H
#define CMD_STATE_DIR_H

#include <sys/types.h>

#include "base/buf.h"

/* The absolute path of `given`; if it is NULL of the first of $STATE_DIRECTORY (systemd.exec(5)),
 * $XDG_STATE_HOME/sallyport, and .local/state/sallyport below $HOME or the user's home in passwd. Made with
 * mode 0700 if absent. free() the path. INVALID_ARGUMENT: there is none of these, or it is a file. IO with the
 * reason and what to do; FAILED_PRECONDITION if everybody
 * may write in it, or if it is another user's. A folder that a group may write in is taken with a warning. */
STATUS_RESULT state_dir_open(const char *given, char **ret_path, struct err *err);
/* Appends the path `rest` below the user's own folder for state, $XDG_STATE_HOME or .local/state below $HOME or the user's home in passwd,
 * and a NUL. False: there is no home folder, or no memory. */
bool state_path_of_user(const char *rest, struct buf *out);
/* A folder that is held open, and a path to it that needs no right on the folders above it: what root may reach and the
 * user that the server becomes may not, such as /root/.local/state (proc(5), /proc/pid/fd). */
struct folder_handle {
    int fd; /* -1: none */
    char path[32];
};
#define FOLDER_HANDLE_NONE ((struct folder_handle){.fd = -1})

/* What messages call a path that begins with a handle's: the folder's own name in its place; another path is as it is. */
void folder_path_shown(const char *path, char *ret_text, size_t size);
/* IO: the folder cannot be opened. */
STATUS_RESULT folder_handle_open(const char *folder, struct folder_handle *ret_handle, struct err *err);
void folder_handle_close(struct folder_handle *handle);

/* Replaces `path` by `text` so that a reader sees the old file, the new one, or none: a temporary file,
 * synced, renamed. */
STATUS_RESULT file_replace(const char *path, struct bytes text, struct err *err);

/* Gives the folder and the store's files in it to `uid`, with the group root and open to it: a root server of an
 * earlier version, which has no capability to pass a mode, can go on with them. Follows no link and leaves
 * alone what has a second name or belongs to somebody else. Root only. FAILED_PRECONDITION: it has no store and holds
 * other folders, so it is no data folder, and nothing was changed; IO: the folder cannot be given. */
STATUS_RESULT state_dir_hand_over(const char *path, uid_t uid, struct err *err);

#endif
