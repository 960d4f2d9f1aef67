#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A public header says of each function what a user must know; what can be checked of that by a machine is checked.

For every exported function and every callback type: a comment of its own stands before it; it says which threads may
call it; it names each parameter, and "NULL" with those for which NULL is allowed; it lists the errors of whatever
returns a status, by names that exist; it says who owns what it returns, or how long that is valid. Enumerators of
dt_status and members of structures are described, too. Usage: header_test.py HEADER
"""
import pathlib
import re
import sys

path = pathlib.Path(sys.argv[1])
text = path.read_text()
base = path.with_name("durabletask.h").read_text()  # has the statuses of all
faults = []

# What a comment need not name: the object, the caller's error, the pass-through of callbacks, what macros pass.
PASSED = {"error", "context", "file", "line", "on_reply"}
STATUSES = set(re.findall(r"^\s+(DT_\w+) = \d+", re.search(r"enum dt_status \{(.*?)\};", base, re.S).group(1), re.M))
COMMENT = r"/\*((?:[^*]|\*(?!/))*)\*/\n"
MACROS = r"(?:#define[^\n]*(?:\\\n[^\n]*)*\n)*"
ATTRIBUTES = r"(?:DT_API|DT_MUST_USE|DT_NORETURN)\s+"
PROTOTYPE = re.compile(rf"(?:{COMMENT})?{MACROS}^((?:{ATTRIBUTES})+[^;]*?\bdt_\w+\([^;]*;)", re.M)
CALLBACK = re.compile(rf"(?:{COMMENT})?(typedef [^;{{]*?\bdt_\w+\([^;]*;)")


def split_parameters(declaration):
    declaration = re.sub(r"DT_PRINTF_LIKE\(.*?\)", "", declaration)
    inner = declaration[declaration.index("(") + 1:declaration.rindex(")")]
    parameters, depth, current = [], 0, ""
    for character in inner:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parameters.append(current.strip())
            current = ""
        else:
            current += character
    return [p for p in [*parameters, current.strip()] if p not in ("void", "...")]


def parameter_name(parameter):
    pointer_to_function = re.search(r"\(\*(\w+)\)", parameter)
    return pointer_to_function.group(1) if pointer_to_function else re.search(r"(\w+)(?:\[\w+\])?$", parameter).group(1)


def check(declaration, comment, is_callback):
    declaration = re.sub(r"\s+", " ", re.sub(rf"\b({ATTRIBUTES})", "", declaration)).strip()
    name = re.search(r"\b(dt_\w+)\(", declaration).group(1)
    said = re.sub(r"\s*\n \*\s*", " ", comment)

    def fault(what):
        faults.append(f"{name}: {what}")

    if not re.search(r" Thread: \S", said):
        fault("does not say from which thread")
    parameters = split_parameters(declaration)
    is_object = r"struct dt_(?!failure|connect)\w+ \*\w+$"
    object_first = parameters and not is_callback and re.search(is_object, parameters[0])
    for parameter in parameters[1:] if object_first else parameters:
        parameter = parameter_name(parameter)
        if parameter not in PASSED and f"`{parameter}`" not in said and f"`*{parameter}`" not in said:
            fault(f"does not describe `{parameter}`")
    if name.endswith("_destroy") and "NULL allowed" not in said:
        fault("does not allow NULL")
    returned = re.sub(r"typedef ", "", declaration[:declaration.index(name)]).strip()
    if returned == "enum dt_status":
        errors = re.search(r" Errors: (.*?)(?: Memory:| Thread:)", said)
        if not errors:
            fault("does not list its errors")
        else:
            named = set(re.findall(r"\bDT_[A-Z_]+\b", errors.group(1)))
            if named - STATUSES:
                fault(f"names statuses that do not exist: {sorted(named - STATUSES)}")
            if not named and not re.search(r"[Cc]ommon errors|those of the call", errors.group(1)):
                fault("names no error")
            is_call = name.startswith("dt_client_") and name != "dt_client_create"
            if is_call and not re.search("[Cc]ommon errors", errors.group(1)):
                fault("leaves out the errors of every call")
    gives = returned.endswith("*") or any("**ret_" in p.replace(" ", "") for p in parameters)
    if gives and " Memory: " not in said:
        fault("does not say whose its result is")
    if returned.endswith("*") and "NULL" not in said and "static" not in said:
        fault("does not say whether its result may be NULL")


count = 0
for pattern, is_callback in ((PROTOTYPE, False), (CALLBACK, True)):
    previous = (None, None)  # where the last one ended, and its comment
    for match in pattern.finditer(text):
        comment, declaration = match.group(1), match.group(2)
        if not comment and previous[0] == match.start() - 1:
            # The asynchronous form, right below the blocking one, shares its comment.
            first = re.search(r"\b(dt_\w+)\(", text[:previous[0]].rsplit("DT_API", 1)[-1]).group(1)
            if re.search(r"\b(dt_\w+)\(", declaration).group(1) == f"{first}_async":
                comment = previous[1]
        if not comment:
            faults.append(f"{' '.join(declaration.split())[:70]}: no comment of its own")
            continue
        check(declaration, comment, is_callback)
        previous = (match.end(), comment)
        count += 1

declared = set(re.findall(r"^(?:DT_API\b[^;]*?)\b(dt_\w+)\(", text, re.M))
callbacks = set(re.findall(r"^typedef [^;{]*?\b(dt_\w+)\(", text, re.M))
if count + sum("no comment" in f for f in faults) != len(declared | callbacks):
    faults.append(f"{count} declarations were understood, but there are {len(declared | callbacks)}")

for name in STATUSES - {"DT_OK"}:
    if not re.search(rf"^\s+{name} =\s*\d+,?\s*/\*", base, re.M):
        faults.append(f"{name}: not described")
for name, body in re.findall(r"^struct (dt_\w+) \{\n(.*?)^\};", text, re.M | re.S):
    described = re.sub(r"/\*.*?\*/", "@", body, flags=re.S)
    for line in re.sub(r"@\s*\n(?=[^@\n]*;)", "@", described).splitlines():
        member = re.search(r"(\w+)(?:\[\d+\])?;|\(\*(\w+)\)", line)
        member = member and (member.group(1) or member.group(2))
        if member and "@" not in line and not re.fullmatch(r"size|status|key|value|\w*context", member):
            faults.append(f"struct {name}: member {member} is not described")

print("\n".join(faults) or f"{count} declarations are described")
sys.exit(1 if faults else 0)
