/* SPDX-License-Identifier: MIT */
/* container_launch.h — a container as the control plane wants it, as it travels to the process that commands a container engine.
 * Owns the table of what can be said about one, and what each value may be: nothing in it reaches the engine's command line as
 * an option, names a file of the machine, or gives a right. Both ends hold a description against the table. Pure. A *block*
 * is "key=value" with a NUL behind each; keys that may come often keep their order. */
#ifndef WIRE_CONTAINER_LAUNCH_H
#define WIRE_CONTAINER_LAUNCH_H

#include "base/buf.h"

#define CONTAINER_BLOCK_MAX     ((size_t)12 << 10) /* bytes */
#define CONTAINER_IMAGE_MAX     ((size_t)255)      /* bytes of an image's name */
#define CONTAINER_WORDS_MAX     64                 /* of a command, and of its arguments */
#define CONTAINER_VARIABLES_MAX 64
#define CONTAINER_FORWARDS_MAX  8

enum container_key {
    CONTAINER_IMAGE,    /* once; its name, with a registry before it and a tag or digest behind it */
    CONTAINER_TARGET,   /* the port on which it listens; absent: nobody comes in */
    CONTAINER_MEMORY,   /* bytes */
    CONTAINER_CPU,      /* thousandths of a processor */
    CONTAINER_COMMAND,  /* often: words instead of the image's entry point */
    CONTAINER_ARGUMENT, /* often: words behind it */
    CONTAINER_VARIABLE, /* often: NAME=VALUE */
    CONTAINER_FORWARD,  /* often: INNER:OUTER, ports of its loopback and of the machine's */
    CONTAINER_KEYS,
};

/* What a block says; texts and views point into it. */
struct container_launch {
    const char *image;
    uint16_t target;       /* 0: none */
    uint64_t memory_bytes; /* 0: the engine's own limit */
    uint32_t cpu_millis;   /* likewise */
    const char *command[CONTAINER_WORDS_MAX];
    size_t command_count;
    const char *arguments[CONTAINER_WORDS_MAX];
    size_t argument_count;
    const char *variables[CONTAINER_VARIABLES_MAX];
    size_t variable_count;
    struct {
        uint16_t inner, outer;
    } forwards[CONTAINER_FORWARDS_MAX];
    size_t forward_count;
};

/* Appends one. INVALID_ARGUMENT: the value is not of its kind, `err` says what one is, and holds no value; TOO_LARGE: over
 * CONTAINER_BLOCK_MAX. */
STATUS_RESULT container_launch_add(struct buf *block, enum container_key key, struct bytes value,
                                   struct err *err);
/* MALFORMED: no NUL at the end, an unknown key, a key too often, no image; INVALID_ARGUMENT as above. */
STATUS_RESULT container_launch_read(struct bytes block, struct container_launch *ret_launch, struct err *err);

/* "0.5Gi", "512Mi", "1.5Gi": as containers[].resources.memory has it. False: something else, or over 1 TiB. */
bool container_memory_parse(struct bytes text, uint64_t *ret_bytes);
/* Appends `text` with each "localhost:FROM" and "127.0.0.1:FROM" as one of port `to`. */
void container_rename_port(struct buf *out, struct bytes text, uint16_t from, uint16_t to);
/* True if `text` names that port of loopback so. */
bool container_names_port(struct bytes text, uint16_t port);

#endif
