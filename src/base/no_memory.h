/* SPDX-License-Identifier: MIT */
/* no_memory.h — what people read of an allocation that failed.
 * Owns: the words, once. For where a text is handed on without a `struct err`; who has one calls `err_no_memory` (base/status.h), and who
 * has a call, an exchange or a scope the `…_no_memory` of it. */
#ifndef BASE_NO_MEMORY_H
#define BASE_NO_MEMORY_H

#define ERR_NO_MEMORY "out of memory"

#endif
