# SPDX-License-Identifier: MIT
# What a policy asks of code without running it: the server sends this as a cell to a fresh session, with one more line
# that calls _sallyport_syntax with the code in base64. It prints one line of JSON:
#   {"imports": [...], "calls": [...], "treeSha256": "..."}  or  {"error": "why it cannot be told"}
def _sallyport_syntax(encoded):
    import ast
    import base64
    import hashlib
    import json
    import sys

    size_max, nodes_max, names_max, name_max = 512 << 10, 400000, 2000, 200
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

    class Untold(Exception):
        pass

    def transformed(source):
        """Magics and shell lines as the calls that they are, where this session has IPython."""
        try:
            from IPython.core.inputtransformer2 import TransformerManager
        except ImportError:
            return source
        try:
            return TransformerManager().transform_cell(source)
        except SyntaxError:
            return source

    def tree_of(source):
        try:
            return ast.parse(transformed(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Untold(f"{type(error).__name__} in line {getattr(error, 'lineno', None) or 0}") from None

    def is_docstring(parent, field, place, node):
        return (isinstance(parent, documented) and field == "body" and place == 0 and isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))

    def constant(value):
        if isinstance(value, int) and not isinstance(value, bool):
            return f"int {value:x}"
        return f"{type(value).__name__} {value!r}"

    def parts_of(node):
        """The fields of a node in their order, without docstrings: texts, nodes, and of a list how many come."""
        yield type(node).__name__
        for field, value in ast.iter_fields(node):
            if field in ("kind", "type_comment", "type_ignores", "ctx"):
                continue
            yield field
            if isinstance(node, ast.Constant):
                yield constant(value)
            elif isinstance(value, list):
                items = [item for place, item in enumerate(value) if not is_docstring(node, field, place, item)]
                yield str(len(items))
                yield from (item if isinstance(item, ast.AST) else repr(item) for item in items)
            else:
                yield value if isinstance(value, ast.AST) else repr(value)

    def digest_of(tree):
        """Of names and structure, not of places, comments and blanks. By a stack, since code may be nested deeply."""
        digest = hashlib.sha256(f"sallyport-tree-1 {sys.version_info[0]}.{sys.version_info[1]}".encode())
        stack = [iter([tree])]
        while stack:
            for part in stack[-1]:
                if isinstance(part, ast.AST):
                    stack.append(parts_of(part))
                    break
                text = part.encode("utf-8", "surrogatepass")
                digest.update(b"%d:%s" % (len(text), text))
            else:
                stack.pop()
        return digest.hexdigest()

    def with_parents(name):
        plain = name.lstrip(".")
        dots, parts = name[:len(name) - len(plain)], plain.split(".")
        return {dots + ".".join(parts[:count]) for count in range(1, len(parts) + 1)}

    def imports_of(nodes):
        """The modules, and what each name of the code may stand for."""
        imports, aliases = set(), {}
        for node in nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    imports |= with_parents(name.name)
                    full = name.name if name.asname else name.name.split(".")[0]
                    aliases.setdefault(name.asname or full, set()).add(full)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for name in node.names:
                    full = module + ("" if module.endswith(".") or not module else ".") + name.name
                    imports |= with_parents(full)
                    aliases.setdefault(name.asname or name.name, set()).add(full)
        return imports, aliases

    def dotted(node, aliases):
        """The names that an expression may be; `?` for what has none."""
        tail = []
        while isinstance(node, ast.Attribute):
            tail.append(node.attr)
            node = node.value
        roots = aliases.get(node.id, {node.id}) if isinstance(node, ast.Name) else {"?"}
        return {".".join([root, *reversed(tail)]) for root in roots}

    def named_modules(node, names):
        """__import__("os") and importlib.import_module("os")."""
        first = node.args[0] if node.args else None
        if names & {"__import__", "importlib.import_module", "importlib.__import__"}:
            known = isinstance(first, ast.Constant) and isinstance(first.value, str)
            return with_parents(first.value) if known else {"?"}
        return set()

    def names_of(nodes):
        imports, aliases = imports_of(nodes)
        calls = set()
        for node in nodes:
            if isinstance(node, ast.Call):
                names = dotted(node.func, aliases)
                calls |= names
                imports |= named_modules(node, names)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                for decorator in node.decorator_list:
                    if not isinstance(decorator, ast.Call):
                        calls |= dotted(decorator, aliases)
            elif isinstance(node, (ast.Attribute, ast.Name)):
                # What is taken from a module may be called under another name.
                if is_imported(node, aliases):
                    calls |= {name for name in dotted(node, aliases) if "." in name.lstrip(".")}
        return imports, calls

    def is_imported(node, aliases):
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in aliases

    def told(names):
        if len(names) > names_max or any(len(name) > name_max for name in names):
            raise Untold("too many names, or too long ones")
        return sorted(names)

    def look(source):
        if len(source) > size_max:
            raise Untold("too long")
        tree = tree_of(source.decode("utf-8"))
        nodes = []
        for node in ast.walk(tree):
            nodes.append(node)
            if len(nodes) > nodes_max:
                raise Untold("too large")
        imports, calls = names_of(nodes)
        return {"imports": told(imports), "calls": told(calls), "treeSha256": digest_of(tree)}

    try:
        answer = look(base64.b64decode(encoded, validate=True))
    except Untold as error:
        answer = {"error": str(error)}
    except (ValueError, RecursionError, MemoryError) as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer))


