/* SPDX-License-Identifier: MIT */
/* hidden.h — what of a text in UTF-8 cannot be seen, or turns the direction of reading (UAX 9): a name that has it reads as
 * another one. Pure. */
#ifndef BASE_HIDDEN_H
#define BASE_HIDDEN_H

#include "base/bytes.h"

/* The bytes of the control or hidden character that begins at `at`, which is inside of `text`; 0: one that shows. */
size_t hidden_size(struct bytes text, size_t at);
/* True if there is one anywhere. */
bool hidden_in(struct bytes text);

#endif
