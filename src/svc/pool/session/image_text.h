/* SPDX-License-Identifier: MIT */
/* image_text.h — images as base64 text, which a session wrote and which is therefore hostile.
 * A page puts such text behind "data:image/png;base64,": it must be base64 and nothing else, and what it stands for must
 * be of the type that it is called. Pure. */
#ifndef SVC_POOL_SESSION_IMAGE_TEXT_H
#define SVC_POOL_SESSION_IMAGE_TEXT_H

#include "base/buf.h"

/* "png", "jpeg", "gif" or "webp" as a C string; NULL for any other name. SVG is none of them: it is text. */
const char *image_text_format(struct bytes name);
/* Appends the image as a JSON string. `text` is the inside of a JSON string, escapes and all; lines and "\/" are made
 * plain. False, and nothing is appended, if it is no base64 or no image of that format. Check buf_status. */
bool image_text_append(struct buf *out, const char *format, struct bytes text);

#endif
